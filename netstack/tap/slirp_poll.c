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
    BnsSlirpPart *part; /* borrowed: whose it is, or was last */
    unsigned round;     /* the part's last in which it was added */
} Interest;

struct BnsSlirpPoll {
    int epoll_fd;      /* owned */
    GArray *interests; /* of Interest, by descriptor */
    uint32_t n_written;
};

struct BnsSlirpPart {
    BnsSlirpPoll *poll; /* borrowed */
    void *owner;
    unsigned round;
    GArray *polled;   /* of int: the descriptors of the last round */
    GArray *previous; /* the same, of the one before */
};

BnsSlirpPoll *
bns_slirp_poll_new(void)
{
    BnsSlirpPoll *poll = g_new0(BnsSlirpPoll, 1);

    poll->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poll->epoll_fd < 0)
        g_error("epoll_create1: %s", g_strerror(errno));
    poll->interests = g_array_new(FALSE, TRUE, sizeof(Interest));
    return poll;
}

void
bns_slirp_poll_free(BnsSlirpPoll *poll)
{
    if (poll == NULL)
        return;
    bns_fd_clear(&poll->epoll_fd);
    g_array_unref(poll->interests);
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

/* --- a part --- */

BnsSlirpPart *
bns_slirp_part_new(BnsSlirpPoll *poll, void *owner)
{
    BnsSlirpPart *part = g_new0(BnsSlirpPart, 1);

    part->poll = poll;
    part->owner = owner;
    part->polled = g_array_new(FALSE, FALSE, sizeof(int));
    part->previous = g_array_new(FALSE, FALSE, sizeof(int));
    return part;
}

void
bns_slirp_part_free(BnsSlirpPart *part)
{
    if (part == NULL)
        return;
    g_array_unref(part->polled);
    g_array_unref(part->previous);
    g_free(part);
}

void
bns_slirp_part_begin(BnsSlirpPart *part)
{
    GArray *previous = part->polled;

    part->polled = part->previous;
    part->previous = previous;
    g_array_set_size(part->polled, 0);
    part->round++;
}

void
bns_slirp_part_add(BnsSlirpPart *part, int fd, int events)
{
    Interest *interest = interest_at(part->poll, fd);

    interest->part = part;
    interest->round = part->round;
    interest->ready = 0; /* of an earlier round: the kernel says it again */
    g_array_append_val(part->polled, fd);
    tell_kernel(part->poll, fd, interest, to_epoll(events));
}

void
bns_slirp_part_commit(BnsSlirpPart *part)
{
    for (guint i = 0; i < part->previous->len; i++) {
        int fd = g_array_index(part->previous, int, i);
        Interest *interest = interest_at(part->poll, fd);

        /* Closed and opened again it may be another part's. */
        if (interest->part == part && interest->round != part->round)
            tell_kernel(part->poll, fd, interest, 0);
    }
}

/* --- the set --- */

size_t
bns_slirp_poll_writing(const BnsSlirpPoll *poll)
{
    size_t n = 0;

    for (guint fd = 0; fd < poll->interests->len; fd++)
        n += (g_array_index(poll->interests, Interest, fd).wanted & EPOLLOUT) != 0;
    return n;
}

uint32_t
bns_slirp_poll_written(const BnsSlirpPoll *poll)
{
    return poll->n_written;
}

void
bns_slirp_poll_forget(BnsSlirpPoll *poll, int fd)
{
    Interest *interest = interest_at(poll, fd);

    tell_kernel(poll, fd, interest, 0);
    interest->ready = 0;
}

void
bns_slirp_poll_collect(BnsSlirpPoll *poll, void (*on_ready)(void *owner))
{
    struct epoll_event events[EVENTS_PER_TURN];
    int n = epoll_wait(poll->epoll_fd, events, EVENTS_PER_TURN, 0);

    for (int i = 0; i < n; i++) {
        Interest *interest = interest_at(poll, events[i].data.fd);

        interest->ready = events[i].events;
        on_ready(interest->part->owner);
    }
}

int
bns_slirp_poll_take(BnsSlirpPoll *poll, int fd)
{
    Interest *interest = interest_at(poll, fd);
    int ready = from_epoll(interest->ready);

    interest->ready = 0;
    poll->n_written += (ready & SLIRP_POLL_OUT) != 0;
    return ready;
}
