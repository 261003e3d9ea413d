/* SPDX-License-Identifier: Apache-2.0 */
/* Opaque TCP by a rule: the server is the one that the command meets, with its refusals,
 * its ends and the order of them. */
#include "tests/e2e/server.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALLOW "--allow tcp://db.test:5432 -- "

/* A python program inside, connected as s. */
static StoryRun *
run_client(Story *story, uint16_t port, const char *program)
{
    g_autofree char *text =
        g_strconcat("import socket, struct\n"
                    "s = socket.create_connection(('db.test', 5432), 20)\n"
                    "def read_all():\n"
                    "    data = b''\n"
                    "    while True:\n"
                    "        more = s.recv(65536)\n"
                    "        if not more: return data\n"
                    "        data += more\n",
                    program, NULL);
    story_write(story, "client.py", text);

    story_option(story, "--resolve db.test:5432:127.0.0.1:%u", port);
    return story_run(story, ALLOW "python3 client.py");
}

static void
assert_closed(const StoryRun *run, uint64_t sent, uint64_t received)
{
    g_autofree char *sent_text =
        g_strdup_printf("\"bytes_sent\":%" G_GUINT64_FORMAT ",", sent);
    g_autofree char *received_text =
        g_strdup_printf("\"bytes_received\":%" G_GUINT64_FORMAT ",", received);

    story_assert_record(run, "\"event\":\"tcp.open\"", "\"decision\":\"allow\"",
                        "\"rule\":\"--allow#1\"", "\"host\":\"db.test\"",
                        "\"addr\":\"127.0.0.1\"", "\"port\":5432");
    story_assert_record(run, "\"event\":\"tcp.close\"", "\"host\":\"db.test\"",
                        sent_text, received_text);
}

/* --- ends --- */

/* The server takes one connection after the other. */
#define SEE_IT_END "socket.create_connection(('db.test', 5432), 20).recv(4)\n"

static void
say_and_close(int fd, void *data)
{
    server_say(fd, "bye\n");
}

static void
test_server_ends(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(say_and_close, NULL);
    g_autoptr(StoryRun) run =
        run_client(story, server_port(server), "print(read_all())\n");

    g_assert_cmpstr(run->out, ==, "b'bye\\n'\n");
    assert_closed(run, 0, 4);
}

static void
count_and_answer(int fd, void *data)
{
    g_autofree char *answer =
        g_strdup_printf("%" G_GUINT64_FORMAT "\n", server_drain(fd));

    server_say(fd, answer);
}

static void
test_client_half_closes(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(count_and_answer, NULL);
    g_autoptr(StoryRun) run = run_client(story, server_port(server),
                                         "s.sendall(b'x' * 1000000)\n"
                                         "s.shutdown(socket.SHUT_WR)\n"
                                         "print(read_all())\n");

    g_assert_cmpstr(run->out, ==, "b'1000000\\n'\n");
    assert_closed(run, 1000000, 8);
}

/* Of the first connection; the second tells that it is over. */
static void
end_and_count(int fd, void *data)
{
    uint64_t *count = data;

    if (*count > 0) {
        server_say(fd, "over");
        return;
    }
    server_say(fd, "last words");
    shutdown(fd, SHUT_WR);
    *count = server_drain(fd);
}

static void
test_server_half_closes(void)
{
    uint64_t count = 0;
    g_autoptr(Story) story = story_new();
    Server *server = server_new(end_and_count, &count);
    g_autoptr(StoryRun) run = run_client(story, server_port(server),
                                         "print(read_all())\n"
                                         "s.sendall(b'x' * 1000000)\n"
                                         "s.close()\n" SEE_IT_END);

    server_free(server); /* joins its thread */
    g_assert_cmpstr(run->out, ==, "b'last words'\n");
    g_assert_cmpuint(count, ==, 1000000);
    assert_closed(run, 1000000, 10);
}

static void
count_of_last(int fd, void *data)
{
    uint64_t *count = data;

    *count = server_drain(fd);
}

/* Nobody waits for an answer, and the session ends with the command: what was said before
 * arrives all the same. */
static void
test_said_and_gone(void)
{
    for (int i = 0; i < 8; i++) {
        uint64_t count = 0;
        g_autoptr(Story) story = story_new();
        Server *server = server_new(count_of_last, &count);
        g_autoptr(StoryRun) run =
            run_client(story, server_port(server), "s.sendall(b'x' * 1000000)\n");

        server_await_served(server, 1);
        server_free(server);
        story_assert_status(run, 0);
        g_assert_cmpuint(count, ==, 1000000);
    }
}

static void
break_off(int fd, void *data)
{
    server_await(fd, "break");
    server_break(fd);
}

static void
test_server_breaks(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(break_off, NULL);
    g_autoptr(StoryRun) run =
        run_client(story, server_port(server),
                   "s.sendall(b'break')\n"
                   "try: print(read_all())\n"
                   "except ConnectionResetError: print('reset')\n");

    g_assert_cmpstr(run->out, ==, "reset\n");
    story_assert_record(run, "tcp.close", "\"bytes_sent\":5", "\"error\":");
}

