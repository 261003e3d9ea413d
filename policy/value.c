/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/value.h"
#include "base/text.h"

#include <string.h>

static bool
check_type(const char *file,
           const BnsYaml *node,
           const char *key,
           BnsYamlType type,
           const char *what,
           GError **error)
{
    if (node->kind == BNS_YAML_SCALAR && node->type == type)
        return true;
    return bns_yaml_fail(error, file, node, "%s: must be %s", key, what);
}

bool
bns_value_string(const char *file,
                 const BnsYaml *node,
                 const char *key,
                 const char **out_text,
                 GError **error)
{
    *out_text = node->text;
    return check_type(file, node, key, BNS_YAML_STRING, "a string", error);
}

bool
bns_value_boolean(
    const char *file, const BnsYaml *node, const char *key, bool *out, GError **error)
{
    if (!check_type(file, node, key, BNS_YAML_BOOLEAN, "true or false", error))
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
    return check_type(file, node, key, BNS_YAML_INTEGER, "a number", error);
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
    return bns_yaml_fail(error, file, node, "%s: must be a list", key);
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

        if (key == NULL) {
            g_autofree char *shown = bns_text_escape(name->text, -1);

            return bns_yaml_fail(error, file, name, "unknown key \"%s\"", shown);
        }
        if (!key->read(data, node->children->pdata[i + 1], error))
            return false;
    }
    return true;
}
