/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/import_private.h"

#include <string.h>

const BnsYaml *
bns_import_get(const BnsYaml *mapping, const char *key)
{
    if (mapping == NULL || mapping->kind != BNS_YAML_MAPPING)
        return NULL;
    for (guint i = 0; i < mapping->children->len; i += 2) {
        const BnsYaml *name = mapping->children->pdata[i];

        if (strcmp(name->text, key) == 0)
            return mapping->children->pdata[i + 1];
    }
    return NULL;
}

bool
bns_import_get_kind(const BnsDraft *draft,
                    const BnsYaml *mapping,
                    const char *key,
                    BnsYamlKind kind,
                    const BnsYaml **out,
                    GError **error)
{
    static const char *const kinds[] = {
        [BNS_YAML_SCALAR] = "a value",
        [BNS_YAML_SEQUENCE] = "a list",
        [BNS_YAML_MAPPING] = "an object with keys",
    };

    *out = bns_import_get(mapping, key);
    if (*out == NULL || (*out)->kind == kind)
        return true;
    return bns_yaml_fail(error, bns_draft_file(draft), *out, "%s: must be %s", key,
                         kinds[kind]);
}

bool
bns_import_is_true(const BnsYaml *mapping, const char *key)
{
    const BnsYaml *value = bns_import_get(mapping, key);

    return value != NULL && value->kind == BNS_YAML_SCALAR &&
           value->type == BNS_YAML_BOOLEAN && strcmp(value->text, "true") == 0;
}

static const BnsImportKey *
find_key(const BnsImportKey *keys, const char *name)
{
    for (; keys->name != NULL; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

/* What is switched off, null or empty, loses nothing. */
static bool
says_nothing(const BnsYaml *value)
{
    if (value->kind != BNS_YAML_SCALAR)
        return value->children->len == 0;
    return value->type == BNS_YAML_NULL ||
           (value->type == BNS_YAML_BOOLEAN && strcmp(value->text, "false") == 0);
}

static bool
read_key(BnsDraft *draft,
         const BnsYaml *name,
         const BnsYaml *value,
         const char *prefix,
         const BnsImportKey *keys,
         GError **error)
{
    const BnsImportKey *key = find_key(keys, name->text);

    if (key == NULL) {
        bns_draft_lose(draft, name->line, BNS_LOSS_WIDER,
                       "%s%s%s (what it means is not known here)", prefix,
                       *prefix != '\0' ? "." : "", name->text);
        return true;
    }
    if (key->lost != NULL && !says_nothing(value))
        bns_draft_lose(draft, name->line, key->loss, "%s%s%s%s", prefix,
                       *prefix != '\0' ? "." : "", name->text, key->lost);
    return key->read == NULL || key->read(draft, value, error);
}

bool
bns_import_keys(BnsDraft *draft,
                const BnsYaml *mapping,
                const char *prefix,
                const BnsImportKey *keys,
                GError **error)
{
    for (guint i = 0; mapping != NULL && i < mapping->children->len; i += 2)
        if (!read_key(draft, mapping->children->pdata[i],
                      mapping->children->pdata[i + 1], prefix, keys, error))
            return false;
    return true;
}

bool
bns_import_strings(BnsDraft *draft,
                   const BnsYaml *value,
                   const char *key,
                   BnsImportItem item,
                   GError **error)
{
    if (value == NULL)
        return true;
    if (value->kind != BNS_YAML_SEQUENCE)
        return bns_yaml_fail(error, bns_draft_file(draft), value, "%s: must be a list",
                             key);
    for (guint i = 0; i < value->children->len; i++) {
        const BnsYaml *text = value->children->pdata[i];

        if (text->kind != BNS_YAML_SCALAR || text->type != BNS_YAML_STRING)
            return bns_yaml_fail(error, bns_draft_file(draft), text,
                                 "%s: must be a list of strings", key);
        item(draft, text->line, text->text);
    }
    return true;
}
