/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/names.h"

#include "netstack/tap/tap.h"

#define POOL_SIZE (BNS_TAP_POOL_LAST - BNS_TAP_POOL_FIRST + 1)

/* FNV-1a, 64 bit: not against an adversary, who could only slow down his own session
 * (a probe costs a hash lookup, and there are at most max of them). */
#define FNV_OFFSET 0xcbf29ce484222325u
#define FNV_PRIME  0x100000001b3u

struct BnsNames {
    size_t max;
    GHashTable *by_name; /* owned string -> address */
    GHashTable *by_addr; /* address -> the same string, borrowed */
};

BnsNames *
bns_names_new(size_t max)
{
    BnsNames *names = g_new0(BnsNames, 1);

    names->max = MIN(max, POOL_SIZE);
    names->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    names->by_addr = g_hash_table_new(NULL, NULL);
    return names;
}

void
bns_names_free(BnsNames *names)
{
    if (names == NULL)
        return;
    g_hash_table_unref(names->by_addr);
    g_hash_table_unref(names->by_name);
    g_free(names);
}

uint32_t
bns_names_candidate(const char *name)
{
    uint64_t hash = FNV_OFFSET;

    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * FNV_PRIME;
    return BNS_TAP_POOL_FIRST + (uint32_t)(hash % POOL_SIZE);
}

const char *
bns_names_name(const BnsNames *names, uint32_t addr)
{
    return g_hash_table_lookup(names->by_addr, GUINT_TO_POINTER(addr));
}

bool
bns_names_has(const BnsNames *names, const char *name)
{
    return g_hash_table_contains(names->by_name, name);
}

bool
bns_names_address(BnsNames *names,
                  const char *name,
                  uint32_t *out_addr,
                  bool *out_is_new)
{
    uint32_t addr = GPOINTER_TO_UINT(g_hash_table_lookup(names->by_name, name));
    char *copy;

    *out_is_new = addr == 0;
    if (addr == 0) {
        if (g_hash_table_size(names->by_name) >= names->max)
            return false;
        addr = bns_names_candidate(name);
        while (bns_names_name(names, addr) != NULL)
            addr = addr == BNS_TAP_POOL_LAST ? BNS_TAP_POOL_FIRST : addr + 1;
        copy = g_strdup(name);
        g_hash_table_insert(names->by_name, copy, GUINT_TO_POINTER(addr));
        g_hash_table_insert(names->by_addr, GUINT_TO_POINTER(addr), copy);
    }
    *out_addr = addr;
    return true;
}
