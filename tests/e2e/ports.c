/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: a server inside that the host visits (--publish), and one of the host's loopback
 * that the command may use (--host-port). */
#include "tests/e2e/live.h"
#include "tests/e2e/server.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- a published server --- */

/* A server inside, on port 8000, that goes when the session's input ends. */
static Live *
start_server(Story *story, const char *server, const char *ready)
{
    g_autofree char *script =
        g_strdup_printf("%s & read _; kill $!; wait $!; exit 0\n", server);
    Live *live;

    story_write(story, "serve.sh", script);
    live = live_start(story, "--publish 0:8000 -- sh serve.sh");
    live_await_err(live, ":8000\n");
    live_await_out(live, ready);
    return live;
}

static unsigned
find_port(const Live *live)
{
    const char *at = strstr(live->err->str, "published: 127.0.0.1:");

    g_assert_nonnull(at);
    return (unsigned)g_ascii_strtoull(at + strlen("published: 127.0.0.1:"), NULL, 10);
}

static StoryRun *
stop_server(Live *live)
{
    StoryRun *run;

    live_close_input(live);
    run = live_end(live);
    story_assert_status(run, 0);
    return run;
}

/* Runs a shell command outside. Returns: (transfer full): its output. */
static char *G_GNUC_PRINTF(1, 2) run_outside(const char *format, ...)
{
    g_autofree char *line = NULL;
    char *out = NULL;
    g_autoptr(GError) error = NULL;
    const char *argv[] = { "sh", "-c", NULL, NULL };
    va_list args;

    va_start(args, format);
    line = g_strdup_vprintf(format, args);
    va_end(args);
    argv[2] = line;
    g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                 &out, NULL, NULL, &error);
    g_assert_no_error(error);
    return out;
}

/* Returns: connected to the published port, or -1. */
static int
visit(unsigned port)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void
test_python(void)
{
    g_autoptr(Story) story = story_new();
    Live *live;
    g_autofree char *out = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "page.txt", "the page\n");
    live = start_server(story, "python3 -u -m http.server 8000 --bind 127.0.0.1",
                        "Serving HTTP");
    out = run_outside("for i in 1 2 3; do curl -sS http://127.0.0.1:%u/page.txt; done "
                      "2>&1",
                      find_port(live));
    g_assert_cmpstr(out, ==, "the page\nthe page\nthe page\n");
    run = stop_server(live);
    live_free(live);
    story_assert_record(run, "session.start",
                        "\"published\":[\"127.0.0.1:", ":8000\"]");
    g_assert_cmpuint(story_count_records(run, "publish.open", "\"addr\":\"127.0.0.1\"",
                                         "\"port\":8000", NULL),
                     ==, 3);
    g_assert_cmpuint(
        story_count_records(run, "publish.close", "\"port\":8000",
                            "\"bytes_sent\":", "\"bytes_received\":", NULL),
        ==, 3);
}

static void
test_node_on_ipv6(void)
{
    g_autoptr(Story) story = NULL;
    Live *live;
    g_autofree char *out = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("node"))
        return;
    story = story_new();
    story_write(story, "server.js",
                "require('http').createServer((q, s) => s.end(q.url + '\\n'))\n"
                "  .listen(8000, '::1', () => console.log('listening'))\n");
    live = start_server(story, "node server.js", "listening");
    out = run_outside("curl -sS http://127.0.0.1:%u/x?y=z 2>&1", find_port(live));
    g_assert_cmpstr(out, ==, "/x?y=z\n");
    run = stop_server(live);
    live_free(live);
}