/* The first connection's end; the second tells that it was seen. */
static void
note_reset(int fd, void *data)
{
    int *error_number = data;
    char byte;
    ssize_t n;

    if (*error_number >= 0) {
        server_say(fd, "seen");
        return;
    }
    while ((n = recv(fd, &byte, 1, 0)) == 1)
        ;
    *error_number = n == 0 ? 0 : errno;
}

static void
test_client_breaks(void)
{
    int error_number = -1;
    g_autoptr(Story) story = story_new();
    Server *server = server_new(note_reset, &error_number);
    g_autoptr(StoryRun) run =
        run_client(story, server_port(server),
                   "s.sendall(b'half')\n"
                   "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, "
                   "struct.pack('ii', 1, 0))\n"
                   "s.close()\n" SEE_IT_END);

    server_free(server);
    g_assert_cmpint(error_number, ==, ECONNRESET);
    story_assert_record(run, "tcp.close", "\"error\":");
}

static void
echo(int fd, void *data)
{
    char buffer[65536];
    ssize_t n;

    while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
        if (send(fd, buffer, (size_t)n, MSG_NOSIGNAL) != n)
            return;
}

/* Both directions at once, far beyond what all buffers on the way hold. */
static void
test_both_ways(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(echo, NULL);
    g_autoptr(StoryRun) run = run_client(story, server_port(server),
                                         "import os, threading\n"
                                         "data = os.urandom(16 << 20)\n"
                                         "def send():\n"
                                         "    s.sendall(data)\n"
                                         "    s.shutdown(socket.SHUT_WR)\n"
                                         "threading.Thread(target=send).start()\n"
                                         "print(read_all() == data)\n");

    g_assert_cmpstr(run->out, ==, "True\n");
    assert_closed(run, 16 << 20, 16 << 20);
}

/* Else a busy client has used all its ports after half a minute. A kernel that is
 * interrupted in the middle of an end may be told too early, and waits. */
static void
test_ports_are_free(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(echo, NULL);
    g_autoptr(StoryRun) run = run_client(
        story, server_port(server),
        "import signal\n"
        "signal.alarm(20)\n"
        "def waiting():\n"
        "    lines = [line.split() for line in open('/proc/net/tcp')]\n"
        "    return [int(line[1][-4:], 16) for line in lines if line[3] == '06']\n"
        "ports = []\n"
        "for i in range(20):\n"
        "    ports.append(s.getsockname()[1])\n"
        "    s.sendall(b'x')\n"
        "    s.shutdown(socket.SHUT_WR)\n"
        "    assert read_all() == b'x'\n"
        "    s.close()\n"
        "    s = socket.create_connection(('db.test', 5432), 20)\n"
        "while len(waiting()) > 5: pass\n"
        "again = socket.socket()\n"
        "again.bind(('', (set(ports) - set(waiting())).pop()))\n"
        "s.close()\n"
        "again.connect(('db.test', 5432))\n"
        "print('free')\n");

    g_assert_cmpstr(run->out, ==, "free\n");
    assert_closed(run, 1, 1);
}

/* --- refusals --- */

#define TRY_CONNECT                                                                    \
    "python3 -c \"import errno, socket\n"                                              \
    "s = socket.socket()\n"                                                            \
    "s.settimeout(20)\n"                                                               \
    "print(errno.errorcode[s.connect_ex(('db.test', 5432))])\""

static void
test_refused_by_server(void)
{
    g_autoptr(Story) story = story_new();
    g_auto(ClosedPort) closed = closed_port_new();
    g_autofree char *error = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_option(story, "--resolve db.test:5432:127.0.0.1:%u", closed.port);
    run = story_run(story, ALLOW TRY_CONNECT);
    g_assert_cmpstr(run->out, ==, "ECONNREFUSED\n");
    error =
        g_strdup_printf("could not connect to 127.0.0.1, port %u: Connection refused",
                        (unsigned)closed.port);
    story_assert_record(run, "upstream.error", "\"host\":\"db.test\"",
                        "\"rule\":\"--allow#1\"", error);
    g_assert_cmpuint(story_count_records(run, "tcp.open", NULL), ==, 0);
}

/* Nothing but a tcp rule for that port lets opaque bytes through. */
static const char *const other_rules[] = {
    "",
    "--allow db.test",
    "--allow tcp://db.test:5433",
    "--allow tcp://other.test:5432",
    "--allow tcp://*.db.test:5432",
    "--allow tcp://db.test:5432 --deny db.test",
    "--allow tcp://db.test:5432 --deny 'POST db.test/x'",
};

static void
test_refused_by_policy(gconstpointer data)
{
    const char *rules = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(say_and_close, NULL);
    g_autofree char *line = g_strdup_printf("%s -- " TRY_CONNECT, rules);
    g_autoptr(StoryRun) run = NULL;

    story_option(story, "--resolve db.test:5432:127.0.0.1:%u", server_port(server));
    run = story_run(story, line);
    g_assert_cmpstr(run->out, ==, "ECONNREFUSED\n");
    story_assert_record(run, "flow.refused", "\"deny\"", "\"host\":\"db.test\"",
                        "\"port\":5432");
    g_assert_cmpuint(server_connections(server), ==, 0);
}

