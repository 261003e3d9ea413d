/* SPDX-License-Identifier: Apache-2.0 */
/* Many names, many connections, and their sudden ends by either side: limits hold, and
 * what was taken is given back. */
#include "tests/e2e/island.h"
#include "tests/e2e/live.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* At once. A sanitizer makes each dear, and its memory is not looked at. */
#ifdef BNS_SANITIZED
#define CONNECTIONS 100
#define WEBSOCKETS  200U
#else
#define CONNECTIONS 500
#define WEBSOCKETS  1000U
#endif
/* Of either helper, whatever has been. */
#define PSS_KIB (30 * 1024)
/* From the first round to the third: what an allocator does not find again at once. */
#define GROWTH_KIB 4096

/* --- limits --- */

static void
test_names(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    g_free(
        story_file(story, "policy.yaml", "limits: { names: 20 }\nallow: [api.test]\n"));
    g_free(story_file(story, "names.py",
                      "import socket\n"
                      "def ask(name):\n"
                      "    try: return socket.gethostbyname(name)\n"
                      "    except OSError: return None\n"
                      "answers = [ask(f'n{i}.example') for i in range(60)]\n"
                      "print(sum(a is not None for a in answers[:20]),\n"
                      "      sum(a is not None for a in answers[20:]))\n"
                      /* The old ones go on. */
                      "print(ask('n0.example') == answers[0])\n"));
    run = story_run(story, "-c policy.yaml -- python3 names.py");
    g_assert_cmpstr(run->out, ==, "20 0\nTrue\n");
    g_assert_cmpuint(story_count_records(run, "dns.name", NULL), ==, 20);
    story_assert_record(run, "dns.refused", "n59.example", "limits.names");
}

static void
test_flows(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    g_free(
        story_file(story, "policy.yaml", "limits: { flows: 10 }\nallow: [api.test]\n"));
    g_free(
        story_file(story, "flows.py",
                   "import socket\n"
                   "def connect():\n"
                   "    try: return socket.create_connection(('api.test', 80), 20)\n"
                   "    except ConnectionRefusedError: return None\n"
                   "held = [connect() for i in range(30)]\n"
                   "print(sum(s is not None for s in held[:10]),\n"
                   "      sum(s is not None for s in held[10:]))\n"
                   "s = held[0]\n"
                   "s.sendall(b'GET /hello HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n')\n"
                   "print(s.recv(15))\n"
                   "for s in held[:10]: s.close()\n"
                   /* Room again, as soon as the closes have been seen. */
                   "while (s := connect()) is None: pass\n"
                   "s.sendall(b'GET /hello HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n')\n"
                   "print(s.recv(15))\n"));
    run = story_run(story, "-c policy.yaml -- python3 flows.py");
    g_assert_cmpstr(run->out, ==, "10 0\nb'HTTP/1.1 200 OK'\nb'HTTP/1.1 200 OK'\n");
    story_assert_record(run, "flow.refused", "\"deny\"", "limits.flows");
}

/* --- what is given back --- */

/* A round: some hundred connections, all there at once; then their end, and "done". How many
 * could be opened is printed before. */
static const char crowd[] =
    "import os, resource, signal, socket, ssl, sys\n"
    "resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))\n"
    "def connect(port):\n"
    "    return socket.create_connection(('api.test', port), 60)\n"
    "def ask(port, path):\n"
    "    s = connect(port)\n"
    "    s.sendall(f'GET {path} HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n'.encode())\n"
    "    return s\n"
    "def idle(): return connect(80)\n"
    "def half_hello():\n"
    "    s = connect(443)\n"
    "    s.sendall(b'\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03')\n"
    "    return s\n"
    "def half_head():\n"
    "    s = connect(80)\n"
    "    s.sendall(b'GET /hello HTTP/1.1\\r\\nHost: api')\n"
    "    return s\n"
    "def half_upload():\n"
    "    s = connect(80)\n"
    "    s.sendall(b'POST /upload HTTP/1.1\\r\\nHost: api.test\\r\\n'\n"
    "              b'Content-Length: 1000000\\r\\n\\r\\n' + b'x' * 5000)\n"
    "    return s\n"
    "def download(): return ask(80, '/bytes/100000000')\n"
    "def cut(): return ask(80, '/cut/40000')\n"
    /* Nothing to read: it takes a reset to tell an end from a client that waits. */
    "def hang():\n"
    "    s = ask(80, '/hang')\n"
    "    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\\1\\0\\0\\0' + "
    "bytes(4))\n"
    "    return s\n"
    "def tunnel(): return ask(7777, '/bytes/100000000')\n"
    "def refused(): return ask(80, '/hello-not-allowed')\n"
    "def tls():\n"
    "    s = context.wrap_socket(connect(443), server_hostname='api.test')\n"
    "    s.sendall(b'GET /bytes/100000000 HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n')\n"
    "    return s\n"
    "context = ssl.create_default_context()\n"
    "for line in sys.stdin:\n"
    "    name, count = line.split()\n"
    "    pid = os.fork()\n"
    "    if pid == 0:\n"
    "        held = [globals()[name]() for i in range(int(count))]\n"
    "        if name in ('download', 'tunnel', 'tls'):\n"
    "            for s in held: s.recv(1)\n"
    "        if name == 'cut':\n"
    "            for s in held:\n"
    "                while s.recv(65536): pass\n"
    "        print('opened', len(held), flush=True)\n"
    /* Unread bytes and all: the kernel resets what had any, and ends the rest. */
    "        os.kill(os.getpid(), signal.SIGKILL)\n"
    "    if os.waitpid(pid, 0)[1] != signal.SIGKILL: sys.exit('failed: ' + name)\n"
    "    print('done', name, flush=True)\n";

