/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All readings of generated paths, beside those that a slow and obvious oracle finds: it
 * splits, joins and replaces strings, and tries everything on every layer.
 */
#include "policy/path.h"
#include "policy/reading.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS     20000
#define PIECES_MAX 9

static const char *const pieces[] = {
    "/",      "/",       "//",     "a",     "b",   "..",    ".",       "/..",
    "/.",     "...",     ";",      ";x=1",  "%2f", "%2F",   "%252f",   "%2e",
    "%2E%2e", "%252e",   "%3b",    "%253b", "%5c", "%255c", "%25255c", "%61",
    "%2561",  "%25252e", "%c3%a9", "%25",   "%",   "\\",
};

/* Returns: (transfer full): a set of texts. */
static GHashTable *
set_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static char *
replace(const char *text, const char *from, const char *to)
{
    g_auto(GStrv) parts = g_strsplit(text, from, -1);

    return g_strjoinv(to, parts);
}

static char *
collapse(const char *path)
{
    char *text = g_strdup(path);

    while (strstr(text, "//") != NULL) {
        char *shorter = replace(text, "//", "/");

        g_free(text);
        text = shorter;
    }
    return text;
}

static char *
without_dots(const char *path)
{
    static char nothing[] = "";
    g_auto(GStrv) segments = g_strsplit(path + 1, "/", -1);
    g_autoptr(GPtrArray) left = g_ptr_array_new();
    g_autofree char *joined = NULL;

    for (guint i = 0; segments[i] != NULL; i++) {
        bool is_up = strcmp(segments[i], "..") == 0;
        bool is_dots = is_up || strcmp(segments[i], ".") == 0;

        if (is_up && left->len > 0)
            g_ptr_array_set_size(left, (gint)left->len - 1);
        if (!is_dots)
            g_ptr_array_add(left, segments[i]);
        else if (segments[i + 1] == NULL)
            g_ptr_array_add(left, nothing);
    }
    g_ptr_array_add(left, NULL);
    joined = g_strjoinv("/", (char **)left->pdata);
    return g_strconcat("/", joined, NULL);
}

static char *
without_parameters(const char *path)
{
    g_auto(GStrv) segments = g_strsplit(path, "/", -1);

    for (char **segment = segments; *segment != NULL; segment++)
        *strchrnul(*segment, ';') = '\0';
    return g_strjoinv("/", segments);
}

static char *
decoded(const char *path)
{
    GString *text = g_string_new(NULL);

    for (; *path != '\0'; path++) {
        unsigned byte;

        if (*path == '%' && g_ascii_isxdigit(path[1]) && g_ascii_isxdigit(path[2]) &&
            sscanf(path + 1, "%2x", &byte) == 1) {
            g_string_append_c(text, (char)byte);
            path += 2;
        } else {
            g_string_append_c(text, *path);
        }
    }
    return g_string_free(text, FALSE);
}

static void
add_orders(GHashTable *set, const char *path)
{
    char *collapsed = collapse(path), *dotless = without_dots(path);

    g_hash_table_add(set, without_dots(collapsed));
    g_hash_table_add(set, collapse(dotless));
    g_hash_table_add(set, collapsed);
    g_hash_table_add(set, dotless);
    g_hash_table_add(set, g_strdup(path));
}

static GHashTable *
expected_readings(const char *path)
{
    GHashTable *set = set_new();
    g_autofree char *layer = g_strdup(path);

    for (int depth = 0; depth <= BNS_PATH_LAYERS_MAX; depth++) {
        g_autofree char *slashed = replace(layer, "\\", "/");
        g_autofree char *bare = without_parameters(layer);
        g_autofree char *slashed_bare = without_parameters(slashed);
        char *next = decoded(layer);

        add_orders(set, layer);
        add_orders(set, slashed);
        add_orders(set, bare);
        add_orders(set, slashed_bare);
        g_free(layer);
        layer = next;
    }
    return set;
}

static char *
random_path(void)
{
    GString *path = g_string_new("/");
    int n = g_test_rand_int_range(0, PIECES_MAX + 1);

    for (int i = 0; i < n; i++)
        g_string_append(path, pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
    return g_string_free(path, FALSE);
}

static void
check_readings(const char *path)
{
    g_autoptr(GHashTable) expected = expected_readings(path);
    g_auto(BnsReadings) readings = { 0 };

    bns_readings_init(&readings, path);
    g_assert_cmpstr(bns_readings_get(&readings, 0), ==, path);
    for (guint i = 0; i < bns_readings_count(&readings); i++)
        if (!g_hash_table_remove(expected, bns_readings_get(&readings, i)))
            g_error("%s is read as %s, and should not be, or twice", path,
                    bns_readings_get(&readings, i));
    if (g_hash_table_size(expected) > 0) {
        GHashTableIter iter;
        gpointer missed = NULL;

        g_hash_table_iter_init(&iter, expected);
        g_hash_table_iter_next(&iter, &missed, NULL);
        g_error("%s is not read as %s", path, (const char *)missed);
    }
}

static void
test_generated(void)
{
    unsigned n_checked = 0, n_many = 0;

    for (int round = 0; round < ROUNDS; round++) {
        g_autofree char *path = random_path();
        g_auto(BnsReadings) readings = { 0 };

        if (bns_path_check(path, strlen(path)) != NULL)
            continue;
        check_readings(path);
        bns_readings_init(&readings, path);
        n_checked++;
        n_many += bns_readings_count(&readings) > 4;
    }
    g_assert_cmpuint(n_checked, >, ROUNDS / 2);
    g_assert_cmpuint(n_many, >, ROUNDS / 8);
}

/* The most that a path can have, and every order in it. */
static void
test_long(void)
{
    g_autoptr(GString) path = g_string_new("/a//..;x");

    for (int i = 0; i < 500; i++)
        g_string_append(path, "/%25255c%2e.//%252e%253bv/b;c/%2f..//%3b/.");
    g_assert_null(bns_path_check(path->str, path->len));
    check_readings(path->str);
}

/* What was not checked before is read without harm, and not further than others. */
static void
test_unchecked(void)
{
    static const char *const paths[] = {
        "",
        "a",
        "../x",
        "/%2525252525252e",
        "/%00/..%00//;",
        "/%zz//..",
        "/\\..\\x;/..",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_auto(BnsReadings) readings = { 0 };

        bns_readings_init(&readings, paths[i]);
        g_assert_cmpuint(bns_readings_count(&readings), >, 0);
        g_assert_cmpstr(bns_readings_get(&readings, 0), ==, paths[i]);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/policy/readings/generated-paths-have-those-of-the-oracle",
                 test_generated);
    bns_test_add("/policy/readings/a-long-path-has-those-of-the-oracle", test_long);
    bns_test_add("/policy/readings/an-unchecked-path-does-no-harm", test_unchecked);
    return g_test_run();
}
