/* SPDX-License-Identifier: Apache-2.0 */
/* A session that observes: real programs work as without rules, the audit says what would
 * have been refused, and what is no question of rules is refused all the same. */
#include "tests/e2e/h2_origin.h"
#include "tests/e2e/server.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

#define CURL      "curl -sS -m 20 "
#define CURL_CODE CURL "-o /dev/null -w \"%{http_code} \" "
#define OBSERVING "boundary-ns: observing ("

#define PYTHON                                                                         \
    "import socket, sys\n"                                                             \
    "s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)\n"              \
    "def read_all():\n"                                                                \
    "    data = b''\n"                                                                 \
    "    while True:\n"                                                                \
    "        more = s.recv(65536)\n"                                                   \
    "        if not more: return data\n"                                               \
    "        data += more\n"

/* A program inside that talks to @name's port 2525, which leads to @port. */
static StoryRun *
run_client(Story *story, const char *options, uint16_t port, const char *program)
{
    g_autofree char *text = g_strconcat(PYTHON, program, NULL);
    g_autofree char *arguments =
        g_strdup_printf("%s -- python3 client.py any.test 2525", options);

    story_write(story, "client.py", text);
    story_option(story, "--resolve any.test:2525:127.0.0.1:%u", port);
    return story_run(story, arguments);
}

static void
assert_totals(const StoryRun *run, unsigned allowed, unsigned denied, unsigned would)
{
    g_autofree char *end =
        g_strdup_printf("\"allowed\":\"%u\",\"denied\":\"%u\",\"would_deny\":\"%u\"",
                        allowed, denied, would);
    g_autofree char *line = g_strdup_printf(
        "boundary-ns: %u allowed, %u blocked, %u passed that would have "
        "been denied (mode: observe)\n",
        allowed, denied, would);

    story_assert_record(run, "\"event\":\"session.end\"", end);
    story_assert_err(run, line);
}

/* --- requests --- */

static void
test_requests(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        story_run(story, "--observe --allow 'GET api.test/hello' -- sh -c '" CURL
                         "https://api.test/hello http://api.test/hello && " CURL
                         "--http1.1 -d x https://api.test/upload; " CURL
                         "http://api.test/status/204'");

    story_assert_status(run, 0);
    g_assert_true(g_str_has_prefix(run->out, "hello\nhello\n1 "));
    story_assert_err(run, OBSERVING "--observe)");
    story_assert_err(run, "boundary-ns suggest '");
    story_assert_record(run, "\"event\":\"session.start\"", "\"mode\":\"observe\"");
    story_assert_record(run, "\"event\":\"http.request\"", "\"decision\":\"allow\"",
                        "\"rule\":\"--allow#1\"", "\"scheme\":\"https\"");
    story_assert_record(
        run, "\"event\":\"http.request\"",
        "\"decision\":\"would_deny\",\"reason\":\"no rule for this host "
        "allows this method\",\"flow\":",
        "\"host\":\"api.test\"", "\"port\":443",
        "\"scheme\":\"https\",\"method\":\"POST\",\"path\":\"/upload\"");
    story_assert_record(
        run, "\"event\":\"http.request\"",
        "\"decision\":\"would_deny\",\"reason\":\"no rule for this host "
        "allows this path\"",
        "\"scheme\":\"http\",\"method\":\"GET\",\"path\":\"/status/204\"");
    story_assert_record(run, "\"event\":\"http.response\"", "/upload",
                        "\"status\":200");
    assert_totals(run, 2, 0, 2);
}

static void
test_unknown_host(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        story_run(story, "-q --observe -- " CURL "https://api.test/hello");

    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\n");
    /* The weaker session is said, if nothing else is. */
    story_assert_err(run, OBSERVING);
    story_assert_no_err(run, "passed that");
    story_assert_record(run, "\"event\":\"tls.open\"", "\"would_deny\"",
                        "no rule allows this host");
    story_assert_record(run, "\"event\":\"http.request\"", "\"would_deny\"",
                        "no rule allows this host", "\"path\":\"/hello\"");
}

