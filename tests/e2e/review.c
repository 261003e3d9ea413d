/* SPDX-License-Identifier: Apache-2.0 */
/* Review: what the command writes reaches the user's tree when somebody says so. */
#include "tests/e2e/live.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* @text: NULL: there is none. */
static void
assert_in_work(const Story *story, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(story->work, name, NULL);
    g_autofree char *now = NULL;

    g_file_get_contents(path, &now, NULL, NULL);
    g_assert_cmpstr(now, ==, text);
}

/* How many reviews there are. */
static unsigned
count_reviews(const Story *story)
{
    g_autofree char *path =
        g_build_filename(story->home, ".local/state/boundary-ns/review", NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    unsigned n = 0;

    while (dir != NULL && g_dir_read_name(dir) != NULL)
        n++;
    return n;
}

/* What is in the project, and when it was changed. */
static char *
list_work(const Story *story)
{
    const char *argv[] = { "find", story->work, "-printf", "%p %y %m %s %T@ %C@\\n",
                           NULL };
    char *out = NULL;

    g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL,
                               G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, NULL,
                               NULL));
    return out;
}

#define WRITES                                                                         \
    "-- sh -c 'echo new >new; echo more >>old; rm gone; mkdir .vscode; echo x "        \
    ">.vscode/tasks.json; cat old new; ls'"

static Story *
furnish(void)
{
    Story *story = story_new();

    story_write(story, "old", "old\n");
    story_write(story, "gone", "gone\n");
    return story;
}

static void
assert_applied(const Story *story)
{
    assert_in_work(story, "new", "new\n");
    assert_in_work(story, "old", "old\nmore\n");
    assert_in_work(story, "gone", NULL);
    assert_in_work(story, ".vscode/tasks.json", "x\n");
    g_assert_cmpuint(count_reviews(story), ==, 0);
}

/* --- what becomes of it --- */

static void
test_kept(void)
{
    g_autoptr(Story) story = furnish();
    g_autofree char *before = list_work(story);
    g_autofree char *after = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) shown = NULL;
    g_autoptr(StoryRun) listed = NULL;
    g_autoptr(StoryRun) applied = NULL;

    run = story_run(story, "--review " WRITES);
    story_assert_status(run, 0);
    story_assert_out(run, "old\nmore\nnew\nnew\nold\n");
    after = list_work(story);
    g_assert_cmpstr(after, ==, before);
    story_assert_err(run, "boundary-ns: ! added .vscode/tasks.json: ");
    story_assert_err(run, "boundary-ns:   removed gone\n");
    story_assert_err(run, "boundary-ns: kept: boundary-ns review ");
    story_assert_record(run, "review.kept", "\"count\":", "\"kept\":\"");
    g_assert_cmpuint(story_count_records(run, "file.changed", NULL), ==, 0);
    listed = story_run(story, "ps");
    story_assert_status(listed, 0);
    story_assert_out(listed, story->work);
    shown = story_run(story, "review");
    story_assert_status(shown, 1); /* something is kept */
    story_assert_out(shown, ".vscode/tasks.json");
    applied = story_run(story, "review --apply");
    story_assert_status(applied, 0);
    assert_applied(story);
}

static void
test_applied(void)
{
    g_autoptr(Story) story = furnish();
    g_autoptr(StoryRun) run = story_run(story, "--review --apply " WRITES);

    story_assert_status(run, 0);
    assert_applied(story);
    story_assert_record(run, "review.applied", "\"count\":");
    story_assert_record(run, "file.changed", "/.vscode/tasks.json\"");
    g_assert_cmpuint(story_count_records(run, "file.changed", NULL), ==, 1);
}

static void
test_discarded(void)
{
    g_autoptr(Story) story = furnish();
    g_autofree char *before = list_work(story);
    g_autofree char *after = NULL;
    g_autoptr(StoryRun) run = story_run(story, "--review --discard " WRITES);

    story_assert_status(run, 0);
    after = list_work(story);
    g_assert_cmpstr(after, ==, before);
    g_assert_cmpuint(count_reviews(story), ==, 0);
    story_assert_record(run, "review.discarded", "\"count\":");
}

