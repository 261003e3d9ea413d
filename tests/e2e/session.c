/* SPDX-License-Identifier: Apache-2.0 */
/* A session among others: in pipelines, without a terminal, many at once, while the
 * program is replaced. */
#include "tests/e2e/live.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- pipelines --- */

typedef struct {
    const char *name;
    const char *script;
    const char *out;
} Pipeline;

static const Pipeline pipelines[] = {
    { "input-is-passed-on",
      "head -c 20000000 /dev/urandom >big; \"$BNS\" -q -- cat <big | cmp - big && "
      "echo same",
      "same\n" },
    { "input-by-a-pipe", "seq 300000 | \"$BNS\" -q -- tail -n 1", "300000\n" },
    { "output-is-whole", "\"$BNS\" -q -- head -c 200000000 /dev/zero | wc -c",
      "200000000\n" },
    { "a-reader-that-leaves-ends-it",
      "{ \"$BNS\" -q -- yes; echo $? >status; } | head -n 1; cat status", "y\n141\n" },
    { "one-session-feeds-another",
      "\"$BNS\" -q -- seq 1000 | \"$BNS\" -q -- sort -n | \"$BNS\" -q -- tail -n 2",
      "999\n1000\n" },
    { "no-input", "\"$BNS\" -q -- cat </dev/null; echo $?", "0\n" },
    { "a-shell-loop-ends-at-its-signal",
      "for i in 1 2 3; do \"$BNS\" -q -- sh -c 'kill -INT $$'; s=$?; "
      "test $s -gt 128 && break; done; echo $i $s",
      "1 130\n" },
    { "statuses-in-a-list",
      "\"$BNS\" -q -- sh -c 'exit 7' || echo $?; \"$BNS\" -q -- true && echo yes",
      "7\nyes\n" },
    { "in-the-background",
      "\"$BNS\" -q -- sh -c 'echo from inside; exit 3' >out & wait $!; echo $?; "
      "cat out",
      "3\nfrom inside\n" },
    { "under-timeout", "timeout -s TERM 1 \"$BNS\" -q -- sleep 1000; echo $?",
      "124\n" },
};

static void
test_pipeline(gconstpointer data)
{
    const Pipeline *pipeline = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_shell(story, pipeline->script);

    if (g_strcmp0(run->out, pipeline->out) != 0)
        g_error("out:\n%s\nexpected:\n%s\nerr:\n%s", run->out, pipeline->out, run->err);
}

/* --- what -v tells --- */

/* Each is told once, after those before it, with a time that is not before theirs. */
static void
test_steps(void)
{
    static const char *const steps[] = {
        "the policy is read",
        "the files are planned",
        "the processes are started",
        "command starts",
        "command has ended",
        "end begins",
        "all but the recorder have ended",
        "session is over",
    };
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(story, "-v -- sleep 0.1");
    const char *at = run->err;
    double before_ms = 0;

    story_assert_status(run, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autofree char *line = g_strdup_printf("boundary-ns: %s after ", steps[i]);
        double ms;

        at = strstr(at, line);
        if (at == NULL)
            g_error("no \"%s\", or not in its place:\n%s", line, run->err);
        at += strlen(line);
        ms = g_ascii_strtod(at, NULL);
        g_assert_cmpfloat(ms, >=, before_ms);
        before_ms = ms;
    }
    g_assert_cmpfloat(before_ms, >, 100); /* of the sleep alone */
    story_assert_err(run, "gateway (pid ");
    story_assert_err(run, "init (pid ");
}

/* --- surroundings --- */

static void
leave_terminal(void)
{
    setsid();
}

static void
test_no_terminal(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story->prepare = leave_terminal;
    run = story_run(story, "--allow api.test -- curl -sS https://api.test/hello");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\n");
}

/* Nothing but a path: no HOME, no TERM, no LANG, no XDG_RUNTIME_DIR. */
static void
test_bare_environment(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *state = g_build_filename(story->dir, "state", NULL);
    g_autofree char *config = g_build_filename(story->dir, "config", NULL);
    g_autofree char *audit = g_build_filename(state, "boundary-ns", "audit", NULL);
    g_autoptr(StoryRun) run = NULL;

    story_unsetenv(story, "HOME");
    story_unsetenv(story, "LANG");
    story_setenv(story, "XDG_STATE_HOME", state);
    story_setenv(story, "XDG_CONFIG_HOME", config);
    run = story_run(story, "--allow api.test -- curl -sS https://api.test/hello");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\n");
    story_assert_err(run, audit);
}

static const char *const odd_directories[] = {
    "with space",         "with\nnewline", "-dash",  "$(touch planted)",
    "gr\xc3\xbc\xc3\x9f", "\xff\xfe",      "\033[2J"
};