static void
test_config(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) enforced = NULL;

    story_write(story, "p.yaml",
                "mode: observe\nallow: [api.test]\n"
                "deny: [{ domain: api.test, path: /hello, reason: not here }]\n");
    run = story_run(story, "-c p.yaml -- " CURL "https://api.test/hello");
    g_assert_cmpstr(run->out, ==, "hello\n");
    story_assert_err(run, OBSERVING);
    story_assert_err(run, "p.yaml:1)");
    story_assert_record(
        run, "\"event\":\"http.request\"",
        "\"decision\":\"would_deny\",\"reason\":\"not here\",\"rule\":\"",
        "p.yaml:3\"");
    story_write(story, "p.yaml", "mode: enforce\n");
    enforced = story_run(story, "-c p.yaml -- " CURL_CODE "https://api.test/hello");
    g_assert_cmpstr(enforced->out, ==, "403 ");
    story_assert_no_err(enforced, OBSERVING);
    story_assert_no_err(enforced, "passed that");
    story_assert_record(enforced, "\"event\":\"session.start\"",
                        "\"mode\":\"enforce\"");
}

static void
test_http2(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(H2Origin) origin =
        h2_origin_new(story, "stream.respond({':status': 200}); stream.end('two\\n');");
    g_autoptr(StoryRun) run = NULL;

    if (origin == NULL)
        return;
    run = story_run(story, "--observe -- sh -c '" CURL
                           "--http2 https://h2.test/a https://h2.test/b && " CURL
                           "--http2-prior-knowledge http://h2.test/c'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "two\ntwo\ntwo\n");
    story_assert_record(run, "http.request", "\"would_deny\"", "\"path\":\"/a\"",
                        "\"http\":\"2\"");
    story_assert_record(run, "http.request", "\"would_deny\"", "\"path\":\"/b\"",
                        "\"http\":\"2\"");
    story_assert_record(run, "http.request", "\"would_deny\"", "\"path\":\"/c\"",
                        "\"scheme\":\"http\"", "\"http\":\"2\"");
    assert_totals(run, 0, 0, 3);
}

static void
test_websocket(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(
        story, "ws.py",
        "import socket\n"
        "s = socket.create_connection(('api.test', 80), 20)\n"
        "s.sendall(b'GET /ws HTTP/1.1\\r\\nHost: api.test\\r\\n'\n"
        "          b'Upgrade: websocket\\r\\nConnection: Upgrade\\r\\n'\n"
        "          b'Sec-WebSocket-Version: 13\\r\\n'\n"
        "          b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n')\n"
        "f = s.makefile('rb')\n"
        "print(f.readline().split()[1].decode())\n"
        "while f.readline() != b'\\r\\n': pass\n"
        "s.sendall(bytes([0x81, 0x82, 0, 0, 0, 0]) + b'hi')\n"
        "print(f.read(4))\n");
    run = story_run(story, "--observe -- python3 ws.py");
    g_assert_cmpstr(run->out, ==, "101\nb'\\x81\\x02hi'\n");
    story_assert_record(run, "http.request", "\"would_deny\"", "\"path\":\"/ws\"");
    story_assert_record(run, "http.response", "\"status\":101");
}

static void
test_git(void)
{
    static const char script[] =
        "set -e\n"
        "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com\n"
        "export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com\n"
        "git init -q first && cd first\n"
        "echo 'from the origin' >file\n"
        "git add file && git commit -q -m first && cd ..\n"
        "git clone -q --bare first team.git && git -C team.git update-server-info\n";
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) made = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("git"))
        return;
    story = story_new();
    made = story_shell(story, script);
    story_assert_status(made, 0);
    bns_origin_set_files(story->https, story->work);
    run = story_run(story, "--observe -- sh -c 'git clone -q "
                           "https://api.test/files/team.git clone && cat clone/file'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "from the origin\n");
    story_assert_record(run, "http.request", "\"would_deny\"",
                        "\"path\":\"/files/team.git/info/refs\"");
    g_assert_cmpuint(
        story_count_records(run, "\"event\":\"http.request\"", "\"deny\"", NULL), ==,
        0);
}

