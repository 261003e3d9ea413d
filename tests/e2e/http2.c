/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 with the clients and an origin that people use: curl, node, h2load. */
#include "tests/e2e/h2_origin.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

static const char serve[] =
    "const path = head[':path'];\n"
    "let n = 0;\n"
    "if (path.endsWith('/upload')) {\n"
    "  stream.on('data', d => { n += d.length });\n"
    "  stream.on('end', () => { stream.respond(); stream.end(n + ' bytes\\n') });\n"
    "} else if (path.endsWith('/trailers')) {\n"
    "  stream.respond({}, { waitForTrailers: true });\n"
    "  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));\n"
    "  stream.end('body');\n"
    "} else if (path.endsWith('/big')) {\n"
    "  stream.respond();\n"
    "  stream.end(Buffer.alloc(20 << 20, 'x'));\n"
    "} else { stream.respond({ 'alt-svc': 'h3=\":443\"' }); stream.end('hello\\n') }";

typedef struct {
    Story *story;     /* owned */
    H2Origin *origin; /* owned */
} Fixture;

static bool
fixture_init(Fixture *f)
{
    f->story = story_new();
    f->origin = h2_origin_new(f->story, serve);
    if (f->origin == NULL) {
        story_free(f->story);
        return false;
    }
    story_option(f->story, "--allow 'h2.test/ok/**'");
    return true;
}

static void
fixture_clear(Fixture *f)
{
    h2_origin_free(f->origin);
    story_free(f->story);
}

/* --- curl --- */

typedef struct {
    const char *name;
    const char *options;
    const char *scheme;
    const char *version;
} Curl;

static const Curl curls[] = {
    { "http2", "--http2", "https", "2" },
    { "http2-prior-knowledge", "--http2-prior-knowledge", "http", "2" },
    { "http2-prior-knowledge-tls", "--http2-prior-knowledge", "https", "2" },
};

static void
test_curl(gconstpointer data)
{
    const Curl *c = data;
    g_autofree char *script = NULL;
    g_autofree char *expected = NULL;
    Fixture f;

    if (!fixture_init(&f))
        return;
    script = g_strdup_printf(
        "get() { curl -sS -m 60 %s -w '%%{http_version} %%{http_code}\\n' \"$@\"; }\n"
        "get %s://h2.test/ok/x\n"
        "get -o body %s://h2.test/no/x\n"
        "grep -q 'Request Blocked by Boundary' body && echo told\n"
        "get -o big %s://h2.test/ok/big && stat -c %%s big\n"
        "get -T big %s://h2.test/ok/upload\n"
        "get -o body -T big %s://h2.test/no/upload\n"
        "get -D heads -o body %s://h2.test/ok/trailers && grep -i x-sum heads\n",
        c->options, c->scheme, c->scheme, c->scheme, c->scheme, c->scheme, c->scheme);
    story_write(f.story, "curl.sh", script);
    expected = g_strdup_printf("hello\n%s 200\n%s 403\ntold\n%s 200\n20971520\n"
                               "20971520 bytes\n%s 200\n%s 403\n%s 200\nx-sum: 7\r\n",
                               c->version, c->version, c->version, c->version,
                               c->version, c->version);
    g_autoptr(StoryRun) run = story_run(f.story, "-- sh curl.sh");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, expected);
    story_assert_record(run, "http.request", "\"allow\"", "\"path\":\"/ok/upload\"",
                        "\"http\":\"2\"");
    story_assert_record(run, "http.request", "\"deny\"", "\"path\":\"/no/x\"",
                        "\"http\":\"2\"", "\"status\":403");
    story_assert_record(run, "http.response", "\"path\":\"/ok/big\"",
                        "\"bytes_received\":20971520");
    fixture_clear(&f);
}

/* The client wants HTTP/1.1, which the origin refuses: that is told, not translated. */
static void
test_no_translation(void)
{
    Fixture f;

    if (!fixture_init(&f))
        return;
    g_autoptr(StoryRun) run =
        story_run(f.story, "-- curl -sS -m 60 --http1.1 https://h2.test/ok/x");
    story_assert_status(run, 0);
    story_assert_out(run, "502 Bad Gateway");
    story_assert_out(run, "speaks no version of HTTP that the client offers");
    fixture_clear(&f);
}

/* And an HTTP/1.1 origin makes a client that could do both speak HTTP/1.1. */
static void
test_origin_chooses(void)
{
    g_autoptr(Story) story = NULL;

    if (!story_needs("curl"))
        return;
    story = story_new();
    g_autoptr(StoryRun) run =
        story_run(story, "--allow api.test -- curl -sS -m 60 --http2 -o body "
                         "-w '%{http_version} %{http_code}' https://api.test/hello");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "1.1 200");
}

/* --- node --- */

static void
test_node(void)
{
    static const char script[] =
        "const http2 = require('http2');\n"
        "const c = http2.connect('https://h2.test');\n"
        "let left = 40;\n"
        "const count = {};\n"
        "for (let i = 0; i < 40; i++) {\n"
        "  const r = c.request({ ':path': i % 2 ? '/ok/x' : '/no/x' });\n"
        "  r.on('response', h => { const s = h[':status'];\n"
        "    count[s] = (count[s] || 0) + 1;\n"
        "    if ('alt-svc' in h) console.log('alt-svc') });\n"
        "  r.resume();\n"
        "  r.on('close', () => { if (--left === 0) {\n"
        "    console.log(JSON.stringify(count)); c.close() } });\n"
        "}\n";
    Fixture f;

    if (!fixture_init(&f))
        return;
    story_write(f.story, "client.js", script);
    g_autoptr(StoryRun) run = story_run(f.story, "-- node client.js");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "{\"200\":20,\"403\":20}\n");
    g_assert_cmpuint(story_count_records(run, "tls.open", NULL), ==, 1);
    fixture_clear(&f);
}