/* Nor is anything left of a start that fails. */
static void
test_nothing(void)
{
    g_autoptr(Story) story = furnish();
    g_autoptr(StoryRun) run = story_run(story, "--review -- sh -c 'cat old; exit 3'");
    g_autoptr(StoryRun) failed = story_run(story, "--review -- ./absent");

    story_assert_status(run, 3);
    story_assert_no_err(run, "to review");
    story_assert_status(failed, 127);
    g_assert_cmpuint(count_reviews(story), ==, 0);
}

/* A policy says it as well, and the session's failure is nobody's consent. */
static void
test_failed(void)
{
    g_autoptr(Story) story = furnish();
    g_autoptr(Live) live = NULL;
    g_autoptr(GArray) processes = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", "files: { review: true }\n");
    live =
        live_start(story, "-c p.yaml --apply -- sh -c 'echo x >new; echo began; read "
                          "line'");
    live_await_out(live, "began");
    processes = live_processes(live);
    g_assert_cmpint(kill(live_find(processes, "bns-gateway")->pid, SIGKILL), ==, 0);
    run = live_end(live);
    story_assert_status(run, 125);
    story_assert_err(run, "kept, since the session failed: ");
    assert_in_work(story, "new", NULL);
    g_assert_cmpuint(count_reviews(story), ==, 1);
}

/* Whoever is killed loses nothing, and the next session cleans nothing up. */
static void
test_killed(void)
{
    static const char *const victims[] = { "boundary-ns", "boundary-init" };

    for (size_t i = 0; i < G_N_ELEMENTS(victims); i++) {
        g_autoptr(Story) story = furnish();
        g_autoptr(Live) live = NULL;
        g_autoptr(GArray) processes = NULL;
        g_autoptr(StoryRun) other = NULL;
        g_autoptr(StoryRun) listed = NULL;
        g_autoptr(StoryRun) applied = NULL;

        live = live_start(story, "--review -- sh -c 'echo x >new; echo began; read "
                                 "line'");
        live_await_out(live, "began");
        processes = live_processes(live);
        g_assert_cmpint(kill(live_find(processes, victims[i])->pid, SIGKILL), ==, 0);
        live_await_death(processes);
        story_run_free(live_end(live));
        other = story_run(story, "--review -- true");
        story_assert_status(other, 0);
        g_assert_cmpuint(count_reviews(story), ==, 1);
        listed = story_run(story, "ps");
        story_assert_out(listed, story->work);
        applied = story_run(story, "review --apply");
        story_assert_status(applied, 0);
        assert_in_work(story, "new", "x\n");
    }
}

/* --- what is asked --- */

typedef struct {
    const char *name;
    const char *typed;
    const char *new; /* what is in the project then */
    unsigned reviews;
} Answer;

static const Answer answers[] = {
    { "applied", "a\n", "new\n", 0 },
    { "as-keyboards-end-lines", "a\r", "new\n", 0 },
    { "whole-words", " APPLY \n", "new\n", 0 },
    { "discarded", "discard\n", NULL, 0 },
    { "kept", "k\n", NULL, 1 },
    { "an-empty-line-keeps", "\n", NULL, 1 },
    { "the-end-keeps", "\004", NULL, 1 },
    { "an-interrupt-keeps", "\003", NULL, 1 },
    { "what-is-no-answer-asks-again", "apply it\na\n", "new\n", 0 },
    { "thrice-nonsense-keeps", "yes\nyes\nyes\n", NULL, 1 },
};

/* Reads what the terminal shows, to @text, until @until is in it; NULL: to the end. */
static void
read_until(int fd, GString *text, const char *until)
{
    char bytes[4096];
    ssize_t n;

    while (until == NULL || strstr(text->str, until) == NULL) {
        n = read(fd, bytes, sizeof(bytes));
        if (n <= 0 && until == NULL)
            return;
        if (n <= 0)
            g_error("the terminal ended before \"%s\": %s", until, text->str);
        g_string_append_len(text, bytes, n);
    }
}

