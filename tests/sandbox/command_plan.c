/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a policy's programs are: by name, by path, by all names of one file. */
#include "tests/sandbox/tool_machine.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* DIR/a/tool and DIR/b/tool, two programs; DIR/a/link leads to DIR/c/real, which has a
 * second name DIR/c/deep/twin. */
static void
machine_init(Machine *machine)
{
    g_autofree char *name = NULL;
    g_autofree char *twin = NULL;
    g_autofree char *target = NULL;

    machine_begin(machine);
    machine_add(machine, "a/tool");
    machine_add(machine, "b/tool");
    machine_add(machine, "c/real");
    machine_add(machine, "c/deep/other");
    name = machine_path(machine, "a/bns-link");
    target = machine_path(machine, "c/real");
    twin = machine_path(machine, "c/deep/twin");
    g_assert_cmpint(symlink("../c/real", name), ==, 0);
    g_assert_cmpint(link(target, twin), ==, 0);
}

/* @yaml: of deny:, with the directory for "@". Returns: (transfer full): the plan. */
static BnsCommandPlan *
plan(const Machine *machine, const char *yaml)
{
    g_autofree char *text = g_strdup_printf("{exec: record, deny: %s}", yaml);
    g_autoptr(BnsPolicy) policy = machine_policy(machine, text);

    return machine_plan(machine, policy);
}

typedef struct {
    const char *name;
    const char *yaml;
    const char *files; /* below the directory, in order */
} Case;

static const Case cases[] = {
    { "nothing", "[]", "" },
    { "every-program-of-a-name", "[tool]", "a/tool b/tool " },
    { "a-path-alone", "['@/b/tool']", "b/tool " },
    { "a-path-of-the-home", "[~/b/tool]", "b/tool " },
    { "a-link-is-its-file-with-all-names", "[bns-link]", "c/real c/deep/twin " },
    { "any-name-of-a-file", "['@/c/deep/twin']", "c/deep/twin c/real " },
    { "twice-is-once", "['@/b/tool', tool]", "b/tool a/tool " },
    { "what-is-not-there", "[absent, '@/absent', ~/absent]", "" },
    { "a-directory-is-no-program", "['@/a']", "" },
};

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    Machine machine;
    g_autoptr(BnsCommandPlan) made = NULL;
    g_autoptr(GString) files = g_string_new(NULL);

    machine_init(&machine);
    made = plan(&machine, row->yaml);
    for (size_t i = 0; i < made->denied.n; i++) {
        const char *path = made->denied.programs[i].path;

        g_assert_true(g_str_has_prefix(path, machine.dir));
        g_string_append_printf(files, "%s ", path + strlen(machine.dir) + 1);
    }
    g_assert_cmpstr(files->str, ==, row->files);
    g_assert_cmpuint(made->notices->len, ==, 0);
    machine_clear(&machine);
}

static void
test_texts(void)
{
    Machine machine;
    g_autoptr(BnsCommandPlan) made = NULL;

    machine_init(&machine);
    made = plan(&machine, "[tool, {command: '@/b/tool', reason: \"caf\xc3\xa9\"}, x]");
    g_assert_cmpstr(made->denied.programs[0].text, ==,
                    "boundary-ns: tool is not permitted by policy (/p.yaml:1)\n");
    /* The later gives the reason. */
    g_assert_true(g_str_has_suffix(
        made->denied.programs[1].text,
        "/b/tool is not permitted by policy (/p.yaml:1): caf\xc3\xa9\n"));
    g_assert_nonnull(strstr(made->lines->str, "/p.yaml:1\tdeny-command\t"));
    g_assert_nonnull(strstr(made->lines->str, "\tx (not on this machine)\n"));
    machine_clear(&machine);
}

/* Arguments are judged when something is executed; the program itself is not denied. */
static void
test_arguments(void)
{
    Machine machine;
    g_autoptr(BnsCommandPlan) made = NULL;
    const BnsExecRule *rule;

    machine_init(&machine);
    made = plan(&machine,
                "[{command: bns-link, arguments: 'push *', reason: no}, absent x]");
    g_assert_cmpuint(made->denied.n, ==, 0);
    g_assert_true(made->exec.is_on);
    g_assert_cmpuint(made->exec.n_rules, ==, 2);
    rule = &made->exec.rules[0];
    g_assert_cmpstr(rule->pattern, ==, "push *");
    g_assert_cmpstr(rule->reason, ==, "no");
    g_assert_true(g_str_has_suffix(rule->paths[0], "/c/real"));
    g_assert_true(g_str_has_suffix(rule->paths[1], "/c/deep/twin"));
    g_assert_null(rule->paths[2]);
    g_assert_cmpstr(rule->text, ==,
                    "boundary-ns: bns-link push * is not permitted by policy "
                    "(/p.yaml:1): no\n");
    g_assert_null(made->exec.rules[1].paths[0]);
    g_assert_nonnull(strstr(made->lines->str, "/c/real push *\n"));
    machine_clear(&machine);
}

/* In a directory that its owner may not read; root reads all. */
static void
test_names_not_found(void)
{
    Machine machine;
    g_autoptr(BnsCommandPlan) made = NULL;
    g_autofree char *dir = NULL;

    machine_init(&machine);
    dir = machine_path(&machine, "c/deep");
    g_assert_cmpint(chmod(dir, 0), ==, 0);
    made = plan(&machine, "['@/c/real']");
    g_assert_cmpint(chmod(dir, 0700), ==, 0);
    g_assert_cmpuint(made->denied.n, ==, 1);
    g_assert_cmpuint(made->notices->len, ==, 1);
    g_assert_nonnull(strstr(made->notices->pdata[0], "/c/real has further names"));
    machine_clear(&machine);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/command-plan/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/sandbox/command-plan/a-program-is-told-by-whom-and-why", test_texts);
    bns_test_add("/sandbox/command-plan/arguments-are-judged-later", test_arguments);
    if (getuid() != 0)
        bns_test_add("/sandbox/command-plan/names-that-are-not-found-are-said",
                     test_names_not_found);
    return g_test_run();
}
