/* SPDX-License-Identifier: Apache-2.0 */
/* SIGKILL of any one process in the middle of a transfer: everything ends, and nothing is
 * left: no process, no mount, no file. */
#include "tests/e2e/island.h"
#include "tests/e2e/live.h"
#include "tests/support/test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two more processes, one of which has left the session, and a transfer that does not
 * end by itself. */
#define COMMAND                                                                        \
    "--allow api.test -- sh -c 'setsid sleep 1000 & sleep 1000 & echo started; "       \
    "exec curl -sS -o /dev/null https://api.test/bytes/1000000000000'"

typedef struct {
    const char *process;
    const char *error; /* on standard error; NULL: nobody is left to say it */
} Victim;

static const Victim victims[] = {
    { "boundary-ns", NULL },
    { "bns-recorder", "recorder died" },
    { "bns-resolver", "resolver died" },
    { "bns-gateway", "gateway died" },
    { "boundary-ns-net", "netstack died" },
    { "boundary-init", "init died" },
};

static char *
read_mounts(void)
{
    char *text = NULL;

    g_assert_true(g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL));
    return text;
}

/* Everything below the story's directory, and what is named as ours in the places that
 * programs litter (other tests run at the same time and have names of their own there).
 * The audit is there to stay, and the record of a session that was killed until the next
 * look (sessions.c). */
static char *
list_files(const Story *story)
{
    g_autofree char *command =
        g_strdup_printf("{ find '%s' ! -name '*.jsonl' ! -path '*/boundary-ns/run/*'; "
                        "find /tmp /run /dev/shm -maxdepth 1 "
                        "-user %u -name 'boundary-ns*'; } 2>/dev/null | sort",
                        story->dir, (unsigned)geteuid());
    const char *argv[] = { "sh", "-c", command, NULL };
    char *out = NULL;

    g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                 &out, NULL, NULL, NULL);
    return out;
}

static void
assert_ended(const StoryRun *run, const Victim *victim)
{
    if (victim->error == NULL) {
        g_assert_true(WIFSIGNALED(run->status));
        g_assert_cmpint(WTERMSIG(run->status), ==, SIGKILL);
        return;
    }
    story_assert_status(run, 125);
    story_assert_err(run, victim->error);
}

/* What was written is whole, whoever died. */
static void
assert_audit_verifies(Story *story)
{
    g_autoptr(StoryRun) verify = story_shell(
        story, "\"$BNS\" log verify $HOME/.local/state/boundary-ns/audit/*.jsonl");

    story_assert_status(verify, 0);
    g_assert_true(g_str_has_prefix(verify->out, "ok"));
}

static void
test_victim(gconstpointer data)
{
    const Victim *victim = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *mounts_before = read_mounts();
    g_autofree char *mounts_after = NULL;
    g_autofree char *files_before = NULL;
    g_autofree char *files_after = NULL;
    g_autoptr(Live) live = live_start(story, COMMAND);
    g_autoptr(GArray) processes = NULL;
    g_autoptr(StoryRun) run = NULL;

    live_await_out(live, "started");
    bns_origin_await_connections(story->https, 1);
    processes = live_processes(live);
    /* supervisor, five of ours, curl, two sleeps */
    g_assert_cmpuint(processes->len, >=, 9);
    files_before = list_files(story);

    g_assert_cmpint(kill(live_find(processes, victim->process)->pid, SIGKILL), ==, 0);
    run = live_end(live);
    live_await_death(processes);
    assert_ended(run, victim);
    mounts_after = read_mounts();
    g_assert_cmpstr(mounts_before, ==, mounts_after);
    files_after = list_files(story);
    g_assert_cmpstr(files_before, ==, files_after);
    assert_audit_verifies(story);
}

/* Of a session that ends as it should nothing is left either, though its command left
 * processes behind. */
static void
test_end(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *mounts_before = read_mounts();
    g_autofree char *mounts_after = NULL;
    g_autoptr(Live) live = live_start(
        story, "-- sh -c 'setsid sleep 1000 & echo started; read x; exit 4'");
    g_autoptr(GArray) processes = NULL;
    g_autoptr(StoryRun) run = NULL;

    live_await_out(live, "started");
    processes = live_processes(live);
    live_write(live, "x\n");
    run = live_end(live);
    live_await_death(processes);
    story_assert_status(run, 4);
    mounts_after = read_mounts();
    g_assert_cmpstr(mounts_before, ==, mounts_after);
}

int
main(int argc, char **argv)
{
    /* With mounts that are shared, as on a desktop, and nobody else's among them. */
    bool is_there = island_enter(false);

    bns_test_init(&argc, &argv, 60);
    if (!is_there) {
        bns_test_add("/e2e/killed/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(victims); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/killed/%s", victims[i].process);

        bns_test_add_data(path, &victims[i], test_victim);
    }
    bns_test_add("/e2e/killed/nobody", test_end);
    return g_test_run();
}
