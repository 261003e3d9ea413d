/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From groups to rules: few, and none that allows what no group had. A rule is made of
 * each group; then those are one that differ in their method, in a shard's number, in
 * their host.
 */
#include "policy/address.h"
#include "policy/shared_host.h"
#include "policy/suggestion_private.h"

#include <string.h>

/* What rules must have in common to be one. */
typedef enum {
    HAS_HOST = 1 << 0,
    HAS_METHODS = 1 << 1,
    HAS_PATHS = 1 << 2,
    HAS_EXES = 1 << 3,
    HAS_SHARD = 1 << 4, /* of the first host */
} Common;

void
bns_suggestion_rule_free(BnsSuggestionRule *rule)
{
    if (rule == NULL)
        return;
    g_ptr_array_unref(rule->hosts);
    g_ptr_array_unref(rule->methods);
    g_ptr_array_unref(rule->paths);
    g_ptr_array_unref(rule->exes);
    g_free(rule);
}

/* --- of a group --- */

static int
compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
contains(const GPtrArray *strings, const char *text)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *)(uintptr_t)strings, text,
                                            g_str_equal, NULL);
}

static BnsSuggestionRule *
rule_new(const BnsSuggestionGroup *group, uint64_t chosen)
{
    BnsSuggestionRule *rule = g_new0(BnsSuggestionRule, 1);

    rule->fate = group->fate;
    rule->scheme = group->scheme;
    rule->port = group->port;
    rule->is_private = group->is_private;
    rule->count = group->count;
    rule->hosts = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(rule->hosts, g_strdup(group->host));
    rule->methods = g_ptr_array_new();
    rule->exes = g_ptr_array_copy(group->exes, NULL, NULL);
    if (group->tree != NULL) {
        g_ptr_array_add(rule->methods, group->method);
        rule->paths = bns_path_tree_patterns(group->tree, chosen);
        return rule;
    }
    rule->paths = g_ptr_array_new_with_free_func(g_free);
    /* TLS was opened, and nothing asked in it: what opens it is some rule for the host. */
    if (group->scheme == BNS_SCHEME_HTTPS) {
        g_ptr_array_add(rule->methods, (gpointer)(uintptr_t) "GET");
        g_ptr_array_add(rule->paths, g_strdup("/"));
    }
    return rule;
}

static BnsSuggestionGroup *
find_group(const BnsSuggestion *suggestion,
           const BnsSuggestionGroup *like,
           BnsScheme scheme,
           bool (*is_it)(const BnsSuggestionGroup *group))
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, suggestion->groups);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        BnsSuggestionGroup *group = value;

        /* One from which all was left out is none. */
        if (group != like && group->count > 0 && group->scheme == scheme &&
            group->port == like->port && strcmp(group->host, like->host) == 0 &&
            is_it(group))
            return group;
    }
    return NULL;
}

static bool
is_allowed(const BnsSuggestionGroup *group)
{
    return group->fate == BNS_ASKED_ALLOWED;
}

static bool
is_request(const BnsSuggestionGroup *group)
{
    return group->tree != NULL;
}

static bool
is_allowed_request(const BnsSuggestionGroup *group)
{
    return is_request(group) && is_allowed(group);
}

/* Whether an opaque or sealed flow would make the policy invalid: its port has requests
 * that are inspected, or, if it is opaque, sealed flows. */
static bool
has_other_kind(const BnsSuggestion *suggestion,
               const BnsSuggestionGroup *group,
               uint64_t chosen)
{
    if (group->scheme != BNS_SCHEME_TCP && group->scheme != BNS_SCHEME_TLS)
        return false;
    return find_group(suggestion, group, BNS_SCHEME_HTTP, is_allowed) != NULL ||
           find_group(suggestion, group, BNS_SCHEME_HTTPS, is_allowed) != NULL ||
           (group->scheme == BNS_SCHEME_TCP &&
            find_group(suggestion, group, BNS_SCHEME_TLS, is_allowed) != NULL) ||
           bns_suggestion_presets_reach(suggestion, chosen, group->host, group->port);
}

static bool
is_needed(const BnsSuggestion *suggestion,
          const BnsSuggestionGroup *group,
          uint64_t chosen)
{
    if (group->scheme != BNS_SCHEME_HTTPS || group->tree != NULL)
        return true;
    return (group->covers & chosen) == 0 &&
           find_group(suggestion, group, BNS_SCHEME_HTTPS,
                      is_allowed(group) ? is_allowed_request : is_request) == NULL;
}

