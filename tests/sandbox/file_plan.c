/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy means on a machine; and which rule names which path. */
#include "sandbox/file_plan.h"

#include "policy/policy_private.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- a machine --- */

typedef struct {
    char *root; /* owned; real, and in none of the sandbox's private directories */
    BnsPlaces *places;
} Machine;

static char *
path_on(const Machine *machine, const char *name)
{
    return g_build_filename(machine->root, name, NULL);
}

static void
make_directory(const Machine *machine, const char *name)
{
    g_autofree char *path = path_on(machine, name);

    g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
}

static void
make_file(const Machine *machine, const char *name)
{
    g_autofree char *path = path_on(machine, name);
    g_autofree char *dir = g_path_get_dirname(name);

    make_directory(machine, dir);
    g_assert_true(g_file_set_contents(path, "x", -1, NULL));
}

static void
machine_init(Machine *machine)
{
    g_autofree char *here = g_get_current_dir();
    g_autofree char *template = g_build_filename(here, "plan-XXXXXX", NULL);

    machine->root = g_strdup(g_mkdtemp(template));
    make_file(machine, "home/.ssh/id_ed25519");
    make_file(machine, "home/.netrc");
    make_file(machine, "home/.claude.json");
    make_file(machine, "home/.config/gh/hosts.yml");
    make_file(machine, "home/.cache/pip/x");
    make_file(machine, "home/src/project/file");
    make_file(machine, "home/.bashrc");
    make_file(machine, "home/.local/state/tool/file");
    make_directory(machine, "home/src/project/x");
    make_directory(machine, "srv/data");
    make_file(machine, "srv/run/.git/hooks/pre-commit");
    make_file(machine, "srv/run/.git/config");
    make_file(machine, "srv/run/.github/workflows/ci.yml");
    machine->places = g_new0(BnsPlaces, 1);
    machine->places->home = path_on(machine, "home");
    machine->places->config_dir = path_on(machine, "home/.config/boundary-ns");
    machine->places->state_dir = path_on(machine, "home/.local/state/boundary-ns");
}

static void
machine_clear(Machine *machine)
{
    bns_test_remove_tree(machine->root);
    bns_places_free(machine->places);
    g_free(machine->root);
}

static BnsFilePlan *
plan(const Machine *machine, const char *yaml, const char *workdir, GError **error)
{
    g_autofree char *at = g_canonicalize_filename(workdir, machine->root);
    g_autoptr(BnsPolicy) policy =
        bns_policy_parse("/p.yaml", yaml, strlen(yaml), error);

    g_assert_nonnull(policy);
    return bns_file_plan_new(policy, machine->places, at, error);
}

/* --- whole plans --- */

/* Returns: (transfer full): @text with the machine's root as "@". */
static char *
shorten(const Machine *machine, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, machine->root, -1);

    return g_strjoinv("@", parts);
}

/* Lines of `check` that begin with '+' must be there, with '-' must not. */
typedef struct {
    const char *name;
    const char *yaml;
    const char *workdir;
    const char *lines;
} Case;

