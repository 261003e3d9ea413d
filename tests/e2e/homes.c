/* SPDX-License-Identifier: Apache-2.0 */
/* Homes that are not there, or cannot be written to: the command runs, its audit is kept,
 * and where is said. */
#include "tests/e2e/island.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define COMMAND "--allow api.test -- curl -sS https://api.test/hello"

/* Runs without a record that story_run() would find: the audit is elsewhere. */
static void
assert_runs(Story *story, const char *audit_directory, bool is_announced)
{
    g_autofree char *summary =
        g_strdup_printf("boundary-ns: audit: %s/", audit_directory);
    g_autofree char *notice =
        g_strdup_printf("boundary-ns: The audit goes to \"%s/", audit_directory);
    g_autoptr(StoryRun) run = story_run(story, COMMAND);

    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\n");
    story_assert_err(run, summary);
    if (is_announced)
        story_assert_err(run, notice);
    else
        story_assert_no_err(run, "The audit goes to");
}

static char *
shared_audit(void)
{
    return g_strdup_printf("/var/tmp/boundary-ns-%u/audit", (unsigned)geteuid());
}

static void
test_no_variable(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *passwd =
        g_strdup_printf("somebody:x:%u:%u::%s:/bin/sh\n", (unsigned)geteuid(),
                        (unsigned)getegid(), story->home);
    g_autofree char *audit =
        g_build_filename(story->home, ".local/state/boundary-ns/audit", NULL);

    island_cover("/etc/passwd", passwd);
    story_unsetenv(story, "HOME");
    assert_runs(story, audit, false);
}

static void
test_unknown_user(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *audit = shared_audit();

    island_cover("/etc/passwd", "nobody:x:65534:65534::/:/bin/sh\n");
    story_unsetenv(story, "HOME");
    assert_runs(story, audit, true);
}

static void
test_read_only(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *audit = shared_audit();

    island_make_read_only(story->home);
    assert_runs(story, audit, true);
    island_let_go(story->home);
}

static void
test_missing(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *audit = shared_audit();
    g_autofree char *missing = g_build_filename(story->home, "missing", NULL);

    story_setenv(story, "HOME", missing);
    island_make_read_only(story->home);
    assert_runs(story, audit, true);
    island_let_go(story->home);
}

/* Nowhere at all: then nothing runs. */
static void
test_nowhere(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *ran = g_build_filename(story->work, "ran", NULL);

    island_make_read_only(story->home);
    island_make_read_only("/var/tmp");
    run = story_run(story, "-- touch ran");
    island_let_go("/var/tmp");
    island_let_go(story->home);
    story_assert_status(run, 125);
    story_assert_err(run, "boundary-ns: Could not ");
    g_assert_false(g_file_test(ran, G_FILE_TEST_EXISTS));
}

int
main(int argc, char **argv)
{
    bool is_there = island_enter(false);

    bns_test_init(&argc, &argv, 60);
    if (!is_there) {
        bns_test_add("/e2e/homes/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    /* The real one is not to be filled. */
    island_mount_small("/var/tmp", 1024 * 1024);
    bns_test_add("/e2e/homes/no-variable", test_no_variable);
    bns_test_add("/e2e/homes/unknown-user", test_unknown_user);
    bns_test_add("/e2e/homes/read-only", test_read_only);
    bns_test_add("/e2e/homes/missing", test_missing);
    bns_test_add("/e2e/homes/nowhere", test_nowhere);
    return g_test_run();
}
