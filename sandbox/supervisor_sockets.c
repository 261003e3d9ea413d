/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of the host: asks the kernel for them, and init to mask what the command could
 * reach, one question at a time. Before the command starts all are masked; what comes
 * later is found by the next look.
 */
#include "sandbox/supervisor_private.h"

#include "audit/client.h"

#include <errno.h>

/* A socket that the host binds is masked within this time and what init needs. A look
 * takes 0.1 ms and more. */
#define LOOK_US (300 * 1000)

/* @r: -errno, or 0: @why tells it. */
static void
fail(BnsSupervisor *supervisor, const char *why, int r)
{
    bns_outcome_fail(&supervisor->outcome, "%s%s%s", why, r < 0 ? ": " : "",
                     r < 0 ? g_strerror(-r) : "");
    bns_supervisor_end(supervisor);
}

static void
put_off(BnsSupervisor *supervisor)
{
    bns_timer_set(supervisor->socket_timer,
                  bns_loop_now_us(supervisor->loop) + LOOK_US);
}

/* Asks the next question, or waits for the next look. */
static void
go_on(BnsSupervisor *supervisor)
{
    g_autofree char *question = bns_socket_watch_next(supervisor->sockets);
    int r;

    supervisor->is_searching = question != NULL;
    if (question == NULL) {
        put_off(supervisor);
        if (supervisor->state == BNS_SESSION_MASKING)
            bns_supervisor_on_sockets_masked(supervisor);
        return;
    }
    r = bns_ready_send(supervisor->spawn.controls[BNS_HELPER_INIT], BNS_READY_SOCKETS,
                       question, -1);
    /* One that is gone has said why, or how it died tells. */
    if (r < 0 && r != -EPIPE && r != -ECONNRESET)
        fail(supervisor, "Could not have sockets masked", r);
}

static void
look(BnsSupervisor *supervisor)
{
    g_autoptr(GError) error = NULL;

    if (bns_socket_watch_poll(supervisor->sockets, &error))
        go_on(supervisor);
    else
        fail(supervisor, error->message, 0);
}

static void
on_timer(void *data)
{
    BnsSupervisor *supervisor = data;

    if (supervisor->state == BNS_SESSION_RUNNING)
        look(supervisor);
    bns_supervisor_advance(supervisor);
}

void
bns_supervisor_mask_sockets(BnsSupervisor *supervisor)
{
    const BnsSession *session = supervisor->session;
    g_autoptr(GError) error = NULL;

    supervisor->state = BNS_SESSION_MASKING;
    supervisor->socket_timer = bns_loop_timer(supervisor->loop, on_timer, supervisor);
    supervisor->sockets =
        bns_socket_watch_new(&session->init.view, session->sockets, &error);
    if (supervisor->sockets != NULL)
        look(supervisor);
    else
        fail(supervisor, error->message, 0);
}

bool
bns_supervisor_on_masked(BnsSupervisor *supervisor, const char *text)
{
    const char *path = bns_socket_watch_masked(supervisor->sockets, text);
    const BnsRecord record = { .event = BNS_EVENT_SOCKET_MASKED, .path = path };

    if (path == NULL || !supervisor->is_searching)
        return false;
    g_info("%s is masked: a program of the host listens there", path);
    /* A recorder that is gone ends the session by itself. */
    (void)bns_client_note(supervisor->spawn.records_fd, &record);
    return true;
}

bool
bns_supervisor_on_searched(BnsSupervisor *supervisor)
{
    if (!supervisor->is_searching)
        return false;
    go_on(supervisor);
    return true;
}

void
bns_supervisor_leave_sockets(BnsSupervisor *supervisor)
{
    g_clear_pointer(&supervisor->sockets, bns_socket_watch_free);
    g_clear_pointer(&supervisor->socket_timer, bns_timer_free);
}
