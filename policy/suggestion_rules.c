/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From groups to rules: one of each that no preset takes the place of.
 */
#include "base/text.h"
#include "policy/suggestion_private.h"

#include <string.h>

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
           !bns_suggestion_is_refused(suggestion, group->host, group->port) &&
           find_group(suggestion, group, BNS_SCHEME_HTTPS,
                      is_allowed(group) ? is_allowed_request : is_request) == NULL;
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
    g_ptr_array_sort(keys, bns_text_compare);
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

GPtrArray *
bns_suggestion_rules(BnsSuggestion *suggestion, uint64_t chosen)
{
    GPtrArray *rules = rules_of_groups(suggestion, chosen);

    bns_suggestion_merge(rules);
    return rules;
}
