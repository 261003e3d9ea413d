/* SPDX-License-Identifier: Apache-2.0 */
/* limits: what one session's processes may use. */
#include "sandbox/pid_limit.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static StoryRun *
run_with(Story *story, const char *limits, const char *script)
{
    g_autofree char *policy = g_strdup_printf("limits: { %s }\n", limits);
    g_autofree char *quoted = g_shell_quote(script);
    g_autofree char *arguments = g_strdup_printf("-c p.yaml -- sh -c %s", quoted);

    story_write(story, "p.yaml", policy);
    return story_run(story, arguments);
}

/* Of root the kernel has a limit of numbers, and that only since Linux 6.14. */
static const char *
processes_limit(void)
{
    return getuid() == 0 ? "processes: 299" : "processes: 20";
}

static bool
can_limit_processes(void)
{
    return getuid() != 0 || bns_pid_limit_is_possible();
}

/* More than it may have; when they end others may be started. */
static void
test_processes(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        run_with(story, processes_limit(),
                 "for i in $(seq 320); do sleep 1000 & done; echo all");

    if (!can_limit_processes()) {
        story_assert_status(run, 125);
        story_assert_err(run, "does not count the processes of root");
        return;
    }
    g_assert_cmpint(run->status, !=, 0);
    story_assert_no_out(run, "all");
    story_assert_err(run, "fork");
    story_assert_record(run, "\"session.end\"");
}

/* A limit that does not hold must not look like one. */
static void
test_few_processes_of_root(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (getuid() != 0) {
        g_test_skip("an ordinary user may have as few as he likes");
        return;
    }
    run = run_with(story, "processes: 298", "echo ran");
    story_assert_status(run, 125);
    story_assert_no_out(run, "ran");
    story_assert_err(run, "limits.processes: ");
}

/* Each child makes children, for ever: the host has room, and the session ends with its
 * command. */
static void
test_fork_bomb(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) next = NULL;

    if (!can_limit_processes()) {
        g_test_skip("this kernel does not count the processes of root");
        return;
    }
    run = run_with(story, processes_limit(),
                   "python3 -c '\n"
                   "import os, signal\n"
                   "full = 0\n"
                   "while full < 1000:\n"
                   "    try: os.fork()\n"
                   "    except BlockingIOError: full += 1\n"
                   "signal.pause()\n"
                   "' & sleep 0.3; echo over");
    story_assert_status(run, 0);
    story_assert_out(run, "over");
    story_assert_record(run, "\"session.end\"");
    next = story_run(story, "-- echo well");
    story_assert_out(next, "well");
}

/* The command fills the disk that the audit lies on: what cannot be recorded does not
 * happen, and what was recorded stays whole. */
static void
test_full_disk(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("unshare"))
        return;
    run = story_shell(story,
                      "exec unshare -Urm sh -c '"
                      "mount -t tmpfs -o size=1m,mode=0755 none \"$HOME\" || exit 99; "
                      "mkdir \"$HOME/work\"; cd \"$HOME/work\"; "
                      "\"$BNS\" -- sh -c \""
                      "cat /dev/zero >big; echo full; "
                      "while :; do curl -sS -o /dev/null http://a.test; done\"; "
                      "echo status $?; rm -f big; "
                      "\"$BNS\" log verify ~/.local/state/boundary-ns/audit/*'");
    story_assert_status(run, 0);
    g_assert_true(g_str_has_prefix(run->out, "full\nstatus 125\nok"));
    story_assert_err(run, "No space left on device");
}

/* So many are let in; what is more is refused at once, and told in one record with its
 * count, so that a flood does not fill the audit either. */
