/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervisor: the only process of a session that sees all of the others.
 *
 * How it works: everything is started at once (spawn.c); then one loop reads signals and
 * what the helpers say. Who may say what, and when, is the table `rules`; anything else
 * ends the session. State goes one way only:
 *
 *     STARTING ─ all are ready ─> MASKING ─> RUNNING ─ command ended ─> DRAINING
 *         └── failure, signal ───────┴──────────┴── failure ───────────────┴─> ENDING
 *
 *     ENDING ─> REVIEWING ─> CLOSING ─> DONE
 *
 * MASKING: init masks sockets of the host's programs; it goes on with that while RUNNING.
 * DRAINING: what the command said before its end is on its way: first netstack, then the
 * gateway says when nothing of it waits there any more. That is waited for as long as
 * something moves; a failure, or a signal that would have ended the command, cuts it
 * short. ENDING: the life pipe is closed; gateway, netstack, resolver and init end, and send
 * their last records. REVIEWING: what the command wrote to layers is applied, kept or
 * discarded (sandbox/supervisor_review.c). CLOSING: the recorder writes session.end and sums up. Either has
 * its time; after that SIGKILL. When the supervisor itself is killed, the kernel closes
 * both life pipes and nobody needs to be told.
 *
 * Nothing here touches the network, the policy or a byte of a flow.
 */
#include "sandbox/supervisor_private.h"

#include "base/fd.h"
#include "sandbox/review_ask.h"
#include "sandbox/signals.h"
#include "sandbox/steps.h"
#include "sandbox/unsent.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* A start takes some 15 ms. A file system that hangs must not make it wait for ever. */
#define START_TIMEOUT_US (30 * G_USEC_PER_SEC)
/* For the last records of the others, which take milliseconds. */
#define ENDING_TIMEOUT_US (G_USEC_PER_SEC / 2)
/* For the recorder, which may wait for a slow disk. */
#define CLOSING_TIMEOUT_US (5 * G_USEC_PER_SEC)
/* For the kernel to clear up behind helpers that have ended, so that we can reap them. */
#define REAP_TIMEOUT_US (2 * 1000)
/* For a reader of what the command wrote, who may be slow. */
#define RELAY_TIMEOUT_US (10 * G_USEC_PER_SEC)
/* Between SIGKILL and giving up on a process that the kernel does not let go. */
#define KILL_TIMEOUT_US (2 * G_USEC_PER_SEC)

/* --- ending --- */

void
bns_supervisor_kill(BnsSupervisor *supervisor, BnsHelper helper)
{
    BnsPeer *peer = &supervisor->peers[helper];

    if (!peer->is_alive || kill(supervisor->spawn.pids[helper], SIGKILL) < 0)
        return;
    /* One that has lost its socket was about to end already, not by this signal. */
    peer->was_killed |= peer->watch != NULL;
}

static void
set_time(BnsSupervisor *supervisor, int64_t timeout_us)
{
    bns_timer_set(supervisor->timer, bns_loop_now_us(supervisor->loop) + timeout_us);
}

/* What the gateway and netstack still hold is bounded as what the command's own kernel
 * held, which init waited for. */
static void
wait_for_drain(BnsSupervisor *supervisor)
{
    int64_t stall_us = bns_loop_now_us(supervisor->loop) + BNS_UNSENT_STALL_US;

    bns_timer_set(supervisor->timer, MIN(stall_us, supervisor->drain_until_us));
}

static void
drain(BnsSupervisor *supervisor, BnsHelper helper)
{
    supervisor->drained = helper;
    wait_for_drain(supervisor);
    if (bns_ready_send(supervisor->spawn.controls[helper], BNS_READY_DRAIN, NULL, -1) <
        0)
        bns_supervisor_end(supervisor);
}

void
bns_supervisor_drain(BnsSupervisor *supervisor)
{
    supervisor->state = BNS_SESSION_DRAINING;
    bns_steps_note("command has ended");
    supervisor->drain_until_us =
        bns_loop_now_us(supervisor->loop) + BNS_UNSENT_TOTAL_US;
    drain(supervisor, BNS_HELPER_NETSTACK);
}

bool
bns_supervisor_on_draining(BnsSupervisor *supervisor, BnsHelper helper)
{
    if (helper != supervisor->drained)
        return false;
    wait_for_drain(supervisor);
    return true;
}