/* --- WebSocket over HTTP/2 --- */

/* What is allowed, what is not, and what was never offered to be one. The origin echoes. */
static void
test_websocket(gconstpointer data)
{
    static const char echo[] = "if (head[':method'] !== 'CONNECT') { stream.respond(); "
                               "stream.end(); return }\n"
                               "stream.respond({ 'x-protocol': head[':protocol'] });\n"
                               "stream.pipe(stream);";
    static const char script[] =
        "const http2 = require('http2');\n"
        "const scheme = process.argv[2];\n"
        "const c = http2.connect(scheme + '://h2.test');\n"
        "const open = path => c.request({ ':method': 'CONNECT',\n"
        "  ':protocol': 'websocket', ':scheme': scheme, ':authority': 'h2.test',\n"
        "  ':path': path, 'sec-websocket-version': '13' }, { endStream: false });\n"
        "const talk = () => {\n"
        "  const ws = open('/ok/ws');\n"
        "  let n = 0;\n"
        "  ws.on('response', h => { console.log(h[':status'], h['x-protocol']);\n"
        "    ws.write('hello'); });\n"
        "  ws.on('data', d => { if (n === 0) ws.end(Buffer.alloc(4 << 20));\n"
        "    n += d.length });\n"
        "  ws.on('close', () => { console.log(n, ws.rstCode); c.close() });\n"
        "};\n"
        "const refused = () => {\n"
        "  const ws = open('/no/ws');\n"
        "  ws.on('response', h => { console.log(h[':status']); ws.close() });\n"
        "  ws.on('close', talk);\n"
        "};\n"
        "let begun = false;\n"
        "const begin = s => { if (s.enableConnectProtocol && !begun) {\n"
        "  begun = true; refused() } };\n"
        "c.on('remoteSettings', begin);\n"
        "c.request({ ':path': '/ok/x' }).resume();\n";
    g_autofree char *line = g_strconcat("-- node client.js ", data, NULL);
    Story *story = story_new();
    H2Origin *origin = h2_origin_new(story, echo);
    Fixture f = { story, origin };

    if (origin == NULL) {
        story_free(story);
        return;
    }
    story_option(story, "--allow 'GET h2.test/ok/**'");
    story_write(story, "client.js", script);
    g_autoptr(StoryRun) run = story_run(story, line);
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "403\n200 websocket\n4194309 0\n");
    story_assert_record(run, "http.request", "\"deny\"", "\"path\":\"/no/ws\"");
    story_assert_record(run, "http.response", "\"bytes_sent\":4194309",
                        "\"path\":\"/ok/ws\"");
    fixture_clear(&f);
}

/* --- h2load --- */

/* 100 streams in each of 10 connections. */
static void
test_load(gconstpointer data)
{
    const char *scheme = data;
    g_autofree char *all =
        g_strdup_printf("-- h2load -n 2000 -c 10 -m 100 %s://h2.test/ok/x", scheme);
    g_autofree char *half = g_strdup_printf(
        "-- h2load -n 2000 -c 10 -m 100 %s://h2.test/ok/x %s://h2.test/no/x", scheme,
        scheme);
    Fixture f;

    if (!story_needs("h2load") || !fixture_init(&f))
        return;
    g_autoptr(StoryRun) run = story_run(f.story, all);
    story_assert_status(run, 0);
    story_assert_out(run, "2000 succeeded, 0 failed, 0 errored, 0 timeout");
    story_assert_out(run, "status codes: 2000 2xx");
    g_autoptr(StoryRun) mixed = story_run(f.story, half);
    story_assert_status(mixed, 0);
    story_assert_out(mixed, "1000 succeeded, 1000 failed, 0 errored, 0 timeout");
    story_assert_out(mixed, "status codes: 1000 2xx, 0 3xx, 1000 4xx, 0 5xx");
    g_assert_cmpuint(story_count_records(mixed, "http.request", "\"status\":403", NULL),
                     ==, 1000);
    g_assert_cmpuint(
        story_count_records(mixed, "http.response", "\"status\":200", NULL), ==, 1000);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/http2/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(curls); i++) {
        g_autofree char *path = g_strconcat("/e2e/http2/curl-", curls[i].name, NULL);

        bns_test_add_data(path, &curls[i], test_curl);
    }
    bns_test_add("/e2e/http2/nothing-is-translated", test_no_translation);
    bns_test_add("/e2e/http2/the-origin-chooses", test_origin_chooses);
    bns_test_add("/e2e/http2/node-has-both-side-by-side", test_node);
    bns_test_add_data("/e2e/http2/websocket-over-tls", "https", test_websocket);
    bns_test_add_data("/e2e/http2/websocket-without-tls", "http", test_websocket);
    bns_test_add_data("/e2e/http2/load-over-tls", "https", test_load);
    bns_test_add_data("/e2e/http2/load-without-tls", "http", test_load);
    return g_test_run();
}
