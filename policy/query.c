/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/query.h"

#include <stdint.h>
#include <string.h>

/* --- the rule's --- */

static bool
has_escape(const char *text)
{
    for (const char *p = text; (p = strchr(p, '%')) != NULL; p++)
        if (g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2]))
            return true;
    return false;
}

static const char *
check_name(const char *name)
{
    if (*name == '\0')
        return "a parameter has a name: write it";
    if (strcmp(name, BNS_QUERY_OTHERS) == 0)
        return NULL;
    for (const char *p = name; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e)
            return "only printable ASCII is compared: leave it out";
    if (strchr(name, '*') != NULL)
        return "a * stands for all other parameters: write \"*\": false, or name one "
               "parameter";
    return has_escape(name) ? "names are compared decoded: write it without %XX" : NULL;
}

static const char *
check_glob(const char *glob)
{
    return has_escape(glob) ? "values are compared decoded: write it without %XX"
                            : NULL;
}

/* What is said of all others is that there are none. */
static bool
check_others(const char *file, const BnsYaml *value, GError **error)
{
    for (guint i = 0; i < value->children->len; i += 2) {
        const BnsYaml *name = value->children->pdata[i];
        const BnsYaml *said = value->children->pdata[i + 1];

        if (strcmp(name->text, BNS_QUERY_OTHERS) == 0 &&
            (said->kind != BNS_YAML_SCALAR || said->type != BNS_YAML_BOOLEAN ||
             g_ascii_tolower(said->text[0]) != 'f'))
            return bns_yaml_fail(error, file, said,
                                 "query.*: must be false, for no other parameters: or "
                                 "leave it out");
    }
    return true;
}

GPtrArray *
bns_query_read(const char *file, const BnsYaml *value, GError **error)
{
    g_autoptr(GPtrArray) expectations = NULL;

    if (value->kind == BNS_YAML_SCALAR && value->type == BNS_YAML_BOOLEAN &&
        g_ascii_tolower(value->text[0]) == 'f') {
        expectations = bns_expectations_new();
        bns_expectations_add_absent(expectations, BNS_QUERY_OTHERS);
        return g_steal_pointer(&expectations);
    }
    if (value->kind != BNS_YAML_MAPPING || value->children->len == 0) {
        bns_yaml_fail(error, file, value,
                      "query: must be false, for none, or a mapping from names of "
                      "parameters to values, as in { page: \"*\" }");
        return NULL;
    }
    if (!check_others(file, value, error))
        return NULL;
    return bns_expectations_read(file, value, "query", check_name, check_glob, error);
}

/* --- what can be read --- */

/* UTF-8, a byte at a time. */
typedef struct {
    unsigned left; /* bytes of the character still to come */
    uint32_t code;
    uint32_t least; /* that is written with so many bytes */
} Utf8;