static const Case cases[] = {
    { "the-working-directory-is-writable", "", "home/src/project",
      "+files\tmode\tworkspace\n"
      "+workdir\twrite\t@/home/src/project\n"
      "+default\tprivate\t@/home/.cache\n"
      "+default\thide\t@/home/.netrc\n"
      "+-\trebuilt\t@/home\n"
      "+-\trebuilt\t@/home/.ssh\n"
      "+-\trebuilt\t@/home/.config\n"
      "--\trebuilt\t@/home/src\n" },
    { "a-home-is-not", "", "home", "-workdir\twrite\t@/home\n" },
    { "what-holds-a-home-is-not", "", ".", "-workdir\twrite\t@\n" },
    { "what-holds-our-state-is-not", "", "home/.local/state",
      "-workdir\twrite\t@/home/.local/state\n" },
    { "a-list-replaces-it", "files: {write: [~/src]}\n", "srv/data",
      "+/p.yaml:1\twrite\t@/home/src\n"
      "-workdir\twrite\t@/srv/data\n" },
    { "and-can-name-it", "files: {write: [., ~/src]}\n", "srv/data",
      "+/p.yaml:1\twrite\t@/home/src\n"
      "+/p.yaml:1\twrite\t@/srv/data\n" },
    { "an-empty-list-is-nothing", "files: {write: []}\n", "srv/data",
      "-workdir\twrite\t@/srv/data\n" },
    { "a-file-need-not-exist", "files: {write: [~/absent]}\n", "srv/data",
      "-/p.yaml:1\twrite\t@/home/absent\n" },
    { "what-is-in-it-needs-no-mount", "files: {write: [~/src, ~/src/project]}\n",
      "srv/data",
      "+/p.yaml:1\twrite\t@/home/src\n"
      "-/p.yaml:1\twrite\t@/home/src/project\n" },
    { "a-shared-tree-has-no-list", "files: {mode: shared}\n", "home/src/project",
      "+/p.yaml:1\tmode\tshared\n"
      "-workdir\twrite\t@/home/src/project\n"
      "-default\tprivate\t@/home/.cache\n"
      "+-\trebuilt\t@/home\n"
      "+-\trebuilt\t@/home/.ssh\n" },
    { "shown-again", "files: {show: [~/.ssh/*, ~/.config/gh]}\n", "srv/data",
      "--\trebuilt\t@/home/.ssh\n"
      "+/p.yaml:1\tshow\t@/home/.config/gh\n" },
    { "hidden-in-a-project", "files: {hide: [./file]}\n", "home/src/project",
      "+-\trebuilt\t@/home/src\n"
      "+-\trebuilt\t@/home/src/project\n"
      "+workdir\twrite\t@/home/src/project\n" },
    { "shown-in-what-is-hidden", "files: {hide: [~/src], show: [~/src/project/f*]}\n",
      "srv/data",
      "+-\trebuilt\t@/home/src\n"
      "+-\trebuilt\t@/home/src/project\n" },
    { "a-writable-home-has-no-private-caches", "files: {write: [~]}\n", "srv/data",
      "+/p.yaml:1\twrite\t@/home\n"
      "-default\tprivate\t@/home/.cache\n" },
    { "programs-make-directories-in-a-home", "", "srv/data",
      "+-\trebuilt\t@/home/.local/state\n"
      "+-\trebuilt\t@/home/.config\n" },
    { "what-runs-later-is-pinned", "", "srv/run",
      "+default\tpinned\t@/srv/run/.git/hooks\n"
      "+default\tpinned\t@/srv/run/.github/workflows\n"
      "-default\tpinned\t@/srv/run/.git/config\n" },
    { "a-file-to-keep", "files: {persist: [~/.claude.json, ~/.tool/absent]}\n",
      "srv/data",
      "+/p.yaml:1\tpersist\t@/home/.claude.json\n"
      "+/p.yaml:1\tpersist\t@/home/.tool/absent\n" },
    { "in-a-cache-it-makes-layers", "files: {persist: [~/.cache/token]}\n", "srv/data",
      "+/p.yaml:1\tpersist\t@/home/.cache/token\n"
      "+-\trebuilt\t@/home/.cache\n"
      "+default\tprivate\t@/home/.cache/pip\n" },
    { "in-a-project-it-is-kept-anyway", "files: {persist: [./file, ./sub/file]}\n",
      "home/src/project",
      "-/p.yaml:1\tpersist\t@/home/src/project/file\n"
      "--\trebuilt\t@/home/src/project\n" },
    { "beside-a-secret-it-is-not",
      "files: {write: [~], persist: [~/.claude.json, ~/src/x]}\n", "srv/data",
      "+/p.yaml:1\tpersist\t@/home/.claude.json\n"
      "-/p.yaml:1\tpersist\t@/home/src/x\n" },
    { "unless-it-is-named", "files: {write: [., .github]}\n", "srv/run",
      "+default\tpinned\t@/srv/run/.git/hooks\n"
      "-default\tpinned\t@/srv/run/.github/workflows\n" },
    { "in-a-shared-home", "files: {mode: shared}\n", "srv/run",
      "+default\tpinned\t@/home/.bashrc\n"
      "+default\tpinned\t@/srv/run/.git/hooks\n" },
    { "a-layer-with-a-secret-is-several",
      "files: {private: [~/.config], hide: [~/.config/x]}\n", "srv/data",
      "+/p.yaml:1\tprivate\t@/home/.config\n"
      "-/p.yaml:1\tprivate\t@/home/.config/gh\n" },
    { "to-review-it-is-a-layer", "files: {review: true, hide: [./file]}\n",
      "home/src/project",
      "+/p.yaml:1\treview\ttrue\n"
      "+files\ton_protected\tprevented (files.review)\n"
      "+workdir\treview\t@/home/src/project\n"
      "-workdir\twrite\t@/home/src/project\n"
      "+/p.yaml:1\thide\t@/home/src/project/file\n"
      "--\trebuilt\t@/home/src\n"
      "--\trebuilt\t@/home/src/project\n"
      "+review\thide\t@/home/.local/state/boundary-ns/review\n"
      "+-\trebuilt\t@/home/.local/state\n" },
    { "and-nothing-in-it-is-pinned", "files: {review: true}\n", "srv/run",
      "+workdir\treview\t@/srv/run\n"
      "-default\tpinned\t@/srv/run/.git/hooks/pre-commit\n"
      "-default\tpinned\t@/srv/run/.git/hooks\n"
      "-default\tpinned\t@/srv/run/.github\n" },
    { "without-a-review-it-is-not", "files: {review: false}\n", "srv/run",
      "+/p.yaml:1\treview\tfalse\n"
      "+files\ton_protected\treport\n"
      "+workdir\twrite\t@/srv/run\n"
      "+default\tpinned\t@/srv/run/.git/hooks\n"
      "-review\thide\t@/home/.local/state/boundary-ns/review\n" },
    { "a-home-itself-to-review-stays-private", "files: {review: true}\n", "home",
      "-workdir\treview\t@/home\n" },
};

