/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule.h"
#include "base/text.h"
#include "base/token.h"

#include <string.h>

static const uint16_t default_ports[] = {
    [BNS_SCHEME_HTTP] = 80,
    [BNS_SCHEME_HTTPS] = 443,
    [BNS_SCHEME_TLS] = 443,
};

BnsRule *
bns_rule_new(BnsVerdict verdict, const char *origin)
{
    BnsRule *rule = g_new0(BnsRule, 1);

    rule->verdict = verdict;
    rule->origin = g_strdup(origin);
    rule->hosts = g_array_new(FALSE, FALSE, sizeof(BnsHostPattern));
    g_array_set_clear_func(rule->hosts, bns_host_pattern_clear);
    rule->ports = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    rule->methods = g_ptr_array_new_with_free_func(g_free);
    rule->paths = g_ptr_array_new_with_free_func((GDestroyNotify)bns_pattern_free);
    return rule;
}

void
bns_rule_free(BnsRule *rule)
{
    if (rule == NULL)
        return;
    g_array_unref(rule->hosts);
    g_array_unref(rule->ports);
    g_ptr_array_unref(rule->methods);
    g_ptr_array_unref(rule->paths);
    bns_conditions_free(rule->conditions);
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++)
        g_free(rule->cap_reasons[kind]);
    g_free(rule->origin);
    g_free(rule->reason);
    bns_identity_free(rule->identity);
    g_free(rule);
}

static bool
fail(GError **error, const char *what)
{
    g_set_error_literal(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID, what);
    return false;
}

static bool
fail_on(GError **error, const char *kind, const char *value, const char *why)
{
    g_autofree char *shown = bns_text_escape(value, -1);

    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID, "bad %s \"%s\": %s",
                kind, shown, why);
    return false;
}

bool
bns_rule_add_host(BnsRule *rule,
                  BnsHostPatternParser parser,
                  const char *text,
                  GError **error)
{
    BnsHostPattern pattern;

    if (!parser(text, &pattern, error))
        return false;
    g_array_append_val(rule->hosts, pattern);
    return true;
}

bool
bns_rule_add_port(BnsRule *rule, const char *digits, GError **error)
{
    guint64 number;
    uint16_t port;

    if (digits[0] == '0' ||
        !g_ascii_string_to_unsigned(digits, 10, 1, UINT16_MAX, &number, NULL))
        return fail_on(error, "port", digits, "write a number from 1 to 65535");
    port = (uint16_t)number;
    g_array_append_val(rule->ports, port);
    return true;
}

bool
bns_rule_add_method(BnsRule *rule, const char *token, GError **error)
{
    if (!bns_token_is_valid(token, strlen(token)))
        return fail_on(error, "method", token, "write a word such as GET");
    g_ptr_array_add(rule->methods, g_strdup(token));
    return true;
}

bool
bns_rule_add_path(BnsRule *rule, const char *pattern, GError **error)
{
    BnsPattern *path = bns_pattern_new(pattern, error);

    if (path != NULL)
        g_ptr_array_add(rule->paths, path);
    return path != NULL;
}

bool
bns_rule_set_scheme(BnsRule *rule, const char *name, GError **error)
{
    for (BnsScheme scheme = 0; scheme < BNS_N_SCHEMES; scheme++)
        if (scheme != BNS_SCHEME_TLS && strcmp(name, bns_scheme_name(scheme)) == 0) {
            rule->schemes = BNS_SCHEME_BIT(scheme);
            return true;
        }
    return fail_on(error, "scheme", name, "write http, https or tcp");
}

BnsConditions *
bns_rule_need_conditions(BnsRule *rule)
{
    if (rule->conditions == NULL)
        rule->conditions = g_new0(BnsConditions, 1);
    return rule->conditions;
}

static bool
check_tcp(const BnsRule *rule, GError **error)
{
    if (rule->ports->len == 0)
        return fail(error, "a tcp rule needs a port: name it");
    if (bns_rule_is_about_requests(rule))
        return fail(error, "a tcp rule cannot have methods or a path: nothing is read "
                           "of an opaque flow: leave them out");
    return true;
}

static void
add_default_ports(GArray *ports, unsigned schemes)
{
    for (BnsScheme scheme = 0; scheme < G_N_ELEMENTS(default_ports); scheme++)
        if (schemes & BNS_SCHEME_BIT(scheme))
            g_array_append_val(ports, default_ports[scheme]);
}

