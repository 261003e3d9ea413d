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
 * are BnsRuleList where nothing else is said. */
struct BnsHostIndex {
    GHashTable *exact;         /* name or literal: `name`, `.name` */
    GHashTable *below;         /* name: `*.name`, `.name` */
    GHashTable *labels;        /* what follows the last star, to GArray of Entry:
                                * `a.*.name` */
    BnsRuleList *any;          /* `*` */
    BnsNetworkTable *networks; /* cidr */
    BnsNetworkTable *literals; /* in exact too */
};

BnsHostIndex *
bns_host_index_new(void)
{
    BnsHostIndex *index = g_new0(BnsHostIndex, 1);
    GDestroyNotify free_list = (GDestroyNotify)bns_rule_list_free;

    index->exact = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
    index->below = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
    index->labels = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                          (GDestroyNotify)g_array_unref);
    index->any = bns_rule_list_new();
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
    bns_rule_list_free(index->any);
    bns_network_table_free(index->networks);
    bns_network_table_free(index->literals);
    g_free(index);
}

static void
add_to_table(GHashTable *table, const BnsHostPattern *host, BnsRule *rule)
{
    BnsRuleList *rules = g_hash_table_lookup(table, host->name);

    if (rules == NULL) {
        rules = bns_rule_list_new();
        g_hash_table_insert(table, host->name, rules);
    }
    bns_rule_list_add(rules, rule);
}

static void
add_to_networks(BnsNetworkTable *table, const BnsHostPattern *host, BnsRule *rule)
{
    BnsRuleList *rules = bns_network_table_lookup(table, &host->network);

    if (rules == NULL) {
        rules = bns_rule_list_new();
        bns_network_table_insert(table, &host->network, rules);
    }
    bns_rule_list_add(rules, rule);
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
        bns_rule_list_add(index->any, rule);
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

/* What is asked of the lists that are found. */
typedef struct {
    const BnsReadings *readings;
    BnsVisitFunc func;
    void *data;
} Visit;

static void
visit_list(const Visit *visit, const BnsRuleList *rules)
{
    bns_rule_list_visit(rules, visit->readings, visit->func, visit->data);
}

/* The rules match the host or not, each for itself. */
static void
visit_labels(const Visit *visit, const GArray *entries, const char *host)
{
    for (guint i = 0; entries != NULL && i < entries->len; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);

        if (bns_host_pattern_matches(entry->host, host, NULL) &&
            visit->func(visit->data, entry->rule) == BNS_VISIT_END)
            return;
    }
}

static bool
on_network(void *data, void *rules)
{
    visit_list(data, rules);
    return false;
}

static void
visit_networks(Visit *visit, const BnsNetworkTable *table, const BnsAddress *address)
{
    BnsNetwork network = { *address, address->is_ipv4 ? 32 : 128 };

    bns_network_table_search(table, &network, on_network, visit);
}

void
bns_host_index_search(const BnsHostIndex *index,
                      const char *host,
                      const BnsAddress *address,
                      const BnsReadings *readings,
                      BnsVisitFunc func,
                      void *data)
{
    Visit visit = { readings, func, data };
    bool has_labels = g_hash_table_size(index->labels) > 0;

    visit_list(&visit, g_hash_table_lookup(index->exact, host));
    visit_list(&visit, index->any);
    if (address != NULL) {
        visit_networks(&visit, index->networks, address);
        return;
    }
    if (g_hash_table_size(index->below) == 0 && !has_labels)
        return;
    for (const char *dot = strchr(host, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        visit_list(&visit, g_hash_table_lookup(index->below, dot + 1));
        if (has_labels)
            visit_labels(&visit, g_hash_table_lookup(index->labels, dot + 1), host);
    }
}

void
bns_host_index_search_address(const BnsHostIndex *index,
                              const BnsAddress *address,
                              const BnsReadings *readings,
                              BnsVisitFunc func,
                              void *data)
{
    Visit visit = { readings, func, data };

    visit_networks(&visit, index->networks, address);
    visit_networks(&visit, index->literals, address);
}