static void
check_line(const Case *row, const char *lines, const char *line)
{
    g_autofree char *expected = g_strdup_printf("\n%s\n", line + 1);
    g_autofree char *all = g_strconcat("\n", lines, NULL);
    bool is_there = strstr(all, expected) != NULL;

    if (is_there != (line[0] == '+'))
        g_error("%s: \"%s\" in\n%s", row->name, line, lines);
}

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    g_auto(GStrv) lines = g_strsplit(row->lines, "\n", -1);
    Machine machine;
    g_autofree char *at = NULL;
    g_autofree char *text = NULL;
    g_autoptr(BnsFilePlan) made = NULL;
    g_autoptr(GError) error = NULL;

    machine_init(&machine);
    at = path_on(&machine, row->workdir);
    g_assert_cmpint(g_mkdir_with_parents(at, 0700), ==, 0);
    made = plan(&machine, row->yaml, row->workdir, &error);
    g_assert_no_error(error);
    text = shorten(&machine, made->lines->str);
    for (char **line = lines; **line != '\0'; line++)
        check_line(row, text, *line);
    machine_clear(&machine);
}

typedef struct {
    const char *name;
    const char *yaml;
    const char *workdir;
    const char *error;
} BadCase;

static const BadCase bad_cases[] = {
    { "everything-writable", "files: {write: [/]}\n", "srv/data",
      "/p.yaml:1: / is everything: use mode: shared" },
    { "etc-writable", "files: {write: [/etc]}\n", "srv/data",
      "/p.yaml:1: /etc is the sandbox's own" },
    { "tmp-writable", "files: {write: [/tmp]}\n", "srv/data",
      "/p.yaml:1: /tmp is private in the sandbox; name a directory below it" },
    { "everything-hidden", "files: {hide: [/]}\n", "srv/data",
      "/p.yaml:1: cannot hide /" },
    { "etc-hidden", "files: {hide: [/etc/passwd]}\n", "srv/data",
      "/etc/passwd cannot be hidden: its directory cannot be made without it" },
    { "a-hidden-working-directory", "files: {hide: [.]}\n", "srv/data",
      "the working directory @/srv/data is hidden" },
    { "written-and-hidden", "files: {write: [~/src], hide: [~/src]}\n", "srv/data",
      "/p.yaml:1: @/home/src is hidden" },
    { "a-private-file-in-a-project", "files: {private: [./file]}\n", "home/src/project",
      "/p.yaml:1: @/home/src/project/file can be private only together with its "
      "directory" },
    { "a-file-to-review", "files: {review: true, write: [./file]}\n",
      "home/src/project",
      "review: @/home/src/project/file (/p.yaml:1) is no directory: name the one that "
      "it "
      "lies in" },
    { "a-home-to-review", "files: {review: true, write: [~]}\n", "srv/data",
      "review: @/home (/p.yaml:1) holds boundary-ns's own files: name a directory in "
      "it" },
    { "everything-to-review", "files: {review: true, mode: shared}\n", "srv/data",
      "review: everything is writable (mode: shared); use mode: workspace, and write: "
      "for "
      "what else is to be" },
    { "a-layer-in-a-layer",
      "files: {review: true, write: [~/src, ~/src/project/x], private: "
      "[~/src/project]}\n",
      "srv/data",
      "review: @/home/src/project/x (/p.yaml:1) lies in another directory that is "
      "written "
      "to" },
    { "a-private-directory-with-something-hidden-in-one",
      "files: {review: true, write: [~/src], private: [~/src/project], hide: "
      "[~/src/project/file]}\n",
      "srv/data",
      "review: in @/home/src is a private directory that holds something hidden: hide "
      "the "
      "directory" },
};

