/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/slirp_poll.h"

#include "base/fd.h"

#include <errno.h>
#include <slirp/libslirp.h>
#include <sys/epoll.h>

/* Fetched at once; the rest stays ready for the next turn. */
#define EVENTS_PER_TURN 256

typedef struct {
    uint32_t wanted; /* what the kernel has been told; 0: not in the set */
    uint32_t ready;
    unsigned round; /* the last in which it was added */
} Interest;

struct BnsSlirpPoll {
    int epoll_fd; /* owned */
    unsigned round;
    GArray *interests; /* of Interest, by descriptor */
    GArray *polled;    /* of int: the descriptors of the last round */
    GArray *previous;  /* the same, of the one before */
};

BnsSlirpPoll *
bns_slirp_poll_new(void)
{
    BnsSlirpPoll *poll = g_new0(BnsSlirpPoll, 1);

    poll->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poll->epoll_fd < 0)
        g_error("epoll_create1: %s", g_strerror(errno));
    poll->interests = g_array_new(FALSE, TRUE, sizeof(Interest));
    poll->polled = g_array_new(FALSE, FALSE, sizeof(int));
    poll->previous = g_array_new(FALSE, FALSE, sizeof(int));
    return poll;
}

void
bns_slirp_poll_free(BnsSlirpPoll *poll)
{
    if (poll == NULL)
        return;
    bns_fd_clear(&poll->epoll_fd);
    g_array_unref(poll->interests);
    g_array_unref(poll->polled);
    g_array_unref(poll->previous);
    g_free(poll);
}

int
bns_slirp_poll_fd(const BnsSlirpPoll *poll)
{
    return poll->epoll_fd;
}

static uint32_t
to_epoll(int events)
{
    return ((events & SLIRP_POLL_IN) != 0 ? EPOLLIN : 0u) |
           ((events & SLIRP_POLL_OUT) != 0 ? EPOLLOUT : 0u) |
           ((events & SLIRP_POLL_PRI) != 0 ? EPOLLPRI : 0u) |
           ((events & SLIRP_POLL_ERR) != 0 ? EPOLLERR : 0u) |
           ((events & SLIRP_POLL_HUP) != 0 ? EPOLLHUP : 0u);
}

static int
from_epoll(uint32_t events)
{
    return ((events & EPOLLIN) != 0 ? SLIRP_POLL_IN : 0) |
           ((events & EPOLLOUT) != 0 ? SLIRP_POLL_OUT : 0) |
           ((events & EPOLLPRI) != 0 ? SLIRP_POLL_PRI : 0) |
           ((events & EPOLLERR) != 0 ? SLIRP_POLL_ERR : 0) |
           ((events & EPOLLHUP) != 0 ? SLIRP_POLL_HUP : 0);
}

static Interest *
interest_at(BnsSlirpPoll *poll, int fd)
{
    if ((guint)fd >= poll->interests->len)
        g_array_set_size(poll->interests, (guint)fd + 1);
    return &g_array_index(poll->interests, Interest, fd);
}

static void
tell_kernel(BnsSlirpPoll *poll, int fd, Interest *interest, uint32_t wanted)
{
    struct epoll_event event = { .events = wanted, .data.fd = fd };
    int op = interest->wanted == 0 ? EPOLL_CTL_ADD
             : wanted == 0         ? EPOLL_CTL_DEL
                                   : EPOLL_CTL_MOD;

    if (interest->wanted == wanted)
        return;
    if (epoll_ctl(poll->epoll_fd, op, fd, &event) < 0)
        g_error("epoll_ctl(%d, %d): %s", op, fd, g_strerror(errno));
    interest->wanted = wanted;
}

void
bns_slirp_poll_begin(BnsSlirpPoll *poll)
{
    GArray *previous = poll->polled;

    poll->polled = poll->previous;
    poll->previous = previous;
    g_array_set_size(poll->polled, 0);
    poll->round++;
}

void
bns_slirp_poll_add(BnsSlirpPoll *poll, int fd, int events)
{
    Interest *interest = interest_at(poll, fd);

    interest->round = poll->round;
    interest->ready = 0; /* of an earlier round: the kernel says it again */
    g_array_append_val(poll->polled, fd);
    tell_kernel(poll, fd, interest, to_epoll(events));
}

void
bns_slirp_poll_commit(BnsSlirpPoll *poll)
{
    for (guint i = 0; i < poll->previous->len; i++) {
        int fd = g_array_index(poll->previous, int, i);
        Interest *interest = interest_at(poll, fd);

        if (interest->round != poll->round)
            tell_kernel(poll, fd, interest, 0);
    }
}

size_t
bns_slirp_poll_writing(const BnsSlirpPoll *poll)
{
    size_t n = 0;

    for (guint i = 0; i < poll->polled->len; i++) {
        int fd = g_array_index(poll->polled, int, i);

        n += (g_array_index(poll->interests, Interest, fd).wanted & EPOLLOUT) != 0;
    }
    return n;
}

void
bns_slirp_poll_forget(BnsSlirpPoll *poll, int fd)
{
    Interest *interest = interest_at(poll, fd);

    tell_kernel(poll, fd, interest, 0);
    interest->ready = 0;
}

void
bns_slirp_poll_collect(BnsSlirpPoll *poll)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int n = epoll_wait(poll->epoll_fd, events, EVENTS_PER_TURN, 0);

    for (int i = 0; i < n; i++)
        interest_at(poll, events[i].data.fd)->ready = events[i].events;
}

int
bns_slirp_poll_take(BnsSlirpPoll *poll, int fd)
{
    Interest *interest = interest_at(poll, fd);
    int ready = from_epoll(interest->ready);

    interest->ready = 0;
    return ready;
}
