/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/check_json.h"

#include "audit/json.h"
#include "policy/rule_view.h"

#include <string.h>

static void
append_boolean(GString *line, const char *name, bool value)
{
    g_string_append_printf(line, ",\"%s\":%s", name, value ? "true" : "false");
}

/* As bns_json_append_list(), but whole: whoever reads this decides by it. */
static void
append_strings(GString *line, const char *name, char *const *items, guint n)
{
    g_string_append_printf(line, ",\"%s\":[", name);
    for (guint i = 0; i < n; i++) {
        if (i > 0)
            g_string_append_c(line, ',');
        bns_json_append_string(line, items[i]);
    }
    g_string_append_c(line, ']');
}

static void
append_schemes(GString *line, const BnsRuleView *rule)
{
    const char *separator = "";

    g_string_append(line, ",\"schemes\":[");
    for (BnsScheme scheme = 0; scheme < BNS_N_SCHEMES; scheme++)
        if (rule->schemes[scheme]) {
            g_string_append_printf(line, "%s\"%s\"", separator,
                                   bns_scheme_name(scheme));
            separator = ",";
        }
    g_string_append_c(line, ']');
}

static void
append_ports(GString *line, const BnsRuleView *rule)
{
    g_string_append(line, ",\"ports\":[");
    for (guint i = 0; i < rule->ports->len; i++)
        g_string_append_printf(line, "%s%u", i > 0 ? "," : "",
                               g_array_index(rule->ports, uint16_t, i));
    g_string_append_c(line, ']');
}

/* A name's value is true, false, or a list of globs. */
static void
append_expectations(GString *line, const char *key, const GPtrArray *expectations)
{
    g_string_append_printf(line, ",\"%s\":{", key);
    for (guint i = 0; i < expectations->len; i++) {
        const BnsExpectation *expectation = expectations->pdata[i];
        const GPtrArray *globs = expectation->globs;

        g_string_append(line, i > 0 ? "," : "");
        bns_json_append_string(line, expectation->name);
        g_string_append(line, globs->len > 0           ? ":["
                              : expectation->is_absent ? ":false"
                                                       : ":true");
        for (guint j = 0; j < globs->len; j++) {
            g_string_append(line, j > 0 ? "," : "");
            bns_json_append_string(line, globs->pdata[j]);
        }
        g_string_append(line, globs->len > 0 ? "]" : "");
    }
    g_string_append_c(line, '}');
}

static void
append_conditions(GString *line, const BnsConditions *conditions)
{
    const GPtrArray *types = conditions->content_type;

    if (conditions->query != NULL)
        append_expectations(line, "query", conditions->query);
    if (conditions->headers != NULL)
        append_expectations(line, "headers", conditions->headers);
    if (types != NULL)
        append_strings(line, "content_type", (char *const *)types->pdata, types->len);
}

static void
append_caps(GString *line, const BnsCap *caps)
{
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++)
        if (caps[kind].is_set)
            g_string_append_printf(line, ",\"%s\":%" G_GUINT64_FORMAT,
                                   bns_cap_key(kind), caps[kind].bytes);
}

static void
append_rule(GString *line, const BnsPolicy *policy, guint i)
{
    g_auto(BnsRuleView) rule = { 0 };

    bns_rule_view_init(&rule, policy, i);
    g_string_append(line, i > 0 ? ",{\"origin\":" : "{\"origin\":");
    bns_json_append_string(line, rule.origin);
    bns_json_append_text(line, "action", bns_verdict_name(rule.verdict));
    bns_json_append_text(line, "layer", rule.is_system ? "system" : "user");
    bns_json_append_text(line, "rule", rule.form);
    append_strings(line, rule.is_network ? "cidr" : "hosts", rule.hosts,
                   g_strv_length(rule.hosts));
    append_schemes(line, &rule);
    append_ports(line, &rule);
    append_strings(line, "methods", (char *const *)rule.methods->pdata,
                   rule.methods->len);
    append_strings(line, "paths", rule.paths, g_strv_length(rule.paths));
    if (rule.conditions != NULL)
        append_conditions(line, rule.conditions);
    append_caps(line, rule.caps);
    append_boolean(line, "private", rule.is_private);
    bns_json_append_text(line, "reason", rule.reason);
    if (rule.identity != NULL) {
        bns_json_append_text(line, "client_cert", rule.identity->cert_file);
        bns_json_append_text(line, "client_key", rule.identity->key_file);
    }
    g_string_append_c(line, '}');
}

/* "ORIGIN\tKEY\tVALUE" */
static void
append_setting(GString *line, const char *text, bool is_first)
{
    g_auto(GStrv) parts = g_strsplit(text, "\t", 3);

    g_string_append(line, is_first ? "{\"origin\":" : ",{\"origin\":");
    bns_json_append_string(line, parts[0]);
    if (parts[1] != NULL) {
        bns_json_append_text(line, "key", parts[1]);
        bns_json_append_text(line, "value", parts[2]);
    }
    g_string_append_c(line, '}');
}

/* What bns_policy_describe() has behind the rules is one, too. */
static void
append_settings(GString *line, const BnsPolicy *policy, const char *settings)
{
    g_autofree char *above = bns_policy_describe(policy);
    g_autofree char *text = g_strconcat(above, settings, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint first = bns_policy_n_rules(policy);

    g_string_append(line, ",\"settings\":[");
    for (guint i = first; lines[i] != NULL && *lines[i] != '\0'; i++)
        append_setting(line, lines[i], i == first);
    g_string_append_c(line, ']');
}

static GString *
begin(bool is_valid)
{
    GString *line = g_string_new(NULL);

    g_string_append_printf(line, "{\"format\":%d,\"version\":\"" BNS_VERSION "\"",
                           BNS_CHECK_FORMAT);
    append_boolean(line, "valid", is_valid);
    return line;
}

char *
bns_check_json(const BnsPolicy *policy, const char *settings)
{
    const GPtrArray *files = bns_policy_files(policy);
    GString *line = begin(true);

    append_boolean(line, "enabled", !bns_policy_is_disabled(policy));
    bns_json_append_text(line, "mode", bns_mode_name(bns_policy_mode(policy)));
    bns_json_append_text(line, "policy_digest", bns_policy_digest(policy));
    append_strings(line, "files", (char *const *)files->pdata, files->len);
    g_string_append(line, ",\"rules\":[");
    for (guint i = 0; i < bns_policy_n_rules(policy); i++)
        append_rule(line, policy, i);
    g_string_append_c(line, ']');
    append_settings(line, policy, settings);
    g_string_append(line, "}\n");
    return g_string_free(line, FALSE);
}

char *
bns_check_json_error(const char *message)
{
    GString *line = begin(false);

    bns_json_append_text(line, "error", message);
    g_string_append(line, "}\n");
    return g_string_free(line, FALSE);
}
