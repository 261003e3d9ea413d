/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What helpers say to the supervisor: one table of who may say what, and when.
 */
#include "sandbox/supervisor_private.h"

#include "base/fd.h"
#include "sandbox/signals.h"
#include "sandbox/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

typedef bool (*Act)(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd);

static bool
on_ready(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    g_autofree char *step =
        g_strdup_printf("%s (pid %d) is ready", bns_helper_name(peer->helper),
                        supervisor->spawn.pids[peer->helper]);

    peer->is_ready = true;
    bns_steps_note(step);
    return true;
}

static bool
on_failed(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    /* One that never was ready has failed by itself, and so has the recorder, which needs
     * no other. One that was may have lost another, and may be heard before it. */
    if (peer->is_ready && peer->helper != BNS_HELPER_RECORDER)
        bns_outcome_report(&supervisor->outcome, text);
    else
        bns_outcome_fail(&supervisor->outcome, "%s", text);
    bns_supervisor_end(supervisor);
    return true;
}

static bool
on_ca(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    return bns_supervisor_give_ca(supervisor, text);
}

static bool
give_netstack(BnsSupervisor *supervisor, BnsReadyType type, int fd)
{
    return fd >= 0 && bns_ready_send(supervisor->spawn.controls[BNS_HELPER_NETSTACK],
                                     type, NULL, fd) == 0;
}

static bool
on_tap(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    return give_netstack(supervisor, BNS_READY_TAP, fd);
}

static bool
on_wide(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    return give_netstack(supervisor, BNS_READY_WIDE, fd);
}

static bool
on_packet(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    supervisor->peers[BNS_HELPER_NETSTACK].ends_late = true;
    return give_netstack(supervisor, BNS_READY_PACKET, fd);
}

static bool
on_terminal(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    int own = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;

    return own >= 0 && bns_relay_take_terminal(supervisor->relay, own);
}

void
bns_supervisor_tell_init(BnsSupervisor *supervisor, BnsReadyType type, int number)
{
    char text[16];

    g_snprintf(text, sizeof(text), "%d", number);
    bns_ready_send(supervisor->spawn.controls[BNS_HELPER_INIT], type,
                   type == BNS_READY_SIGNAL ? text : NULL, -1);
}

/* The command stopped, perhaps only because it wants the keys. Otherwise so do we, and the
 * shell sees its job stopped: with all others of it, if the terminal would have stopped
 * them. SIGCONT, which the shell sends for `fg` and `bg`, is read as any other signal. One
 * that has come already was meant for this stop. */
static bool
on_stopped(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    guint64 number = 0;
    bool wants_keys;
    bool is_of_terminal;

    if (!g_ascii_string_to_unsigned(text, 10, 1, SIGRTMAX, &number, NULL))
        return false;
    wants_keys = number == SIGTTIN || number == SIGTTOU;
    if (wants_keys && bns_relay_lend(supervisor->relay)) {
        bns_supervisor_tell_init(supervisor, BNS_READY_CONTINUE, 0);
        return true;
    }
    is_of_terminal = number == SIGTSTP || wants_keys;
    if (bns_signals_is_continued())
        return true;
    bns_relay_suspend(supervisor->relay);
    if (bns_signals_stop(is_of_terminal ? (int)number : SIGSTOP,
                         is_of_terminal && bns_relay_has_terminal(supervisor->relay)))
        return true;
    /* The kernel stops nobody whom no shell could continue. */
    if (wants_keys)
        bns_relay_hang_up(supervisor->relay);
    bns_supervisor_continue(supervisor);
    return true;
}

static bool
on_masked(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    return bns_supervisor_on_masked(supervisor, text);
}

static bool
on_searched(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    return bns_supervisor_on_searched(supervisor);
}

static bool
on_exited(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    if (!bns_outcome_set_status(&supervisor->outcome, text))
        return false;
    bns_relay_end(supervisor->relay, supervisor->outcome.kind == BNS_OUTCOME_EXITED);
    bns_supervisor_drain(supervisor);
    return true;
}

static bool
on_left(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    supervisor->left = g_strdup(text);
    return true;
}

static bool
on_persist(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    return bns_persist_take(supervisor->persist, text, fd);
}

static bool
on_policy(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    return bns_supervisor_on_policy(supervisor, text);
}

static bool
on_draining(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    return bns_supervisor_on_draining(supervisor, peer->helper);
}

static bool
on_drained(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    return bns_supervisor_on_drained(supervisor, peer->helper);
}

static bool
on_summary(BnsSupervisor *supervisor, BnsPeer *peer, const char *text, int fd)
{
    supervisor->summary = g_strdup(text);
    return true;
}

#define FROM(helper) (1u << (helper))
#define FROM_ALL     (FROM(BNS_N_HELPERS) - 1)
#define IN(state)    (1u << (state))
#define ANY_STATE    (~0u)

