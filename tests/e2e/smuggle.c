/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that two readers could read differently, and clients that do not speak as they
 * should: refused, recorded, and never sent on in whatever reading. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

/* Says the bytes of the file "says" (or what they are in hexadecimal) to api.test, port $1, in TLS if $2 is a name; prints
 * the statuses of all responses, then how it ended. */
static const char client[] =
    "import re, socket, ssl, sys\n"
    "says = open('says', 'rb').read()\n"
    "if says[:4] == b'hex:': says = bytes.fromhex(says[4:].decode())\n"
    "port = int(sys.argv[1])\n"
    "s = socket.create_connection(('api.test', port), 20)\n"
    "if len(sys.argv) > 2:\n"
    "    s = ssl.create_default_context().wrap_socket(s, server_hostname=sys.argv[2])\n"
    "data = b''\n"
    "try:\n"
    "    s.sendall(says)\n"
    "    while True:\n"
    "        more = s.recv(65536)\n"
    "        if not more: break\n"
    "        data += more\n"
    "    end = 'closed'\n"
    "except ConnectionResetError: end = 'reset'\n"
    "except socket.timeout: end = 'open'\n"
    "statuses = re.findall(rb'HTTP/1\\.1 (\\d+)', data)\n"
    "print(' '.join([x.decode() for x in statuses] + [end]))\n";

typedef struct {
    const char *name;
    const char *says;
    const char *out;
    const char *requests; /* what the origin heard, separated by commas */
} Smuggle;

#define HOST  "Host: api.test\r\n"
#define CLOSE "Connection: close\r\n"
#define BEHIND                                                                         \
    "GET /secret HTTP/1.1\r\n" HOST "\r\n" /* what would be smuggled past the policy */

