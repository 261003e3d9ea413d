/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/slirp_entries.h"

#ifdef BNS_SANITIZED
/* LeakSanitizer's, where it is there (UBSan alone has none). */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));
#endif

typedef struct {
    uint64_t key;
    unsigned holds;
    GList idle; /* its link in the queue of idle entries, if holds is 0 */
} Entry;

struct BnsSlirpEntries {
    Slirp *slirp; /* borrowed */
    char *socket_path;
    GHashTable *table; /* borrowed &entry->key -> owned Entry */
    GQueue idle;       /* of borrowed Entry, the one longest idle first */
};

static uint64_t
key_of(uint32_t addr, uint16_t port)
{
    return (uint64_t)addr << 16 | port;
}

BnsSlirpEntries *
bns_slirp_entries_new(Slirp *slirp, const char *socket_path)
{
    BnsSlirpEntries *entries = g_new0(BnsSlirpEntries, 1);

    entries->slirp = slirp;
    entries->socket_path = g_strdup(socket_path);
    entries->table = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    return entries;
}

void
bns_slirp_entries_free(BnsSlirpEntries *entries)
{
    if (entries == NULL)
        return;
    g_hash_table_unref(entries->table);
    g_free(entries->socket_path);
    g_free(entries);
}

/* Whoever looks for leaks need not find the one that is described in the header. */
static int
add_unix(BnsSlirpEntries *entries, struct in_addr *addr, uint16_t port)
{
    int r;

#ifdef BNS_SANITIZED
    if (__lsan_disable != NULL)
        __lsan_disable();
#endif
    r = slirp_add_unix(entries->slirp, entries->socket_path, addr, port);
#ifdef BNS_SANITIZED
    if (__lsan_enable != NULL)
        __lsan_enable();
#endif
    return r;
}

static Entry *
entry_add(BnsSlirpEntries *entries, uint32_t addr, uint16_t port)
{
    struct in_addr in = { addr };
    Entry *entry;

    if (add_unix(entries, &in, port) < 0)
        return NULL;
    entry = g_new0(Entry, 1);
    entry->key = key_of(addr, port);
    entry->idle.data = entry;
    g_hash_table_insert(entries->table, &entry->key, entry);
    return entry;
}

static void
entry_remove(BnsSlirpEntries *entries, Entry *entry)
{
    struct in_addr in = { (uint32_t)(entry->key >> 16) };

    slirp_remove_guestfwd(entries->slirp, in, (int)(entry->key & 0xffff));
    g_hash_table_remove(entries->table, &entry->key);
}

bool
bns_slirp_entries_hold(BnsSlirpEntries *entries, uint32_t addr, uint16_t port)
{
    uint64_t key = key_of(addr, port);
    Entry *entry = g_hash_table_lookup(entries->table, &key);

    if (entry != NULL && entry->holds == 0)
        g_queue_unlink(&entries->idle, &entry->idle);
    if (entry == NULL)
        entry = entry_add(entries, addr, port);
    if (entry == NULL)
        return false;
    entry->holds++;
    return true;
}

void
bns_slirp_entries_release(BnsSlirpEntries *entries, uint32_t addr, uint16_t port)
{
    uint64_t key = key_of(addr, port);
    Entry *entry = g_hash_table_lookup(entries->table, &key);

    g_return_if_fail(entry != NULL && entry->holds > 0);
    if (--entry->holds > 0)
        return;
    g_queue_push_tail_link(&entries->idle, &entry->idle);
    if (entries->idle.length > BNS_SLIRP_IDLE_MAX) {
        Entry *oldest = entries->idle.head->data;

        g_queue_unlink(&entries->idle, &oldest->idle);
        entry_remove(entries, oldest);
    }
}

size_t
bns_slirp_entries_count(const BnsSlirpEntries *entries)
{
    return g_hash_table_size(entries->table);
}
