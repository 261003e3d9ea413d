/* SPDX-License-Identifier: Apache-2.0 */
/* A policy that is edited counts from the next request on, if it is one, and if it is not
 * the command that could have edited it. */
#include "tests/e2e/live.h"
#include "tests/e2e/server.h"
#include "tests/support/test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that the command cannot write. */
static char *
outside(const Story *story, const char *name)
{
    g_autofree char *dir = g_build_filename(story->dir, "policy", NULL);

    g_mkdir_with_parents(dir, 0700);
    return g_build_filename(dir, name, NULL);
}

static void
save(const char *path, const char *text)
{
    g_autofree char *new = g_strconcat(path, ".new", NULL);

    g_assert_true(g_file_set_contents(new, text, -1, NULL));
    g_assert_cmpint(rename(new, path), ==, 0);
}

static void
save_in_place(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    g_assert_nonnull(file);
    g_assert_cmpint(fputs(text, file), >=, 0);
    g_assert_cmpint(fclose(file), ==, 0);
}

/* Waits until so many lines of the audit have @part. */
static void
await_records(const Live *live, const char *part, unsigned n)
{
    for (;;) {
        g_autofree char *audit = story_read_audit(live->story);
        g_auto(GStrv) lines = g_strsplit(audit, "\n", -1);
        unsigned found = 0;

        for (char **line = lines; *line != NULL; line++)
            found += strstr(*line, part) != NULL;
        if (found >= n)
            return;
        g_usleep(5000);
    }
}

#define RELOADED "\"reason\":\"a policy file has changed\""
#define STAYS    "\"reason\":\"the policy stays as it was\""

static Live *
start(Story *story, const char *config)
{
    Live *live;

    story_option(story, "--config %s", config);
    live = live_start(story, LIVE_ASKS);
    live_await_out(live, "started");
    return live;
}

static void
test_edited(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *config = outside(story, "config.yaml");
    g_autofree char *more = outside(story, "more.yaml");
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    save(config, "allow: [\"api.test/one\"]\n");
    live = start(story, config);
    live_ask(live, "two", 403);
    save(config, "allow: [\"api.test/*\"]\n");
    await_records(live, RELOADED, 1);
    live_ask(live, "hello", 200);
    /* As an editor does that keeps the file. */
    save_in_place(config, "extends: [./more.yaml]\n");
    live_await_err(live, "more.yaml\": No such file or directory");
    /* The one before stays, until what was missing comes. */
    live_ask(live, "hello?a", 200);
    save(more, "allow: [\"api.test/hello\"]\ndeny: [\"api.test/big\"]\n");
    await_records(live, RELOADED, 2);
    live_ask(live, "hello?b", 200);
    live_ask(live, "big", 403);
    save_in_place(more, "allow: [\"api.test/big\"]\n");
    await_records(live, RELOADED, 3);
    live_ask(live, "hello?c", 403);
    run = live_finish(live);
    story_assert_status(run, 0);
    story_assert_record(run, "\"event\":\"policy.reload\"", STAYS, "more.yaml");
    story_assert_record(run, "\"event\":\"policy.reload\"", RELOADED,
                        "\"policy_before\":\"", "\"policy_digest\":\"");
}

/* Who begins to observe, or ends it, is said so everywhere. */
static void
test_mode(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *config = outside(story, "config.yaml");
    g_autofree char *check_it = g_strdup_printf("check -c %s", config);
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) weak = NULL;
    g_autoptr(StoryRun) weak_check = NULL;
    g_autoptr(StoryRun) strong = NULL;
    g_autoptr(StoryRun) strong_check = NULL;

    save(config, "allow: []\n");
    story_option(story, "-q");
    live = start(story, config);
    live_ask(live, "hello", 403);
    save(config, "mode: observe\n");
    await_records(live, RELOADED, 1);
    live_await_err(live, "observing (");
    live_ask(live, "hello?a", 200);
    weak = story_run(story, "ps");
    weak_check = story_run(story, check_it);
    story_assert_out(weak, "(observes)");
    story_assert_out(weak_check, "config.yaml:1\tnetwork-mode\tobserve\n");
    save(config, "mode: observe\nallow: [api.test/none]\n");
    await_records(live, RELOADED, 2);
    save(config, "mode: enforce\n");
    await_records(live, RELOADED, 3);
    live_await_err(live, "the policy enforces now: ");
    live_ask(live, "hello?b", 403);
    strong = story_run(story, "ps");
    strong_check = story_run(story, check_it);
    story_assert_out(strong, "sh -c");
    story_assert_no_out(strong, "(observes)");
    story_assert_out(strong_check, "config.yaml:1\tnetwork-mode\tenforce\n");
    run = live_finish(live);
    story_assert_record(run, "\"policy.reload\"", RELOADED, "\"mode\":\"observe\"");
    story_assert_record(run, "\"policy.reload\"", RELOADED, "\"mode\":\"enforce\"");
    g_assert_cmpuint(story_count_records(run, "\"policy.reload\"", "\"mode\":", NULL),
                     ==, 2);
}

