/* SPDX-License-Identifier: Apache-2.0 */
#include "base/drain.h"

#include "base/fd.h"
#include "base/ready.h"
#include "tests/support/test.h"

#include <poll.h>

typedef struct {
    BnsLoop *loop;
    BnsDrain *drain;
    int control[2]; /* the supervisor's end first */
    uint64_t waits;
    unsigned n_looks;
} Fixture;

static uint64_t
count_waits(void *data)
{
    Fixture *f = data;

    f->n_looks++;
    return f->waits;
}

static void
setup(Fixture *f)
{
    *f = (Fixture){ .loop = bns_loop_new() };
    g_assert_cmpint(bns_fd_pair(f->control), ==, 0);
    f->drain = bns_drain_new(f->loop, f->control[1], count_waits, NULL, f);
}

static void
teardown(Fixture *f)
{
    bns_drain_free(f->drain);
    bns_loop_turn(f->loop, 0);
    bns_loop_free(f->loop);
    bns_fd_clear(&f->control[0]);
    bns_fd_clear(&f->control[1]);
}

static void
ask(Fixture *f, BnsReadyType type)
{
    g_assert_cmpint(bns_ready_send(f->control[0], type, NULL, -1), ==, 0);
    bns_loop_turn(f->loop, 0);
}

/* Returns: what was said, 0: nothing. */
static int
heard(const Fixture *f)
{
    char text[BNS_READY_TEXT_MAX + 1];
    struct pollfd control = { .fd = f->control[0], .events = POLLIN };

    if (poll(&control, 1, 0) == 0)
        return 0;
    return bns_ready_receive(f->control[0], text, NULL);
}

static void
look_again(Fixture *f)
{
    unsigned before = f->n_looks;

    while (f->n_looks == before)
        bns_loop_turn(f->loop, -1);
}

static void
test_nothing(void)
{
    Fixture f;

    setup(&f);
    bns_loop_turn(f.loop, 0);
    g_assert_cmpuint(f.n_looks, ==, 0);
    ask(&f, BNS_READY_DRAIN);
    g_assert_cmpint(heard(&f), ==, BNS_READY_DRAINED);
    g_assert_cmpuint(f.n_looks, ==, 1);
    teardown(&f);
}

/* What stands still is no news; what moves is, but not at every look. */
static void
test_moves(void)
{
    Fixture f;

    setup(&f);
    f.waits = 10;
    ask(&f, BNS_READY_DRAIN);
    g_assert_cmpint(heard(&f), ==, BNS_READY_DRAINING);
    look_again(&f);
    look_again(&f);
    g_assert_cmpint(heard(&f), ==, 0);
    for (int said = 0; said == 0; said = heard(&f)) {
        f.waits++;
        look_again(&f);
    }
    g_assert_cmpuint(f.waits, >, 12);
    f.waits = 0;
    look_again(&f);
    g_assert_cmpint(heard(&f), ==, BNS_READY_DRAINED);
    teardown(&f);
}

static void
test_something_else(void)
{
    Fixture f;

    setup(&f);
    ask(&f, BNS_READY_GO);
    ask(&f, BNS_READY_DRAIN);
    g_assert_cmpint(heard(&f), ==, 0);
    g_assert_cmpuint(f.n_looks, ==, 0);
    teardown(&f);
}

static void
test_end(void)
{
    Fixture f;

    setup(&f);
    bns_fd_clear(&f.control[0]);
    bns_loop_turn(f.loop, 0);
    bns_loop_turn(f.loop, 0);
    g_assert_cmpuint(f.n_looks, ==, 0);
    teardown(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/base/drain/nothing-waits", test_nothing);
    bns_test_add("/base/drain/something-moves", test_moves);
    bns_test_add("/base/drain/something-else-is-said", test_something_else);
    bns_test_add("/base/drain/the-supervisor-ends", test_end);
    return g_test_run();
}
