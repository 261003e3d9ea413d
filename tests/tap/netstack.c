/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole netstack against a real kernel's TCP: what the command sees, what the gateway
 * is told, what is left behind.
 */
#include "netstack/tap/netstack.h"

#include "base/fd.h"
#include "netstack/tap/slirp.h"
#include "netstack/tap/slirp_entries.h"
#include "tests/support/test.h"
#include "tests/tap/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER "93.184.216.34"

static World *
new_world(gconstpointer use_veth, void (*guest)(void))
{
    const WorldConfig config = { .use_veth = use_veth != NULL,
                                 .max_names = 100,
                                 .max_flows = 1000,
                                 .guest = guest };

    return world_new(&config);
}

static uint16_t
own_port(int fd)
{
    struct sockaddr_in own;
    socklen_t len = sizeof(own);

    GUEST_CHECK(getsockname(fd, (struct sockaddr *)&own, &len) == 0);
    return ntohs(own.sin_port);
}

/* --- verdicts --- */

static void
guest_of_verdicts(void)
{
    int fd;

    GUEST_CHECK(world_guest_connect(SERVER, 81, SOCK_STREAM) == -ECONNREFUSED);
    GUEST_CHECK(world_guest_connect(SERVER, 82, SOCK_STREAM) == -EHOSTUNREACH);
    fd = world_guest_connect(SERVER, 80, SOCK_STREAM);
    GUEST_CHECK(fd >= 0);
    GUEST_CHECK(write(fd, "ping", 4) == 4);
    GUEST_CHECK(shutdown(fd, SHUT_WR) == 0);
    char answer[8];
    GUEST_CHECK(read(fd, answer, sizeof(answer)) == 4);
    GUEST_CHECK(memcmp(answer, "pong", 4) == 0);
    GUEST_CHECK(read(fd, answer, sizeof(answer)) == 0);
}

static void
test_verdicts(gconstpointer use_veth)
{
    g_autoptr(World) world = new_world(use_veth, guest_of_verdicts);
    bns_autofd fd = -1;
    char text[8];
    BnsWire offer;

    if (world == NULL)
        return;
    offer = world_expect(world, BNS_WIRE_OFFER, NULL);
    g_assert_cmpuint(offer.flow, ==, 1);
    g_assert_cmpuint(offer.port, ==, 81);
    g_assert_cmpuint(offer.addr, ==, inet_addr(SERVER));
    g_assert_cmpstr(offer.name, ==, "");
    world_send(world, BNS_WIRE_VERDICT, offer.flow, BNS_WIRE_REFUSE);
    offer = world_expect(world, BNS_WIRE_OFFER, NULL);
    g_assert_cmpuint(offer.port, ==, 82);
    world_send(world, BNS_WIRE_VERDICT, offer.flow, BNS_WIRE_UNREACHABLE);
    offer = world_accept(world, &fd);
    g_assert_cmpint(read(fd, text, 4), ==, 4);
    g_assert_cmpmem(text, 4, "ping", 4);
    g_assert_cmpint(read(fd, text, 4), ==, 0); /* the command has ended its half */
    g_assert_cmpint(write(fd, "pong", 4), ==, 4);
    bns_fd_clear(&fd);
    world_send(world, BNS_WIRE_CLOSED, offer.flow, 0);
    world_await_no_flow(world);
    world_end_session(world);
}

/* A silent flow is offered once, however often its SYN comes. */
static void
guest_of_silence(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(83),
                              .sin_addr.s_addr = inet_addr(SERVER) };
    const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    GUEST_CHECK(setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &one, sizeof(one)) == 0);
    GUEST_CHECK(connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 &&
                errno == ETIMEDOUT);
    GUEST_CHECK(world_guest_connect(SERVER, 81, SOCK_STREAM) == -ECONNREFUSED);
}

