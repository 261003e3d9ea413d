/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boundary-ns-netstack as the supervisor starts it: its arguments, and that its lock-down
 * leaves it what it needs, no more.
 */
#include "base/fd.h"
#include "netstack/tap/tap.h"
#include "tests/support/test.h"
#include "tests/tap/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER "93.184.216.34"

static char *program; /* from the command line */

static World *
new_world(gconstpointer use_veth, void (*guest)(void))
{
    const WorldConfig config = { .program = program,
                                 .use_veth = use_veth != NULL,
                                 .max_names = 100,
                                 .max_flows = 100,
                                 .guest = guest };

    return world_new(&config);
}

/* Everything that netstack does, once. */
static void
guest_of_everything(void)
{
    static const char query[] = "\1\2\1\0\0\1\0\0\0\0\0\0\1x\7example\0\0\1\0\1";
    const struct linger now = { .l_onoff = 1 };
    char answer[512];
    int fd = world_guest_connect(BNS_TAP_NAMESERVER, 53, SOCK_DGRAM);

    GUEST_CHECK(write(fd, query, sizeof(query) - 1) == sizeof(query) - 1);
    GUEST_CHECK(read(fd, answer, sizeof(answer)) == sizeof(query) - 1 + 16);
    fd = world_guest_connect(BNS_TAP_NAMESERVER, 53, SOCK_STREAM);
    GUEST_CHECK(write(fd, "\0\31", 2) == 2);
    GUEST_CHECK(write(fd, query, sizeof(query) - 1) == sizeof(query) - 1);
    GUEST_CHECK(read(fd, answer, sizeof(answer)) > 2);
    close(fd);
    fd = world_guest_connect("8.8.8.8", 443, SOCK_DGRAM);
    GUEST_CHECK(write(fd, "quic", 4) == 4);
    GUEST_CHECK(read(fd, answer, 1) < 0 && errno == ECONNREFUSED);
    GUEST_CHECK(world_guest_connect(SERVER, 81, SOCK_STREAM) == -ECONNREFUSED);
    GUEST_CHECK(world_guest_connect(SERVER, 82, SOCK_STREAM) == -EHOSTUNREACH);
    fd = world_guest_connect(SERVER, 80, SOCK_STREAM);
    GUEST_CHECK(fd >= 0 && write(fd, "ping", 4) == 4);
    GUEST_CHECK(read(fd, answer, 4) == 4 && memcmp(answer, "pong", 4) == 0);
    GUEST_CHECK(shutdown(fd, SHUT_WR) == 0 && read(fd, answer, 1) == 0);
    fd = world_guest_connect(SERVER, 80, SOCK_STREAM);
    GUEST_CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
    close(fd);
}

static void
serve_refusals(World *world)
{
    BnsWire offer = world_expect(world, BNS_WIRE_OFFER, NULL);

    world_send(world, BNS_WIRE_VERDICT, offer.flow, BNS_WIRE_REFUSE);
    offer = world_expect(world, BNS_WIRE_OFFER, NULL);
    world_send(world, BNS_WIRE_VERDICT, offer.flow, BNS_WIRE_UNREACHABLE);
}

static void
test_everything(gconstpointer use_veth)
{
    g_autoptr(World) world = new_world(use_veth, guest_of_everything);
    bns_autofd fd = -1;
    char text[4];
    BnsWire offer;

    if (world == NULL)
        return;
    serve_refusals(world);
    offer = world_accept(world, &fd);
    g_assert_cmpint(read(fd, text, 4), ==, 4);
    g_assert_cmpint(write(fd, "pong", 4), ==, 4);
    g_assert_cmpint(read(fd, text, 4), ==, 0);
    bns_fd_clear(&fd);
    world_send(world, BNS_WIRE_CLOSED, offer.flow, 0);
    offer = world_accept(world, &fd);
    world_expect(world, BNS_WIRE_RESET, NULL);
    world_send(world, BNS_WIRE_CLOSED, offer.flow, 0);
    world_end_session(world);
    g_assert_true(world_has_record(world, "dns.name x.example 198.1"));
    g_assert_true(world_has_record(world, "udp.refused - 8.8.8.8 443 1"));
}

/* --- segments --- */

static void
guest_of_segments(void)
{
    int fd = world_guest_connect(SERVER, 80, SOCK_STREAM);
    socklen_t len = sizeof(int);
    int mss;

    GUEST_CHECK(fd >= 0);
    GUEST_CHECK(getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &len) == 0);
    GUEST_CHECK(mss == BNS_TAP_MSS);
    GUEST_CHECK(shutdown(fd, SHUT_WR) == 0 && read(fd, &mss, 1) == 0);
}

