/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/boundary.schema.json and the loader know the same keys.
 *
 * The loader's are read out of its sources: each table of BnsValueKey is one mapping of
 * the file. The schema's are its objects that take no other keys. Whoever adds a key to
 * one side alone learns here what is missing.
 */
#include "base/text.h"
#include "policy/json.h"
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#define SCHEMA  "data/boundary.schema.json"
#define EXAMPLE "tests/policy/valid/everything.yaml"

/* One mapping of a policy file. */
typedef struct {
    char *name;      /* owned; where it is */
    GPtrArray *keys; /* owned, of owned strings, sorted */
} Table;

static void
table_free(void *data)
{
    Table *table = data;

    g_free(table->name);
    g_ptr_array_unref(table->keys);
    g_free(table);
}

static Table *
table_new(const char *name, GPtrArray *take_keys)
{
    Table *table = g_new0(Table, 1);

    table->name = g_strdup(name);
    table->keys = take_keys;
    g_ptr_array_sort(take_keys, bns_text_compare);
    return table;
}

static char *
read_source(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* --- the loader --- */

static void
read_tables_of(GPtrArray *tables, const char *name, const char *text)
{
    g_autoptr(GRegex) table =
        g_regex_new("const BnsValueKey \\w+\\[\\] = \\{([^;]*)\\};", 0, 0, NULL);
    g_autoptr(GRegex) row = g_regex_new("\\{\\s*\"(\\w+)\"\\s*,", 0, 0, NULL);
    g_autoptr(GMatchInfo) found = NULL;

    for (g_regex_match(table, text, 0, &found); g_match_info_matches(found);
         g_match_info_next(found, NULL)) {
        g_autofree char *rows = g_match_info_fetch(found, 1);
        g_autoptr(GMatchInfo) key = NULL;
        GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);

        for (g_regex_match(row, rows, 0, &key); g_match_info_matches(key);
             g_match_info_next(key, NULL))
            g_ptr_array_add(keys, g_match_info_fetch(key, 1));
        g_ptr_array_add(tables, table_new(name, keys));
    }
}

static GPtrArray *
read_loader(void)
{
    GPtrArray *tables = g_ptr_array_new_with_free_func(table_free);
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "..", "..", "policy", NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    g_assert_nonnull(folder);
    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *source = g_build_filename("policy", name, NULL);
        g_autofree char *text = NULL;

        if (!g_str_has_suffix(name, ".c"))
            continue;
        text = read_source(source);
        read_tables_of(tables, source, text);
    }
    /* The file itself, a rule, and what is below commands, env, files, limits, tty. */
    g_assert_cmpuint(tables->len, >=, 8);
    return tables;
}

/* --- the schema --- */

static const BnsYaml *
member(const BnsYaml *node, const char *name)
{
    for (guint i = 0; node->kind == BNS_YAML_MAPPING && i < node->children->len;
         i += 2) {
        const BnsYaml *key = node->children->pdata[i];

        if (strcmp(key->text, name) == 0)
            return node->children->pdata[i + 1];
    }
    return NULL;
}

static void
read_object(GPtrArray *tables, const BnsYaml *node)
{
    const BnsYaml *others = member(node, "additionalProperties");
    const BnsYaml *properties = member(node, "properties");
    g_autofree char *name = g_strdup_printf(SCHEMA ":%u", node->line);
    GPtrArray *keys;

    if (others == NULL || properties == NULL || others->type != BNS_YAML_BOOLEAN)
        return;
    keys = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < properties->children->len; i += 2) {
        const BnsYaml *key = properties->children->pdata[i];
        const BnsYaml *value = properties->children->pdata[i + 1];

        if (member(value, "description") == NULL)
            g_error(SCHEMA ":%u: \"%s\" has no description, which editors show",
                    key->line, key->text);
        g_ptr_array_add(keys, g_strdup(key->text));
    }
    g_ptr_array_add(tables, table_new(name, keys));
}