/* In the order in which bytes go: what netstack had is the gateway's now. */
bool
bns_supervisor_on_drained(BnsSupervisor *supervisor, BnsHelper helper)
{
    if (helper != supervisor->drained)
        return false;
    if (helper == BNS_HELPER_NETSTACK)
        drain(supervisor, BNS_HELPER_GATEWAY);
    else
        bns_supervisor_end(supervisor);
    return true;
}

/* The outcome is known. A session that failed has no right to go on for a moment: the
 * command dies now, with all that it started. */
void
bns_supervisor_end(BnsSupervisor *supervisor)
{
    if (supervisor->state >= BNS_SESSION_ENDING)
        return;
    supervisor->state = BNS_SESSION_ENDING;
    bns_steps_note("end begins");
    bns_supervisor_count_cgroup(supervisor);
    if (supervisor->outcome.kind != BNS_OUTCOME_EXITED)
        bns_supervisor_kill(supervisor, BNS_HELPER_INIT);
    bns_fd_clear(&supervisor->spawn.life_fd);
    set_time(supervisor, ENDING_TIMEOUT_US);
}

static void
finish(BnsSupervisor *supervisor)
{
    supervisor->state = BNS_SESSION_DONE;
    bns_steps_note("session is over");
    bns_fd_clear(&supervisor->spawn.recorder_life_fd);
    bns_loop_quit(supervisor->loop);
}

static void
begin_closing(BnsSupervisor *supervisor)
{
    g_autofree char *text = bns_outcome_end_text(&supervisor->outcome);

    supervisor->state = BNS_SESSION_CLOSING;
    supervisor->was_killed = false;
    if (!supervisor->peers[BNS_HELPER_RECORDER].is_alive ||
        bns_ready_send(supervisor->spawn.controls[BNS_HELPER_RECORDER], BNS_READY_END,
                       text, -1) < 0)
        bns_fd_clear(&supervisor->spawn.recorder_life_fd);
    set_time(supervisor, CLOSING_TIMEOUT_US);
}

static void
begin_reviewing(BnsSupervisor *supervisor)
{
    supervisor->state = BNS_SESSION_REVIEWING;
    bns_steps_note("all but the recorder have ended");
    bns_timer_set(supervisor->timer, INT64_MAX);
    bns_supervisor_settle_files(supervisor);
    bns_supervisor_settle_cgroup(supervisor);
}

/* A helper whose control socket has ended has closed all of its descriptors and sent its
 * last record. What is left is the kernel's work, which takes milliseconds for each of
 * its namespaces: nobody needs to wait for that, except for the command's own, and where
 * it is not yet sure why the session failed: how a helper died tells. */
static bool
is_at_work(const BnsSupervisor *supervisor, const BnsPeer *peer)
{
    bool is_unsure = supervisor->outcome.kind == BNS_OUTCOME_FAILED &&
                     supervisor->outcome.certainty < BNS_CERTAINTY_SURE;

    return peer->is_alive &&
           (peer->watch != NULL || peer->helper == BNS_HELPER_INIT || is_unsure);
}

static bool
others_are_at_work(const BnsSupervisor *supervisor)
{
    for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++)
        if (helper != BNS_HELPER_RECORDER &&
            is_at_work(supervisor, &supervisor->peers[helper]))
            return true;
    return false;
}

/* Without its summary the recorder's exit status tells what went wrong. */
static bool
recorder_is_at_work(const BnsSupervisor *supervisor)
{
    const BnsPeer *peer = &supervisor->peers[BNS_HELPER_RECORDER];

    return supervisor->summary != NULL ? is_at_work(supervisor, peer) : peer->is_alive;
}

/* SIGKILL for those of this state; the second time, for a process that the kernel does
 * not let go, they no longer count. */
static void
kill_or_forget(BnsSupervisor *supervisor, bool is_recorder)
{
    for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++) {
        if ((helper == BNS_HELPER_RECORDER) != is_recorder)
            continue;
        bns_supervisor_kill(supervisor, helper);
        if (supervisor->was_killed)
            supervisor->peers[helper].is_alive = false;
    }
    supervisor->was_killed = true;
    set_time(supervisor, KILL_TIMEOUT_US);
}

