/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/host_index.h"

#include <string.h>

/* A rule with the host of it that is not found by a name. */
typedef struct {
    const BnsHostPattern *host;
    const BnsRule *rule;
} Entry;

/* Rules are borrowed everywhere, and so are the names that are keys. */
struct BnsHostIndex {
    GHashTable *exact; /* name or literal → GPtrArray of rules: `name`, `.name` */
    GHashTable *below; /* name → GPtrArray of rules: `*.name`, `.name` */
    GPtrArray *any;    /* of rules: `*` */
    GArray *labels;    /* of Entry: `a.*.name` */
    GArray *networks;  /* of Entry */
    GArray *literals;  /* of Entry; in exact too */
};

BnsHostIndex *
bns_host_index_new(void)
{
    BnsHostIndex *index = g_new0(BnsHostIndex, 1);
    GDestroyNotify free_list = (GDestroyNotify)g_ptr_array_unref;

    index->exact = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
    index->below = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
    index->any = g_ptr_array_new();
    index->labels = g_array_new(FALSE, FALSE, sizeof(Entry));
    index->networks = g_array_new(FALSE, FALSE, sizeof(Entry));
    index->literals = g_array_new(FALSE, FALSE, sizeof(Entry));
    return index;
}

void
bns_host_index_free(BnsHostIndex *index)
{
    if (index == NULL)
        return;
    g_hash_table_unref(index->exact);
    g_hash_table_unref(index->below);
    g_ptr_array_unref(index->any);
    g_array_unref(index->labels);
    g_array_unref(index->networks);
    g_array_unref(index->literals);
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
add_host(BnsHostIndex *index, const BnsHostPattern *host, BnsRule *rule)
{
    Entry entry = { host, rule };

    switch (host->kind) {
    case BNS_HOST_PATTERN_ANY:
        g_ptr_array_add(index->any, rule);
        break;
    case BNS_HOST_PATTERN_EXACT:
        add_to_table(index->exact, host, rule);
        if (host->is_literal)
            g_array_append_val(index->literals, entry);
        break;
    case BNS_HOST_PATTERN_AT_OR_BELOW:
        add_to_table(index->exact, host, rule);
        add_to_table(index->below, host, rule);
        break;
    case BNS_HOST_PATTERN_BELOW:
        add_to_table(index->below, host, rule);
        break;
    case BNS_HOST_PATTERN_LABELS:
        g_array_append_val(index->labels, entry);
        break;
    case BNS_HOST_PATTERN_NETWORK:
        g_array_append_val(index->networks, entry);
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
visit_entries(const GArray *entries,
              const char *host,
              const BnsAddress *address,
              BnsHostIndexFunc func,
              void *data)
{
    for (guint i = 0; i < entries->len; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);

        if (bns_host_pattern_matches(entry->host, host, address) &&
            func(data, entry->rule))
            return;
    }
}

void
bns_host_index_search(const BnsHostIndex *index,
                      const char *host,
                      const BnsAddress *address,
                      BnsHostIndexFunc func,
                      void *data)
{
    visit_rules(g_hash_table_lookup(index->exact, host), func, data);
    visit_rules(index->any, func, data);
    if (address != NULL) {
        visit_entries(index->networks, host, address, func, data);
        return;
    }
    visit_entries(index->labels, host, NULL, func, data);
    if (g_hash_table_size(index->below) == 0)
        return;
    for (const char *dot = strchr(host, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
        visit_rules(g_hash_table_lookup(index->below, dot + 1), func, data);
}

void
bns_host_index_search_address(const BnsHostIndex *index,
                              const BnsAddress *address,
                              BnsHostIndexFunc func,
                              void *data)
{
    visit_entries(index->networks, "", address, func, data);
    for (guint i = 0; i < index->literals->len; i++) {
        const Entry *entry = &g_array_index(index->literals, Entry, i);

        if (bns_network_contains(&entry->host->network, address) &&
            func(data, entry->rule))
            return;
    }
}
