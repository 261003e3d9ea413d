/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/link.h"

#include "base/fd.h"
#include "netstack/tap/frame.h"
#include "netstack/tap/packet_gate.h"
#include "netstack/tap/packet_ring.h"
#include "netstack/tap/tap.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Then the streams have their turn. */
#define FRAMES_PER_TURN 64

/* What the queue of a packet socket must hold: a window of 64 KiB (libslirp's) in frames
 * for each connection before the link is wide, as much again for what the kernel counts
 * with them, and twice that, since a turn lets in more. Newer kernels allow 8 MiB, older
 * ones a twentieth. */
#define QUEUE_BYTES (BNS_LINK_NARROW_FLOWS * 64 * 1024 * 2 * 2)

/**
 * Source: where frames come from. In this order, never back.
 * @SOURCE_QUEUE: @fd
 * @SOURCE_QUEUE_FIRST: @fd until it is empty, then the ring
 * @SOURCE_RING: the ring
 */
typedef enum {
    SOURCE_QUEUE,
    SOURCE_QUEUE_FIRST,
    SOURCE_RING,
} Source;

struct BnsLink {
    BnsLoop *loop;        /* borrowed */
    int fd;               /* owned; frames go out here */
    int wide_fd;          /* owned; -1 for a tap */
    BnsWatch *watch;      /* owned; of @fd; NULL after the end */
    BnsWatch *wide_watch; /* owned; of @wide_fd; NULL before SOURCE_QUEUE_FIRST,
                                    * and after the end */
    const BnsLinkHandler *handler; /* borrowed */
    void *data;
    Source source;
    BnsPacketRing *ring; /* owned; NULL before SOURCE_QUEUE_FIRST */
    GQueue queue;        /* of owned GBytes, to be written */
    uint8_t
        buffer[BNS_FRAME_ETH_BYTES + BNS_TAP_MTU + 1]; /* one byte over shows what is
                                                            * too long */
};

G_DEFINE_QUARK(bns_link_error, bns_link_error)

static void
end(BnsLink *link)
{
    bns_watch_free(link->watch);
    link->watch = NULL;
    bns_watch_free(link->wide_watch);
    link->wide_watch = NULL;
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
    return error == EBADFD || error == ENODEV || error == ENXIO || error == ENETDOWN;
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
    uint32_t in = bns_link_is_busy(link) ? 0 : EPOLLIN;

    if (link->watch != NULL)
        bns_watch_set_events(link->watch, bns_link_is_busy(link)       ? EPOLLOUT
                                          : link->source < SOURCE_RING ? in
                                                                       : 0);
    if (link->wide_watch != NULL)
        bns_watch_set_events(link->wide_watch, in);
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

/* Returns: whether it is empty. */
static bool
read_queue(BnsLink *link)
{
    for (unsigned i = 0; i < FRAMES_PER_TURN && !bns_link_is_busy(link); i++) {
        ssize_t n = read(link->fd, link->buffer, sizeof(link->buffer));

        if (n > 0) {
            link->handler->on_frame(link->buffer, (size_t)n, link->data);
        } else if (n == 0 || errno != EINTR) {
            if (n == 0 || is_end_error(errno))
                end(link);
            return n < 0 && errno == EAGAIN;
        }
    }
    return false;
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
read_source(BnsLink *link)
{
    if (link->source < SOURCE_RING && read_queue(link) &&
        link->source == SOURCE_QUEUE_FIRST) {
        link->source = SOURCE_RING;
        want(link);
    }
    if (link->source == SOURCE_RING)
        read_ring(link);
}

/* Of either descriptor; only @fd is ever asked whether it can be written. */
static void
on_ready(uint32_t events, void *data)
{
    BnsLink *link = data;

    if ((events & EPOLLOUT) != 0)
        flush(link);
    if ((events & EPOLLIN) != 0)
        read_source(link);
    /* A tap without its device, a socket whose interface went down or away. */
    if (link->watch != NULL && (events & (EPOLLERR | EPOLLHUP)) != 0)
        end(link);
    link->handler->on_turn(link->data);
}

/* --- wide --- */

static bool
has_room(int fd)
{
    const int half = QUEUE_BYTES / 2; /* the kernel doubles it */
    int room = 0;
    socklen_t len = sizeof(room);

    return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &half, sizeof(half)) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, &len) == 0 &&
           room >= QUEUE_BYTES;
}

/* For a moment both sockets take what comes, so that nothing is lost between them. That
 * a frame comes twice is nothing new to TCP. */
static bool
widen(BnsLink *link, GError **error)
{
    int r;

    link->ring = bns_packet_ring_new(link->wide_fd, error);
    if (link->ring == NULL)
        return false;
    r = bns_packet_gate_shut(link->fd);
    if (r < 0) {
        g_set_error(error, BNS_LINK_ERROR, -r, "Could not leave a queue: %s",
                    g_strerror(-r));
        return false;
    }
    link->source = SOURCE_QUEUE_FIRST;
    link->wide_watch =
        bns_loop_watch(link->loop, link->wide_fd, EPOLLIN, on_ready, link);
    want(link);
    return true;
}

void
bns_link_widen(BnsLink *link)
{
    g_autoptr(GError) error = NULL;

    if (link->wide_fd < 0 || link->source != SOURCE_QUEUE || link->watch == NULL ||
        widen(link, &error))
        return;
    /* It works, but may lose frames, which the command's kernel then repeats. */
    g_info("%s", error->message);
    bns_packet_ring_free(link->ring);
    link->ring = NULL;
    bns_fd_clear(&link->wide_fd);
}

/* --- life --- */

BnsLink *
bns_link_new(BnsLoop *loop,
             int fd,
             int wide_fd,
             const BnsLinkHandler *handler,
             void *data,
             GError **error)
{
    g_autoptr(BnsLink) link = g_new0(BnsLink, 1);
    int r;

    link->loop = loop;
    link->fd = fd;
    link->wide_fd = wide_fd;
    link->handler = handler;
    link->data = data;
    r = bns_fd_set_nonblocking(fd, true);
    if (r < 0) {
        g_set_error(error, BNS_LINK_ERROR, -r, "Could not use the link: %s",
                    g_strerror(-r));
        return NULL;
    }
    link->watch = bns_loop_watch(loop, fd, EPOLLIN, on_ready, link);
    if (wide_fd >= 0 && !has_room(fd) && !widen(link, error))
        return NULL;
    return g_steal_pointer(&link);
}

void
bns_link_free(BnsLink *link)
{
    if (link == NULL)
        return;
    bns_watch_free(link->watch);
    bns_watch_free(link->wide_watch);
    g_queue_clear_full(&link->queue, (GDestroyNotify)g_bytes_unref);
    bns_packet_ring_free(link->ring);
    bns_fd_clear(&link->fd);
    bns_fd_clear(&link->wide_fd);
    g_free(link);
}