static int
compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *
rules_of_groups(BnsSuggestion *suggestion, uint64_t chosen)
{
    GPtrArray *rules =
        g_ptr_array_new_with_free_func((GDestroyNotify)bns_suggestion_rule_free);
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, suggestion->groups);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(keys, key);
    g_ptr_array_sort(keys, compare_keys);
    for (guint i = 0; i < keys->len; i++) {
        const BnsSuggestionGroup *group =
            g_hash_table_lookup(suggestion->groups, keys->pdata[i]);
        g_autoptr(BnsSuggestionRule) rule = NULL;

        if (!is_needed(suggestion, group, chosen))
            continue;
        if (group->fate == BNS_ASKED_ALLOWED &&
            has_other_kind(suggestion, group, chosen)) {
            suggestion->left_out += group->count;
            continue;
        }
        rule = rule_new(group, chosen);
        if (group->tree == NULL || rule->paths->len > 0)
            g_ptr_array_add(rules, g_steal_pointer(&rule));
    }
    return rules;
}

/* --- of shards --- */

/* Returns: (transfer full) (nullable): the domain that @host is a shard of. */
static char *
shard_domain(const char *host)
{
    const char *dot = strchr(host, '.');
    BnsAddress address;

    if (dot == NULL || bns_address_parse(host, &address) ||
        bns_shared_host_risk(host) != NULL || !bns_shared_host_may_be_owner(dot + 1) ||
        strcspn(host, "0123456789") > (size_t)(dot - host))
        return NULL;
    return g_strdup(dot + 1);
}

/* Its name with "#" for numbers in the first label; %NULL: it is no shard. */
static char *
shard_shape(const char *host)
{
    g_autofree char *domain = shard_domain(host);
    GString *shape;

    if (domain == NULL)
        return NULL;
    shape = g_string_new(NULL);
    for (; *host != '.'; host++)
        if (!g_ascii_isdigit(*host))
            g_string_append_c(shape, *host);
        else if (shape->len == 0 || shape->str[shape->len - 1] != '#')
            g_string_append_c(shape, '#');
    g_string_append(shape, host);
    return g_string_free(shape, FALSE);
}

/* --- merging --- */

static void
append_all(GString *key, const GPtrArray *strings)
{
    for (guint i = 0; i < strings->len; i++)
        g_string_append_printf(key, "%s\n", (const char *)strings->pdata[i]);
    g_string_append_c(key, '\n');
}

static char *
key_of(const BnsSuggestionRule *rule, int common)
{
    GString *key = g_string_new(NULL);

    g_string_printf(key, "%d %d %u %d\n", (int)rule->fate, (int)rule->scheme,
                    rule->port, rule->is_private);
    if ((common & HAS_HOST) != 0)
        append_all(key, rule->hosts);
    if ((common & HAS_SHARD) != 0) {
        g_autofree char *shape = shard_shape(rule->hosts->pdata[0]);

        g_string_append(key, shape != NULL ? shape : rule->hosts->pdata[0]);
    }
    if ((common & HAS_METHODS) != 0)
        append_all(key, rule->methods);
    if ((common & HAS_PATHS) != 0)
        append_all(key, rule->paths);
    if ((common & HAS_EXES) != 0)
        append_all(key, rule->exes);
    return g_string_free(key, FALSE);
}

static void
add_strings(GPtrArray *into, const GPtrArray *strings, bool is_owned)
{
    for (guint i = 0; i < strings->len; i++)
        if (!contains(into, strings->pdata[i]))
            g_ptr_array_add(into,
                            is_owned ? g_strdup(strings->pdata[i]) : strings->pdata[i]);
    g_ptr_array_sort(into, compare_strings);
}

static void
merge(BnsSuggestionRule *into, const BnsSuggestionRule *rule)
{
    add_strings(into->hosts, rule->hosts, true);
    add_strings(into->methods, rule->methods, false);
    for (guint i = 0; i < rule->exes->len; i++)
        bns_suggestion_add_exe(into->exes, rule->exes->pdata[i]);
    into->count += rule->count;
    into->n_shards = MAX(into->n_shards, rule->n_shards);
}

static void
merge_alike(GPtrArray *rules, int common)
{
    g_autoptr(GHashTable) firsts =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < rules->len;) {
        BnsSuggestionRule *rule = rules->pdata[i];
        g_autofree char *key = key_of(rule, common);
        BnsSuggestionRule *first = g_hash_table_lookup(firsts, key);

        if (first == NULL) {
            g_hash_table_insert(firsts, g_steal_pointer(&key), rule);
            i++;
        } else {
            merge(first, rule);
            g_ptr_array_remove_index(rules, i);
        }
    }
}

