/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include "base/fd.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Events fetched by one epoll_wait(2); more are fetched in the next turn. */
#define EVENTS_PER_TURN 256

struct BnsWatch {
    BnsLoop *loop; /* borrowed */
    int fd;        /* borrowed */
    uint32_t events;
    bool is_due;       /* an event of this turn is still to be told */
    BnsWatchFunc func; /* NULL when dead */
    void *data;
};

struct BnsTimer {
    BnsLoop *loop; /* borrowed */
    BnsLoopFunc func;
    void *data;
    int64_t deadline_us; /* when it should fire; may be later than queued_us */
    int64_t queued_us;   /* its key in the heap */
    guint index;         /* its place in the heap; G_MAXUINT if not in it */
};

struct BnsLoop {
    int epoll_fd; /* owned */
    bool quit;
    bool is_full; /* this turn may have left events in the kernel */
    int64_t now_us;
    GPtrArray *heap;      /* of borrowed BnsTimer, a binary heap by queued_us */
    GPtrArray *graveyard; /* of owned BnsWatch, dead, freed after the turn */
};

static void
read_clock(BnsLoop *loop)
{
    loop->now_us = g_get_monotonic_time();
}

BnsLoop *
bns_loop_new(void)
{
    BnsLoop *loop = g_new0(BnsLoop, 1);

    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        g_error("epoll_create1: %s", g_strerror(errno));
    loop->heap = g_ptr_array_new();
    loop->graveyard = g_ptr_array_new_with_free_func(g_free);
    read_clock(loop);
    return loop;
}

void
bns_loop_free(BnsLoop *loop)
{
    if (loop == NULL)
        return;
    bns_fd_clear(&loop->epoll_fd);
    g_ptr_array_unref(loop->heap);
    g_ptr_array_unref(loop->graveyard);
    g_free(loop);
}

void
bns_loop_quit(BnsLoop *loop)
{
    loop->quit = true;
}

int64_t
bns_loop_now_us(const BnsLoop *loop)
{
    return loop->now_us;
}

/* --- timers --- */

static BnsTimer *
heap_at(BnsLoop *loop, guint index)
{
    return g_ptr_array_index(loop->heap, index);
}

static void
heap_place(BnsLoop *loop, guint index, BnsTimer *timer)
{
    g_ptr_array_index(loop->heap, index) = timer;
    timer->index = index;
}

static void
heap_up(BnsLoop *loop, BnsTimer *timer)
{
    guint index = timer->index;

    while (index > 0) {
        BnsTimer *parent = heap_at(loop, (index - 1) / 2);

        if (parent->queued_us <= timer->queued_us)
            break;
        heap_place(loop, index, parent);
        index = (index - 1) / 2;
    }
    heap_place(loop, index, timer);
}

static void
heap_down(BnsLoop *loop, BnsTimer *timer)
{
    guint index = timer->index;
    guint len = loop->heap->len;

    for (guint child = 2 * index + 1; child < len; child = 2 * index + 1) {
        if (child + 1 < len &&
            heap_at(loop, child + 1)->queued_us < heap_at(loop, child)->queued_us)
            child++;
        if (heap_at(loop, child)->queued_us >= timer->queued_us)
            break;
        heap_place(loop, index, heap_at(loop, child));
        index = child;
    }
    heap_place(loop, index, timer);
}

static void
heap_remove(BnsLoop *loop, BnsTimer *timer)
{
    guint index = timer->index;
    BnsTimer *last = heap_at(loop, loop->heap->len - 1);

    g_ptr_array_set_size(loop->heap, (int)loop->heap->len - 1);
    timer->index = G_MAXUINT;
    if (last == timer)
        return;
    heap_place(loop, index, last);
    heap_up(loop, last);
    heap_down(loop, last);
}

static void
heap_insert(BnsLoop *loop, BnsTimer *timer)
{
    timer->queued_us = timer->deadline_us;
    g_ptr_array_add(loop->heap, timer);
    timer->index = loop->heap->len - 1;
    heap_up(loop, timer);
}

BnsTimer *
bns_loop_timer(BnsLoop *loop, BnsLoopFunc func, void *data)
{
    BnsTimer *timer = g_new0(BnsTimer, 1);

    timer->loop = loop;
    timer->func = func;
    timer->data = data;
    timer->deadline_us = INT64_MAX;
    timer->index = G_MAXUINT;
    return timer;
}

