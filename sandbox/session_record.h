/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session records: which sessions of this user run, for `ps` and `stop`.
 *
 * One file for each, SESSION, 0600, in $XDG_RUNTIME_DIR/boundary-ns if that directory is
 * ours alone, else in boundary-ns/run below the user's state. Its supervisor holds a lock on
 * it (F_SETLK) as long as it lives: the kernel says who that is (F_GETLK), whatever a file
 * says, and lets it go at its death, whatever death. A file without a lock is of a session
 * that died, and goes with the next look.
 *
 * A process loses such a lock when it closes any descriptor of the file: the supervisor must
 * not list sessions.
 *
 * A socket, SESSION.sock, by which rules are added (sandbox/control.h), is in the first of
 * these directories, else in /var/tmp/boundary-ns-UID/run: the command has a /run and a
 * /var/tmp of its own.
 *
 * None of what is in these directories can be changed from inside.
 */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

#define BNS_SESSION_ERROR (bns_session_error_quark())
GQuark bns_session_error_quark(void);

typedef enum {
    BNS_SESSION_ERROR_NONE, /* no such session runs */
    BNS_SESSION_ERROR_FAILED,
} BnsSessionError;

typedef struct {
    char session[37];
    pid_t pid; /* of its supervisor, as the kernel says; 0: it is of another PID
                         * namespace, and cannot be named here */
    int64_t started_us; /* since 1970 */
    char *workdir;      /* owned */
    GStrv command;      /* owned; secrets masked (audit/mask.h) */
    char *mode;         /* owned; "enforce" or "observe"; NULL: the former */
    char *audit_path;   /* owned */
    unsigned n_allowed; /* rules that were added while it runs */
} BnsSessionRecord;

void bns_session_record_free(BnsSessionRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsSessionRecord, bns_session_record_free)

/* Of this process's session. */
typedef struct BnsSessionMark BnsSessionMark;

/**
 * bns_session_mark:
 * @record: its pid and session are not looked at; its command is masked here
 *
 * Makes the record, and locks it. It is seen as a whole or not at all. Call it in the
 * process that is to be signalled.
 *
 * Returns: (transfer full): to be freed at the session's end, or %NULL with @error
 */
BnsSessionMark *
bns_session_mark(const char *session, const BnsSessionRecord *record, GError **error);

/* (transfer full): the socket beside it, which listens from now on, non-blocking; or -1 with
 * @error */
int bns_session_mark_listen(BnsSessionMark *mark, GError **error);
/* @mark: nullable. How many rules were added. */
void bns_session_mark_count(BnsSessionMark *mark, unsigned n_allowed);
/* @mark: nullable. @mode: as in a record; all have one length. */
void bns_session_mark_mode(BnsSessionMark *mark, const char *mode);

/* Removes it. */
void bns_session_mark_free(BnsSessionMark *mark);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsSessionMark, bns_session_mark_free)

/* Returns: (transfer full): the sessions that run, of owned BnsSessionRecord, the newest
 * first; or %NULL with @error: it cannot be told. */
GPtrArray *bns_session_records(GError **error);

/* (transfer full): the one session that runs whose id @prefix begins, or %NULL with @error. */
BnsSessionRecord *bns_session_find(const char *prefix, GError **error);

/* (transfer full): connected to the session's socket, or -1 with @error. */
int bns_session_connect(const BnsSessionRecord *record, GError **error);

/**
 * bns_session_open_supervisor:
 *
 * (transfer full): a pidfd of the process that holds the record's lock: of no other, even
 * if that one is dead by now and its number taken; or -1 with @error, BNS_SESSION_ERROR_NONE
 * if it is dead.
 */
int bns_session_open_supervisor(const BnsSessionRecord *record, GError **error);
