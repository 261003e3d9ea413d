/* SPDX-License-Identifier: Apache-2.0 */
/* Quarantine: what the host would execute is recorded at once, and moved at the end. */
#include "tests/e2e/live.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUARANTINE "files: { on_protected: quarantine }\n"

/* @text: NULL: there is none. */
static void
assert_in_work(const Story *story, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(story->work, name, NULL);
    g_autofree char *now = NULL;

    g_file_get_contents(path, &now, NULL, NULL);
    g_assert_cmpstr(now, ==, text);
}

/* The directory that is named after the session, or NULL. */
static char *
find_kept(const Story *story)
{
    g_autofree char *audit =
        g_build_filename(story->home, ".local/state/boundary-ns/audit", NULL);
    g_autoptr(GDir) dir = g_dir_open(audit, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        if (g_str_has_suffix(name, ".kept"))
            return g_build_filename(audit, name, NULL);
    return NULL;
}

static void
assert_kept(const Story *story, const char *name, const char *text)
{
    g_autofree char *kept = find_kept(story);
    g_autofree char *path = NULL;
    g_autofree char *now = NULL;

    g_assert_nonnull(kept);
    path = g_build_filename(kept, story->work, name, NULL);
    g_file_get_contents(path, &now, NULL, NULL);
    g_assert_cmpstr(now, ==, text);
}

/* While the command waits, the record is there. */
static void
test_at_once(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;
    bool is_there = false;

    live = live_start(story, "-- sh -c 'mkdir .vscode; while ! test -e stop; do echo x "
                             ">.vscode/tasks.json; done'");
    while (!is_there) {
        g_autofree char *audit = story_read_audit(story);

        is_there = strstr(audit, "\"event\":\"file.changed\"") != NULL &&
                   strstr(audit, "/.vscode/tasks.json\"") != NULL;
    }
    story_write(story, "stop", "");
    run = live_end(live);
    story_assert_status(run, 0);
    g_assert_cmpuint(story_count_records(run, "file.changed", "tasks.json", NULL), ==,
                     1);
    story_assert_record(run, "file.changed", "tasks and settings that name programs");
    story_assert_err(run, "boundary-ns: changed, and run or obeyed outside: ");
}

/* Deep down nobody watches; the end finds it, and -q does not keep it from the audit. */
static void
test_at_the_end(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    run = story_run(story, "-q -- sh -c 'mkdir -p a/b/.git/hooks; echo x "
                           ">a/b/.git/hooks/pre-commit'");
    story_assert_record(run, "file.changed", "/a/b/.git/hooks/pre-commit\"",
                        "git runs it");
    assert_in_work(story, "a/b/.git/hooks/pre-commit", "x\n");
}

static void
test_moved(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", QUARANTINE);
    story_write(story, "Makefile", "all:\n");
    story_write(story, "setup.py", "same\n");
    run = story_run(
        story,
        "-c p.yaml -- sh -c 'echo evil >>Makefile; echo plain >src; mkdir -p new/.git "
        ".vscode t; mkdir new/.git/hooks; echo x >new/.git/hooks/pre-commit; echo x "
        ">.vscode/tasks.json; touch setup.py; ln -s /etc/passwd .envrc; echo x "
        ">t/build.rs; rm t/build.rs'");
    story_assert_status(run, 0);
    assert_in_work(story, "Makefile", "all:\n");
    assert_in_work(story, "setup.py", "same\n");
    assert_in_work(story, "src", "plain\n");
    assert_in_work(story, "new/.git/hooks/pre-commit", NULL);
    assert_in_work(story, ".vscode/tasks.json", NULL);
    assert_in_work(story, ".envrc", NULL);
    assert_kept(story, "Makefile", "all:\nevil\n");
    assert_kept(story, "new/.git/hooks/pre-commit", "x\n");
    story_assert_err(run, "boundary-ns: run or obeyed outside, so moved to ");
    story_assert_err(run, "boundary-ns: of these, what was there before is back: ");
    story_assert_no_err(run, "boundary-ns: changed, and run");
    story_assert_no_err(run, "setup.py");
    story_assert_record(run, "file.quarantine", "/Makefile\"",
                        "what was there before is back", "\"kept\":\"");
}

/* A repository goes on working; its settings count by the programs that they name. */
static void
test_git(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) made = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *config = g_build_filename(story->work, ".git/config", NULL);
    g_autofree char *text = NULL;

    if (!story_needs("git"))
        return;
    story_write(story, "p.yaml", QUARANTINE);
    made =
        story_run(story, "-c p.yaml -- sh -c 'git init -q .; git config user.name N; "
                         "git config user.email n@example.org; git add p.yaml; git "
                         "commit -qm 1'");
    story_assert_status(made, 0);
    story_assert_no_err(made, "moved to");
    run = story_run(story, "-c p.yaml -- sh -c 'git config core.fsmonitor evil; git "
                           "config user.name M'");
    story_assert_status(run, 0);
    g_assert_true(g_file_get_contents(config, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "name = N"));
    g_assert_null(strstr(text, "evil"));
}