static void
test_segments(gconstpointer use_veth)
{
    g_autoptr(World) world = new_world(use_veth, guest_of_segments);
    bns_autofd fd = -1;
    BnsWire offer;

    if (world == NULL)
        return;
    offer = world_accept(world, &fd);
    bns_fd_clear(&fd);
    world_send(world, BNS_WIRE_CLOSED, offer.flow, 0);
    world_end_session(world);
}

/* --- memory --- */

#ifndef BNS_SANITIZED

#define N_IDLE 100
/* Of each of libslirp's two buffers the first page, and as much again for the rest. */
#define IDLE_PAGES_MAX 4

static void
guest_of_idle(void)
{
    int fds[N_IDLE];
    char end;

    for (int i = 0; i < N_IDLE; i++) {
        fds[i] = world_guest_connect(SERVER, 80, SOCK_STREAM);
        GUEST_CHECK(fds[i] >= 0 && write(fds[i], "idle", 4) == 4);
    }
    for (int i = 0; i < N_IDLE; i++)
        GUEST_CHECK(read(fds[i], &end, 1) == 0);
}

/* Of its own, not of libraries. */
static unsigned long
resident_pages(const World *world)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm", world->program);
    g_autofree char *text = NULL;
    unsigned long resident, shared;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpint(sscanf(text, "%*u %lu %lu", &resident, &shared), ==, 2);
    return resident - shared;
}

static void
take_idle(World *world, int *out_fd)
{
    char text[4];

    world_accept(world, out_fd);
    g_assert_cmpint(read(*out_fd, text, sizeof(text)), ==, sizeof(text));
}

static void
test_idle(void)
{
    g_autoptr(World) world = new_world(NULL, guest_of_idle);
    int fds[N_IDLE];
    unsigned long before;

    if (world == NULL)
        return;
    before = resident_pages(world);
    for (int i = 0; i < N_IDLE; i++)
        take_idle(world, &fds[i]);
    g_assert_cmpuint(resident_pages(world), <, before + N_IDLE * IDLE_PAGES_MAX);
    for (int i = 0; i < N_IDLE; i++) {
        bns_fd_clear(&fds[i]);
        world_send(world, BNS_WIRE_CLOSED, (uint64_t)i + 1, 0);
    }
    world_end_session(world);
}

#endif

/* --- arguments --- */

typedef struct {
    const char *name;
    const char *arguments; /* separated by spaces */
} BadArguments;

static const BadArguments bad_arguments[] = {
    { "none", "" },
    { "eight", "3 4 5 6 100 100 0 1" },
    { "ten", "3 4 5 6 100 100 0 1 0 1" },
    { "a-sign", "3 4 5 -6 100 100 0 1 0" },
    { "a-unit", "3 4 5 6 100k 100 0 1 0" },
    { "no-number", "3 4 five 6 100 100 0 1 0" },
    { "no-names", "3 4 5 6 0 100 0 1 0" },
    { "more-names-than-addresses", "3 4 5 6 131057 100 0 1 0" },
    { "no-flows", "3 4 5 6 100 0 0 1 0" },
    { "more-flows-than-descriptors", "3 4 5 6 100 1048577 0 1 0" },
    { "a-rate-below-none", "3 4 5 6 100 100 -1 1 0" },
    { "a-level-too-high", "3 4 5 6 100 100 0 4 0" },
    { "a-name-and-a-half", "3 4 5 6 100 100 0 1 2" },
};

static void
test_bad_arguments(gconstpointer data)
{
    const BadArguments *row = data;
    g_autofree char *line = g_strconcat(program, " ", row->arguments, NULL);
    g_auto(GStrv) argv = NULL;
    g_autofree char *output = NULL;
    g_autoptr(GError) error = NULL;
    int status;

    g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
    g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
                               &output, &status, &error));
    g_assert_false(g_spawn_check_wait_status(status, NULL));
    g_assert_true(g_str_has_prefix(output, "boundary-ns: netstack: "));
    g_assert_true(g_str_has_suffix(output, "\n"));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    g_assert_cmpint(argc, ==, 2);
    program = argv[1];
    bns_test_add_data("/tap/program/works-locked-down/tap", NULL, test_everything);
    bns_test_add_data("/tap/program/works-locked-down/veth", "veth", test_everything);
    bns_test_add_data("/tap/program/segments/tap", NULL, test_segments);
    bns_test_add_data("/tap/program/segments/veth", "veth", test_segments);
#ifndef BNS_SANITIZED
    bns_test_add("/tap/program/idle-connections-are-small", test_idle);
#endif
    for (size_t i = 0; i < G_N_ELEMENTS(bad_arguments); i++) {
        g_autofree char *path =
            g_strdup_printf("/tap/program/refuses-arguments/%s", bad_arguments[i].name);

        bns_test_add_data(path, &bad_arguments[i], test_bad_arguments);
    }
    return g_test_run();
}
