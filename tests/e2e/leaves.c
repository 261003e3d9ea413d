/* SPDX-License-Identifier: Apache-2.0 */
/* No packet of the command leaves: every try is made once without a sandbox, and is seen
 * in the world behind the host, and once within one, and nothing is. */
#include "tests/e2e/island.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PYTHON_SEND(family, type, to)                                                  \
    "python3 -c \"import socket\n"                                                     \
    "s = socket.socket(socket." family ", socket." type ")\n"                          \
    "s.settimeout(5)\n"                                                                \
    "s.connect(" to ")\n"                                                              \
    "s.send(b'x')\""

typedef struct {
    const char *name;
    const char *program;
    const char *command; /* of sh */
    const char *packet;  /* that shows without a sandbox; NULL: a raw one, for which an
                          * ordinary user has no right, see test_raw() */
} Try;

static const Try tries[] = {
    { "nc", "nc", "nc -w 3 -z 192.0.2.1 25", "tcp 192.0.2.1 25\n" },
    { "nc-udp", "nc", "echo x | nc -u -w 1 192.0.2.1 5353", "udp 192.0.2.1 5353\n" },
    { "nc-6", "nc", "nc -6 -w 3 -z 2a00:77::1 25", "tcp 2a00:77::1 25\n" },
    { "python-tcp", "python3",
      PYTHON_SEND("AF_INET", "SOCK_STREAM", "('192.0.2.1', 4444)"),
      "tcp 192.0.2.1 4444\n" },
    { "python-udp", "python3",
      PYTHON_SEND("AF_INET", "SOCK_DGRAM", "('192.0.2.1', 443)"),
      "udp 192.0.2.1 443\n" },
    { "python-udp-6", "python3",
      PYTHON_SEND("AF_INET6", "SOCK_DGRAM", "('2a00:77::1', 443)"),
      "udp 2a00:77::1 443\n" },
    { "python-icmp", "python3",
      "python3 -c \"import socket\n"
      "s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)\n"
      "s.sendto(bytes([8, 0, 0xf7, 0xff, 0, 0, 0, 0]), ('192.0.2.1', 0))\"",
      NULL },
    { "python-broadcast", "python3",
      "python3 -c \"import socket\n"
      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
      "s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)\n"
      "s.sendto(b'x', ('255.255.255.255', 67))\"",
      "udp 255.255.255.255 67\n" },
    { "python-multicast", "python3",
      "python3 -c \"import socket\n"
      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
      "s.sendto(b'x', ('224.0.0.251', 5353))\"",
      "udp 224.0.0.251 5353\n" },
    { "dig", "dig", "dig +tries=1 +time=1 @8.8.8.8 leak.example", "udp 8.8.8.8 53\n" },
    { "dig-tcp", "dig", "dig +tcp +tries=1 +time=1 @8.8.8.8 leak.example",
      "tcp 8.8.8.8 53\n" },
    { "resolver", "python3",
      "python3 -c 'import socket; socket.getaddrinfo(\"leak.example\", 80)'",
      "udp " ISLAND_RESOLVER " 53\n" },
    { "ping", "ping", "ping -c 1 -W 1 192.0.2.1", NULL },
    { "ping-6", "ping", "ping -6 -c 1 -W 1 2a00:77::1", NULL },
    { "ssh", "ssh",
      "ssh -F none -o BatchMode=yes -o ConnectTimeout=3 user@192.0.2.1 true",
      "tcp 192.0.2.1 22\n" },
    { "curl-of-a-name", "curl", "curl -sS -m 5 http://leak.example/",
      "udp " ISLAND_RESOLVER " 53\n" },
    { "curl-of-an-address", "curl", "curl -sS -m 5 http://192.0.2.1/",
      "tcp 192.0.2.1 80\n" },
    { "curl-tls", "curl", "curl -sS -m 5 https://192.0.2.1/", "tcp 192.0.2.1 443\n" },
    { "to-the-host", "nc", "nc -w 3 -z " ISLAND_RESOLVER " 80",
      "tcp " ISLAND_RESOLVER " 80\n" },
};