static const struct {
    BnsReadyType type;
    unsigned from;
    unsigned states;
    bool once;
    Act act;
} rules[] = {
    { BNS_READY_READY, FROM_ALL, IN(BNS_SESSION_STARTING), true, on_ready },
    { BNS_READY_FAILED, FROM_ALL, ANY_STATE, true, on_failed },
    { BNS_READY_CA, FROM(BNS_HELPER_GATEWAY), IN(BNS_SESSION_STARTING), true, on_ca },
    { BNS_READY_TAP, FROM(BNS_HELPER_INIT), IN(BNS_SESSION_STARTING), true, on_tap },
    { BNS_READY_WIDE, FROM(BNS_HELPER_INIT), IN(BNS_SESSION_STARTING), true, on_wide },
    { BNS_READY_PACKET, FROM(BNS_HELPER_INIT), IN(BNS_SESSION_STARTING), true,
      on_packet },
    { BNS_READY_MASKED, FROM(BNS_HELPER_INIT),
      IN(BNS_SESSION_MASKING) | IN(BNS_SESSION_RUNNING), false, on_masked },
    { BNS_READY_SEARCHED, FROM(BNS_HELPER_INIT),
      IN(BNS_SESSION_MASKING) | IN(BNS_SESSION_RUNNING), false, on_searched },
    { BNS_READY_TERMINAL, FROM(BNS_HELPER_INIT), IN(BNS_SESSION_STARTING), true,
      on_terminal },
    { BNS_READY_STOPPED, FROM(BNS_HELPER_INIT), IN(BNS_SESSION_RUNNING), false,
      on_stopped },
    { BNS_READY_LEFT, FROM(BNS_HELPER_INIT), IN(BNS_SESSION_RUNNING), true, on_left },
    { BNS_READY_PERSIST, FROM(BNS_HELPER_INIT), IN(BNS_SESSION_RUNNING), false,
      on_persist },
    { BNS_READY_EXITED, FROM(BNS_HELPER_INIT), IN(BNS_SESSION_RUNNING), true,
      on_exited },
    { BNS_READY_POLICY, FROM(BNS_HELPER_GATEWAY),
      IN(BNS_SESSION_RUNNING) | IN(BNS_SESSION_DRAINING), false, on_policy },
    { BNS_READY_DRAINING, FROM(BNS_HELPER_NETSTACK) | FROM(BNS_HELPER_GATEWAY),
      IN(BNS_SESSION_DRAINING), false, on_draining },
    { BNS_READY_DRAINED, FROM(BNS_HELPER_NETSTACK) | FROM(BNS_HELPER_GATEWAY),
      IN(BNS_SESSION_DRAINING), true, on_drained },
    { BNS_READY_SUMMARY, FROM(BNS_HELPER_RECORDER), IN(BNS_SESSION_CLOSING), true,
      on_summary },
};
G_STATIC_ASSERT(G_N_ELEMENTS(rules) <= sizeof(unsigned) * 8);

/* Returns: whether the peer may say it now, and it was obeyed. */
static bool
obey(BnsSupervisor *supervisor, BnsPeer *peer, int type, const char *text, int fd)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        if ((int)rules[i].type != type || !(rules[i].from & FROM(peer->helper)))
            continue;
        if (!(rules[i].states & IN(supervisor->state)) ||
            (rules[i].once && (peer->said & (1u << i))))
            return false;
        peer->said |= 1u << i;
        return rules[i].act(supervisor, peer, text, fd);
    }
    return false;
}

static void
forget_control(BnsPeer *peer)
{
    bns_watch_free(peer->watch);
    peer->watch = NULL;
}

/* What it said is lost, and may be what everybody waits for. */
static void
fail_deaf(const BnsPeer *peer, int error_number)
{
    BnsSupervisor *supervisor = peer->supervisor;

    if (supervisor->state >= BNS_SESSION_ENDING)
        return;
    bns_outcome_fail(&supervisor->outcome, "Could not read what %s says: %s",
                     bns_helper_name(peer->helper), g_strerror(error_number));
    bns_supervisor_end(supervisor);
}

/* Reads one message. Returns: whether there was one. */
bool
bns_supervisor_read(BnsPeer *peer)
{
    BnsSupervisor *supervisor = peer->supervisor;
    char text[BNS_READY_TEXT_MAX + 1];
    bns_autofd fd = -1;
    int type;

    if (peer->watch == NULL)
        return false;
    type = bns_ready_receive(supervisor->spawn.controls[peer->helper], text, &fd);
    if (type == -EAGAIN)
        return false;
    if (type < 0)
        fail_deaf(peer, -type);
    if (type <= 0) {
        /* It is ending; how, wait(2) tells. */
        forget_control(peer);
        return false;
    }
    if (!obey(supervisor, peer, type, text, fd) &&
        supervisor->state < BNS_SESSION_ENDING) {
        bns_outcome_fail(&supervisor->outcome, "unexpected message '%c' from %s",
                         g_ascii_isalpha(type) ? type : '?',
                         bns_helper_name(peer->helper));
        bns_supervisor_end(supervisor);
    }
    return true;
}

void
bns_supervisor_on_control(uint32_t events, void *data)
{
    BnsPeer *peer = data;

    while (bns_supervisor_read(peer))
        ;
    bns_supervisor_advance(peer->supervisor);
}
