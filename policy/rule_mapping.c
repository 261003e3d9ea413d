/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule_mapping.h"
#include "base/text.h"
#include "policy/policy_private.h"
#include "policy/value.h"

#include <arpa/inet.h>
#include <string.h>

typedef struct {
    const char *file;
    GPtrArray *notices; /* borrowed, of owned lines */
    BnsRule *rule;
    const BnsYaml *domain; /* where they are; NULL: not given */
    const BnsYaml *cidr;
    const BnsYaml *port;
    const BnsYaml *scheme;
    const BnsYaml *inspect;
    const BnsYaml *client_cert;
    const BnsYaml *client_key;
    const BnsYaml *conditions[BNS_N_CONDITIONS];
    const BnsYaml *caps[BNS_N_CAPS];
    bool is_tcp;
    bool is_inspected; /* inspect */
} Reader;

/* Puts the place of @node before what is wrong. Returns: @is_fine. */
static bool
place(bool is_fine, const Reader *reader, const BnsYaml *node, GError **error)
{
    if (!is_fine) {
        g_autofree char *shown = bns_text_escape(reader->file, -1);

        g_prefix_error(error, "%s:%u:%u: ", shown, node->line, node->column);
    }
    return is_fine;
}

static bool
read_one_domain(void *data, const BnsYaml *item, GError **error)
{
    Reader *reader = data;
    g_autofree char *bracketed = NULL;
    struct in6_addr ipv6;
    const char *text;

    if (!bns_value_string(reader->file, item, "domain", &text, error))
        return false;
    /* A bare one can be meant only so. */
    if (inet_pton(AF_INET6, text, &ipv6) == 1)
        text = bracketed = g_strdup_printf("[%s]", text);
    return place(bns_rule_add_host(reader->rule, bns_host_pattern_parse, text, error),
                 reader, item, error);
}

static bool
read_domain(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    reader->domain = value;
    return bns_value_each(reader->file, value, "domain", read_one_domain, data, error);
}

static bool
read_cidr(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text;

    reader->cidr = value;
    return bns_value_string(reader->file, value, "cidr", &text, error) &&
           place(bns_rule_add_host(reader->rule, bns_host_pattern_parse_cidr, text,
                                   error),
                 reader, value, error);
}

static bool
read_one_port(void *data, const BnsYaml *item, GError **error)
{
    Reader *reader = data;
    const char *digits;

    return bns_value_digits(reader->file, item, "port", &digits, error) &&
           place(bns_rule_add_port(reader->rule, digits, error), reader, item, error);
}

static bool
read_ports(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    if (reader->port != NULL)
        return bns_yaml_fail(error, reader->file, value,
                             "both port: and ports: write one list");
    reader->port = value;
    return bns_value_each(reader->file, value, "ports", read_one_port, data, error);
}

static bool
read_one_method(void *data, const BnsYaml *item, GError **error)
{
    Reader *reader = data;
    g_autofree char *upper = NULL;
    const char *text;

    if (!bns_value_string(reader->file, item, "methods", &text, error))
        return false;
    upper = g_ascii_strup(text, -1);
    if (strcmp(text, "*") == 0)
        return bns_yaml_fail(error, reader->file, item,
                             "for any method leave methods: out");
    if (!bns_rule_add_method(reader->rule, text, error))
        return place(false, reader, item, error);
    if (strcmp(text, upper) != 0)
        return bns_yaml_fail(error, reader->file, item,
                             "methods are upper-case: write %s", upper);
    return true;
}

static bool
read_methods(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_value_each(reader->file, value, "methods", read_one_method, data, error);
}

static bool
read_one_path(void *data, const BnsYaml *item, GError **error)
{
    Reader *reader = data;
    const char *text;

    return bns_value_string(reader->file, item, "path", &text, error) &&
           place(bns_rule_add_path(reader->rule, text, error), reader, item, error);
}

static bool
read_path(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_value_each(reader->file, value, "path", read_one_path, data, error);
}

static bool
read_scheme(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text;

    reader->scheme = value;
    if (!bns_value_string(reader->file, value, "scheme", &text, error))
        return false;
    if (strcmp(text, "tcp") == 0)
        return bns_yaml_fail(error, reader->file, value,
                             "for an opaque flow write protocol: tcp");
    return place(bns_rule_set_scheme(reader->rule, text, error), reader, value, error);
}

static bool
read_protocol(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text = bns_value_word(value);

    reader->is_tcp = strcmp(text, "tcp") == 0;
    if (!reader->is_tcp && strcmp(text, "http") != 0)
        return bns_yaml_fail(error, reader->file, value,
                             "protocol: must be http or tcp");
    return true;
}

static bool
read_reason(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text;

    if (!bns_value_line(reader->file, value, "reason", &text, error))
        return false;
    reader->rule->reason = g_strdup(text);
    return true;
}

static bool
read_private(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_value_boolean(reader->file, value, "private", &reader->rule->is_private,
                             error);
}