/* RFC 6455, as little of it as an echo takes; what comes from the client is masked. */
static const char websocket[] =
    "import base64, hashlib, os, socket, sys\n"
    "GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'\n"
    "def accept(key): return base64.b64encode(hashlib.sha1((key + GUID).encode())"
    ".digest()).decode()\n"
    "def exact(s, n):\n"
    "    data = b''\n"
    "    while len(data) < n:\n"
    "        more = s.recv(n - len(data))\n"
    "        if not more: sys.exit('ended')\n"
    "        data += more\n"
    "    return data\n"
    "def head(s):\n"
    "    data = b''\n"
    "    while not data.endswith(b'\\r\\n\\r\\n'): data += exact(s, 1)\n"
    "    return data.decode()\n"
    "def read(s):\n"
    "    first, second = exact(s, 2)\n"
    "    n = second & 127\n"
    "    if n == 126: n = int.from_bytes(exact(s, 2), 'big')\n"
    "    mask = exact(s, 4) if second & 128 else bytes(4)\n"
    "    return first, bytes(b ^ mask[i % 4] for i, b in enumerate(exact(s, n)))\n"
    "def write(s, first, data, mask=b''):\n"
    "    size = bytes([len(data)]) if len(data) < 126 else b'\\x7e' + "
    "len(data).to_bytes(2, 'big')\n"
    "    if mask:\n"
    "        size = bytes([size[0] | 128]) + size[1:] + mask\n"
    "        data = bytes(b ^ mask[i % 4] for i, b in enumerate(data))\n"
    "    s.sendall(bytes([first]) + size + data)\n"
    "def serve():\n"
    "    l = socket.create_server(('127.0.0.1', 8000))\n"
    "    print('listening', flush=True)\n"
    "    s, _ = l.accept()\n"
    "    key = head(s).split('Sec-WebSocket-Key: ')[1].split('\\r')[0]\n"
    "    s.sendall(('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n'\n"
    "      'Connection: Upgrade\\r\\nSec-WebSocket-Accept: %s\\r\\n\\r\\n' "
    "% accept(key)).encode())\n"
    "    while True:\n"
    "        first, data = read(s)\n"
    "        write(s, first, data)\n"
    "        if first == 0x88: return\n"
    "def ask(port):\n"
    "    s = socket.create_connection(('127.0.0.1', port), 20)\n"
    "    key = base64.b64encode(os.urandom(16)).decode()\n"
    "    s.sendall(('GET / HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\n'\n"
    "      'Connection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\n'\n"
    "      'Sec-WebSocket-Key: %s\\r\\n\\r\\n' % key).encode())\n"
    "    assert accept(key) in head(s)\n"
    "    for data in (b'hello', b'', os.urandom(60000)):\n"
    "        write(s, 0x82, data, b'abcd')\n"
    "        assert read(s) == (0x82, data)\n"
    "    write(s, 0x88, b'', b'abcd')\n"
    "    assert read(s) == (0x88, b'')\n"
    "    print('echoed')\n"
    "ask(int(sys.argv[1])) if len(sys.argv) > 1 else serve()\n";

static void
test_websocket(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *path = story_file(story, "ws.py", websocket);
    g_autofree char *out = NULL;
    g_autoptr(StoryRun) run = NULL;
    Live *live;

    live = start_server(story, "python3 ws.py", "listening");
    out = run_outside("python3 %s %u 2>&1", path, find_port(live));
    g_assert_cmpstr(out, ==, "echoed\n");
    run = stop_server(live);
    live_free(live);
}

/* Many at once, each with its own answer. */
#define N_VISITORS 300

static void
test_many(void)
{
    static int fds[N_VISITORS];
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    unsigned port;
    Live *live;

    story_write(story, "echo.py",
                "import asyncio\n"
                "async def echo(r, w):\n"
                "    w.write(await r.readline()); await w.drain(); w.close()\n"
                "async def main():\n"
                "    s = await asyncio.start_server(echo, '127.0.0.1', 8000, "
                "backlog=1000)\n"
                "    print('listening', flush=True)\n"
                "    await s.serve_forever()\n"
                "asyncio.run(main())\n");
    live = start_server(story, "python3 echo.py", "listening");
    port = find_port(live);
    for (int i = 0; i < N_VISITORS; i++)
        g_assert_cmpint(fds[i] = visit(port), >=, 0);
    for (int i = 0; i < N_VISITORS; i++) {
        g_autofree char *said = g_strdup_printf("visitor %d\n", i);

        g_assert_true(server_say(fds[i], said));
        g_assert_true(server_await(fds[i], said));
        g_assert_cmpuint(server_drain(fds[i]), ==, 0);
        close(fds[i]);
    }
    run = stop_server(live);
    live_free(live);
    g_assert_cmpuint(story_count_records(run, "publish.open", NULL), ==, N_VISITORS);
    g_assert_cmpuint(story_count_records(run, "publish.close", NULL), ==, N_VISITORS);
}

