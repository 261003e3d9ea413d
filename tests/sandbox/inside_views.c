/* SPDX-License-Identifier: Apache-2.0 */
/* A file view in a real sandbox: what is hidden, what can be written, on new kernels and on
 * old ones. */
#include "tests/sandbox/inside_fixture.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* DIR/home/{secret,plain,sub/{secret,plain}}, DIR/work, DIR/other/file; in none of the
 * private directories. */
typedef struct {
    char *dir; /* owned, as all here */
    char *home;
    char *sub;
    char *work;
    char *other;
    char *secrets; /* a pattern */
    char *deep;
} Tree;

static void
tree_init(Tree *tree)
{
    g_autofree char *here = g_get_current_dir();

    tree->dir = g_build_filename(here, "views-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(tree->dir));
    tree->home = g_build_filename(tree->dir, "home", NULL);
    tree->sub = g_build_filename(tree->home, "sub", NULL);
    tree->work = g_build_filename(tree->dir, "work", NULL);
    tree->other = g_build_filename(tree->dir, "other", NULL);
    tree->secrets = g_build_filename(tree->home, "sec*", NULL);
    tree->deep = g_build_filename(tree->sub, "secret", NULL);
    g_assert_cmpint(g_mkdir_with_parents(tree->sub, 0750), ==, 0);
    g_assert_cmpint(mkdir(tree->work, 0755), ==, 0);
    g_assert_cmpint(mkdir(tree->other, 0755), ==, 0);
    inside_make_file(tree->home, "secret", "S", 0600);
    inside_make_file(tree->home, "plain", "plain\n", 0600);
    inside_make_file(tree->sub, "secret", "S", 0600);
    inside_make_file(tree->sub, "plain", "plain\n", 0600);
    inside_make_file(tree->other, "file", "other\n", 0640);
}

static void
tree_clear(Tree *tree)
{
    bns_test_remove_tree(tree->dir);
    g_free(tree->dir);
    g_free(tree->home);
    g_free(tree->sub);
    g_free(tree->work);
    g_free(tree->other);
    g_free(tree->secrets);
    g_free(tree->deep);
}

/* What a view makes of @access for "other", with both secrets hidden. */
static char *
look(const Tree *tree, const BnsFileView *base, BnsViewAccess access, bool old_kernel)
{
    const BnsViewRule rules[] = {
        { tree->secrets, strlen(tree->home), true },
        { tree->deep, strlen(tree->sub), true },
    };
    const char *const rebuilt[] = { tree->home, tree->sub, NULL };
    const BnsViewMount mounts[] = { { tree->other, access, false },
                                    { tree->work, BNS_VIEW_WRITE, false } };
    BnsFileView view = *base;
    const InsideOptions options = { .workdir = tree->work,
                                    .view = &view,
                                    .old_kernel = old_kernel };

    view.rules = rules;
    view.n_rules = G_N_ELEMENTS(rules);
    view.rebuilt = rebuilt;
    view.mounts = mounts;
    view.n_mounts = G_N_ELEMENTS(mounts);
    return inside_sh(
        "cd ..; find home other -type f | sort; cat home/sub/plain; stat -c "
        "%a home/sub; for f in home/new home/plain home/sub/new other/file "
        "other/new work/new beside; do (echo x >$f) 2>/dev/null && echo "
        "\"$f\"; done; rm -f beside",
        &options);
}

static const char listed[] = "home/plain\nhome/sub/plain\nother/file\nplain\n750\n";

typedef struct {
    const char *name;
    BnsViewAccess access;
    bool is_shared;
    bool old_kernel;
    const char *written; /* what could be written */
    const char *host;    /* what the file in "other" is then */
} Case;

static const Case cases[] = {
    { "read-only", BNS_VIEW_READ_ONLY, false, false, "home/new\nhome/sub/new\nwork/new",
      "other\n" },
    { "writable", BNS_VIEW_WRITE, false, false,
      "home/new\nhome/sub/new\nother/file\nother/new\nwork/new", "x\n" },
    { "private", BNS_VIEW_PRIVATE, false, false,
      "home/new\nhome/sub/new\nother/file\nother/new\nwork/new", "other\n" },
    { "shared", BNS_VIEW_WRITE, true, false,
      "home/new\nhome/plain\nhome/sub/new\nother/file\nother/new\nwork/new\nbeside",
      "x\n" },
    { "read-only-on-an-old-kernel", BNS_VIEW_READ_ONLY, false, true,
      "home/new\nhome/sub/new\nwork/new", "other\n" },
    { "writable-on-an-old-kernel", BNS_VIEW_WRITE, false, true,
      "home/new\nhome/sub/new\nother/file\nother/new\nwork/new", "x\n" },
};

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    const BnsFileView base = { .is_shared = row->is_shared };
    Tree tree;
    g_autofree char *expected = g_strconcat(listed, row->written, NULL);
    g_autofree char *output = NULL;
    g_autofree char *file = NULL;
    g_autofree char *text = NULL;
    g_autofree char *made = NULL;

    if (!inside_is_possible())
        return;
    tree_init(&tree);
    output = look(&tree, &base, row->access, row->old_kernel);
    g_assert_cmpstr(output, ==, expected);
    file = g_build_filename(tree.other, "file", NULL);
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, row->host);
    made = g_build_filename(tree.home, "new", NULL);
    g_assert_false(g_file_test(made, G_FILE_TEST_EXISTS));
    tree_clear(&tree);
}

