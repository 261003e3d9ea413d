/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link as a tap, with a SEQPACKET socket in its place: it keeps frames apart, too, and
 * unlike a tap it can be made full.
 */
#include "netstack/tap/link.h"

#include "base/fd.h"
#include "netstack/tap/frame.h"
#include "netstack/tap/tap.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_FRAMES 500

typedef struct {
    int far_fd;
    BnsLoop *loop;
    BnsLink *link;
    unsigned frames;
    size_t last_len;
    unsigned turns;
    unsigned lost;
    unsigned ends;
} Fixture;

static void
on_frame(uint8_t *bytes, size_t len, void *data)
{
    Fixture *f = data;

    f->frames++;
    f->last_len = len;
}

static void
on_turn(void *data)
{
    ((Fixture *)data)->turns++;
}

static void
on_lost(void *data)
{
    ((Fixture *)data)->lost++;
}

static void
on_end(void *data)
{
    ((Fixture *)data)->ends++;
}

static const BnsLinkHandler handler = {
    .on_frame = on_frame,
    .on_turn = on_turn,
    .on_lost = on_lost,
    .on_end = on_end,
};

static Fixture *
fixture_new(void)
{
    Fixture *f = g_new0(Fixture, 1);
    int pair[2];

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    f->far_fd = pair[0];
    f->loop = bns_loop_new();
    f->link = bns_link_new(f->loop, pair[1], -1, &handler, f, NULL);
    g_assert_nonnull(f->link);
    return f;
}

static void
fixture_free(Fixture *f)
{
    bns_link_free(f->link);
    bns_loop_free(f->loop);
    bns_fd_clear(&f->far_fd);
    g_free(f);
}

/* No frame is dropped, none overtakes, and nothing is read while some wait. */
static void
test_busy(void)
{
    Fixture *f = fixture_new();
    uint8_t frame[1500];
    unsigned got = 0;

    g_assert_cmpint(write(f->far_fd, "x", 1), ==, 1);
    for (unsigned i = 0; i < N_FRAMES; i++) {
        memset(frame, (int)i, sizeof(frame));
        bns_link_send(f->link, frame, 60 + i);
    }
    g_assert_true(bns_link_is_busy(f->link));
    while (got < N_FRAMES) {
        ssize_t n = recv(f->far_fd, frame, sizeof(frame), MSG_DONTWAIT);

        if (n < 0) {
            bns_loop_turn(f->loop, -1);
            continue;
        }
        g_assert_cmpint(n, ==, 60 + got);
        g_assert_cmpuint(frame[n - 1], ==, got & 0xff);
        got++;
        if (bns_link_is_busy(f->link))
            g_assert_cmpuint(f->frames, ==, 0);
    }
    g_assert_false(bns_link_is_busy(f->link));
    bns_loop_turn(f->loop, -1);
    g_assert_cmpuint(f->frames, ==, 1);
    g_assert_cmpuint(f->lost, ==, 0);
    g_assert_cmpuint(f->turns, >, 1);
    fixture_free(f);
}

/* What is too long is not cut to something that fits. */
static void
test_too_long(void)
{
    Fixture *f = fixture_new();
    uint8_t frame[BNS_FRAME_ETH_BYTES + BNS_TAP_MTU + 100] = { 0 };

    g_assert_cmpint(write(f->far_fd, frame, sizeof(frame)), >, 0);
    bns_loop_turn(f->loop, -1);
    g_assert_cmpuint(f->last_len, >, BNS_FRAME_ETH_BYTES + BNS_TAP_MTU);
    fixture_free(f);
}

static void
test_end(void)
{
    Fixture *f = fixture_new();

    bns_fd_clear(&f->far_fd);
    bns_loop_turn(f->loop, -1);
    g_assert_cmpuint(f->ends, ==, 1);
    /* Deaf, but not dead: the life pipe decides. */
    bns_link_send(f->link, (const uint8_t *)"x", 1);
    g_assert_false(bns_link_is_busy(f->link));
    fixture_free(f);
}

/* A ring needs packet sockets. */
static void
test_stays_narrow(void)
{
    Fixture *f = g_new0(Fixture, 1);
    int pair[2], wide[2];

    g_assert_cmpint(bns_fd_pair(pair), ==, 0);
    g_assert_cmpint(bns_fd_pair(wide), ==, 0);
    f->far_fd = pair[0];
    f->loop = bns_loop_new();
    f->link = bns_link_new(f->loop, pair[1], wide[1], &handler, f, NULL);
    bns_fd_clear(&wide[0]);
    if (f->link == NULL) {
        bns_test_skip("net.core.rmem_max is small: a link is wide from its start");
    } else {
        bns_link_widen(f->link);
        g_assert_cmpint(write(f->far_fd, "frame", 5), ==, 5);
        bns_loop_turn(f->loop, -1);
        g_assert_cmpuint(f->frames, ==, 1);
        g_assert_cmpuint(f->ends, ==, 0);
    }
    fixture_free(f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/tap/link/a-busy-link-loses-nothing", test_busy);
    bns_test_add("/tap/link/a-long-frame-stays-too-long", test_too_long);
    bns_test_add("/tap/link/its-end-is-told-once", test_end);
    bns_test_add("/tap/link/what-cannot-become-wide-goes-on", test_stays_narrow);
    return g_test_run();
}