static bool
read_inspect(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    reader->inspect = value;
    return bns_value_boolean(reader->file, value, "inspect", &reader->is_inspected,
                             error);
}

static bool
read_client_cert(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *name;

    reader->client_cert = value;
    return bns_value_string(reader->file, value, "client_cert", &name, error);
}

static bool
read_client_key(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *name;

    reader->client_key = value;
    return bns_value_string(reader->file, value, "client_key", &name, error);
}

static bool
read_condition(Reader *reader,
               BnsCondition condition,
               const BnsYaml *value,
               GError **error)
{
    reader->conditions[condition] = value;
    return bns_conditions_read(bns_rule_need_conditions(reader->rule), condition,
                               reader->file, value, error);
}

static bool
read_query(void *data, const BnsYaml *value, GError **error)
{
    return read_condition(data, BNS_CONDITION_QUERY, value, error);
}

static bool
read_headers(void *data, const BnsYaml *value, GError **error)
{
    return read_condition(data, BNS_CONDITION_HEADERS, value, error);
}

static bool
read_content_type(void *data, const BnsYaml *value, GError **error)
{
    return read_condition(data, BNS_CONDITION_CONTENT_TYPE, value, error);
}

static bool
read_cap(Reader *reader, BnsCapKind kind, const BnsYaml *value, GError **error)
{
    reader->caps[kind] = value;
    return bns_cap_read(&reader->rule->caps[kind], kind, reader->file, value, error);
}

static bool
read_max_request_bytes(void *data, const BnsYaml *value, GError **error)
{
    return read_cap(data, BNS_CAP_REQUEST, value, error);
}

static bool
read_max_session_bytes(void *data, const BnsYaml *value, GError **error)
{
    return read_cap(data, BNS_CAP_SESSION, value, error);
}

static const BnsValueKey keys[] = {
    { "domain", read_domain },
    { "cidr", read_cidr },
    { "scheme", read_scheme },
    { "port", read_ports },
    { "ports", read_ports },
    { "methods", read_methods },
    { "path", read_path },
    { "query", read_query },
    { "headers", read_headers },
    { "content_type", read_content_type },
    { "max_request_bytes", read_max_request_bytes },
    { "max_session_bytes", read_max_session_bytes },
    { "protocol", read_protocol },
    { "reason", read_reason },
    { "private", read_private },
    { "inspect", read_inspect },
    { "client_cert", read_client_cert },
    { "client_key", read_client_key },
    { NULL, NULL },
};

/* A sealed rule is one for TLS alone. What it says about requests could be checked by
 * nobody: it then allows nothing, rather than more than it says. */
static bool
seal(Reader *reader, GError **error)
{
    BnsRule *rule = reader->rule;
    g_autofree char *file = NULL;

    if (rule->verdict != BNS_VERDICT_ALLOW)
        return bns_yaml_fail(error, reader->file, reader->inspect,
                             "inspect: is for allow rules: leave it out");
    if (reader->is_tcp)
        return bns_yaml_fail(
            error, reader->file, reader->inspect,
            "inspect: is for protocol: http; tcp is never inspected: leave it out");
    if (reader->is_inspected)
        return true;
    if (rule->schemes == BNS_SCHEME_BIT(BNS_SCHEME_HTTP))
        return bns_yaml_fail(error, reader->file, reader->inspect,
                             "inspect: false is for TLS, which scheme: http is not: "
                             "leave one of them out");
    rule->schemes = BNS_SCHEME_BIT(BNS_SCHEME_TLS);
    if (!bns_rule_is_about_requests(rule))
        return true;
    file = bns_text_escape(reader->file, -1);
    g_ptr_array_add(reader->notices,
                    g_strdup_printf("%s:%u: a rule with inspect: false and methods or "
                                    "path allows nothing: they cannot be seen in a "
                                    "flow that is not inspected",
                                    file, reader->inspect->line));
    return true;
}

/* Returns: (transfer full): the file that @value names, absolute, or %NULL. */
static char *
read_file_name(const Reader *reader, const BnsYaml *value, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(reader->file);
    g_autofree char *path = NULL;

    if (*value->text != '\0')
        path = bns_policy_resolve_name(folder, value->text);
    /* Below a home directory with an odd name, say. */
    if (path == NULL || !g_utf8_validate(path, -1, NULL)) {
        bns_yaml_fail(error, reader->file, value,
                      "not the name of a file: write a path");
        return NULL;
    }
    return g_steal_pointer(&path);
}

/* Why the rule cannot have a client certificate, or NULL. */
static const char *
refuse_identity(const Reader *reader)
{
    if (reader->client_cert == NULL)
        return "client_key: needs client_cert:";
    if (reader->rule->verdict != BNS_VERDICT_ALLOW)
        return "client_cert: is for allow rules: leave it out";
    if (reader->is_tcp || reader->rule->schemes == BNS_SCHEME_BIT(BNS_SCHEME_TLS))
        return "client_cert: is for flows that are inspected: leave it out, in others "
               "the "
               "command shows its own";
    if (reader->rule->schemes == BNS_SCHEME_BIT(BNS_SCHEME_HTTP))
        return "client_cert: is for TLS, which scheme: http is not: leave one of them "
               "out";
    return NULL;
}

