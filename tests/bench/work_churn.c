/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open loop: connections come at their rate whether or not the ones before have ended,
 * which is what shows whether something grows. The client closes first, as tools do.
 */
#include "tests/bench/load.h"
#include "tests/bench/target.h"

#include <errno.h>

#define TICK_US      (2 * 1000)
#define DRAIN_US     (10 * G_USEC_PER_SEC)
#define AT_ONCE_MAX  4000
#define LATE_FAILURE "not answered ten seconds after the last one was opened"

typedef struct {
    BnsLoop *loop;
    Target *target;
    const char *path;
    int64_t rate;
    int64_t begin_us, end_us;
    int64_t opened, wanted;
    GHashTable *under_way; /* owned: set of Conn */
    unsigned most_under_way;
    unsigned done;
    Samples latency;
    BnsTimer *timer; /* owned */
    Failures failures;
} Run;

static void
end_one(Run *run, Conn *conn)
{
    g_hash_table_remove(run->under_way, conn);
    if (g_hash_table_size(run->under_way) == 0 && run->opened == run->wanted)
        bns_loop_quit(run->loop);
}

static void
on_open(Conn *conn, void *data)
{
    conn_request(conn, ((Run *)data)->path, 0);
}

static void
on_response(Conn *conn, void *data)
{
    Run *run = data;

    run->done++;
    samples_add(&run->latency, (double)(g_get_monotonic_time() - conn_opened_us(conn)));
    end_one(run, conn);
}

static void
on_failure(Conn *conn, const char *why, void *data)
{
    failures_add(&((Run *)data)->failures, why);
    end_one(data, conn);
}

static const ConnCalls calls = {
    .on_open = on_open,
    .on_response = on_response,
    .on_failure = on_failure,
};

static void
open_one(Run *run)
{
    Conn *conn;

    run->opened++;
    if (g_hash_table_size(run->under_way) >= AT_ONCE_MAX) {
        failures_add(&run->failures, "too many were waiting");
        return;
    }
    conn = conn_open(run->loop, run->target, &calls, run);
    if (conn == NULL)
        failures_add(&run->failures, g_strerror(errno));
    else
        g_hash_table_add(run->under_way, conn);
    run->most_under_way = MAX(run->most_under_way, g_hash_table_size(run->under_way));
}

static void
on_tick(void *data)
{
    Run *run = data;
    int64_t now_us = g_get_monotonic_time();
    int64_t due = (now_us - run->begin_us) * run->rate / G_USEC_PER_SEC;

    while (run->opened < MIN(due, run->wanted))
        open_one(run);
    if (now_us >= run->end_us + DRAIN_US) {
        failures_add(&run->failures, LATE_FAILURE);
        bns_loop_quit(run->loop);
    } else if (run->opened == run->wanted && g_hash_table_size(run->under_way) == 0) {
        bns_loop_quit(run->loop);
    }
    bns_timer_set(run->timer, now_us + TICK_US);
}

void
work_churn(BnsLoop *loop, const Command *command, GString *reply)
{
    g_autofree char *error = NULL;
    g_autoptr(Target) target = target_new(command, &error);
    int64_t begin_us = g_get_monotonic_time();
    Run run = {
        .loop = loop,
        .target = target,
        .path = command_text(command, "path", "/bytes/1"),
        .rate = command_number(command, "rate", 2000),
        .begin_us = begin_us,
        .end_us = begin_us + command_number(command, "time_us", 10 * G_USEC_PER_SEC),
    };

    if (target == NULL) {
        failures_add(&run.failures, error);
        failures_reply(&run.failures, reply);
        return;
    }
    run.wanted = run.rate * (run.end_us - begin_us) / G_USEC_PER_SEC;
    run.under_way = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)conn_close, NULL);
    samples_init(&run.latency);
    run.timer = bns_loop_timer(loop, on_tick, &run);
    bns_timer_set(run.timer, begin_us);
    bns_loop_run(loop);
    bns_timer_free(run.timer);
    g_string_append_printf(
        reply,
        " opened=%" G_GINT64_FORMAT " requests=%u most=%u elapsed_us=%" G_GINT64_FORMAT,
        run.opened, run.done, run.most_under_way, g_get_monotonic_time() - begin_us);
    samples_reply(&run.latency, "latency", reply);
    failures_reply(&run.failures, reply);
    g_hash_table_unref(run.under_way);
    samples_clear(&run.latency);
}