static void
test_bad(gconstpointer data)
{
    const BadCase *row = data;
    Machine machine;
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    machine_init(&machine);
    g_assert_null(plan(&machine, row->yaml, row->workdir, &error));
    text = shorten(&machine, error->message);
    g_assert_cmpstr(text, ==, row->error);
    machine_clear(&machine);
}

/* --- git --- */

/* What make_repository() makes is enough to be one. */
static void
make_repository(const Machine *machine, const char *name)
{
    g_autofree char *head = g_build_filename(name, "HEAD", NULL);
    g_autofree char *objects = g_build_filename(name, "objects", NULL);
    g_autofree char *refs = g_build_filename(name, "refs", NULL);
    g_autofree char *hooks = g_build_filename(name, "hooks", NULL);

    make_file(machine, head);
    make_directory(machine, objects);
    make_directory(machine, refs);
    make_directory(machine, hooks);
}

static void
write_on(const Machine *machine, const char *name, const char *format)
{
    g_autofree char *path = path_on(machine, name);
    g_auto(GStrv) parts = g_strsplit(format, "@", -1);
    g_autofree char *text = g_strjoinv(machine->root, parts);
    g_autofree char *dir = g_path_get_dirname(name);

    make_directory(machine, dir);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
check_git(const char *workdir, const char *expected, void (*prepare)(const Machine *))
{
    Machine machine;
    g_autofree char *text = NULL;
    g_autoptr(BnsFilePlan) made = NULL;

    machine_init(&machine);
    prepare(&machine);
    make_directory(&machine, workdir);
    made = plan(&machine, "", workdir, NULL);
    text = shorten(&machine, made->lines->str);
    if ((strstr(text, "\ngit\t") != NULL) != (expected != NULL) ||
        (expected != NULL && strstr(text, expected) == NULL))
        g_error("\"%s\" in %s", expected, text);
    machine_clear(&machine);
}

static void
make_plain(const Machine *machine)
{
    make_repository(machine, "home/src/project/.git");
}

/* A worktree, and one that claims to be of a repository that does not know it. */
static void
make_worktree(const Machine *machine)
{
    make_repository(machine, "home/src/project/.git");
    write_on(machine, "home/w/.git", "gitdir: @/home/src/project/.git/worktrees/w\n");
    write_on(machine, "home/src/project/.git/worktrees/w/gitdir", "@/home/w/.git\n");
    write_on(machine, "home/src/project/.git/worktrees/w/commondir", "../..\n");
    write_on(machine, "home/evil/.git",
             "gitdir: @/home/src/project/.git/worktrees/w\n");
}

static void
make_module(const Machine *machine)
{
    make_repository(machine, "home/src/project/.git");
    make_repository(machine, "home/src/project/.git/modules/s");
    write_on(machine, "home/src/project/s/.git", "gitdir: ../.git/modules/s\n");
    make_repository(machine, "home/other/.git");
    write_on(machine, "home/evil/.git", "gitdir: @/home/other/.git\n");
}

static void
test_git(void)
{
    check_git("home/src/project/sub",
              "\ngit\twrite\t@/home/src/project/.git\n"
              "workdir\twrite\t@/home/src/project/sub\n",
              make_plain);
    check_git("home/src/project", NULL, make_plain);
    check_git("home/src", NULL, make_plain);
    check_git("home/w", "\ngit\twrite\t@/home/src/project/.git\n", make_worktree);
    check_git("home/w", "default\tpinned\t@/home/src/project/.git/hooks\n",
              make_worktree);
    check_git("home/evil", NULL, make_worktree);
    check_git("home/src/project/s", "\ngit\twrite\t@/home/src/project/.git/modules/s\n",
              make_module);
    check_git("home/evil", NULL, make_module);
}

static void
test_rebuilt_workspace(void)
{
    Machine machine;
    g_autofree char *text = NULL;
    g_autoptr(BnsFilePlan) made = NULL;
    g_autoptr(BnsFilePlan) plain = NULL;

    machine_init(&machine);
    made = plan(&machine, "files: {hide: [./file]}\n", "home/src/project", NULL);
    plain = plan(&machine, "", "home/src/project", NULL);
    g_assert_cmpuint(plain->notices->len, ==, 0);
    g_assert_cmpuint(made->notices->len, ==, 1);
    text = shorten(&machine, made->notices->pdata[0]);
    g_assert_cmpstr(
        text, ==,
        "what the command makes directly in @/home/src/project is not kept, "
        "since something in it is hidden");
    machine_clear(&machine);
}

/* A user namespace's root has a home in passwd(5) that is none of his. */
static void
test_foreign_home(void)
{
    Machine machine;
    g_autofree char *closed = NULL;
    g_autoptr(BnsFilePlan) made = NULL;

    machine_init(&machine);
    make_directory(&machine, "closed");
    closed = path_on(&machine, "closed");
    machine.places->passwd_home = g_strdup(closed);
    g_assert_cmpint(chmod(closed, 0), ==, 0);
    if (access(closed, R_OK) == 0) {
        g_test_skip("root may read everything");
    } else {
        made = plan(&machine, "", "srv/data", NULL);
        g_assert_nonnull(made);
        g_assert_false(bns_file_view_rebuilds(&made->view, closed));
    }
    machine_clear(&machine);
}

/* --- ways round --- */

static void
add_link(const Machine *machine, const char *target, const char *name)
{
    g_autofree char *path = path_on(machine, name);

    g_assert_cmpint(symlink(target, path), ==, 0);
}

/* What dotfile managers do. */
static void
test_links(void)
{
    Machine machine;
    g_autofree char *behind = NULL;
    g_autofree char *moved = NULL;
    g_autofree char *plain = NULL;
    g_autoptr(BnsFilePlan) made = NULL;

    machine_init(&machine);
    make_file(&machine, "home/dotfiles/pypirc");
    make_file(&machine, "home/dotfiles/plain");
    make_file(&machine, "home/dotfiles/aws/credentials");
    add_link(&machine, "dotfiles/pypirc", "home/.pypirc");
    add_link(&machine, "dotfiles/aws", "home/.aws");
    made = plan(&machine, "", "srv/data", NULL);
    behind = path_on(&machine, "home/dotfiles/pypirc");
    moved = path_on(&machine, "home/dotfiles/aws/credentials");
    plain = path_on(&machine, "home/dotfiles/plain");
    g_assert_true(bns_file_view_hides(&made->view, behind));
    g_assert_true(bns_file_view_hides(&made->view, moved));
    g_assert_false(bns_file_view_hides(&made->view, plain));
    machine_clear(&machine);
}

/* A whole directory elsewhere. */
static void
test_linked_directory(void)
{
    Machine machine;
    g_autofree char *behind = NULL;
    g_autofree char *dir = NULL;
    g_autoptr(BnsFilePlan) made = NULL;

    machine_init(&machine);
    make_file(&machine, "home/dotfiles/docker/config.json");
    add_link(&machine, "dotfiles/docker", "home/.docker");
    made = plan(&machine, "", "srv/data", NULL);
    behind = path_on(&machine, "home/dotfiles/docker/config.json");
    dir = path_on(&machine, "home/dotfiles/docker");
    g_assert_true(bns_file_view_hides(&made->view, behind));
    g_assert_true(bns_file_view_rebuilds(&made->view, dir));
    machine_clear(&machine);
}

static void
test_variables(void)
{
    Machine machine;
    g_autofree char *elsewhere = NULL;
    g_autofree char *list = NULL;
    g_autofree char *second = NULL;
    g_autoptr(BnsFilePlan) made = NULL;

    machine_init(&machine);
    make_file(&machine, "srv/kube/one");
    make_file(&machine, "srv/kube/two");
    elsewhere = path_on(&machine, "srv/kube/one");
    second = path_on(&machine, "srv/kube/two");
    list = g_strconcat(elsewhere, ":", second, NULL);
    g_setenv("KUBECONFIG", list, TRUE);
    made = plan(&machine, "", "srv/data", NULL);
    g_assert_true(bns_file_view_hides(&made->view, elsewhere));
    g_assert_true(bns_file_view_hides(&made->view, second));
    g_clear_pointer(&made, bns_file_plan_free);
    /* In a project it is the project's. */
    made = plan(&machine, "", "srv/kube", NULL);
    g_assert_false(bns_file_view_hides(&made->view, second));
    g_assert_cmpuint(made->notices->len, ==, 2);
    g_unsetenv("KUBECONFIG");
    machine_clear(&machine);
}

/* --- rules --- */

typedef struct {
    const char *pattern;
    const char *name;
    bool matches;
} Name;

static const Name names[] = {
    { "", "", true },           { "*", "", true },          { "*", "any", true },
    { "a", "a", true },         { "a", "b", false },        { "a", "ab", false },
    { "a*", "a", true },        { "a*", "abc", true },      { "*c", "abc", true },
    { "*c", "abcd", false },    { "a*c*e", "abcde", true }, { "a*c*e", "abde", false },
    { ".*_h", ".a_h_h", true }, { "**", "x", true },        { "*ab", "aab", true },
    { "a", "", false },
};

static void
test_names(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (bns_file_view_name_matches(names[i].pattern, names[i].name,
                                       strlen(names[i].name)) != names[i].matches)
            g_error("%s %s", names[i].pattern, names[i].name);
}

static void
test_depth(void)
{
    static const BnsViewRule rules[] = {
        { "/h/.a", 2, true },     { "/h/.a/x", 5, false }, { "/h/.s/*", 5, true },
        { "/h/.s/p*", 5, false }, { "/top", 0, true },
    };
    const BnsFileView view = { .rules = rules, .n_rules = G_N_ELEMENTS(rules) };

    g_assert_true(bns_file_view_hides(&view, "/h/.a"));
    g_assert_true(bns_file_view_hides(&view, "/h/.a/y/z"));
    g_assert_false(bns_file_view_hides(&view, "/h/.a/x"));
    g_assert_false(bns_file_view_hides(&view, "/h/.a/x/y"));
    g_assert_false(bns_file_view_hides(&view, "/h/.ab"));
    g_assert_false(bns_file_view_hides(&view, "/h"));
    g_assert_true(bns_file_view_hides(&view, "/h/.s/id"));
    g_assert_false(bns_file_view_hides(&view, "/h/.s/pub"));
    g_assert_false(bns_file_view_hides(&view, "/h/.s"));
    g_assert_true(bns_file_view_hides(&view, "/top/x"));
    g_assert_false(bns_file_view_hides(&view, "/"));
}

int
main(int argc, char **argv)
{
    static const char *const unset[] = { "XDG_CONFIG_HOME", "XDG_DATA_HOME",
                                         "XDG_CACHE_HOME", "XDG_STATE_HOME" };

    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(unset); i++)
        g_unsetenv(unset[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sandbox/file-plan/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/file-plan/refused/", bad_cases[i].name, NULL);

        bns_test_add_data(path, &bad_cases[i], test_bad);
    }
    bns_test_add("/sandbox/file-plan/git-writes-to-its-repository", test_git);
    bns_test_add("/sandbox/file-plan/a-rebuilt-workspace-is-said",
                 test_rebuilt_workspace);
    bns_test_add("/sandbox/file-plan/a-home-of-somebody-else", test_foreign_home);
    bns_test_add("/sandbox/file-plan/a-link-hides-what-it-leads-to", test_links);
    bns_test_add("/sandbox/file-plan/a-linked-directory-is-looked-into",
                 test_linked_directory);
    bns_test_add("/sandbox/file-plan/variables-lead-to-secrets", test_variables);
    bns_test_add("/sandbox/file-plan/a-star-stands-for-any-bytes", test_names);
    bns_test_add("/sandbox/file-plan/the-deepest-rule-decides", test_depth);
    return g_test_run();
}
