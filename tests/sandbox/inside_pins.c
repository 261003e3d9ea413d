/* SPDX-License-Identifier: Apache-2.0 */
/* What is protected stays as it is and where it is, whatever the command tries. */
#include "tests/sandbox/inside_fixture.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *dir;  /* the workspace, below /tmp and so shown as the working directory */
    char *file; /* protected: DIR/config/ours/policy */
} Workspace;

static void
workspace_init(Workspace *workspace)
{
    g_autofree char *ours = NULL;

    workspace->dir = inside_make_directory();
    ours = g_build_filename(workspace->dir, "config", "ours", NULL);
    g_assert_cmpint(g_mkdir_with_parents(ours, 0755), ==, 0);
    inside_make_file(ours, "policy", "policy\n", 0644);
    workspace->file = g_build_filename(ours, "policy", NULL);
}

static void
workspace_clear(Workspace *workspace)
{
    bns_test_remove_tree(workspace->dir);
    g_free(workspace->dir);
    g_free(workspace->file);
}

static void
check_attack(const char *protected_path, const char *script, const char *expected)
{
    Workspace workspace;
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    g_autofree char *output = NULL;

    workspace_init(&workspace);
    path = g_build_filename(workspace.dir, protected_path, NULL);
    {
        const char *paths[] = { path, NULL };
        InsideOptions options = { .workdir = workspace.dir, .protected_paths = paths };

        output = inside_sh(script, &options);
    }
    g_assert_cmpstr(output, ==, expected);
    g_assert_true(g_file_get_contents(workspace.file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "policy\n");
    workspace_clear(&workspace);
}

typedef struct {
    const char *name;
    const char *protected_path;
    const char *script;
    const char *error; /* what the last word of the message is; NULL: it works */
} Attack;

static const Attack attacks[] = {
    { "a-file-can-be-read", "config/ours/policy", "cat config/ours/policy >/dev/null",
      NULL },
    { "a-file-cannot-be-written", "config/ours/policy", "echo x >> config/ours/policy",
      "Read-only file system" },
    { "a-file-cannot-be-removed", "config/ours/policy", "rm -f config/ours/policy",
      "Device or resource busy" },
    { "a-file-cannot-be-replaced", "config/ours/policy",
      "echo x > n && mv -f n config/ours/policy", "Device or resource busy" },
    { "its-directory-cannot-be-moved", "config/ours/policy",
      "mv config/ours config/theirs", "Device or resource busy" },
    { "nor-the-one-above", "config/ours/policy", "mv config c",
      "Device or resource busy" },
    { "its-siblings-are-free", "config/ours/policy",
      "echo x > config/ours/other && mv config/ours/other config/ours/o2", NULL },
    { "a-directory-cannot-be-written", "config/ours", "touch config/ours/new",
      "Read-only file system" },
    { "nor-what-is-in-it", "config/ours", "echo x >> config/ours/policy",
      "Read-only file system" },
    { "nor-made-writable", "config/ours", "chmod 777 config/ours/policy",
      "Read-only file system" },
    { "what-is-absent-is-passed-over", "config/absent/file", "touch config/new", NULL },
};

static void
test_attack(gconstpointer data)
{
    const Attack *row = data;
    g_autofree char *script =
        row->error == NULL
            ? g_strdup(row->script)
            : g_strdup_printf("{ (%s) 2>&1 && echo done; } | sed 's/.*: //'",
                              row->script);

    if (!inside_is_possible())
        return;
    check_attack(row->protected_path, script, row->error != NULL ? row->error : "");
}

/* The command owns the directory and can make it writable. */
static void
test_closed_directory(void)
{
    Workspace workspace;
    g_autofree char *config = NULL;
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    workspace_init(&workspace);
    config = g_build_filename(workspace.dir, "config", NULL);
    g_assert_cmpint(chmod(config, 0555), ==, 0);
    {
        const char *paths[] = { workspace.file, NULL };
        InsideOptions options = { .workdir = workspace.dir, .protected_paths = paths };

        output = inside_sh(
            "chmod u+w config && mv config/ours c 2>/dev/null || echo no", &options);
    }
    g_assert_cmpstr(output, ==, "no");
    workspace_clear(&workspace);
}

static void
test_two_protected(void)
{
    Workspace workspace;
    g_autofree char *ours = NULL;
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    workspace_init(&workspace);
    ours = g_path_get_dirname(workspace.file);
    {
        const char *paths[] = { workspace.file, ours, workspace.file, NULL };
        InsideOptions options = { .workdir = workspace.dir, .protected_paths = paths };

        output = inside_sh("(echo x >> config/ours/policy) 2>/dev/null || echo no; mv "
                           "config c 2>/dev/null || echo no",
                           &options);
    }
    g_assert_cmpstr(output, ==, "no\nno");
    workspace_clear(&workspace);
}

static void
test_protected_fifo(void)
{
    Workspace workspace;
    g_autofree char *fifo = NULL;
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    workspace_init(&workspace);
    fifo = g_build_filename(workspace.dir, "fifo", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    {
        const char *paths[] = { fifo, NULL };
        InsideOptions options = { .workdir = workspace.dir, .protected_paths = paths };

        output = inside_sh("rm -f fifo 2>/dev/null || echo no", &options);
    }
    g_assert_cmpstr(output, ==, "no");
    workspace_clear(&workspace);
}

/* It leads where it led, and cannot be made to lead anywhere else. */
static void
test_pinned_link(gconstpointer old_kernel)
{
    static const char script[] =
        "cat link/ours/policy; readlink link; for try in 'rm link' 'mv link l' "
        "'ln -sfn / link' 'ln -sT x n' 'mv -T n link' 'mv up u'; do $try 2>/dev/null "
        "|| "
        "echo no; done";
    Workspace workspace;
    g_autofree char *up = NULL;
    g_autofree char *link = NULL;
    g_autofree char *name = NULL;
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    workspace_init(&workspace);
    up = g_build_filename(workspace.dir, "up", NULL);
    link = g_build_filename(up, "link", NULL);
    name = g_build_filename(workspace.dir, "link", NULL);
    g_assert_cmpint(mkdir(up, 0700), ==, 0);
    g_assert_cmpint(symlink("../config", link), ==, 0);
    g_assert_cmpint(symlink("config", name), ==, 0);
    {
        const char *links[] = { link, name, NULL };
        InsideOptions options = { .workdir = workspace.dir,
                                  .protected_links = links,
                                  .old_kernel = old_kernel != NULL };

        output = inside_sh(script, &options);
    }
    /* A link that is not in the way may be made. */
    g_assert_cmpstr(output, ==, "policy\nconfig\nno\nno\nno\nno\nno");
    workspace_clear(&workspace);
}

/* Put there after the supervisor had looked. */
static void
test_protected_link(void)
{
    const char *argv[] = { "true", NULL };
    Workspace workspace;
    g_autofree char *link = NULL;
    g_autofree char *path = NULL;
    g_autofree char *failure = NULL;

    if (!inside_is_possible())
        return;
    workspace_init(&workspace);
    link = g_build_filename(workspace.dir, "link", NULL);
    path = g_build_filename(link, "ours", NULL);
    g_assert_cmpint(symlink("config", link), ==, 0);
    {
        const char *paths[] = { path, NULL };
        InsideOptions options = { .workdir = workspace.dir, .protected_paths = paths };
        g_autoptr(Inside) inside = inside_start(argv, &options);

        g_assert_cmpint(inside_end(inside, &failure), ==, -1);
    }
    g_assert_nonnull(strstr(failure, "became a symbolic link"));
    workspace_clear(&workspace);
}

/* Without open_tree(2) and mount_setattr(2) all is the same; but for what lies where nobody
 * may go (tracefs below debugfs), which then has no name to be made read-only by. */
static void
test_old_kernel(void)
{
    Workspace workspace;
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    workspace_init(&workspace);
    {
        const char *paths[] = { workspace.file, NULL };
        InsideOptions options = { .workdir = workspace.dir,
                                  .protected_paths = paths,
                                  .old_kernel = true };

        output = inside_sh("(echo x >> config/ours/policy) 2>/dev/null || echo no; mv "
                           "config c 2>/dev/null || echo no; touch config/x; ls /tmp "
                           "/dev/pts; awk '$2 ~ \"^/sys(/|$)\" && $4 !~ /^ro/ "
                           "{ print $2 }' /proc/mounts | while read m; do "
                           "test ! -e $m || echo $m; done; cat /etc/resolv.conf",
                           &options);
    }
    {
        g_autofree char *name = g_path_get_basename(workspace.dir);
        g_autofree char *expected = g_strdup_printf(
            "no\nno\n/dev/pts:\nptmx\n\n/tmp:\n%s\nnameserver 198.18.0.2\nsearch .",
            name);

        g_assert_cmpstr(output, ==, expected);
    }
    workspace_clear(&workspace);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(attacks); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/inside/protected/%s", attacks[i].name);

        bns_test_add_data(path, &attacks[i], test_attack);
    }
    bns_test_add("/sandbox/inside/protected/a-closed-directory-stays-too",
                 test_closed_directory);
    bns_test_add("/sandbox/inside/protected/twice-does-no-harm", test_two_protected);
    bns_test_add("/sandbox/inside/protected/a-fifo-blocks-nobody", test_protected_fifo);
    bns_test_add_data("/sandbox/inside/protected/a-link-stays", NULL, test_pinned_link);
    bns_test_add_data("/sandbox/inside/protected/a-link-stays-on-an-old-kernel", "old",
                      test_pinned_link);
    bns_test_add("/sandbox/inside/protected/a-new-link-ends-the-start",
                 test_protected_link);
    bns_test_add("/sandbox/inside/protected/an-old-kernel-does-the-same",
                 test_old_kernel);
    return g_test_run();
}