static bool
is_method(const BnsSuggestionRule *rule, const char *method)
{
    return rule->methods->len == 1 && strcmp(rule->methods->pdata[0], method) == 0;
}

static bool
has_all(const GPtrArray *strings, const GPtrArray *some)
{
    for (guint i = 0; i < some->len; i++)
        if (!contains(strings, some->pdata[i]))
            return false;
    return true;
}

/* HEAD tells less than GET: where the paths of it are among GET's, it is there as well. */
static void
merge_heads(GPtrArray *rules)
{
    g_autoptr(GHashTable) gets =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < rules->len; i++)
        if (is_method(rules->pdata[i], "GET"))
            g_hash_table_insert(gets, key_of(rules->pdata[i], HAS_HOST),
                                rules->pdata[i]);
    for (guint i = 0; i < rules->len;) {
        BnsSuggestionRule *rule = rules->pdata[i];
        g_autofree char *key = key_of(rule, HAS_HOST);
        BnsSuggestionRule *get = g_hash_table_lookup(gets, key);

        if (get != NULL && is_method(rule, "HEAD") &&
            has_all(get->paths, rule->paths)) {
            merge(get, rule);
            g_ptr_array_remove_index(rules, i);
        } else {
            i++;
        }
    }
}

static bool
only_reads(const BnsSuggestionRule *rule)
{
    for (guint i = 0; i < rule->methods->len; i++)
        if (!bns_suggestion_reads(rule->methods->pdata[i]))
            return false;
    return rule->methods->len > 0;
}

/* Whether flows to that port of something below @domain are not inspected: a rule for all
 * of it would contradict. */
static bool
has_opaque_below(const GPtrArray *rules, const char *domain, uint16_t port)
{
    for (guint i = 0; i < rules->len; i++) {
        const BnsSuggestionRule *rule = rules->pdata[i];

        if (rule->methods->len > 0 || rule->port != port)
            continue;
        for (guint j = 0; j < rule->hosts->len; j++)
            if (g_str_has_suffix(rule->hosts->pdata[j], domain))
                return true;
    }
    return false;
}

static void
merge_shards(GPtrArray *rules)
{
    g_autoptr(GHashTable) counts =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < rules->len; i++) {
        char *key = key_of(rules->pdata[i], HAS_SHARD | HAS_METHODS | HAS_PATHS);
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key));

        g_hash_table_insert(counts, key, GUINT_TO_POINTER(n + 1));
    }
    for (guint i = 0; i < rules->len; i++) {
        BnsSuggestionRule *rule = rules->pdata[i];
        g_autofree char *key = key_of(rule, HAS_SHARD | HAS_METHODS | HAS_PATHS);
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key));
        g_autofree char *domain = shard_domain(rule->hosts->pdata[0]);

        if (n < BNS_SUGGESTION_SHARDS_MIN || domain == NULL || !only_reads(rule) ||
            rule->is_private || has_opaque_below(rules, domain, rule->port))
            continue;
        rule->n_shards = n;
        g_free(rule->hosts->pdata[0]);
        rule->hosts->pdata[0] = g_strconcat("*.", domain, NULL);
    }
    merge_alike(rules, HAS_HOST | HAS_METHODS | HAS_PATHS);
}

/* --- order --- */

static int
compare_rules(gconstpointer a, gconstpointer b)
{
    const BnsSuggestionRule *left = *(const BnsSuggestionRule *const *)a;
    const BnsSuggestionRule *right = *(const BnsSuggestionRule *const *)b;
    g_autoptr(GString) left_text = g_string_new(NULL);
    g_autoptr(GString) right_text = g_string_new(NULL);

    g_string_printf(left_text, "%d\n", (int)left->fate);
    g_string_printf(right_text, "%d\n", (int)right->fate);
    append_all(left_text, left->exes);
    append_all(right_text, right->exes);
    append_all(left_text, left->hosts);
    append_all(right_text, right->hosts);
    append_all(left_text, left->methods);
    append_all(right_text, right->methods);
    append_all(left_text, left->paths);
    append_all(right_text, right->paths);
    return strcmp(left_text->str, right_text->str);
}

GPtrArray *
bns_suggestion_rules(BnsSuggestion *suggestion, uint64_t chosen)
{
    GPtrArray *rules = rules_of_groups(suggestion, chosen);

    merge_heads(rules);
    merge_alike(rules, HAS_HOST | HAS_PATHS);
    merge_shards(rules);
    merge_alike(rules, HAS_METHODS | HAS_PATHS | HAS_EXES);
    g_ptr_array_sort(rules, compare_rules);
    return rules;
}
