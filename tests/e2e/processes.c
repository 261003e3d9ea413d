/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a connection is: the records name the process inside. A search that takes too long
 * on a busy machine finds nobody, so each story goes on until somebody was found. */
#include "tests/e2e/live.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

/* A command that runs @round for each line of its input, and says "done". */
static Live *
start_rounds(Story *story, const char *options, const char *round)
{
    g_autofree char *script =
        g_strdup_printf("echo ready; while read _; do %s\necho done; done\n", round);
    g_autofree char *line = g_strdup_printf("%s -- sh rounds.sh", options);
    Live *live;

    story_write(story, "rounds.sh", script);
    live = live_start(story, line);
    live_await_out(live, "ready\n");
    return live;
}

static void
play_round(Live *live)
{
    g_string_truncate(live->out, 0);
    live_write(live, "\n");
    live_await_out(live, "done\n");
}

/* Whether a record has all of @parts, of which the last is NULL. */
static bool
has_record(const Live *live, const char *const *parts)
{
    g_autofree char *audit = story_read_audit(live->story);
    g_auto(GStrv) lines = g_strsplit(audit, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        const char *const *part = parts;

        while (*part != NULL && strstr(*line, *part) != NULL)
            part++;
        if (*part == NULL)
            return true;
    }
    return false;
}

static void
play_until(Live *live, const char *const *parts)
{
    do
        play_round(live);
    while (!has_record(live, parts));
}

static void
end(Live *live)
{
    g_autoptr(StoryRun) run = NULL;

    live_close_input(live);
    run = live_end(live);
    story_assert_status(run, 0);
    live_free(live);
}

static void
test_curl(void)
{
    static const char *const request[] = {
        "\"event\":\"http.request\"",
        "\"allow\"",
        "\"process\":{\"pid\":",
        "/curl\",\"argv\":[",
        "\"curl\",\"-sS\",\"https://api.test/hello\"]",
        NULL
    };
    static const char *const hello[] = { "\"event\":\"tls.open\"", "\"process\":{",
                                         NULL };
    static const char *const end_of_it[] = { "\"event\":\"http.response\"",
                                             "\"process\":{", NULL };
    g_autoptr(Story) story = story_new();
    Live *live =
        start_rounds(story, "--allow api.test", "curl -sS https://api.test/hello");

    play_until(live, request);
    play_until(live, hello);
    g_assert_false(has_record(live, end_of_it));
    end(live);
}

/* Secrets are masked, and what is refused at once has a process too. */
static void
test_refused(void)
{
    static const char *const refused[] = { "\"event\":\"flow.refused\"", "\"deny\"",
                                           "\"process\":{\"pid\":",
                                           "\"--oauth2-bearer\",\"***\"", NULL };
    static const char *const secret[] = { "hunter2", NULL };
    g_autoptr(Story) story = story_new();
    Live *live = start_rounds(
        story, "", "curl -sS --oauth2-bearer hunter2 http://api.test:81/ 2>/dev/null");

    play_until(live, refused);
    g_assert_false(has_record(live, secret));
    end(live);
}

/* A connection of a process that lives on. */
static void
test_pool(void)
{
    static const char *const request[] = { "http.request", "\"python3\",\"pool.py\"",
                                           NULL };
    g_autoptr(Story) story = story_new();
    Live *live;

    story_write(story, "pool.py",
                "import sys, urllib.request\n"
                "print('ready', flush=True)\n"
                "for line in sys.stdin:\n"
                "    urllib.request.urlopen('http://api.test/hello').read()\n"
                "    print('done', flush=True)\n");
    live = live_start(story, "--allow api.test -- python3 pool.py");
    live_await_out(live, "ready\n");
    play_until(live, request);
    end(live);
}

/* Whoever kills or stops the finder gets another one. */
static void
test_killed(gconstpointer signal_name)
{
    static const char *const request[] = { "http.request", "\"process\":{",
                                           "\"https://api.test/again\"", NULL };
    g_autofree char *script = g_strdup_printf(
        "curl -sS -o /dev/null https://api.test/hello; "
        "for d in /proc/[0-9]*; do read -r name < $d/comm; "
        "[ \"$name\" = boundary-find ] && kill -%s ${d#/proc/}; done 2>/dev/null; "
        "curl -sS -o /dev/null https://api.test/again",
        (const char *)signal_name);
    g_autoptr(Story) story = story_new();
    Live *live = start_rounds(story, "--allow api.test", script);

    for (int i = 0; i < 3; i++)
        play_round(live);
    play_until(live, request);
    end(live);
}

/* What is no text, and without end, stays a line of JSON. */
static void
test_hostile_arguments(void)
{
    static const char *const request[] = { "http.request", "\"process\":{",
                                           "\\u001b[2J", "...\"]}", NULL };
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    Live *live;

    story_write(story, "hostile.py",
                "import os, sys\n"
                "os.execvp('python3', ['python3', 'ask.py', '\\x1b[2J\\r\\n\"},{', "
                "b'\\xff' * 10, 'x' * 100000])\n");
    story_write(story, "ask.py",
                "import urllib.request\n"
                "urllib.request.urlopen('http://api.test/hello').read()\n");
    live = start_rounds(story, "--allow api.test", "python3 hostile.py");
    play_until(live, request);
    live_close_input(live);
    run = live_end(live);
    live_free(live);
    g_assert_true(g_utf8_validate(run->audit, -1, NULL));
    g_assert_null(strchr(run->audit, '\033'));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/processes/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/processes/a-curl", test_curl);
    bns_test_add("/e2e/processes/what-is-refused", test_refused);
    bns_test_add("/e2e/processes/one-that-lives-on", test_pool);
    bns_test_add_data("/e2e/processes/the-finder-is-killed", "KILL", test_killed);
    bns_test_add_data("/e2e/processes/the-finder-is-stopped", "STOP", test_killed);
    bns_test_add("/e2e/processes/hostile-arguments", test_hostile_arguments);
    return g_test_run();
}