/* /proc/PID/fd of a process that is not dumpable: for the island's root only. */
static unsigned
count_descriptors(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
    unsigned count = 0;

    g_assert_no_error(error);
    while (g_dir_read_name(dir) != NULL)
        count++;
    return count;
}

/* A sanitizer's memory is not ours. */
static void
assert_pss(pid_t pid, const char *name, unsigned most_kib)
{
#ifndef BNS_SANITIZED
    unsigned kib = live_pss_kib(pid);

    if (kib > MIN(most_kib, PSS_KIB))
        g_error("%s: %u KiB, more than %u", name, kib, MIN(most_kib, PSS_KIB));
#endif
}

typedef struct {
    Live *live;        /* owned */
    GArray *processes; /* owned */
    pid_t gateway, netstack;
    unsigned gateway_fds, netstack_fds;
} Crowd;

/* Ends are seen one by one, and lingered for: they are waited for, within the watchdog's
 * time. */
static void
await_descriptors(pid_t pid, unsigned expected, const char *name)
{
    unsigned seen = 0;

    while ((seen = count_descriptors(pid)) > expected)
        g_usleep(20000);
    if (seen < expected)
        g_error("%s: %u descriptors, fewer than the %u at the start", name, seen,
                expected);
}

static void
run_round(Crowd *c, const char *name, unsigned count)
{
    g_autofree char *line = g_strdup_printf("%s %u\n", name, count);
    g_autofree char *opened = g_strdup_printf("opened %u\ndone %s\n", count, name);

    g_string_truncate(c->live->out, 0);
    live_write(c->live, line);
    live_await_out(c->live, opened);
    await_descriptors(c->gateway, c->gateway_fds, "gateway");
    await_descriptors(c->netstack, c->netstack_fds, "netstack");
}

static void
crowd_init(Crowd *c, Story *story)
{
    g_free(story_file(story, "crowd.py", crowd));
    story_option(story,
                 "--allow tcp://api.test:7777 --resolve "
                 "api.test:7777:127.0.0.1:%u",
                 (unsigned)bns_origin_port(story->http));
    story_option(story, "--allow 'api.test/bytes/*' --allow 'api.test/cut/*' "
                        "--allow api.test/hang --allow api.test/upload");
    c->live = live_start(story, "-- python3 crowd.py");
    /* The first ones of their kind make what stays: leaves, trust, libslirp's lists. */
    g_string_truncate(c->live->out, 0);
    live_write(c->live, "tls 1\n");
    live_await_out(c->live, "done tls\n");
    c->processes = live_processes(c->live);
    c->gateway = live_find(c->processes, "bns-gateway")->pid;
    c->netstack = live_find(c->processes, "boundary-ns-net")->pid;
}

static void
crowd_clear(Crowd *c)
{
    g_autoptr(StoryRun) run = NULL;

    live_close_input(c->live);
    run = live_end(c->live);
    story_assert_status(run, 0);
    live_free(c->live);
    g_array_unref(c->processes);
}

static const char *const rounds[] = {
    "idle", "half_hello", "half_head", "half_upload", "download",
    "cut",  "hang",       "tunnel",    "refused",
};

/* The number of descriptors at rest: when it does not change any more. Two requests that
 * are over leave none. */
static void
take_baseline(Crowd *c)
{
    unsigned previous = 0;

    c->gateway_fds = count_descriptors(c->gateway);
    c->netstack_fds = count_descriptors(c->netstack);
    while (c->gateway_fds + c->netstack_fds != previous) {
        previous = c->gateway_fds + c->netstack_fds;
        g_usleep(200000);
        c->gateway_fds = count_descriptors(c->gateway);
        c->netstack_fds = count_descriptors(c->netstack);
    }
}

