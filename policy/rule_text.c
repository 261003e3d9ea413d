/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical form of a rule: what `check` shows, and what the digest is made of.
 * Reading it again gives the same rule.
 */
#include "policy/rule.h"
#include "policy/size.h"
#include "policy/yaml.h"

#include <string.h>

/* "http", "https" or "tcp" if it is for that alone, else NULL. */
static const char *
only_scheme(const BnsRule *rule)
{
    for (BnsScheme scheme = 0; scheme < BNS_N_SCHEMES; scheme++)
        if (rule->schemes == BNS_SCHEME_BIT(scheme))
            return bns_scheme_name(scheme);
    return NULL;
}

static void
append_list(GString *text, const GPtrArray *strings)
{
    for (guint i = 0; i < strings->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "," : "",
                               (const char *)strings->pdata[i]);
}

static void
append_ports(GString *text, const BnsRule *rule, const char *separator)
{
    for (guint i = 0; i < rule->ports->len; i++)
        g_string_append_printf(text, "%s%u", i > 0 ? separator : "",
                               g_array_index(rule->ports, uint16_t, i));
}

static const BnsHostPattern *
first_host(const BnsRule *rule)
{
    return &g_array_index(rule->hosts, BnsHostPattern, 0);
}

/* Whether a method is none that the string form takes: "get" or "A#B", which are tokens
 * all the same. */
static bool
has_odd_method(const BnsRule *rule)
{
    for (guint i = 0; i < rule->methods->len; i++)
        for (const char *p = rule->methods->pdata[i]; *p != '\0'; p++)
            if (!g_ascii_isupper(*p) && *p != '-')
                return true;
    return false;
}

static bool
is_coder_only(const BnsRule *rule)
{
    return first_host(rule)->kind == BNS_HOST_PATTERN_LABELS ||
           (rule->is_coder &&
            (rule->verdict == BNS_VERDICT_ALLOW || has_odd_method(rule)));
}

/* Whether the string form would be taken for a network. */
static bool
looks_like_network(const BnsRule *rule)
{
    return first_host(rule)->is_literal && rule->paths->len == 1 &&
           rule->methods->len == 0 && bns_rule_has_default_ports(rule) &&
           bns_rule_path_is_prefix_length(bns_pattern_text(rule->paths->pdata[0]));
}

static char *
to_coder_form(const BnsRule *rule)
{
    GString *text = g_string_new(NULL);
    g_autofree char *host = bns_host_pattern_to_string(first_host(rule));

    if (rule->methods->len > 0) {
        g_string_append(text, "method=");
        append_list(text, rule->methods);
        g_string_append_c(text, ' ');
    }
    g_string_append_printf(text, "domain=%s", host);
    for (guint i = 0; i < rule->paths->len; i++) {
        const char *path = bns_pattern_text(rule->paths->pdata[i]);
        bool has_slash = path[1] != '\0' && g_str_has_suffix(path, "/");

        /* The last slash is dropped when it is read. */
        g_string_append_printf(text, "%s%s%s", i > 0 ? "," : " path=", path,
                               has_slash ? "/" : "");
    }
    return g_string_free(text, FALSE);
}

static char *
to_string_form(const BnsRule *rule)
{
    GString *text = g_string_new(NULL);
    const char *scheme = only_scheme(rule);
    g_autofree char *host = bns_host_pattern_to_string(first_host(rule));

    append_list(text, rule->methods);
    if (rule->methods->len > 0)
        g_string_append_c(text, ' ');
    if (scheme != NULL)
        g_string_append_printf(text, "%s://", scheme);
    g_string_append(text, host);
    if (!bns_rule_has_default_ports(rule)) {
        g_string_append_c(text, ':');
        append_ports(text, rule, ",");
    }
    if (rule->paths->len > 0)
        g_string_append(text, bns_pattern_text(rule->paths->pdata[0]));
    return g_string_free(text, FALSE);
}

