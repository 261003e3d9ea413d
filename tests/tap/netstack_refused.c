/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole netstack: names, what is refused, and gateways that break the rules.
 */
#include "netstack/tap/netstack.h"

#include "base/fd.h"
#include "netstack/tap/tap.h"
#include "tests/support/test.h"
#include "tests/tap/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
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

static void
guest_of_limit(void)
{
    int fds[3];

    for (int i = 0; i < 3; i++)
        fds[i] = world_guest_connect(SERVER, 80, SOCK_STREAM);
    GUEST_CHECK(fds[0] >= 0 && fds[1] >= 0);
    GUEST_CHECK(fds[2] == -ECONNREFUSED);
}

static void
check_limit(World *take_world)
{
    g_autoptr(World) world = take_world;
    int fds[2];

    if (world == NULL)
        return;
    for (int i = 0; i < 2; i++)
        world_accept(world, &fds[i]);
    world_end_session(world);
    for (int i = 0; i < 2; i++)
        close(fds[i]);
    g_assert_true(world_has_record(world, "flow.refused - " SERVER " 80 1 too many"));
}

static void
test_limit(void)
{
    const WorldConfig config = { .max_names = 1,
                                 .max_flows = 2,
                                 .guest = guest_of_limit };

    check_limit(world_new(&config));
}

/* Every flow that is let in has its descriptors: 32 are for the process. */
static void
test_descriptor_limit(void)
{
    const WorldConfig config = { .max_names = 1,
                                 .max_flows = 1000,
                                 .guest = guest_of_limit };
    struct rlimit limit;
    struct rlimit low;
    World *world;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    low = limit;
    low.rlim_cur = 32 + 2 * 2;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &low), ==, 0);
    world = world_new(&config);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    check_limit(world);
}

/* --- names --- */

/* "\7example\3org", type A. */
static const uint8_t query[] = { 0x12, 0x34, 1,   0,   0,   1,   0,   0,   0,   0,
                                 0,    0,    7,   'e', 'x', 'a', 'm', 'p', 'l', 'e',
                                 3,    'o',  'r', 'g', 0,   0,   1,   0,   1 };

/* Asks at @addr by UDP. Returns: the address, network order. */
static uint32_t
guest_ask(const char *addr)
{
    uint8_t answer[512];
    uint32_t found;
    int fd = world_guest_connect(addr, 53, SOCK_DGRAM);
    ssize_t n;

    GUEST_CHECK(write(fd, query, sizeof(query)) == sizeof(query));
    n = read(fd, answer, sizeof(answer));
    GUEST_CHECK(n == (ssize_t)sizeof(query) + 16);
    GUEST_CHECK((answer[3] & 0xf) == 0 && answer[7] == 1);
    memcpy(&found, answer + n - 4, 4);
    close(fd);
    return found;
}

/* Three queries on one connection, cut in the middle of the second. */
static void
guest_ask_by_tcp(const char *addr, uint32_t expected)
{
    uint8_t request[3 * (2 + sizeof(query))];
    uint8_t answer[3 * (2 + sizeof(query) + 16)];
    size_t got = 0;
    int fd = world_guest_connect(addr, 53, SOCK_STREAM);

    GUEST_CHECK(fd >= 0);
    for (size_t i = 0; i < 3; i++) {
        uint8_t *at = request + i * (2 + sizeof(query));

        at[0] = 0;
        at[1] = sizeof(query);
        memcpy(at + 2, query, sizeof(query));
    }
    GUEST_CHECK(write(fd, request, 40) == 40);
    GUEST_CHECK(read(fd, answer, 1) == 1);
    GUEST_CHECK(write(fd, request + 40, sizeof(request) - 40) > 0);
    for (got = 1; got < sizeof(answer);) {
        ssize_t n = read(fd, answer + got, sizeof(answer) - got);

        GUEST_CHECK(n > 0);
        got += (size_t)n;
    }
    for (size_t i = 1; i <= 3; i++)
        GUEST_CHECK(memcmp(answer + i * sizeof(answer) / 3 - 4, &expected, 4) == 0);
    GUEST_CHECK(shutdown(fd, SHUT_WR) == 0);
    GUEST_CHECK(read(fd, answer, 1) == 0);
    close(fd);
}

