/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of events, each a line "data: NUMBER MICROSECONDS" with the time at which the
 * origin sent it: CLOCK_MONOTONIC is the same inside and outside.
 */
#include "tests/bench/load.h"
#include "tests/bench/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    BnsLoop *loop;
    char path[64];
    int64_t asked_us;
    int64_t first_us; /* from the request to the first event; 0 before it */
    GString *line;    /* owned */
    Samples delay;
    Failures failures;
} Run;

static void
take_line(Run *run)
{
    const char *time = strrchr(run->line->str, ' ');
    int64_t now_us = g_get_monotonic_time();

    if (g_str_has_prefix(run->line->str, "data: ") && time != NULL) {
        samples_add(&run->delay, (double)(now_us - strtoll(time + 1, NULL, 10)));
        if (run->first_us == 0)
            run->first_us = now_us - run->asked_us;
    }
    g_string_truncate(run->line, 0);
}

static void
on_body(Conn *conn, const uint8_t *bytes, size_t len, void *data)
{
    Run *run = data;

    for (size_t i = 0; i < len; i++)
        if (bytes[i] == '\n')
            take_line(run);
        else
            g_string_append_c(run->line, (char)bytes[i]);
}

static void
on_open(Conn *conn, void *data)
{
    Run *run = data;

    run->asked_us = g_get_monotonic_time();
    conn_request(conn, run->path, 0);
}

static void
on_response(Conn *conn, void *data)
{
    bns_loop_quit(((Run *)data)->loop);
}

static void
on_failure(Conn *conn, const char *why, void *data)
{
    Run *run = data;

    failures_add(&run->failures, why);
    bns_loop_quit(run->loop);
}

static const ConnCalls calls = { on_open, on_body, on_response, on_failure };

void
work_stream(BnsLoop *loop, const Command *command, GString *reply)
{
    g_autofree char *error = NULL;
    g_autoptr(Target) target = target_new(command, &error);
    int64_t events = command_number(command, "events", 100);
    Run run = { .loop = loop, .line = g_string_new(NULL) };
    Conn *conn = NULL;

    samples_init(&run.delay);
    g_snprintf(run.path, sizeof(run.path),
               "/events/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, events,
               command_number(command, "interval_us", 10000));
    if (target != NULL)
        conn = conn_open(loop, target, &calls, &run);
    if (conn != NULL)
        bns_loop_run(loop);
    else
        failures_add(&run.failures, error != NULL ? error : g_strerror(errno));
    g_clear_pointer(&conn, conn_close);
    if (run.failures.count == 0 && run.delay.values->len != events)
        failures_add(&run.failures, "events are missing");
    g_string_append_printf(reply, " events=%u first_us=%" G_GINT64_FORMAT,
                           run.delay.values->len, run.first_us);
    samples_reply(&run.delay, "delay", reply);
    failures_reply(&run.failures, reply);
    samples_clear(&run.delay);
    g_string_free(run.line, TRUE);
}