/* Each of them leaves the policy as it was, and the next good one counts. */
static void
test_broken(void)
{
    static const struct {
        const char *text; /* NULL: none */
        const char *said;
    } cases[] = {
        { "alow: []\n", "config.yaml:1:1: " },
        { "allow:\n  - api.test/[\n  - 7\n", "config.yaml:3:5: " },
        { "", "config.yaml is empty now" },
        { NULL, "config.yaml\": No such file" },
    };
    g_autoptr(Story) story = story_new();
    g_autofree char *config = outside(story, "config.yaml");
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    save(config, "allow: [\"api.test/hello\"]\n");
    live = start(story, config);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("hello?%zu", i);

        if (cases[i].text != NULL)
            save_in_place(config, cases[i].text);
        else
            g_assert_cmpint(unlink(config), ==, 0);
        live_await_err(live, cases[i].said);
        live_ask(live, path, 200);
    }
    save(config, "allow: [\"api.test/big\"]\nfiles: { hide: [/opt] }\n");
    await_records(live, RELOADED, 1);
    live_ask(live, "hello?last", 403);
    run = live_finish(live);
    story_assert_err(run, "that takes effect at the next start");
    g_assert_cmpuint(story_count_records(run, STAYS, NULL), ==, G_N_ELEMENTS(cases));
}

/* A FIFO is no policy, and nobody waits for its other end. */
static void
test_fifo(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *config = outside(story, "config.yaml");
    g_autofree char *fifo = outside(story, "fifo");
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    save(config, "allow: [\"api.test/hello\"]\n");
    live = start(story, config);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_cmpint(rename(fifo, config), ==, 0);
    live_await_err(live, "not a regular file");
    live_ask(live, "hello", 200);
    run = live_finish(live);
    story_assert_status(run, 0);
}

/* A link is led elsewhere, a directory on the way is replaced. */
static void
test_moved(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *link = outside(story, "link");
    g_autofree char *first = outside(story, "first");
    g_autofree char *second = outside(story, "second");
    g_autofree char *third = outside(story, "third");
    g_autofree char *config = outside(story, "link/config.yaml");
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;
    const struct {
        const char *dir;
        const char *text;
    } files[] = { { first, "allow: [\"api.test/hello\"]\n" },
                  { second, "allow: [\"api.test/big\"]\n" },
                  { third, "allow: [\"api.test/echo\"]\n" } };

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(files[i].dir, "config.yaml", NULL);

        g_assert_cmpint(g_mkdir(files[i].dir, 0700), ==, 0);
        save(path, files[i].text);
    }
    g_assert_cmpint(symlink("first", link), ==, 0);
    live = start(story, config);
    live_ask(live, "hello", 200);
    g_assert_cmpint(unlink(link), ==, 0);
    g_assert_cmpint(symlink("second", link), ==, 0);
    await_records(live, RELOADED, 1);
    live_ask(live, "hello?a", 403);
    bns_test_remove_tree(second);
    g_assert_cmpint(rename(third, second), ==, 0);
    await_records(live, RELOADED, 2);
    live_ask(live, "big", 403);
    run = live_finish(live);
    story_assert_status(run, 0);
}

/* What is in force at the end is what was written last. */
static void
test_rewritten(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *config = outside(story, "config.yaml");
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    save(config, "allow: [\"api.test/hello\"]\n");
    live = start(story, config);
    for (int i = 0; i < 1000; i++) {
        g_autofree char *text =
            g_strdup_printf("allow: [\"api.test/hello\"]\ndeny: [host-%d.test]\n", i);

        (i % 2 == 0 ? save : save_in_place)(config, text);
    }
    save(config, "deny: [ { domain: api.test, reason: \"over\" } ]\n");
    for (int i = 0; strstr(live->out->str, "=403") == NULL; i++) {
        g_autofree char *line = g_strdup_printf("hello?%d\n", i);
        g_autofree char *answer = g_strdup_printf("hello?%d=", i);

        live_write(live, line);
        live_await_out(live, answer);
    }
    run = live_finish(live);
    story_assert_status(run, 0);
    story_assert_record(run, "\"decision\":\"deny\"", "\"reason\":\"over\"");
    g_assert_cmpuint(story_count_records(run, RELOADED, NULL), <, 200);
}

/* --- the command's own hands --- */

/* It replaces a policy that it may write to; that is no reason to read it, nor is a link or
 * a FIFO in its place. */