static const Smuggle smuggles[] = {
    { "none-of-it", "GET /public/x HTTP/1.1\r\n" HOST CLOSE "\r\n", "200 closed",
      "GET /public/x api.test" },
    /* Each of a pipeline is decided by itself. */
    { "pipelined",
      "GET /public/a HTTP/1.1\r\n" HOST "\r\nGET /secret HTTP/1.1\r\n" HOST
      "\r\nGET /public/b HTTP/1.1\r\n" HOST CLOSE "\r\n",
      "200 403 200 closed", "GET /public/a api.test,GET /public/b api.test" },
    { "behind-a-body",
      "POST /public/x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc" BEHIND
      "GET /public/x HTTP/1.1\r\n" HOST CLOSE "\r\n",
      "200 403 200 closed", "POST /public/x api.test,GET /public/x api.test" },
    { "two-framings",
      "POST /public/x HTTP/1.1\r\n" HOST
      "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" BEHIND,
      "400 closed", "" },
    { "two-lengths",
      "POST /public/x HTTP/1.1\r\n" HOST
      "Content-Length: 0\r\nContent-Length: 46\r\n\r\n" BEHIND,
      "400 closed", "" },
    { "a-list-of-lengths",
      "POST /public/x HTTP/1.1\r\n" HOST "Content-Length: 0, 46\r\n\r\n" BEHIND,
      "400 closed", "" },
    { "a-length-with-a-sign",
      "POST /public/x HTTP/1.1\r\n" HOST "Content-Length: +46\r\n\r\n" BEHIND,
      "400 closed", "" },
    { "an-endless-length",
      "POST /public/x HTTP/1.1\r\n" HOST
      "Content-Length: 99999999999999999999\r\n\r\n" BEHIND,
      "400 closed", "" },
    { "an-odd-coding",
      "POST /public/x HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n" BEHIND,
      "501 closed", "" },
    { "chunked-twice",
      "POST /public/x HTTP/1.1\r\n" HOST
      "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" BEHIND,
      "400 closed", "" },
    { "a-space-before-the-colon",
      "POST /public/x HTTP/1.1\r\n" HOST
      "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" BEHIND,
      "400 closed", "" },
    { "a-folded-field",
      "POST /public/x HTTP/1.1\r\n" HOST
      "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" BEHIND,
      "400 closed", "" },
    { "a-bare-newline", "GET /public/x HTTP/1.1\n" HOST "\r\n" BEHIND, "400 closed",
      "" },
    { "a-bare-return",
      "GET /public/x HTTP/1.1\r\nX: a\rHost: evil.test\r\n" HOST "\r\n", "400 closed",
      "" },
    { "a-chunk-size-that-is-none",
      "POST /public/x HTTP/1.1\r\n" HOST
      "Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n" BEHIND,
      "400 closed", "POST /public/x api.test" },
    { "a-chunk-that-is-longer",
      "POST /public/x HTTP/1.1\r\n" HOST
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n0\r\n\r\n" BEHIND,
      "400 closed", "POST /public/x api.test" },
    { "no-host", "GET /public/x HTTP/1.1\r\n\r\n", "400 closed", "" },
    { "two-hosts", "GET /public/x HTTP/1.1\r\n" HOST "Host: other.test\r\n\r\n",
      "400 closed", "" },
    { "the-same-host-twice", "GET /public/x HTTP/1.1\r\n" HOST HOST "\r\n",
      "400 closed", "" },
    { "host-against-target", "GET http://other.test/public/x HTTP/1.1\r\n" HOST "\r\n",
      "400 closed", "" },
    { "target-of-another-scheme",
      "GET https://api.test/public/x HTTP/1.1\r\n" HOST "\r\n", "400 closed", "" },
    { "host-of-another-port", "GET /public/x HTTP/1.1\r\nHost: api.test:8080\r\n\r\n",
      "400 closed", "" },
    { "user-in-the-host", "GET /public/x HTTP/1.1\r\nHost: api.test@evil.test\r\n\r\n",
      "400 closed", "" },
    { "host-in-any-case", "GET /public/x HTTP/1.1\r\nHost: API.Test\r\n" CLOSE "\r\n",
      "200 closed", "GET /public/x api.test" },
    { "host-with-a-dot-and-port",
      "GET /public/x HTTP/1.1\r\nHost: api.test.:80\r\n" CLOSE "\r\n", "200 closed",
      "GET /public/x api.test" },
    { "percent-in-the-host", "GET /public/x HTTP/1.1\r\nHost: api%2etest\r\n\r\n",
      "400 closed", "" },
    { "zone-in-the-host", "GET /public/x HTTP/1.1\r\nHost: [::1%25lo]\r\n\r\n",
      "400 closed", "" },
    { "number-for-a-host", "GET /public/x HTTP/1.1\r\nHost: 2130706433\r\n\r\n",
      "400 closed", "" },
    { "blank-behind-the-host", "GET /public/x HTTP/1.1\r\nHost: api.test \r\n\r\n",
      "400 closed", "" },
    { "blank-behind-the-coding",
      "POST /public/x HTTP/1.1\r\n" HOST
      "Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n" BEHIND,
      "400 closed", "" },
    { "upgrade-by-another-name",
      "GET /public/x HTTP/1.1\r\n" HOST
      "Upgrade: websocket\r\nProxy-Connection: Upgrade\r\n\r\n" BEHIND,
      "400 closed", "" },
    { "behind-an-upgrade",
      "GET /public/x HTTP/1.1\r\n" HOST
      "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n" BEHIND,
      "200 closed", "GET /public/x api.test" },
    { "nul-in-the-host", "GET /public/x HTTP/1.1\r\nHost: api.test%00.evil\r\n\r\n",
      "400 closed", "" },
    { "an-absolute-target",
      "GET http://api.test/public/x HTTP/1.1\r\n" HOST CLOSE "\r\n", "200 closed",
      "GET /public/x api.test" },
    { "two-spaces", "GET  /public/x HTTP/1.1\r\n" HOST "\r\n", "400 closed", "" },
    { "a-space-in-the-target", "GET /public/x /y HTTP/1.1\r\n" HOST "\r\n",
      "400 closed", "" },
    { "another-version", "GET /public/x HTTP/2.0\r\n" HOST "\r\n", "505 closed", "" },
    { "nearly-the-preface-of-http-2", "PRI * HTTP/2.0\r\n" HOST "\r\n", "505 closed",
      "" },
    { "connect", "CONNECT api.test:443 HTTP/1.1\r\n" HOST "\r\n", "400 closed", "" },
    { "options-of-all", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "400 closed", "" },
    { "trace-is-a-method-as-others", "TRACE /secret HTTP/1.1\r\n" HOST CLOSE "\r\n",
      "403 closed", "" },
    { "override-does-not-decide",
      "GET /secret HTTP/1.1\r\n" HOST "X-Original-URL: /public/x\r\n" CLOSE "\r\n",
      "403 closed", "" },
    { "upgrade-to-http-2",
      "GET /public/x HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\n"
      "Connection: Upgrade, HTTP2-Settings, close\r\n\r\n",
      "200 closed", "GET /public/x api.test" },
    /* Out of what is allowed, by whatever spelling. */
    { "dots", "GET /public/../secret HTTP/1.1\r\n" HOST CLOSE "\r\n", "403 closed",
      "" },
    { "encoded-dots", "GET /public/%2e%2e/secret HTTP/1.1\r\n" HOST CLOSE "\r\n",
      "403 closed", "" },
    { "encoded-slash", "GET /public/..%2fsecret HTTP/1.1\r\n" HOST CLOSE "\r\n",
      "403 closed", "" },
    { "encoded-twice", "GET /public/%252e%252e/secret HTTP/1.1\r\n" HOST CLOSE "\r\n",
      "403 closed", "" },
    { "encoded-four-times",
      "GET /public/%2525252e%2525252e/secret HTTP/1.1\r\n" HOST CLOSE "\r\n",
      "400 closed", "" },
    { "dots-with-parameters", "GET /public/..;x/secret HTTP/1.1\r\n" HOST CLOSE "\r\n",
      "403 closed", "" },
    { "overlong-dots", "GET /public/%c0%ae%c0%ae/secret HTTP/1.1\r\n" HOST CLOSE "\r\n",
      "400 closed", "" },
    { "encoded-nul", "GET /public/x%00 HTTP/1.1\r\n" HOST CLOSE "\r\n", "400 closed",
      "" },
    { "encoded-newline",
      "GET /public/x%0d%0aHost:%20evil HTTP/1.1\r\n" HOST CLOSE "\r\n", "400 closed",
      "" },
    { "backslash", "GET /public/..\\secret HTTP/1.1\r\n" HOST CLOSE "\r\n",
      "400 closed", "" },
    { "double-slash", "GET //secret HTTP/1.1\r\n" HOST CLOSE "\r\n", "403 closed", "" },
};

