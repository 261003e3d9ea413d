/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    BnsLoop *loop;
    BnsWatch *watches[2];
    BnsTimer *timers[3];
    GString *log;
} Fixture;

static void
on_timer_a(void *data)
{
    g_string_append_c(((Fixture *)data)->log, 'a');
}

static void
on_timer_b(void *data)
{
    Fixture *f = data;

    g_string_append_c(f->log, 'b');
    bns_timer_free(f->timers[1]);
    f->timers[1] = NULL;
}

static void
on_timer_quit(void *data)
{
    Fixture *f = data;

    g_string_append_c(f->log, 'q');
    bns_loop_quit(f->loop);
}

static void
test_timers(void)
{
    Fixture f = { .loop = bns_loop_new(), .log = g_string_new(NULL) };
    int64_t now = bns_loop_now_us(f.loop);

    f.timers[0] = bns_loop_timer(f.loop, on_timer_a, &f);
    f.timers[1] = bns_loop_timer(f.loop, on_timer_b, &f);
    f.timers[2] = bns_loop_timer(f.loop, on_timer_quit, &f);
    bns_timer_set(f.timers[2], now + 9000);
    bns_timer_set(f.timers[1], now + 1000);
    /* Put off past the others, then brought forward: the last word counts. */
    bns_timer_set(f.timers[0], now + 500);
    bns_timer_set(f.timers[0], now + 20000000);
    bns_timer_set(f.timers[0], now + 5000);
    bns_loop_run(f.loop);
    g_assert_cmpstr(f.log->str, ==, "baq");
    bns_timer_free(f.timers[0]);
    bns_timer_free(f.timers[2]);
    g_string_free(f.log, TRUE);
    bns_loop_free(f.loop);
}

/* Both are overdue when the loop looks: the earlier deadline still comes first. */
static void
test_late_timers(void)
{
    Fixture f = { .loop = bns_loop_new(), .log = g_string_new(NULL) };
    int64_t now = bns_loop_now_us(f.loop);

    f.timers[0] = bns_loop_timer(f.loop, on_timer_a, &f);
    f.timers[1] = bns_loop_timer(f.loop, on_timer_b, &f);
    f.timers[2] = bns_loop_timer(f.loop, on_timer_quit, &f);
    bns_timer_set(f.timers[0], now - 1000);
    bns_timer_set(f.timers[0], now - 10);
    bns_timer_set(f.timers[1], now - 500);
    bns_timer_set(f.timers[2], now - 5);
    bns_loop_run(f.loop);
    g_assert_cmpstr(f.log->str, ==, "baq");
    bns_timer_free(f.timers[0]);
    bns_timer_free(f.timers[2]);
    g_string_free(f.log, TRUE);
    bns_loop_free(f.loop);
}

/* A deadline that passes while the turn computes how long to wait: it waits no time, and
 * not for ever. */
static void
test_timers_due_now(void)
{
    Fixture f = { .loop = bns_loop_new(), .log = g_string_new(NULL) };

    f.timers[0] = bns_loop_timer(f.loop, on_timer_a, &f);
    for (unsigned i = 0; i < 5000; i++) {
        bns_timer_set(f.timers[0], g_get_monotonic_time());
        while (f.log->len == i)
            bns_loop_turn(f.loop, -1);
    }
    bns_timer_free(f.timers[0]);
    g_string_free(f.log, TRUE);
    bns_loop_free(f.loop);
}

static void
test_timer_stopped(void)
{
    Fixture f = { .loop = bns_loop_new(), .log = g_string_new(NULL) };
    int64_t now = bns_loop_now_us(f.loop);

    f.timers[0] = bns_loop_timer(f.loop, on_timer_a, &f);
    f.timers[2] = bns_loop_timer(f.loop, on_timer_quit, &f);
    bns_timer_set(f.timers[0], now + 1000);
    bns_timer_set(f.timers[2], now + 3000);
    bns_timer_set(f.timers[0], INT64_MAX);
    bns_loop_run(f.loop);
    g_assert_cmpstr(f.log->str, ==, "q");
    bns_timer_free(f.timers[0]);
    bns_timer_free(f.timers[2]);
    g_string_free(f.log, TRUE);
    bns_loop_free(f.loop);
}

