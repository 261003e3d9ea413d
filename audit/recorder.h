/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorder: the process that writes the audit file. It has no listening socket, no
 * policy and no network.
 */
#pragma once

#include "audit/arguments.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define BNS_AUDIT_ERROR (bns_audit_error_quark())
GQuark bns_audit_error_quark(void);

typedef enum {
    BNS_AUDIT_ERROR_OPEN,   /* the file cannot be created, opened, locked */
    BNS_AUDIT_ERROR_BROKEN, /* it exists and its last line does not verify */
    BNS_AUDIT_ERROR_WRITE,
} BnsAuditError;

/* An audit file ready to be written to. `seq` and `prev` are ahead of the file by what is
 * unwritten. */
typedef struct {
    char *path;              /* owned; absolute */
    int fd;                  /* owned; O_APPEND, locked: see bns_audit_open() */
    uint64_t seq;            /* of the next record */
    char prev[65];           /* hash of the last record; 64 zeros in a new file */
    char session[37];        /* this session's id: UUID, lower case */
    uint64_t max_bytes;      /* of the file; beyond it no record is written; 0: none */
    GString *line;           /* owned: being made */
    GString *unwritten;      /* owned: lines for bns_writer_flush() */
    BnsArguments *arguments; /* owned */
    int64_t end;             /* of the file, when the first of them was made */
} BnsAuditFile;

/**
 * bns_audit_open:
 * @path: (nullable): --audit-log; %NULL: the default place
 * @out_notice: (transfer full) (nullable): a line for the person when the default place
 *              was not usable and /var/tmp was taken instead
 *
 * Default: $XDG_STATE_HOME or ~/.local/state (HOME from passwd when unset; a relative
 * one counts as unset) /boundary-ns/audit/<time>-<session>.jsonl, a new file, 0600; if
 * that cannot be created /var/tmp/boundary-ns-UID/audit (0700, ours, no symlink). In
 * neither place the directory may be one that others write to.
 *
 * A named file is created, 0600, or appended to after its last line was verified; a torn
 * last line (a crash in the middle of a write) is BNS_AUDIT_ERROR_BROKEN. It must be a
 * regular file of ours, and its name no symbolic link.
 *
 * The lock (F_OFD_SETLK) goes through fork(2) with the descriptor and ends with its last
 * copy: a second session on the same file is BNS_AUDIT_ERROR_OPEN.
 */
BnsAuditFile *bns_audit_open(const char *path, char **out_notice, GError **error);
void bns_audit_file_free(BnsAuditFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsAuditFile, bns_audit_file_free)

/* What session.start says. Borrowed. */
typedef struct {
    char **command; /* argv; secrets in it are masked by the recorder */
    const char *policy_digest;
    const char *mode;        /* "enforce" or "observe" */
    const char *system_mode; /* of a system policy; NULL: there is none */
    char **layers;           /* files and flags that make the policy; NULL-terminated */
    char *
        *env_hidden; /* names of variables that the command does not get; NULL or empty:
                        * none */
    char **published;  /* "ADDR:PORT:PORT"; NULL or empty: nothing */
    char **host_ports; /* "[ADDR:]PORT"; the same */
} BnsSessionStart;

typedef struct {
    int control_fd; /* supervisor (base/ready.h) */
    int life_fd;
    int gateway_fd; /* records from the gateway */
    int netstack_fd;
    int supervisor_fd; /* records from the supervisor; -1: it has none to send */
    int init_fd;
    BnsAuditFile *file;
    const BnsSessionStart *start;
} BnsRecorderConfig;

/**
 * bns_recorder_run:
 *
 * The recorder's main: writes session.start, locks itself down, says READY, then serves
 * until END came from the supervisor (it writes the records that are still queued and
 * session.end, and answers SUMMARY) or the life pipe or the control socket ended (it
 * writes what is queued and leaves the file without session.end). The helpers may be gone
 * by then. It closes the helpers' sockets, nothing else.
 *
 * Which events a helper may send is a table. If a record cannot be written it is not
 * acknowledged and the recorder ends; so it does when a helper sends what it may not:
 * in both cases, and when it could not start, the supervisor gets FAILED with the reason.
 *
 * Returns: the process's exit status, 0 or 1.
 *
 * session.end has `exit` or `signal` as END's text says, for "failed" an `error`; and
 * `allowed`, `denied` and `would_deny`: http.request, tcp.open and flow.refused by their
 * decision, so that one refused thing counts once (audit/tally.h).
 *
 * SUMMARY's text: "ALLOWED DENIED WOULD_DENY\n", then up to five of the most refused
 * destinations, "COUNT\tSCHEME\tHOST\tPORT\tMETHOD\tPATH\tKIND\tREASON\n" ("-" for what is
 * absent; all escaped by bns_text_escape(); HOST is the address where no name is known;
 * KIND is "refused", or "malformed" for what no rule could allow). A column that is too
 * long for the message is cut and ends in "*", which no host or path does that a rule may
 * name. Destinations beyond the first 1,024 are in DENIED only.
 */
int bns_recorder_run(const BnsRecorderConfig *config);