static void
test_silence(void)
{
    g_autoptr(World) world = new_world(NULL, guest_of_silence);
    BnsWire offer;

    if (world == NULL)
        return;
    offer = world_expect(world, BNS_WIRE_OFFER, NULL);
    g_assert_cmpuint(offer.port, ==, 83);
    world_send(world, BNS_WIRE_VERDICT, offer.flow, BNS_WIRE_TIMEOUT);
    offer = world_expect(world, BNS_WIRE_OFFER, NULL);
    g_assert_cmpuint(offer.port, ==, 81);
    world_send(world, BNS_WIRE_VERDICT, offer.flow, BNS_WIRE_REFUSE);
    world_end_session(world);
}

/* --- many at once --- */

#define N_PARALLEL 200

/* Every connection says its own port and must be answered with it. */
static void
guest_of_parallel(void)
{
    static const char *const addrs[] = { SERVER, "203.0.113.7" };
    int fds[N_PARALLEL];

    for (int i = 0; i < N_PARALLEL; i++) {
        fds[i] = world_guest_connect(addrs[i % 2], 80 + i % 3 / 2,
                                     SOCK_STREAM | SOCK_NONBLOCK);
        GUEST_CHECK(fds[i] >= 0);
    }
    for (int i = 0; i < N_PARALLEL; i++) {
        struct pollfd pollfd = { .fd = fds[i], .events = POLLOUT };
        uint16_t port = own_port(fds[i]);

        GUEST_CHECK(poll(&pollfd, 1, -1) == 1 && pollfd.revents == POLLOUT);
        GUEST_CHECK(write(fds[i], &port, sizeof(port)) == sizeof(port));
    }
    for (int i = 0; i < N_PARALLEL; i++) {
        struct pollfd pollfd = { .fd = fds[i], .events = POLLIN };
        uint16_t answer = 0;

        GUEST_CHECK(poll(&pollfd, 1, -1) == 1);
        GUEST_CHECK(read(fds[i], &answer, sizeof(answer)) == sizeof(answer));
        GUEST_CHECK(answer == own_port(fds[i]));
    }
}

static void
test_parallel(gconstpointer use_veth)
{
    g_autoptr(World) world = new_world(use_veth, guest_of_parallel);
    uint16_t ports[N_PARALLEL + 1];

    if (world == NULL)
        return;
    for (int i = 0; i < N_PARALLEL; i++) {
        BnsWire offer = world_expect(world, BNS_WIRE_OFFER, NULL);

        g_assert_cmpuint(offer.flow, <=, N_PARALLEL);
        ports[offer.flow] = offer.guest_port;
    }
    /* Another order than they came in: 77 has no factor in common with 200. */
    for (unsigned i = 0; i < N_PARALLEL; i++)
        world_send(world, BNS_WIRE_VERDICT, 1 + i * 77 % N_PARALLEL, BNS_WIRE_ACCEPT);
    for (int i = 0; i < N_PARALLEL; i++) {
        bns_autofd fd = -1;
        BnsWire stream = world_expect(world, BNS_WIRE_STREAM, &fd);
        uint16_t port;

        g_assert_cmpint(read(fd, &port, sizeof(port)), ==, sizeof(port));
        g_assert_cmpuint(port, ==, ports[stream.flow]);
        g_assert_cmpint(write(fd, &port, sizeof(port)), ==, sizeof(port));
        bns_fd_clear(&fd);
        world_send(world, BNS_WIRE_CLOSED, stream.flow, 0);
    }
    world_end_session(world);
    /* There are 4 addresses: flows whose stack is the same have theirs in common. */
    g_assert_cmpuint(bns_netstack_entries(world->netstack), <, N_PARALLEL);
}

/* --- bytes --- */

#define STREAM_BYTES (8 * 1024 * 1024)