static void
test_round(gconstpointer data)
{
    const char *name = data;
    g_autoptr(Story) story = story_new();
    Crowd c = { 0 };
    unsigned gateway_kib, netstack_kib;

    crowd_init(&c, story);
    take_baseline(&c);
    run_round(&c, name, CONNECTIONS);
    gateway_kib = live_pss_kib(c.gateway);
    netstack_kib = live_pss_kib(c.netstack);
    run_round(&c, name, CONNECTIONS);
    run_round(&c, name, CONNECTIONS);
    assert_pss(c.gateway, "gateway", gateway_kib + GROWTH_KIB);
    assert_pss(c.netstack, "netstack", netstack_kib + GROWTH_KIB);
    crowd_clear(&c);
}

/* Handshakes are dear: fewer of them, all through once. */
static void
test_tls(void)
{
    g_autoptr(Story) story = story_new();
    Crowd c = { 0 };

    crowd_init(&c, story);
    take_baseline(&c);
    run_round(&c, "tls", 100);
    crowd_clear(&c);
}

/* --- WebSockets that say nothing --- */

/* Two TLS connections and a tunnel. */
#define WEBSOCKET_KIB 48

/* In TLS; each has echoed something once, so that it had its buffers. */
static const char websockets[] =
    "import resource, socket, ssl, sys\n"
    "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
    "resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))\n"
    "context = ssl.create_default_context()\n"
    "def hear(s, n):\n"
    "    data = b''\n"
    "    while len(data) < n: data += s.recv(n - len(data)) or sys.exit('ended')\n"
    "    return data\n"
    "def echo(s):\n"
    "    s.sendall(b'\\x82\\xfe\\x40\\0' + bytes(4 + 0x4000))\n"
    "    assert hear(s, 4 + 0x4000) == b'\\x82\\x7e\\x40\\0' + bytes(0x4000)\n"
    "def start():\n"
    "    s = context.wrap_socket(socket.create_connection(('api.test', 443), 60),\n"
    "                            server_hostname='api.test')\n"
    "    s.sendall(b'GET /ws HTTP/1.1\\r\\nHost: api.test\\r\\nUpgrade: "
    "websocket\\r\\n'\n"
    "              b'Connection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\n'\n"
    "              b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n')\n"
    "    head = b''\n"
    "    while b'\\r\\n\\r\\n' not in head: head += hear(s, 1)\n"
    "    assert head.split()[1] == b'101', head\n"
    "    echo(s)\n"
    "    return s\n"
    "held = [start()]\n"
    "print('first', flush=True)\n"
    "for line in sys.stdin:\n"
    "    while len(held) < int(line): held.append(start())\n"
    "    print('open', len(held), flush=True)\n"
    "for s in held: echo(s)\n"
    "print('all alive', flush=True)\n";

static void
test_websockets(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(GArray) processes = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *line = g_strdup_printf("%u\n", WEBSOCKETS);
    g_autofree char *opened = g_strdup_printf("open %u\n", WEBSOCKETS);
    Live *live;
    pid_t gateway;
    unsigned before_kib, each_kib;

    story_write(story, "websockets.py", websockets);
    live = live_start(story, "--allow api.test/ws -- python3 websockets.py");
    live_await_out(live, "first\n");
    processes = live_processes(live);
    gateway = live_find(processes, "bns-gateway")->pid;
    before_kib = live_pss_kib(gateway);
    live_write(live, line);
    live_await_out(live, opened);
    each_kib = (live_pss_kib(gateway) - before_kib) / WEBSOCKETS;
    g_test_message("%u KiB for each of %u idle WebSockets", each_kib, WEBSOCKETS);
#ifndef BNS_SANITIZED
    g_assert_cmpuint(each_kib, <=, WEBSOCKET_KIB);
#endif
    live_close_input(live);
    live_await_out(live, "all alive\n");
    run = live_end(live);
    story_assert_status(run, 0);
    g_assert_cmpuint(story_count_records(run, "http.response", "\"status\":101", NULL),
                     ==, WEBSOCKETS);
    live_free(live);
}

int
main(int argc, char **argv)
{
    bool is_there = island_enter(true);

    bns_test_init(&argc, &argv, 120);
    if (!is_there) {
        bns_test_add("/e2e/crowd/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/crowd/limit-of-names", test_names);
    bns_test_add("/e2e/crowd/limit-of-flows", test_flows);
    for (size_t i = 0; i < G_N_ELEMENTS(rounds); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/crowd/gives-back/%s", rounds[i]);

        bns_test_add_data(path, rounds[i], test_round);
    }
    bns_test_add("/e2e/crowd/gives-back/tls", test_tls);
    bns_test_add("/e2e/crowd/a-thousand-idle-websockets", test_websockets);
    return g_test_run();
}
