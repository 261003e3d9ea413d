/* SPDX-License-Identifier: Apache-2.0 */
/* What a system policy leaves of the files that the policy below it names: never more. */
#include "sandbox/tree.h"
#include "tests/sandbox/ceiling_machine.h"
#include "tests/support/test.h"

#include <string.h>

/* Each line begins with a sign and a letter: "+w PATH" can be written to, "+h PATH" is hidden,
 * "+p PATH" is read-only whatever is around it, "+k PATH" is kept at the end, "+s PATH" is
 * a socket that may be reached, "+n TEXT" is said; "-" means that it is not so. */
typedef struct {
    const char *name;
    const char *system;
    const char *yaml;
    const char *workdir;
    const char *lines;
} Case;

static const Case cases[] = {
    { "nothing-above", "", "files: {write: [~/src]}\n", "srv/data",
      "+w home/src\n-w srv/data\n" },
    { "a-list-above-and-nothing-below", "files: {write: [~/src]}\n", "",
      "home/src/project", "+w home/src/project\n-w home/src/other\n" },
    { "a-list-above-that-lacks-the-working-directory", "files: {write: [~/src]}\n", "",
      "srv/data", "-w srv/data\n-w home/src\n" },
    { "an-empty-list-above", "files: {write: []}\n", "files: {write: [~/src, .]}\n",
      "srv/data", "-w srv/data\n-w home/src\n" },
    { "narrower-below", "files: {write: [~/src]}\n",
      "files: {write: [~/src/project]}\n", "srv/data",
      "+w home/src/project\n-w home/src/other\n" },
    { "wider-below-is-what-both-say", "files: {write: [~/src/project]}\n",
      "files: {write: [~]}\n", "srv/data",
      "+w home/src/project\n-w home/src/other\n-w home\n" },
    { "beside-it-below", "files: {write: [~/src/project]}\n",
      "files: {write: [~/src/other]}\n", "srv/data",
      "-w home/src/project\n-w home/src/other\n"
      "+n /p.yaml:1: the system policy (/etc/boundary-ns) leaves no write of "
      "@/home/src/other\n" },
    { "a-link-out-of-the-list", "files: {write: [~/src]}\n",
      "files: {write: [~/src/link]}\n", "srv/data", "-w home/secret/deep/key\n" },
    { "a-shared-tree-under-a-list", "files: {write: [~/src]}\n",
      "files: {mode: shared}\n", "home/src/project",
      "+w home/src/project\n-w home/src/other\n-w srv/data\n" },
    { "a-shared-tree-under-a-workspace", "files: {mode: workspace}\n",
      "files: {mode: shared}\n", "home/src/project",
      "+w home/src/project\n-w srv/data\n" },
    { "a-shared-tree-in-both", "files: {mode: shared}\n", "files: {mode: shared}\n",
      "home/src/project", "+w home/src/project\n+w srv/data\n" },
    { "a-shared-tree-above-only", "files: {mode: shared}\n", "", "home/src/project",
      "+w home/src/project\n-w srv/data\n" },
    { "read-only-above-and-written-below", "files: {read_only: [~/src/project]}\n",
      "files: {write: [~/src, ~/src/project, ~/src/project/file]}\n", "srv/data",
      "+w home/src/other\n+p home/src/project\n-w home/src/project/file\n" },
    { "read-only-above-in-a-shared-tree", "files: {read_only: [~/src]}\n",
      "files: {mode: shared, write: [~/src/project]}\n", "srv/data",
      "+p home/src\n+w srv/data\n" },
    { "read-only-above-with-an-exception",
      "files: {read_only: [~/src], write: [~/src/project]}\n",
      "files: {write: [~/src/project, ~/src/other]}\n", "srv/data",
      "+w home/src/project\n-w home/src/other\n" },
    { "read-only-above-shows-nothing", "files: {read_only: [~/.ssh/id_ed25519]}\n", "",
      "srv/data", "+h home/.ssh/id_ed25519\n" },
    { "private-above-and-written-below", "files: {private: [~/src]}\n",
      "files: {write: [~/src, ~/src/project]}\n", "srv/data",
      "-w home/src\n-w home/src/project\n" },
    { "private-above-in-what-is-written-below", "files: {private: [~/src/project]}\n",
      "files: {write: [~/src]}\n", "srv/data",
      "+w home/src/other\n-w home/src/project\n" },
    { "read-only-above-is-not-private-below", "files: {read_only: [~/src]}\n",
      "files: {private: [~/src/project]}\n", "srv/data", "+p home/src\n" },
    { "private-above-shows-nothing", "files: {private: [~/.ssh/id_ed25519]}\n", "",
      "srv/data", "+h home/.ssh/id_ed25519\n" },
    { "hidden-above", "files: {hide: [~/secret]}\n", "", "srv/data",
      "+h home/secret\n+h home/secret/deep/key\n" },
    { "hidden-above-and-shown-below", "files: {hide: [~/secret]}\n",
      "files: {show: [~/secret, ~/secret/deep, ~/secret/deep/key, '~/secret/*', "
      "'~/s*']}"
      "\n",
      "srv/data", "+h home/secret\n+h home/secret/deep/key\n" },
    { "hidden-above-and-shown-by-a-link", "files: {hide: [~/secret]}\n",
      "files: {show: [~/src/link, ~/way, ~/way/deep/key]}\n", "srv/data",
      "+h home/secret\n+h home/secret/deep/key\n" },
    { "hidden-above-and-written-below", "files: {hide: [~/secret]}\n",
      "files: {write: [~/secret/deep, ~/src/link]}\n", "srv/data",
      "+h home/secret/deep/key\n-w home/secret/deep\n" },
    { "hidden-above-and-private-below", "files: {hide: [~/secret]}\n",
      "files: {private: [~/secret/deep]}\n", "srv/data", "+h home/secret/deep/key\n" },
    { "hidden-above-and-read-only-below", "files: {hide: [~/secret]}\n",
      "files: {read_only: [~/secret/deep]}\n", "srv/data",
      "+h home/secret/deep/key\n" },
    { "hidden-above-by-a-pattern", "files: {hide: ['~/sec*']}\n",
      "files: {show: [~/secret, ~/secret/deep/key]}\n", "srv/data",
      "+h home/secret/deep/key\n" },
    { "hidden-above-with-an-exception-that-is-used",
      "files: {hide: [~/secret], show: [~/secret/public]}\n",
      "files: {show: [~/secret/public, ~/secret/deep]}\n", "srv/data",
      "-h home/secret/public/key\n+h home/secret/deep/key\n" },
    { "hidden-above-with-an-exception-that-is-not",
      "files: {hide: [~/secret], show: [~/secret/public]}\n", "", "srv/data",
      "+h home/secret/public/key\n" },
    { "a-default-of-what-is-shown", "files: {hide: [~/.ssh]}\n", "", "srv/data",
      "+h home/.ssh/config\n" },
    { "what-is-shown-above-is-hidden-by-default", "files: {show: ['~/.ssh/*']}\n", "",
      "srv/data", "+h home/.ssh/id_ed25519\n" },
    { "hidden-below-only", "files: {show: [~/secret]}\n", "files: {hide: [~/secret]}\n",
      "srv/data", "+h home/secret/deep/key\n" },
    { "what-nothing-is-said-of-above", "", "files: {show: ['~/.ssh/*']}\n", "srv/data",
      "-h home/.ssh/id_ed25519\n" },
    { "kept-outside-of-the-list", "files: {write: [~/src]}\n",
      "files: {persist: [~/.tool.json]}\n", "srv/data", "-k home/.tool.json\n" },
    { "kept-as-listed", "files: {write: [~/src], persist: [~/.tool.json]}\n",
      "files: {persist: [~/.tool.json, ~/.other.json]}\n", "srv/data",
      "+k home/.tool.json\n-k home/.other.json\n" },
    { "kept-above-only", "files: {persist: [~/.tool.json]}\n", "", "srv/data",
      "-k home/.tool.json\n" },
    { "kept-in-what-is-read-only", "files: {read_only: [~/secret]}\n",
      "files: {persist: [~/secret/x]}\n", "srv/data", "-k home/secret/x\n" },
    { "a-socket-of-the-list", "sockets: ['@/srv/a.sock']\n",
      "sockets: ['@/srv/a.sock', '@/srv/b.sock']\n", "srv/data",
      "+s srv/a.sock\n-s srv/b.sock\n" },
    { "a-socket-above-only", "sockets: ['@/srv/a.sock']\n", "", "srv/data",
      "-s srv/a.sock\n" },
    { "no-socket", "sockets: []\n", "sockets: ['@/srv/a.sock']\n", "srv/data",
      "-s srv/a.sock\n" },
    { "a-socket-where-nothing-is-said", "", "sockets: ['@/srv/a.sock']\n", "srv/data",
      "+s srv/a.sock\n" },
    { "a-socket-that-is-hidden", "files: {hide: ['@/srv/a.sock']}\n",
      "sockets: ['@/srv/a.sock']\n", "srv/data", "-s srv/a.sock\n" },
};