/* The same without boundary-ns: that the try would be seen if it got out. */
static void
assert_seen_without(Story *story, const Try *attempt)
{
    const char *argv[] = { "sh", "-c", attempt->command, NULL };
    g_autofree char *seen = NULL;

    g_free(island_seen());
    g_spawn_sync(story->work, (char **)(uintptr_t)argv, story->env,
                 G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                     G_SPAWN_STDERR_TO_DEV_NULL,
                 NULL, NULL, NULL, NULL, NULL, NULL);
    seen = island_seen();
    if (strstr(seen, attempt->packet) == NULL)
        g_error("without a sandbox, \"%s\" is not in:\n%s", attempt->packet, seen);
}

static void
test_try(gconstpointer data)
{
    const Try *attempt = data;
    g_autofree char *quoted = g_shell_quote(attempt->command);
    g_autofree char *line = g_strdup_printf("-- sh -c %s", quoted);
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *seen = NULL;

    if (!story_needs(attempt->program))
        return;
    story = story_new();
    if (attempt->packet != NULL)
        assert_seen_without(story, attempt);
    g_free(island_seen());
    run = story_run(story, line);
    seen = island_seen();
    g_assert_cmpstr(seen, ==, "");
    story_assert_record(run, "session.end");
}

static void
send_echo(int family, int protocol, const char *to)
{
    const uint8_t echo[] = { family == AF_INET ? 8 : 128, 0, 0xf7, 0xff, 0, 0, 0, 0 };
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    int fd = socket(family, SOCK_RAW, protocol);
    ssize_t n;

    if (family == AF_INET && inet_pton(family, to, &v4.sin_addr) == 1)
        n = sendto(fd, echo, sizeof(echo), 0, (struct sockaddr *)&v4, sizeof(v4));
    else if (inet_pton(family, to, &v6.sin6_addr) == 1)
        n = sendto(fd, echo, sizeof(echo), 0, (struct sockaddr *)&v6, sizeof(v6));
    else
        g_error("no address: %s", to);
    g_assert_cmpint(n, ==, sizeof(echo));
    close(fd);
}

/* The other half of the tries with raw packets: this program may send them. */
static void
test_raw(void)
{
    g_autofree char *seen = NULL;

    g_free(island_seen());
    send_echo(AF_INET, IPPROTO_ICMP, "192.0.2.1");
    send_echo(AF_INET6, IPPROTO_ICMPV6, "2a00:77::1");
    seen = island_seen();
    g_assert_cmpstr(seen, ==, "icmp 192.0.2.1\nicmp 2a00:77::1\n");
}

/* A rule lets through what it says, and nothing beside it: not even for a name that it
 * does not cover is a resolver asked. */
static void
test_only_what_is_allowed(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) refused = NULL;
    g_autoptr(StoryRun) allowed = NULL;
    g_autofree char *seen_refused = NULL;
    g_autofree char *seen_allowed = NULL;

    g_free(island_seen());
    refused = story_run(story, "--allow 'https://good.example/x' -- sh -c '"
                               "curl -sS -m 9 https://leak.example/; "
                               "curl -sS -m 9 http://good.example/x; "
                               "curl -sS -m 9 http://x.good.example/x; "
                               "nc -w 3 -z good.example 22'");
    seen_refused = island_seen();
    g_assert_cmpstr(seen_refused, ==, "");
    story_assert_record(refused, "http.request", "\"deny\"", "leak.example");

    allowed = story_run(story, "--allow https://good.example/x -- "
                               "curl -sS -m 9 https://good.example/x");
    seen_allowed = island_seen();
    if (strstr(seen_allowed, "udp " ISLAND_RESOLVER " 53\n") == NULL)
        g_error("the resolver was not asked:\n%s\n%s", seen_allowed, allowed->out);
    story_assert_out(allowed, "502 Bad Gateway");
    story_assert_out(allowed, "could not be resolved");
}

int
main(int argc, char **argv)
{
    bool is_there = island_enter(false);
    bns_test_init(&argc, &argv, 60);
    if (!is_there) {
        bns_test_add("/e2e/leaves/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(tries); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/leaves/%s", tries[i].name);

        bns_test_add_data(path, &tries[i], test_try);
    }
    bns_test_add("/e2e/leaves/raw-packets-would-be-seen", test_raw);
    bns_test_add("/e2e/leaves/only-what-is-allowed", test_only_what_is_allowed);
    return g_test_run();
}
