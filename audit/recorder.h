/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorder: the process that writes the audit file. It has no listening socket, no
 * policy and no network.
 */
#pragma once

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

/* An audit file ready to be written to. */
typedef struct {
    char *path;    /* owned; absolute */
    int fd;        /* owned; O_APPEND, locked (flock) */
    uint64_t seq;  /* of the next record */
    char prev[65]; /* hash of the last record; 64 zeros in a new file */
    char session[37]; /* this session's id: UUID, lower case */
} BnsAuditFile;

/**
 * bns_audit_open:
 * @path: (nullable): --audit-log; %NULL: the default place
 * @out_notice: (transfer full) (nullable): a line for the person when the default place
 *              was not usable and /var/tmp was taken instead
 *
 * Default: $XDG_STATE_HOME or ~/.local/state (HOME from passwd when unset)
 * /boundary-ns/audit/<time>-<session>.jsonl, O_EXCL | O_NOFOLLOW, 0600; if that cannot be
 * created /var/tmp/boundary-ns-UID/audit (0700, ours, no symlink). A named file that
 * exists is appended to after its last line was verified; it must be a regular file of
 * ours, or a character device or FIFO is refused.
 */
BnsAuditFile *bns_audit_open(const char *path, char **out_notice, GError **error);
void bns_audit_file_free(BnsAuditFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsAuditFile, bns_audit_file_free)

/* What session.start says. Borrowed. */
typedef struct {
    char **command;      /* argv; secrets in it are masked by the recorder */
    const char *policy_digest;
    char **layers;       /* files and flags that make the policy; NULL-terminated */
} BnsSessionStart;

typedef struct {
    int control_fd; /* supervisor (base/ready.h) */
    int life_fd;
    int gateway_fd; /* records from the gateway */
    int netstack_fd;
    BnsAuditFile *file;
    const BnsSessionStart *start;
} BnsRecorderConfig;

/**
 * bns_recorder_run:
 *
 * The recorder's main: writes session.start, locks itself down, says READY, then serves
 * until END came from the supervisor (it writes frames and records that are still
 * queued, session.end, and answers SUMMARY) or the life pipe ended (it writes what is
 * queued and leaves the file without session.end). Which events a helper may send is a
 * table. If a record cannot be written it is not acknowledged and the recorder ends.
 * Returns: the process's exit status.
 *
 * SUMMARY's text: "ALLOWED DENIED\n", then up to five of the most refused
 * destinations, "COUNT\tSCHEME\tHOST\tPORT\tMETHOD\tPATH\n" ("-" for what is absent; host
 * and path escaped by bns_text_escape()).
 */
int bns_recorder_run(const BnsRecorderConfig *config);
