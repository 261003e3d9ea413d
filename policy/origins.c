/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/origins.h"

GHashTable *
bns_origins_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void
add_keys(GHashTable *origins,
         const char *file,
         const char *above,
         const BnsYaml *mapping)
{
    for (guint i = 0; i < mapping->children->len; i += 2) {
        const BnsYaml *key = mapping->children->pdata[i];
        const BnsYaml *value = mapping->children->pdata[i + 1];
        g_autofree char *name = g_strconcat(above, key->text, NULL);

        if (*above == '\0' && value->kind == BNS_YAML_MAPPING) {
            g_autofree char *prefix = g_strconcat(name, ".", NULL);

            add_keys(origins, file, prefix, value);
        }
        g_hash_table_replace(origins, g_steal_pointer(&name),
                             g_strdup_printf("%s:%u", file, value->line));
    }
}

void
bns_origins_add(GHashTable *origins, const char *file, const BnsYaml *root)
{
    add_keys(origins, file, "", root);
}

void
bns_origins_merge(GHashTable *origins, GHashTable *more)
{
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, more);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        g_hash_table_iter_steal(&iter);
        g_hash_table_replace(origins, key, value);
    }
}