static int
compare_ports(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* Both sort, and leave each one once; only when all are there, since a list may be as
 * long as a file. */
static void
sort_ports(GArray *ports)
{
    guint n = 0;

    g_array_sort(ports, compare_ports);
    for (guint i = 0; i < ports->len; i++) {
        uint16_t port = g_array_index(ports, uint16_t, i);

        if (n == 0 || port != g_array_index(ports, uint16_t, n - 1))
            g_array_index(ports, uint16_t, n++) = port;
    }
    g_array_set_size(ports, n);
}

static void
sort_methods(GPtrArray *methods)
{
    guint n = 0;

    g_ptr_array_sort(methods, bns_text_compare);
    for (guint i = 0; i < methods->len; i++) {
        void *method = methods->pdata[i];

        if (n > 0 && strcmp(method, methods->pdata[n - 1]) == 0)
            continue;
        methods->pdata[i] = methods->pdata[n];
        methods->pdata[n++] = method;
    }
    g_ptr_array_set_size(methods, (gint)n);
}

static void
complete_caps(BnsRule *rule)
{
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++) {
        BnsCap *cap = &rule->caps[kind];

        if (!cap->is_set)
            continue;
        g_free(rule->cap_reasons[kind]);
        rule->cap_reasons[kind] = bns_cap_reason(kind, cap->bytes);
        cap->reason = rule->cap_reasons[kind];
        cap->rule = rule->origin;
    }
}

bool
bns_rule_complete(BnsRule *rule, GError **error)
{
    bool is_allow = rule->verdict == BNS_VERDICT_ALLOW;

    if (rule->hosts->len == 0)
        return fail(error, "a rule needs a host");
    if (rule->is_private && !is_allow)
        return fail(error, "private: is for allow rules: leave it out");
    if (rule->schemes == BNS_SCHEME_BIT(BNS_SCHEME_TCP) && !check_tcp(rule, error))
        return false;
    if (rule->schemes == 0)
        rule->schemes = is_allow ? BNS_SCHEMES_HTTP : BNS_SCHEMES_ALL;
    if (is_allow && !rule->is_coder && rule->ports->len == 0)
        add_default_ports(rule->ports, rule->schemes);
    sort_ports(rule->ports);
    sort_methods(rule->methods);
    complete_caps(rule);
    return true;
}

bool
bns_rule_path_is_prefix_length(const char *path)
{
    guint64 length;

    return path[0] == '/' &&
           g_ascii_string_to_unsigned(path + 1, 10, 0, 32, &length, NULL);
}

bool
bns_rule_has_default_ports(const BnsRule *rule)
{
    g_autoptr(GArray) ports = NULL;

    if (rule->ports->len == 0)
        return true;
    if (rule->verdict == BNS_VERDICT_DENY)
        return false;
    ports = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    add_default_ports(ports, rule->schemes);
    sort_ports(ports);
    return bns_ports_equal(rule->ports, ports);
}

bool
bns_ports_equal(const GArray *a, const GArray *b)
{
    return a->len == b->len &&
           (a->len == 0 || memcmp(a->data, b->data, a->len * sizeof(uint16_t)) == 0);
}

bool
bns_rule_has_port(const BnsRule *rule, uint16_t port)
{
    for (guint i = 0; i < rule->ports->len; i++)
        if (g_array_index(rule->ports, uint16_t, i) == port)
            return true;
    return rule->ports->len == 0;
}

bool
bns_rule_has_method(const BnsRule *rule, const char *method)
{
    /* Methods are case-sensitive, but some servers take "post" for POST: a deny means
     * both. */
    int (*compare)(const char *, const char *) =
        rule->verdict == BNS_VERDICT_DENY ? g_ascii_strcasecmp : strcmp;

    for (guint i = 0; i < rule->methods->len; i++)
        if (compare(rule->methods->pdata[i], method) == 0)
            return true;
    return rule->methods->len == 0;
}

bool
bns_rule_denies_scheme(const BnsRule *rule, BnsScheme scheme)
{
    /* What a rule denies inside a flow cannot be seen in one that is not read: an opaque
     * one may be anything, a sealed one anything inside TLS. */
    if (scheme == BNS_SCHEME_TCP)
        return true;
    if (scheme == BNS_SCHEME_TLS)
        return (rule->schemes & ~BNS_SCHEME_BIT(BNS_SCHEME_HTTP)) != 0;
    return (rule->schemes & BNS_SCHEME_BIT(scheme)) != 0;
}

bool
bns_rule_is_about_requests(const BnsRule *rule)
{
    return rule->methods->len > 0 || rule->paths->len > 0 || rule->conditions != NULL ||
           rule->caps[BNS_CAP_REQUEST].is_set;
}

bool
bns_rule_is_network(const BnsRule *rule)
{
    return g_array_index(rule->hosts, BnsHostPattern, 0).kind ==
           BNS_HOST_PATTERN_NETWORK;
}

bool
bns_rule_lifts_guard(const BnsRule *rule)
{
    /* The literal that a cidr rule matched is the address that is dialled. */
    return rule->is_private || bns_rule_is_network(rule);
}

char *
bns_rule_place(const BnsRule *rule)
{
    g_autofree char *origin = bns_text_escape(rule->origin, -1);

    return rule->column > 0 ? g_strdup_printf("%s:%u", origin, rule->column)
                            : g_steal_pointer(&origin);
}
