/* SPDX-License-Identifier: Apache-2.0 */
/* A real Chromium, headless: it trusts the run's authority, loads a page of a hundred
 * parts, and shows why something was blocked. */
#include "tests/e2e/h2_origin.h"
#include "tests/e2e/story.h"
#include "tests/support/origin_conn.h"
#include "tests/support/test.h"

#include <string.h>

/* Its own sandbox works inside ours, if the policy lets it; as root it wants none. */
static const char browse[] =
    "test \"$(id -u)\" -ne 0 || set -- --no-sandbox \"$@\"\n"
    "exec chromium --headless --disable-gpu --disable-background-networking "
    "--disable-component-update --user-data-dir=profile --dump-dom \"$@\"\n";

#define PARTS 100

static bool
answer_typed(OriginConn *conn, const char *type, const char *text)
{
    return origin_printf(conn,
                         "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         type, strlen(text), text);
}

/* Says how many of its parts have run, and by which protocols they came. */
static char *
make_page(void)
{
    GString *page = g_string_new("<!doctype html><title>parts</title><body>"
                                 "<script>var parts = 0;"
                                 "onload = () => { document.body.textContent = "
                                 "'parts ' + parts + ' by ' + [...new Set("
                                 "performance.getEntriesByType('resource')"
                                 ".map(e => e.nextHopProtocol))].join(); }"
                                 "</script>\n");

    for (int i = 0; i < PARTS; i++)
        g_string_append_printf(page, "<script async src=\"/part/%d\"></script>\n", i);
    return g_string_free(page, FALSE);
}

static bool
answer(OriginConn *conn, const OriginRequest *request)
{
    g_autofree char *page = NULL;

    if (g_str_has_prefix(request->target, "/part/"))
        return answer_typed(conn, "text/javascript", "parts++;");
    page = make_page();
    return answer_typed(conn, "text/html", page);
}

static Story *
browser_story(void)
{
    Story *story;
    g_autofree char *dir = NULL;
    g_autofree char *policy = NULL;

    if (!story_needs("chromium"))
        return NULL;
    story = story_new();
    dir = g_build_filename(story->home, ".config/boundary-ns", NULL);
    policy = g_build_filename(dir, "config.yaml", NULL);
    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(policy, "nested: chromium\n", -1, NULL));
    bns_origin_set_answer(story->https, answer);
    story_write(story, "browse.sh", browse);
    return story;
}

static void
test_page(void)
{
    g_autoptr(Story) story = browser_story();
    g_autoptr(StoryRun) run = NULL;

    if (story == NULL)
        return;
    run = story_run(story, "--allow 'GET api.test' -- sh browse.sh https://api.test/");
    story_assert_status(run, 0);
    story_assert_out(run, "parts 100 by http/1.1");
}

/* Over the page's connection; the origin speaks nothing but HTTP/2. The page is not loaded
 * before its image is, which comes when the page has answered what it was told. */
static void
test_websocket_http2(void)
{
    static const char serve[] =
        "if (head[':method'] === 'CONNECT') {\n"
        "  stream.respond();\n"
        "  stream.write(Buffer.from('\\x81\\x05hello', 'latin1'));\n"
        "  stream.once('data', () => globalThis.answered());\n"
        "  return }\n"
        "if (head[':path'] === '/image') {\n"
        "  globalThis.isAnswered.then(() => { stream.respond(); stream.end() });\n"
        "  return }\n"
        "globalThis.isAnswered ||= new Promise(f => { globalThis.answered = f });\n"
        "stream.respond({ 'content-type': 'text/html' });\n"
        "stream.end(`<body><p id=said></p><img src=/image><script>\n"
        "const ws = new WebSocket('wss://h2.test/ws');\n"
        "ws.onmessage = e => { said.textContent = 'it says ' + e.data; ws.send('x') "
        "};\n"
        "</script>`);";
    g_autoptr(Story) story = browser_story();
    g_autoptr(H2Origin) origin = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (story == NULL)
        return;
    origin = h2_origin_new(story, serve);
    if (origin == NULL)
        return;
    run = story_run(story, "--allow 'GET h2.test' -- sh browse.sh https://h2.test/");
    story_assert_status(run, 0);
    story_assert_out(run, "it says hello");
    g_assert_cmpuint(story_count_records(run, "http.request", "\"allow\"",
                                         "\"path\":\"/ws\"", "\"http\":\"2\"", NULL),
                     ==, 1);
}

