/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's state, shared by its files: supervisor.c (life of a session),
 * supervisor_messages.c (what helpers say), supervisor_cgroup.c, supervisor_files.c,
 * supervisor_policy.c, supervisor_signals.c and supervisor_sockets.c (sockets of the host).
 */
#pragma once

#include "base/loop.h"
#include "base/ready.h"
#include "sandbox/control.h"
#include "sandbox/file_watch.h"
#include "sandbox/outcome.h"
#include "sandbox/persist.h"
#include "sandbox/policy_reload.h"
#include "sandbox/relay.h"
#include "sandbox/session_record.h"
#include "sandbox/socket_watch.h"
#include "sandbox/spawn.h"

/* In this order, never back; supervisor.c draws it. */
typedef enum {
    BNS_SESSION_STARTING,
    BNS_SESSION_MASKING,
    BNS_SESSION_RUNNING,
    BNS_SESSION_DRAINING,
    BNS_SESSION_ENDING,
    BNS_SESSION_REVIEWING,
    BNS_SESSION_CLOSING,
    BNS_SESSION_DONE,
} BnsSessionState;

typedef struct BnsSupervisor BnsSupervisor;

/* One helper, as we see it. */
typedef struct {
    BnsSupervisor *supervisor; /* borrowed */
    BnsHelper helper;
    BnsWatch *watch; /* owned; of its control socket; NULL after its end of file */
    bool is_alive;
    bool is_ready;
    bool was_killed; /* by us, while it still held its control socket */
    bool
        ends_late; /* it closes a packet socket, which the kernel does when no CPU looks
                      * at it any more; whoever adopts it reaps it */
    unsigned said; /* a bit per row of the table in supervisor_messages.c */
} BnsPeer;

struct BnsSupervisor {
    const BnsSession *session; /* borrowed */
    BnsSessionMark *mark;      /* owned; NULL: it could not be made */
    BnsLoop *loop;             /* owned */
    BnsTimer *timer;           /* owned; the end of this state's time */
    BnsWatch *signal_watch;    /* owned */
    int signal_fd;             /* owned */
    BnsRelay *relay;           /* owned; NULL: nothing to relay */
    BnsSpawn spawn;
    BnsPeer peers[BNS_N_HELPERS];
    BnsSessionState state;
    BnsHelper drained;       /* DRAINING: whose turn it is */
    int64_t drain_until_us;  /* DRAINING: no longer than this */
    BnsSocketWatch *sockets; /* owned; NULL: not yet */
    BnsTimer *socket_timer;  /* owned; for the next look at them */
    bool is_searching;       /* init has a SOCKETS to answer */
    int64_t next_look_us;    /* at the kernel's list of them */
    int64_t search_until_us; /* the command does not wait longer for the search */
    bool was_running;        /* GO was given */
    bool was_killed;         /* this state's time is over, SIGKILL was sent */
    bool has_opened_doors;   /* of the cgroup, to init */
    char *ca;              /* owned; what init gets after them; NULL: it did not come */
    BnsWatch *scope_watch; /* owned; NULL: nobody asks systemd */
    int scope_fd;          /* owned; of who does */
    pid_t scope_pid;
    uint64_t met[BNS_N_CGROUP_LIMITS]; /* at the end: how often each limit was met */
    BnsOutcome outcome;
    char *summary;                /* owned; NULL: none came */
    char *left;                   /* owned; NULL: nothing */
    BnsPolicyReload *policy;      /* owned; NULL until RUNNING */
    unsigned n_policies_sent;     /* to the gateway */
    unsigned n_policies_in_force; /* of them, as it has said */
    BnsControl *control;          /* owned; NULL: nobody can ask */
    GPtrArray *waiting;           /* owned; who asked, and is to hear of the gateway */
    BnsTimer *watch_timer;        /* owned; until then nothing is watched */
    BnsFileWatch *file_watch;     /* owned; NULL: nothing is watched */
    GHashTable *noted;     /* owned; of owned paths: changes that were recorded */
    GPtrArray *changed;    /* owned; what the host executes of what was changed, and is
                               * where it was; NULL: the command did not run */
    bool has_seen_all;     /* there can be no others */
    BnsPersist *persist;   /* owned */
    BnsKeep *keep;         /* owned */
    bool can_ask;          /* somebody sits there who may be asked */
    GString *warnings;     /* owned; lines for the person, even if he wants none */
    bool is_cut_short;     /* DONE: somebody does not wait for what the command wrote */
    int64_t started_at_us; /* of the real-time clock */
};

/* The command has ended: what it said is delivered before anything else ends. */
void bns_supervisor_drain(BnsSupervisor *supervisor);
/* @helper has something to deliver, and gets on with it. Returns: whether it may say so:
 * it is its turn. */
