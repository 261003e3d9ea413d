/* SPDX-License-Identifier: Apache-2.0 */
#include "base/drain.h"

#include "base/fd.h"
#include "base/ready.h"

struct BnsDrain {
    BnsLoop *loop;   /* borrowed */
    int control_fd;  /* borrowed */
    BnsWatch *watch; /* owned; NULL once it was asked */
    BnsTimer *timer; /* owned; runs from then on */
    BnsDrainFunc func;
    BnsDrainOther other; /* NULL: nobody asks for more */
    void *data;
    uint64_t waits;  /* as of the last look */
    bool has_moved;  /* and nobody was told */
    int64_t news_us; /* when DRAINING may be said */
};

/* The supervisor may be gone; then the life pipe ends, too. */
static void
say(const BnsDrain *drain, BnsReadyType type)
{
    (void)bns_ready_send(drain->control_fd, type, NULL, -1);
}

static void
look(void *data)
{
    BnsDrain *drain = data;
    int64_t now_us = bns_loop_now_us(drain->loop);
    uint64_t waits = drain->func(drain->data);

    if (waits == 0) {
        say(drain, BNS_READY_DRAINED);
        return;
    }
    drain->has_moved |= waits != drain->waits;
    drain->waits = waits;
    if (drain->has_moved && now_us >= drain->news_us) {
        drain->has_moved = false;
        drain->news_us = now_us + BNS_DRAIN_NEWS_US;
        say(drain, BNS_READY_DRAINING);
    }
    bns_timer_set(drain->timer, now_us + BNS_DRAIN_POLL_US);
}

static void
on_control(uint32_t events, void *data)
{
    BnsDrain *drain = data;
    char text[BNS_READY_TEXT_MAX + 1];
    bns_autofd fd = -1;
    int type = bns_ready_receive(drain->control_fd, text, &fd);

    if (type > 0 && type != BNS_READY_DRAIN && drain->other != NULL) {
        drain->other(type, text, fd, drain->data);
        return;
    }
    g_clear_pointer(&drain->watch, bns_watch_free);
    if (type == BNS_READY_DRAIN)
        look(drain);
}

BnsDrain *
bns_drain_new(
    BnsLoop *loop, int control_fd, BnsDrainFunc func, BnsDrainOther other, void *data)
{
    BnsDrain *drain = g_new0(BnsDrain, 1);

    drain->loop = loop;
    drain->control_fd = control_fd;
    drain->func = func;
    drain->other = other;
    drain->data = data;
    drain->watch = bns_loop_watch(loop, control_fd, EPOLLIN, on_control, drain);
    drain->timer = bns_loop_timer(loop, look, drain);
    return drain;
}

void
bns_drain_free(BnsDrain *drain)
{
    if (drain == NULL)
        return;
    bns_watch_free(drain->watch);
    bns_timer_free(drain->timer);
    g_free(drain);
}
