/* SPDX-License-Identifier: Apache-2.0 */
/* Files: what the command sees of the user's tree, and what of it becomes the user's. */
#include "sandbox/file_names.h"
#include "tests/e2e/live.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
in_home(const Story *story, const char *name)
{
    return g_build_filename(story->home, name, NULL);
}

/* By a new file and a rename, as programs save. */
static void
save(const char *path, const char *text)
{
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
save_in_home(const Story *story, const char *name, const char *text)
{
    g_autofree char *path = in_home(story, name);

    save(path, text);
}

static bool
is_on_host(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* Every path, what it is and when it was changed; but for records of sessions that run and
 * layers, which come and go. */
static char *
list_tree(const char *path)
{
    const char *argv[] = { "find",
                           path,
                           "(",
                           "-path",
                           "*/boundary-ns/run",
                           "-o",
                           "-path",
                           "*/boundary-ns/layers",
                           ")",
                           "-prune",
                           "-o",
                           "-printf",
                           "%p %y %m %s %T@\\n",
                           NULL };
    char *out = NULL;

    g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL,
                               G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, NULL,
                               NULL));
    return out;
}

/* --- what may be written --- */

typedef struct {
    const char *name;
    const char *arguments; /* of boundary-ns; the story's directory is @ */
    const char *out;
    const char *on_host; /* NULL: nothing that was not there */
} Case;

static const Case cases[] = {
    { "the-working-directory-is-the-hosts", "-- sh -c 'echo x >new && cat new'", "x\n",
      "work/new" },
    { "what-is-beside-it-is-read-only",
      "-- sh -c '(echo x >@/other/new) 2>&1 | sed s/.*:.//; mv @/other/file @/other/f "
      "2>/dev/null || cat @/other/file'",
      "Read-only file system\nother\n", NULL },
    { "what-is-in-a-home-too",
      "-- sh -c '(echo x >@/home/docs/new) 2>&1 | sed s/.*:.//; cat @/home/docs/file'",
      "Read-only file system\ndocs\n", NULL },
    { "a-home-itself-is-private",
      "-- sh -c 'cd; mkdir .lock && echo x >.t && mv .t .s && rmdir .lock && cat .s'",
      "x\n", NULL },
    { "an-agents-settings-can-be-replaced",
      "-- sh -c 'cd; cat .claude.json; echo new >.c && mv .c .claude.json && cat "
      ".claude.json'",
      "{}\nnew\n", NULL },
    { "caches-are-read-and-private",
      "-- sh -c 'cd ~/.cache; cat tool/file; echo new >tool/file; echo x >tool/x; cat "
      "tool/file; ls'",
      "cached\nnew\ngone\ntool\n", NULL },
    { "a-cached-directory-can-be-removed",
      "-- sh -c 'cd ~/.cache; rm -r gone; ls; mkdir gone; ls gone'", "tool\n", NULL },
    { "an-option-adds-to-it",
      "--write @/other -- sh -c 'echo x >@/other/new; echo y >y'", "", "other/new" },
    { "an-option-takes-from-it",
      "--read-only keep -- sh -c '(echo x >keep/new) 2>&1 | sed s/.*:.//; mv keep k "
      "2>&1 | sed s/.*:.//; ls'",
      "Read-only file system\nDevice or resource busy\nkeep\n", NULL },
    { "a-home-by-name", "--write ~ -- sh -c 'echo x >~/docs/new'", "",
      "home/docs/new" },
    { "a-home-is-not-a-workspace", "--workdir @/home -- sh -c 'echo x >x && cat x'",
      "x\n", NULL },
    { "a-shared-tree", "-c @/shared.yaml -- sh -c 'echo x >@/other/new; cat ~/.netrc'",
      "", "other/new" },
    { "what-is-hidden-by-name", "--hide @/other -- sh -c 'cat @/other/file || ls @'",
      "ca.pem\nhome\nshared.yaml\nshow.yaml\nwork\n", NULL },
    { "secrets-are-not-there",
      "-- sh -c 'cd; ls -A . .ssh; cat ~/.ssh/config; cat ~/.netrc ~/.ssh/id_work'",
      ".:\n.cache\n.claude.json\n.config\n.local\n.ssh\ndocs\n\n.ssh:\nconfig\nid_work."
      "pub\n"
      "# config\n",
      NULL },
    { "a-policy-shows-them",
      "-c @/show.yaml -- sh -c 'cat ~/.netrc ~/.ssh/id_work; (echo x >~/.netrc) 2>&1 | "
      "sed s/.*:.//'",
      "netrc\nid_work\nRead-only file system\n", NULL },
};

