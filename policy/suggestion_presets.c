/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_private.h"
#include "policy/rule_view.h"
#include "policy/suggestion_private.h"
#include "policy/yaml.h"

#include <string.h>

/* A preset takes the place of so many patterns, or it is not worth what else it allows. */
#define SAVED_MIN 2

static void
preset_clear(void *data)
{
    bns_policy_free(((BnsSuggestionPreset *)data)->policy);
}

/* Whether the preset and those that it is built on are rules alone: others say what
 * files, variables and namespaces a program gets. */
static bool
is_rules(const BnsPreset *preset)
{
    g_autoptr(BnsYaml) root =
        bns_yaml_parse(preset->name, preset->text, preset->len, NULL);

    for (guint i = 0; i < root->children->len; i += 2) {
        const BnsYaml *key = root->children->pdata[i];
        const BnsYaml *value = root->children->pdata[i + 1];

        if (strcmp(key->text, "extends") == 0) {
            for (guint j = 0; j < value->children->len; j++) {
                const BnsYaml *name = value->children->pdata[j];

                if (!is_rules(
                        bns_preset_find(name->text + strlen(BNS_PRESET_PREFIX), NULL)))
                    return false;
            }
        } else if (strcmp(key->text, "version") != 0 &&
                   strcmp(key->text, "allow") != 0) {
            return false;
        }
    }
    return true;
}

GArray *
bns_suggestion_presets_new(bool none)
{
    GArray *presets = g_array_new(FALSE, FALSE, sizeof(BnsSuggestionPreset));

    g_array_set_clear_func(presets, preset_clear);
    g_assert(bns_n_presets <= 64);
    for (size_t i = 0; !none && i < bns_n_presets; i++) {
        const char *const names[] = { bns_presets[i].name, NULL };
        const BnsPolicySource source = { .presets = (GStrv)(uintptr_t)names };
        BnsSuggestionPreset preset = { .preset = &bns_presets[i],
                                       .policy = bns_policy_load(&source, NULL, NULL),
                                       .is_rules = is_rules(&bns_presets[i]) };

        g_array_append_val(presets, preset);
    }
    return presets;
}

static BnsSuggestionPreset *
get(const BnsSuggestion *suggestion, guint i)
{
    return &g_array_index(suggestion->presets, BnsSuggestionPreset, i);
}

/* @rule: "preset:NAME:LINE", of the record */
static void
note_use(BnsSuggestion *suggestion, const char *rule)
{
    const char *name = rule + strlen(BNS_PRESET_PREFIX);
    const char *colon = strchr(name, ':');
    size_t len = colon != NULL ? (size_t)(colon - name) : strlen(name);

    for (guint i = 0; i < suggestion->presets->len; i++) {
        BnsSuggestionPreset *preset = get(suggestion, i);

        if (strlen(preset->preset->name) == len &&
            strncmp(preset->preset->name, name, len) == 0)
            preset->was_used = true;
    }
}

uint64_t
bns_suggestion_covers(BnsSuggestion *suggestion, const BnsAsked *asked)
{
    const BnsRequest *request = &asked->request;
    uint64_t covers = 0;

    if (asked->fate == BNS_ASKED_ALLOWED && asked->rule != NULL &&
        g_str_has_prefix(asked->rule, BNS_PRESET_PREFIX))
        note_use(suggestion, asked->rule);
    for (guint i = 0; i < suggestion->presets->len; i++) {
        const BnsPolicy *policy = get(suggestion, i)->policy;
        BnsDecision decision =
            request->method != NULL
                ? bns_policy_decide(policy, request)
                : bns_policy_could_allow(policy, request->scheme, request->host,
                                         request->port);

        if (decision.verdict != BNS_VERDICT_ALLOW)
            continue;
        covers |= UINT64_C(1) << i;
        if (decision.rule != NULL && request->method != NULL &&
            !g_hash_table_contains(suggestion->used, decision.rule))
            g_hash_table_add(suggestion->used, g_strdup(decision.rule));
    }
    return covers;
}