bool bns_supervisor_on_draining(BnsSupervisor *supervisor, BnsHelper helper);
/* It has nothing any more: the next one's turn. Returns: the same. */
bool bns_supervisor_on_drained(BnsSupervisor *supervisor, BnsHelper helper);
/* The outcome is known: ends everything but the recorder. Does nothing the second
 * time. */
void bns_supervisor_end(BnsSupervisor *supervisor);
/* The command runs: records what the host executes when it is changed. */
void bns_supervisor_watch_files(BnsSupervisor *supervisor);
/* Once, between ENDING and CLOSING: looks at what was changed, moves it aside if that is
 * asked for, and writes back what is persisted. */
void bns_supervisor_settle_files(BnsSupervisor *supervisor);
/* REVIEWING: what becomes of what the command wrote, which may take as long as somebody
 * thinks about it. Not in a callback. */
void bns_supervisor_review(BnsSupervisor *supervisor);
/* Delivers what the command wrote, as far as somebody takes it. Not in a callback. */
void bns_supervisor_drain_relay(BnsSupervisor *supervisor);
/* The last word. */
void bns_supervisor_print_end(const BnsSupervisor *supervisor);
/* At the very end: removes layers that lie on disk, too. */
void bns_supervisor_leave_files(BnsSupervisor *supervisor);
/* Takes every step whose condition is met. Call it last in a callback. */
void bns_supervisor_advance(BnsSupervisor *supervisor);
void bns_supervisor_kill(BnsSupervisor *supervisor, BnsHelper helper);
/* The loop's callback for the end of a state's time. */
void bns_supervisor_on_timer(void *data);

/* Makes the record that `ps` and `stop` find the session by. Nothing that a policy promises
 * hangs on it: if it cannot be made that is said, and the session starts. */
void bns_supervisor_mark(BnsSupervisor *supervisor);

/* Obeys one message of @peer. Returns: whether there was one. */
bool bns_supervisor_read(BnsPeer *peer);
/* The loop's callback for a control socket; @data is a BnsPeer. */
void bns_supervisor_on_control(uint32_t events, void *data);
/* @number: of a signal to pass on, or 0. */
void bns_supervisor_tell_init(BnsSupervisor *supervisor, BnsReadyType type, int number);

/* --- supervisor_cgroup.c --- */

/* After all were started: init gets its doors, at once or when systemd has answered. */
void bns_supervisor_begin_cgroup(BnsSupervisor *supervisor);
/* Init gets the CA, after the doors. Returns: whether it may. */
bool bns_supervisor_give_ca(BnsSupervisor *supervisor, const char *text);
/* Takes note of which limits were met, while init lives: systemd removes a cgroup as soon as
 * it is empty. */
void bns_supervisor_count_cgroup(BnsSupervisor *supervisor);
/* Once, between ENDING and CLOSING: does so again, and records them. */
void bns_supervisor_settle_cgroup(BnsSupervisor *supervisor);
/* At the very end. */
void bns_supervisor_leave_cgroup(BnsSupervisor *supervisor);

/* --- supervisor_sockets.c --- */

/* All are ready: masks what there is, then says so (bns_supervisor_on_masked()), and goes
 * on to look for what comes. */
void bns_supervisor_mask_sockets(BnsSupervisor *supervisor);
/* Everything that was there at the start is masked. */
void bns_supervisor_on_sockets_masked(BnsSupervisor *supervisor);
/* init's MASKED and SEARCHED. Returns: whether it may say so. */
bool bns_supervisor_on_masked(BnsSupervisor *supervisor, const char *text);
bool bns_supervisor_on_searched(BnsSupervisor *supervisor);
/* At the very end. */
void bns_supervisor_leave_sockets(BnsSupervisor *supervisor);

/* --- supervisor_policy.c --- */

/* The command runs: changes of the policy's files count. */
void bns_supervisor_watch_policy(BnsSupervisor *supervisor);
/* The gateway's POLICY. Returns: whether it may say so. */
bool bns_supervisor_on_policy(BnsSupervisor *supervisor, const char *text);
/* At the very end. */
void bns_supervisor_leave_policy(BnsSupervisor *supervisor);

/* --- supervisor_allow.c --- */

/* The command runs: rules may be added. */
void bns_supervisor_listen(BnsSupervisor *supervisor);
/* The gateway has obeyed: whoever waited for it hears so. */
void bns_supervisor_answer_allowed(BnsSupervisor *supervisor);
/* There may be more of them, or fewer: `ps` shows it. */
void bns_supervisor_count_allowed(BnsSupervisor *supervisor);
/* At the very end. */
void bns_supervisor_leave_control(BnsSupervisor *supervisor);

/* The command goes on, with the keys if it has a right to them. */
void bns_supervisor_continue(BnsSupervisor *supervisor);

/* The loop's callback for the signalfd. */
void bns_supervisor_on_signals(uint32_t events, void *data);
