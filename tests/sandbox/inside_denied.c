/* SPDX-License-Identifier: Apache-2.0 */
/* A program that is denied does not run, whoever starts it by whatever way. */
#include "tests/sandbox/inside_fixture.h"

#include "base/ready.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO "denied: tool\n"

/* DIR/bin/tool is denied, and prints "ran" where it is not; DIR is the workspace. */
typedef struct {
    char *dir;
    char *tool;
} Workspace;

static void
workspace_init(Workspace *workspace)
{
    g_autofree char *bin = NULL;
    g_autofree char *link = NULL;

    workspace->dir = inside_make_directory();
    bin = g_build_filename(workspace->dir, "bin", NULL);
    link = g_build_filename(workspace->dir, "link", NULL);
    g_assert_cmpint(g_mkdir(bin, 0755), ==, 0);
    inside_make_file(bin, "tool", "#!/bin/sh\necho ran\n", 0755);
    workspace->tool = g_build_filename(bin, "tool", NULL);
    g_assert_cmpint(symlink("bin/tool", link), ==, 0);
}

static void
workspace_clear(Workspace *workspace)
{
    bns_test_remove_tree(workspace->dir);
    g_free(workspace->dir);
    g_free(workspace->tool);
}

typedef struct {
    const char *name;
    const char *script;
    const char *expected;
} Case;

static const Case cases[] = {
    { "by-path", "bin/tool; echo $?", NO "126\n" },
    { "by-name", "PATH=$PWD/bin:$PATH; tool; echo $?", NO "126\n" },
    { "by-a-link", "./link; echo $?", NO "126\n" },
    { "by-a-new-link", "ln -s bin/tool new; ./new; echo $?", NO "126\n" },
    { "by-another-program", "env bin/tool; echo $?", NO "126\n" },
    { "with-an-empty-environment", "env -i bin/tool; echo $?", NO "126\n" },
    { "by-execve", "(exec bin/tool); echo $?", NO "126\n" },
    { "by-descriptor", "exec 3<bin/tool; /proc/self/fd/3; echo $?", NO "126\n" },
    { "by-its-directory-of-another-name", "mv bin b && b/tool; echo $?", NO "126\n" },
    { "as-an-interpreter", "echo \"#!$PWD/bin/tool\" >s; chmod +x s; ./s; echo $?",
      NO "126\n" },
    { "a-copy-is-the-stub", "cp bin/tool t; ./t; echo $?", NO "126\n" },
    { "its-text-cannot-be-read", "grep -c ran bin/tool", "0\n" },
    { "it-cannot-be-moved", "mv bin/tool t 2>/dev/null || bin/tool", NO },
    { "it-cannot-be-removed", "rm -rf bin 2>/dev/null; bin/tool", NO },
    { "it-cannot-be-linked", "ln bin/tool t 2>/dev/null || bin/tool", NO },
    { "it-cannot-be-written", "(echo x >bin/tool) 2>/dev/null || bin/tool", NO },
    { "it-cannot-be-unmounted", "umount bin/tool 2>/dev/null; bin/tool", NO },
    { "its-stub-cannot-be-changed",
      "(echo x >/run/boundary-ns/denied/0) 2>/dev/null; rm -f "
      "/run/boundary-ns/denied/0 2>/dev/null; mv /run/boundary-ns /run/b; bin/tool",
      NO },
    { "nor-by-its-own-root", "/proc/self/root$PWD/bin/tool; echo $?", NO "126\n" },
    { "its-neighbours-run", "cp /bin/echo bin/other; bin/other yes", "yes\n" },
};

static void
check_case(const Case *row, bool old_kernel)
{
    Workspace workspace;
    g_autofree char *expected = NULL;
    g_autofree char *output = NULL;

    workspace_init(&workspace);
    {
        const BnsDeniedProgram program = { workspace.tool, NO };
        InsideOptions options = { .workdir = workspace.dir,
                                  .denied = { &program, 1 },
                                  .old_kernel = old_kernel };
        const char *argv[] = { "sh", "-c", row->script, NULL };

        output = inside_run(argv, &options, NULL);
    }
    expected = g_strndup(row->expected, strlen(row->expected) - 1);
    g_assert_cmpstr(output, ==, expected);
    workspace_clear(&workspace);
}

static void
test_case(gconstpointer data)
{
    if (inside_is_possible())
        check_case(data, false);
}

static void
test_old_kernel(void)
{
    if (inside_is_possible())
        check_case(&cases[0], true);
}

/* There is nothing to cover. */
static void
test_absent(void)
{
    g_autofree char *output = NULL;
    const BnsDeniedProgram programs[] = { { "/nowhere/tool", NO },
                                          { "/etc/passwd/tool", NO } };
    InsideOptions options = { .denied = { programs, G_N_ELEMENTS(programs) } };

    if (!inside_is_possible())
        return;
    output = inside_sh("echo ran", &options);
    g_assert_cmpstr(output, ==, "ran");
}

/* Put there after the supervisor had looked. */
static void
test_new_link(void)
{
    const char *argv[] = { "true", NULL };
    Workspace workspace;
    g_autofree char *path = NULL;
    g_autofree char *failure = NULL;

    if (!inside_is_possible())
        return;
    workspace_init(&workspace);
    path = g_build_filename(workspace.dir, "link", NULL);
    {
        const BnsDeniedProgram program = { path, NO };
        InsideOptions options = { .workdir = workspace.dir, .denied = { &program, 1 } };
        g_autoptr(Inside) inside = inside_start(argv, &options);

        g_assert_cmpint(inside_end(inside, &failure), ==, -1);
    }
    g_assert_nonnull(strstr(failure, "Could not deny"));
    workspace_clear(&workspace);
}

/* As an upgrade does: the new file is denied as soon as init has seen that its mount is
 * gone. The command tries until it is. */
static void
test_replaced(void)
{
    const char *argv[] = { "sh", "-c",
                           "while [ ! -e replaced ]; do sleep 0.01; done; while "
                           "bin/tool >/dev/null 2>&1; do sleep 0.01; done; bin/tool",
                           NULL };
    Workspace workspace;
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    workspace_init(&workspace);
    {
        const BnsDeniedProgram program = { workspace.tool, NO };
        InsideOptions options = { .workdir = workspace.dir, .denied = { &program, 1 } };
        g_autoptr(Inside) inside = inside_start(argv, &options);
        g_autofree char *failure = NULL;

        g_free(inside_wait(inside, BNS_READY_READY));
        inside_make_file(workspace.dir, "new", "#!/bin/sh\necho ran\n", 0755);
        {
            g_autofree char *new_file = g_build_filename(workspace.dir, "new", NULL);

            g_assert_cmpint(g_rename(new_file, workspace.tool), ==, 0);
        }
        inside_make_file(workspace.dir, "replaced", "", 0644);
        inside_end(inside, &failure);
        output = inside_output(inside);
    }
    g_assert_cmpstr(output, ==, NO);
    workspace_clear(&workspace);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/inside/denied/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/sandbox/inside/denied/an-old-kernel-does-the-same", test_old_kernel);
    bns_test_add("/sandbox/inside/denied/what-is-not-there-is-passed-over",
                 test_absent);
    bns_test_add("/sandbox/inside/denied/a-new-link-ends-the-start", test_new_link);
    bns_test_add("/sandbox/inside/denied/what-the-host-replaces-too", test_replaced);
    return g_test_run();
}
