/* SPDX-License-Identifier: Apache-2.0 */
/* Where a configuration says that the hooks lie: as git itself reads it. */
#include "sandbox/git_hooks.h"

#include "sandbox/file_protect.h"
#include "sandbox/git_keys.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    const char *name;
    const char *config; /* .git/config */
    const char *found;  /* below the project; NULL: none */
} Row;

static const Row rows[] = {
    { "none", "[core]\n\tbare = false\n", NULL },
    { "below", "[core]\n\thooksPath = tools/hooks\n", "tools/hooks" },
    { "in-the-repository", "[core]\nhookspath=.git/mine\n", ".git/mine" },
    { "other-case", "[CORE]\n\tHooksPATH = h\n", "h" },
    { "last-one-counts", "[core]\nhooksPath = a\n[core]\nhooksPath = b\n", "b" },
    { "quoted", "[core]\n\thooksPath = \"a b\"\n", "a b" },
    { "quoted-in-part", "[core]\n\thooksPath = a\" b\"/c\n", "a b/c" },
    { "quoted-comment", "[core]\n\thooksPath = \"a#b\" # c\n", "a#b" },
    { "comment", "[core]\n\thooksPath = a ; b\n", "a" },
    { "escaped", "[core]\n\thooksPath = a\\\"b\n", "a\"b" },
    { "goes-on", "[core]\n\thooksPath = a\\\nb\n", "ab" },
    { "blanks", "[core]\n\thooksPath =  a b \t\n", "a b" },
    { "crlf", "[core]\r\n\thooksPath = a\r\n", "a" },
    { "dots", "[core]\n\thooksPath = ./a/../b/\n", "b" },
    { "the-project-itself", "[core]\n\thooksPath = .\n", NULL },
    { "outside", "[core]\n\thooksPath = ../x\n", NULL },
    { "absolute-outside", "[core]\n\thooksPath = /dev/null\n", NULL },
    { "home", "[core]\n\thooksPath = ~/hooks\n", NULL },
    { "empty", "[core]\n\thooksPath =\n", NULL },
    { "without-value", "[core]\n\thooksPath\n", NULL },
    { "subsection", "[core \"x\"]\n\thooksPath = a\n", NULL },
    { "other-section", "[corex]\n\thooksPath = a\n", NULL },
    { "longer-key", "[core]\n\thooksPathX = a\n", NULL },
};

static char *
make_project(const char *config)
{
    g_autoptr(GError) error = NULL;
    char *root = g_dir_make_tmp("git-hooks-XXXXXX", &error);
    g_autofree char *git = NULL, *path = NULL;

    g_assert_no_error(error);
    git = g_build_filename(root, ".git", NULL);
    path = g_build_filename(git, "config", NULL);
    g_assert_cmpint(g_mkdir(git, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, config, -1, NULL));
    return root;
}

static void
test_find(const void *data)
{
    const Row *row = data;
    g_autofree char *root = make_project(row->config);
    g_autofree char *expected =
        row->found == NULL ? NULL : g_build_filename(root, row->found, NULL);
    g_autofree char *found = bns_git_hooks_find(root);

    g_assert_cmpstr(found, ==, expected);
    bns_test_remove_tree(root);
}

/* Git says the same of each. */
static void
test_git_agrees(const void *data)
{
    const Row *row = data;
    g_autofree char *root = make_project(row->config);
    g_autofree char *config = g_build_filename(root, ".git/config", NULL);
    g_autofree char *path =
        bns_git_keys_value(row->config, strlen(row->config), "core", "hookspath");
    const char *argv[] = { "git", "config", "-f", config, "core.hooksPath", NULL };
    g_autofree char *output = NULL;
    int status = 0;

    if (!g_spawn_sync("/", (char **)(guintptr)argv, NULL,
                      G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                      &output, NULL, &status, NULL)) {
        bns_test_skip("there is no git here");
    } else {
        if (g_str_has_suffix(output, "\n"))
            output[strlen(output) - 1] = '\0';
        g_assert_cmpstr(path != NULL ? path : "", ==, output);
    }
    bns_test_remove_tree(root);
}

/* Read-only if it is there, named at the end if it was made. */
static void
test_protected(void)
{
    g_autofree char *root = make_project("[core]\n\thooksPath = tools/hooks\n");
    const char *const roots[] = { root, NULL };
    g_autofree char *hooks = g_build_filename(root, "tools/hooks", NULL);
    g_autofree char *hook = g_build_filename(hooks, "pre-commit", NULL);
    g_autofree char *sample = g_build_filename(hooks, "pre-push.sample", NULL);
    g_autoptr(GHashTable) keys = bns_file_protect_git_keys(roots);
    g_autoptr(GPtrArray) before = bns_file_protect_find(root, BNS_PROTECT_PROJECT);
    g_autoptr(GPtrArray) after = NULL;
    g_autoptr(GPtrArray) changed = NULL;
    bool is_complete;

    g_assert_false(g_ptr_array_find_with_equal_func(before, hooks, g_str_equal, NULL));
    g_assert_cmpint(g_mkdir_with_parents(hooks, 0700), ==, 0);
    g_assert_true(g_file_set_contents(hook, "", -1, NULL));
    g_assert_true(g_file_set_contents(sample, "", -1, NULL));
    after = bns_file_protect_find(root, BNS_PROTECT_PROJECT);
    g_assert_true(g_ptr_array_find_with_equal_func(after, hooks, g_str_equal, NULL));
    changed = bns_file_protect_changed(
        roots, keys, NULL, g_get_real_time() - 10 * G_USEC_PER_SEC, &is_complete);
    g_assert_cmpuint(changed->len, ==, 1);
    g_assert_cmpstr(changed->pdata[0], ==, hook);
    bns_test_remove_tree(root);
}

/* The repository is written to by git itself. */
static void
test_not_the_repository(void)
{
    g_autofree char *root = make_project("[core]\n\thooksPath = .git\n");
    g_autofree char *git = g_build_filename(root, ".git", NULL);
    g_autoptr(GPtrArray) found = bns_file_protect_find(root, BNS_PROTECT_PROJECT);

    g_assert_false(g_ptr_array_find_with_equal_func(found, git, g_str_equal, NULL));
    bns_test_remove_tree(root);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *find =
            g_strconcat("/sandbox/git-hooks/find/", rows[i].name, NULL);
        g_autofree char *git =
            g_strconcat("/sandbox/git-hooks/as-git/", rows[i].name, NULL);

        g_test_add_data_func(find, &rows[i], test_find);
        g_test_add_data_func(git, &rows[i], test_git_agrees);
    }
    g_test_add_func("/sandbox/git-hooks/protected", test_protected);
    g_test_add_func("/sandbox/git-hooks/not-the-repository", test_not_the_repository);
    return g_test_run();
}
