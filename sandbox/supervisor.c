/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervisor: the only process of a session that sees all of the others.
 *
 * How it works: everything is started at once (spawn.c); then one loop reads signals and
 * what the helpers say. Who may say what, and when, is the table `rules`; anything else
 * ends the session. State goes one way only:
 *
 *     STARTING ─ all are ready ─> RUNNING ─┐
 *         └── failure, signal ─────────────┴─> ENDING ─> CLOSING ─> DONE
 *
 * ENDING: the life pipe is closed; gateway, netstack, resolver and init end, and send
 * their last records. CLOSING: the recorder writes session.end and sums up. Either has
 * its time; after that SIGKILL. When the supervisor itself is killed, the kernel closes
 * both life pipes and nobody needs to be told.
 *
 * Nothing here touches the network, the policy or a byte of a flow.
 */
#include "sandbox/supervisor.h"

#include "base/fd.h"
#include "base/loop.h"
#include "base/ready.h"
#include "sandbox/log.h"
#include "sandbox/outcome.h"
#include "sandbox/probe.h"
#include "sandbox/signals.h"
#include "sandbox/spawn.h"
#include "sandbox/summary.h"
#include "sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* A start takes some 15 ms. A file system that hangs must not make it wait for ever. */
#define START_TIMEOUT_US (30 * G_USEC_PER_SEC)
/* For the last records of the others, which take milliseconds. */
#define ENDING_TIMEOUT_US (G_USEC_PER_SEC / 2)
/* For the recorder, which may wait for a slow disk. */
#define CLOSING_TIMEOUT_US (5 * G_USEC_PER_SEC)
/* Between SIGKILL and giving up on a process that the kernel does not let go. */
#define KILL_TIMEOUT_US (2 * G_USEC_PER_SEC)

typedef enum {
    STATE_STARTING,
    STATE_RUNNING,
    STATE_ENDING,
    STATE_CLOSING,
    STATE_DONE,
} State;

typedef struct Supervisor Supervisor;

/* One helper, as we see it. */
typedef struct {
    Supervisor *supervisor; /* borrowed */
    BnsHelper helper;
    BnsWatch *watch; /* owned; of its control socket; NULL after its end of file */
    bool is_alive;
    bool is_ready;
    unsigned said; /* a bit per row of the table */
} Peer;

struct Supervisor {
    const BnsSession *session; /* borrowed */
    BnsLoop *loop;             /* owned */
    BnsTimer *timer;           /* owned; the end of this state's time */
    BnsWatch *signal_watch;    /* owned */
    int signal_fd;             /* owned */
    BnsTerminal terminal;
    BnsSpawn spawn;
    Peer peers[BNS_N_HELPERS];
    State state;
    bool was_running; /* GO was given */
    BnsOutcome outcome;
    char *summary; /* owned; NULL: none came */
    int64_t started_us;
};

static void advance(Supervisor *supervisor);

/* --- ending --- */

static void
kill_helper(Supervisor *supervisor, BnsHelper helper)
{
    if (supervisor->peers[helper].is_alive)
        kill(supervisor->spawn.pids[helper], SIGKILL);
}

static void
set_time(Supervisor *supervisor, int64_t timeout_us)
{
    bns_timer_set(supervisor->timer, bns_loop_now_us(supervisor->loop) + timeout_us);
}

/* The outcome is known. A session that failed has no right to go on for a moment: the
 * command dies now, with all that it started. */
static void
begin_ending(Supervisor *supervisor)
{
    if (supervisor->state >= STATE_ENDING)
        return;
    supervisor->state = STATE_ENDING;
    if (supervisor->outcome.kind != BNS_OUTCOME_EXITED)
        kill_helper(supervisor, BNS_HELPER_INIT);
    bns_fd_clear(&supervisor->spawn.life_fd);
    set_time(supervisor, ENDING_TIMEOUT_US);
}

static void
finish(Supervisor *supervisor)
{
    supervisor->state = STATE_DONE;
    bns_fd_clear(&supervisor->spawn.recorder_life_fd);
    bns_loop_quit(supervisor->loop);
}

static void
begin_closing(Supervisor *supervisor)
{
    g_autofree char *text = bns_outcome_end_text(&supervisor->outcome);

    supervisor->state = STATE_CLOSING;
    if (!supervisor->peers[BNS_HELPER_RECORDER].is_alive ||
        bns_ready_send(supervisor->spawn.controls[BNS_HELPER_RECORDER], BNS_READY_END,
                       text, -1) < 0)
        bns_fd_clear(&supervisor->spawn.recorder_life_fd);
    set_time(supervisor, CLOSING_TIMEOUT_US);
}

static bool
others_are_alive(const Supervisor *supervisor)
{
    for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++)
        if (helper != BNS_HELPER_RECORDER && supervisor->peers[helper].is_alive)
            return true;
    return false;
}

