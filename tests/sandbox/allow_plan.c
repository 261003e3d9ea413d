/* SPDX-License-Identifier: Apache-2.0 */
/* Which files may be executed, and whether the command is one of them. */
#include "tests/sandbox/tool_machine.h"

#include <glib/gstdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* DIR/a/tool, DIR/b/tool and DIR/b/other; DIR/a/link leads to DIR/c/deep/real. */
static void
machine_init(Machine *machine)
{
    g_autofree char *link = NULL;

    machine_begin(machine);
    link = machine_path(machine, "a/bns-link");
    machine_add(machine, "a/bns-tool");
    machine_add(machine, "b/bns-tool");
    machine_add(machine, "b/other");
    machine_add(machine, "c/deep/real");
    g_assert_cmpint(symlink("../c/deep/real", link), ==, 0);
}

typedef struct {
    const char *name;
    const char *yaml;
    const char *files; /* below the directory, in order; NULL: all are allowed */
} Case;

static const Case cases[] = {
    { "nothing-said", "{}", NULL },
    { "denying-is-no-list", "{deny: [bns-tool]}", NULL },
    { "every-program-of-a-name", "{allow: [bns-tool]}", "a/bns-tool b/bns-tool " },
    { "a-path-alone", "{allow: ['@/b/bns-tool']}", "b/bns-tool " },
    { "a-path-of-the-home", "{allow: [~/b/bns-tool]}", "b/bns-tool " },
    { "a-link-is-its-file", "{allow: [bns-link]}", "c/deep/real " },
    { "a-directory", "{allow: ['@/b/', ~/c/]}", "b c " },
    { "a-directory-is-no-file", "{allow: ['@/b']}", "" },
    { "a-file-is-no-directory", "{allow: ['@/b/other/']}", "" },
    { "twice-is-once", "{allow: ['@/b/bns-tool', bns-tool]}",
      "b/bns-tool a/bns-tool " },
    { "what-is-not-there", "{allow: [absent, '@/absent', ~/absent/]}", "" },
    { "what-is-denied-stays-named", "{allow: [bns-tool], deny: ['@/b/bns-tool']}",
      "a/bns-tool b/bns-tool " },
};

static char *
list(const Machine *machine, const BnsCommandPlan *made)
{
    g_autoptr(GString) files = g_string_new(NULL);

    for (const char *const *path = made->allow->allowed.programs; *path != NULL;
         path++) {
        g_assert_true(g_str_has_prefix(*path, machine->dir));
        g_string_append_printf(files, "%s ", *path + strlen(machine->dir) + 1);
    }
    return g_string_free(g_steal_pointer(&files), FALSE);
}

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    g_auto(Machine) machine = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;
    g_autoptr(BnsCommandPlan) made = NULL;
    g_autofree char *files = NULL;

    machine_init(&machine);
    policy = machine_policy(&machine, row->yaml);
    made = machine_plan(&machine, policy);
    files = list(&machine, made);
    g_assert_true(made->allow->allowed.is_on == (row->files != NULL));
    g_assert_cmpstr(files, ==, row->files != NULL ? row->files : "");
    g_assert_true(made->exec.allowed == &made->allow->allowed);
}

static void
test_lines(void)
{
    g_auto(Machine) machine = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;
    g_autoptr(BnsCommandPlan) made = NULL;

    machine_init(&machine);
    policy = machine_policy(&machine, "{allow: [bns-link, '@/b/', absent]}");
    made = machine_plan(&machine, policy);
    g_assert_true(g_str_has_prefix(made->lines->str,
                                   "/p.yaml:1\tcommands.allow\tnothing but what "
                                   "follows can be executed (container engines "));
    g_assert_nonnull(strstr(made->lines->str, "/p.yaml:1\tallow-command\t/"));
    g_assert_nonnull(strstr(made->lines->str, "/c/deep/real\n"));
    g_assert_nonnull(strstr(made->lines->str, "/b/\n"));
    g_assert_nonnull(
        strstr(made->lines->str, "allow-command\tabsent (not on this machine)\n"));
}

/* The loader of a program is found, and that of this one always. */
static void
test_loaders(void)
{
    g_auto(Machine) machine = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;
    g_autoptr(BnsCommandPlan) made = NULL;
    const char *const *loader;

    machine_init(&machine);
    policy = machine_policy(&machine, "{allow: [sh]}");
    made = machine_plan(&machine, policy);
    loader = made->allow->allowed.loaders;
    g_assert_nonnull(*loader);
    for (; *loader != NULL; loader++)
        g_assert_true(g_file_test(*loader, G_FILE_TEST_IS_EXECUTABLE));
}

/* Of both a file and what is in a directory of the other. */
static const struct {
    const char *name, *system, *yaml, *files;
} both_cases[] = {
    { "the-same", "[bns-tool]", "['@/b/bns-tool', other]", "b/bns-tool " },
    { "a-file-of-a-directory", "['@/b/']", "[bns-tool]", "b/bns-tool " },
    { "a-directory-with-a-file", "['@/b/other']", "['@/b/', '@/a/']", "b/other " },
    { "a-directory-in-a-directory", "['@/c/']", "['@/c/deep/']", "c/deep " },
    { "nothing-in-common", "['@/a/']", "['@/b/']", "" },
    { "absent-above", "[absent]", "[bns-tool]", "" },
};

