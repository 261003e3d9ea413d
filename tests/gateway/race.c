/* SPDX-License-Identifier: Apache-2.0 */
/* The race, turn by turn: the test holds the clock. */
#include "netstack/gateway/race.h"
#include "base/fd.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_US (10 * G_USEC_PER_SEC)
/* How many attempts that will not be answered. */
#define SILENT_MAX 3

/* --- the clock --- */

static gint64 clock_us = 1;

/* In place of GLib's: the loop reads this clock. */
gint64
g_get_monotonic_time(void)
{
    return clock_us;
}

/* --- addresses --- */

static struct sockaddr_storage
make_address(const char *text, uint16_t port)
{
    struct sockaddr_storage address = { 0 };
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;

    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
    } else {
        g_assert_cmpint(inet_pton(AF_INET6, text, &v6->sin6_addr), ==, 1);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
    }
    return address;
}

/* Nobody listens there yet: the kernel refuses. */
static int
bind_to(struct sockaddr_storage *io_address)
{
    int fd = socket(io_address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof(*io_address);

    g_assert_cmpint(bind(fd, (struct sockaddr *)io_address, len), ==, 0);
    getsockname(fd, (struct sockaddr *)io_address, &len);
    return fd;
}

static int
listen_on(struct sockaddr_storage *io_address, int backlog)
{
    int fd = bind_to(io_address);

    g_assert_cmpint(listen(fd, backlog), ==, 0);
    return fd;
}

/* A listener whose queue is full lets a SYN go unanswered. */
typedef struct {
    struct sockaddr_storage address;
    int listener;
    int fillers[2];
} Silent;

static void
silent_init(Silent *silent)
{
    silent->address = make_address("127.0.0.1", 0);
    silent->listener = listen_on(&silent->address, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(silent->fillers); i++) {
        silent->fillers[i] =
            socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connect(silent->fillers[i], (struct sockaddr *)&silent->address,
                sizeof(struct sockaddr_in));
    }
}

static void
silent_clear(Silent *silent)
{
    for (size_t i = 0; i < G_N_ELEMENTS(silent->fillers); i++)
        close(silent->fillers[i]);
    close(silent->listener);
}

/* --- a race --- */

typedef struct {
    BnsLoop *loop;
    BnsRace *race;
    BnsRaceResult result;
    unsigned n_results;
    guint n_fds; /* open before it began */
} Fixture;

static guint
count_fds(void)
{
    GDir *directory = g_dir_open("/proc/self/fd", 0, NULL);
    guint n = 0;

    while (g_dir_read_name(directory) != NULL)
        n++;
    g_dir_close(directory);
    return n;
}

static void
on_raced(const BnsRaceResult *result, void *data)
{
    Fixture *f = data;

    f->race = NULL;
    f->result = *result;
    f->n_results++;
}

static void
fixture_init(Fixture *f, const struct sockaddr_storage *addresses, guint n)
{
    *f = (Fixture){ .loop = bns_loop_new() };
    bns_loop_turn(f->loop, 0);
    f->n_fds = count_fds();
    f->race = bns_race_start(f->loop, addresses, n, TIMEOUT_US, on_raced, f);
    g_assert_cmpuint(f->n_results, ==, 0);
}

static void
fixture_clear(Fixture *f)
{
    bns_race_cancel(f->race);
    bns_fd_clear(&f->result.fd);
    bns_loop_turn(f->loop, 0);
    g_assert_cmpuint(count_fds(), ==, f->n_fds);
    bns_loop_free(f->loop);
}

static void
advance(Fixture *f, int64_t us)
{
    clock_us += us;
    bns_loop_turn(f->loop, 0);
}

/* What loopback still owes comes without the clock. */
static void
await_result(Fixture *f)
{
    while (f->n_results == 0)
        bns_loop_turn(f->loop, 0);
}

static void
assert_won(const Fixture *f, const struct sockaddr_storage *winner)
{
    struct sockaddr_storage peer = { 0 };
    socklen_t len = sizeof(peer);

    g_assert_cmpuint(f->n_results, ==, 1);
    g_assert_cmpint(f->result.fd, >=, 0);
    g_assert_cmpmem(&f->result.address, sizeof(*winner), winner, sizeof(*winner));
    g_assert_cmpint(getpeername(f->result.fd, (struct sockaddr *)&peer, &len), ==, 0);
    g_assert_cmpmem(&peer, sizeof(peer), winner, sizeof(*winner));
}

/* --- order --- */

typedef struct {
    const char *name;
    const char *given; /* the last digit of each address; "4" in front: IPv4 */
    const char *expected;
} Order;

static const Order orders[] = {
    { "one", "41", "41" },
    { "one-family-stays", "61 62 63", "61 62 63" },
    { "families-take-turns", "61 62 63 41 42", "61 41 62 42 63" },
    { "the-first-family-is-kept", "41 42 61 62", "41 61 42 62" },
    { "already-in-turns", "61 41 62 42", "61 41 62 42" },
    { "one-of-the-other", "61 62 63 64 41", "61 41 62 63 64" },
};

static void
test_order(gconstpointer data)
{
    const Order *order = data;
    g_auto(GStrv) given = g_strsplit(order->given, " ", -1);
    g_auto(GStrv) expected = g_strsplit(order->expected, " ", -1);
    struct sockaddr_storage addresses[8];
    guint n = g_strv_length(given);

    for (guint i = 0; i < n; i++) {
        g_autofree char *text = g_strdup_printf(
            given[i][0] == '4' ? "192.0.2.%c" : "2001:db8::%c", given[i][1]);

        addresses[i] = make_address(text, 443);
    }
    bns_race_interleave(addresses, n);
    for (guint i = 0; i < n; i++) {
        g_autofree char *text = g_strdup_printf(
            expected[i][0] == '4' ? "192.0.2.%c" : "2001:db8::%c", expected[i][1]);
        struct sockaddr_storage want = make_address(text, 443);

        g_assert_cmpmem(&addresses[i], sizeof(want), &want, sizeof(want));
    }
}

/* --- the race --- */

static void
test_silence_is_passed_after_250_ms(void)
{
    Fixture f;
    Silent silent;
    struct sockaddr_storage addresses[2] = { [1] = make_address("127.0.0.1", 0) };
    int listener = listen_on(&addresses[1], 4);

    silent_init(&silent);
    addresses[0] = silent.address;
    fixture_init(&f, addresses, 2);
    bns_loop_turn(f.loop, 0);
    g_assert_cmpuint(count_fds(), ==, f.n_fds + 1);
    advance(&f, BNS_RACE_ATTEMPT_DELAY_US - 1);
    g_assert_cmpuint(count_fds(), ==, f.n_fds + 1);
    advance(&f, 1);
    await_result(&f);
    assert_won(&f, &addresses[1]);
    /* the loser is closed: the winner alone is open */
    g_assert_cmpuint(count_fds(), ==, f.n_fds + 1);
    fixture_clear(&f);
    silent_clear(&silent);
    close(listener);
}

/* A multicast address has no route for TCP anywhere, as IPv6 has none on many hosts. */
static void
test_no_route_costs_no_time(void)
{
    Fixture f;
    struct sockaddr_storage addresses[3] = { make_address("ff02::1", 443),
                                             make_address("224.0.0.1", 443),
                                             make_address("127.0.0.1", 0) };
    int listener = listen_on(&addresses[2], 4);

    fixture_init(&f, addresses, 3);
    await_result(&f);
    assert_won(&f, &addresses[2]);
    fixture_clear(&f);
    close(listener);
}

static void
test_refusal_costs_no_time(void)
{
    Fixture f;
    struct sockaddr_storage addresses[2] = { make_address("127.0.0.1", 0),
                                             make_address("127.0.0.1", 0) };
    int refusing = bind_to(&addresses[0]);
    int listener = listen_on(&addresses[1], 4);

    fixture_init(&f, addresses, 2);
    await_result(&f);
    assert_won(&f, &addresses[1]);
    fixture_clear(&f);
    close(listener);
    close(refusing);
}

/* The first one answers late, but before the second. */
static void
test_first_connection_wins(void)
{
    Fixture f;
    Silent silent[2];
    struct sockaddr_storage addresses[3] = { [1] = make_address("127.0.0.1", 0) };
    int listener = listen_on(&addresses[1], 4);

    silent_init(&silent[0]);
    silent_init(&silent[1]);
    addresses[0] = silent[0].address;
    addresses[2] = silent[1].address;
    fixture_init(&f, addresses, 3);
    bns_loop_turn(f.loop, 0);
    advance(&f, BNS_RACE_ATTEMPT_DELAY_US);
    await_result(&f);
    assert_won(&f, &addresses[1]);
    fixture_clear(&f);
    silent_clear(&silent[0]);
    silent_clear(&silent[1]);
    close(listener);
}

static void
test_refusal_says_most(void)
{
    Fixture f;
    struct sockaddr_storage addresses[3] = { make_address("224.0.0.1", 443),
                                             make_address("127.0.0.1", 0),
                                             make_address("224.0.0.2", 443) };
    int refusing = bind_to(&addresses[1]);

    fixture_init(&f, addresses, 3);
    await_result(&f);
    g_assert_cmpint(f.result.fd, ==, -1);
    g_assert_cmpint(f.result.error_no, ==, ECONNREFUSED);
    g_assert_cmpmem(&f.result.address, sizeof(addresses[1]), &addresses[1],
                    sizeof(addresses[1]));
    fixture_clear(&f);
    close(refusing);
}

static void
test_time_out(void)
{
    Fixture f;
    Silent silent;
    struct sockaddr_storage addresses[SILENT_MAX];

    silent_init(&silent);
    for (guint i = 0; i < SILENT_MAX; i++)
        addresses[i] = silent.address;
    fixture_init(&f, addresses, SILENT_MAX);
    bns_loop_turn(f.loop, 0);
    for (guint i = 1; i < SILENT_MAX; i++)
        advance(&f, BNS_RACE_ATTEMPT_DELAY_US);
    g_assert_cmpuint(count_fds(), ==, f.n_fds + SILENT_MAX);
    advance(&f, TIMEOUT_US - 1);
    g_assert_cmpuint(f.n_results, ==, 0);
    advance(&f, 1);
    g_assert_cmpuint(f.n_results, ==, 1);
    g_assert_cmpint(f.result.error_no, ==, ETIMEDOUT);
    fixture_clear(&f);
    silent_clear(&silent);
}

static void
test_cancel(void)
{
    Fixture f;
    Silent silent;

    silent_init(&silent);
    fixture_init(&f, &silent.address, 1);
    bns_loop_turn(f.loop, 0);
    bns_race_cancel(g_steal_pointer(&f.race));
    advance(&f, TIMEOUT_US);
    g_assert_cmpuint(f.n_results, ==, 0);
    f.result.fd = -1;
    fixture_clear(&f);
    silent_clear(&silent);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/race/order/%s", orders[i].name);

        bns_test_add_data(path, &orders[i], test_order);
    }
    bns_test_add("/gateway/race/silence-is-passed-after-250-ms",
                 test_silence_is_passed_after_250_ms);
    bns_test_add("/gateway/race/no-route-costs-no-time", test_no_route_costs_no_time);
    bns_test_add("/gateway/race/refusal-costs-no-time", test_refusal_costs_no_time);
    bns_test_add("/gateway/race/first-connection-wins", test_first_connection_wins);
    bns_test_add("/gateway/race/refusal-says-most", test_refusal_says_most);
    bns_test_add("/gateway/race/time-out", test_time_out);
    bns_test_add("/gateway/race/cancel", test_cancel);
    return g_test_run();
}