static void
furnish(Story *story)
{
    g_autofree char *other = g_build_filename(story->dir, "other", NULL);
    g_autofree char *file = g_build_filename(other, "file", NULL);
    g_autofree char *shared = g_build_filename(story->dir, "shared.yaml", NULL);
    g_autofree char *show = g_build_filename(story->dir, "show.yaml", NULL);
    g_autofree char *keep = g_build_filename(story->work, "keep", NULL);

    save(file, "other\n");
    save(shared, "files: { mode: shared }\n");
    g_assert_cmpint(g_mkdir(keep, 0700), ==, 0);
    save_in_home(story, "docs/file", "docs\n");
    save_in_home(story, ".cache/tool/file", "cached\n");
    save_in_home(story, ".cache/gone/file", "cached\n");
    save_in_home(story, ".claude.json", "{}\n");
    save_in_home(story, ".netrc", "netrc\n");
    save_in_home(story, ".ssh/config", "# config\n");
    save_in_home(story, ".ssh/id_work", "id_work\n");
    save_in_home(story, ".ssh/id_work.pub", "public\n");
    save(show, "files: { show: [~/.netrc, ~/.ssh/id_*] }\n");
}

/* @text with each "@" replaced by the story's directory. */
static char *
expand(const Story *story, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "@", -1);

    return g_strjoinv(story->dir, parts);
}

static void
assert_on_host(const Story *story, const char *before, const char *name)
{
    g_autofree char *after = NULL;

    if (name != NULL) {
        g_assert_true(is_on_host(story->dir, name));
        return;
    }
    after = list_tree(story->dir);
    g_assert_cmpstr(after, ==, before);
}

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *arguments = expand(story, row->arguments);
    g_autofree char *out = expand(story, row->out);
    g_autofree char *before = NULL;
    g_autofree char *audit =
        g_strdup_printf("%s/bns-files-%d.jsonl", g_get_tmp_dir(), getpid());
    g_autoptr(StoryRun) first = NULL;
    g_autoptr(StoryRun) run = NULL;

    furnish(story);
    /* Our own directories are made by the first run. */
    first = story_run(story, "-- true");
    story_option(story, "--audit-log %s", audit);
    before = list_tree(story->dir);
    run = story_run(story, arguments);
    unlink(audit);
    if (strcmp(run->out, out) != 0)
        g_error("%s: \"%s\" instead of \"%s\"\n%s", row->name, run->out, out, run->err);
    assert_on_host(story, before, row->on_host);
}

static void
test_home_is_said(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *arguments = g_strdup_printf("--workdir %s -- true", story->home);
    g_autoptr(StoryRun) run = story_run(story, arguments);

    story_assert_status(run, 0);
    story_assert_err(run, "it is your home; cd to a project, or name what it may write "
                          "by --write");
}

static void
test_missing_is_an_error(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(story, "--write absent -- touch ran");

    story_assert_status(run, 125);
    story_assert_err(run, "--write#1: ");
    story_assert_err(run, "/work/absent does not exist");
    g_assert_false(is_on_host(story->work, "ran"));
    g_assert_false(is_on_host(story->work, "absent"));
}

/* --- what is hidden --- */

/* Returns: (transfer full): each place of the table that can be one file. */
static GPtrArray *
hidden_paths(const Story *story)
{
    const BnsPlaces places = { .home = story->home };
    g_autoptr(BnsFileNames) names = bns_file_names_new(&places, story->work);
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < bns_n_file_defaults; i++) {
        const BnsFileDefault *entry = &bns_file_defaults[i];
        g_autoptr(GPtrArray) paths = bns_file_names_expand_default(names, entry->path);
        g_auto(GStrv) parts = NULL;

        if (entry->kind != BNS_FILE_HIDE || paths->len == 0)
            continue;
        parts = g_strsplit(paths->pdata[0], "*", -1);
        g_ptr_array_add(all, g_strjoinv("any", parts));
    }
    return all;
}