/* The same bytes on both sides, from a number. */
static void
fill(uint8_t *bytes, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

static bool
send_all(int fd, const uint8_t *bytes, size_t len)
{
    return bns_fd_write_all(fd, bytes, len) == 0;
}

static bool
receive_all(int fd, const uint8_t *expected, size_t len)
{
    static uint8_t buffer[65536];

    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, buffer, MIN(sizeof(buffer), len - at));

        if (n <= 0 || memcmp(buffer, expected + at, (size_t)n) != 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static void
guest_of_bytes(void)
{
    static uint8_t bytes[STREAM_BYTES];
    int fd = world_guest_connect(SERVER, 80, SOCK_STREAM);

    GUEST_CHECK(fd >= 0);
    fill(bytes, sizeof(bytes), 1);
    GUEST_CHECK(send_all(fd, bytes, sizeof(bytes)));
    GUEST_CHECK(shutdown(fd, SHUT_WR) == 0);
    fill(bytes, sizeof(bytes), 2);
    GUEST_CHECK(receive_all(fd, bytes, sizeof(bytes)));
    GUEST_CHECK(read(fd, bytes, 1) == 0);
}

static void
test_bytes(gconstpointer use_veth)
{
    g_autoptr(World) world = new_world(use_veth, guest_of_bytes);
    g_autofree uint8_t *bytes = g_malloc(STREAM_BYTES);
    bns_autofd fd = -1;
    BnsWire offer;

    if (world == NULL)
        return;
    offer = world_accept(world, &fd);
    fill(bytes, STREAM_BYTES, 1);
    g_assert_true(receive_all(fd, bytes, STREAM_BYTES));
    g_assert_cmpint(read(fd, bytes, 1), ==, 0);
    fill(bytes, STREAM_BYTES, 2);
    g_assert_true(send_all(fd, bytes, STREAM_BYTES));
    bns_fd_clear(&fd);
    /* What it wrote before is still on its way: the last word must not cut it. */
    world_send(world, BNS_WIRE_CLOSED, offer.flow, 0);
    world_end_session(world);
}

/* --- ends --- */

static void
guest_of_reset(void)
{
    const struct linger now = { .l_onoff = 1 };
    int fd = world_guest_connect(SERVER, 80, SOCK_STREAM);

    GUEST_CHECK(fd >= 0);
    GUEST_CHECK(write(fd, "half a", 6) == 6);
    GUEST_CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
    close(fd);
}

static void
test_guest_resets(void)
{
    g_autoptr(World) world = new_world(NULL, guest_of_reset);
    bns_autofd fd = -1;
    BnsWire offer;

    if (world == NULL)
        return;
    offer = world_accept(world, &fd);
    g_assert_cmpuint(world_expect(world, BNS_WIRE_RESET, NULL).flow, ==, offer.flow);
    world_send(world, BNS_WIRE_CLOSED, offer.flow, 0);
    world_await_no_flow(world);
    world_end_session(world);
}

/* The gateway asks for a reset while the command waits for more. */
static void
guest_of_wanted_reset(void)
{
    char text[8];
    int fd = world_guest_connect(SERVER, 80, SOCK_STREAM);

    GUEST_CHECK(fd >= 0);
    GUEST_CHECK(read(fd, text, 4) == 4);
    GUEST_CHECK(write(fd, "x", 1) == 1);
    GUEST_CHECK(read(fd, text, 4) < 0 && errno == ECONNRESET);
}

static void
test_gateway_resets(void)
{
    g_autoptr(World) world = new_world(NULL, guest_of_wanted_reset);
    bns_autofd fd = -1;
    char text[1];
    BnsWire offer;

    if (world == NULL)
        return;
    offer = world_accept(world, &fd);
    g_assert_cmpint(write(fd, "some", 4), ==, 4);
    /* The command has them: what is asked for now must not overtake them. */
    g_assert_cmpint(read(fd, text, 1), ==, 1);
    world_send(world, BNS_WIRE_RESET, offer.flow, 0);
    world_expect(world, BNS_WIRE_RESET, NULL);
    bns_fd_clear(&fd);
    world_send(world, BNS_WIRE_CLOSED, offer.flow, 0);
    world_await_no_flow(world);
    world_end_session(world);
}

/* A gateway that closes with unread bytes resets, too. */
static void
guest_of_unread(void)
{
    char text[8];
    int fd = world_guest_connect(SERVER, 80, SOCK_STREAM);

    GUEST_CHECK(fd >= 0);
    GUEST_CHECK(write(fd, "unread", 6) == 6);
    GUEST_CHECK(read(fd, text, 4) < 0 && errno == ECONNRESET);
}

static void
test_unread(void)
{
    g_autoptr(World) world = new_world(NULL, guest_of_unread);
    bns_autofd fd = -1;
    struct pollfd pollfd = { .events = POLLIN };
    BnsWire offer;

    if (world == NULL)
        return;
    offer = world_accept(world, &fd);
    pollfd.fd = fd;
    g_assert_cmpint(poll(&pollfd, 1, -1), ==, 1);
    bns_fd_clear(&fd);
    g_assert_cmpuint(world_expect(world, BNS_WIRE_RESET, NULL).flow, ==, offer.flow);
    world_send(world, BNS_WIRE_CLOSED, offer.flow, 0);
    world_end_session(world);
}

/* --- 10,000 short ones --- */

#define N_SHORT 10000

/* The gateway ends every second one first. */
static void
guest_of_short(void)
{
    /* Its end comes when ours was acknowledged: what a network that ends has not sent is
     * never sent. */
    const struct linger whole = { .l_onoff = 1, .l_linger = 60 };

    for (int i = 0; i < N_SHORT; i++) {
        char addr[INET_ADDRSTRLEN];
        char byte;
        int fd;

        snprintf(addr, sizeof(addr), "203.0.%d.%d", i / 250 % 20, 1 + i % 250);
        fd = world_guest_connect(addr, 80, SOCK_STREAM);
        GUEST_CHECK(fd >= 0);
        GUEST_CHECK(write(fd, "x", 1) == 1);
        if (i % 2 == 0)
            GUEST_CHECK(shutdown(fd, SHUT_WR) == 0);
        GUEST_CHECK(read(fd, &byte, 1) == 1);
        GUEST_CHECK(read(fd, &byte, 1) == 0);
        GUEST_CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &whole, sizeof(whole)) == 0);
        close(fd);
    }
}