/* Unknown ports are read where the client speaks TLS or HTTP. */
static void
test_unknown_ports(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_option(story, "--resolve api.test:8080:127.0.0.1:%u",
                 bns_origin_port(story->http));
    story_option(story, "--resolve api.test:8443:127.0.0.1:%u",
                 bns_origin_port(story->https));
    run = story_run(story, "--observe -- " CURL
                           "http://api.test:8080/hello https://api.test:8443/hello");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\nhello\n");
    story_assert_record(run, "http.request", "\"would_deny\"", "\"port\":8080",
                        "\"scheme\":\"http\"");
    story_assert_record(run, "http.request", "\"would_deny\"", "\"port\":8443",
                        "\"scheme\":\"https\"");
    g_assert_cmpuint(story_count_records(run, "tcp.open", NULL), ==, 0);
    /* One connection each, dialled before the first byte. */
    g_assert_cmpuint(bns_origin_connections(story->http), ==, 1);
    g_assert_cmpuint(bns_origin_connections(story->https), ==, 1);
    assert_totals(run, 0, 0, 2);
}

/* --- neither TLS nor HTTP --- */

static void
assert_opaque(const StoryRun *run, const char *sent, const char *received)
{
    story_assert_record(run, "\"event\":\"tcp.open\"",
                        "\"decision\":\"would_deny\",\"reason\":\"no tcp rule allows "
                        "this host and port\"",
                        "\"host\":\"any.test\"",
                        "\"addr\":\"127.0.0.1\",\"port\":2525,\"scheme\":\"tcp\"");
    story_assert_record(run, "\"event\":\"tcp.close\"", sent, received);
    assert_totals(run, 0, 0, 1);
}

static void
greet(int fd, void *data)
{
    server_say(fd, "220 ready\r\n");
    if (server_await(fd, "QUIT\r\n"))
        server_say(fd, "221 bye\r\n");
}

static void
test_server_first(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(greet, NULL);
    g_autoptr(StoryRun) run =
        run_client(story, "--observe", server_port(server),
                   "print(s.makefile('rb').readline())\n"
                   "s.sendall(b'QUIT\\r\\n')\nprint(read_all())\n");

    g_assert_cmpstr(run->out, ==, "b'220 ready\\r\\n'\nb'221 bye\\r\\n'\n");
    assert_opaque(run, "\"bytes_sent\":6", "\"bytes_received\":20");
    g_assert_cmpuint(server_connections(server), ==, 1);
}

static void
answer_ping(int fd, void *data)
{
    if (server_await(fd, "PING\r\n"))
        server_say(fd, "+PONG\r\n");
}

static void
test_client_first(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(answer_ping, NULL);
    g_autoptr(StoryRun) run =
        run_client(story, "--observe", server_port(server),
                   "s.sendall(b'*1\\r\\n$4\\r\\nPING\\r\\n')\nprint(read_all())\n");

    g_assert_cmpstr(run->out, ==, "b'+PONG\\r\\n'\n");
    assert_opaque(run, "\"bytes_sent\":14", "\"bytes_received\":7");
    g_assert_cmpuint(server_connections(server), ==, 1);
}

static void
count(int fd, void *data)
{
    *(uint64_t *)data = server_drain(fd);
}

