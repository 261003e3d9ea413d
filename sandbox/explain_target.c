/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/explain_target.h"

#include "base/text.h"
#include "sandbox/options.h"

#include <string.h>

static bool
fail(GError **error, const char *text, const char *why)
{
    g_autofree char *shown = bns_text_escape(text, -1);

    g_set_error(error, BNS_OPTIONS_ERROR, BNS_OPTIONS_ERROR_COMMAND, "\"%s\" %s", shown,
                why);
    return false;
}

/* Sets the scheme; returns what follows it. NULL: a scheme that is none of ours. */
static const char *
take_scheme(const char *text, BnsExplainTarget *target, bool *out_named)
{
    const char *rest = strstr(text, "://");
    size_t len;

    *out_named = rest != NULL;
    target->scheme = BNS_SCHEME_HTTPS;
    if (rest == NULL)
        return text;
    len = (size_t)(rest - text);
    for (int scheme = 0; scheme < BNS_N_SCHEMES; scheme++) {
        const char *name = bns_scheme_name((BnsScheme)scheme);

        /* Whether TLS is sealed is the policy's affair: one asks for https. */
        if (scheme != BNS_SCHEME_TLS && strlen(name) == len &&
            g_ascii_strncasecmp(name, text, len) == 0) {
            target->scheme = (BnsScheme)scheme;
            return rest + 3;
        }
    }
    return NULL;
}

static uint16_t
default_port(BnsScheme scheme)
{
    return scheme == BNS_SCHEME_HTTP ? 80 : 443;
}

/* RFC 9110, section 5.6.2; what else stands in a method's place is likely another URL. */
static bool
is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(text[i]) && strchr("!#$%&'*+-.^_`|~", text[i]) == NULL)
            return false;
    return len > 0;
}

/* Hosts of one label are asked about by a URL: such a word is likelier a command's. */
static bool
is_bare_word(const char *text)
{
    return *text != '\0' && strpbrk(text, ".:/[") == NULL;
}

static bool
check_method(const char *method, GError **error)
{
    g_autofree char *upper = g_ascii_strup(method, -1);
    g_autofree char *why = NULL;

    if (!is_token(method, strlen(method)))
        return fail(error, method, "is no method");
    why = g_strdup_printf("is no method: write %s, or -- before a command", upper);
    return strcmp(method, upper) == 0 || fail(error, method, why);
}

static bool
take_request(const char *method, const char *path, BnsExplainTarget *target)
{
    size_t len = strcspn(path, "?");

    target->method = g_strdup(method != NULL ? method : "GET");
    target->path = len > 0 ? g_strndup(path, len) : g_strdup("/");
    if (path[len] == '?')
        target->query = g_strdup(path + len + 1);
    return true;
}

bool
bns_explain_target_parse(const char *method,
                         const char *text,
                         BnsExplainTarget *out_target,
                         GError **error)
{
    const char *authority, *path;
    bool named;

    memset(out_target, 0, sizeof(*out_target));
    if (method != NULL && !check_method(method, error))
        return false;
    if (is_bare_word(text))
        return fail(error, text,
                    "could be many things: write https:// before a host, ./ before a "
                    "file, -- before a command, a URL after a method");
    authority = take_scheme(text, out_target, &named);
    if (authority == NULL)
        return fail(error, text, "has a scheme other than http, https and tcp");
    path = authority + strcspn(authority, "/?#");
    if (strchr(path, '#') != NULL)
        return fail(error, text, "has a fragment, which no request has");
    if (!bns_host_split_port(authority, (size_t)(path - authority), &out_target->host,
                             &out_target->port))
        return fail(error, text, "names no valid host and port");
    if (!named && *path == '\0' && out_target->port != 0 && method == NULL)
        out_target->scheme = BNS_SCHEME_TCP;
    if (out_target->scheme != BNS_SCHEME_TCP) {
        if (out_target->port == 0)
            out_target->port = default_port(out_target->scheme);
        return take_request(method, path, out_target);
    }
    if (out_target->port == 0)
        return fail(error, text, "needs a port");
    if (*path != '\0' || method != NULL)
        return fail(error, text, "is tcp, which has no method or path");
    return true;
}

/* Returns: whether it is "NAME: VALUE", which is then *@out_field. */
static bool
parse_field(const char *text, BnsRequestField *out_field)
{
    size_t name_len = strcspn(text, ":");
    const char *value = text + name_len;
    size_t len;

    if (*value != ':' || !is_token(text, name_len))
        return false;
    value += 1 + strspn(value + 1, " \t");
    len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    for (size_t i = 0; i < len; i++)
        if (g_ascii_iscntrl(value[i]) && value[i] != '\t')
            return false;
    *out_field = (BnsRequestField){ text, name_len, value, len };
    return true;
}

bool
bns_explain_target_add_headers(BnsExplainTarget *target,
                               char *const *headers,
                               GError **error)
{
    if (*headers == NULL)
        return true;
    if (target->scheme == BNS_SCHEME_TCP)
        return fail(error, *headers, "is a field, which tcp does not have");
    target->fields = g_array_new(FALSE, FALSE, sizeof(BnsRequestField));
    for (; *headers != NULL; headers++) {
        BnsRequestField field;

        if (!parse_field(*headers, &field))
            return fail(error, *headers, "is no field: write 'NAME: VALUE'");
        g_array_append_val(target->fields, field);
        target->header.has_body |=
            field.name_len == strlen("content-type") &&
            g_ascii_strncasecmp(field.name, "content-type", field.name_len) == 0;
    }
    target->header.fields = (const BnsRequestField *)(const void *)target->fields->data;
    target->header.n_fields = target->fields->len;
    return true;
}

void
bns_explain_target_clear(BnsExplainTarget *target)
{
    g_clear_pointer(&target->method, g_free);
    g_clear_pointer(&target->path, g_free);
    g_clear_pointer(&target->query, g_free);
    g_clear_pointer(&target->fields, g_array_unref);
}