static StoryRun *
run_client(Story *story, const char *says, const char *arguments)
{
    g_autofree char *line = g_strdup_printf(
        "--allow 'api.test/public/**' -- python3 client.py %s", arguments);

    g_free(story_file(story, "client.py", client));
    g_free(story_file(story, "says", says));
    return story_run(story, line);
}

static char *
list_requests(BnsOrigin *origin)
{
    g_auto(GStrv) requests = bns_origin_requests(origin);

    return g_strjoinv(",", requests);
}

static void
assert_said(const StoryRun *run, const char *out)
{
    g_autofree char *line = g_strconcat(out, "\n", NULL);

    if (strcmp(run->out, line) != 0)
        g_test_fail_printf("expected %s, not %s", out, run->out);
}

/* A reset may overtake a refusal of what was not read to its end. */
static void
test_smuggle(gconstpointer data)
{
    const Smuggle *smuggle = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_client(story, smuggle->says, "80");
    g_autofree char *requests = list_requests(story->http);
    bool is_refused = strstr(smuggle->out, "200") == NULL;

    assert_said(run, smuggle->out);
    if (strcmp(requests, smuggle->requests) != 0)
        g_test_fail_printf("the origin heard %s", requests);
    if (is_refused && *smuggle->requests == '\0')
        story_assert_record(run, "\"event\":\"http.request\"", "\"decision\":\"deny\"");
}

