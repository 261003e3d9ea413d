/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file around the rules: what it is, presets, rules by program, and comments on what
 * is not in force.
 */
#include "policy/policy_private.h"
#include "policy/preset_load.h"
#include "policy/suggestion_private.h"

#include <inttypes.h>
#include <string.h>

/* Nobody reads more. With the rest it is less than a policy file may have. */
#define RULES_BYTES_MAX  (768 * 1024)
#define MISSED_BYTES_MAX (64 * 1024)

#define MISSED_HEAD                                                                    \
    "# No rule allowed these in that run. Remove the \"#\" before those that are "     \
    "right "                                                                           \
    "(--denied\n# does so for all):\n"
#define DISTRUSTED_HEAD                                                                \
    "# Programs that did not trust the certificates of that run, so that nothing of "  \
    "theirs could\n# be read. Where they cannot be made to, remove the \"#\", and "    \
    "other "                                                                           \
    "rules for that host:\n"

static guint
count_rules(const GPtrArray *rules, BnsAskedFate fate, bool only_risky)
{
    guint n = 0;

    for (guint i = 0; i < rules->len; i++) {
        const BnsSuggestionRule *rule = rules->pdata[i];

        n += rule->fate == fate && (!only_risky || bns_suggestion_is_risky(rule));
    }
    return n;
}

static void
append_presets(GString *yaml, const BnsSuggestion *suggestion, uint64_t chosen)
{
    if (chosen == 0)
        return;
    g_string_append(yaml, "extends:\n");
    for (guint i = 0; i < suggestion->presets->len; i++)
        if ((chosen & (UINT64_C(1) << i)) != 0)
            g_string_append_printf(
                yaml, "  - " BNS_PRESET_PREFIX "%s\n",
                g_array_index(suggestion->presets, BnsSuggestionPreset, i)
                    .preset->name);
}

static bool
is_same(const GPtrArray *exes, const GPtrArray *others)
{
    if (others == NULL || exes->len != others->len)
        return false;
    for (guint i = 0; i < exes->len; i++)
        if (exes->pdata[i] != others->pdata[i])
            return false;
    return true;
}

/* Appends those of @fate while there is room. Returns: what was asked for by the others. */
static uint64_t
append_rules(GString *yaml,
             const GPtrArray *rules,
             BnsAskedFate fate,
             const char *indent,
             gsize room)
{
    const GPtrArray *exes = NULL;
    gsize from = yaml->len;
    uint64_t left_out = 0;

    for (guint i = 0; i < rules->len; i++) {
        const BnsSuggestionRule *rule = rules->pdata[i];
        gsize before = yaml->len;

        if (rule->fate != fate)
            continue;
        if (!is_same(rule->exes, exes))
            bns_suggestion_append_exes(yaml, rule->exes, indent);
        exes = rule->exes;
        bns_suggestion_append_rule(yaml, rule, indent);
        if (yaml->len - from > room) {
            g_string_truncate(yaml, before);
            left_out += rule->count;
        }
    }
    return left_out;
}

/* Rules that somebody may want to put in force. @has_list: "allow:" stands above */
static void
append_comments(GString *yaml,
                const GPtrArray *rules,
                BnsAskedFate fate,
                const char *head,
                bool has_list)
{
    uint64_t left_out;

    if (count_rules(rules, fate, false) == 0)
        return;
    g_string_append(yaml, head);
    if (!has_list)
        g_string_append(yaml, "#allow:\n");
    left_out = append_rules(yaml, rules, fate, "#  ", MISSED_BYTES_MAX);
    if (left_out > 0)
        g_string_append_printf(yaml, "# ... and %" PRIu64 " requests more\n", left_out);
}

static void
append_notes(GString *yaml, const BnsSuggestion *suggestion)
{
    if (suggestion->notes->len == 0)
        return;
    g_string_append_printf(
        yaml,
        "# Refused by a deny rule, a cap or the address guard (%" PRIu64
        " times), and so not allowed here:\n",
        suggestion->n_notes);
    for (guint i = 0; i < suggestion->notes->len; i++)
        g_string_append_printf(yaml, "#   %s\n",
                               (const char *)suggestion->notes->pdata[i]);
}

/* Returns: whether our reader takes it, together with the presets. */
static bool
try_policy(const BnsSuggestion *suggestion,
           uint64_t chosen,
           const GString *yaml,
           GError **error)
{
    g_autoptr(BnsPolicy) policy = bns_policy_new();
    g_auto(BnsPresetList) presets = { 0 };
    g_autoptr(BnsConfig) config =
        bns_config_parse("suggestion", yaml->str, yaml->len, error);

    bns_preset_list_init(&presets);
    if (config == NULL)
        return false;
    for (guint i = 0; i < suggestion->presets->len; i++)
        if ((chosen & (UINT64_C(1) << i)) != 0 &&
            !bns_preset_list_add(
                &presets,
                g_array_index(suggestion->presets, BnsSuggestionPreset, i).preset->name,
                "", error))
            return false;
    bns_preset_list_apply(&presets, policy);
    bns_policy_add_config(policy, config, NULL);
    return bns_policy_complete(policy, error);
}

char *
bns_suggestion_write(BnsSuggestion *suggestion, GError **error)
{
    uint64_t chosen = bns_suggestion_choose(suggestion);
    g_autoptr(GPtrArray) rules = bns_suggestion_rules(suggestion, chosen);
    guint n_rules = count_rules(rules, BNS_ASKED_ALLOWED, false);
    g_autoptr(GString) yaml = g_string_new(NULL);

    g_string_append_printf(
        yaml,
        "# Suggested from %" PRIu64 " requests and flows: %u rules, %u of them marked "
        "risky.\n# What was asked for is allowed, which need not be right: read it "
        "first.\nversion: 1\n",
        suggestion->count, n_rules, count_rules(rules, BNS_ASKED_ALLOWED, true));
    append_presets(yaml, suggestion, chosen);
    if (n_rules > 0)
        g_string_append(yaml, "allow:\n");
    suggestion->left_out +=
        append_rules(yaml, rules, BNS_ASKED_ALLOWED, "  ", RULES_BYTES_MAX);
    append_comments(yaml, rules, BNS_ASKED_MISSED, MISSED_HEAD, n_rules > 0);
    append_comments(yaml, rules, BNS_ASKED_DISTRUSTED, DISTRUSTED_HEAD,
                    n_rules > 0 || count_rules(rules, BNS_ASKED_MISSED, false) > 0);
    append_notes(yaml, suggestion);
    if (!try_policy(suggestion, chosen, yaml, error)) {
        g_prefix_error(error, "the suggestion is no policy: ");
        return NULL;
    }
    return g_string_free(g_steal_pointer(&yaml), FALSE);
}