static void
serve_short(World *world)
{
    unsigned ended = 0;

    while (ended < N_SHORT) {
        bns_autofd fd = -1;
        BnsWire message = world_receive(world, &fd);
        char bytes[2];

        if (message.type == BNS_WIRE_OFFER) {
            world_send(world, BNS_WIRE_VERDICT, message.flow, BNS_WIRE_ACCEPT);
            continue;
        }
        g_assert_cmpint(message.type, ==, BNS_WIRE_STREAM);
        g_assert_cmpint(read(fd, bytes, 1), ==, 1);
        g_assert_cmpint(write(fd, "y", 1), ==, 1);
        bns_fd_clear(&fd);
        world_send(world, BNS_WIRE_CLOSED, message.flow, 0);
        ended++;
    }
}

static unsigned
count_descriptors(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    unsigned count = 0;

    while (g_dir_read_name(dir) != NULL)
        count++;
    return count;
}

static void
test_short(void)
{
    g_autoptr(World) world = new_world(NULL, guest_of_short);
    unsigned before = count_descriptors();

    if (world == NULL)
        return;
    serve_short(world);
    world_await_no_flow(world);
    world_end_session(world);
    g_assert_cmpuint(bns_netstack_entries(world->netstack), <=,
                     1 + BNS_SLIRP_STACKS * BNS_SLIRP_IDLE_MAX);
    /* The end of the session closed the life pipe's writing end. */
    g_assert_cmpuint(count_descriptors(), <=, before);
}

static void
add_for_both(const char *name, void (*func)(gconstpointer))
{
    g_autofree char *tap = g_strdup_printf("/tap/netstack/tap/%s", name);
    g_autofree char *veth = g_strdup_printf("/tap/netstack/veth/%s", name);

    bns_test_add_data(tap, NULL, func);
    bns_test_add_data(veth, "veth", func);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    add_for_both("verdicts-are-seen-by-connect", test_verdicts);
    add_for_both("streams-are-paired-with-their-flows", test_parallel);
    add_for_both("bytes-arrive-whole-both-ways", test_bytes);
    bns_test_add("/tap/netstack/a-silent-flow-is-offered-once", test_silence);
    bns_test_add("/tap/netstack/rst-of-the-command-is-told", test_guest_resets);
    bns_test_add("/tap/netstack/rst-by-request-of-the-gateway", test_gateway_resets);
    bns_test_add("/tap/netstack/rst-by-unread-bytes", test_unread);
    bns_test_add("/tap/netstack/10000-short-ones-leave-nothing", test_short);
    return g_test_run();
}