static void
guest_of_names(void)
{
    uint32_t addr = guest_ask(BNS_TAP_NAMESERVER);
    char text[INET_ADDRSTRLEN];

    GUEST_CHECK(guest_ask("8.8.8.8") == addr);
    guest_ask_by_tcp(BNS_TAP_NAMESERVER, addr);
    guest_ask_by_tcp("8.8.4.4", addr);
    inet_ntop(AF_INET, &addr, text, sizeof(text));
    GUEST_CHECK(world_guest_connect(text, 443, SOCK_STREAM) == -ECONNREFUSED);
}

static void
test_names(gconstpointer use_veth)
{
    g_autoptr(World) world = new_world(use_veth, guest_of_names);
    BnsWire offer;

    if (world == NULL)
        return;
    offer = world_expect(world, BNS_WIRE_OFFER, NULL);
    g_assert_cmpstr(offer.name, ==, "example.org");
    g_assert_cmpuint(offer.port, ==, 443);
    world_send(world, BNS_WIRE_VERDICT, offer.flow, BNS_WIRE_REFUSE);
    world_await_no_flow(world);
    world_end_session(world);
    g_assert_true(world_has_record(world, "dns.name example.org 198.1"));
}

/* What is no query ends the connection, and a client that never ends a message does not
 * keep others from being served. */
static void
guest_of_bad_names(void)
{
    uint8_t bytes[8192] = { 0 };
    char byte;
    int slow = world_guest_connect(BNS_TAP_NAMESERVER, 53, SOCK_STREAM);
    int bad = world_guest_connect(BNS_TAP_NAMESERVER, 53, SOCK_STREAM);
    int big = world_guest_connect(BNS_TAP_NAMESERVER, 53, SOCK_STREAM);

    GUEST_CHECK(slow >= 0 && bad >= 0 && big >= 0);
    GUEST_CHECK(write(slow, "\0\35\22", 3) == 3);
    GUEST_CHECK(write(bad, "\0\2xy", 4) == 4);
    GUEST_CHECK(read(bad, &byte, 1) <= 0);
    bytes[0] = 0x20;
    GUEST_CHECK(write(big, bytes, sizeof(bytes)) > 0);
    GUEST_CHECK(read(big, &byte, 1) <= 0);
    guest_ask_by_tcp(BNS_TAP_NAMESERVER, guest_ask(BNS_TAP_NAMESERVER));
    /* Ten seconds without an answer to it. */
    GUEST_CHECK(read(slow, &byte, 1) == 0);
}

static void
test_bad_names(void)
{
    g_autoptr(World) world = new_world(NULL, guest_of_bad_names);

    if (world == NULL)
        return;
    world_end_session(world);
}

/* --- what is refused --- */

static void
guest_of_refused(void)
{
    char byte;
    int fd = world_guest_connect("8.8.8.8", 443, SOCK_DGRAM);

    for (int i = 0; i < 3; i++) {
        GUEST_CHECK(write(fd, "quic", 4) == 4);
        GUEST_CHECK(read(fd, &byte, 1) < 0 && errno == ECONNREFUSED);
    }
    close(fd);
    /* Our own link has nothing to connect to. */
    GUEST_CHECK(world_guest_connect(BNS_TAP_ROUTER, 80, SOCK_STREAM) == -ECONNREFUSED);
    GUEST_CHECK(world_guest_connect(BNS_TAP_NAMESERVER, 80, SOCK_STREAM) ==
                -ECONNREFUSED);
    /* The length of the first fragment is more than a frame takes. */
    static char large[60000];
    fd = world_guest_connect("8.8.8.8", 53, SOCK_DGRAM);
    GUEST_CHECK(write(fd, large, sizeof(large)) == sizeof(large));
    close(fd);
    GUEST_CHECK(world_guest_connect(SERVER, 81, SOCK_STREAM) == -ECONNREFUSED);
}