static void
on_timer(void *data)
{
    Supervisor *supervisor = data;

    switch (supervisor->state) {
    case STATE_STARTING:
        bns_outcome_fail(&supervisor->outcome, "the start took longer than %d s",
                         (int)(START_TIMEOUT_US / G_USEC_PER_SEC));
        begin_ending(supervisor);
        return;
    case STATE_ENDING:
        for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++)
            if (helper != BNS_HELPER_RECORDER)
                kill_helper(supervisor, helper);
        break;
    case STATE_CLOSING:
        kill_helper(supervisor, BNS_HELPER_RECORDER);
        break;
    case STATE_RUNNING:
    case STATE_DONE:
        return;
    }
    set_time(supervisor, KILL_TIMEOUT_US);
}

/* --- what helpers say --- */

typedef bool (*Act)(Supervisor *supervisor, Peer *peer, const char *text, int fd);

static bool
on_ready(Supervisor *supervisor, Peer *peer, const char *text, int fd)
{
    peer->is_ready = true;
    g_info("%s is ready after %.1f ms", bns_helper_name(peer->helper),
           (double)(g_get_monotonic_time() - supervisor->started_us) / 1000);
    return true;
}

static bool
on_failed(Supervisor *supervisor, Peer *peer, const char *text, int fd)
{
    bns_outcome_fail(&supervisor->outcome, "%s", text);
    begin_ending(supervisor);
    return true;
}

static bool
on_ca(Supervisor *supervisor, Peer *peer, const char *text, int fd)
{
    return bns_ready_send(supervisor->spawn.controls[BNS_HELPER_INIT], BNS_READY_CA,
                          text, -1) == 0;
}

static bool
on_tap(Supervisor *supervisor, Peer *peer, const char *text, int fd)
{
    return fd >= 0 && bns_ready_send(supervisor->spawn.controls[BNS_HELPER_NETSTACK],
                                     BNS_READY_TAP, NULL, fd) == 0;
}

static bool
on_packet(Supervisor *supervisor, Peer *peer, const char *text, int fd)
{
    return fd >= 0 && bns_ready_send(supervisor->spawn.controls[BNS_HELPER_NETSTACK],
                                     BNS_READY_PACKET, NULL, fd) == 0;
}

static void
tell_init(Supervisor *supervisor, BnsReadyType type, int number)
{
    char text[16];

    g_snprintf(text, sizeof(text), "%d", number);
    bns_ready_send(supervisor->spawn.controls[BNS_HELPER_INIT], type,
                   type == BNS_READY_SIGNAL ? text : NULL, -1);
}

/* The command stopped: so do we, and the shell sees its job stopped. SIGCONT, which it
 * sends for `fg` and `bg`, is read as any other signal. A SIGCONT that has come already
 * was meant for this stop. */
static bool
on_stopped(Supervisor *supervisor, Peer *peer, const char *text, int fd)
{
    guint64 number = 0;

    if (!g_ascii_string_to_unsigned(text, 10, 1, SIGRTMAX, &number, NULL))
        return false;
    if (number != SIGTSTP && number != SIGTTIN && number != SIGTTOU)
        number = SIGSTOP;
    if (bns_signals_is_continued())
        return true;
    bns_terminal_before_stop(&supervisor->terminal);
    if (!bns_signals_stop((int)number))
        tell_init(supervisor, BNS_READY_CONTINUE, 0);
    return true;
}

static bool
on_exited(Supervisor *supervisor, Peer *peer, const char *text, int fd)
{
    if (!bns_outcome_set_status(&supervisor->outcome, text))
        return false;
    begin_ending(supervisor);
    return true;
}

static bool
on_summary(Supervisor *supervisor, Peer *peer, const char *text, int fd)
{
    supervisor->summary = g_strdup(text);
    return true;
}

#define FROM(helper) (1u << (helper))
#define FROM_ALL     (FROM(BNS_N_HELPERS) - 1)
#define IN(state)    (1u << (state))

static const struct {
    BnsReadyType type;
    unsigned from;
    unsigned states;
    bool once;
    Act act;
} rules[] = {
    { BNS_READY_READY, FROM_ALL, IN(STATE_STARTING), true, on_ready },
    { BNS_READY_FAILED, FROM_ALL, IN(STATE_STARTING) | IN(STATE_RUNNING), true,
      on_failed },
    { BNS_READY_CA, FROM(BNS_HELPER_GATEWAY), IN(STATE_STARTING), true, on_ca },
    { BNS_READY_TAP, FROM(BNS_HELPER_INIT), IN(STATE_STARTING), true, on_tap },
    { BNS_READY_PACKET, FROM(BNS_HELPER_INIT), IN(STATE_STARTING), true, on_packet },
    { BNS_READY_STOPPED, FROM(BNS_HELPER_INIT), IN(STATE_RUNNING), false, on_stopped },
    { BNS_READY_EXITED, FROM(BNS_HELPER_INIT), IN(STATE_RUNNING), true, on_exited },
    { BNS_READY_SUMMARY, FROM(BNS_HELPER_RECORDER), IN(STATE_CLOSING), true,
      on_summary },
};
G_STATIC_ASSERT(G_N_ELEMENTS(rules) <= sizeof(unsigned) * 8);