void
bns_supervisor_on_timer(void *data)
{
    BnsSupervisor *supervisor = data;

    switch (supervisor->state) {
    case BNS_SESSION_STARTING:
    case BNS_SESSION_MASKING:
        bns_outcome_fail(&supervisor->outcome, "the start took longer than %d s",
                         (int)(START_TIMEOUT_US / G_USEC_PER_SEC));
        bns_supervisor_end(supervisor);
        break;
    case BNS_SESSION_DRAINING:
        g_info("%s keeps what was not taken in time",
               bns_helper_name(supervisor->drained));
        bns_supervisor_end(supervisor);
        break;
    case BNS_SESSION_ENDING:
    case BNS_SESSION_CLOSING:
        kill_or_forget(supervisor, supervisor->state == BNS_SESSION_CLOSING);
        break;
    case BNS_SESSION_RUNNING:
    case BNS_SESSION_REVIEWING:
    case BNS_SESSION_DONE:
        break;
    }
    bns_supervisor_advance(supervisor);
}

/* --- the session --- */

static bool
all_are_ready(const BnsSupervisor *supervisor)
{
    for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++)
        if (!supervisor->peers[helper].is_ready)
            return false;
    return true;
}

void
bns_supervisor_on_sockets_masked(BnsSupervisor *supervisor)
{
    supervisor->state = BNS_SESSION_RUNNING;
    supervisor->was_running = true;
    bns_timer_set(supervisor->timer, INT64_MAX);
    /* Whoever sees the command at work can reach its session. */
    bns_supervisor_listen(supervisor);
    bns_steps_note("command starts");
    bns_relay_resume(supervisor->relay);
    if (bns_ready_send(supervisor->spawn.controls[BNS_HELPER_INIT], BNS_READY_GO, NULL,
                       -1) == 0) {
        bns_supervisor_watch_files(supervisor);
        bns_supervisor_watch_policy(supervisor);
        return;
    }
    bns_supervisor_leave_control(supervisor);
    /* It is dead or dying; how tells more. */
    bns_outcome_report(&supervisor->outcome, "init does not answer");
    bns_supervisor_end(supervisor);
}

void
bns_supervisor_advance(BnsSupervisor *supervisor)
{
    if (supervisor->state == BNS_SESSION_STARTING && all_are_ready(supervisor))
        bns_supervisor_mask_sockets(supervisor);
    if (supervisor->state == BNS_SESSION_ENDING && !others_are_at_work(supervisor))
        begin_reviewing(supervisor);
    if (supervisor->state == BNS_SESSION_CLOSING && !recorder_is_at_work(supervisor))
        finish(supervisor);
}

static void
watch_helpers(BnsSupervisor *supervisor)
{
    for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++) {
        BnsPeer *peer = &supervisor->peers[helper];

        peer->supervisor = supervisor;
        peer->helper = helper;
        peer->is_alive = supervisor->spawn.pids[helper] > 0;
        if (supervisor->spawn.controls[helper] >= 0)
            peer->watch =
                bns_loop_watch(supervisor->loop, supervisor->spawn.controls[helper],
                               EPOLLIN, bns_supervisor_on_control, peer);
    }
}

static bool
some_end_soon(const BnsSupervisor *supervisor)
{
    for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++)
        if (supervisor->peers[helper].is_alive && !supervisor->peers[helper].ends_late)
            return true;
    return false;
}

static void
reap_for_a_moment(BnsSupervisor *supervisor)
{
    int64_t until_us = g_get_monotonic_time() + REAP_TIMEOUT_US;
    int64_t left_us;

    bns_timer_set(supervisor->timer, INT64_MAX);
    while (some_end_soon(supervisor) &&
           (left_us = until_us - g_get_monotonic_time()) > 0)
        bns_loop_turn(supervisor->loop, left_us);
}

static void
tell_foreground(bool is_foreground, void *data)
{
    const BnsSupervisor *supervisor = data;

    bns_ready_send(supervisor->spawn.controls[BNS_HELPER_INIT], BNS_READY_FOREGROUND,
                   is_foreground ? "1" : "0", -1);
}

/* What the command wrote arrives, unless nobody takes it. */
void
bns_supervisor_drain_relay(BnsSupervisor *supervisor)
{
    int64_t until_us = g_get_monotonic_time() + RELAY_TIMEOUT_US;
    int64_t left_us;

    bns_relay_end(supervisor->relay, supervisor->outcome.kind == BNS_OUTCOME_EXITED);
    while (!bns_relay_is_drained(supervisor->relay) && !supervisor->is_cut_short &&
           (left_us = until_us - g_get_monotonic_time()) > 0)
        bns_loop_turn(supervisor->loop, left_us);
}

