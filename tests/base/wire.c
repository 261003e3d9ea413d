/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/wire.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct {
    int pair[2];
} Fixture;

static Fixture
fixture_new(void)
{
    Fixture f;

    g_assert_cmpint(bns_fd_pair(f.pair), ==, 0);
    return f;
}

static void
fixture_clear(Fixture *f)
{
    close(f->pair[0]);
    close(f->pair[1]);
}

static void
test_round_trip(void)
{
    Fixture f = fixture_new();
    BnsWire sent = { .type = BNS_WIRE_OFFER,
                     .flow = 7,
                     .port = 443,
                     .guest_port = 40000,
                     .addr = 0x0301c6c6 };
    BnsWire stream = { .type = BNS_WIRE_STREAM, .flow = 7 };
    bns_autofd null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bns_autofd fd = -1;
    BnsWire got;

    memset(sent.name, 'a', BNS_WIRE_NAME_MAX);
    g_assert_cmpint(bns_wire_send(f.pair[0], &sent, -1), ==, 0);
    g_assert_cmpint(bns_wire_send(f.pair[0], &stream, null_fd), ==, 0);
    g_assert_cmpint(bns_wire_receive(f.pair[1], &got, &fd), ==, 1);
    g_assert_cmpint(fd, ==, -1);
    g_assert_cmpmem(&got, sizeof(got), &sent, sizeof(sent));
    g_assert_cmpint(bns_wire_receive(f.pair[1], &got, &fd), ==, 1);
    g_assert_cmpint(got.type, ==, BNS_WIRE_STREAM);
    g_assert_cmpint(fd, >=, 0);
    fixture_clear(&f);
}

/* The message is not lost with its descriptor. */
static void
test_no_room(void)
{
    Fixture f = fixture_new();
    BnsWire stream = { .type = BNS_WIRE_STREAM, .flow = 7 };
    struct rlimit limit;
    struct rlimit full;
    BnsWire got;
    int fd = -1;
    int next;

    g_assert_cmpint(bns_wire_send(f.pair[0], &stream, f.pair[0]), ==, 0);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    next = dup(f.pair[0]);
    g_assert_cmpint(next, >=, 0);
    close(next);
    full = limit;
    full.rlim_cur = (rlim_t)next;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &full), ==, 0);
    g_assert_cmpint(bns_wire_receive(f.pair[1], &got, &fd), ==, 1);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    g_assert_cmpint(got.type, ==, BNS_WIRE_STREAM);
    g_assert_cmpint(fd, ==, -1);
    fixture_clear(&f);
}

typedef struct {
    const char *name;
    BnsWire message;
    bool has_fd;
    size_t cut;
} Bad;

static const Bad bad[] = {
    { "type-zero", { .type = 0, .flow = 1 } },
    { "type-unknown", { .type = BNS_N_WIRE_TYPES, .flow = 1 } },
    { "verdict-unknown",
      { .type = BNS_WIRE_VERDICT, .verdict = BNS_N_WIRE_VERDICTS, .flow = 1 } },
    { "flow-zero", { .type = BNS_WIRE_CLOSED } },
    { "offer-with-descriptor", { .type = BNS_WIRE_OFFER, .flow = 1 }, .has_fd = true },
    { "name-where-none-belongs", { .type = BNS_WIRE_RESET, .flow = 1, .name = "x" } },
    { "name-without-end",
      { .type = BNS_WIRE_OFFER, .flow = 1, .name = "x" },
      .cut = 1 },
    { "shorter-than-its-head", { .type = BNS_WIRE_OFFER, .flow = 1 }, .cut = 2 },
};

static void
test_bad(gconstpointer data)
{
    const Bad *row = data;
    Fixture f = fixture_new();
    size_t len = offsetof(BnsWire, name) + strlen(row->message.name) + 1 - row->cut;
    bns_autofd fd = -1;
    BnsWire got;

    g_assert_cmpint(
        bns_fd_send(f.pair[0], &row->message, len, row->has_fd ? f.pair[0] : -1), ==,
        0);
    g_assert_cmpint(bns_wire_receive(f.pair[1], &got, &fd), ==, -EBADMSG);
    g_assert_cmpint(fd, ==, -1);
    fixture_clear(&f);
}

static void
test_end(void)
{
    Fixture f = fixture_new();
    bns_autofd fd = -1;
    BnsWire got;

    close(f.pair[0]);
    g_assert_cmpint(bns_wire_receive(f.pair[1], &got, &fd), ==, 0);
    close(f.pair[1]);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/netstack/wire/round-trip-keeps-everything", test_round_trip);
    bns_test_add("/netstack/wire/message-outlives-its-descriptor", test_no_room);
    bns_test_add("/netstack/wire/end-of-stream-is-zero", test_end);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path =
            g_strdup_printf("/netstack/wire/refuses-%s", bad[i].name);

        bns_test_add_data(path, &bad[i], test_bad);
    }
    return g_test_run();
}