static void
test_odd_directory(gconstpointer data)
{
    const char *name = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *dir = g_build_filename(story->work, name, NULL);
    g_autofree char *real = NULL;
    g_autoptr(StoryRun) run = NULL;

    g_assert_cmpint(g_mkdir(dir, 0755), ==, 0);
    g_free(story->work);
    story->work = g_strdup(dir);
    run = story_run(story, "-- sh -c 'pwd; touch made'");
    story_assert_status(run, 0);
    real = g_strconcat(dir, "\n", NULL);
    g_assert_cmpstr(run->out, ==, real);
    g_assert_null(strchr(run->err, '\033'));
    g_free(dir);
    dir = g_build_filename(story->work, "made", NULL);
    g_assert_true(g_file_test(dir, G_FILE_TEST_EXISTS));
}

static void
test_lost_directory(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        story_shell(story, "mkdir lost && cd lost && rmdir ../lost && "
                           "\"$BNS\" -- touch ../ran; echo $?; ls ..");

    g_assert_cmpstr(run->out, ==, "125\n");
    story_assert_err(run, "working directory");
}

/* --- many at once --- */

#define SESSIONS 60

/* All of them are there at the same time, and each is let through on its own. */
static void
test_many(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(GPtrArray) lives =
        g_ptr_array_new_with_free_func((GDestroyNotify)live_free);

    for (int i = 0; i < SESSIONS; i++)
        g_ptr_array_add(
            lives, live_start(story, "--allow api.test -- sh -c 'echo started; read x; "
                                     "curl -sS -m 60 http://api.test/hello; exit $x'"));
    for (guint i = 0; i < lives->len; i++)
        live_await_out(g_ptr_array_index(lives, i), "started");
    for (guint i = 0; i < lives->len; i++)
        live_write(g_ptr_array_index(lives, i), "9\n");
    for (guint i = 0; i < lives->len; i++) {
        g_autoptr(StoryRun) run = live_end(g_ptr_array_index(lives, i));

        story_assert_status(run, 9);
        story_assert_out(run, "hello\n");
    }
    g_assert_cmpuint(bns_origin_connections(story->http), ==, SESSIONS);
}

/* --- the program is replaced --- */

static void
copy_file(const char *from, const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *text = NULL;
    gsize len;

    g_assert_true(g_file_get_contents(from, &text, &len, NULL));
    g_assert_true(g_file_set_contents(path, text, (gssize)len, NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
}

/* As a package manager does it: the new file takes the name of the old one. */
static void
install(Story *story)
{
    g_autofree char *dir = g_build_filename(story->dir, "bin", NULL);
    g_autofree char *netstack = g_strconcat(g_getenv("BNS_BINARY"), "-netstack", NULL);

    g_mkdir(dir, 0755);
    copy_file(netstack, dir, "boundary-ns-netstack");
    copy_file(g_getenv("BNS_BINARY"), dir, "boundary-ns");
    g_free(story->binary);
    story->binary = g_build_filename(dir, "boundary-ns", NULL);
}

static void
uninstall(const Story *story)
{
    g_autofree char *netstack = g_strconcat(story->binary, "-netstack", NULL);

    g_assert_cmpint(g_unlink(story->binary), ==, 0);
    g_assert_cmpint(g_unlink(netstack), ==, 0);
}

static void
test_upgrade(gconstpointer data)
{
    bool is_removed = data != NULL;
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) next = NULL;

    install(story);
    live = live_start(story, "--allow api.test -- sh -c 'echo started; read x; "
                             "curl -sS https://api.test/hello'");
    live_await_out(live, "started");
    if (is_removed)
        uninstall(story);
    install(story);
    live_write(live, "go\n");
    run = live_end(live);
    story_assert_status(run, 0);
    story_assert_out(run, "hello\n");
    story_assert_record(run, "session.end", "\"exit\":\"0\"");
    next = story_run(story, "--allow api.test -- curl -sS https://api.test/hello");
    g_assert_cmpstr(next->out, ==, "hello\n");
}

static void
add_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(pipelines); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/session/pipeline/%s", pipelines[i].name);

        bns_test_add_data(path, &pipelines[i], test_pipeline);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(odd_directories); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/session/odd-directory/%zu", i);

        bns_test_add_data(path, odd_directories[i], test_odd_directory);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/session/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    add_rows();
    bns_test_add("/e2e/session/the-steps-of-a-start-and-an-end", test_steps);
    bns_test_add("/e2e/session/no-terminal", test_no_terminal);
    bns_test_add("/e2e/session/nothing-in-the-environment", test_bare_environment);
    bns_test_add("/e2e/session/a-directory-that-is-gone", test_lost_directory);
    bns_test_add("/e2e/session/many-at-once", test_many);
    bns_test_add_data("/e2e/session/the-program-is-replaced", NULL, test_upgrade);
    bns_test_add_data("/e2e/session/the-program-is-removed", "removed", test_upgrade);
    return g_test_run();
}
