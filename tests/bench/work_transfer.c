/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk: the clock starts when all flows are open and stops with the last byte of the last.
 */
#include "tests/bench/load.h"
#include "tests/bench/target.h"

#include <errno.h>
#include <stdbool.h>

typedef struct {
    BnsLoop *loop;
    uint64_t bytes;
    bool is_up;
    char path[64];
    unsigned opening;
    unsigned running;
    uint64_t received;
    int64_t begin_us;
    GPtrArray *conns; /* owned, of Conn */
    Failures failures;
} Run;

static void
ask(Run *run)
{
    run->begin_us = g_get_monotonic_time();
    for (guint i = 0; i < run->conns->len; i++)
        conn_request(run->conns->pdata[i], run->path, run->is_up ? run->bytes : 0);
}

static void
on_open(Conn *conn, void *data)
{
    Run *run = data;

    if (--run->opening == 0)
        ask(run);
}

static void
on_body(Conn *conn, const uint8_t *bytes, size_t len, void *data)
{
    Run *run = data;

    run->received += len;
}

static void
on_response(Conn *conn, void *data)
{
    Run *run = data;

    if (--run->running == 0)
        bns_loop_quit(run->loop);
}

static void
on_failure(Conn *conn, const char *why, void *data)
{
    Run *run = data;

    failures_add(&run->failures, why);
    bns_loop_quit(run->loop);
}

static const ConnCalls calls = { on_open, on_body, on_response, on_failure };

static bool
open_all(Run *run, Target *target, unsigned flows)
{
    run->opening = run->running = flows;
    for (unsigned i = 0; i < flows; i++) {
        Conn *conn = conn_open(run->loop, target, &calls, run);

        if (conn == NULL) {
            failures_add(&run->failures, g_strerror(errno));
            return false;
        }
        g_ptr_array_add(run->conns, conn);
    }
    return true;
}

void
work_transfer(BnsLoop *loop, const Command *command, GString *reply)
{
    g_autofree char *error = NULL;
    g_autoptr(Target) target = target_new(command, &error);
    g_autoptr(GPtrArray) conns =
        g_ptr_array_new_with_free_func((GDestroyNotify)conn_close);
    unsigned flows = (unsigned)command_number(command, "flows", 1);
    Run run = {
        .loop = loop,
        .bytes = (uint64_t)command_number(command, "bytes", 1 << 20),
        .is_up = command_number(command, "up", 0) != 0,
        .conns = conns,
    };
    uint64_t expected = run.is_up ? 0 : run.bytes * flows;

    if (run.is_up)
        g_strlcpy(run.path, "/upload", sizeof(run.path));
    else
        g_snprintf(run.path, sizeof(run.path), "/bytes/%" G_GUINT64_FORMAT, run.bytes);
    if (target == NULL)
        failures_add(&run.failures, error);
    else if (open_all(&run, target, flows))
        bns_loop_run(loop);
    if (run.failures.count == 0 && !run.is_up && run.received != expected)
        failures_add(&run.failures, "bytes are missing");
    g_string_append_printf(reply,
                           " bytes=%" G_GUINT64_FORMAT " elapsed_us=%" G_GINT64_FORMAT,
                           run.bytes * flows, g_get_monotonic_time() - run.begin_us);
    failures_reply(&run.failures, reply);
}
