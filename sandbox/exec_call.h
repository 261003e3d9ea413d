/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exec call: what a process asks for that waits in execve(2) or execveat(2).
 *
 * Its memory is hostile: pointers may lead nowhere, strings may have no end, and another
 * thread may change both while they are read and after. So what is read is bounded, and
 * says what was asked for, not for certain what will run.
 *
 * Plain C.
 */
#pragma once

#include <limits.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Bytes of arguments that are read, with one for the end of each; then "...". */
#define BNS_EXEC_ARGV_MAX (32 * 1024)

typedef struct {
    pid_t pid;              /* of the process, not the thread, as we see it */
    pid_t parent;           /* 0: it lies outside */
    char cwd[PATH_MAX];     /* "": unknown; so is exe */
    char exe[2 * PATH_MAX]; /* as it was asked for; absolute unless cwd is unknown */
    char argv[BNS_EXEC_ARGV_MAX + 4]; /* as of BnsRecord (audit/record.h) */
} BnsExecCall;

/**
 * bns_exec_call_read:
 * @notification: of the call; whoever uses what was read asks the kernel afterwards
 *                whether it still stands, since a pid may have another owner by then
 *
 * Returns: 0, or -errno: what the call is to fail with, as it would by itself: what it
 * points to cannot be read (-EFAULT, -EPERM) or there is no such file (-ENOENT, -ENOTDIR: a search
 * along PATH asks for many)
 */
int bns_exec_call_read(const struct seccomp_notif *notification, BnsExecCall *out_call);

/* Writes the arguments behind the first, a space between two. Returns: their length. */
size_t
bns_exec_call_join(const BnsExecCall *call, char out_text[BNS_EXEC_ARGV_MAX + 4]);
