/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/wire_queue.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Far more than the socket takes. */
#define N_MESSAGES 5000
/* So many descriptors wait at most that an ordinary user's limit of 1024 is enough. */
#define STREAM_EVERY 10

typedef struct {
    int pair[2];
    BnsLoop *loop;
    BnsWireQueue *queue;
    unsigned readable;
    unsigned broken;
} Fixture;

static void
on_readable(void *data)
{
    ((Fixture *)data)->readable++;
}

static void
on_broken(void *data)
{
    ((Fixture *)data)->broken++;
}

static Fixture *
fixture_new(void)
{
    const int small = 4096;
    Fixture *f = g_new0(Fixture, 1);

    g_assert_cmpint(bns_fd_pair(f->pair), ==, 0);
    g_assert_cmpint(
        setsockopt(f->pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), ==, 0);
    g_assert_cmpint(bns_fd_set_nonblocking(f->pair[1], true), ==, 0);
    f->loop = bns_loop_new();
    f->queue = bns_wire_queue_new(f->loop, f->pair[0], on_readable, on_broken, f);
    return f;
}

static void
fixture_free(Fixture *f)
{
    bns_wire_queue_free(f->queue);
    bns_loop_free(f->loop);
    bns_fd_clear(&f->pair[0]);
    bns_fd_clear(&f->pair[1]);
    g_free(f);
}

/* Some messages are a STREAM with a descriptor. */
static void
send_many(Fixture *f)
{
    for (uint64_t i = 1; i <= N_MESSAGES; i++) {
        BnsWire message = { .type = BNS_WIRE_OFFER, .flow = i, .name = "example.org" };

        int fd = -1;

        if (i % STREAM_EVERY == 0) {
            message = (BnsWire){ .type = BNS_WIRE_STREAM, .flow = i };
            fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
            g_assert_cmpint(fd, >=, 0);
        }
        bns_wire_queue_send(f->queue, &message, fd);
    }
}

static void
test_order(void)
{
    Fixture *f = fixture_new();
    uint64_t expected = 1;

    send_many(f);
    while (expected <= N_MESSAGES) {
        bns_autofd fd = -1;
        BnsWire message;

        if (bns_wire_receive(f->pair[1], &message, &fd) != 1) {
            bns_loop_turn(f->loop, -1);
            continue;
        }
        g_assert_cmpuint(message.flow, ==, expected);
        g_assert_cmpint(fd >= 0, ==, expected % STREAM_EVERY == 0);
        expected++;
    }
    g_assert_cmpuint(f->broken, ==, 0);
    fixture_free(f);
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
test_unsent(void)
{
    unsigned before = count_descriptors();
    Fixture *f = fixture_new();

    send_many(f);
    fixture_free(f);
    g_assert_cmpuint(count_descriptors(), ==, before);
}

static void
test_broken(void)
{
    Fixture *f = fixture_new();
    const BnsWire message = { .type = BNS_WIRE_RESET, .flow = 1 };

    bns_fd_clear(&f->pair[1]);
    bns_wire_queue_send(f->queue, &message, -1);
    g_assert_cmpuint(f->broken, ==, 1);
    bns_loop_turn(f->loop, -1);
    g_assert_cmpuint(f->readable, ==, 1);
    fixture_free(f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/tap/wire-queue/a-slow-gateway-gets-all-in-order", test_order);
    bns_test_add("/tap/wire-queue/what-is-not-sent-is-closed", test_unsent);
    bns_test_add("/tap/wire-queue/a-gateway-that-is-gone-is-told", test_broken);
    return g_test_run();
}
