/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One epoll loop: descriptors, timers, and a clock that is read once per turn.
 *
 * GLib's main loop polls every descriptor each turn; with thousands of idle flows
 * that is where the time goes. This loop costs only what is ready. It is single
 * threaded. A callback may free any watch or timer, its own included: they are
 * dead at once and released after the turn.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

typedef struct BnsLoop BnsLoop;
typedef struct BnsWatch BnsWatch;
typedef struct BnsTimer BnsTimer;

/* @events: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR as epoll_wait(2) gave them. */
typedef void (*BnsWatchFunc)(uint32_t events, void *data);
typedef void (*BnsLoopFunc)(void *data);

/* Returns: (transfer full): a loop. Aborts only if epoll_create1(2) fails. */
BnsLoop *bns_loop_new(void);
/* All watches and timers must have been freed. */
void bns_loop_free(BnsLoop *loop);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsLoop, bns_loop_free)

/* Runs until bns_loop_quit(). */
void bns_loop_run(BnsLoop *loop);
/* One turn: waits at most @timeout_us (-1: until something happens), dispatches. */
void bns_loop_turn(BnsLoop *loop, int64_t timeout_us);
void bns_loop_quit(BnsLoop *loop);

/* CLOCK_MONOTONIC in microseconds, as read at the beginning of this turn. */
int64_t bns_loop_now_us(const BnsLoop *loop);

/**
 * bns_loop_watch:
 * @fd: borrowed; close it only after bns_watch_free()
 * @events: EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET; 0 is allowed (EPOLLHUP and
 *          EPOLLERR are always reported)
 *
 * Returns: (transfer full): the watch; free it with bns_watch_free().
 */
BnsWatch *
bns_loop_watch(BnsLoop *loop, int fd, uint32_t events, BnsWatchFunc func, void *data);
/* No system call if @events did not change. */
void bns_watch_set_events(BnsWatch *watch, uint32_t events);
uint32_t bns_watch_events(const BnsWatch *watch);
/* Whether this turn may have an event for it that has not been told yet. */
bool bns_watch_is_due(const BnsWatch *watch);
void bns_watch_free(BnsWatch *watch);

/* Returns: (transfer full): a timer that is not running. */
BnsTimer *bns_loop_timer(BnsLoop *loop, BnsLoopFunc func, void *data);
/* Fires once at @deadline_us on bns_loop_now_us(); INT64_MAX stops it. Putting it off
 * costs nothing: idle timers may be set at each byte. */
void bns_timer_set(BnsTimer *timer, int64_t deadline_us);
void bns_timer_free(BnsTimer *timer);

/* Ends the loop when the life pipe ends (base/ready.h). Returns: (transfer full): the
 * watch. */
BnsWatch *bns_loop_watch_life(BnsLoop *loop, int life_fd);