static bool
could_allow(const BnsPolicy *policy, BnsScheme scheme, const char *host, uint16_t port)
{
    return bns_policy_could_allow(policy, scheme, host, port).verdict ==
           BNS_VERDICT_ALLOW;
}

bool
bns_suggestion_presets_reach(const BnsSuggestion *suggestion,
                             uint64_t chosen,
                             const char *host,
                             uint16_t port)
{
    for (guint i = 0; i < suggestion->presets->len; i++)
        if ((chosen & (UINT64_C(1) << i)) != 0 &&
            (could_allow(get(suggestion, i)->policy, BNS_SCHEME_HTTPS, host, port) ||
             could_allow(get(suggestion, i)->policy, BNS_SCHEME_HTTP, host, port)))
            return true;
    return false;
}

/* --- choosing --- */

/* Whether each of its rules by which something is sent was needed. */
static bool
is_no_wider(const BnsSuggestion *suggestion, const BnsSuggestionPreset *preset)
{
    for (guint i = 0; i < bns_policy_n_rules(preset->policy); i++) {
        g_auto(BnsRuleView) view = { 0 };
        bool reads;

        bns_rule_view_init(&view, preset->policy, i);
        reads = view.methods->len > 0;
        for (guint j = 0; j < view.methods->len; j++)
            reads &= bns_suggestion_reads(view.methods->pdata[j]);
        if (!reads && !g_hash_table_contains(suggestion->used, view.origin))
            return false;
    }
    return true;
}

static bool
is_whole(const char *pattern)
{
    return strcmp(pattern, "/*") == 0 || strcmp(pattern, "/**") == 0;
}

/* How many patterns it takes the place of, of groups that it covers wholly and @chosen do
 * not. */
static guint
count_saved(const BnsSuggestion *suggestion, uint64_t bit, uint64_t chosen)
{
    GHashTableIter iter;
    gpointer value;
    guint saved = 0;

    g_hash_table_iter_init(&iter, suggestion->groups);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const BnsSuggestionGroup *group = value;
        g_autoptr(GPtrArray) patterns = NULL;

        if (group->tree == NULL || (group->covers & bit) == 0)
            continue;
        patterns = bns_path_tree_patterns(group->tree, chosen);
        /* One of a whole host is as wide as a preset of it. */
        saved += patterns->len == 1 && is_whole(patterns->pdata[0]) ? SAVED_MIN
                                                                    : patterns->len;
    }
    return saved;
}

/* Returns: the bit of the one that saves most, of these the one with the fewest rules; 0:
 * none is worth it. */
static uint64_t
choose_next(const BnsSuggestion *suggestion, uint64_t chosen)
{
    guint best_saved = 0, best_rules = 0;
    uint64_t best = 0;

    for (guint i = 0; i < suggestion->presets->len; i++) {
        const BnsSuggestionPreset *preset = get(suggestion, i);
        uint64_t bit = UINT64_C(1) << i;
        guint n_rules = bns_policy_n_rules(preset->policy);
        guint saved;

        if ((chosen & bit) != 0 || !preset->is_rules ||
            !is_no_wider(suggestion, preset))
            continue;
        saved = count_saved(suggestion, bit, chosen);
        if (saved < SAVED_MIN || saved < best_saved ||
            (saved == best_saved && n_rules >= best_rules))
            continue;
        best = bit;
        best_saved = saved;
        best_rules = n_rules;
    }
    return best;
}

uint64_t
bns_suggestion_choose(BnsSuggestion *suggestion)
{
    uint64_t chosen = 0;
    uint64_t next;

    for (guint i = 0; i < suggestion->presets->len; i++)
        if (get(suggestion, i)->was_used)
            chosen |= UINT64_C(1) << i;
    while ((next = choose_next(suggestion, chosen)) != 0)
        chosen |= next;
    return chosen;
}