static void
test_many_timers(void)
{
    BnsLoop *loop = bns_loop_new();
    Fixture f = { .loop = loop, .log = g_string_new(NULL) };
    BnsTimer *timers[500];
    GRand *rand = g_rand_new_with_seed(1);
    int64_t now = bns_loop_now_us(loop);

    for (size_t i = 0; i < G_N_ELEMENTS(timers); i++) {
        timers[i] = bns_loop_timer(loop, on_timer_a, &f);
        bns_timer_set(timers[i], now + g_rand_int_range(rand, 0, 5000));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(timers); i += 2) {
        bns_timer_free(timers[i]);
        timers[i] = NULL;
    }
    f.timers[2] = bns_loop_timer(loop, on_timer_quit, &f);
    bns_timer_set(f.timers[2], now + 6000);
    bns_loop_run(loop);
    g_assert_cmpuint(f.log->len, ==, G_N_ELEMENTS(timers) / 2 + 1);
    g_assert_cmpint(f.log->str[f.log->len - 1], ==, 'q');
    for (size_t i = 0; i < G_N_ELEMENTS(timers); i++)
        bns_timer_free(timers[i]);
    bns_timer_free(f.timers[2]);
    g_rand_free(rand);
    g_string_free(f.log, TRUE);
    bns_loop_free(loop);
}

/* Two pipes that are ready in one turn. */
static void
watch_two(Fixture *f, int pipes[2][2], BnsWatchFunc func)
{
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(pipe(pipes[i]), ==, 0);
        f->watches[i] = bns_loop_watch(f->loop, pipes[i][0], EPOLLIN, func, f);
        g_assert_cmpint(write(pipes[i][1], "x", 1), ==, 1);
    }
}

/* Both descriptors are ready in one turn; the first callback frees both watches. */
static void
on_ready_free_both(uint32_t events, void *data)
{
    Fixture *f = data;

    g_string_append_c(f->log, 'x');
    bns_watch_free(f->watches[0]);
    bns_watch_free(f->watches[1]);
    bns_loop_quit(f->loop);
}

static void
test_free_in_callback(void)
{
    Fixture f = { .loop = bns_loop_new(), .log = g_string_new(NULL) };
    int pipes[2][2];

    watch_two(&f, pipes, on_ready_free_both);
    bns_loop_run(f.loop);
    g_assert_cmpstr(f.log->str, ==, "x");
    for (int i = 0; i < 2; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    g_string_free(f.log, TRUE);
    bns_loop_free(f.loop);
}

/* The first of two that are ready finds the other due, and the second finds none. */
static void
on_ready_count_due(uint32_t events, void *data)
{
    Fixture *f = data;
    int n_due = 0;

    for (int i = 0; i < 2; i++)
        n_due += bns_watch_is_due(f->watches[i]);
    g_string_append_printf(f->log, "%d", n_due);
}

static void
test_due(void)
{
    Fixture f = { .loop = bns_loop_new(), .log = g_string_new(NULL) };
    int pipes[2][2];

    watch_two(&f, pipes, on_ready_count_due);
    g_assert_false(bns_watch_is_due(f.watches[0]));
    bns_loop_turn(f.loop, 0);
    g_assert_cmpstr(f.log->str, ==, "10");
    for (int i = 0; i < 2; i++) {
        bns_watch_free(f.watches[i]);
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    bns_loop_turn(f.loop, 0);
    g_string_free(f.log, TRUE);
    bns_loop_free(f.loop);
}

static void
test_life(void)
{
    BnsLoop *loop = bns_loop_new();
    BnsWatch *watch;
    int life[2];

    g_assert_cmpint(pipe(life), ==, 0);
    watch = bns_loop_watch_life(loop, life[0]);
    close(life[1]);
    bns_loop_run(loop);
    bns_watch_free(watch);
    close(life[0]);
    bns_loop_turn(loop, 0);
    bns_loop_free(loop);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/base/loop/timers-fire-in-order", test_timers);
    bns_test_add("/base/loop/late-timers-fire-in-order", test_late_timers);
    bns_test_add("/base/loop/timers-due-now-fire-at-once", test_timers_due_now);
    bns_test_add("/base/loop/stopped-timer-does-not-fire", test_timer_stopped);
    bns_test_add("/base/loop/many-timers-each-fire-once", test_many_timers);
    bns_test_add("/base/loop/callback-may-free-any-watch", test_free_in_callback);
    bns_test_add("/base/loop/events-not-yet-told-are-due", test_due);
    bns_test_add("/base/loop/end-of-life-pipe-quits", test_life);
    return g_test_run();
}
