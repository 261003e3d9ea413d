/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/explanation.h"

#include "audit/json.h"
#include "base/text.h"

void
bns_explanation_init(BnsExplanation *explanation)
{
    *explanation = (BnsExplanation){ .prose = g_string_new(NULL) };
}

void
bns_explanation_clear(BnsExplanation *explanation)
{
    g_clear_pointer(&explanation->rule, g_free);
    g_clear_pointer(&explanation->reason, g_free);
    g_clear_pointer(&explanation->suggestion, g_free);
    if (explanation->prose != NULL)
        g_string_free(g_steal_pointer(&explanation->prose), TRUE);
}

void
bns_explanation_decide(BnsExplanation *explanation,
                       BnsVerdict verdict,
                       const char *rule,
                       const char *reason)
{
    explanation->verdict = verdict;
    g_free(explanation->rule);
    g_free(explanation->reason);
    explanation->rule = g_strdup(rule);
    explanation->reason = g_strdup(reason);
}

void
bns_explanation_say(BnsExplanation *explanation, const char *format, ...)
{
    g_autofree char *line = NULL;
    g_autofree char *shown = NULL;
    va_list args;

    va_start(args, format);
    line = g_strdup_vprintf(format, args);
    va_end(args);
    /* The format is ours, and printable. */
    shown = bns_text_escape(line, -1);
    g_string_append_printf(explanation->prose, "%s\n", shown);
}

static void
say_layer(BnsExplanation *explanation, const char *name, const BnsExplanation *alone)
{
    bool has_rule = alone->rule != NULL;

    bns_explanation_say(explanation, "%s: %s, %s%s%s%s", name,
                        bns_verdict_name(alone->verdict), alone->reason,
                        has_rule ? " (" : "", has_rule ? alone->rule : "",
                        has_rule ? ")" : "");
}

bool
bns_explanation_add_layers(BnsExplanation *explanation,
                           const BnsExplainSource *source,
                           BnsExplainFunc explain,
                           const void *subject,
                           BnsExplanation *out_system,
                           GError **error)
{
    BnsExplainSource alone = *source;
    g_auto(BnsExplanation) below = { 0 };

    if (source->system == NULL)
        return true;
    bns_explanation_init(out_system);
    bns_explanation_init(&below);
    alone.system = alone.below = NULL;
    alone.policy = source->system;
    if (!explain(&alone, subject, out_system, error))
        return false;
    alone.policy = source->below;
    if (!explain(&alone, subject, &below, error))
        return false;
    say_layer(explanation, "The system policy alone", out_system);
    say_layer(explanation, "The policy below it alone", &below);
    return true;
}

char *
bns_explanation_text(const BnsExplanation *explanation)
{
    const char *rule = explanation->rule != NULL ? explanation->rule : "-";
    g_autofree char *shown = bns_text_escape(rule, -1);

    return g_strdup_printf("%s\t%s\t%s\n%s", bns_verdict_name(explanation->verdict),
                           shown, explanation->reason, explanation->prose->str);
}

char *
bns_explanation_json(const BnsExplanation *explanation)
{
    GString *line = g_string_new(NULL);

    g_string_append_printf(line, "{\"format\":%d,\"version\":\"" BNS_VERSION "\"",
                           BNS_EXPLANATION_FORMAT);
    bns_json_append_text(line, "kind", explanation->kind);
    bns_json_append_text(line, "decision", bns_verdict_name(explanation->verdict));
    bns_json_append_text(line, "rule", explanation->rule);
    bns_json_append_text(line, "reason", explanation->reason);
    bns_json_append_text(line, "suggestion", explanation->suggestion);
    bns_json_append_text(line, "text", explanation->prose->str);
    g_string_append(line, "}\n");
    return g_string_free(line, FALSE);
}