static void
test_case(const void *data)
{
    const Case *row = data;
    g_auto(GStrv) lines = g_strsplit(row->lines, "\n", -1);
    g_autoptr(BnsFilePlan) made = NULL;
    g_autoptr(GError) error = NULL;
    Machine machine;

    machine_init(&machine);
    made = machine_plan(&machine, row->system, row->yaml, row->workdir, &error);
    g_assert_no_error(error);
    for (char **line = lines; **line != '\0'; line++)
        if (machine_is_so(&machine, made, line[0][1], *line + 3) != (line[0][0] == '+'))
            g_error("%s: \"%s\" does not hold in\n%s", row->name, *line,
                    made->lines->str);
    machine_clear(&machine);
}

/* Whatever is below, it can be written to only if each layer lets it, and what is hidden above
 * is hidden. */
static void
test_pairs(void)
{
    static const char *const snippets[] = {
        "",
        "files: {mode: shared}\n",
        "files: {write: [~/src]}\n",
        "files: {write: []}\n",
        "files: {write: [~, '@/srv']}\n",
        "files: {write: [~/src/project]}\n",
        "files: {read_only: [~/src]}\n",
        "files: {read_only: [~/src/project], write: [~/src]}\n",
        "files: {private: [~/src]}\n",
        "files: {hide: [~/secret]}\n",
        "files: {hide: [~/secret], show: [~/secret/public]}\n",
        "files: {show: [~/secret, '~/.ssh/*', ~/way/deep]}\n",
        "files: {write: [~/secret/deep]}\n",
        "files: {mode: shared, hide: ['~/s*']}\n",
    };
    static const char *const paths[] = {
        "home",
        "home/src",
        "home/src/project",
        "home/src/other",
        "home/secret",
        "home/secret/deep",
        "home/secret/deep/key",
        "home/secret/public/key",
        "home/.ssh/id_ed25519",
        "srv",
        "srv/data",
    };
    Machine machine;

    machine_init(&machine);
    for (size_t i = 0; i < G_N_ELEMENTS(snippets); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(snippets); j++) {
            g_autoptr(BnsFilePlan) both =
                machine_plan(&machine, snippets[i], snippets[j], "srv/data", NULL);
            g_autoptr(BnsFilePlan) above =
                machine_plan(&machine, NULL, snippets[i], "srv/data", NULL);
            g_autoptr(BnsFilePlan) below =
                machine_plan(&machine, NULL, snippets[j], "srv/data", NULL);

            g_assert_nonnull(both);
            for (size_t k = 0; k < G_N_ELEMENTS(paths); k++) {
                g_autofree char *path = machine_path(&machine, paths[k]);
                bool says_write = strstr(snippets[i], "write") != NULL ||
                                  strstr(snippets[i], "mode") != NULL;

                g_test_message("%s above %s: %s", snippets[i], snippets[j], paths[k]);
                g_assert_true(!machine_can_write(both, path) ||
                              machine_can_write(below, path));
                if (says_write)
                    g_assert_true(!machine_can_write(both, path) ||
                                  machine_can_write(above, path) ||
                                  strstr(snippets[i], "shared") != NULL);
                g_assert_true(bns_file_view_hides(&both->view, path) ||
                              !bns_file_view_hides(&below->view, path));
                if (strstr(snippets[i], "hide") != NULL &&
                    strstr(paths[k], ".ssh") == NULL)
                    g_assert_true(bns_file_view_hides(&both->view, path) ||
                                  !bns_file_view_hides(&above->view, path));
            }
        }
    machine_clear(&machine);
}

