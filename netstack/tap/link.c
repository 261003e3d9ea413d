/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/link.h"

#include "base/fd.h"
#include "netstack/tap/frame.h"
#include "netstack/tap/packet_ring.h"
#include "netstack/tap/tap.h"

#include <errno.h>
#include <unistd.h>

/* Then the streams have their turn. */
#define FRAMES_PER_TURN 64

struct BnsLink {
    int fd; /* owned */
    BnsLinkKind kind;
    BnsWatch *watch;               /* owned; NULL after the end */
    const BnsLinkHandler *handler; /* borrowed */
    void *data;
    BnsPacketRing *ring; /* owned; PACKET only */
    GQueue queue;        /* of owned GBytes, to be written */
    uint8_t buffer[BNS_FRAME_ETH_BYTES + BNS_TAP_MTU + 1]; /* TAP: one byte over shows
                                                            * what is too long */
};

G_DEFINE_QUARK(bns_link_error, bns_link_error)

static void
end(BnsLink *link)
{
    bns_watch_free(link->watch);
    link->watch = NULL;
    g_queue_clear_full(&link->queue, (GDestroyNotify)g_bytes_unref);
    link->handler->on_end(link->data);
}

static bool
is_busy_error(int error)
{
    /* ENOBUFS: the veth's queue is full. */
    return error == EAGAIN || error == ENOBUFS;
}

/* The device is down or gone, as when the sandbox has ended. */
static bool
is_end_error(int error)
{
    return error == EBADFD || error == ENODEV || error == ENXIO;
}

/* --- out --- */

/* Returns: whether the frame is done with: written, or not writable at all. */
static bool
write_frame(BnsLink *link, const void *bytes, size_t len)
{
    if (write(link->fd, bytes, len) >= 0)
        return true;
    if (is_busy_error(errno) || errno == EINTR)
        return false;
    link->handler->on_lost(link->data);
    return true;
}

static void
want(BnsLink *link)
{
    if (link->watch != NULL)
        bns_watch_set_events(link->watch, bns_link_is_busy(link) ? EPOLLOUT : EPOLLIN);
}

void
bns_link_send(BnsLink *link, const uint8_t *bytes, size_t len)
{
    if (link->watch == NULL)
        return;
    if (!bns_link_is_busy(link) && write_frame(link, bytes, len))
        return;
    g_queue_push_tail(&link->queue, g_bytes_new(bytes, len));
    want(link);
}

bool
bns_link_is_busy(const BnsLink *link)
{
    return link->queue.length > 0;
}

static void
flush(BnsLink *link)
{
    while (bns_link_is_busy(link)) {
        GBytes *frame = g_queue_peek_head(&link->queue);

        if (!write_frame(link, g_bytes_get_data(frame, NULL), g_bytes_get_size(frame)))
            return;
        g_bytes_unref(g_queue_pop_head(&link->queue));
    }
    want(link);
}

/* --- in --- */

static void
read_tap(BnsLink *link)
{
    for (unsigned i = 0; i < FRAMES_PER_TURN && !bns_link_is_busy(link); i++) {
        ssize_t n = read(link->fd, link->buffer, sizeof(link->buffer));

        if (n > 0) {
            link->handler->on_frame(link->buffer, (size_t)n, link->data);
        } else if (n == 0 || errno != EINTR) {
            if (n == 0 || is_end_error(errno))
                end(link);
            return;
        }
    }
}

static void
read_ring(BnsLink *link)
{
    for (unsigned i = 0; i < FRAMES_PER_TURN && !bns_link_is_busy(link); i++) {
        size_t len;
        uint8_t *bytes;

        if (!bns_packet_ring_next(link->ring, &bytes, &len))
            return;
        if (bytes != NULL)
            link->handler->on_frame(bytes, len, link->data);
        else
            link->handler->on_lost(link->data);
        bns_packet_ring_release(link->ring);
    }
}

static void
on_ready(uint32_t events, void *data)
{
    BnsLink *link = data;

    if ((events & EPOLLOUT) != 0)
        flush(link);
    if ((events & EPOLLIN) != 0 && link->kind == BNS_LINK_TAP)
        read_tap(link);
    else if ((events & EPOLLIN) != 0)
        read_ring(link);
    /* A tap without its device, a socket whose interface went down or away. */
    if (link->watch != NULL && (events & (EPOLLERR | EPOLLHUP)) != 0)
        end(link);
    link->handler->on_turn(link->data);
}

/* --- life --- */

BnsLink *
bns_link_new(BnsLoop *loop,
             int fd,
             BnsLinkKind kind,
             const BnsLinkHandler *handler,
             void *data,
             GError **error)
{
    g_autoptr(BnsLink) link = g_new0(BnsLink, 1);
    int r;

    link->fd = fd;
    link->kind = kind;
    link->handler = handler;
    link->data = data;
    r = bns_fd_set_nonblocking(fd, true);
    if (r < 0) {
        g_set_error(error, BNS_LINK_ERROR, -r, "Could not use the link: %s",
                    g_strerror(-r));
        return NULL;
    }
    if (kind == BNS_LINK_PACKET) {
        link->ring = bns_packet_ring_new(fd, error);
        if (link->ring == NULL)
            return NULL;
    }
    link->watch = bns_loop_watch(loop, fd, EPOLLIN, on_ready, link);
    return g_steal_pointer(&link);
}

void
bns_link_free(BnsLink *link)
{
    if (link == NULL)
        return;
    bns_watch_free(link->watch);
    g_queue_clear_full(&link->queue, (GDestroyNotify)g_bytes_unref);
    bns_packet_ring_free(link->ring);
    bns_fd_clear(&link->fd);
    g_free(link);
}
