/* SPDX-License-Identifier: Apache-2.0 */
/* The audit as a person uses it: log, log verify, --follow, --audit-log; and what happens
 * when it cannot be written. */
#include "tests/e2e/island.h"
#include "tests/e2e/live.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUESTS                                                                       \
    "--allow 'GET api.test/allowed' -- sh -c '"                                        \
    "curl -sS -o /dev/null https://api.test/allowed?token=in-the-query; "              \
    "curl -sS -o /dev/null -H \"X-Key: in-the-header\" https://api.test/refused; "     \
    "curl -sS -o /dev/null -d in-the-body https://other.test/; exit 3' "               \
    "--api-key in-the-command"

/* --- reading --- */

static void
test_log(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(story, REQUESTS);
    g_autoptr(StoryRun) text = story_run(story, "log");
    g_autoptr(StoryRun) lines = story_run(story, "log --format jsonl");
    g_autoptr(StoryRun) denied = story_run(story, "log --decision deny");
    g_auto(GStrv) denied_lines = g_strsplit(denied->out, "\n", -1);

    story_assert_status(run, 3);
    story_assert_out(text, "GET https://api.test/allowed");
    story_assert_out(text, "DENY");
    story_assert_out(text, "session.end");
    story_assert_out(text, "exit 3");
    g_assert_cmpstr(lines->out, ==, run->audit);
    g_assert_cmpuint(g_strv_length(denied_lines), ==, 3 + 1);
    story_assert_no_out(denied, "https://api.test/allowed");
    story_assert_out(denied, "GET https://api.test/refused");
    story_assert_out(denied, "POST https://other.test/");
}

/* Returns: (transfer full): the records without what processes were started with. */
static char *
without_command_lines(const char *audit)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GRegex) lists = g_regex_new(
        "\"(command|argv)\":\\[(\"([^\"\\\\]|\\\\.)*\",?)*\\]", 0, 0, &error);
    char *rest;

    g_assert_no_error(error);
    rest = g_regex_replace_literal(lists, audit, -1, 0, "", 0, &error);
    g_assert_no_error(error);
    g_assert_null(strstr(rest, "\"argv\":"));
    g_assert_nonnull(strstr(rest, "\"event\":"));
    return rest;
}

/* Whoever reads the audit learns no secret. */
static void
test_no_secrets(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(story, REQUESTS);
    static const char *const secrets[] = { "in-the-query", "in-the-header",
                                           "in-the-body", "in-the-command\"" };
    g_auto(GStrv) requests = bns_origin_requests(story->https);
    g_autofree char *rest = NULL;

    /* It was sent, though. */
    g_assert_cmpstr(requests[0], ==, "GET /allowed?token=in-the-query api.test");
    /* Command lines are the one place in which they stand, unless their names say that
     * they are secrets. */
    rest = without_command_lines(run->audit);
    for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++)
        g_assert_null(strstr(rest, secrets[i]));
    g_assert_null(strstr(run->audit, "in-the-query"));
    g_assert_null(strstr(run->audit, "in-the-header"));
    g_assert_null(strstr(run->audit, "\"in-the-command\""));
}

static void
test_by_session(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) first = story_run(story, "-- sh -c 'exit 1'");
    g_autoptr(StoryRun) second = story_run(story, "-- sh -c 'exit 2'");
    const char *id = strstr(first->audit, "\"session\":\"") + strlen("\"session\":\"");
    g_autofree char *line = g_strdup_printf("log --format jsonl %.12s", id);
    g_autoptr(StoryRun) shown = story_run(story, line);
    g_autoptr(StoryRun) newest = story_run(story, "log --format jsonl");
    g_autoptr(StoryRun) unknown = story_run(story, "log 00000000-nope");

    g_assert_cmpstr(shown->out, ==, first->audit);
    g_assert_cmpstr(newest->out, ==, second->audit);
    story_assert_status(unknown, 2);
}

static void
test_mode(void)
{
    g_autoptr(Story) story = story_new();
    story_run_free(story_run(story, "-- true"));
    g_autoptr(StoryRun) modes = story_shell(
        story, "cd; stat -c %a .local/state/boundary-ns .local/state/boundary-ns/audit "
               ".local/state/boundary-ns/audit/*");

    g_assert_cmpstr(modes->out, ==, "700\n700\n600\n");
}

/* --- verifying --- */

