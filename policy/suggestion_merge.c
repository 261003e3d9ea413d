/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Few rules, and none that allows what no group had, but for small sets: those are one that
 * differ in their method, in a shard's number, in their host.
 */
#include "base/text.h"
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

static bool
contains(const GPtrArray *strings, const char *text)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *)(uintptr_t)strings, text,
                                            g_str_equal, NULL);
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
    g_ptr_array_sort(into, bns_text_compare);
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

/* --- small sets --- */

static bool
only_reads(const BnsSuggestionRule *rule)
{
    for (guint i = 0; i < rule->methods->len; i++)
        if (!bns_suggestion_reads(rule->methods->pdata[i]))
            return false;
    return rule->methods->len > 0;
}

/* Returns: how long the directory is that holds all paths, with its final slash; 0: one of
 * them is not literal. */
static size_t
common_directory(const GPtrArray *paths)
{
    const char *first = paths->pdata[0];
    size_t len = strlen(first);

    for (guint i = 0; i < paths->len; i++) {
        const char *path = paths->pdata[i];
        size_t n = 0;

        if (strchr(path, '*') != NULL)
            return 0;
        while (n < len && path[n] == first[n])
            n++;
        len = n;
    }
    while (len > 0 && first[len - 1] != '/')
        len--;
    return len;
}

/* Whether "/a/b/" or something below it holds them all, and they are few. */
static bool
is_small_set(const GPtrArray *paths)
{
    size_t len = common_directory(paths);
    const char *path = paths->pdata[0];
    guint slashes = 0;

    for (size_t i = 0; i < len; i++)
        slashes += path[i] == '/';
    return paths->len <= BNS_SUGGESTION_SMALL_SET_MAX && slashes > 2;
}

static bool
merge_if_small(BnsSuggestionRule *into, const BnsSuggestionRule *rule)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

    add_strings(paths, into->paths, true);
    add_strings(paths, rule->paths, true);
    if (!is_small_set(paths))
        return false;
    g_ptr_array_unref(into->paths);
    into->paths = g_steal_pointer(&paths);
    merge(into, rule);
    return true;
}

/* As of git, which reads what there is and POSTs what it wants. */
static void
merge_small_sets(GPtrArray *rules)
{
    g_autoptr(GHashTable) reads =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < rules->len; i++)
        if (only_reads(rules->pdata[i]))
            g_hash_table_insert(reads, key_of(rules->pdata[i], HAS_HOST | HAS_EXES),
                                rules->pdata[i]);
    for (guint i = 0; i < rules->len;) {
        BnsSuggestionRule *rule = rules->pdata[i];
        g_autofree char *key = key_of(rule, HAS_HOST | HAS_EXES);
        BnsSuggestionRule *read = g_hash_table_lookup(reads, key);

        if (read != NULL && is_method(rule, "POST") && merge_if_small(read, rule))
            g_ptr_array_remove_index(rules, i);
        else
            i++;
    }
}

/* --- shards --- */

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

void
bns_suggestion_merge(GPtrArray *rules)
{
    merge_heads(rules);
    merge_alike(rules, HAS_HOST | HAS_PATHS);
    merge_small_sets(rules);
    merge_shards(rules);
    merge_alike(rules, HAS_METHODS | HAS_PATHS | HAS_EXES);
    g_ptr_array_sort(rules, compare_rules);
}