/* Before the server listens, and after: cut off at once, then served. */
static void
test_too_early(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *early = NULL;
    g_autofree char *late = NULL;
    Live *live;

    story_write(story, "page.txt", "the page\n");
    story_write(story, "serve.sh",
                "echo started; read _\n"
                "python3 -u -m http.server 8000 --bind 127.0.0.1 & read _; kill $!\n");
    live = live_start(story, "--publish 0:8000 -- sh serve.sh");
    live_await_out(live, "started");
    live_await_err(live, ":8000\n");
    early = run_outside("curl -sS http://127.0.0.1:%u/page.txt 2>&1", find_port(live));
    g_assert_true(g_str_has_prefix(early, "curl: "));
    live_write(live, "\n");
    live_await_out(live, "Serving HTTP");
    late = run_outside("curl -sS http://127.0.0.1:%u/page.txt 2>&1", find_port(live));
    g_assert_cmpstr(late, ==, "the page\n");
    live_close_input(live);
    run = live_end(live);
    live_free(live);
    story_assert_record(run, "publish.error", "\"port\":8000",
                        "nothing listens on this port inside");
}

/* Another program may get the port that was ours, for a moment. */
#define FREE_TRIES 20

static void
assert_free(Story *story, unsigned port)
{
    g_autofree char *line = g_strdup_printf("--publish %u:8000 -- true", port);

    for (int i = 0; i < FREE_TRIES; i++) {
        g_autoptr(StoryRun) run = story_run(story, line);

        if (strstr(run->err, "Address already in use") != NULL)
            continue;
        story_assert_status(run, 0);
        return;
    }
    g_error("port %u is still in use", port);
}

/* With connections open: the visitor sees an end, and the port is free again. */
static void
test_end(gconstpointer by_kill)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    unsigned port;
    Live *live;
    int fd;

    story_write(story, "hold.py",
                "import socket\n"
                "l = socket.create_server(('127.0.0.1', 8000))\n"
                "print('listening', flush=True)\n"
                "s, _ = l.accept()\n"
                "s.sendall(b'hello')\n"
                "s.recv(1)\n");
    live = start_server(story, "python3 hold.py", "listening");
    port = find_port(live);
    fd = visit(port);
    g_assert_true(server_await(fd, "hello"));
    if (by_kill != NULL)
        kill(live->pid, SIGKILL);
    else
        live_close_input(live);
    run = live_end(live);
    server_drain(fd);
    close(fd);
    if (by_kill == NULL)
        story_assert_record(run, "publish.close", "\"bytes_received\":5");
    live_free(live);
    /* Killed, the others follow a moment later. */
    while (by_kill != NULL && (fd = visit(port)) >= 0)
        close(fd);
    assert_free(story, port);
}

/* --- starts that fail --- */

static void
test_in_use(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(NULL, NULL);
    g_autofree char *line =
        g_strdup_printf("--publish %u -- touch ran", server_port(server));
    g_autofree char *why = g_strdup_printf(
        "boundary-ns: --publish %u: could not listen on 127.0.0.1, port "
        "%u: Address already in use\n",
        server_port(server), server_port(server));
    g_autofree char *ran = g_build_filename(story->work, "ran", NULL);
    g_autoptr(StoryRun) run = story_run(story, line);

    story_assert_status(run, 125);
    g_assert_cmpstr(run->err, ==, why);
    g_assert_false(g_file_test(ran, G_FILE_TEST_EXISTS));
}

/* --- a port of the host --- */

static void
greet(int fd, void *data)
{
    server_await(fd, "hello");
    server_say(fd, "from the host");
}

#define CONNECT                                                                        \
    "python3 -c \"import socket\n"                                                     \
    "s = socket.create_connection(('host.boundary.internal', %u), 20)\n"               \
    "s.sendall(b'hello')\n"                                                            \
    "print(s.recv(100).decode())\""