static void
test_verify(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *path = g_build_filename(story->work, "a.jsonl", NULL);
    g_autofree char *changed = NULL;
    g_autofree char *cut = NULL;
    g_autoptr(StoryRun) run =
        story_run(story, "--audit-log a.jsonl --allow api.test -- "
                         "curl -sS https://api.test/hello");
    g_autoptr(StoryRun) good = story_run(story, "log verify a.jsonl");
    g_autoptr(StoryRun) bad = NULL;
    g_autoptr(StoryRun) unfinished = NULL;
    g_autofree char *text = NULL;

    story_assert_status(run, 0);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_true(g_str_has_prefix(good->out, "ok "));
    g_assert_true(g_str_has_suffix(good->out, " records\n"));

    changed = g_strdup(text);
    memcpy(strstr(changed, "\"path\":\"/hello\""), "\"path\":\"/hullo\"", 15);
    g_free(story_file(story, "changed.jsonl", changed));
    bad = story_run(story, "log verify changed.jsonl");
    story_assert_status(bad, 1);
    g_assert_true(g_str_has_prefix(bad->out, "broken at seq "));

    cut = g_strndup(text, (gsize)(strstr(text, "session.end") - text));
    *(strrchr(cut, '\n') + 1) = '\0';
    g_free(story_file(story, "cut.jsonl", cut));
    unfinished = story_run(story, "log verify cut.jsonl");
    story_assert_status(unfinished, 0);
    g_assert_true(g_str_has_prefix(unfinished->out, "ok, unfinished"));
}

static void
test_append(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) first = story_run(story, "--audit-log a.jsonl -- true");
    g_autoptr(StoryRun) second =
        story_run(story, "--audit-log a.jsonl --allow api.test -- "
                         "curl -sS https://api.test/hello");
    g_autoptr(StoryRun) verify = story_run(story, "log verify a.jsonl");
    g_autoptr(StoryRun) count = story_shell(
        story, "grep -c session.start a.jsonl; grep -c session.end a.jsonl; "
               "sed 's/.*\"seq\":\\([0-9]*\\),.*/\\1/' a.jsonl >got; "
               "seq $(wc -l <a.jsonl) | cmp - got && echo in order");

    story_assert_status(first, 0);
    story_assert_status(second, 0);
    g_assert_true(g_str_has_prefix(verify->out, "ok "));
    g_assert_cmpstr(count->out, ==, "2\n2\nin order\n");
}

/* A file whose last line does not verify is not gone on with. */
static void
test_append_to_broken(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *file = story_file(story, "a.jsonl", "{\"v\":1,\"seq\":1}\n");
    g_autoptr(StoryRun) run = story_run(story, "--audit-log a.jsonl -- touch ran");
    g_autofree char *ran = g_build_filename(story->work, "ran", NULL);
    g_autofree char *text = NULL;

    story_assert_status(run, 125);
    story_assert_err(run, "a.jsonl");
    g_assert_false(g_file_test(ran, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "{\"v\":1,\"seq\":1}\n");
}

static void
test_two_writers(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live =
        live_start(story, "--audit-log a.jsonl -- sh -c 'echo started; read x'");
    g_autoptr(StoryRun) second = NULL;
    g_autoptr(StoryRun) first = NULL;
    g_autoptr(StoryRun) verify = NULL;

    live_await_out(live, "started");
    second = story_run(story, "--audit-log a.jsonl -- touch ran");
    story_assert_status(second, 125);
    story_assert_err(second, "another session writes to it");
    live_write(live, "x\n");
    first = live_end(live);
    story_assert_status(first, 0);
    verify = story_run(story, "log verify a.jsonl");
    g_assert_true(g_str_has_prefix(verify->out, "ok "));
}

/* The command cannot write to the record of what it does, wherever that lies. */
static void
test_out_of_reach(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(
        story, "--audit-log a.jsonl -- sh -c '"
               "echo forged >>a.jsonl; mv a.jsonl b.jsonl; rm -f a.jsonl; "
               "echo forged >~/.local/state/boundary-ns/audit/x; "
               "mv ~/.local ~/.gone; rm -rf ~/.local/state/boundary-ns; exit 0'");
    g_autoptr(StoryRun) verify = story_run(story, "log verify a.jsonl");

    story_assert_status(run, 0);
    g_assert_true(g_str_has_prefix(verify->out, "ok "));
    story_assert_no_out(verify, "unfinished");
}

/* --- following --- */

static void
test_follow(gconstpointer data)
{
    bool is_killed = data != NULL;
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) session = live_start(
        story, "--allow api.test -- sh -c 'echo started; read x; "
               "curl -sS -o /dev/null https://api.test/hello; echo asked; read x'");
    g_autoptr(Live) log = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) shown = NULL;

    live_await_out(session, "started");
    log = live_start(story, "log --follow");
    live_await_out(log, "session.start");
    live_write(session, "go\n");
    live_await_out(log, "GET https://api.test/hello");
    live_await_out(session, "asked");
    if (is_killed)
        kill(session->pid, SIGKILL);
    else
        live_write(session, "end\n");
    run = live_end(session);
    shown = live_end(log);
    story_assert_status(shown, 0);
    if (!is_killed)
        story_assert_out(shown, "session.end");
}