/* A project below /tmp in which something is hidden. */
static void
test_below_tmp(void)
{
    g_autofree char *dir = inside_make_directory();
    g_autofree char *secret = g_build_filename(dir, "secret", NULL);
    const BnsViewRule rules[] = { { secret, strlen(dir), true } };
    const char *const rebuilt[] = { dir, NULL };
    const BnsViewMount mounts[] = { { dir, BNS_VIEW_WRITE, true } };
    const BnsFileView view = { .rules = rules,
                               .n_rules = 1,
                               .rebuilt = rebuilt,
                               .mounts = mounts,
                               .n_mounts = 1 };
    const InsideOptions options = { .workdir = dir, .view = &view };
    g_autofree char *plain = g_build_filename(dir, "plain", NULL);
    g_autofree char *output = NULL;
    g_autofree char *text = NULL;

    if (!inside_is_possible())
        return;
    inside_make_file(dir, "secret", "S", 0600);
    inside_make_file(dir, "plain", "plain\n", 0600);
    output = inside_sh("ls; cat secret plain 2>/dev/null; echo x >plain", &options);
    g_assert_cmpstr(output, ==, "plain\nplain");
    g_assert_true(g_file_get_contents(plain, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "x\n");
    bns_test_remove_tree(dir);
}

/* The command has nobody to ask for a mount that would undo one of ours. */
static void
test_stays(void)
{
    Tree tree;
    const BnsFileView base = { 0 };
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    tree_init(&tree);
    {
        const BnsViewMount mounts[] = { { tree.work, BNS_VIEW_WRITE, false } };
        BnsFileView view = base;
        const InsideOptions options = { .workdir = tree.work, .view = &view };

        view.mounts = mounts;
        view.n_mounts = 1;
        output = inside_sh("mount -o remount,rw,bind / 2>/dev/null && echo undone; "
                           "umount -l . 2>/dev/null && echo gone; (echo x "
                           ">../other/file) 2>/dev/null && echo written; exit 0",
                           &options);
    }
    g_assert_cmpstr(output, ==, "");
    tree_clear(&tree);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/inside/views/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/sandbox/inside/views/hidden-below-tmp", test_below_tmp);
    bns_test_add("/sandbox/inside/views/it-stays", test_stays);
    return g_test_run();
}