/* On a terminal of its own. */
static pid_t
start_on_terminal(Story *story, const char *arguments, int *out_fd)
{
    g_autoptr(GPtrArray) argv = story_argv(story, arguments);
    pid_t pid = forkpty(out_fd, NULL, NULL, NULL);

    g_assert_cmpint(pid, >=, 0);
    if (pid > 0)
        return pid;
    if (chdir(story->work) == 0)
        execve(argv->pdata[0], (char **)argv->pdata, story->env);
    _exit(99);
}

/* What was typed ahead, and modes and colours that the command leaves, are no matter. */
static void
test_answer(const void *data)
{
    const Answer *answer = data;
    g_autoptr(Story) story = furnish();
    g_autoptr(GString) text = g_string_new(NULL);
    pid_t pid;
    int fd, status;

    pid = start_on_terminal(story,
                            "--review -- sh -c 'echo new >new; echo began; read line; "
                            "stty -icanon -echo extproc; printf \"\\033[8m\"; exit 4'",
                            &fd);
    read_until(fd, text, "began");
    g_assert_cmpint(write(fd, "\na\na\n", 5), ==, 5);
    read_until(fd, text, "[keep] ");
    g_assert_nonnull(strstr(text->str, "boundary-ns:   added new\r\n"));
    g_assert_cmpint(write(fd, answer->typed, strlen(answer->typed)), ==,
                    (ssize_t)strlen(answer->typed));
    read_until(fd, text, NULL);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 4);
    close(fd);
    assert_in_work(story, "new", answer->new);
    g_assert_cmpuint(count_reviews(story), ==, answer->reviews);
}

/* Whoever goes away while he is asked. */
static void
test_hang_up(void)
{
    g_autoptr(Story) story = furnish();
    g_autoptr(GString) text = g_string_new(NULL);
    pid_t pid;
    int fd, status;

    pid = start_on_terminal(story, "--review -- sh -c 'echo new >new'", &fd);
    read_until(fd, text, "[keep] ");
    close(fd);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    assert_in_work(story, "new", NULL);
    g_assert_cmpuint(count_reviews(story), ==, 1);
}

/* --- what can be had --- */

static void
test_refused(void)
{
    static const struct {
        const char *arguments;
        const char *why;
    } cases[] = {
        { "--apply -- true", "--apply: there is nothing to review" },
        { "--discard -- true", "--discard: there is nothing to review" },
        { "--review --apply --discard -- true", "exclude each other" },
        { "--review --write ../ca.pem -- true", "is no directory" },
        { "--review --write ~ -- true", "name a directory in it" },
        { "--review -c shared.yaml -- true", "mode: shared" },
    };
    g_autoptr(Story) story = furnish();

    story_write(story, "shared.yaml", "files: { mode: shared }\n");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(StoryRun) run = story_run(story, cases[i].arguments);

        story_assert_status(run, 125);
        story_assert_err(run, cases[i].why);
    }
    g_assert_cmpuint(count_reviews(story), ==, 0);
}

/* Neither seen through the layer nor lost by what is done around it. */
static void
test_hidden(void)
{
    g_autoptr(Story) story = furnish();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *dir = g_build_filename(story->work, "sub", NULL);

    g_assert_cmpint(g_mkdir(dir, 0700), ==, 0);
    story_write(story, "sub/.env", "secret\n");
    story_write(story, "sub/seen", "seen\n");
    story_write(story, "a.pem", "secret\n");
    run = story_run(story, "--review --apply --hide sub/.env --hide ./*.pem -- sh -c "
                           "'cat a.pem sub/.env; ls -A sub; mv sub sub2; cat "
                           "sub2/.env; rm -rf sub2; echo mine >a.pem; find . -type f "
                           "-exec cat {} +; ls -A ~/.local/state/boundary-ns'");
    story_assert_status(run, 0);
    story_assert_no_out(run, "secret");
    story_assert_out(run, "seen\n");
    story_assert_out(run, "audit\n");
    story_assert_no_out(run, "review");
    assert_in_work(story, "sub/.env", "secret\n");
    assert_in_work(story, "a.pem", "secret\n");
    g_assert_cmpuint(count_reviews(story), ==, 1);
}

