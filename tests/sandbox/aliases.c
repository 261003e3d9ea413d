/* SPDX-License-Identifier: Apache-2.0 */
/* The tables are made up; symbolic links stand for the mounts, so that the files are the
 * same ones. */
#include "sandbox/aliases.h"

#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <unistd.h>

/* DIR/home/user/ours/part exists; DIR/other leads to DIR/home, "DIR/a b" to
 * DIR/home/user/ours/part, DIR/hidden to nothing of ours. */
static char *dir; /* owned */

typedef struct {
    const char *name;
    const char *table; /* @: DIR; devices and roots as they are */
    const char *path;
    const char *expected; /* separated by '|' */
} Row;

static const Row rows[] = {
    { "none", "1 0 8:1 / / rw - ext4 x rw\n", "@/home/user/ours", "" },
    { "a-bind-mount",
      "1 0 8:1 / / rw - ext4 x rw\n2 1 8:1 @/home @/other rw - ext4 x rw\n",
      "@/home/user/ours", "@/other/user/ours" },
    { "a-bind-mount-of-the-file-itself",
      "1 0 8:1 / / rw - ext4 x rw\n2 1 8:1 @/home/user/ours @/ours rw - ext4 x rw\n",
      "@/home/user/ours", "@/ours" },
    { "a-part-of-what-is-in-it",
      "1 0 8:1 / / rw - ext4 x rw\n"
      "2 1 8:1 @/home/user/ours/part @/a\\040b rw shared:1 - ext4 x rw\n",
      "@/home/user/ours", "@/a b" },
    { "the-top-of-a-subvolume",
      "1 0 8:1 / / rw - ext4 x rw\n2 1 0:9 /@home @/home rw - btrfs y rw\n"
      "3 1 0:9 /@home @/other rw - btrfs y rw\n",
      "@/home/user/ours", "@/other/user/ours" },
    { "another-device",
      "1 0 8:1 / / rw - ext4 x rw\n2 1 8:2 @/home @/other rw - ext4 x rw\n",
      "@/home/user/ours", "" },
    { "a-neighbour",
      "1 0 8:1 / / rw - ext4 x rw\n2 1 8:1 @/ho @/other rw - ext4 x rw\n",
      "@/home/user/ours", "" },
    { "a-mount-that-another-hides",
      "1 0 8:1 / / rw - ext4 x rw\n2 1 8:1 @/home @/hidden rw - ext4 x rw\n",
      "@/home/user/ours", "" },
    { "the-last-of-two-on-one-place-counts",
      "1 0 8:1 / / rw - ext4 x rw\n2 1 8:2 / @/home rw - ext4 x rw\n"
      "3 2 8:3 /h @/home rw - ext4 x rw\n4 1 8:3 /h @/other rw - ext4 x rw\n",
      "@/home/user/ours", "@/other/user/ours" },
    { "no-table", "", "@/home/user/ours", "" },
    { "torn-lines", "1 0 8:1\n\n1 0 8:1 / /", "@/home/user/ours", "" },
};

static char *
fill_in(const char *text)
{
    GString *filled = g_string_new(text);

    g_string_replace(filled, "@home", "%", 0);
    g_string_replace(filled, "@", dir, 0);
    g_string_replace(filled, "%", "@home", 0);
    return g_string_free(filled, FALSE);
}

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    g_autofree char *table = fill_in(row->table);
    g_autofree char *path = fill_in(row->path);
    g_autofree char *expected = fill_in(row->expected);
    g_auto(GStrv) found = bns_aliases_find(table, path);
    g_autofree char *joined = g_strjoinv("|", found);

    g_assert_cmpstr(joined, ==, expected);
}

static void
make(const char *name, const char *link_to)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *target =
        link_to != NULL ? g_build_filename(dir, link_to, NULL) : NULL;

    if (target != NULL)
        g_assert_cmpint(symlink(target, path), ==, 0);
    else
        g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
}

/* Strictly below, however it is written and in whatever order. */
static void
test_below(void)
{
    static const char table[] = "1 0 8:1 / / rw - ext4 x rw\n"
                                "2 1 8:2 / /a rw - ext4 x rw\n"
                                "3 1 8:3 / /ab/c rw - ext4 x rw\n"
                                "4 1 8:3 / /d\\040e/f rw - ext4 x rw\n";
    static const struct {
        const char *path;
        const char *found;
    } cases[] = {
        { "/a", NULL }, { "/ab", "/ab/c" },   { "/ab/c", NULL },    { "/ab/c/d", NULL },
        { "/b", NULL }, { "/d e", "/d e/f" }, { "/d\\040e", NULL }, { "/", "/a" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *found = bns_aliases_find_below(table, cases[i].path);

        g_assert_cmpstr(found, ==, cases[i].found);
    }
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 20);
    dir = g_dir_make_tmp("bns-aliases-XXXXXX", NULL);
    make("home/user/ours/part", NULL);
    make("hidden/user/ours", NULL);
    make("other", "home");
    make("ours", "home/user/ours");
    make("a b", "home/user/ours/part");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/sandbox/aliases/", rows[i].name, NULL);

        bns_test_add_data(path, &rows[i], test_row);
    }
    bns_test_add("/sandbox/aliases/what-is-mounted-below", test_below);
    status = g_test_run();
    bns_test_remove_tree(dir);
    g_free(dir);
    return status;
}