static bool
begin_character(Utf8 *utf8, uint32_t byte)
{
    static const struct {
        uint32_t mask, lead, least;
    } rows[] = { { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };

    if (byte < 0x80)
        return byte >= 0x20 && byte != 0x7f;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if ((byte & rows[i].mask) == rows[i].lead) {
            *utf8 = (Utf8){ i + 1, byte & ~rows[i].mask, rows[i].least };
            return true;
        }
    return false;
}

static bool
add_byte(Utf8 *utf8, uint32_t byte)
{
    if (utf8->left == 0)
        return begin_character(utf8, byte);
    if ((byte & 0xc0) != 0x80)
        return false;
    utf8->code = utf8->code << 6 | (byte & 0x3f);
    return --utf8->left > 0 || (utf8->code >= utf8->least && utf8->code <= 0x10ffff &&
                                (utf8->code < 0xd800 || utf8->code > 0xdfff));
}

bool
bns_query_is_clear(const char *query)
{
    BnsText text = { query, query + strlen(query), true, false };
    Utf8 utf8 = { 0 };

    while (text.at < text.end) {
        bool is_escape = *text.at == '%';
        const char *before = text.at;

        if (*before < 0x21 || *before > 0x7e || *before == '#' ||
            !add_byte(&utf8, (uint32_t)bns_text_next(&text)) ||
            (is_escape && text.at == before + 1))
            return false;
    }
    return utf8.left == 0;
}

/* --- one reading --- */

typedef struct {
    const char *at; /* what is left; NULL: nothing */
    const char *separators;
    bool is_form;
} Reading;

typedef struct {
    BnsText name;
    BnsText value;
} Parameter;

static bool
next_parameter(Reading *reading, Parameter *out)
{
    while (reading->at != NULL && *reading->at != '\0') {
        const char *begin = reading->at;
        const char *end = begin + strcspn(begin, reading->separators);
        const char *equals = memchr(begin, '=', (size_t)(end - begin));

        reading->at = *end == '\0' ? end : end + 1;
        if (end == begin)
            continue;
        if (equals == NULL)
            equals = end;
        out->name = (BnsText){ begin, equals, true, reading->is_form };
        out->value = (BnsText){ equals + (equals < end), end, true, reading->is_form };
        return true;
    }
    return false;
}

static bool
is_named(const Parameter *parameter, const char *name)
{
    return bns_text_equals(parameter->name, name);
}

/* PHP's variables hold no "." and no blank, and of a bracket that is left open neither. */
static int
fold_name(int byte)
{
    if (byte == '.' || byte == ' ' || byte == '[')
        return '_';
    return byte < 0 ? byte : g_ascii_tolower((char)byte);
}

/* Whether some server takes the one for the other. */
static bool
is_named_like(const Parameter *parameter, const char *name)
{
    BnsText text = parameter->name;
    int byte;

    do
        byte = bns_text_next(&text);
    while (byte == ' ' && *name != ' ');
    for (; *name != '\0'; name++, byte = bns_text_next(&text))
        if (fold_name(byte) != fold_name((unsigned char)*name))
            return false;
    return byte == -1 || byte == '[';
}

static bool
has_value(const BnsExpectation *expectation, Reading reading, bool is_deny)
{
    BnsGlobFlags flags = is_deny ? BNS_GLOB_FOLD_CASE : 0;
    bool is_found = false;
    Parameter parameter;

    while (next_parameter(&reading, &parameter)) {
        if (!is_named_like(&parameter, expectation->name))
            continue;
        if (bns_expectation_accepts(expectation, parameter.value, flags) == is_deny)
            return is_deny;
        is_found |= is_named(&parameter, expectation->name);
    }
    return is_found && !is_deny;
}

static bool
is_absent(const BnsExpectation *expectation, Reading reading, bool is_deny)
{
    Parameter parameter;

    while (next_parameter(&reading, &parameter))
        if ((is_deny ? is_named : is_named_like)(&parameter, expectation->name))
            return false;
    return true;
}

static bool
is_mentioned(const GPtrArray *expectations, const Parameter *parameter, bool is_deny)
{
    for (guint i = 0; i < expectations->len; i++) {
        const BnsExpectation *expectation = expectations->pdata[i];

        if (strcmp(expectation->name, BNS_QUERY_OTHERS) != 0 &&
            (is_deny ? is_named_like : is_named)(parameter, expectation->name))
            return true;
    }
    return false;
}

static bool
has_no_others(const GPtrArray *expectations, Reading reading, bool is_deny)
{
    Parameter parameter;

    while (next_parameter(&reading, &parameter))
        if (!is_mentioned(expectations, &parameter, is_deny))
            return false;
    return true;
}

static bool
is_met(const GPtrArray *expectations,
       const BnsExpectation *expectation,
       Reading reading,
       bool is_deny)
{
    if (strcmp(expectation->name, BNS_QUERY_OTHERS) == 0)
        return has_no_others(expectations, reading, is_deny);
    if (expectation->is_absent)
        return is_absent(expectation, reading, is_deny);
    return has_value(expectation, reading, is_deny);
}

/* --- all of them --- */

/* In all readings, or for a deny in one. */
static bool
is_met_throughout(const GPtrArray *expectations,
                  const BnsExpectation *expectation,
                  const char *query,
                  bool is_deny)
{
    static const char *const separators[] = { "&", "&;" };
    bool has_semicolon = query != NULL && strchr(query, ';') != NULL;
    bool has_plus = query != NULL && strchr(query, '+') != NULL;

    for (int split = 0; split <= has_semicolon; split++)
        for (int form = 0; form <= has_plus; form++) {
            Reading reading = { query, separators[split], form != 0 };

            if (is_met(expectations, expectation, reading, is_deny) == is_deny)
                return is_deny;
        }
    return !is_deny;
}

bool
bns_query_matches(const GPtrArray *expectations, const char *query, bool is_deny)
{
    if (query != NULL && !bns_query_is_clear(query))
        return is_deny;
    for (guint i = 0; i < expectations->len; i++)
        if (!is_met_throughout(expectations, expectations->pdata[i], query, is_deny))
            return false;
    return true;
}

const char *
bns_query_find_miss(const GPtrArray *expectations, const char *query)
{
    if (query != NULL && !bns_query_is_clear(query))
        return NULL;
    for (guint i = 0; i < expectations->len; i++) {
        const BnsExpectation *expectation = expectations->pdata[i];

        if (!is_met_throughout(expectations, expectation, query, false))
            return expectation->name;
    }
    return NULL;
}
