/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/expectation.h"
#include "base/text.h"
#include "policy/value.h"

#include <string.h>

typedef struct {
    const char *file;
    const char *key;
    const char *name; /* "query.page", for errors */
    BnsNameCheck check_glob;
    BnsExpectation *expectation;
    bool takes_any; /* some glob is "*" */
} Reader;

static BnsExpectation *
expectation_new(const char *name)
{
    BnsExpectation *expectation = g_new0(BnsExpectation, 1);

    expectation->name = g_strdup(name);
    expectation->globs = g_ptr_array_new_with_free_func(g_free);
    return expectation;
}

static void
expectation_free(void *data)
{
    BnsExpectation *expectation = data;

    g_free(expectation->name);
    g_ptr_array_unref(expectation->globs);
    g_free(expectation);
}

GPtrArray *
bns_expectations_new(void)
{
    return g_ptr_array_new_with_free_func(expectation_free);
}

void
bns_expectations_add_absent(GPtrArray *expectations, const char *name)
{
    BnsExpectation *expectation = expectation_new(name);

    expectation->is_absent = true;
    g_ptr_array_add(expectations, expectation);
}

static bool
read_glob(void *data, const BnsYaml *item, GError **error)
{
    Reader *reader = data;
    const char *problem;
    const char *glob;

    if (!bns_value_string(reader->file, item, reader->name, &glob, error))
        return false;
    problem = bns_glob_check(glob);
    if (problem == NULL)
        problem = reader->check_glob(glob);
    if (problem != NULL) {
        g_autofree char *shown = bns_text_escape(glob, -1);

        return bns_yaml_fail(error, reader->file, item, "%s: bad value \"%s\": %s",
                             reader->name, shown, problem);
    }
    reader->takes_any = reader->takes_any || strcmp(glob, "*") == 0;
    g_ptr_array_add(reader->expectation->globs, g_strdup(glob));
    return true;
}

static bool
read_value(Reader *reader, const BnsYaml *value, GError **error)
{
    GPtrArray *globs = reader->expectation->globs;
    bool is_present;

    if (value->kind == BNS_YAML_SCALAR && value->type == BNS_YAML_BOOLEAN) {
        if (!bns_value_boolean(reader->file, value, reader->name, &is_present, error))
            return false;
        reader->expectation->is_absent = !is_present;
        return true;
    }
    if (value->kind == BNS_YAML_MAPPING ||
        (value->kind == BNS_YAML_SCALAR && value->type == BNS_YAML_NULL))
        return bns_yaml_fail(error, reader->file, value,
                             "%s: must be true, false, a value with * for what may "
                             "differ, or a list of such values",
                             reader->name);
    if (!bns_value_each(reader->file, value, reader->name, read_glob, reader, error))
        return false;
    if (reader->takes_any)
        g_ptr_array_set_size(globs, 0);
    return true;
}

static char *
name_for_errors(const char *key, const char *name)
{
    g_autofree char *shown = bns_text_escape(name, -1);

    return g_strdup_printf("%s.%s", key, shown);
}

static int
compare_names(const void *a, const void *b)
{
    const BnsExpectation *const *left = a;
    const BnsExpectation *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static bool
read_entry(Reader *reader,
           GPtrArray *expectations,
           const BnsYaml *key,
           const BnsYaml *value,
           BnsNameCheck check_name,
           GError **error)
{
    g_autofree char *name = name_for_errors(reader->key, key->text);
    const char *problem = check_name(key->text);

    if (problem != NULL)
        return bns_yaml_fail(error, reader->file, key, "%s: %s", name, problem);
    reader->name = name;
    reader->takes_any = false;
    reader->expectation = expectation_new(key->text);
    g_ptr_array_add(expectations, reader->expectation);
    return read_value(reader, value, error);
}

GPtrArray *
bns_expectations_read(const char *file,
                      const BnsYaml *value,
                      const char *key,
                      BnsNameCheck check_name,
                      BnsNameCheck check_glob,
                      GError **error)
{
    g_autoptr(GPtrArray) expectations = bns_expectations_new();
    Reader reader = { .file = file, .key = key, .check_glob = check_glob };

    if (value->kind != BNS_YAML_MAPPING || value->children->len == 0) {
        bns_yaml_fail(error, file, value,
                      "%s: must be a mapping from names to values, as in "
                      "{ name: \"value*\" }",
                      key);
        return NULL;
    }
    for (guint i = 0; i < value->children->len; i += 2)
        if (!read_entry(&reader, expectations, value->children->pdata[i],
                        value->children->pdata[i + 1], check_name, error))
            return NULL;
    g_ptr_array_sort(expectations, compare_names);
    return g_steal_pointer(&expectations);
}

bool
bns_expectation_accepts(const BnsExpectation *expectation,
                        BnsText value,
                        BnsGlobFlags flags)
{
    const GPtrArray *globs = expectation->globs;

    for (guint i = 0; i < globs->len; i++)
        if (bns_glob_matches(globs->pdata[i], value, flags))
            return true;
    return globs->len == 0;
}

static void
append_value(GString *text, const BnsExpectation *expectation)
{
    const GPtrArray *globs = expectation->globs;

    if (globs->len == 0)
        g_string_append(text, expectation->is_absent ? "false" : "true");
    if (globs->len > 1)
        g_string_append_c(text, '[');
    for (guint i = 0; i < globs->len; i++) {
        g_autofree char *quoted = bns_yaml_quote(globs->pdata[i]);

        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", quoted);
    }
    if (globs->len > 1)
        g_string_append_c(text, ']');
}

void
bns_expectations_append(GString *text, const char *key, const GPtrArray *expectations)
{
    g_string_append_printf(text, ", %s: {", key);
    for (guint i = 0; i < expectations->len; i++) {
        const BnsExpectation *expectation = expectations->pdata[i];
        g_autofree char *name = bns_yaml_quote(expectation->name);

        g_string_append_printf(text, "%s %s: ", i > 0 ? "," : "", name);
        append_value(text, expectation);
    }
    g_string_append(text, " }");
}
