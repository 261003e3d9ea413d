/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy as text. Every byte of it is printable ASCII: what came from the command is
 * escaped in comments and quoted in values, so it cannot end either.
 */
#include "base/text.h"
#include "policy/address.h"
#include "policy/shared_host.h"
#include "policy/suggestion_private.h"
#include "policy/yaml.h"

/* --- marks --- */

static void
add_mark(GString *marks, const char *mark)
{
    g_string_append_printf(marks, "%s%s", marks->len > 0 ? "; " : "", mark);
}

static void
mark_methods(GString *marks, const BnsSuggestionRule *rule)
{
    g_autoptr(GString) sending = g_string_new(NULL);
    g_autofree char *mark = NULL;

    for (guint i = 0; i < rule->methods->len; i++)
        if (!bns_suggestion_reads(rule->methods->pdata[i]))
            g_string_append_printf(sending, "%s%s", sending->len > 0 ? ", " : "",
                                   (const char *)rule->methods->pdata[i]);
    if (sending->len == 0)
        return;
    mark = g_strdup_printf("sends data (%s)", sending->str);
    add_mark(marks, mark);
}

static void
mark_hosts(GString *marks, const BnsSuggestionRule *rule)
{
    BnsAddress address;

    for (guint i = 0; i < rule->hosts->len; i++) {
        const char *host = rule->hosts->pdata[i];
        const char *risk = bns_shared_host_risk(host);

        if (bns_address_parse(host, &address))
            risk = "an address, which nobody's name stands for";
        if (risk != NULL) {
            g_autofree char *mark = g_strdup_printf("%s: %s", host, risk);

            add_mark(marks, mark);
            return;
        }
    }
}

/* Returns: (transfer full): "" if there is nothing to say. */
static char *
risks_of(const BnsSuggestionRule *rule)
{
    GString *marks = g_string_new(NULL);

    if (rule->scheme == BNS_SCHEME_TCP)
        add_mark(marks, "opaque, what passes cannot be seen");
    if (rule->scheme == BNS_SCHEME_TLS)
        add_mark(marks, "sealed, nothing but the name can be seen");
    mark_methods(marks, rule);
    mark_hosts(marks, rule);
    if (rule->is_private)
        add_mark(marks, "a private or special address was dialled");
    return g_string_free(marks, FALSE);
}

bool
bns_suggestion_is_risky(const BnsSuggestionRule *rule)
{
    g_autofree char *risks = risks_of(rule);

    return *risks != '\0';
}

/* --- rules --- */

static bool
has_default_port(const BnsSuggestionRule *rule)
{
    return (rule->scheme == BNS_SCHEME_HTTP && rule->port == 80) ||
           (rule->scheme == BNS_SCHEME_HTTPS && rule->port == 443);
}

/* Whether the string form says it. */
static bool
is_short(const BnsSuggestionRule *rule)
{
    BnsAddress address;

    return rule->hosts->len == 1 && rule->paths->len <= 1 && !rule->is_private &&
           rule->scheme != BNS_SCHEME_TLS &&
           !bns_address_parse(rule->hosts->pdata[0], &address);
}

static char *
join(const GPtrArray *strings, const char *separator)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < strings->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? separator : "",
                               (const char *)strings->pdata[i]);
    return g_string_free(text, FALSE);
}

static void
append_short(GString *yaml, const BnsSuggestionRule *rule, const char *indent)
{
    g_autofree char *methods = join(rule->methods, ",");
    g_autofree char *port =
        has_default_port(rule) ? g_strdup("") : g_strdup_printf(":%u", rule->port);
    g_autofree char *text = g_strdup_printf(
        "%s%s%s://%s%s%s", methods, *methods != '\0' ? " " : "",
        bns_scheme_name(rule->scheme), (const char *)rule->hosts->pdata[0], port,
        rule->paths->len > 0 ? (const char *)rule->paths->pdata[0] : "");
    g_autofree char *quoted = bns_yaml_quote_double(text);

    g_string_append_printf(yaml, "%s- %s\n", indent, quoted);
}

static void
append_list(GString *yaml,
            const char *key,
            const GPtrArray *strings,
            const char *indent)
{
    if (strings->len == 1) {
        g_autofree char *quoted = bns_yaml_quote(strings->pdata[0]);

        g_string_append_printf(yaml, "%s: %s\n", key, quoted);
        return;
    }
    g_string_append_printf(yaml, "%s:\n", key);
    for (guint i = 0; i < strings->len; i++) {
        g_autofree char *quoted = bns_yaml_quote(strings->pdata[i]);

        g_string_append_printf(yaml, "%s    - %s\n", indent, quoted);
    }
}

/* "1" and "TRUE" are methods as well as others. */
static void
append_methods(GString *yaml, const GPtrArray *methods)
{
    for (guint i = 0; i < methods->len; i++) {
        g_autofree char *quoted = bns_yaml_quote(methods->pdata[i]);

        g_string_append_printf(yaml, "%s%s", i > 0 ? ", " : "[", quoted);
    }
    g_string_append(yaml, "]\n");
}

static void
append_long(GString *yaml, const BnsSuggestionRule *rule, const char *indent)
{
    bool is_flow = rule->methods->len == 0;

    g_string_append_printf(yaml, "%s- ", indent);
    append_list(yaml, "domain", rule->hosts, indent);
    if (!is_flow)
        g_string_append_printf(yaml, "%s  scheme: %s\n", indent,
                               bns_scheme_name(rule->scheme));
    if (is_flow || !has_default_port(rule))
        g_string_append_printf(yaml, "%s  port: %u\n", indent, rule->port);
    if (rule->scheme == BNS_SCHEME_TCP)
        g_string_append_printf(yaml, "%s  protocol: tcp\n", indent);
    if (rule->scheme == BNS_SCHEME_TLS)
        g_string_append_printf(yaml, "%s  inspect: false\n", indent);
    if (!is_flow) {
        g_string_append_printf(yaml, "%s  methods: ", indent);
        append_methods(yaml, rule->methods);
        g_string_append_printf(yaml, "%s  ", indent);
        append_list(yaml, "path", rule->paths, indent);
    }
    if (rule->is_private)
        g_string_append_printf(yaml, "%s  private: true\n", indent);
}

void
bns_suggestion_append_rule(GString *yaml,
                           const BnsSuggestionRule *rule,
                           const char *indent)
{
    g_autofree char *risks = risks_of(rule);

    if (rule->n_shards > 0)
        g_string_append_printf(yaml, "%s# %u hosts that differ in a number\n", indent,
                               rule->n_shards);
    if (*risks != '\0')
        g_string_append_printf(yaml, "%s# risky: %s\n", indent, risks);
    (is_short(rule) ? append_short : append_long)(yaml, rule, indent);
}

void
bns_suggestion_append_exes(GString *yaml, const GPtrArray *exes, const char *indent)
{
    g_string_append_printf(yaml, "%s#", indent);
    for (guint i = 0; i < exes->len; i++) {
        const char *exe = exes->pdata[i];
        g_autofree char *shown = bns_text_escape(exe, -1);

        g_string_append_printf(yaml, "%s %s", i > 0 ? "," : "",
                               *shown != '\0' ? shown : "a program that is not known");
    }
    g_string_append_c(yaml, '\n');
}