/* Said and gone: it arrives, and is recorded. */
static void
test_said_and_gone(void)
{
    uint64_t n = 0;
    g_autoptr(Story) story = story_new();
    Server *server = server_new(count, &n);
    g_autoptr(StoryRun) run = run_client(story, "--observe", server_port(server),
                                         "s.sendall(b'\\x00' * 1000000)\n");

    server_await_served(server, 1);
    server_free(server);
    story_assert_status(run, 0);
    g_assert_cmpuint(n, ==, 1000000);
    assert_opaque(run, "\"bytes_sent\":1000000", "\"bytes_received\":0");
}

static void
test_nothing_said(void)
{
    uint64_t n = 1;
    g_autoptr(Story) story = story_new();
    Server *server = server_new(count, &n);
    g_autoptr(StoryRun) run =
        run_client(story, "--observe", server_port(server), "s.close()\n");

    server_await_served(server, 1);
    server_free(server);
    story_assert_status(run, 0);
    assert_opaque(run, "\"bytes_sent\":0", "\"bytes_received\":0");
}

/* The client sees what the origin does. */
static void
test_nobody_listens(void)
{
    g_autoptr(Story) story = story_new();
    g_auto(ClosedPort) closed = closed_port_new();
    g_autoptr(StoryRun) run = run_client(story, "--observe", closed.port, "");

    story_assert_err(run, "ConnectionRefusedError");
    story_assert_record(run, "upstream.error", "\"host\":\"any.test\"");
    g_assert_cmpuint(story_count_records(run, "tcp.open", NULL), ==, 0);
}

/* Without observing the same is refused, and the server not asked. */
static void
test_enforced(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(greet, NULL);
    g_autoptr(StoryRun) run = run_client(story, "", server_port(server), "");

    story_assert_err(run, "ConnectionRefusedError");
    story_assert_record(run, "flow.refused", "\"deny\"", "\"port\":2525");
    g_assert_cmpuint(server_connections(server), ==, 0);
}

/* --- what is still refused --- */

static void
test_refused(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "try.py",
                "import socket\n"
                "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                "s.settimeout(20)\n"
                "s.connect(('203.0.113.7', 4444))\n"
                "try: s.send(b'x'); s.recv(1)\n"
                "except ConnectionRefusedError: print('udp refused')\n"
                "try: socket.create_connection(('169.254.169.254', 8080), 20)\n"
                "except ConnectionRefusedError: print('guard refused')\n");
    run = story_run(story, "--observe -- sh -c 'python3 try.py; " CURL_CODE
                           "http://10.0.0.1/; " CURL_CODE
                           "--path-as-is http://api.test/%00; " CURL_CODE
                           "-H \"Host: other.test:81\" http://api.test/; " CURL_CODE
                           "-H \"Host: host.boundary.internal\" http://api.test/'");
    g_assert_cmpstr(run->out, ==, "udp refused\nguard refused\n403 400 400 403 ");
    story_assert_record(run, "udp.refused", "\"addr\":\"203.0.113.7\"");
    story_assert_record(run, "flow.refused", "\"deny\"", "169.254.169.254",
                        "link-local");
    story_assert_record(run, "http.request", "\"deny\"", "\"host\":\"10.0.0.1\"",
                        "private network", "\"status\":403");
    story_assert_record(run, "http.request", "\"deny\"", "\"status\":400",
                        "\"path\":\"/%00\"");
    story_assert_record(run, "http.request", "\"deny\"", "reserved");
    g_assert_cmpuint(bns_origin_connections(story->http), ==, 0);
}

/* Who does not believe us fails as it would with a rule, and the host is on record. */
static void
test_untrusting(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_auto(GStrv) requests = NULL;

    story_write(story, "tls.py",
                "import socket, ssl\n"
                "s = socket.create_connection(('api.test', 443), 20)\n"
                "c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n"
                "try: c.wrap_socket(s, server_hostname='api.test')\n"
                "except ssl.SSLCertVerificationError: print('not trusted')\n");
    run = story_run(story, "--observe -- python3 tls.py");
    requests = bns_origin_requests(story->https);
    g_assert_cmpstr(run->out, ==, "not trusted\n");
    story_assert_record(run, "tls.open", "\"would_deny\"", "\"host\":\"api.test\"");
    story_assert_record(run, "tls.error", "\"host\":\"api.test\"");
    g_assert_cmpuint(g_strv_length(requests), ==, 0);
}

