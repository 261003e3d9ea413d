/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/network_table.h"

#define PREFIX_MAX 128

struct BnsNetworkTable {
    GHashTable *values;                 /* owned, of borrowed BnsNetwork to values */
    bool has_prefix[2][PREFIX_MAX + 1]; /* by is_ipv4: some network is that long */
};

/* FNV-1a. */
static guint
hash_network(gconstpointer key)
{
    const BnsNetwork *network = key;
    guint hash = 2166136261u ^ network->prefix;

    for (size_t i = 0; i < (network->prefix + 7) / 8; i++)
        hash = (hash ^ network->address.bytes[i]) * 16777619u;
    return hash;
}

static gboolean
is_same_network(gconstpointer a, gconstpointer b)
{
    const BnsNetwork *left = a, *right = b;

    return left->prefix == right->prefix &&
           bns_address_equal(&left->address, &right->address);
}

BnsNetworkTable *
bns_network_table_new(GDestroyNotify free_value)
{
    BnsNetworkTable *table = g_new0(BnsNetworkTable, 1);

    table->values =
        g_hash_table_new_full(hash_network, is_same_network, NULL, free_value);
    return table;
}

void
bns_network_table_free(BnsNetworkTable *table)
{
    if (table == NULL)
        return;
    g_hash_table_unref(table->values);
    g_free(table);
}

void
bns_network_table_insert(BnsNetworkTable *table,
                         const BnsNetwork *network,
                         void *take_value)
{
    table->has_prefix[network->address.is_ipv4][network->prefix] = true;
    g_hash_table_insert(table->values, (void *)(guintptr)network, take_value);
}

void *
bns_network_table_lookup(const BnsNetworkTable *table, const BnsNetwork *network)
{
    return g_hash_table_lookup(table->values, network);
}

bool
bns_network_table_search(const BnsNetworkTable *table,
                         const BnsNetwork *network,
                         BnsNetworkTableFunc func,
                         void *data)
{
    const bool *has_prefix = table->has_prefix[network->address.is_ipv4];

    for (unsigned prefix = 0; prefix <= network->prefix; prefix++) {
        BnsNetwork around;
        void *value;

        if (!has_prefix[prefix])
            continue;
        around = bns_network_around(&network->address, prefix);
        value = bns_network_table_lookup(table, &around);
        if (value != NULL && func(data, value))
            return true;
    }
    return false;
}
