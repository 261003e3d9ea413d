/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coder/boundary's form: "method=GET,POST domain=api.github.com path=/repos/x,/repos/x/y"
 *
 * Read as coder/boundary's rules engine reads it: ports do not matter, a path's trailing
 * slash is dropped, a `*` inside a segment is a star. Refused, because they would allow
 * more than they seem to: an empty rule, `path=`, a second `domain=` (whose labels would
 * be joined to the first's).
 */
#include "base/text.h"
#include "policy/rule.h"

#include <string.h>

typedef struct {
    BnsRule *rule;
    GPtrArray *notices; /* borrowed; NULL: not wanted */
    bool is_any_method;
} Reader;

static bool
fail(GError **error, const char *what)
{
    g_set_error_literal(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID, what);
    return false;
}

static bool
read_methods(Reader *reader, const char *value, GError **error)
{
    g_auto(GStrv) methods = g_strsplit(value, ",", -1);

    if (*value == '\0')
        return fail(error, "method= names no method: leave it out for any");
    for (char **method = methods; *method != NULL; method++) {
        /* A comma at the end is accepted there. */
        if (**method == '\0' && method > methods && method[1] == NULL)
            break;
        if (!bns_rule_add_method(reader->rule, *method, error))
            return false;
        reader->is_any_method |= strcmp(*method, "*") == 0;
    }
    return true;
}

static bool
read_domain(Reader *reader, const char *value, GError **error)
{
    if (reader->rule->hosts->len > 0)
        return fail(error, "a second domain=: write a rule for each");
    if (strchr(value, ':') != NULL)
        return fail(error, "domain= has no port and no IPv6 address: write HOST:PORT "
                           "or [ADDRESS] without domain=");
    return bns_rule_add_host(reader->rule, bns_host_pattern_parse_coder, value, error);
}

/* Returns: (transfer full): @path as a pattern of ours, or %NULL with @error. */
static char *
translate_path(const char *path, GError **error)
{
    g_autofree char *inner = g_strdup(path[0] == '/' ? path + 1 : path);
    g_auto(GStrv) segments = NULL;
    g_autoptr(GString) pattern = g_string_new(NULL);

    if (g_str_has_suffix(inner, "/"))
        inner[strlen(inner) - 1] = '\0';
    segments = g_strsplit(inner, "/", -1);
    for (char **segment = segments; *segment != NULL; segment++) {
        g_autoptr(GString) literal = g_string_new(*segment);

        if (**segment == '*' && strcmp(*segment, "*") != 0) {
            fail(error, "a * in path= must be a whole segment: write /a/*");
            return NULL;
        }
        if (strcmp(*segment, "*") != 0)
            g_string_replace(literal, "*", "%2A", 0);
        g_string_append_printf(pattern, "/%s", literal->str);
    }
    return g_strdup(pattern->len > 0 ? pattern->str : "/");
}

static void
add_notice(const Reader *reader, const char *what)
{
    g_autofree char *origin = bns_text_escape(reader->rule->origin, -1);

    if (reader->notices != NULL)
        g_ptr_array_add(reader->notices, g_strdup_printf("%s: %s", origin, what));
}

static bool
read_paths(Reader *reader, const char *value, GError **error)
{
    g_auto(GStrv) paths = g_strsplit(value, ",", -1);

    if (*value == '\0')
        return fail(error, "path= is empty: leave it out for every path");
    for (char **path = paths; *path != NULL; path++) {
        g_autofree char *pattern = translate_path(*path, error);

        if (**path == '\0')
            return fail(error, "path= has an empty path in it: remove a comma");
        if (pattern == NULL || !bns_rule_add_path(reader->rule, pattern, error))
            return false;
        if (strcmp(*path, "/") == 0)
            add_notice(reader, "path=/ means the path / alone, not every path");
    }
    return true;
}

static bool
read_pair(Reader *reader, const char *pair, GError **error)
{
    if (g_str_has_prefix(pair, "method="))
        return read_methods(reader, pair + strlen("method="), error);
    if (g_str_has_prefix(pair, "domain="))
        return read_domain(reader, pair + strlen("domain="), error);
    if (g_str_has_prefix(pair, "path="))
        return read_paths(reader, pair + strlen("path="), error);
    return fail(error, "only method=, domain= and path=, with blanks between them");
}

bool
bns_rule_parse_coder(BnsRule *rule,
                     const char *text,
                     GPtrArray *notices,
                     GError **error)
{
    g_auto(GStrv) pairs = g_strsplit_set(text, " \t\n", -1);
    Reader reader = { .rule = rule, .notices = notices };

    for (char **pair = pairs; *pair != NULL; pair++)
        if (**pair != '\0' && !read_pair(&reader, *pair, error))
            return false;
    if (reader.is_any_method)
        g_ptr_array_set_size(rule->methods, 0);
    if (rule->hosts->len == 0 &&
        !bns_rule_add_host(rule, bns_host_pattern_parse, "*", error))
        return false;
    rule->is_coder = true;
    return bns_rule_complete(rule, error);
}
