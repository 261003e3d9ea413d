/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies arrive whole and at once, in both directions, many at a time. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

#define BIG_BYTES 67108864 /* 64 MiB: hundreds of times every buffer on the way */

static void
test_download(gconstpointer data)
{
    const char *kind = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *sum = bns_origin_sum(BIG_BYTES);
    g_autofree char *line =
        g_strdup_printf("--allow api.test -- sh -c "
                        "'curl -sS https://api.test/%s/%d | sha256sum'",
                        kind, BIG_BYTES);
    g_autoptr(StoryRun) run = story_run(story, line);

    story_assert_out(run, sum);
    story_assert_record(run, "http.response", "\"status\":200",
                        "\"bytes_received\":67108864");
}

static void
test_upload(gconstpointer data)
{
    const char *options = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *line = g_strdup_printf(
        "--allow api.test -- sh -c 'head -c %d /dev/urandom >big; sha256sum <big; "
        "curl -sS %s -T big https://api.test/upload'",
        BIG_BYTES, options);
    g_autoptr(StoryRun) run = story_run(story, line);
    g_auto(GStrv) lines = g_strsplit(run->out, "\n", -1);
    g_autofree char *expected = NULL;

    g_assert_cmpuint(g_strv_length(lines), >=, 2);
    lines[0][64] = '\0';
    expected = g_strdup_printf("%d %s", BIG_BYTES, lines[0]);
    g_assert_cmpstr(lines[1], ==, expected);
    story_assert_record(run, "http.response", "\"bytes_sent\":67108864");
}

typedef struct {
    const char *name;
    const char *options; /* of curl */
    unsigned requests;
} Many;

static const Many manies[] = {
    { "many-on-one-connection", "", 1000 },
    { "many-connections", "-H 'Connection: close'", 400 },
    { "many-at-once", "-Z --parallel-max 200", 600 },
};

/* Each connection of curl's reads all that it trusts: here that is our CA alone. */
static void
test_many(gconstpointer data)
{
    const Many *many = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *line = g_strdup_printf(
        "--allow api.test -- sh -c \"curl -sS --cacert $NODE_EXTRA_CA_CERTS %s "
        "-o '#1.out' "
        "-w '%%{http_code}\\n' 'https://api.test/hello?[1-%u]' | sort | uniq -c\"",
        many->options, many->requests);
    g_autofree char *counted = g_strdup_printf("%u 200\n", many->requests);
    g_autoptr(StoryRun) run = story_run(story, line);

    g_assert_cmpstr(g_strchug(run->out), ==, counted);
    g_assert_cmpuint(story_count_records(run, "http.request", "\"allow\"", NULL), ==,
                     many->requests);
    g_assert_cmpuint(story_count_records(run, "http.response", "\"status\":200", NULL),
                     ==, many->requests);
}

/* Each event must come while the next has not been sent: none waits for another. */
static void
test_events(void)
{
    g_autoptr(Story) story = story_new();
    story_write(
        story, "events.py",
        "import http.client, ssl, time\n"
        "c = http.client.HTTPSConnection('api.test', timeout=20)\n"
        "c.request('GET', '/sse/20/50')\n"
        "r = c.getresponse()\n"
        "late = 0\n"
        "count = 0\n"
        "while True:\n"
        "    line = r.readline()\n"
        "    if not line: break\n"
        "    if line.startswith(b'data:'):\n"
        "        count += 1\n"
        "        late += time.monotonic_ns() // 1000 - int(line.split()[2]) > 45000\n"
        "print('events', count, 'late', late)\n");
    g_autoptr(StoryRun) run = story_run(story, "--allow api.test -- python3 events.py");

    story_assert_out(run, "events 20 late 0");
}

static void
test_trailers_and_close(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(
        story, "--allow api.test -- sh -c 'curl -sS -o /dev/null --raw -D head "
               "https://api.test/chunked/10; curl -sS https://api.test/until-close; "
               "curl -sS https://api.test/cut/1000 >/dev/null || echo cut'");

    story_assert_out(run, "to the end\n");
    story_assert_out(run, "cut\n");
    story_assert_record(run, "http.response", "\"path\":\"/cut/1000\"", "\"error\":");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 180);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/streams/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add_data("/e2e/streams/download-by-length", "bytes", test_download);
    bns_test_add_data("/e2e/streams/download-chunked", "chunked", test_download);
    bns_test_add_data("/e2e/streams/upload-by-length", "", test_upload);
    bns_test_add_data("/e2e/streams/upload-chunked",
                      "-H \"Transfer-Encoding: chunked\"", test_upload);
    for (size_t i = 0; i < G_N_ELEMENTS(manies); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/streams/%s", manies[i].name);

        bns_test_add_data(path, &manies[i], test_many);
    }
    bns_test_add("/e2e/streams/events-come-one-by-one", test_events);
    bns_test_add("/e2e/streams/ends-are-told-from-cuts", test_trailers_and_close);
    return g_test_run();
}
