/* SPDX-License-Identifier: Apache-2.0 */
/* Where the command starts, and what is said where it cannot. */
#include "sandbox/workdir.h"

#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void
test_ours(void)
{
    g_autofree char *here = g_get_current_dir();
    g_autofree char *real = bns_workdir_find(NULL, true, NULL);

    g_assert_cmpstr(real, ==, here);
}

static void
test_link(void)
{
    g_autofree char *folder = g_dir_make_tmp("bns-workdir-XXXXXX", NULL);
    g_autofree char *name = g_build_filename(folder, "link", NULL);
    g_autofree char *real = NULL;

    g_assert_cmpint(symlink("/usr", name), ==, 0);
    real = bns_workdir_find(name, true, NULL);
    g_assert_cmpstr(real, ==, "/usr");
    bns_test_remove_tree(folder);
}

static void
test_missing(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_workdir_find("/no\x1bwhere", true, &error));
    g_assert_cmpstr(error->message, ==,
                    "working directory /no\\x1bwhere: No such file or directory");
}

static void
test_file(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_workdir_find("/proc/self/status", true, &error));
    g_assert_cmpstr(error->message, ==,
                    "working directory /proc/self/status: Not a directory");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/sandbox/workdir/ours-if-none-is-named", test_ours);
    bns_test_add("/sandbox/workdir/links-are-resolved", test_link);
    bns_test_add("/sandbox/workdir/a-missing-one-is-named-escaped", test_missing);
    bns_test_add("/sandbox/workdir/a-file-is-none", test_file);
    return g_test_run();
}
