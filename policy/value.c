/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/value.h"
#include "base/text.h"
#include "policy/near.h"

#include <string.h>

/* How many keys an error names: those of a rule, not those of a whole file. */
#define LISTED_MAX 20

/* What to write in the place of @node, which is not of the type @type. */
static const char *
advise(const BnsYaml *node, BnsYamlType type)
{
    bool is_scalar = node->kind == BNS_YAML_SCALAR;

    switch (type) {
    case BNS_YAML_STRING:
        return !is_scalar                    ? "a string: write one value"
               : node->type == BNS_YAML_NULL ? "a string: write a value"
                                             : "a string: put it in quotation marks";
    case BNS_YAML_INTEGER:
        return is_scalar && node->type == BNS_YAML_STRING &&
                       node->text[strspn(node->text, "0123456789")] == '\0'
                   ? "a number: remove the quotation marks"
                   : "a number: write decimal digits";
    case BNS_YAML_BOOLEAN:
        return is_scalar && node->type == BNS_YAML_STRING &&
                       (strcmp(node->text, "true") == 0 ||
                        strcmp(node->text, "false") == 0)
                   ? "true or false: remove the quotation marks"
                   : "true or false";
    case BNS_YAML_NULL:
    default:
        return "empty";
    }
}

static bool
check_type(const char *file,
           const BnsYaml *node,
           const char *key,
           BnsYamlType type,
           GError **error)
{
    if (node->kind == BNS_YAML_SCALAR && node->type == type)
        return true;
    return bns_yaml_fail(error, file, node, "%s: must be %s", key, advise(node, type));
}

const char *
bns_value_word(const BnsYaml *node)
{
    return node->kind == BNS_YAML_SCALAR && node->type == BNS_YAML_STRING ? node->text
                                                                          : "";
}

bool
bns_value_string(const char *file,
                 const BnsYaml *node,
                 const char *key,
                 const char **out_text,
                 GError **error)
{
    *out_text = node->text;
    return check_type(file, node, key, BNS_YAML_STRING, error);
}

/* Escapes in quotes could bring in what the file itself may not hold. */
static bool
is_one_line(const char *text)
{
    while (*text != '\0') {
        gunichar c = g_utf8_get_char(text);
        GUnicodeType type = g_unichar_type(c);

        if (!g_unichar_isprint(c) || type == G_UNICODE_LINE_SEPARATOR ||
            type == G_UNICODE_PARAGRAPH_SEPARATOR)
            return false;
        text += g_unichar_to_utf8(c, NULL);
    }
    return true;
}

bool
bns_value_line(const char *file,
               const BnsYaml *node,
               const char *key,
               const char **out_text,
               GError **error)
{
    return bns_value_string(file, node, key, out_text, error) &&
           (is_one_line(*out_text) ||
            bns_yaml_fail(error, file, node, "%s: must be one line of printable text",
                          key));
}

bool
bns_value_boolean(
    const char *file, const BnsYaml *node, const char *key, bool *out, GError **error)
{
    if (!check_type(file, node, key, BNS_YAML_BOOLEAN, error))
        return false;
    *out = g_ascii_tolower(node->text[0]) == 't';
    return true;
}

bool
bns_value_digits(const char *file,
                 const BnsYaml *node,
                 const char *key,
                 const char **out_digits,
                 GError **error)
{
    *out_digits = node->text;
    return check_type(file, node, key, BNS_YAML_INTEGER, error);
}

bool
bns_value_integer(const char *file,
                  const BnsYaml *node,
                  const char *key,
                  guint min,
                  guint max,
                  guint *out,
                  GError **error)
{
    const char *digits;
    guint64 value;

    if (!bns_value_digits(file, node, key, &digits, error))
        return false;
    if (!g_ascii_string_to_unsigned(digits, 10, min, max, &value, NULL))
        return bns_yaml_fail(error, file, node, "%s: must be a number from %u to %u",
                             key, min, max);
    *out = (guint)value;
    return true;
}

bool
bns_value_list(const char *file, const BnsYaml *node, const char *key, GError **error)
{
    if (node->kind == BNS_YAML_SEQUENCE ||
        (node->kind == BNS_YAML_SCALAR && node->type == BNS_YAML_NULL))
        return true;
    return bns_yaml_fail(
        error, file, node,
        "%s: must be a list: begin each item with - in a line of its own", key);
}

bool
bns_value_each(const char *file,
               const BnsYaml *node,
               const char *key,
               BnsValueFunc func,
               void *data,
               GError **error)
{
    if (node->kind == BNS_YAML_SCALAR)
        return func(data, node, error);
    if (node->kind == BNS_YAML_MAPPING || node->children->len == 0)
        return bns_yaml_fail(error, file, node, "%s: must be a value or a list of some",
                             key);
    for (guint i = 0; i < node->children->len; i++)
        if (!func(data, node->children->pdata[i], error))
            return false;
    return true;
}

static const BnsValueKey *
find_key(const BnsValueKey *keys, const char *name)
{
    for (; keys->name != NULL; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

/* Of "command, arguments or reason"; empty for tables that would fill a screen. */
static char *
list_keys(const BnsValueKey *keys)
{
    GString *text = g_string_new("");
    size_t n = 0;

    while (keys[n].name != NULL)
        n++;
    for (size_t i = 0; n <= LISTED_MAX && i < n; i++)
        g_string_append_printf(text, "%s%s",
                               i == 0       ? ": use "
                               : i + 1 == n ? " or "
                                            : ", ",
                               keys[i].name);
    return g_string_free(text, FALSE);
}

/* Where a reader finds all keys if an error does not list them. */
#define MANUAL ": see boundary(1), POLICY"

static bool
fail_unknown(const char *file,
             const BnsYaml *name,
             const BnsValueKey *keys,
             GError **error)
{
    g_autofree char *shown = bns_text_escape(name->text, -1);
    g_autofree char *known = list_keys(keys);

    for (; keys->name != NULL; keys++)
        if (bns_near_is_like(name->text, keys->name))
            return bns_yaml_fail(error, file, name, "unknown key \"%s\": is it %s?",
                                 shown, keys->name);
    return bns_yaml_fail(error, file, name, "unknown key \"%s\"%s", shown,
                         *known != '\0' ? known : MANUAL);
}

bool
bns_value_mapping(const char *file,
                  const BnsYaml *node,
                  const BnsValueKey *keys,
                  void *data,
                  GError **error)
{
    for (guint i = 0; i < node->children->len; i += 2) {
        const BnsYaml *name = node->children->pdata[i];
        const BnsValueKey *key = find_key(keys, name->text);

        if (key == NULL)
            return fail_unknown(file, name, keys, error);
        if (!key->read(data, node->children->pdata[i + 1], error))
            return false;
    }
    return true;
}
