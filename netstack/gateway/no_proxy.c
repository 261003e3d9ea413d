/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/no_proxy.h"

#include "policy/address.h"

#include <string.h>

#define SEPARATORS ", \t\r\n"

typedef enum {
    ENTRY_ALL,
    ENTRY_NAME,
    ENTRY_NETWORK,
} EntryKind;

typedef struct {
    EntryKind kind;
    uint16_t port; /* 0: any */
    char *name;    /* owned; ENTRY_NAME: canonical */
    BnsNetwork network;
} Entry;

struct BnsNoProxy {
    GPtrArray *entries; /* owned, of owned Entry */
};

static void
entry_free(gpointer data)
{
    Entry *entry = data;

    g_free(entry->name);
    g_free(entry);
}

/* --- reading --- */

static bool
read_network(const char *word, Entry *entry)
{
    return strchr(word, '/') != NULL && bns_network_parse(word, &entry->network, NULL);
}

static void
set_address(Entry *entry, const BnsAddress *address)
{
    entry->network = (BnsNetwork){ *address, address->is_ipv4 ? 32 : 128 };
}

static bool
read_name(const char *word, Entry *entry)
{
    BnsHost host;
    BnsAddress address;

    if (!bns_host_split_port(word, strlen(word), &host, &entry->port))
        return false;
    if (host.kind == BNS_HOST_NAME) {
        entry->kind = ENTRY_NAME;
        entry->name = g_strdup(host.text);
        return true;
    }
    if (!bns_address_parse(host.text, &address))
        return false;
    set_address(entry, &address);
    return true;
}

static bool
read_entry(const char *word, Entry *entry)
{
    BnsAddress address;

    if (strcmp(word, "*") == 0) {
        entry->kind = ENTRY_ALL;
        return true;
    }
    entry->kind = ENTRY_NETWORK;
    if (read_network(word, entry))
        return true;
    /* IPv6 without brackets looks like a name with a port. */
    if (bns_address_parse(word, &address)) {
        set_address(entry, &address);
        return true;
    }
    if (g_str_has_prefix(word, "*."))
        word++;
    return read_name(word + (*word == '.'), entry);
}

BnsNoProxy *
bns_no_proxy_new(const char *list)
{
    BnsNoProxy *no_proxy = g_new0(BnsNoProxy, 1);
    g_auto(GStrv) words = g_strsplit_set(list != NULL ? list : "", SEPARATORS, -1);

    no_proxy->entries = g_ptr_array_new_with_free_func(entry_free);
    for (char **word = words; *word != NULL; word++) {
        Entry *entry = g_new0(Entry, 1);

        if (read_entry(*word, entry))
            g_ptr_array_add(no_proxy->entries, entry);
        else
            entry_free(entry);
    }
    return no_proxy;
}

void
bns_no_proxy_free(BnsNoProxy *no_proxy)
{
    if (no_proxy == NULL)
        return;
    g_ptr_array_unref(no_proxy->entries);
    g_free(no_proxy);
}

/* --- asking --- */

static bool
is_within(const char *host, const char *name)
{
    size_t host_len = strlen(host);
    size_t name_len = strlen(name);

    return g_str_has_suffix(host, name) &&
           (host_len == name_len || host[host_len - name_len - 1] == '.');
}

static bool
is_loopback(const BnsHost *host, const BnsAddress *address)
{
    static const uint8_t one[16] = { [15] = 1 };

    if (host->kind == BNS_HOST_NAME)
        return bns_host_is_localhost(host->text);
    return address->is_ipv4 ? address->bytes[0] == 127
                            : memcmp(address->bytes, one, sizeof(one)) == 0;
}

bool
bns_no_proxy_matches(const BnsNoProxy *no_proxy, const BnsHost *host, uint16_t port)
{
    BnsAddress address = { 0 };
    bool is_address =
        host->kind != BNS_HOST_NAME && bns_address_parse(host->text, &address);

    if (is_loopback(host, &address))
        return true;
    for (guint i = 0; i < no_proxy->entries->len; i++) {
        const Entry *entry = g_ptr_array_index(no_proxy->entries, i);
        bool matches = entry->kind == ENTRY_ALL;

        if (entry->kind == ENTRY_NAME)
            matches = !is_address && is_within(host->text, entry->name);
        else if (entry->kind == ENTRY_NETWORK)
            matches = is_address && bns_network_contains(&entry->network, &address);
        if (matches && (entry->port == 0 || entry->port == port))
            return true;
    }
    return false;
}