static void
save_all(const GPtrArray *paths, const char *text)
{
    for (guint i = 0; i < paths->len; i++)
        save(paths->pdata[i], text);
}

/* It looks everywhere, before the host saves every file anew, while, and after. */
static void
test_rewritten(gconstpointer options)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(GPtrArray) paths = hidden_paths(story);
    g_autofree char *arguments = g_strdup_printf(
        "%s -- sh -c 'grep -rs S[E]CRET ~; echo began; while ! test -e go; do grep -rs "
        "S[E]CRET ~; done; grep -rs S[E]CRET ~; echo ended'",
        (const char *)options);
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    g_assert_cmpuint(paths->len, >, 80);
    story_write(story, "shared.yaml", "files: { mode: shared }\n");
    save_all(paths, "SECRET 1\n");
    live = live_start(story, arguments);
    live_await_out(live, "began");
    save_all(paths, "SECRET 2\n");
    save_all(paths, "SECRET 3\n");
    story_write(story, "go", "");
    run = live_end(live);
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "began\nended\n");
}

/* What is made only after the start is as secret. */
static void
test_made_later(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(GPtrArray) paths = hidden_paths(story);
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    save_in_home(story, ".config/app/settings", "");
    save_in_home(story, ".ssh/config", "");
    save_in_home(story, ".docker/daemon.json", "");
    live =
        live_start(story, "-- sh -c 'echo began; read line; grep -rs S[E]CRET ~; echo "
                          "ended'");
    live_await_out(live, "began");
    save_all(paths, "SECRET\n");
    live_write(live, "\n");
    run = live_end(live);
    g_assert_cmpstr(run->out, ==, "began\nended\n");
}

static void
test_link(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *link = in_home(story, ".config");
    g_autoptr(StoryRun) run = NULL;

    save_in_home(story, "dotfiles/config/gh/hosts.yml", "SECRET\n");
    save_in_home(story, "dotfiles/config/app", "settings\n");
    g_assert_cmpint(symlink("dotfiles/config", link), ==, 0);
    run =
        story_run(story, "-- sh -c 'cat ~/.config/app; grep -rs S[E]CRET ~ ~/.config/ "
                         "~/dotfiles/config/gh/hosts.yml; echo $?'");
    g_assert_cmpstr(run->out, ==, "settings\n2\n");
}

static void
test_check(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) check = story_run(story, "check");

    story_assert_status(check, 0);
    story_assert_out(check, "files\tmode\tworkspace\n");
    story_assert_out(check, "workdir\twrite\t");
    story_assert_out(check, "default\thide\t");
    story_assert_out(check, "-\trebuilt\t");
}

/* --- work --- */

static void
test_git(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("git"))
        return;
    save_in_home(story, ".gitconfig",
                 "[user]\nname = N\nemail = n@example.org\n[init]\ndefaultBranch = "
                 "main\n[protocol \"file\"]\nallow = always\n");
    run = story_run(
        story,
        "-- sh -ec 'git init -q . && echo a >a && git add a && git commit -qm 1; git "
        "config user.nick x; git checkout -qb b; echo b >b; git add b; git commit -qm "
        "2; git checkout -q main; echo c >c; git add c; git commit -qm 3; git merge -q "
        "-m m b; git checkout -qb r HEAD~1; echo d >d; git add d; git commit -qm 4; "
        "git "
        "rebase -q main; echo e >>a; git stash -q; git stash pop -q; git commit -qam "
        "5; "
        "git worktree add -q w; git clone -q . sub.git; git submodule --quiet add "
        "./sub.git s; git commit -qm 6; git gc -q; git log --format=%an | sort -u'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "N\n");
    g_assert_true(is_on_host(story->work, ".git/config"));
}