/* Returns: whether the peer may say it now, and it was obeyed. */
static bool
obey(Supervisor *supervisor, Peer *peer, int type, const char *text, int fd)
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
forget_control(Peer *peer)
{
    bns_watch_free(peer->watch);
    peer->watch = NULL;
}

/* Reads one message. Returns: whether there was one. */
static bool
read_message(Peer *peer)
{
    Supervisor *supervisor = peer->supervisor;
    char text[BNS_READY_TEXT_MAX + 1];
    bns_autofd fd = -1;
    int type;

    if (peer->watch == NULL)
        return false;
    type = bns_ready_receive(supervisor->spawn.controls[peer->helper], text, &fd);
    if (type == -EAGAIN)
        return false;
    if (type <= 0) {
        /* It is ending; if not, it has to: nothing can be said to it any more. */
        forget_control(peer);
        kill_helper(supervisor, peer->helper);
        return false;
    }
    if (!obey(supervisor, peer, type, text, fd) && supervisor->state < STATE_ENDING) {
        bns_outcome_fail(&supervisor->outcome, "unexpected message '%c' from %s",
                         g_ascii_isalpha(type) ? type : '?',
                         bns_helper_name(peer->helper));
        begin_ending(supervisor);
    }
    return true;
}

static void
on_control(uint32_t events, void *data)
{
    Peer *peer = data;

    while (read_message(peer))
        ;
    advance(peer->supervisor);
}

/* --- signals --- */

static void
reap(Supervisor *supervisor, Peer *peer)
{
    int status = 0;

    if (!peer->is_alive ||
        waitpid(supervisor->spawn.pids[peer->helper], &status, WNOHANG) <= 0)
        return;
    peer->is_alive = false;
    /* What it said last tells more than how it ended. */
    while (read_message(peer))
        ;
    if (supervisor->state >= STATE_ENDING)
        return;
    bns_outcome_fail_died(&supervisor->outcome, bns_helper_name(peer->helper), status);
    begin_ending(supervisor);
}

/* Before the command runs there is nobody to pass a signal on to. */
static void
on_early_signal(Supervisor *supervisor, int number)
{
    switch (number) {
    case SIGHUP:
    case SIGINT:
    case SIGQUIT:
    case SIGTERM:
        bns_outcome_set_signal(&supervisor->outcome, number);
        begin_ending(supervisor);
        return;
    case SIGTSTP:
        bns_signals_stop(number);
        return;
    default:
        return;
    }
}

static void
on_signal(Supervisor *supervisor, const struct signalfd_siginfo *info)
{
    int number = (int)info->ssi_signo;

    if (number == SIGCHLD) {
        for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++)
            reap(supervisor, &supervisor->peers[helper]);
    } else if (supervisor->state == STATE_STARTING) {
        on_early_signal(supervisor, number);
    } else if (supervisor->state != STATE_RUNNING || number == SIGPIPE) {
        return; /* the command is gone; SIGPIPE is about our own standard error */
    } else if (number == SIGCONT) {
        bns_terminal_after_stop(&supervisor->terminal);
        tell_init(supervisor, BNS_READY_CONTINUE, 0);
    } else if (bns_signals_is_for_command(info)) {
        tell_init(supervisor, BNS_READY_SIGNAL, number);
    }
}

static void
on_signals(uint32_t events, void *data)
{
    Supervisor *supervisor = data;
    struct signalfd_siginfo info;

    while (read(supervisor->signal_fd, &info, sizeof(info)) == sizeof(info))
        on_signal(supervisor, &info);
    advance(supervisor);
}

/* --- the session --- */

static bool
all_are_ready(const Supervisor *supervisor)
{
    for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++)
        if (!supervisor->peers[helper].is_ready)
            return false;
    return true;
}

static void
start_command(Supervisor *supervisor)
{
    supervisor->state = STATE_RUNNING;
    supervisor->was_running = true;
    bns_timer_set(supervisor->timer, INT64_MAX);
    g_info("command starts after %.1f ms",
           (double)(g_get_monotonic_time() - supervisor->started_us) / 1000);
    if (bns_ready_send(supervisor->spawn.controls[BNS_HELPER_INIT], BNS_READY_GO, NULL,
                       -1) == 0)
        return;
    bns_outcome_fail(&supervisor->outcome, "init does not answer");
    begin_ending(supervisor);
}

