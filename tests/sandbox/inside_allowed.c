/* SPDX-License-Identifier: Apache-2.0 */
/* Where some programs are allowed no other runs, whoever starts it by whatever way. */
#include "tests/sandbox/inside_fixture.h"

#include "sandbox/elf_loader.h"
#include "sandbox/landlock.h"
#include "tests/support/test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* DIR is the workspace: DIR/tool is allowed, and DIR/dir; DIR/other is not. */
typedef struct {
    char *dir;
    GPtrArray *programs, *loaders;
} Workspace;

static void
add_real(GPtrArray *paths, const char *path)
{
    char *real = realpath(path, NULL);

    if (real != NULL)
        g_ptr_array_add(paths, g_strdup(real));
    free(real);
}

static void
add_loader(GPtrArray *paths)
{
    g_autofree char *head = NULL;
    char loader[4096];
    gsize len;

    g_assert_true(g_file_get_contents("/proc/self/exe", &head, &len, NULL));
    g_assert_true(bns_elf_loader_find(
        (const uint8_t *)head, MIN(len, BNS_ELF_LOADER_HEAD), loader, sizeof(loader)));
    add_real(paths, loader);
}

static void
workspace_init(Workspace *workspace)
{
    static const char *const allowed[] = { "/bin/sh",     "/bin/cp",  "/bin/mv",
                                           "/bin/ln",     "/bin/cat", "/bin/mkdir",
                                           "/usr/bin/env" };
    g_autofree char *dir = NULL;
    g_autofree char *tool = NULL;
    char *made = inside_make_directory();

    workspace->dir = realpath(made, NULL);
    g_free(made);
    dir = g_build_filename(workspace->dir, "dir", NULL);
    tool = g_build_filename(workspace->dir, "tool", NULL);
    g_assert_cmpint(g_mkdir(dir, 0755), ==, 0);
    inside_make_file(workspace->dir, "tool", "#!/bin/sh\necho yes\n", 0755);
    inside_make_file(workspace->dir, "other", "#!/bin/sh\necho ran\n", 0755);
    inside_make_file(dir, "inner", "#!/bin/sh\necho inner\n", 0755);
    workspace->programs = g_ptr_array_new_with_free_func(g_free);
    workspace->loaders = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(allowed); i++)
        add_real(workspace->programs, allowed[i]);
    g_ptr_array_add(workspace->programs, g_strdup(tool));
    g_ptr_array_add(workspace->programs, g_strdup(dir));
    add_loader(workspace->loaders);
    g_ptr_array_add(workspace->programs, NULL);
    g_ptr_array_add(workspace->loaders, NULL);
}

static void
workspace_clear(Workspace *workspace)
{
    bns_test_remove_tree(workspace->dir);
    free(workspace->dir);
    g_ptr_array_unref(workspace->programs);
    g_ptr_array_unref(workspace->loaders);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Workspace, workspace_clear)

static InsideOptions
make_options(const Workspace *workspace)
{
    return (InsideOptions){
        .workdir = workspace->dir,
        .allowed = { true, (const char *const *)workspace->programs->pdata,
                     (const char *const *)workspace->loaders->pdata },
    };
}

static bool
is_possible(void)
{
    if (!inside_is_possible())
        return false;
    if (bns_landlock_version() >= BNS_LANDLOCK_FILES)
        return true;
    bns_test_skip("this kernel has no Landlock");
    return false;
}

typedef struct {
    const char *name;
    const char *script;
    const char *expected;
} Case;

/* $LD: the loader. ls(1) is not allowed; a shell says 126 of what it may not execute. */
static const Case cases[] = {
    { "what-is-allowed", "./tool; env ./tool; dir/inner", "yes\nyes\ninner" },
    { "another", "./other; echo $?", "126" },
    { "of-the-system", "/bin/ls; echo $?", "126" },
    { "by-name", "ls; echo $?", "126" },
    { "by-another-program", "env ls; echo $?", "126" },
    { "by-a-link", "ln -s /bin/ls dir/l; dir/l; echo $?", "126" },
    { "a-copy", "cp /bin/ls l; ./l; echo $?", "126" },
    { "a-copy-of-what-is-allowed", "cp /bin/cat c; ./c tool; echo $?", "126" },
    { "a-hard-link-of-what-is-allowed", "ln tool t 2>/dev/null; ./t || echo no", "no" },
    { "whatever-is-put-where-all-is-allowed", "mv other dir/o; dir/o", "ran" },
    { "by-descriptor", "exec 3<other; /proc/self/fd/3; echo $?", "126" },
    { "in-tmp", "cp other /tmp/o; /tmp/o; echo $?", "126" },
    { "in-shared-memory", "cp other /dev/shm/o; /dev/shm/o; echo $?", "126" },
    { "as-an-interpreter",
      "cp /bin/ls l; echo \"#!$PWD/l\" >dir/s; cp tool x; cat dir/s >tool; ./tool; "
      "echo $?",
      "126" },
    { "by-the-loader", "$LD /bin/ls; echo $?", "127" },
    { "a-copy-by-the-loader", "cp /bin/ls l; $LD ./l; echo $?", "127" },
    { "a-library-of-ones-own",
      "cp /bin/ls l.so; LD_PRELOAD=$PWD/l.so cat tool 2>&1 >/dev/null", NULL },
    { "the-loader-with-what-is-allowed", "$LD /bin/cat dir/inner",
      "#!/bin/sh\necho inner" },
    { "a-script-that-is-interpreted", "sh other", "ran" },
    { "a-mount-cannot-be-undone",
      "mount -o remount,exec / 2>/dev/null; ./other; echo $?", "126" },
};