/* What leads git to programs that lie where nobody looks for them; and what does not. */
static void
test_leads(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) made = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) outside = NULL;

    if (!story_needs("git"))
        return;
    story_write(story, "p.yaml", QUARANTINE);
    made = story_run(
        story,
        "-c p.yaml -- sh -ec 'git init -q .; git config user.name N; git config "
        "user.email n@example.org; git add p.yaml; git commit -qm 1; git worktree add "
        "-q w; git init -q lib; cd lib; git config user.name N; git config user.email "
        "n@example.org; git commit -qm 1 --allow-empty; cd ..; git -c "
        "protocol.file.allow=always submodule --quiet add ./lib s; mkdir d; echo x "
        ">d/HEAD'");
    story_assert_status(made, 0);
    story_assert_no_err(made, "w/.git");
    story_assert_no_err(made, "s/.git");
    story_assert_no_err(made, "d/HEAD");
    run = story_run(
        story,
        "-c p.yaml -- sh -ec 'mkdir -p evil/objects evil/refs dir e/.git; cp .git/HEAD "
        "evil; printf \"[core]\\n\\tfsmonitor = touch ran; false\\n\" >evil/config; "
        "echo ../evil >.git/commondir; echo \"gitdir: ../evil\" >dir/.git; ln -s "
        "../../evil e/.git/x; mkdir l; echo \"gitdir: ../e/.git/x\" >l/.git'");
    story_assert_status(run, 0);
    assert_in_work(story, ".git/commondir", NULL);
    assert_in_work(story, "dir/.git", NULL);
    assert_in_work(story, "l/.git", NULL);
    assert_in_work(story, "evil/HEAD", NULL);
    outside =
        story_shell(story, "git status; cd evil; git status; cd ../dir; git "
                           "status; cd ../l; git status; cd ..; find . -name ran");
    g_assert_null(strstr(outside->out, "/ran"));
}

static void
test_session_that_fails(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = NULL;
    g_autoptr(GArray) processes = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", QUARANTINE);
    live = live_start(story, "-c p.yaml -- sh -c 'echo x >Makefile; echo began; read "
                             "line'");
    live_await_out(live, "began");
    processes = live_processes(live);
    g_assert_cmpint(kill(live_find(processes, "bns-gateway")->pid, SIGKILL), ==, 0);
    run = live_end(live);
    story_assert_status(run, 125);
    assert_in_work(story, "Makefile", NULL);
    assert_kept(story, "Makefile", "x\n");
}

static void
test_check(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) check = NULL;
    g_autoptr(StoryRun) plain = story_run(story, "check");

    story_write(story, "p.yaml", QUARANTINE);
    check = story_run(story, "check -c p.yaml");
    story_assert_out(plain, "files\ton_protected\treport\n");
    story_assert_out(check, "\ton_protected\tquarantine\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/quarantine/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/quarantine/recorded-at-once", test_at_once);
    bns_test_add("/e2e/quarantine/recorded-at-the-end", test_at_the_end);
    bns_test_add("/e2e/quarantine/what-is-run-outside-is-moved", test_moved);
    bns_test_add("/e2e/quarantine/a-repository-goes-on-working", test_git);
    bns_test_add("/e2e/quarantine/what-leads-git-elsewhere", test_leads);
    bns_test_add("/e2e/quarantine/when-the-session-fails", test_session_that_fails);
    bns_test_add("/e2e/quarantine/check-says-it", test_check);
    return g_test_run();
}