static bool
identify(Reader *reader, GError **error)
{
    const BnsYaml *cert = reader->client_cert;
    const BnsYaml *key = reader->client_key != NULL ? reader->client_key : cert;
    g_autoptr(BnsIdentity) identity = g_new0(BnsIdentity, 1);
    const char *refusal = refuse_identity(reader);
    g_autofree char *file = bns_text_escape(reader->file, -1);

    if (refusal != NULL)
        return bns_yaml_fail(error, reader->file, cert != NULL ? cert : key, "%s",
                             refusal);
    identity->cert_file = read_file_name(reader, cert, error);
    if (identity->cert_file == NULL)
        return false;
    identity->key_file = read_file_name(reader, key, error);
    if (identity->key_file == NULL)
        return false;
    identity->cert_place = g_strdup_printf("%s:%u:%u", file, cert->line, cert->column);
    identity->key_place = g_strdup_printf("%s:%u:%u", file, key->line, key->column);
    reader->rule->identity = g_steal_pointer(&identity);
    return true;
}

/* Nothing is read of the flows of such a rule. */
static bool
check_unread(const Reader *reader, GError **error)
{
    const char *kind =
        reader->is_tcp ? "tcp, of which nothing is read" : "TLS that is not inspected";

    if (!reader->is_tcp && reader->rule->schemes != BNS_SCHEME_BIT(BNS_SCHEME_TLS))
        return true;
    for (BnsCondition i = 0; i < BNS_N_CONDITIONS; i++)
        if (reader->conditions[i] != NULL)
            return bns_yaml_fail(error, reader->file, reader->conditions[i],
                                 "%s: is about requests, which cannot be seen in %s: "
                                 "leave it out",
                                 bns_condition_key(i), kind);
    if (reader->caps[BNS_CAP_REQUEST] != NULL)
        return bns_yaml_fail(error, reader->file, reader->caps[BNS_CAP_REQUEST],
                             "max_request_bytes: is about requests, which cannot be "
                             "seen in %s: write max_session_bytes:",
                             kind);
    return true;
}

static bool
check_caps(const Reader *reader, GError **error)
{
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++)
        if (reader->caps[kind] != NULL && reader->rule->verdict != BNS_VERDICT_ALLOW)
            return bns_yaml_fail(error, reader->file, reader->caps[kind],
                                 "%s: is for allow rules: write it in the rule that "
                                 "allows the host",
                                 bns_cap_key(kind));
    return true;
}

/* What only a whole rule shows. */
static bool
complete(Reader *reader, const BnsYaml *node, GError **error)
{
    if (reader->domain != NULL && reader->cidr != NULL)
        return bns_yaml_fail(error, reader->file, node,
                             "a rule has either domain: or cidr: write two rules");
    if (reader->domain == NULL && reader->cidr == NULL)
        return bns_yaml_fail(error, reader->file, node,
                             "a rule needs domain: or cidr:");
    if (reader->is_tcp && reader->scheme != NULL)
        return bns_yaml_fail(error, reader->file, reader->scheme,
                             "scheme: is for protocol: http: leave it out");
    if (reader->is_tcp)
        reader->rule->schemes = BNS_SCHEME_BIT(BNS_SCHEME_TCP);
    if (reader->inspect != NULL && !seal(reader, error))
        return false;
    if ((reader->client_cert != NULL || reader->client_key != NULL) &&
        !identify(reader, error))
        return false;
    return check_unread(reader, error) && check_caps(reader, error) &&
           place(bns_rule_complete(reader->rule, error), reader, node, error);
}

static bool
read_string(const Reader *reader,
            const BnsYaml *node,
            BnsRule **out_rule,
            GPtrArray *notices,
            GError **error)
{
    const BnsRule *empty = reader->rule;
    const char *text;

    if (!bns_value_string(reader->file, node, "a rule", &text, error))
        return false;
    *out_rule = bns_rule_parse(empty->verdict, empty->origin, text, notices, error);
    return place(*out_rule != NULL, reader, node, error);
}

BnsRule *
bns_rule_from_yaml(BnsVerdict verdict,
                   const char *file,
                   const BnsYaml *node,
                   GPtrArray *notices,
                   GError **error)
{
    g_autofree char *origin = g_strdup_printf("%s:%u", file, node->line);
    g_autoptr(BnsRule) rule = bns_rule_new(verdict, origin);
    Reader reader = { .file = file, .rule = rule, .notices = notices };

    if (node->kind != BNS_YAML_MAPPING) {
        BnsRule *parsed = NULL;

        if (read_string(&reader, node, &parsed, notices, error))
            parsed->column = node->column;
        return parsed;
    }
    rule->column = node->column;
    if (!bns_value_mapping(file, node, keys, &reader, error) ||
        !complete(&reader, node, error))
        return NULL;
    return g_steal_pointer(&rule);
}