static void
test_host_port(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(greet, NULL);
    unsigned port = server_port(server);
    g_autofree char *line = g_strdup_printf(
        "--host-port %u --allow tcp://host.boundary.internal:%u -- " CONNECT, port,
        port, port);
    g_autofree char *named = g_strdup_printf("\"host_ports\":[\"%u\"]", port);
    g_autoptr(StoryRun) run = story_run(story, line);

    g_assert_cmpstr(run->out, ==, "from the host\n");
    story_assert_record(run, "session.start", named);
    story_assert_record(run, "tcp.open", "\"host\":\"host.boundary.internal\"",
                        "\"addr\":\"127.0.0.1\"", "\"rule\":\"--allow#1\"");
    story_assert_record(run, "tcp.close", "\"bytes_sent\":5", "\"bytes_received\":13");
}

/* It opens nothing by itself, and no other port. */
static const struct {
    const char *name;
    const char *options; /* @: the server's port */
    const char *err;
} refusals[] = {
    { "no-rule", "--host-port @", "ConnectionRefusedError" },
    { "no-option", "--allow tcp://host.boundary.internal:@", "gaierror" },
    { "another-port", "--host-port 1 --allow tcp://host.boundary.internal:@",
      "ConnectionRefusedError" },
    { "denied",
      "--host-port @ --allow tcp://host.boundary.internal:@ --deny "
      "host.boundary.internal",
      "ConnectionRefusedError" },
    { "address-of-another-loopback",
      "--host-port 127.0.0.2:@ --allow tcp://host.boundary.internal:@",
      "ConnectionRefusedError" },
};

static void
test_host_port_refused(gconstpointer data)
{
    size_t row = GPOINTER_TO_SIZE(data);
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(greet, NULL);
    g_autofree char *port = g_strdup_printf("%u", server_port(server));
    g_autofree char *line =
        g_strdup_printf("%s -- " CONNECT, refusals[row].options, server_port(server));
    g_auto(GStrv) parts = g_strsplit(line, "@", -1);
    g_autofree char *whole = g_strjoinv(port, parts);
    g_autoptr(StoryRun) run = story_run(story, whole);

    story_assert_err(run, refusals[row].err);
    g_assert_cmpuint(server_connections(server), ==, 0);
}

/* Requests are judged as any others. */
static void
test_host_port_http(void)
{
    g_autoptr(Story) story = story_new();
    unsigned port = bns_origin_port(story->http);
    g_autofree char *line = g_strdup_printf(
        "--host-port %u --allow host.boundary.internal:%u/hello -- sh -c "
        "'curl -sS http://host.boundary.internal:%u/hello; "
        "curl -sS -o /dev/null -w \"%%{http_code}\\n\" "
        "http://host.boundary.internal:%u/other'",
        port, port, port, port);
    g_autoptr(StoryRun) run = story_run(story, line);

    g_assert_cmpstr(run->out, ==, "hello\n403\n");
    story_assert_record(run, "http.request", "\"allow\"",
                        "\"host\":\"host.boundary.internal\"", "/hello");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/ports/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/ports/python-s-server-and-curl", test_python);
    bns_test_add("/e2e/ports/node-s-server-on-ipv6", test_node_on_ipv6);
    bns_test_add("/e2e/ports/a-websocket-echoes", test_websocket);
    bns_test_add("/e2e/ports/many-visitors-at-once", test_many);
    bns_test_add("/e2e/ports/before-the-server-listens", test_too_early);
    bns_test_add_data("/e2e/ports/the-session-ends", NULL, test_end);
    bns_test_add_data("/e2e/ports/the-session-is-killed", "kill", test_end);
    bns_test_add("/e2e/ports/a-port-in-use-stops-the-start", test_in_use);
    bns_test_add("/e2e/ports/a-port-of-the-host", test_host_port);
    bns_test_add("/e2e/ports/a-port-of-the-host-for-http", test_host_port_http);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path =
            g_strconcat("/e2e/ports/host-port-refused/", refusals[i].name, NULL);

        bns_test_add_data(path, GSIZE_TO_POINTER(i), test_host_port_refused);
    }
    return g_test_run();
}
