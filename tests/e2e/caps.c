/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and caps, as programs meet them. */
#include "tests/e2e/h2_origin.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

static void
write_policy(Story *story, const char *rules)
{
    g_autofree char *yaml = g_strdup_printf("allow:\n%s", rules);

    story_write(story, "../policy.yaml", yaml);
}

typedef struct {
    const char *name;
    const char *options; /* of curl */
    const char *size;    /* of the body, for head -c */
    const char *status;
} Upload;

static const Upload uploads[] = {
    { "length-within", "--http1.1 -T big", "65536", "200" },
    { "length-beyond", "--http1.1 -T big", "65537", "403" },
    { "length-far-beyond", "--http1.1 -T big", "20000000", "403" },
    { "length-beyond-without-a-question", "--http1.1 -H Expect: -T big", "20000000",
      "403" },
    { "chunks-within", "--http1.1 -H Expect: -T - <big", "65536", "200" },
    { "chunks-beyond", "--http1.1 -H Expect: -T - <big", "65537", "403" },
    { "chunks-far-beyond", "--http1.1 -H Expect: -T - <big", "20000000", "403" },
};

static void
test_upload(gconstpointer data)
{
    const Upload *upload = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *line = NULL;
    g_autoptr(StoryRun) run = NULL;

    write_policy(story, "  - { domain: api.test, max_request_bytes: 64K }\n");
    line = g_strdup_printf("-c ../policy.yaml -- sh -c \"head -c %s /dev/zero >big; "
                           "curl -sS -o /dev/null -w '%%{http_code}' %s "
                           "https://api.test/upload\"",
                           upload->size, upload->options);
    run = story_run(story, line);
    if (strstr(run->out, upload->status) == NULL)
        g_error("not %s: %s%s\n%s", upload->status, run->out, run->err, run->audit);
    if (strcmp(upload->status, "403") == 0)
        story_assert_record(run, "\"decision\":\"deny\"",
                            "larger than 64K (max_request_bytes)");
}

/* The same by HTTP/2, to an origin that speaks it. */
static void
test_http2(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(H2Origin) origin = h2_origin_new(
        story, "stream.on('error', () => {}); stream.on('data', () => {});"
               "stream.on('end', () => { if (stream.aborted) return; "
               "stream.respond({ ':status': 200 }); "
               "stream.end(); });");
    g_autoptr(StoryRun) run = NULL;

    if (origin == NULL)
        return;
    write_policy(story, "  - { domain: h2.test, max_request_bytes: 64K }\n");
    run = story_run(story,
                    "-c ../policy.yaml -- sh -c \""
                    "for n in 65536 65537 3000000; do head -c $n /dev/zero >big; "
                    "curl -sS --http2 -o /dev/null -w '%{http_version} %{http_code} ' "
                    "-T big https://h2.test/upload; "
                    "curl -sS --http2 -o /dev/null -w '%{http_code}\\n' -T - <big "
                    "https://h2.test/upload; done\"");
    if (strcmp(run->out, "2 200 200\n2 403 403\n2 403 403\n") != 0)
        g_error("%s%s\n%s", run->out, run->err, run->audit);
}

/* Over several programs and connections, up to the cap and no further. */
static void
test_session(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    write_policy(story, "  - { domain: api.test, max_session_bytes: 1M }\n");
    run =
        story_run(story, "-c ../policy.yaml -- sh -c \"head -c 300000 /dev/zero >big; "
                         "for i in 1 2 3 4 5; do curl -sS -o /dev/null "
                         "-w '%{http_code}\\n' -T big https://api.test/upload; done; "
                         "curl -sS https://api.test/hello\"");
    /* What is left suffices for a small request. */
    g_assert_cmpstr(run->out, ==, "200\n200\n200\n403\n403\nhello\n");
    story_assert_record(run, "\"decision\":\"deny\"", "\"status\":403",
                        "more than 1M to this host (max_session_bytes)");
}

/* As git and others push: chunks of a stream, whose end nobody knows. */
static void
test_stream(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    write_policy(story, "  - { domain: api.test, max_session_bytes: 1M }\n");
    run = story_run(story,
                    "-c ../policy.yaml -- sh -c \"head -c 50000000 /dev/zero | "
                    "curl -sS -o /dev/null -w '%{http_code}\\n' -X POST -H Expect: "
                    "-H 'Transfer-Encoding: chunked' -T - "
                    "https://api.test/upload\"");
    if (strstr(run->out, "403") == NULL)
        g_error("%s%s\n%s", run->out, run->err, run->audit);
    story_assert_record(run, "http.response", "\"decision\":\"deny\"",
                        "(max_session_bytes)");
}

static void
test_conditions(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    write_policy(story, "  - domain: api.test\n"
                        "    query: { page: '*', token: false }\n"
                        "    headers: { x-version: '2022-*' }\n"
                        "    content_type: application/json\n");
    run = story_run(
        story,
        "-c ../policy.yaml -- sh -c \"ask() { curl -sS -o /dev/null -w '%{http_code} ' "
        "\\\"\\$@\\\"; }; "
        "ask -H 'X-Version: 2022-11' 'https://api.test/hello?page=1'; "
        "ask -H 'X-Version: 2023-11' 'https://api.test/hello?page=1'; "
        "ask -H 'X-Version: 2022-11' 'https://api.test/hello'; "
        "ask -H 'X-Version: 2022-11' 'https://api.test/hello?page=1&%74oken=sesame'; "
        "ask -H 'X-Version: 2022-11' -H 'Content-Type: application/json' -d '{}' "
        "'https://api.test/upload?page=1'; "
        "ask -H 'X-Version: 2022-11' -d a=b 'https://api.test/upload?page=1'\"");
    g_assert_cmpstr(run->out, ==, "200 403 403 403 200 403 ");
    story_assert_record(run, "this query", "\"status\":403");
    story_assert_record(run, "this header", "\"status\":403");
    story_assert_record(run, "this content type", "\"status\":403");
    story_assert_record(run, "\"path\":\"/hello\"", "\"status\":403");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    for (size_t i = 0; i < G_N_ELEMENTS(uploads); i++) {
        g_autofree char *name = g_strconcat("/e2e/caps/", uploads[i].name, NULL);

        bns_test_add_data(name, &uploads[i], test_upload);
    }
    bns_test_add("/e2e/caps/http2", test_http2);
    bns_test_add("/e2e/caps/a-session", test_session);
    bns_test_add("/e2e/caps/a-stream-of-a-session", test_stream);
    bns_test_add("/e2e/caps/conditions", test_conditions);
    return g_test_run();
}