/* Appends `, KEY: VALUE` or `, KEY: [VALUE, VALUE]`. */
static void
append_key(GString *text, const char *key, const GPtrArray *values)
{
    bool is_list = values->len > 1;

    g_string_append_printf(text, "%s%s: %s", text->len > 2 ? ", " : "", key,
                           is_list ? "[" : "");
    for (guint i = 0; i < values->len; i++) {
        g_autofree char *quoted = bns_yaml_quote(values->pdata[i]);

        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", quoted);
    }
    g_string_append(text, is_list ? "]" : "");
}

static void
append_hosts(GString *text, const BnsRule *rule)
{
    bool is_network = first_host(rule)->kind == BNS_HOST_PATTERN_NETWORK;
    g_autoptr(GPtrArray) hosts = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < rule->hosts->len; i++)
        g_ptr_array_add(hosts, bns_host_pattern_to_string(
                                   &g_array_index(rule->hosts, BnsHostPattern, i)));
    append_key(text, is_network ? "cidr" : "domain", hosts);
}

static void
append_paths(GString *text, const BnsRule *rule)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < rule->paths->len; i++)
        g_ptr_array_add(paths, g_strdup(bns_pattern_text(rule->paths->pdata[i])));
    append_key(text, "path", paths);
}

/* A file's name, valid UTF-8, as bytes that any terminal shows. */
static void
append_file(GString *text, const char *key, const char *name)
{
    g_autofree char *quoted = bns_yaml_quote_double(name);

    g_string_append_printf(text, ", %s: %s", key, quoted);
}

static void
append_identity(GString *text, const BnsIdentity *identity)
{
    append_file(text, "client_cert", identity->cert_file);
    if (strcmp(identity->cert_file, identity->key_file) != 0)
        append_file(text, "client_key", identity->key_file);
}

static void
append_caps(GString *text, const BnsRule *rule)
{
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++) {
        g_autofree char *size = bns_size_to_string(rule->caps[kind].bytes);

        if (rule->caps[kind].is_set)
            g_string_append_printf(text, ", %s: %s", bns_cap_key(kind), size);
    }
}

/* Whether it has what the other forms have no words for. */
static bool
has_mapping_keys(const BnsRule *rule)
{
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++)
        if (rule->caps[kind].is_set)
            return true;
    return rule->is_private || rule->identity != NULL || rule->conditions != NULL ||
           rule->schemes == BNS_SCHEME_BIT(BNS_SCHEME_TLS);
}

static char *
to_mapping_form(const BnsRule *rule)
{
    GString *text = g_string_new("{ ");
    const char *scheme = only_scheme(rule);

    append_hosts(text, rule);
    if (!bns_rule_has_default_ports(rule)) {
        g_string_append(text, rule->ports->len > 1 ? ", ports: [" : ", port: ");
        append_ports(text, rule, ", ");
        g_string_append(text, rule->ports->len > 1 ? "]" : "");
    }
    if (rule->methods->len > 0)
        append_key(text, "methods", rule->methods);
    if (rule->paths->len > 0)
        append_paths(text, rule);
    if (rule->schemes == BNS_SCHEME_BIT(BNS_SCHEME_TCP))
        g_string_append(text, ", protocol: tcp");
    else if (rule->schemes == BNS_SCHEME_BIT(BNS_SCHEME_TLS))
        g_string_append(text, ", inspect: false");
    else if (scheme != NULL)
        g_string_append_printf(text, ", scheme: %s", scheme);
    if (rule->conditions != NULL)
        bns_conditions_append(text, rule->conditions);
    append_caps(text, rule);
    if (rule->is_private)
        g_string_append(text, ", private: true");
    if (rule->identity != NULL)
        append_identity(text, rule->identity);
    g_string_append(text, " }");
    return g_string_free(text, FALSE);
}

char *
bns_rule_to_string(const BnsRule *rule)
{
    if (is_coder_only(rule))
        return to_coder_form(rule);
    if (rule->hosts->len > 1 || rule->paths->len > 1 || has_mapping_keys(rule) ||
        first_host(rule)->kind == BNS_HOST_PATTERN_NETWORK ||
        looks_like_network(rule) || has_odd_method(rule))
        return to_mapping_form(rule);
    return to_string_form(rule);
}