/* --- other commands --- */

static void
test_check(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) text = story_run(story, "check --observe");
    g_autoptr(StoryRun) json = story_run(story, "check --observe --format json");
    g_autoptr(StoryRun) plain = story_run(story, "check");

    story_assert_out(text, "--observe\tnetwork-mode\tobserve\n");
    story_assert_out(json, ",\"mode\":\"observe\",\"policy_digest\"");
    story_assert_out(plain, "default\tnetwork-mode\tenforce\n");
}

static void
test_explain(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        story_run(story, "explain --observe --allow other.test https://api.test/x");
    g_autoptr(StoryRun) guarded =
        story_run(story, "explain --observe http://10.0.0.1/");

    story_assert_status(run, 0);
    g_assert_true(
        g_str_has_prefix(run->out, "would_deny\t-\tno rule allows this host\n"));
    story_assert_out(run, "Passes, and would be denied");
    story_assert_status(guarded, 1);
    g_assert_true(g_str_has_prefix(guarded->out, "deny\t-\t"));
}

static void
test_log(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        story_run(story, "--observe -- " CURL "https://api.test/hello");
    g_autoptr(StoryRun) log = story_run(story, "log --decision would_deny");
    g_autoptr(StoryRun) all = story_run(story, "log");
    g_autoptr(StoryRun) denied = story_run(story, "log --decision deny");

    story_assert_status(run, 0);
    story_assert_out(log, "WOULD DENY  http.request    GET https://api.test/hello");
    story_assert_out(all, "(mode: observe)");
    story_assert_out(all, "would deny 1");
    g_assert_cmpstr(denied->out, ==, "");
}

static void
test_ps(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        story_shell(story, "mkfifo in out\n"
                           "$BNS --observe -- sh -c 'echo up; read x' <in >out &\n"
                           "exec 3>in 4<out; read up <&4\n"
                           "$BNS ps; $BNS ps --json\n"
                           "echo >&3; wait\n");

    story_assert_out(run, "  (observes)\n");
    story_assert_out(run, "\"mode\":\"observe\"");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/observe/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/observe/requests-pass-and-are-recorded", test_requests);
    bns_test_add("/e2e/observe/an-unknown-host", test_unknown_host);
    bns_test_add("/e2e/observe/mode-in-a-file", test_config);
    bns_test_add("/e2e/observe/http2", test_http2);
    bns_test_add("/e2e/observe/websocket", test_websocket);
    bns_test_add("/e2e/observe/git", test_git);
    bns_test_add("/e2e/observe/unknown-ports-are-read", test_unknown_ports);
    bns_test_add("/e2e/observe/server-first", test_server_first);
    bns_test_add("/e2e/observe/client-first", test_client_first);
    bns_test_add("/e2e/observe/said-and-gone", test_said_and_gone);
    bns_test_add("/e2e/observe/nothing-said", test_nothing_said);
    bns_test_add("/e2e/observe/nobody-listens", test_nobody_listens);
    bns_test_add("/e2e/observe/enforced-it-is-refused", test_enforced);
    bns_test_add("/e2e/observe/what-is-still-refused", test_refused);
    bns_test_add("/e2e/observe/who-does-not-trust-fails", test_untrusting);
    bns_test_add("/e2e/observe/check-says-so", test_check);
    bns_test_add("/e2e/observe/explain-says-would-deny", test_explain);
    bns_test_add("/e2e/observe/log-shows-it", test_log);
    bns_test_add("/e2e/observe/ps-shows-it", test_ps);
    return g_test_run();
}
