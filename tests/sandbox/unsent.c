/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/unsent.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A connection over the loopback, in a network namespace with nobody else. */
typedef struct {
    int client, server; /* owned */
} Pair;

static bool
loopback_up(void)
{
    bns_autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

typedef union {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
} Name;

/* By IPv6 sockets, also to an IPv4 address in them, as Java does it; or by IPv4 ones. */
static socklen_t
name_init(Name *name, const char *address)
{
    memset(name, 0, sizeof(*name));
    if (inet_pton(AF_INET, address, &name->ipv4.sin_addr) == 1) {
        name->ipv4.sin_family = AF_INET;
        return sizeof(name->ipv4);
    }
    name->ipv6.sin6_family = AF_INET6;
    inet_pton(AF_INET6, address, &name->ipv6.sin6_addr);
    return sizeof(name->ipv6);
}

static bool
pair_open(Pair *pair, const char *address)
{
    Name name;
    socklen_t len = name_init(&name, address);
    bns_autofd listener = socket(name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int small = 4096;

    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    if (bind(listener, &name.any, len) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, &name.any, &len) < 0)
        return false;
    pair->client = socket(name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(pair->client, &name.any, len) < 0)
        return false;
    pair->server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    return pair->server >= 0;
}

/* More than the server's side takes unread. */
static void
fill(int fd)
{
    static const char block[4096];

    while (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
        ;
}

static bool
reads_to_the_end(int fd)
{
    char buffer[65536];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        ;
    return n == 0;
}

/* Returns: NULL, or what is wrong. */
static const char *
follow_one(const char *address)
{
    Pair pair;

    if (!pair_open(&pair, address))
        return "no connection";
    if (bns_unsent() != 0)
        return "an open connection counts";
    fill(pair.client);
    if (bns_unsent() != 0)
        return "what an open connection sends counts";
    close(pair.client);
    if (bns_unsent() < 4096)
        return "what a closed connection sends does not count";
    if (!reads_to_the_end(pair.server))
        return "it did not arrive";
    while (bns_unsent() != 0)
        sched_yield(); /* the last acknowledgement; the watchdog is the limit */
    close(pair.server);
    return NULL;
}

static void
test_unsent(gconstpointer address)
{
    pid_t pid;
    int status;

    if (!bns_test_can_unshare()) {
        bns_test_skip("user namespaces are off here");
        return;
    }
    pid = fork();
    if (pid == 0) {
        const char *wrong = unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 || !loopback_up()
                                ? "no namespace"
                                : follow_one(address);

        if (wrong != NULL)
            fprintf(stderr, "# %s: %s\n", (const char *)address, wrong);
        _exit(wrong != NULL);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add_data("/sandbox/unsent/ipv4", "127.0.0.1", test_unsent);
    bns_test_add_data("/sandbox/unsent/ipv6", "::1", test_unsent);
    bns_test_add_data("/sandbox/unsent/ipv4-by-a-dual-stack-socket", "::ffff:127.0.0.1",
                      test_unsent);
    return g_test_run();
}
