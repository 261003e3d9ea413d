/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exec watch: `commands: {exec: record}`.
 *
 * The kernel holds every execve(2) of the command and its children until init, which
 * holds the listener of their seccomp filter, has answered. Init reads what is asked
 * for, has it recorded, and only then lets the call go on; if init or the recorder is
 * gone, nothing is executed any more (the kernel's answer is ENOSYS).
 *
 * Rules for arguments are judged by what was read. The process may change it between
 * that and the kernel's own reading: they are a guard rail, not a boundary.
 *
 * A process tree can have one listener: container engines inside that want one of their
 * own get EBUSY.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/allowed.h"
#include "sandbox/denied.h"
#include "sandbox/fault.h"

#include <stdbool.h>
#include <stddef.h>

/* Borrowed. */
typedef struct {
    const char *const *paths; /* NULL-terminated: the files that are meant */
    const char *pattern;      /* of the arguments behind the first, joined by spaces */
    const char *reason;       /* nullable */
    const char *origin;       /* "file:line" */
    const char *text;         /* for the standard error of who tried; one line */
} BnsExecRule;

/* Borrowed. */
typedef struct {
    bool is_on;
    const BnsExecRule *rules;
    size_t n_rules;
    const BnsAllowed *allowed; /* nullable: all; of another it is said and recorded that
                                * the kernel refuses it (sandbox/landlock.h) */
    const BnsDenied *denied;   /* nullable; these say themselves what they are */
} BnsExecPolicy;

/* The rule for arguments that refuses @program, a path, with @arguments, @len bytes, those
 * behind the first joined by spaces: the last that matches; NULL: none. */
const BnsExecRule *bns_exec_policy_find(const BnsExecPolicy *policy,
                                        const char *program,
                                        const char *arguments,
                                        size_t len);

/**
 * bns_exec_watch_answer:
 * @listener_fd: readable: a call waits
 * @recorder_fd: to the recorder (audit/client.h)
 *
 * Answers one call. Returns: false with @fault if it cannot be recorded any more: the
 * session has to end.
 */
bool bns_exec_watch_answer(int listener_fd,
                           int recorder_fd,
                           const BnsExecPolicy *policy,
                           BnsFault *fault);