void
bns_timer_set(BnsTimer *timer, int64_t deadline_us)
{
    timer->deadline_us = deadline_us;
    if (timer->index != G_MAXUINT) {
        /* Later than queued: the pop will see the true deadline and queue it again. */
        if (deadline_us >= timer->queued_us && deadline_us != INT64_MAX)
            return;
        heap_remove(timer->loop, timer);
    }
    if (deadline_us != INT64_MAX)
        heap_insert(timer->loop, timer);
}

void
bns_timer_free(BnsTimer *timer)
{
    if (timer == NULL)
        return;
    if (timer->index != G_MAXUINT)
        heap_remove(timer->loop, timer);
    g_free(timer);
}

static void
fire_timers(BnsLoop *loop)
{
    while (loop->heap->len > 0) {
        BnsTimer *timer = heap_at(loop, 0);

        if (timer->queued_us > loop->now_us)
            return;
        heap_remove(loop, timer);
        /* It was put off: it takes its turn among the others, due or not. */
        if (timer->deadline_us > timer->queued_us) {
            heap_insert(loop, timer);
            continue;
        }
        timer->deadline_us = INT64_MAX;
        timer->func(timer->data);
    }
}

/* --- watches --- */

BnsWatch *
bns_loop_watch(BnsLoop *loop, int fd, uint32_t events, BnsWatchFunc func, void *data)
{
    BnsWatch *watch = g_new0(BnsWatch, 1);
    struct epoll_event event = { .events = events, .data.ptr = watch };

    watch->loop = loop;
    watch->fd = fd;
    watch->events = events;
    watch->func = func;
    watch->data = data;
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        g_error("epoll_ctl(ADD, %d): %s", fd, g_strerror(errno));
    return watch;
}

void
bns_watch_set_events(BnsWatch *watch, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    if (watch->events == events)
        return;
    watch->events = events;
    epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

uint32_t
bns_watch_events(const BnsWatch *watch)
{
    return watch->events;
}

bool
bns_watch_is_due(const BnsWatch *watch)
{
    return watch->is_due || watch->loop->is_full;
}

void
bns_watch_free(BnsWatch *watch)
{
    if (watch == NULL || watch->func == NULL)
        return;
    epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->func = NULL;
    g_ptr_array_add(watch->loop->graveyard, watch);
}

/* --- turns --- */

static int
timeout_ms(const BnsLoop *loop, int64_t timeout_us)
{
    if (loop->heap->len > 0) {
        const BnsTimer *first = g_ptr_array_index(loop->heap, 0);
        int64_t left_us = first->queued_us - g_get_monotonic_time();

        /* What is negative here is overdue; epoll would wait for ever. */
        if (left_us < 0)
            left_us = 0;
        if (timeout_us < 0 || left_us < timeout_us)
            timeout_us = left_us;
    }
    if (timeout_us < 0)
        return -1;
    return (int)MIN(G_MAXINT, (timeout_us + 999) / 1000);
}

void
bns_loop_turn(BnsLoop *loop, int64_t timeout_us)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int n = epoll_wait(loop->epoll_fd, events, EVENTS_PER_TURN,
                       timeout_ms(loop, timeout_us));

    read_clock(loop);
    loop->is_full = n == EVENTS_PER_TURN;
    for (int i = 0; i < n; i++)
        ((BnsWatch *)events[i].data.ptr)->is_due = true;
    for (int i = 0; i < n; i++) {
        BnsWatch *watch = events[i].data.ptr;

        watch->is_due = false;
        if (watch->func != NULL)
            watch->func(events[i].events, watch->data);
    }
    fire_timers(loop);
    g_ptr_array_set_size(loop->graveyard, 0);
}

void
bns_loop_run(BnsLoop *loop)
{
    loop->quit = false;
    while (!loop->quit)
        bns_loop_turn(loop, -1);
}

static void
on_life(uint32_t events, void *data)
{
    bns_loop_quit(data);
}

BnsWatch *
bns_loop_watch_life(BnsLoop *loop, int life_fd)
{
    return bns_loop_watch(loop, life_fd, EPOLLIN, on_life, loop);
}