/* Nothing but the layer can be written to, by whatever way. */
static void
test_ways(void)
{
    g_autoptr(Story) story = furnish();
    g_autofree char *before = list_work(story);
    g_autofree char *after = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", "nested: full\n");
    g_free(before);
    before = list_work(story);
    run = story_run(
        story,
        "-c p.yaml --review -- sh -c '"
        "s=$HOME/.local/state/boundary-ns; w=$PWD; "
        "for r in /proc/[0-9]*/root /proc/self/cwd/../..; do "
        "  echo bad >$r$w/old.$$; echo bad >$r$s/review/x; done 2>/dev/null; "
        "unshare -Urm sh -c \"umount $w; umount -l $w; mount --bind / /mnt; echo bad "
        ">/mnt$w/inside; ls /mnt$s/review; mkdir $s/review; echo bad >$s/x\" "
        "2>/dev/null; "
        "nsenter -t 1 -m true 2>/dev/null; "
        "mv $s $s.2 2>/dev/null; mv $w $w.2 2>/dev/null; echo done'");
    story_assert_status(run, 0);
    story_assert_out(run, "done\n");
    after = list_work(story);
    g_assert_cmpstr(after, ==, before);
    g_assert_cmpuint(count_reviews(story), <=, 1);
}

/* Programs go on working on top of what the host has. */
static void
test_git(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) made = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) outside = NULL;

    if (!story_needs("git"))
        return;
    made =
        story_run(story, "-- sh -ec 'git init -q -b main .; git config user.name N; "
                         "git config user.email n@example.org; mkdir d; echo 1 >d/a; "
                         "git add .; git commit -qm 1; git branch side; echo 2 "
                         ">>d/a; git commit -qam 2'");
    story_assert_status(made, 0);
    run = story_run(
        story,
        "--review --apply -- sh -ec 'git checkout -q side; echo s >s; git add s; "
        "git commit -qm s; git rebase -q main; mkdir e; git mv d/a e; git commit -qm "
        "mv; git "
        "worktree add -q w main; git gc -q; git fsck; git stash list; git status "
        "--porcelain'");
    story_assert_status(run, 0);
    story_assert_no_out(run, "M ");
    outside = story_shell(story, "git fsck && git log --format=%s side && git status "
                                 "--porcelain && cat e/a s && ls w/d");
    story_assert_status(outside, 0);
    story_assert_out(outside, "mv\ns\n2\n1\n");
    story_assert_out(outside, "1\n2\ns\na\n");
}

static void
test_check(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) plain = story_run(story, "check");
    g_autoptr(StoryRun) check = story_run(story, "check --review");

    story_assert_out(plain, "files\treview\tfalse\n");
    story_assert_out(check, "files\treview\ttrue\n");
    story_assert_out(check, "files\ton_protected\tprevented (files.review)\n");
    story_assert_out(check, "workdir\treview\t");
    g_assert_cmpuint(count_reviews(story), ==, 0);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/review/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/review/kept-shown-and-applied-later", test_kept);
    bns_test_add("/e2e/review/applied-at-the-end", test_applied);
    bns_test_add("/e2e/review/discarded-at-the-end", test_discarded);
    bns_test_add("/e2e/review/nothing-changed-nothing-left", test_nothing);
    bns_test_add("/e2e/review/a-session-that-fails-keeps", test_failed);
    bns_test_add("/e2e/review/whoever-is-killed-loses-nothing", test_killed);
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_autofree char *path =
            g_strconcat("/e2e/review/asked/", answers[i].name, NULL);

        bns_test_add_data(path, &answers[i], test_answer);
    }
    bns_test_add("/e2e/review/asked/and-hung-up", test_hang_up);
    bns_test_add("/e2e/review/what-cannot-be-reviewed", test_refused);
    bns_test_add("/e2e/review/what-is-hidden-stays", test_hidden);
    bns_test_add("/e2e/review/no-way-around", test_ways);
    bns_test_add("/e2e/review/git-goes-on-working", test_git);
    bns_test_add("/e2e/review/check-says-it", test_check);
    return g_test_run();
}