static void
run_to_end(BnsSupervisor *supervisor)
{
    while (supervisor->state != BNS_SESSION_DONE) {
        if (supervisor->state == BNS_SESSION_REVIEWING) {
            bns_supervisor_review(supervisor);
            begin_closing(supervisor);
            bns_supervisor_advance(supervisor);
        } else {
            bns_loop_turn(supervisor->loop, -1);
        }
    }
}

static void
run(BnsSupervisor *supervisor)
{
    g_autoptr(GError) error = NULL;
    bool is_started;

    supervisor->can_ask = bns_review_can_ask();
    /* What was made will be removed, whoever dies from here on. */
    is_started = bns_spawn_all(supervisor->session, &supervisor->spawn, &error) &&
                 bns_layer_store_keep(supervisor->session->layer_store, &error);
    if (is_started)
        bns_steps_note("the processes are started");

    bns_streams_leave_own();
    bns_streams_close_inside(supervisor->session->streams);
    supervisor->loop = bns_loop_new();
    supervisor->relay = bns_relay_new(supervisor->loop, supervisor->session->streams,
                                      bns_policy_clipboard(supervisor->session->policy),
                                      tell_foreground, supervisor);
    supervisor->timer =
        bns_loop_timer(supervisor->loop, bns_supervisor_on_timer, supervisor);
    supervisor->signal_watch =
        bns_loop_watch(supervisor->loop, supervisor->signal_fd, EPOLLIN,
                       bns_supervisor_on_signals, supervisor);
    watch_helpers(supervisor);
    set_time(supervisor, START_TIMEOUT_US);
    if (is_started) {
        bns_supervisor_begin_cgroup(supervisor);
    } else {
        bns_outcome_fail(&supervisor->outcome, "%s", error->message);
        bns_supervisor_end(supervisor);
    }
    bns_supervisor_advance(supervisor);
    run_to_end(supervisor);
    bns_supervisor_drain_relay(supervisor);
    reap_for_a_moment(supervisor);
}

static void
supervisor_clear(BnsSupervisor *supervisor)
{
    for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++) {
        bns_watch_free(supervisor->peers[helper].watch);
        bns_fd_clear(&supervisor->spawn.controls[helper]);
    }
    bns_supervisor_leave_control(supervisor);
    bns_session_mark_free(supervisor->mark);
    bns_relay_free(supervisor->relay);
    bns_watch_free(supervisor->signal_watch);
    bns_timer_free(supervisor->timer);
    bns_supervisor_leave_files(supervisor);
    bns_supervisor_leave_policy(supervisor);
    bns_supervisor_leave_sockets(supervisor);
    bns_supervisor_leave_cgroup(supervisor);
    bns_loop_free(supervisor->loop);
    bns_fd_clear(&supervisor->signal_fd);
    bns_fd_clear(&supervisor->spawn.life_fd);
    bns_fd_clear(&supervisor->spawn.recorder_life_fd);
    bns_fd_clear(&supervisor->spawn.records_fd);
    g_free(supervisor->summary);
    g_free(supervisor->left);
    g_string_free(supervisor->warnings, TRUE);
}

/* Ends as the command did. */
static int
exit_status(BnsOutcome *outcome, int typed)
{
    BnsOutcomeKind kind = outcome->kind;
    int number = outcome->number;

    bns_outcome_clear(outcome);
    switch (kind) {
    case BNS_OUTCOME_EXITED:
        return number;
    case BNS_OUTCOME_SIGNALED:
        bns_signals_die(number, number == typed);
        return 128 + number;
    case BNS_OUTCOME_NONE:
    case BNS_OUTCOME_FAILED:
        break;
    }
    return BNS_EXIT_FAILED;
}

int
bns_supervisor_run(const BnsSession *session)
{
    BnsSupervisor supervisor = { .session = session,
                                 .scope_fd = -1,
                                 .started_at_us = g_get_real_time() };
    int typed;

    supervisor.signal_fd = bns_signals_open();
    if (supervisor.signal_fd < 0) {
        fprintf(stderr, "boundary-ns: signalfd: %s\n",
                g_strerror(-supervisor.signal_fd));
        return BNS_EXIT_FAILED;
    }
    supervisor.noted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    supervisor.persist = bns_persist_new(session->persisted);
    supervisor.keep = bns_keep_new(session->audit);
    supervisor.warnings = g_string_new(NULL);
    bns_supervisor_mark(&supervisor);
    run(&supervisor);
    typed = bns_relay_typed_signal(supervisor.relay);
    bns_supervisor_print_end(&supervisor);
    supervisor_clear(&supervisor);
    return exit_status(&supervisor.outcome, typed);
}