/* The coder form matches any port, but HTTP only: a server that speaks first has its
 * words kept back. */
static void
test_any_port_is_for_http(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(say_and_close, NULL);
    g_autoptr(StoryRun) run = NULL;
    story_write(story, "client.py",
                "import socket\n"
                "try:\n"
                "    s = socket.create_connection(('db.test', 5432), 20)\n"
                "    print(s.recv(100) or 'kept back')\n"
                "except (ConnectionResetError, ConnectionRefusedError):\n"
                "    print('kept back')\n");

    story_option(story, "--resolve db.test:5432:127.0.0.1:%u", server_port(server));
    run = story_run(story, "--allow domain=db.test -- python3 client.py");
    g_assert_cmpstr(run->out, ==, "kept back\n");
    story_assert_record(run, "flow.refused", "\"host\":\"db.test\"", "\"port\":5432");
}

/* --- redis --- */

static pid_t
start_redis(const Story *story, uint16_t *out_port)
{
    ClosedPort closed = closed_port_new();
    g_autofree char *port = g_strdup_printf("%u", (unsigned)closed.port);
    const char *argv[] = { "redis-server", "--port", port,    "--bind",   "127.0.0.1",
                           "--save",       "",       "--dir", story->dir, NULL };
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    char byte;
    pid_t pid;
    int fd;

    closed_port_clear(&closed);
    g_spawn_async_with_pipes(NULL, (char **)(uintptr_t)argv, NULL,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                             NULL, &pid, NULL, &fd, NULL, &error);
    g_assert_no_error(error);
    while (strstr(text->str, "eady to accept connections") == NULL) {
        if (read(fd, &byte, 1) != 1)
            g_error("redis-server: %s", text->str);
        g_string_append_c(text, byte);
    }
    close(fd);
    *out_port = closed.port;
    return pid;
}

static void
test_redis(void)
{
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) allowed = NULL;
    g_autoptr(StoryRun) refused = NULL;
    uint16_t port;
    pid_t pid;

    if (!story_needs("redis-server") || !story_needs("redis-cli"))
        return;
    story = story_new();
    pid = start_redis(story, &port);
    story_option(story, "--resolve redis.test:6379:127.0.0.1:%u", port);
    allowed = story_run(story, "--allow tcp://redis.test:6379 -- sh -c '"
                               "redis-cli -h redis.test set key \"a value\"; "
                               "redis-cli -h redis.test get key; "
                               "seq 2000 | sed \"s/^/incrby sum /\" | "
                               "redis-cli -h redis.test | tail -n 1'");
    refused = story_run(story, "--allow redis.test -- redis-cli -h redis.test get key");
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);

    g_assert_cmpstr(allowed->out, ==, "OK\na value\n2001000\n");
    g_assert_cmpuint(story_count_records(allowed, "tcp.open", NULL), ==, 3);
    g_assert_cmpuint(story_count_records(allowed, "tcp.close", NULL), ==, 3);
    story_assert_err(refused, "Connection refused");
    story_assert_record(refused, "flow.refused", "redis.test");
}

/* --- the link --- */

/* Four frames of each of 4096 connections: what is more than that the device drops. */
static void
test_queue(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "queue.py",
                "import fcntl, socket, struct\n"
                "SIOCGIFTXQLEN = 0x8942\n"
                "request = struct.pack('16si20x', b'tap0', 0)\n"
                "answer = fcntl.ioctl(socket.socket(), SIOCGIFTXQLEN, request)\n"
                "print(struct.unpack('16si20x', answer)[1])\n");
    run = story_run(story, "-- python3 queue.py");
    g_assert_cmpstr(run->out, ==, "16384\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/tcp/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/tcp/the-server-ends", test_server_ends);
    bns_test_add("/e2e/tcp/the-client-half-closes", test_client_half_closes);
    bns_test_add("/e2e/tcp/the-server-half-closes", test_server_half_closes);
    bns_test_add("/e2e/tcp/the-server-breaks-off", test_server_breaks);
    bns_test_add("/e2e/tcp/the-client-breaks-off", test_client_breaks);
    bns_test_add("/e2e/tcp/what-was-said-before-the-end", test_said_and_gone);
    bns_test_add("/e2e/tcp/both-ways-at-once", test_both_ways);
    bns_test_add("/e2e/tcp/ports-are-free-at-once", test_ports_are_free);
    bns_test_add("/e2e/tcp/refused-by-the-server", test_refused_by_server);
    for (size_t i = 0; i < G_N_ELEMENTS(other_rules); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/tcp/refused-by-policy/%zu", i);

        bns_test_add_data(path, other_rules[i], test_refused_by_policy);
    }
    bns_test_add("/e2e/tcp/any-port-is-for-http", test_any_port_is_for_http);
    bns_test_add("/e2e/tcp/redis", test_redis);
    bns_test_add("/e2e/tcp/the-links-queue-holds-what-all-may-send", test_queue);
    return g_test_run();
}