static char *
run(const Workspace *workspace, InsideOptions *options, const char *script)
{
    g_autofree char *whole = g_strdup_printf(
        "exec 2>/dev/null; LD=%s; %s", (char *)workspace->loaders->pdata[0], script);

    options->workdir = workspace->dir;
    return inside_sh(whole, options);
}

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    g_auto(Workspace) workspace = { 0 };
    g_autofree char *output = NULL;
    InsideOptions options;

    if (!is_possible())
        return;
    workspace_init(&workspace);
    options = make_options(&workspace);
    output = run(&workspace, &options, row->script);
    if (row->expected != NULL)
        g_assert_cmpstr(output, ==, row->expected);
    else
        g_assert_nonnull(strstr(output, "failed to map segment"));
}

/* Chromium's level makes namespaces, which change nothing; all may be written in shared
 * mode, where files can be moved as ever. */
static void
test_levels(void)
{
    g_auto(Workspace) workspace = { 0 };
    BnsViewMount work = { .access = BNS_VIEW_WRITE };
    const BnsFileView shared = { .is_shared = true, .mounts = &work, .n_mounts = 1 };
    g_autofree char *chromium = NULL;
    g_autofree char *moved = NULL;
    InsideOptions options;

    if (!is_possible())
        return;
    workspace_init(&workspace);
    options = make_options(&workspace);
    options.nested = BNS_NESTED_CHROMIUM;
    chromium = run(&workspace, &options, "./tool; ./other; echo $?");
    g_assert_cmpstr(chromium, ==, "yes\n126");
    options = make_options(&workspace);
    work.path = workspace.dir;
    options.view = &shared;
    moved = run(&workspace, &options,
                "mkdir a b; cp tool a/f; mv a/f b/g; cat b/g; ./other; echo $?");
    g_assert_cmpstr(moved, ==, "#!/bin/sh\necho yes\n126");
}

/* What is denied says why, be it allowed or not. */
static void
test_denied(void)
{
    g_auto(Workspace) workspace = { 0 };
    g_autofree char *output = NULL;
    g_autofree char *tool = NULL;
    g_autofree char *other = NULL;
    InsideOptions options;

    if (!is_possible())
        return;
    workspace_init(&workspace);
    tool = g_build_filename(workspace.dir, "tool", NULL);
    other = g_build_filename(workspace.dir, "other", NULL);
    {
        const BnsDeniedProgram denied[] = { { tool, "denied: tool\n" },
                                            { other, "denied: other\n" } };

        options = make_options(&workspace);
        options.denied = (BnsDenied){ denied, G_N_ELEMENTS(denied) };
        output = inside_sh("./tool; echo $?; ./other; echo $?", &options);
    }
    g_assert_cmpstr(output, ==, "denied: tool\n126\ndenied: other\n126");
}

static void
test_without_landlock(gconstpointer error)
{
    const char *argv[] = { "/bin/sh", "-c", "true", NULL };
    g_auto(Workspace) workspace = { 0 };
    g_autoptr(Inside) inside = NULL;
    g_autofree char *failure = NULL;
    InsideOptions options;

    if (!is_possible())
        return;
    workspace_init(&workspace);
    options = make_options(&workspace);
    options.landlock_error = GPOINTER_TO_INT(error);
    inside = inside_start(argv, &options);
    g_assert_cmpint(inside_end(inside, &failure), ==, -1);
    g_assert_true(g_str_has_prefix(failure, "commands.allow needs Landlock, "));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/inside/allowed/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/sandbox/inside/allowed/at-other-levels", test_levels);
    bns_test_add("/sandbox/inside/allowed/what-is-denied-says-so", test_denied);
    bns_test_add_data("/sandbox/inside/allowed/no-landlock-no-start",
                      GINT_TO_POINTER(ENOSYS), test_without_landlock);
    bns_test_add_data("/sandbox/inside/allowed/landlock-off-no-start",
                      GINT_TO_POINTER(EOPNOTSUPP), test_without_landlock);
    return g_test_run();
}
