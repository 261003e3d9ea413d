/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people get wrong in a policy: each file of broken/ is refused, with the place and
 * the sentence that its first line, a comment, says. Whoever changes a message changes it
 * there; it has to say what to write instead.
 */
#include "base/text.h"
#include "tests/policy/policies.h"
#include "tests/support/test.h"

/* So that an empty directory is noticed. */
#define FILES_MIN 460

static void
test_file(gconstpointer data)
{
    const char *path = data;
    g_autofree char *text = NULL;
    g_autofree char *expected = NULL;
    g_autoptr(GError) error = NULL;
    size_t len;

    g_assert_true(g_file_get_contents(path, &text, &len, NULL));
    g_assert_true(g_str_has_prefix(text, "# "));
    expected = g_strdup_printf("/p:%.*s", (int)strcspn(text + 2, "\n"), text + 2);
    g_assert_null(bns_policy_parse("/p", text, len, &error));
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    g_assert_cmpstr(error->message, ==, expected);
    g_assert_true(g_regex_match_simple("^/p:[0-9]+:[0-9]+: .", error->message, 0, 0));
}

static GPtrArray *
list_files(const char *folder)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, bns_text_compare);
    return names;
}

int
main(int argc, char **argv)
{
    g_autofree char *folder = NULL;
    g_autoptr(GPtrArray) names = NULL;
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    int status;

    bns_test_init(&argc, &argv, 20);
    folder = g_test_build_filename(G_TEST_DIST, "broken", NULL);
    names = list_files(folder);
    g_assert_cmpuint(names->len, >=, FILES_MIN);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *test =
            g_strdup_printf("/policy/broken/%s", (char *)names->pdata[i]);

        g_ptr_array_add(paths, g_build_filename(folder, names->pdata[i], NULL));
        bns_test_add_data(test, paths->pdata[i], test_file);
    }
    status = g_test_run();
    return status;
}
