/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of the host: asks the kernel for them, and init to mask what the command could
 * reach, one question at a time. Before the command starts all are masked; what comes
 * later is found by the next look.
 *
 * Those that must be searched for are searched for before the command starts, too, for a
 * few seconds: the disk may be a slow one, and most such sockets have been removed. Where
 * the command may write is searched first. The rest of the search goes on, in small
 * steps, while the command runs.
 */
#include "sandbox/supervisor_private.h"

#include "audit/client.h"
#include "base/text.h"
#include "sandbox/log.h"

#include <errno.h>

/* A socket that the host binds is masked within this time and what init needs. A look
 * takes 0.1 ms and more. */
#define LOOK_US (300 * 1000)

/* A step of the search, which nothing else of the session waits for longer than, and the
 * pause after it once the command runs: a sixth of a processor. */
#define STEP_US  (10 * 1000)
#define PAUSE_US (50 * 1000)

/* How long the command waits for it: 2 million names that the kernel has in memory. */
#define SEARCH_FIRST_US (3 * G_USEC_PER_SEC)

/* @r: -errno, or 0: @why tells it. */
static void
fail(BnsSupervisor *supervisor, const char *why, int r)
{
    bns_outcome_fail(&supervisor->outcome, "%s%s%s", why, r < 0 ? ": " : "",
                     r < 0 ? g_strerror(-r) : "");
    bns_supervisor_end(supervisor);
}

/* A name that was given up on could have any number of others beside it. */
static void
take_lost(BnsSupervisor *supervisor)
{
    g_autofree char *name = bns_socket_watch_take_lost(supervisor->sockets);
    g_autofree char *escaped = NULL;

    if (name == NULL)
        return;
    escaped = bns_text_escape(name, -1);
    g_string_append_printf(
        supervisor->warnings,
        "boundary-ns: not every directory could be searched for sockets of other "
        "programs that were moved: the one that was bound as \"%s\" may have been "
        "within "
        "reach\n",
        escaped);
}

static void
print_search(const BnsSupervisor *supervisor)
{
    const char *name = bns_socket_watch_sought(supervisor->sockets);

    bns_log_print("still searching for sockets of other programs that were moved, such "
                  "as \"%s\": until it is found it can be connected to",
                  name != NULL ? name : "");
}

/* No question is left: waits for the next look, or step of the search; starts the command
 * if nothing is left that it waits for. */
static void
rest(BnsSupervisor *supervisor, bool is_under_way)
{
    bool is_first = supervisor->state == BNS_SESSION_MASKING;
    int64_t now_us = g_get_monotonic_time();
    bool does_wait = is_first && is_under_way && now_us < supervisor->search_until_us;

    bns_timer_set(supervisor->socket_timer,
                  does_wait      ? now_us
                  : is_under_way ? now_us + PAUSE_US
                                 : MAX(supervisor->next_look_us, now_us));
    if (!is_first || does_wait)
        return;
    if (is_under_way && !supervisor->session->options->quiet)
        print_search(supervisor);
    bns_supervisor_on_sockets_masked(supervisor);
}

/* Asks the next question, if there is one, perhaps after a step of the search. */
static void
go_on(BnsSupervisor *supervisor)
{
    BnsSocketWatch *sockets = supervisor->sockets;
    g_autofree char *question = bns_socket_watch_next(sockets);
    bool is_under_way = false;
    int r;

    if (question == NULL) {
        is_under_way = bns_socket_watch_search(
            sockets, STEP_US, supervisor->state == BNS_SESSION_MASKING);
        take_lost(supervisor);
        question = bns_socket_watch_next(sockets);
    }
    supervisor->is_searching = question != NULL;
    if (question == NULL) {
        rest(supervisor, is_under_way);
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

    supervisor->next_look_us = g_get_monotonic_time() + LOOK_US;
    if (bns_socket_watch_poll(supervisor->sockets, &error))
        go_on(supervisor);
    else
        fail(supervisor, error->message, 0);
}

static void
on_timer(void *data)
{
    BnsSupervisor *supervisor = data;
    bool is_masking = supervisor->state == BNS_SESSION_MASKING;

    if (supervisor->state == BNS_SESSION_RUNNING &&
        g_get_monotonic_time() >= supervisor->next_look_us)
        look(supervisor);
    else if (supervisor->state == BNS_SESSION_RUNNING || is_masking)
        go_on(supervisor);
    bns_supervisor_advance(supervisor);
}

void
bns_supervisor_mask_sockets(BnsSupervisor *supervisor)
{
    const BnsSession *session = supervisor->session;
    g_autoptr(GError) error = NULL;

    supervisor->state = BNS_SESSION_MASKING;
    supervisor->socket_timer = bns_loop_timer(supervisor->loop, on_timer, supervisor);
    supervisor->search_until_us = g_get_monotonic_time() + SEARCH_FIRST_US;
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