/* Over one connection, each part a request of its own. */
static void
test_page_http2(void)
{
    static const char serve[] =
        "const is_part = head[':path'].startsWith('/part/');\n"
        "stream.respond({ 'content-type': is_part ? 'text/javascript' : 'text/html' "
        "});\n"
        "stream.end(is_part ? 'parts++;' : fs.readFileSync('page.html'));";
    g_autoptr(Story) story = browser_story();
    g_autoptr(H2Origin) origin = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) refused = NULL;
    g_autofree char *page = make_page();

    if (story == NULL)
        return;
    story_write(story, "page.html", page);
    origin = h2_origin_new(story, serve);
    if (origin == NULL)
        return;
    run = story_run(story, "--allow 'GET h2.test' -- sh browse.sh https://h2.test/");
    story_assert_status(run, 0);
    story_assert_out(run, "parts 100 by h2");
    g_assert_cmpuint(story_count_records(run, "http.request", "\"allow\"",
                                         "\"path\":\"/part/", "\"http\":\"2\"", NULL),
                     ==, PARTS);
    refused = story_run(story, "--allow 'GET h2.test' --deny 'h2.test/part/13' -- "
                               "sh browse.sh https://h2.test/");
    story_assert_status(refused, 0);
    story_assert_out(refused, "parts 99 by h2");
    story_assert_record(refused, "http.request", "\"deny\"", "\"path\":\"/part/13\"");
}

static void
test_part_refused(void)
{
    g_autoptr(Story) story = browser_story();
    g_autoptr(StoryRun) run = NULL;

    if (story == NULL)
        return;
    run = story_run(story, "--allow 'GET api.test' --deny 'api.test/part/13' -- sh "
                           "browse.sh https://api.test/");
    story_assert_status(run, 0);
    story_assert_out(run, "parts 99 by");
    story_assert_record(run, "http.request", "\"deny\"", "\"path\":\"/part/13\"");
}

static void
test_block_page(void)
{
    g_autoptr(Story) story = browser_story();
    g_autoptr(StoryRun) run = NULL;

    if (story == NULL)
        return;
    story_write(story, "policy.yaml",
                "nested: chromium\n"
                "allow: [api.test]\n"
                "deny:\n"
                "  - { domain: api.test, path: /secret, reason: not for browsers }\n");
    run = story_run(story,
                    "--config policy.yaml -- sh browse.sh https://api.test/secret");
    story_assert_status(run, 0);
    story_assert_out(run, "Request Blocked by Boundary");
    story_assert_out(run, "not for browsers");
}

/* A host that nothing allows: its certificate is ours, its page too. */
static void
test_host_refused(void)
{
    g_autoptr(Story) story = browser_story();
    g_autoptr(StoryRun) run = NULL;

    if (story == NULL)
        return;
    run = story_run(story, "-- sh browse.sh https://unknown.test/");
    story_assert_status(run, 0);
    story_assert_out(run, "Request Blocked by Boundary");
    story_assert_out(run, "--allow");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/browser/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/browser/a-hundred-parts", test_page);
    bns_test_add("/e2e/browser/a-hundred-parts-over-http2", test_page_http2);
    bns_test_add("/e2e/browser/websocket-over-http2", test_websocket_http2);
    bns_test_add("/e2e/browser/a-part-is-refused", test_part_refused);
    bns_test_add("/e2e/browser/a-page-is-refused", test_block_page);
    bns_test_add("/e2e/browser/a-host-is-refused", test_host_refused);
    return g_test_run();
}