/* --- no room --- */

/* One request after the other until one is refused, then three more. */
static const char until_refused[] =
    "n=0\n"
    "while curl -sS -f -m 20 -o /dev/null http://api.test/hello; do n=$((n+1)); done\n"
    "echo refused after $n\n"
    "for i in 1 2 3; do curl -sS -m 20 -o /dev/null -w '%{http_code}\\n' "
    "http://api.test/hello; done\n"
    "sleep 1000\n";

/* The session is over, and nothing reached the origin that is not in the audit. */
static void
assert_stopped(Story *story, const StoryRun *run, const char *audit)
{
    g_auto(GStrv) requests = bns_origin_requests(story->http);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint recorded = 0;

    story_assert_status(run, 125);
    story_assert_err(run, "boundary-ns: ");
    story_assert_no_out(run, "200");
    g_assert_true(g_file_get_contents(audit, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        recorded += strstr(*line, "\"http.request\"") != NULL &&
                    strstr(*line, "\"allow\"") != NULL;
    g_assert_cmpuint(g_strv_length(requests), >, 0);
    g_assert_cmpuint(g_strv_length(requests), <=, recorded);
}

static void
test_full(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *dir = g_build_filename(story->dir, "small", NULL);
    g_autofree char *audit = g_build_filename(dir, "a.jsonl", NULL);
    g_autofree char *line =
        g_strdup_printf("--audit-log %s --allow api.test -- sh ask.sh", audit);
    g_autoptr(StoryRun) run = NULL;

    g_assert_cmpint(g_mkdir(dir, 0755), ==, 0);
    island_mount_small(dir, 16384);
    g_free(story_file(story, "ask.sh", until_refused));
    run = story_run(story, line);
    assert_stopped(story, run, audit);
    story_assert_err(run, "No space left on device");
    island_let_go(dir);
}

/* Above what a start needs for files of its own, the trust bundle above all. */
#define LIMIT_BYTES (1024 * 1024)

static void
limit_files(void)
{
    const struct rlimit limit = { LIMIT_BYTES, LIMIT_BYTES };

    setrlimit(RLIMIT_FSIZE, &limit);
}

/* An audit file that goes on, and has room for a few records more. */
static void
fill(Story *story)
{
    story_run_free(story_run(story, "--audit-log first.jsonl -- true"));
    g_autofree char *path = g_build_filename(story->work, "first.jsonl", NULL);
    g_autofree char *text = NULL;
    g_autofree char *padding = g_strnfill(LIMIT_BYTES - 16000, 'x');
    g_autofree char *filled = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_strchomp(text);
    filled = g_strconcat(padding, strrchr(text, '\n'), "\n", NULL);
    g_free(story_file(story, "a.jsonl", filled));
}

static void
test_limit(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *audit = g_build_filename(story->work, "a.jsonl", NULL);
    g_autoptr(StoryRun) run = NULL;

    fill(story);
    g_free(story_file(story, "ask.sh", until_refused));
    story->prepare = limit_files;
    run = story_run(story, "--audit-log a.jsonl --allow api.test -- sh ask.sh");
    assert_stopped(story, run, audit);
    story_assert_err(run, "File too large");
}

int
main(int argc, char **argv)
{
    bool is_there = island_enter(false);

    bns_test_init(&argc, &argv, 60);
    if (!is_there) {
        bns_test_add("/e2e/records/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/records/log-shows-them", test_log);
    bns_test_add("/e2e/records/hold-no-secret", test_no_secrets);
    bns_test_add("/e2e/records/log-of-one-session", test_by_session);
    bns_test_add("/e2e/records/are-the-users-own", test_mode);
    bns_test_add("/e2e/records/verify", test_verify);
    bns_test_add("/e2e/records/a-named-file-goes-on", test_append);
    bns_test_add("/e2e/records/a-broken-file-does-not", test_append_to_broken);
    bns_test_add("/e2e/records/one-session-at-a-time", test_two_writers);
    bns_test_add("/e2e/records/out-of-the-commands-reach", test_out_of_reach);
    bns_test_add_data("/e2e/records/follow-to-the-end", NULL, test_follow);
    bns_test_add_data("/e2e/records/follow-to-a-kill", "killed", test_follow);
    bns_test_add("/e2e/records/a-full-disk-ends-it", test_full);
    bns_test_add("/e2e/records/a-file-limit-ends-it", test_limit);
    return g_test_run();
}