static void
test_both(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_auto(Machine) machine = { 0 };
    g_autofree char *system_yaml = g_strdup_printf("{allow: %s}", both_cases[i].system);
    g_autofree char *yaml = g_strdup_printf("{allow: %s}", both_cases[i].yaml);
    g_autoptr(BnsPolicy) system = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_autoptr(BnsCommandPlan) made = NULL;
    g_autofree char *files = NULL;

    machine_init(&machine);
    system = machine_policy(&machine, system_yaml);
    policy = machine_policy(&machine, yaml);
    bns_commands_narrow(policy->commands, system->commands);
    made = machine_plan(&machine, policy);
    files = list(&machine, made);
    g_assert_true(made->allow->allowed.is_on);
    g_assert_cmpstr(files, ==, both_cases[i].files);
}

typedef struct {
    const char *name;
    const char *yaml;
    const char *program;
    bool is_permitted;
} CommandCase;

static const CommandCase command_cases[] = {
    { "any-without-a-list", "{}", "bns-tool", true },
    { "its-name", "{allow: [bns-tool]}", "bns-tool", true },
    { "another-name", "{allow: [other]}", "bns-tool", false },
    { "the-first-in-path-counts", "{allow: ['@/b/bns-tool']}", "bns-tool", false },
    { "which-it-is", "{allow: ['@/a/bns-tool']}", "bns-tool", true },
    { "a-relative-path", "{allow: ['@/b/other']}", "b/other", true },
    { "another-relative-path", "{allow: ['@/b/other']}", "./a/bns-tool", false },
    { "by-its-directory", "{allow: ['@/b/']}", "b/../b/other", true },
    { "beside-its-directory", "{allow: ['@/b/']}", "a/bns-tool", false },
    { "by-a-link", "{allow: ['@/c/deep/real']}", "bns-link", true },
    { "what-is-not-there-is-not-judged", "{allow: [other]}", "absent", true },
    { "what-is-denied-says-so-itself", "{allow: [other], deny: [other]}", "other",
      true },
};

static void
test_command(gconstpointer data)
{
    const CommandCase *row = data;
    g_auto(Machine) machine = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;
    g_autoptr(BnsCommandPlan) made = NULL;
    g_autofree char *why = NULL;

    machine_init(&machine);
    policy = machine_policy(&machine, row->yaml);
    made = machine_plan(&machine, policy);
    why = bns_command_plan_check(made, bns_policy_commands(policy), row->program,
                                 machine.dir);
    if (row->is_permitted) {
        g_assert_null(why);
        return;
    }
    g_assert_true(g_str_has_prefix(why, row->program));
    g_assert_true(g_str_has_suffix(
        why, " is not among what policy permits to execute (/p.yaml:1)"));
}

/* --- properties --- */

static const char *const entries[] = {
    "bns-tool", "other", "bns-link", "'@/a/'", "'@/b/'", "absent", "~/c/", "'@/b/other'"
};
static const char *const programs[] = { "a/bns-tool", "b/bns-tool", "b/other",
                                        "c/deep/real" };

static BnsCommandPlan *
plan_some(const Machine *machine, unsigned allowed, unsigned denied)
{
    g_autoptr(GString) yaml = g_string_new("{allow: [nothing");
    g_autoptr(BnsPolicy) policy = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(entries); i++)
        if (allowed & 1U << i)
            g_string_append_printf(yaml, ", %s", entries[i]);
    g_string_append(yaml, "], deny: [nothing");
    for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++)
        if (denied & 1U << i)
            g_string_append_printf(yaml, ", '@/%s'", programs[i]);
    g_string_append(yaml, "]}");
    policy = machine_policy(machine, yaml->str);
    return machine_plan(machine, policy);
}

static bool
runs(const Machine *machine, const BnsCommandPlan *made, const char *program)
{
    g_autofree char *path = g_build_filename(machine->dir, program, NULL);
    const char *const dirs[] = { NULL };

    for (size_t i = 0; i < made->denied.n; i++)
        if (strcmp(made->denied.programs[i].path, path) == 0)
            return false;
    return bns_allow_plan_permits(made->allow, path, "/", dirs);
}

static void
test_property(void)
{
    g_auto(Machine) machine = { 0 };

    machine_init(&machine);
    for (int round = 0; round < 200; round++) {
        unsigned allowed = (unsigned)g_test_rand_int() & 0xff;
        unsigned denied = (unsigned)g_test_rand_int() & 0xf;
        unsigned more = 1U << g_test_rand_int_range(0, 8);
        unsigned less = 1U << g_test_rand_int_range(0, 4);
        g_autoptr(BnsCommandPlan) now = plan_some(&machine, allowed, denied);
        g_autoptr(BnsCommandPlan) wider = plan_some(&machine, allowed | more, denied);
        g_autoptr(BnsCommandPlan) narrower =
            plan_some(&machine, allowed, denied | less);

        for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
            bool is_run = runs(&machine, now, programs[i]);

            g_assert_true(!is_run || runs(&machine, wider, programs[i]));
            g_assert_true(is_run || !runs(&machine, narrower, programs[i]));
        }
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/allow-plan/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_case);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(command_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/allow-plan/command/%s", command_cases[i].name);

        bns_test_add_data(path, &command_cases[i], test_command);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(both_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/allow-plan/both/%s", both_cases[i].name);

        bns_test_add_data(path, GSIZE_TO_POINTER(i), test_both);
    }
    bns_test_add("/sandbox/allow-plan/check-names-the-files", test_lines);
    bns_test_add("/sandbox/allow-plan/loaders-are-found", test_loaders);
    bns_test_add(
        "/sandbox/allow-plan/more-allowed-never-narrows-more-denied-never-widens",
        test_property);
    return g_test_run();
}