/* What exists cannot be changed or moved; what is made is named at the end. */
static void
test_protected(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *hooks = g_build_filename(story->work, ".git/hooks", NULL);
    g_autofree char *named = g_strdup_printf(
        "boundary-ns: changed, and run or obeyed outside: %s/.vscode/tasks.json, "
        "%s/Makefile, %s/new/.git/hooks/pre-commit\n",
        story->work, story->work, story->work);
    g_autoptr(StoryRun) quiet = NULL;
    g_autoptr(StoryRun) run = NULL;

    g_assert_cmpint(g_mkdir_with_parents(hooks, 0755), ==, 0);
    story_write(story, ".envrc", "mine\n");
    quiet = story_run(story, "-- sh -c 'echo x >plain'");
    story_assert_no_err(quiet, "changed");
    run = story_run(
        story,
        "-- sh -c '(echo x >.envrc; echo x >.git/hooks/pre-commit; mv .git g; rm "
        "-f .envrc; mv .git/hooks .git/h; ln -f .envrc e) 2>/dev/null; cat "
        ".envrc; ls -A .git/hooks; mkdir -p new/.git/hooks .vscode; echo x "
        ">new/.git/hooks/pre-commit; echo x >Makefile; echo x "
        ">.vscode/tasks.json'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "mine\n");
    story_assert_err(run, named);
}

/* Saved anew by the host, as editors do, it is pinned again: sooner than the command, which
 * tries until it cannot, finds out. */
static void
test_pinned_again(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *file = story_file(story, ".envrc", "first\n");
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *text = NULL;

    live = live_start(story, "-- sh -c 'echo began; read line; while (: >>.envrc) "
                             "2>/dev/null; do :; done; cat .envrc; mv .envrc e "
                             "2>/dev/null || echo held'");
    live_await_out(live, "began");
    save(file, "second\n");
    live_write(live, "\n");
    run = live_end(live);
    g_assert_cmpstr(run->out, ==, "began\nsecond\nheld\n");
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "second\n");
}

static void
test_left(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *named = NULL;
    g_autoptr(StoryRun) quiet = NULL;
    g_autoptr(StoryRun) run = NULL;

    save_in_home(story, "docs/file", "docs\n");
    save_in_home(story, ".config/app", "x\n");
    save_in_home(story, ".cache/app", "x\n");
    save_in_home(story, ".claude/file", "x\n");
    quiet = story_run(story, "-- sh -c 'echo x >~/.bash_history; mkdir -p ~/.cache/x; "
                             "cat ~/docs/file >y'");
    story_assert_no_err(quiet, "not kept");
    run = story_run(story, "-- sh -c 'mkdir ~/made; echo x >~/.config/tool'");
    named = g_strdup_printf(
        "boundary-ns: not kept (--write DIR keeps what is made in DIR): %s/made, "
        "%s/.config/tool\n",
        story->home, story->home);
    story_assert_err(run, named);
}

static void
test_many_entries(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    for (int i = 0; i < 2000; i++) {
        g_autofree char *name = g_strdup_printf("entry-%d", i);
        g_autofree char *path = in_home(story, name);

        if (i % 2 == 0)
            save(path, "");
        else
            g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    }
    run = story_run(story, "-- sh -c 'ls ~ | wc -l'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "2000\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/files/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/e2e/files/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/e2e/files/a-home-is-said", test_home_is_said);
    bns_test_add("/e2e/files/what-is-missing-is-an-error", test_missing_is_an_error);
    bns_test_add_data("/e2e/files/saved-anew-it-stays-hidden", "", test_rewritten);
    bns_test_add_data("/e2e/files/saved-anew-in-a-shared-tree", "-c shared.yaml",
                      test_rewritten);
    bns_test_add_data("/e2e/files/saved-anew-in-a-writable-home", "--write ~",
                      test_rewritten);
    bns_test_add("/e2e/files/made-later-it-is-hidden", test_made_later);
    bns_test_add("/e2e/files/a-link-does-not-show-it", test_link);
    bns_test_add("/e2e/files/check-lists-it", test_check);
    bns_test_add("/e2e/files/git-works", test_git);
    bns_test_add("/e2e/files/what-runs-later-is-protected", test_protected);
    bns_test_add("/e2e/files/saved-anew-it-is-pinned-again", test_pinned_again);
    bns_test_add("/e2e/files/what-is-not-kept-is-named", test_left);
    bns_test_add("/e2e/files/a-home-of-2000-entries", test_many_entries);
    return g_test_run();
}