static void
test_refused(gconstpointer use_veth)
{
    g_autoptr(World) world = new_world(use_veth, guest_of_refused);
    BnsWire offer;

    if (world == NULL)
        return;
    offer = world_expect(world, BNS_WIRE_OFFER, NULL);
    g_assert_cmpuint(offer.port, ==, 81);
    world_send(world, BNS_WIRE_VERDICT, offer.flow, BNS_WIRE_REFUSE);
    world_end_session(world);
    g_assert_true(world_has_record(world, "udp.refused - 8.8.8.8 443 1"));
    g_assert_true(world_has_record(world, "udp.refused - 8.8.8.8 443 2"));
    g_assert_true(world_has_record(world, "flow.refused - " BNS_TAP_ROUTER " 80 1"));
    g_assert_true(world_has_record(world, "frames.dropped"));
}

/* --- the end --- */

static void
guest_of_violation(void)
{
    /* It never gets an answer; the test ends it. */
    world_guest_connect(SERVER, 80, SOCK_STREAM);
    world_guest_connect(SERVER, 80, SOCK_STREAM);
}

typedef struct {
    const char *name;
    void (*act)(World *world, uint64_t flow);
} Violation;

static void
act_closed(World *world, uint64_t flow)
{
    world_send(world, BNS_WIRE_CLOSED, flow, 0);
}

static void
act_unknown(World *world, uint64_t flow)
{
    world_send(world, BNS_WIRE_VERDICT, flow + 1, BNS_WIRE_ACCEPT);
}

static void
act_descriptor(World *world, uint64_t flow)
{
    const BnsWire message = { .type = BNS_WIRE_STREAM, .flow = flow };

    g_assert_cmpint(bns_wire_send(world->wire_fd, &message, world->wire_fd), ==, 0);
}

static void
act_rubbish(World *world, uint64_t flow)
{
    g_assert_cmpint(bns_fd_send(world->wire_fd, "rubbish", 7, -1), ==, 0);
}

static void
act_hang_up(World *world, uint64_t flow)
{
    g_assert_cmpint(shutdown(world->wire_fd, SHUT_RDWR), ==, 0);
}

static const Violation violations[] = {
    { "closed-before-a-verdict", act_closed },
    { "a-flow-that-is-not", act_unknown },
    { "a-descriptor", act_descriptor },
    { "rubbish", act_rubbish },
    { "hanging-up", act_hang_up },
};

static void
test_violation(gconstpointer data)
{
    const Violation *row = data;
    g_autoptr(World) world = new_world(NULL, guest_of_violation);
    g_autoptr(GError) error = NULL;

    if (world == NULL)
        return;
    row->act(world, world_expect(world, BNS_WIRE_OFFER, NULL).flow);
    error = world_join(world);
    g_assert_error(error, BNS_NETSTACK_ERROR, 0);
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
    add_for_both("names-and-addresses-go-together", test_names);
    add_for_both("udp-is-refused-at-once", test_refused);
    bns_test_add("/tap/netstack/beyond-the-limit-is-refused", test_limit);
    bns_test_add("/tap/netstack/beyond-the-descriptors-is-refused",
                 test_descriptor_limit);
    bns_test_add("/tap/netstack/dns-by-tcp-has-limits", test_bad_names);
    for (size_t i = 0; i < G_N_ELEMENTS(violations); i++) {
        g_autofree char *path =
            g_strdup_printf("/tap/netstack/ends-at/%s", violations[i].name);

        bns_test_add_data(path, &violations[i], test_violation);
    }
    return g_test_run();
}