static void
read_objects(GPtrArray *tables, const BnsYaml *node)
{
    read_object(tables, node);
    for (guint i = 0; node->children != NULL && i < node->children->len; i++)
        read_objects(tables, node->children->pdata[i]);
}

static BnsYaml *
parse_schema(void)
{
    g_autofree char *text = read_source(SCHEMA);
    g_autoptr(GError) error = NULL;
    BnsYaml *schema = bns_json_tree(SCHEMA, text, strlen(text), &error);

    g_assert_no_error(error);
    return schema;
}

/* --- both --- */

static bool
has_key(const GPtrArray *keys, const char *key)
{
    for (guint i = 0; i < keys->len; i++)
        if (strcmp(keys->pdata[i], key) == 0)
            return true;
    return false;
}

static guint
count_common(const Table *a, const Table *b)
{
    guint n = 0;

    for (guint i = 0; i < a->keys->len; i++)
        n += has_key(b->keys, a->keys->pdata[i]);
    return n;
}

/* Returns: the table of @tables that is most like @table. */
static const Table *
find_nearest(const GPtrArray *tables, const Table *table)
{
    const Table *nearest = tables->pdata[0];

    for (guint i = 0; i < tables->len; i++) {
        const Table *other = tables->pdata[i];
        guint common = count_common(table, other);
        guint best = count_common(table, nearest);

        if (common > best || (common == best && other->keys->len < nearest->keys->len))
            nearest = other;
    }
    return nearest;
}

static void
check_table(const Table *table, const GPtrArray *others, const char *advice)
{
    const Table *nearest = find_nearest(others, table);

    for (guint i = 0; i < table->keys->len; i++)
        if (!has_key(nearest->keys, table->keys->pdata[i]))
            g_error("%s has the key \"%s\", and %s, which is most like it, has not: %s",
                    table->name, (char *)table->keys->pdata[i], nearest->name, advice);
}

static void
test_keys(void)
{
    g_autoptr(GPtrArray) loader = read_loader();
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func(table_free);
    g_autoptr(BnsYaml) schema = parse_schema();

    read_objects(objects, schema);
    for (guint i = 0; i < loader->len; i++)
        check_table(
            loader->pdata[i], objects,
            "describe it there, with its type and a sentence, use it in " EXAMPLE
            ", and explain it in boundary.1");
    for (guint i = 0; i < objects->len; i++)
        check_table(objects->pdata[i], loader,
                    "editors would offer what the loader refuses; add a row to the "
                    "loader's table, or remove it from the schema");
    g_assert_cmpuint(loader->len, ==, objects->len);
}

static void
collect_keys(GHashTable *keys, const BnsYaml *node)
{
    for (guint i = 0; node->children != NULL && i < node->children->len; i++) {
        const BnsYaml *child = node->children->pdata[i];

        if (node->kind == BNS_YAML_MAPPING && i % 2 == 0)
            g_hash_table_add(keys, child->text);
        else
            collect_keys(keys, child);
    }
}

/* Every key is used in a policy that the loader takes and, in policy-schema-examples, the
 * schema. */
static void
test_everything(void)
{
    g_autofree char *text = read_source(EXAMPLE);
    g_autoptr(BnsYaml) tree = bns_yaml_parse(EXAMPLE, text, strlen(text), NULL);
    g_autoptr(BnsPolicy) policy = policy_from(text);
    g_autoptr(GPtrArray) loader = read_loader();
    g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);

    g_assert_nonnull(policy);
    collect_keys(used, tree);
    for (guint i = 0; i < loader->len; i++) {
        const Table *table = loader->pdata[i];

        for (guint j = 0; j < table->keys->len; j++)
            if (!g_hash_table_contains(used, table->keys->pdata[j]))
                g_error(EXAMPLE " does not use the key \"%s\" of %s: add it there",
                        (char *)table->keys->pdata[j], table->name);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/policy/schema/has-the-keys-of-the-loader", test_keys);
    bns_test_add("/policy/schema/every-key-is-in-the-example", test_everything);
    return g_test_run();
}
