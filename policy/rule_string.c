/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The string form: [METHOD[,METHOD]... ] [SCHEME://]HOST[:PORT[,PORT]...][/PATH]
 */
#include "base/text.h"
#include "policy/rule.h"

#include <arpa/inet.h>
#include <string.h>

static bool
fail(GError **error, const char *what)
{
    g_set_error_literal(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID, what);
    return false;
}

/* Refuses what may stand in an URL but not in a rule, before it is taken for a bad host. */
static bool
check_text(const char *text, GError **error)
{
    for (const char *p = text; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e)
            return fail(error,
                        "only printable ASCII may be in a rule: write the A-label "
                        "(xn--...) of an international name, and %XX in a path");
    if (strchr(text, '?') != NULL)
        return fail(error, "a rule in string form has no query: leave out the ? and "
                           "what follows, or write a mapping with query:");
    if (strchr(text, '#') != NULL)
        return fail(error, "a rule has no fragment: leave out the # and what follows");
    return true;
}

static bool
parse_methods(BnsRule *rule, const char *text, GError **error)
{
    g_auto(GStrv) methods = g_strsplit(text, ",", -1);

    for (char **method = methods; *method != NULL; method++) {
        g_autofree char *upper = g_ascii_strup(*method, -1);

        if (strcmp(*method, "*") == 0)
            return fail(error, "for any method leave the methods out");
        if (!bns_rule_add_method(rule, *method, error))
            return false;
        if (strcmp(*method, upper) != 0) {
            g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                        "methods are upper-case: write %s, not %s", upper, *method);
            return false;
        }
    }
    return true;
}

static bool
parse_ports(BnsRule *rule, const char *text, GError **error)
{
    g_auto(GStrv) ports = g_strsplit(text, ",", -1);

    if (ports[0] == NULL)
        return bns_rule_add_port(rule, "", error);
    for (char **port = ports; *port != NULL; port++)
        if (!bns_rule_add_port(rule, *port, error))
            return false;
    return true;
}

/* HOST[:PORT[,PORT]...] */
static bool
parse_authority(BnsRule *rule, const char *text, GError **error)
{
    struct in6_addr ipv6;
    const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    const char *colon = strchr(bracket != NULL ? bracket : text, ':');
    g_autofree char *host =
        g_strndup(text, colon != NULL ? (size_t)(colon - text) : strlen(text));

    if (strchr(text, '@') != NULL)
        return fail(error, "a rule has no user name: leave out what is before the @");
    if (inet_pton(AF_INET6, text, &ipv6) == 1)
        return fail(error, "write an IPv6 address in brackets");
    return bns_rule_add_host(rule, bns_host_pattern_parse, host, error) &&
           (colon == NULL || parse_ports(rule, colon + 1, error));
}

/* [SCHEME://]AUTHORITY[/PATH] */
static bool
parse_target(BnsRule *rule, const char *text, GError **error)
{
    const char *slash = strchr(text, '/');
    g_autofree char *authority = NULL;

    /* Only a colon right before the first two slashes ends a scheme. */
    if (slash != NULL && slash > text && slash[-1] == ':' && slash[1] == '/') {
        g_autofree char *scheme = g_strndup(text, (size_t)(slash - 1 - text));

        if (!bns_rule_set_scheme(rule, scheme, error))
            return false;
        text = slash + 2;
        slash = strchr(text, '/');
    }
    authority = g_strndup(text, slash != NULL ? (size_t)(slash - text) : strlen(text));
    return parse_authority(rule, authority, error) &&
           (slash == NULL || bns_rule_add_path(rule, slash, error));
}

/* "10.0.0.0/8", all of it: hardly anybody means the path "/8" of the host 10.0.0.0. */
static bool
is_network(const BnsRule *rule, const char *text)
{
    const BnsHostPattern *host = &g_array_index(rule->hosts, BnsHostPattern, 0);

    return host->is_literal && host->network.address.is_ipv4 &&
           g_ascii_isdigit(text[0]) && rule->ports->len == 0 && rule->paths->len == 1 &&
           bns_rule_path_is_prefix_length(bns_pattern_text(rule->paths->pdata[0]));
}

static bool
parse(BnsRule *rule, const char *text, GError **error)
{
    const char *space = strchr(text, ' ');

    if (!check_text(text, error))
        return false;
    if (space != NULL) {
        g_autofree char *methods = g_strndup(text, (size_t)(space - text));

        if (space == text || space[1] == '\0' || strchr(space + 1, ' ') != NULL)
            return fail(error,
                        "a rule has one space at most: between methods and host");
        if (!parse_methods(rule, methods, error))
            return false;
    }
    if (!parse_target(rule, space != NULL ? space + 1 : text, error))
        return false;
    if (is_network(rule, text))
        return fail(error, "a network is written in a file as cidr:");
    return bns_rule_complete(rule, error);
}

static bool
is_coder_form(const char *text)
{
    return g_str_has_prefix(text, "method=") || g_str_has_prefix(text, "domain=") ||
           g_str_has_prefix(text, "path=");
}

BnsRule *
bns_rule_parse(BnsVerdict verdict,
               const char *origin,
               const char *text,
               GPtrArray *notices,
               GError **error)
{
    g_autoptr(BnsRule) rule = bns_rule_new(verdict, origin);
    g_autofree char *shown = NULL;

    if (*text == '\0') {
        fail(error, "an empty rule: for every host write *");
        return NULL;
    }
    if (is_coder_form(text) ? bns_rule_parse_coder(rule, text, notices, error)
                            : parse(rule, text, error))
        return g_steal_pointer(&rule);
    shown = bns_text_escape(text, -1);
    g_prefix_error(error, "rule \"%s\": ", shown);
    return NULL;
}
