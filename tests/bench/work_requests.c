/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A closed loop: each connection asks again as soon as it was answered. The latency of a
 * new connection's request counts from connect(2).
 */
#include "tests/bench/load.h"
#include "tests/bench/target.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Whoever fails that often will not come to anything. */
#define FAILURES_MAX 100

typedef struct {
    BnsLoop *loop;
    Target *target;
    const char *path;
    bool is_new;
    bool is_connect_only;
    int64_t end_us;
    int64_t left; /* requests to begin */
    unsigned running;
    unsigned resumed;
    Samples latency;
    Failures failures;
} Run;

typedef struct {
    Run *run;
    Conn *conn; /* owned; NULL between two */
    int64_t asked_us;
} Worker;

static void start(Worker *worker);

static void
stop(Worker *worker)
{
    g_clear_pointer(&worker->conn, conn_close);
    if (--worker->run->running == 0)
        bns_loop_quit(worker->run->loop);
}

static bool
is_over(Run *run)
{
    return run->left == 0 || run->failures.count >= FAILURES_MAX ||
           g_get_monotonic_time() >= run->end_us;
}

static void
ask(Worker *worker)
{
    worker->run->left--;
    conn_request(worker->conn, worker->run->path, 0);
}

static void
on_response(Conn *conn, void *data)
{
    Worker *worker = data;
    Run *run = worker->run;
    int64_t now_us = g_get_monotonic_time();

    samples_add(&run->latency, (double)(now_us - worker->asked_us));
    run->resumed += run->is_new && conn_was_resumed(conn);
    worker->asked_us = now_us;
    if (is_over(run)) {
        stop(worker);
    } else if (run->is_new) {
        g_clear_pointer(&worker->conn, conn_close);
        start(worker);
    } else {
        ask(worker);
    }
}

static void
on_open(Conn *conn, void *data)
{
    Worker *worker = data;

    if (worker->run->is_connect_only) {
        worker->run->left--;
        on_response(conn, worker);
        return;
    }
    worker->asked_us =
        worker->run->is_new ? conn_opened_us(conn) : g_get_monotonic_time();
    ask(worker);
}

static void
on_failure(Conn *conn, const char *why, void *data)
{
    Worker *worker = data;

    failures_add(&worker->run->failures, why);
    if (is_over(worker->run)) {
        stop(worker);
        return;
    }
    g_clear_pointer(&worker->conn, conn_close);
    start(worker);
}

static const ConnCalls calls = {
    .on_open = on_open,
    .on_response = on_response,
    .on_failure = on_failure,
};

static void
start(Worker *worker)
{
    worker->asked_us = g_get_monotonic_time();
    worker->conn = conn_open(worker->run->loop, worker->run->target, &calls, worker);
    if (worker->conn != NULL)
        return;
    failures_add(&worker->run->failures, g_strerror(errno));
    stop(worker);
}

void
work_requests(BnsLoop *loop, const Command *command, GString *reply)
{
    g_autofree char *error = NULL;
    int64_t resolve_us = g_get_monotonic_time();
    g_autoptr(Target) target = target_new(command, &error);
    unsigned conns = (unsigned)command_number(command, "conns", 1);
    g_autofree Worker *workers = g_new0(Worker, conns);
    int64_t begin_us = g_get_monotonic_time();
    Run run = {
        .loop = loop,
        .target = target,
        .path = command_text(command, "path", "/bytes/1024"),
        .is_new = command_number(command, "new", 0) != 0,
        .end_us = begin_us + command_number(command, "time_us", 60 * G_USEC_PER_SEC),
        .left = command_number(command, "count", INT64_MAX),
        .running = conns,
    };

    if (target == NULL) {
        failures_add(&run.failures, error);
        failures_reply(&run.failures, reply);
        return;
    }
    run.is_connect_only = strcmp(run.path, "-") == 0;
    run.is_new |= run.is_connect_only;
    samples_init(&run.latency);
    for (unsigned i = 0; i < conns; i++) {
        workers[i].run = &run;
        start(&workers[i]);
    }
    if (run.running > 0)
        bns_loop_run(loop);
    g_string_append_printf(reply,
                           " requests=%u elapsed_us=%" G_GINT64_FORMAT
                           " resolve_us=%" G_GINT64_FORMAT " resumed=%u",
                           run.latency.values->len, g_get_monotonic_time() - begin_us,
                           begin_us - resolve_us, run.resumed);
    samples_reply(&run.latency, "latency", reply);
    failures_reply(&run.failures, reply);
    samples_clear(&run.latency);
}