/* Takes every step whose condition is met. */
static void
advance(Supervisor *supervisor)
{
    if (supervisor->state == STATE_STARTING && all_are_ready(supervisor))
        start_command(supervisor);
    if (supervisor->state == STATE_ENDING && !others_are_alive(supervisor))
        begin_closing(supervisor);
    if (supervisor->state == STATE_CLOSING &&
        !supervisor->peers[BNS_HELPER_RECORDER].is_alive)
        finish(supervisor);
}

/* Our copies would keep a pipeline open that the command has left. */
static void
leave_standard_streams(void)
{
    bns_autofd null = open("/dev/null", O_RDWR | O_CLOEXEC);

    fflush(stdout);
    if (null < 0)
        return;
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
}

static void
watch_helpers(Supervisor *supervisor)
{
    for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++) {
        Peer *peer = &supervisor->peers[helper];

        peer->supervisor = supervisor;
        peer->helper = helper;
        peer->is_alive = supervisor->spawn.pids[helper] > 0;
        if (supervisor->spawn.controls[helper] >= 0)
            peer->watch =
                bns_loop_watch(supervisor->loop, supervisor->spawn.controls[helper],
                               EPOLLIN, on_control, peer);
    }
}

static void
run(Supervisor *supervisor)
{
    g_autoptr(GError) error = NULL;
    bool is_started = bns_spawn_all(supervisor->session, &supervisor->spawn, &error);

    leave_standard_streams();
    supervisor->loop = bns_loop_new();
    supervisor->timer = bns_loop_timer(supervisor->loop, on_timer, supervisor);
    supervisor->signal_watch = bns_loop_watch(supervisor->loop, supervisor->signal_fd,
                                              EPOLLIN, on_signals, supervisor);
    watch_helpers(supervisor);
    set_time(supervisor, START_TIMEOUT_US);
    if (!is_started) {
        bns_outcome_fail(&supervisor->outcome, "%s", error->message);
        begin_ending(supervisor);
        advance(supervisor);
    }
    while (supervisor->state != STATE_DONE)
        bns_loop_turn(supervisor->loop, -1);
}

static void
supervisor_clear(Supervisor *supervisor)
{
    for (BnsHelper helper = 0; helper < BNS_N_HELPERS; helper++) {
        forget_control(&supervisor->peers[helper]);
        bns_fd_clear(&supervisor->spawn.controls[helper]);
    }
    bns_watch_free(supervisor->signal_watch);
    bns_timer_free(supervisor->timer);
    bns_loop_free(supervisor->loop);
    bns_fd_clear(&supervisor->signal_fd);
    bns_fd_clear(&supervisor->spawn.life_fd);
    bns_fd_clear(&supervisor->spawn.recorder_life_fd);
    bns_terminal_close(&supervisor->terminal);
    g_free(supervisor->summary);
}

/* A start that failed is explained by what this machine lacks, if that is known. */
static void
print_failure(const Supervisor *supervisor)
{
    g_autofree char *cause = supervisor->was_running ? NULL : bns_probe_explain();

    bns_log_print("%s", cause != NULL ? cause : supervisor->outcome.why);
}

static void
print_end(const Supervisor *supervisor)
{
    g_autofree char *text = NULL;

    if (supervisor->outcome.kind == BNS_OUTCOME_FAILED)
        print_failure(supervisor);
    if (!supervisor->was_running || supervisor->session->options->quiet)
        return;
    text = bns_summary_text(supervisor->summary, supervisor->session->audit->path);
    fputs(text, stderr);
}

/* Ends as the command did. */
static int
exit_status(BnsOutcome *outcome)
{
    BnsOutcomeKind kind = outcome->kind;
    int number = outcome->number;

    bns_outcome_clear(outcome);
    switch (kind) {
    case BNS_OUTCOME_EXITED:
        return number;
    case BNS_OUTCOME_SIGNALED:
        bns_signals_die(number);
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
    Supervisor supervisor = { .session = session,
                              .started_us = g_get_monotonic_time() };

    supervisor.signal_fd = bns_signals_open();
    if (supervisor.signal_fd < 0) {
        fprintf(stderr, "boundary-ns: signalfd: %s\n",
                g_strerror(-supervisor.signal_fd));
        return BNS_EXIT_FAILED;
    }
    bns_terminal_open(&supervisor.terminal);
    run(&supervisor);
    bns_terminal_restore(&supervisor.terminal,
                         supervisor.outcome.kind != BNS_OUTCOME_EXITED);
    print_end(&supervisor);
    supervisor_clear(&supervisor);
    return exit_status(&supervisor.outcome);
}