static void
test_flow_rate(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_option(story, "--allow api.test");
    run = run_with(story, "flow_rate: 5",
                   "python3 -c '\n"
                   "import socket\n"
                   "addr = socket.gethostbyname(\"api.test\")\n"
                   "good = bad = 0\n"
                   "for i in range(400):\n"
                   "    s = socket.socket()\n"
                   "    try: s.connect((addr, 443)); good += 1\n"
                   "    except ConnectionRefusedError: bad += 1\n"
                   "    s.close()\n"
                   "print(good >= 5, bad > 100, good + bad)\n"
                   "'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "True True 400\n");
    story_assert_record(run, "\"flow.refused\"", "limits.flow_rate", "api.test");
    g_assert_cmpuint(story_count_records(run, "limits.flow_rate", NULL), <, 100);
}

static void
test_memory(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) little = run_with(
        story, "memory: 64M", "head -c 16M /dev/zero | tail -n 1 | wc -c; ulimit -Hd");
    g_autoptr(StoryRun) much =
        run_with(story, "memory: 64M", "head -c 128M /dev/zero | tail -n 1 | wc -c");

    g_assert_cmpstr(little->out, ==, "16777216\n65536\n");
    g_assert_cmpstr(much->out, ==, "0\n");
}

static void
test_open_files(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_with(story, "open_files: 20",
                                       "ulimit -n; ulimit -Hn; ulimit -n 21 "
                                       "2>/dev/null || echo no; exec 19</dev/null");

    g_assert_true(g_str_has_prefix(run->out, "20\n20\nno\n"));
}

static void
test_file_size(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_with(
        story, "file_size: 1M", "(head -c 2M /dev/zero >f) 2>/dev/null; stat -c %s f");

    g_assert_cmpstr(run->out, ==, "1048576\n");
    story_assert_record(run, "\"session.end\"");
}

static void
test_cpu(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        run_with(story, "cpu: 1", "trap '' XCPU; while :; do :; done");

    /* It may ignore the first signal, not the second. */
    g_assert_true(WIFSIGNALED(run->status));
    g_assert_cmpint(WTERMSIG(run->status), ==, SIGKILL);
    story_assert_record(run, "\"session.end\"");
}

/* The last record is whole, and nothing was asked without one. */
static void
test_audit_size(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_option(story, "--allow api.test");
    run = run_with(story, "audit_size: 6K",
                   "while :; do curl -sS https://api.test/; done");
    story_assert_status(run, 125);
    story_assert_err(run, "is full (limits.audit_size)");
    g_assert_cmpuint(strlen(run->audit), <=, 6 * 1024);
    g_assert_true(g_str_has_suffix(run->audit, "\"}\n"));
    g_assert_cmpuint(bns_origin_connections(story->https), <=,
                     story_count_records(run, "\"http.request\"", NULL));
}

static void
test_check(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *file = story_file(
        story, "p.yaml", "limits: { idle: 9, audit_size: 8K, memory: 5M }\n");
    g_autoptr(StoryRun) check = story_run(story, "check -c p.yaml");

    g_assert_nonnull(file);
    story_assert_status(check, 0);
    story_assert_out(check, "limits\tlimits.names\t16384\n");
    story_assert_out(check, "limits\tlimits.flow_rate\tnone\n");
    story_assert_out(check, "limits\tlimits.idle\t9\n");
    story_assert_out(check, "limits\tlimits.audit_size\t8192\n");
    story_assert_out(check, "limits\tlimits.memory\t5242880\n");
    story_assert_out(check, "limits\tlimits.cpu\tnone\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/limits/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/limits/check-lists-them", test_check);
    bns_test_add("/e2e/limits/processes-are-counted", test_processes);
    bns_test_add("/e2e/limits/few-processes-of-root", test_few_processes_of_root);
    bns_test_add("/e2e/limits/a-fork-bomb-stays-inside", test_fork_bomb);
    bns_test_add("/e2e/limits/a-full-disk-is-the-sandboxs", test_full_disk);
    bns_test_add("/e2e/limits/so-many-connections-in-a-second", test_flow_rate);
    bns_test_add("/e2e/limits/memory-of-a-process-ends", test_memory);
    bns_test_add("/e2e/limits/descriptors-of-a-process-end", test_open_files);
    bns_test_add("/e2e/limits/a-file-ends", test_file_size);
    bns_test_add("/e2e/limits/computing-ends", test_cpu);
    bns_test_add("/e2e/limits/the-audit-ends", test_audit_size);
    return g_test_run();
}