static void
test_read_once(void)
{
    static const char script[] =
        "mkdir policy2; echo \"allow: [\\\"*\\\"]\" >policy2/config.yaml; "
        "mv policy policy3; mv policy2 policy; cat policy/config.yaml; "
        "curl -s -o /dev/null -w %{http_code} http://api.test/hello; "
        "rm -r policy; ln -s /etc/passwd policy; sleep 0.3; "
        "curl -s -o /dev/null -w %{http_code} http://api.test/hello\n";
    g_autoptr(Story) story = story_new();
    g_autofree char *dir = g_build_filename(story->work, "policy", NULL);
    g_autofree char *config = g_build_filename(dir, "config.yaml", NULL);
    g_autoptr(StoryRun) run = NULL;

    g_assert_cmpint(g_mkdir(dir, 0755), ==, 0);
    save(config, "allow: [\"api.test/big\"]\n");
    story_write(story, "script", script);
    story_option(story, "--config %s", config);
    run = story_run(story, "-- sh script");
    story_assert_status(run, 0);
    story_assert_out(run, "403403");
    story_assert_err(run, "changes of the policy's files do not count in this session: "
                          "the command may write to ");
    story_assert_record(run, "\"event\":\"policy.reload\"",
                        "\"reason\":\"the policy's files are read once\"",
                        "\"policy_digest\"");
    g_assert_cmpuint(story_count_records(run, RELOADED, NULL), ==, 0);
}

/* A policy outside that is made to extend one inside: not while the command runs. */
static void
test_extends_inside(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *config = outside(story, "config.yaml");
    g_autofree char *text = g_strdup_printf(
        "allow: [\"api.test/hello\"]\nextends: [%s/inner.yaml]\n", story->work);
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    save(config, "allow: [\"api.test/hello\"]\n");
    story_write(story, "inner.yaml", "allow: [\"*\"]\n");
    live = start(story, config);
    save(config, text);
    live_await_err(live, "config.yaml:2:11: the command may write to ");
    live_ask(live, "big", 403);
    live_ask(live, "hello", 200);
    run = live_finish(live);
    story_assert_status(run, 0);
}

/* --- flows --- */

static void
echo(int fd, void *data)
{
    char byte;

    while (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1)
        ;
}

/* The one that is still allowed goes on, the other gets a reset. */
static void
test_flows(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) kept = server_new(echo, NULL);
    g_autoptr(Server) lost = server_new(echo, NULL);
    g_autofree char *config = outside(story, "config.yaml");
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "client.py",
                "import socket\n"
                "kept = socket.create_connection(('kept.test', 5432))\n"
                "lost = socket.create_connection(('lost.test', 5432))\n"
                "for s in kept, lost:\n"
                "    s.sendall(b'a')\n"
                "    assert s.recv(1) == b'a'\n"
                "print('open', flush=True)\n"
                "try: print('heard', lost.recv(1), flush=True)\n"
                "except ConnectionResetError: print('reset', flush=True)\n"
                "kept.sendall(b'b')\n"
                "print('kept', kept.recv(1), flush=True)\n"
                "try: socket.create_connection(('lost.test', 5432))\n"
                "except ConnectionRefusedError: print('refused', flush=True)\n");
    save(config, "allow: [tcp://kept.test:5432, tcp://lost.test:5432]\n");
    story_option(story,
                 "--config %s --resolve kept.test:5432:127.0.0.1:%u "
                 "--resolve lost.test:5432:127.0.0.1:%u",
                 config, server_port(kept), server_port(lost));
    live = live_start(story, "-- python3 client.py");
    live_await_out(live, "open");
    save(config, "allow: [tcp://kept.test:5432]\n");
    live_await_out(live, "reset");
    live_await_out(live, "kept b'b'");
    live_await_out(live, "refused");
    run = live_end(live);
    story_assert_status(run, 0);
    story_assert_record(run, "\"event\":\"tcp.close\"", "\"host\":\"lost.test\"",
                        "\"error\":\"the policy no longer allows it\"");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/reload", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/reload/counts-from-the-next-request", test_edited);
    bns_test_add("/e2e/reload/observes-from-the-next-request", test_mode);
    bns_test_add("/e2e/reload/what-is-broken-changes-nothing", test_broken);
    bns_test_add("/e2e/reload/a-fifo-is-no-policy", test_fifo);
    bns_test_add("/e2e/reload/links-and-directories-are-followed", test_moved);
    bns_test_add("/e2e/reload/a-thousand-times", test_rewritten);
    bns_test_add("/e2e/reload/what-the-command-may-write-is-read-once", test_read_once);
    bns_test_add("/e2e/reload/what-it-may-write-is-never-read-later",
                 test_extends_inside);
    bns_test_add("/e2e/reload/what-is-still-allowed-goes-on", test_flows);
    return g_test_run();
}
