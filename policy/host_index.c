/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/host_index.h"
#include "policy/network_table.h"

#include <string.h>

/* A rule with the host of it that the place where it is found does not say. */
typedef struct {
    const BnsHostPattern *host;
    const BnsRule *rule;
} Entry;

/* Rules are borrowed everywhere, and so are the names and networks that are keys; values
 * are GPtrArray of rules where nothing else is said. */
struct BnsHostIndex {
    GHashTable *exact;         /* name or literal: `name`, `.name` */
    GHashTable *below;         /* name: `*.name`, `.name` */
    GHashTable *labels;        /* what follows the last star, to GArray of Entry:
                                * `a.*.name` */
    GPtrArray *any;            /* `*` */
    BnsNetworkTable *networks; /* cidr */
    BnsNetworkTable *literals; /* in exact too */
};

BnsHostIndex *
bns_host_index_new(void)
{
    BnsHostIndex *index = g_new0(BnsHostIndex, 1);
    GDestroyNotify free_list = (GDestroyNotify)g_ptr_array_unref;

    index->exact = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
    index->below = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
    index->labels = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                          (GDestroyNotify)g_array_unref);
    index->any = g_ptr_array_new();
    index->networks = bns_network_table_new(free_list);
    index->literals = bns_network_table_new(free_list);
    return index;
}

void
bns_host_index_free(BnsHostIndex *index)
{
    if (index == NULL)
        return;
    g_hash_table_unref(index->exact);
    g_hash_table_unref(index->below);
    g_hash_table_unref(index->labels);
    g_ptr_array_unref(index->any);
    bns_network_table_free(index->networks);
    bns_network_table_free(index->literals);
    g_free(index);
}

static void
add_to_table(GHashTable *table, const BnsHostPattern *host, BnsRule *rule)
{
    GPtrArray *rules = g_hash_table_lookup(table, host->name);

    if (rules == NULL) {
        rules = g_ptr_array_new();
        g_hash_table_insert(table, host->name, rules);
    }
    g_ptr_array_add(rules, rule);
}

static void
add_to_networks(BnsNetworkTable *table, const BnsHostPattern *host, BnsRule *rule)
{
    GPtrArray *rules = bns_network_table_lookup(table, &host->network);

    if (rules == NULL) {
        rules = g_ptr_array_new();
        bns_network_table_insert(table, &host->network, rules);
    }
    g_ptr_array_add(rules, rule);
}

static void
add_to_labels(GHashTable *table, const BnsHostPattern *host, BnsRule *rule)
{
    /* The last label is no star. */
    char *name = strrchr(host->name, '*') + strlen("*.");
    GArray *entries = g_hash_table_lookup(table, name);
    Entry entry = { host, rule };

    if (entries == NULL) {
        entries = g_array_new(FALSE, FALSE, sizeof(Entry));
        g_hash_table_insert(table, name, entries);
    }
    g_array_append_val(entries, entry);
}

static void
add_host(BnsHostIndex *index, const BnsHostPattern *host, BnsRule *rule)
{
    switch (host->kind) {
    case BNS_HOST_PATTERN_ANY:
        g_ptr_array_add(index->any, rule);
        break;
    case BNS_HOST_PATTERN_EXACT:
        add_to_table(index->exact, host, rule);
        if (host->is_literal)
            add_to_networks(index->literals, host, rule);
        break;
    case BNS_HOST_PATTERN_AT_OR_BELOW:
        add_to_table(index->exact, host, rule);
        add_to_table(index->below, host, rule);
        break;
    case BNS_HOST_PATTERN_BELOW:
        add_to_table(index->below, host, rule);
        break;
    case BNS_HOST_PATTERN_LABELS:
        add_to_labels(index->labels, host, rule);
        break;
    case BNS_HOST_PATTERN_NETWORK:
        add_to_networks(index->networks, host, rule);
        break;
    default:
        g_assert_not_reached();
    }
}

void
bns_host_index_add(BnsHostIndex *index, BnsRule *rule)
{
    for (guint i = 0; i < rule->hosts->len; i++)
        add_host(index, &g_array_index(rule->hosts, BnsHostPattern, i), rule);
}

static void
visit_rules(const GPtrArray *rules, BnsHostIndexFunc func, void *data)
{
    if (rules == NULL)
        return;
    for (guint i = 0; i < rules->len; i++)
        if (func(data, rules->pdata[i]))
            return;
}

static void
visit_labels(const GArray *entries, const char *host, BnsHostIndexFunc func, void *data)
{
    if (entries == NULL)
        return;
    for (guint i = 0; i < entries->len; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);

        if (bns_host_pattern_matches(entry->host, host, NULL) &&
            func(data, entry->rule))
            return;
    }
}

typedef struct {
    BnsHostIndexFunc func;
    void *data;
} Visit;

static bool
on_network(void *data, void *rules)
{
    const Visit *visit = data;

    visit_rules(rules, visit->func, visit->data);
    return false;
}

static void
visit_networks(const BnsNetworkTable *table,
               const BnsAddress *address,
               BnsHostIndexFunc func,
               void *data)
{
    BnsNetwork network = { *address, address->is_ipv4 ? 32 : 128 };
    Visit visit = { func, data };

    bns_network_table_search(table, &network, on_network, &visit);
}

void
bns_host_index_search(const BnsHostIndex *index,
                      const char *host,
                      const BnsAddress *address,
                      BnsHostIndexFunc func,
                      void *data)
{
    bool has_labels = g_hash_table_size(index->labels) > 0;

    visit_rules(g_hash_table_lookup(index->exact, host), func, data);
    visit_rules(index->any, func, data);
    if (address != NULL) {
        visit_networks(index->networks, address, func, data);
        return;
    }
    if (g_hash_table_size(index->below) == 0 && !has_labels)
        return;
    for (const char *dot = strchr(host, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        visit_rules(g_hash_table_lookup(index->below, dot + 1), func, data);
        if (has_labels)
            visit_labels(g_hash_table_lookup(index->labels, dot + 1), host, func, data);
    }
}

void
bns_host_index_search_address(const BnsHostIndex *index,
                              const BnsAddress *address,
                              BnsHostIndexFunc func,
                              void *data)
{
    visit_networks(index->networks, address, func, data);
    visit_networks(index->literals, address, func, data);
}
