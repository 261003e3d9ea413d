/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/wire_queue.h"

#include "base/fd.h"

#include <errno.h>

/* The kernel allows each user a number of descriptors on their way (ETOOMANYREFS), and
 * does not tell when there are fewer. */
#define RETRY_US (10 * 1000)

typedef struct {
    BnsWire message;
    int fd; /* owned, or -1 */
} Item;

struct BnsWireQueue {
    int fd; /* borrowed */
    BnsLoop *loop;
    BnsWatch *watch; /* owned */
    BnsTimer *retry; /* owned */
    GQueue items;    /* of owned Item */
    BnsLoopFunc on_readable;
    BnsLoopFunc on_broken;
    void *data;
};

static void
item_free(gpointer data)
{
    Item *item = data;

    bns_fd_clear(&item->fd);
    g_free(item);
}

/* Returns: whether @item is done with. */
static bool
try_send(BnsWireQueue *queue, const BnsWire *message, int fd)
{
    int r = bns_wire_send(queue->fd, message, fd);

    if (r == -EAGAIN)
        return false;
    if (r == -ETOOMANYREFS) {
        bns_timer_set(queue->retry, bns_loop_now_us(queue->loop) + RETRY_US);
        return false;
    }
    if (r < 0)
        queue->on_broken(queue->data);
    return true;
}

static void
flush(void *data)
{
    BnsWireQueue *queue = data;
    bool is_full = false;

    while (queue->items.length > 0 && !is_full) {
        Item *item = g_queue_peek_head(&queue->items);

        is_full = !try_send(queue, &item->message, item->fd);
        if (!is_full)
            item_free(g_queue_pop_head(&queue->items));
    }
    bns_watch_set_events(queue->watch, EPOLLIN | (is_full ? EPOLLOUT : 0u));
}

static void
on_ready(uint32_t events, void *data)
{
    BnsWireQueue *queue = data;

    if ((events & EPOLLOUT) != 0)
        flush(queue);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        queue->on_readable(queue->data);
}

BnsWireQueue *
bns_wire_queue_new(BnsLoop *loop,
                   int wire_fd,
                   BnsLoopFunc on_readable,
                   BnsLoopFunc on_broken,
                   void *data)
{
    BnsWireQueue *queue = g_new0(BnsWireQueue, 1);

    queue->fd = wire_fd;
    queue->loop = loop;
    queue->on_readable = on_readable;
    queue->on_broken = on_broken;
    queue->data = data;
    bns_fd_set_nonblocking(wire_fd, true);
    queue->watch = bns_loop_watch(loop, wire_fd, EPOLLIN, on_ready, queue);
    queue->retry = bns_loop_timer(loop, flush, queue);
    return queue;
}

void
bns_wire_queue_free(BnsWireQueue *queue)
{
    if (queue == NULL)
        return;
    bns_watch_free(queue->watch);
    bns_timer_free(queue->retry);
    g_queue_clear_full(&queue->items, item_free);
    g_free(queue);
}

bool
bns_wire_queue_is_empty(const BnsWireQueue *queue)
{
    return queue->items.length == 0;
}

void
bns_wire_queue_send(BnsWireQueue *queue, const BnsWire *message, int fd)
{
    Item *item;

    if (queue->items.length == 0 && try_send(queue, message, fd)) {
        bns_fd_clear(&fd);
        return;
    }
    item = g_new0(Item, 1);
    item->message = *message;
    item->fd = fd;
    g_queue_push_tail(&queue->items, item);
    bns_watch_set_events(queue->watch, EPOLLIN | EPOLLOUT);
}