static void
test_hidden_working_directory(void)
{
    g_autoptr(GError) error = NULL;
    Machine machine;

    machine_init(&machine);
    g_assert_null(machine_plan(&machine, "files: {hide: [~/src]}\n", "",
                               "home/src/project", &error));
    g_assert_nonnull(strstr(error->message, "is hidden"));
    machine_clear(&machine);
}

/* A home of his own choice leaves the person nothing more, and takes nothing less. */
static void
test_another_home(void)
{
    static const char *const system =
        "files: {write: [~/src], hide: [~/secret, ~/x], show: [~/secret/public]}\n";
    g_autoptr(BnsFilePlan) made = NULL;
    Machine machine;

    machine_init(&machine);
    g_free(machine.places->home);
    machine.places->home = machine_path(&machine, "srv");
    machine_make_file(&machine, "srv/src/file");
    machine_make_file(&machine, "srv/secret/public/key");
    machine_make_file(&machine, "srv/x");
    made = machine_plan(&machine, system,
                        "files: {write: [~/src], show: [~/secret/public, ~/x]}\n",
                        "srv/data", NULL);
    g_assert_nonnull(made);
    g_assert_true(machine_is_so(&machine, made, 'w', "home/src"));
    g_assert_false(machine_is_so(&machine, made, 'w', "srv/src"));
    g_assert_false(machine_is_so(&machine, made, 'h', "home/secret/public/key"));
    g_assert_true(machine_is_so(&machine, made, 'h', "srv/secret/public/key"));
    g_assert_true(machine_is_so(&machine, made, 'h', "home/x"));
    g_assert_true(machine_is_so(&machine, made, 'h', "srv/x"));
    machine_clear(&machine);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/file-plan-ceiling/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/sandbox/file-plan-ceiling/no-pair-is-wider-than-either", test_pairs);
    bns_test_add("/sandbox/file-plan-ceiling/a-hidden-working-directory-is-an-error",
                 test_hidden_working_directory);
    bns_test_add("/sandbox/file-plan-ceiling/another-home-is-no-way-round",
                 test_another_home);
    return g_test_run();
}
