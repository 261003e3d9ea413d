/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idle connections. They stay from one command to the next, and so does their target.
 */
#include "tests/bench/load.h"
#include "tests/bench/target.h"

#include <errno.h>
#include <stdbool.h>

/* Opened at once: a few, as a browser would, so that no listener's queue runs over. */
#define OPENING_MAX 64

typedef struct {
    BnsLoop *loop;
    const char *path;
    guint count;
    guint answered; /* in this command */
    guint wanted;   /* answers in this command */
    Failures failures;
} Run;

static GPtrArray *held; /* owned, of Conn */
static Target *target;  /* owned: theirs */
static Run *current;    /* NULL between commands */

static void open_more(Run *run);

static void
on_open(Conn *conn, void *data)
{
    if (current != NULL)
        conn_request(conn, current->path, 0);
}

static void
on_response(Conn *conn, void *data)
{
    if (current == NULL)
        return;
    if (++current->answered == current->wanted)
        bns_loop_quit(current->loop);
    else
        open_more(current);
}

static void
on_failure(Conn *conn, const char *why, void *data)
{
    g_ptr_array_remove_fast(held, conn);
    if (current == NULL)
        return;
    failures_add(&current->failures, why);
    bns_loop_quit(current->loop);
}

static const ConnCalls calls = {
    .on_open = on_open,
    .on_response = on_response,
    .on_failure = on_failure,
};

static void
open_more(Run *run)
{
    guint before = run->count - run->wanted;

    while (held->len < run->count && held->len - before < run->answered + OPENING_MAX) {
        Conn *conn = conn_open(run->loop, target, &calls, NULL);

        if (conn == NULL) {
            failures_add(&run->failures, g_strerror(errno));
            bns_loop_quit(run->loop);
            return;
        }
        g_ptr_array_add(held, conn);
    }
}

static void
grow(Run *run, const Command *command)
{
    g_autofree char *error = NULL;

    if (target == NULL)
        target = target_new(command, &error);
    if (target == NULL) {
        failures_add(&run->failures, error);
        return;
    }
    run->wanted = run->count - held->len;
    current = run;
    open_more(run);
    if (run->failures.count == 0)
        bns_loop_run(run->loop);
    current = NULL;
}

void
work_hold(BnsLoop *loop, const Command *command, GString *reply)
{
    int64_t begin_us = g_get_monotonic_time();
    Run run = {
        .loop = loop,
        .path = command_text(command, "path", "/bytes/1"),
        .count = (guint)command_number(command, "count", 0),
    };

    if (held == NULL)
        held = g_ptr_array_new_with_free_func((GDestroyNotify)conn_close);
    if (run.count < held->len)
        g_ptr_array_set_size(held, (gint)run.count);
    else if (run.count > held->len)
        grow(&run, command);
    if (held->len == 0)
        g_clear_pointer(&target, target_free);
    g_string_append_printf(reply, " held=%u elapsed_us=%" G_GINT64_FORMAT, held->len,
                           g_get_monotonic_time() - begin_us);
    failures_reply(&run.failures, reply);
}
