/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "base/token.h"
#include "policy/headers.h"
#include "policy/value.h"

#include <string.h>

#define NAME "content-type"

/* --- the rule's --- */

/* TYPE/SUBTYPE, with stars. Returns: %NULL, or what to write instead. */
static const char *
check_type(const char *text)
{
    const char *slash = strchr(text, '/');

    if (strchr(text, ';') != NULL)
        return "parameters are not compared: leave out the ; and what follows";
    if (slash == NULL || slash == text || slash[1] == '\0')
        return "write a type and a subtype, as in application/json or text/*";
    for (const char *p = text; *p != '\0'; p++)
        if (p != slash && !bns_token_has_byte((unsigned char)*p))
            return "write a type and a subtype, as in application/json or text/*";
    return NULL;
}

typedef struct {
    const char *file;
    GPtrArray *types;
} Reader;

static bool
read_type(void *data, const BnsYaml *item, GError **error)
{
    Reader *reader = data;
    const char *problem;
    const char *text;

    if (!bns_value_string(reader->file, item, "content_type", &text, error))
        return false;
    problem = check_type(text);
    if (problem != NULL) {
        g_autofree char *shown = bns_text_escape(text, -1);

        return bns_yaml_fail(error, reader->file, item,
                             "content_type: bad media type \"%s\": %s", shown, problem);
    }
    g_ptr_array_add(reader->types, g_ascii_strdown(text, -1));
    return true;
}

GPtrArray *
bns_content_type_read(const char *file, const BnsYaml *value, GError **error)
{
    g_autoptr(GPtrArray) types = g_ptr_array_new_with_free_func(g_free);
    Reader reader = { file, types };

    if (!bns_value_each(file, value, "content_type", read_type, &reader, error))
        return NULL;
    return g_steal_pointer(&types);
}

/* --- a request's --- */

static bool
is_content_type(const BnsRequestField *field, bool *out_is_exact)
{
    *out_is_exact = false;
    if (field->name_len != strlen(NAME) ||
        g_ascii_strncasecmp(field->name, NAME, strlen("content")) != 0 ||
        g_ascii_strncasecmp(field->name + strlen("content-"), "type", 4) != 0)
        return false;
    *out_is_exact = field->name[strlen("content")] == '-';
    return *out_is_exact || field->name[strlen("content")] == '_';
}

/* Whether nothing in the parameters could be taken for another media type. */
static bool
has_one_element(const char *at, const char *end)
{
    bool is_quoted = false;

    for (; at < end; at++) {
        if (*at == '\\' && is_quoted)
            at++;
        else if (*at == '"')
            is_quoted = !is_quoted;
        else if (*at == ',' && !is_quoted)
            return false;
    }
    return !is_quoted;
}

/* Returns: whether @field is a media type, which is then *@out_type. */
static bool
parse(const BnsRequestField *field, BnsText *out_type)
{
    const char *end = field->value + field->value_len;
    const char *semicolon = memchr(field->value, ';', field->value_len);
    const char *type_end = semicolon != NULL ? semicolon : end;
    unsigned n_slashes = 0;

    while (type_end > field->value && (type_end[-1] == ' ' || type_end[-1] == '\t'))
        type_end--;
    *out_type = (BnsText){ field->value, type_end, false, false };
    for (const char *p = field->value; p < type_end; p++) {
        n_slashes += *p == '/';
        if (*p != '/' && !bns_token_has_byte((unsigned char)*p))
            return false;
    }
    return n_slashes == 1 && field->value[0] != '/' && type_end[-1] != '/' &&
           has_one_element(type_end, end);
}

static bool
is_one_of(const GPtrArray *types, BnsText type)
{
    for (guint i = 0; i < types->len; i++)
        if (bns_glob_matches(types->pdata[i], type, BNS_GLOB_FOLD_CASE))
            return true;
    return false;
}

bool
bns_content_type_matches(const GPtrArray *types,
                         const BnsRequestHeader *header,
                         bool is_deny)
{
    const BnsRequestField *found = NULL;
    BnsText type;

    for (size_t i = 0; i < header->n_fields; i++) {
        bool is_exact;

        if (!is_content_type(&header->fields[i], &is_exact))
            continue;
        if (found != NULL || !is_exact)
            return is_deny;
        found = &header->fields[i];
    }
    if (found == NULL)
        return header->has_body == is_deny;
    return parse(found, &type) ? is_one_of(types, type) : is_deny;
}
