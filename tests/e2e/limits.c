/* SPDX-License-Identifier: Apache-2.0 */
/* limits: what one session's processes may use. */
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

/* More than it may have; when they end others may be started. */
static void
test_processes(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_with(
        story, "processes: 20", "for i in $(seq 100); do sleep 1000 & done; echo all");

    if (getuid() == 0) {
        story_assert_status(run, 125);
        story_assert_err(run, "limits.processes: Linux does not count the processes of "
                              "root");
        return;
    }
    g_assert_cmpint(run->status, !=, 0);
    story_assert_no_out(run, "all");
    story_assert_err(run, "fork");
    story_assert_record(run, "\"session.end\"");
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

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/limits/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/limits/processes-are-counted", test_processes);
    bns_test_add("/e2e/limits/memory-of-a-process-ends", test_memory);
    bns_test_add("/e2e/limits/descriptors-of-a-process-end", test_open_files);
    bns_test_add("/e2e/limits/a-file-ends", test_file_size);
    bns_test_add("/e2e/limits/computing-ends", test_cpu);
    bns_test_add("/e2e/limits/the-audit-ends", test_audit_size);
    return g_test_run();
}
