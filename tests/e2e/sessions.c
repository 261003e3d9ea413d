/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions are listed while they run, and end when they are told to. */
#include "tests/e2e/live.h"
#include "tests/support/test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* Until its standard input ends. */
#define WAITS "-- sh -c 'echo started; read x; exit 4' --token=hush"

static char *
read_id(const Live *live)
{
    g_autofree char *audit = story_read_audit(live->story);
    const char *found = strstr(audit, "\"session\":\"");

    g_assert_nonnull(found);
    return g_strndup(found + strlen("\"session\":\""), 8);
}

static void
assert_lists_nothing(Story *story)
{
    g_autoptr(StoryRun) ps = story_run(story, "ps");
    g_autoptr(StoryRun) left =
        story_shell(story, "find ~/.local/state/boundary-ns/run -type f");

    story_assert_status(ps, 0);
    g_assert_cmpstr(ps->out, ==, "");
    g_assert_cmpstr(left->out, ==, "");
}

static void
test_listed(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = live_start(story, WAITS);
    g_autofree char *id = NULL;
    g_autofree char *pid = NULL;
    g_autofree char *number = NULL;

    live_await_out(live, "started");
    id = read_id(live);
    pid = g_strdup_printf(" %d ", (int)live->pid);
    number = g_strdup_printf("\"pid\":%d,", (int)live->pid);
    {
        g_autoptr(StoryRun) ps = story_run(story, "ps");
        g_autoptr(StoryRun) json = story_run(story, "ps --json");

        story_assert_status(ps, 0);
        story_assert_out(ps, id);
        story_assert_out(ps, pid);
        story_assert_out(ps, story->work);
        story_assert_out(ps, "--token=***");
        story_assert_no_out(ps, "hush");
        story_assert_status(json, 0);
        story_assert_out(json, number);
        story_assert_no_out(json, "hush");
    }
    live_close_input(live);
    {
        g_autoptr(StoryRun) run = live_end(live);

        story_assert_status(run, 4);
    }
    assert_lists_nothing(story);
}

static void
test_stopped(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) first = live_start(story, WAITS);
    g_autofree char *id = NULL;
    g_autofree char *command = NULL;

    live_await_out(first, "started");
    id = read_id(first);
    command = g_strconcat("stop ", id, NULL);
    {
        g_autoptr(Live) second = live_start(story, WAITS);
        g_autoptr(StoryRun) none = story_run(story, "stop 00000000-none");
        g_autoptr(StoryRun) stop = NULL;
        g_autoptr(StoryRun) again = NULL;
        g_autoptr(StoryRun) ended = NULL;
        g_autoptr(StoryRun) last = NULL;

        live_await_out(second, "started");
        story_assert_status(none, 2);
        story_assert_err(none, "no session runs whose id begins with");
        stop = story_run(story, command);
        story_assert_status(stop, 0);
        ended = live_end(first);
        g_assert_true(WIFSIGNALED(ended->status));
        g_assert_cmpint(WTERMSIG(ended->status), ==, SIGTERM);
        again = story_run(story, command);
        story_assert_status(again, 2);
        g_clear_pointer(&stop, story_run_free);
        stop = story_run(story, "stop --all");
        story_assert_status(stop, 0);
        last = live_end(second);
        g_assert_true(WIFSIGNALED(last->status));
        story_assert_record(last, "\"event\":\"session.end\"");
    }
    assert_lists_nothing(story);
}

static void
test_stubborn(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = live_start(
        story, "-- sh -c 'trap \"echo no\" TERM; echo started; while :; do read x || "
               "sleep 1; done'");
    g_autoptr(GArray) processes = NULL;
    g_autoptr(StoryRun) stop = NULL;
    g_autoptr(StoryRun) run = NULL;

    live_await_out(live, "started");
    processes = live_processes(live);
    stop = story_run(story, "stop --all");
    story_assert_status(stop, 0);
    story_assert_err(stop, "did not end within 10 s: killed");
    run = live_end(live);
    g_assert_true(WIFSIGNALED(run->status));
    g_assert_cmpint(WTERMSIG(run->status), ==, SIGKILL);
    live_await_death(processes);
    assert_lists_nothing(story);
}

static void
test_suspended(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = live_start(story, WAITS);
    g_autoptr(StoryRun) stop = NULL;
    g_autoptr(StoryRun) run = NULL;

    live_await_out(live, "started");
    g_assert_cmpint(kill(live->pid, SIGSTOP), ==, 0);
    stop = story_run(story, "stop --all");
    story_assert_status(stop, 0);
    story_assert_no_err(stop, "killed");
    run = live_end(live);
    g_assert_true(WIFSIGNALED(run->status));
    g_assert_cmpint(WTERMSIG(run->status), ==, SIGTERM);
}

static void
test_dead(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = live_start(story, WAITS);
    g_autofree char *id = NULL;
    g_autofree char *command = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) stop = NULL;

    live_await_out(live, "started");
    id = read_id(live);
    command = g_strconcat("stop ", id, NULL);
    g_assert_cmpint(kill(live->pid, SIGKILL), ==, 0);
    run = live_end(live);
    stop = story_run(story, command);
    story_assert_status(stop, 2);
    assert_lists_nothing(story);
}

/* Neither where the record lies by default, nor where it lies else. */
static void
test_out_of_reach(void)
{
    static const char script[] =
        "\"$BNS\" -- sh -c 'for d in \"$HOME/.local/state/boundary-ns/run\" "
        "\"%s/boundary-ns\"; do ls -A \"$d\"; touch \"$d/x\"; rm -rf \"$d\"; "
        "mkdir -p \"$d\"; echo forged >\"$d/11111111-1111-4111-8111-111111111111\"; "
        "done 2>/dev/null; \"$BNS\" ps; echo done' 2>&1; "
        "find \"$HOME/.local/state/boundary-ns/run\" \"%s\" -type f";
    g_autoptr(Story) story = story_new();
    g_autofree char *runtime = g_build_filename(story->dir, "runtime", NULL);
    g_autofree char *command = g_strdup_printf(script, runtime, runtime);

    g_assert_cmpint(g_mkdir_with_parents(runtime, 0700), ==, 0);
    {
        g_autoptr(StoryRun) run = story_shell(story, command);

        story_assert_out(run, "done");
        story_assert_no_out(run, "11111111");
    }
    story_setenv(story, "XDG_RUNTIME_DIR", runtime);
    {
        g_autoptr(StoryRun) run = story_shell(story, command);

        story_assert_out(run, "done");
        story_assert_no_out(run, "11111111");
    }
    assert_lists_nothing(story);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/sessions/skipped", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/sessions/are-listed-while-they-run", test_listed);
    bns_test_add("/e2e/sessions/end-when-they-are-told-to", test_stopped);
    bns_test_add("/e2e/sessions/are-killed-if-they-do-not", test_stubborn);
    bns_test_add("/e2e/sessions/end-though-they-are-suspended", test_suspended);
    bns_test_add("/e2e/sessions/that-died-are-not-listed", test_dead);
    bns_test_add("/e2e/sessions/their-records-are-out-of-reach", test_out_of_reach);
    return g_test_run();
}
