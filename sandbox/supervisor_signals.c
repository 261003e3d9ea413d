/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals as the supervisor acts on them, the death of its children among them.
 */
#include "sandbox/supervisor_private.h"

#include "sandbox/signals.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Once the end has begun helpers exit, and those that we killed tell nothing. Init does
 * before: nothing is left of what it holds. */
static bool
is_in_order(const BnsSupervisor *supervisor, const BnsPeer *peer, int status)
{
    if (WIFSIGNALED(status) && !peer->was_killed)
        return false;
    return supervisor->state >= BNS_SESSION_ENDING ||
           (supervisor->state == BNS_SESSION_DRAINING &&
            peer->helper == BNS_HELPER_INIT);
}

static void
reap(BnsSupervisor *supervisor, BnsPeer *peer)
{
    int status = 0;

    if (!peer->is_alive ||
        waitpid(supervisor->spawn.pids[peer->helper], &status, WNOHANG) <= 0)
        return;
    peer->is_alive = false;
    /* What it said last tells more than how it ended. */
    while (bns_supervisor_read(peer))
        ;
    if (is_in_order(supervisor, peer, status))
        return;
    bns_outcome_fail_died(&supervisor->outcome, bns_helper_name(peer->helper), status);
    bns_supervisor_end(supervisor);
}

/* Before the command runs there is nobody to pass a signal on to. */
static void
on_early_signal(BnsSupervisor *supervisor, int number)
{
    switch (number) {
    case SIGHUP:
    case SIGINT:
    case SIGQUIT:
    case SIGTERM:
        bns_outcome_set_signal(&supervisor->outcome, number);
        bns_supervisor_end(supervisor);
        return;
    case SIGTSTP:
        bns_signals_stop(number, false);
        return;
    default:
        return;
    }
}

/* The command is gone, but somebody waits for its end. */
static void
on_late_signal(BnsSupervisor *supervisor, int number)
{
    if (number != SIGHUP && number != SIGINT && number != SIGQUIT && number != SIGTERM)
        return;
    supervisor->is_cut_short = true;
    bns_supervisor_end(supervisor);
}

void
bns_supervisor_continue(BnsSupervisor *supervisor)
{
    bns_relay_resume(supervisor->relay);
    bns_supervisor_tell_init(supervisor, BNS_READY_CONTINUE, 0);
}

/* What the terminal sends to its foreground reaches the command, too, unless it has one of
 * its own. */
static void
pass_on(BnsSupervisor *supervisor, int number, bool is_from_process)
{
    if (number == SIGWINCH && bns_relay_resize(supervisor->relay) && !is_from_process)
        return;
    if (is_from_process)
        bns_supervisor_tell_init(supervisor, BNS_READY_SIGNAL, number);
    else if (bns_relay_has_terminal(supervisor->relay))
        bns_supervisor_tell_init(supervisor, BNS_READY_SIGNAL, -number);
}

static void
on_signal(BnsSupervisor *supervisor, const struct signalfd_siginfo *info)
{
    int number = (int)info->ssi_signo;

    if (number == SIGCHLD) {
        for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++)
            reap(supervisor, &supervisor->peers[helper]);
    } else if (supervisor->state <= BNS_SESSION_MASKING) {
        on_early_signal(supervisor, number);
    } else if (supervisor->state > BNS_SESSION_RUNNING) {
        on_late_signal(supervisor, number);
    } else if (number == SIGPIPE) {
        return; /* it is about our own standard error */
    } else if (number == SIGCONT) {
        bns_supervisor_continue(supervisor);
    } else {
        pass_on(supervisor, number, bns_signals_is_from_process(info));
    }
}

void
bns_supervisor_on_signals(uint32_t events, void *data)
{
    BnsSupervisor *supervisor = data;
    struct signalfd_siginfo info;

    while (read(supervisor->signal_fd, &info, sizeof(info)) == sizeof(info))
        on_signal(supervisor, &info);
    bns_supervisor_advance(supervisor);
}