/* The same in TLS, where the name of the ClientHello has its say too. */
static void
test_other_host_in_tls(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *requests = NULL;

    story_option(story, "--allow other.test");
    run = run_client(story,
                     "GET /public/x HTTP/1.1\r\nHost: other.test\r\n" CLOSE
                     "\r\nGET /public/x HTTP/1.1\r\n" HOST CLOSE "\r\n",
                     "443 api.test");
    requests = list_requests(story->https);
    g_assert_true(g_str_has_prefix(run->out, "421 "));
    story_assert_record(run, "http.request", "\"deny\"", "\"status\":421");
    g_assert_null(strstr(requests, "other.test"));
}

/* To port 443 without TLS: it is an http request to that port, which no rule names. */
static void
test_plain_on_443(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        run_client(story, "GET /public/x HTTP/1.1\r\n" HOST CLOSE "\r\n", "443");
    g_autofree char *requests = list_requests(story->https);

    story_assert_no_out(run, "200");
    g_assert_cmpstr(requests, ==, "");
}

typedef struct {
    const char *name;
    const char *says; /* in hexadecimal */
    const char *port;
} Garbage;

static const Garbage garbages[] = {
    { "on-443", "80 01 02 67 61 72 62 61 67 65 0d 0a", "443" },
    { "on-80", "80 01 02 67 61 72 62 61 67 65 0d 0a", "80" },
    { "ssh-on-443", "53 53 48 2d 32 2e 30 0d 0a", "443" },
    { "ssl-2-hello", "80 2e 01 00 02 00 15 00 00 00 10", "443" },
    { "a-record-that-is-no-hello", "16 03 01 00 05 68 65 6c 6c 6f", "443" },
    { "an-application-record", "17 03 03 00 05 68 65 6c 6c 6f", "443" },
};

static void
test_garbage(gconstpointer data)
{
    const Garbage *garbage = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *says = g_strconcat("hex:", garbage->says, NULL);
    g_autoptr(StoryRun) run = run_client(story, says, garbage->port);

    /* What looks like TLS ends with an alert, the rest without a word. */
    g_assert_true(g_str_equal(run->out, "reset\n") ||
                  g_str_equal(run->out, "closed\n"));
    g_assert_cmpuint(story_count_records(run, "flow.refused", NULL) +
                         story_count_records(run, "tls.error", NULL),
                     ==, 1);
    g_assert_cmpuint(bns_origin_connections(story->https), ==, 0);
    g_assert_cmpuint(bns_origin_connections(story->http), ==, 0);
}

/* A ClientHello and a request that come byte by byte are as good as others. */
static void
test_slow(void)
{
    static const char slow[] =
        "import socket, ssl\n"
        "s = socket.create_connection(('api.test', 443), 20)\n"
        "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\n"
        "i, o = ssl.MemoryBIO(), ssl.MemoryBIO()\n"
        "t = ssl.create_default_context().wrap_bio(i, o, server_hostname='api.test')\n"
        "def drip():\n"
        "    for byte in o.read(): s.sendall(bytes([byte]))\n"
        "def until(step):\n"
        "    while True:\n"
        "        try:\n"
        "            result = step()\n"
        "            drip()\n"
        "            return result\n"
        "        except ssl.SSLWantReadError:\n"
        "            drip()\n"
        "            i.write(s.recv(65536))\n"
        "until(t.do_handshake)\n"
        "for byte in b'GET /public/x HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n':\n"
        "    until(lambda: t.write(bytes([byte])))\n"
        "print(until(lambda: t.read(15)))\n";
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    g_free(story_file(story, "slow.py", slow));
    run = story_run(story, "--allow api.test/public/* -- python3 slow.py");
    g_assert_cmpstr(run->out, ==, "b'HTTP/1.1 200 OK'\n");
}

static void
add_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(smuggles); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/smuggle/%s", smuggles[i].name);

        bns_test_add_data(path, &smuggles[i], test_smuggle);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(garbages); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/smuggle/garbage/%s", garbages[i].name);

        bns_test_add_data(path, &garbages[i], test_garbage);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/smuggle/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    add_rows();
    bns_test_add("/e2e/smuggle/another-host-inside-tls", test_other_host_in_tls);
    bns_test_add("/e2e/smuggle/plain-http-on-443", test_plain_on_443);
    bns_test_add("/e2e/smuggle/byte-by-byte", test_slow);
    return g_test_run();
}
