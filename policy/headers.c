/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/headers.h"

#include "base/token.h"

#include <string.h>

/* --- the rule's --- */

/* Fields that have a key of their own, or that do not go on to the origin as they came. */
static const struct {
    const char *name;
    const char *advice;
} not_here[] = {
    { "host", "the host is a key of its own: write domain:" },
    { "content-type", "media types are a key of their own: write content_type:" },
    { "content-length", "sizes are a key of their own: write max_request_bytes:" },
    { "transfer-encoding", "it is this connection's alone: leave it out" },
    { "connection", "it is this connection's alone: leave it out" },
    { "keep-alive", "it is this connection's alone: leave it out" },
    { "proxy-connection", "it is this connection's alone: leave it out" },
    { "te", "it is this connection's alone: leave it out" },
    { "trailer", "it is this connection's alone: leave it out" },
    { "upgrade", "it is this connection's alone: leave it out" },
};

static const char *
check_name(const char *name)
{
    if (*name == ':')
        return "pseudo-headers are keys of their own: write domain:, methods: or path:";
    if (strchr(name, '*') != NULL)
        return "names have no *: name each field";
    if (!bns_token_is_valid(name, strlen(name)))
        return "not the name of a header field: write one such as x-api-version";
    for (size_t i = 0; i < G_N_ELEMENTS(not_here); i++)
        if (g_ascii_strcasecmp(name, not_here[i].name) == 0)
            return not_here[i].advice;
    for (const char *p = name; *p != '\0'; p++)
        if (g_ascii_isupper(*p))
            return "write the name in lower case: any case matches";
    return NULL;
}

static const char *
check_glob(const char *glob)
{
    size_t len = strlen(glob);

    return len > 0 && (glob[0] == ' ' || glob[len - 1] == ' ')
               ? "values are compared without blanks around them: leave them out"
               : NULL;
}

GPtrArray *
bns_headers_read(const char *file, const BnsYaml *value, GError **error)
{
    return bns_expectations_read(file, value, "headers", check_name, check_glob, error);
}

/* --- a request's --- */

static BnsText
value_of(const BnsRequestField *field)
{
    return (BnsText){ field->value, field->value + field->value_len, false, false };
}

static bool
is_named(const BnsRequestField *field, const char *name)
{
    return strlen(name) == field->name_len &&
           g_ascii_strncasecmp(name, field->name, field->name_len) == 0;
}

/* Whether some server takes the one for the other. */
static bool
is_named_like(const BnsRequestField *field, const char *name)
{
    if (strlen(name) != field->name_len)
        return false;
    for (size_t i = 0; i < field->name_len; i++) {
        char a = g_ascii_tolower(field->name[i]);
        char b = g_ascii_tolower(name[i]);

        if ((a == '_' ? '-' : a) != (b == '_' ? '-' : b))
            return false;
    }
    return true;
}

/* Of a list that may be in one field or in several. */
static bool
accepts_element(const BnsExpectation *expectation, BnsText value)
{
    for (;;) {
        const char *comma = memchr(value.at, ',', (size_t)(value.end - value.at));
        BnsText element = { value.at, comma != NULL ? comma : value.end, false, false };

        while (element.at < element.end && g_ascii_isspace(*element.at))
            element.at++;
        while (element.at < element.end && g_ascii_isspace(element.end[-1]))
            element.end--;
        if (bns_expectation_accepts(expectation, element, BNS_GLOB_FOLD_CASE))
            return true;
        if (comma == NULL)
            return false;
        value.at = comma + 1;
    }
}

/* Where an allow rule's star stood for a comma too, another element could hide in it. */
static bool
accepts(const BnsExpectation *expectation, const BnsRequestField *field, bool is_deny)
{
    BnsText value = value_of(field);

    if (!is_deny)
        return bns_expectation_accepts(expectation, value, BNS_GLOB_NO_COMMA);
    return bns_expectation_accepts(expectation, value, BNS_GLOB_FOLD_CASE) ||
           accepts_element(expectation, value);
}

static bool
has_value(const BnsExpectation *expectation,
          const BnsRequestHeader *header,
          bool is_deny)
{
    bool is_found = false;

    for (size_t i = 0; i < header->n_fields; i++) {
        const BnsRequestField *field = &header->fields[i];

        if (!is_named_like(field, expectation->name))
            continue;
        if (accepts(expectation, field, is_deny) == is_deny)
            return is_deny;
        is_found |= is_named(field, expectation->name);
    }
    return is_found && !is_deny;
}

static bool
is_absent(const BnsExpectation *expectation,
          const BnsRequestHeader *header,
          bool is_deny)
{
    for (size_t i = 0; i < header->n_fields; i++)
        if ((is_deny ? is_named : is_named_like)(&header->fields[i], expectation->name))
            return false;
    return true;
}

static bool
is_met(const BnsExpectation *expectation, const BnsRequestHeader *header, bool is_deny)
{
    return (expectation->is_absent ? is_absent : has_value)(expectation, header,
                                                            is_deny);
}

bool
bns_headers_match(const GPtrArray *expectations,
                  const BnsRequestHeader *header,
                  bool is_deny)
{
    for (guint i = 0; i < expectations->len; i++)
        if (!is_met(expectations->pdata[i], header, is_deny))
            return false;
    return true;
}

const char *
bns_headers_find_miss(const GPtrArray *expectations, const BnsRequestHeader *header)
{
    for (guint i = 0; i < expectations->len; i++) {
        const BnsExpectation *expectation = expectations->pdata[i];

        if (!is_met(expectation, header, false))
            return expectation->name;
    }
    return NULL;
}
