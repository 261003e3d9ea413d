/* SPDX-License-Identifier: Apache-2.0 */
/* boundary.1 and --help name the same options, and the same as the parser takes. */
#include "sandbox/options_table.h"
#include "tests/support/test.h"

#include <string.h>

/* Options in "It Fl" lines: "It Fl c , Fl -config Ar file". */
static GHashTable *
options_of_manual(const char *text)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", -1);

        if (!g_str_has_prefix(*line, ".It Fl "))
            continue;
        for (char **word = words; *word != NULL; word++)
            if (g_str_equal(*word, "Fl") && word[1] != NULL)
                g_hash_table_add(names, g_strdup(word[1]));
    }
    return names;
}

static void
check_name(GHashTable *manual, const char *name, const char *help)
{
    g_autofree char *shown = g_strdup_printf("-%s", name);

    if (!g_hash_table_remove(manual, name))
        g_error("boundary.1 does not explain %s", shown);
    if (strstr(help, shown) == NULL)
        g_error("--help does not name %s", shown);
}

static void
test_options(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "..", "..", "boundary.1", NULL);
    g_autofree char *text = NULL;
    g_autofree char *help = bns_options_help();
    g_autoptr(GHashTable) manual = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    manual = options_of_manual(text);
    for (size_t i = 0; i < bns_option_table_len; i++) {
        g_autofree char *name = g_strdup_printf("-%s", bns_option_table[i].name);
        char letter[] = { bns_option_table[i].letter, '\0' };

        check_name(manual, name, help);
        if (letter[0] != '\0')
            check_name(manual, letter, help);
    }
    if (g_hash_table_size(manual) > 0) {
        g_autofree gpointer *left = g_hash_table_get_keys_as_array(manual, NULL);

        g_error("boundary.1 explains -%s, which is no option", (char *)left[0]);
    }
}

static void
test_subcommands(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "..", "..", "boundary.1", NULL);
    g_autofree char *text = NULL;
    g_autofree char *help = bns_options_help();

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    for (size_t i = 0; i < bns_subcommand_table_len; i++) {
        g_autofree char *item =
            g_strdup_printf(".It Cm %s\n", bns_subcommand_table[i].name);

        if (strstr(text, item) == NULL)
            g_error("boundary.1 has no \"%s\"", item);
        g_assert_nonnull(strstr(help, bns_subcommand_table[i].usage));
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/sandbox/manual/options-are-those-of-help-and-parser", test_options);
    bns_test_add("/sandbox/manual/subcommands-are-explained", test_subcommands);
    return g_test_run();
}
