/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command's side of the start: a child of init that gives up all rights, waits at a
 * gate and becomes the command.
 *
 * It is made and locked before init says READY, so that whatever can fail has failed by
 * then and GO means exec. It stays in the caller's session and process group, unless it
 * has a terminal (sandbox/pty.h).
 *
 * Plain C.
 */
#pragma once

#include "sandbox/exit_status.h"
#include "sandbox/fault.h"
#include "sandbox/init.h"

#include <stddef.h>
#include <sys/stat.h>

typedef struct {
    const BnsInitConfig *config; /* borrowed */
    int gate_fd;                 /* a SEQPACKET socket to init (base/ready.h) */
} BnsCommandStart;

/**
 * bns_command_main:
 *
 * The child's main, after fork(2), with all signals blocked. Says READY (with the listener
 * of bns_seccomp_listen(), if the configuration wants one) or FAILED on the gate, waits for GO and executes the command: working directory, signals, umask and
 * limits the user's own or the policy's, descriptors 0-2 alone. If that fails, one line on standard
 * error and a status of sandbox/exit_status.h. Does not return.
 */
void bns_command_main(const BnsCommandStart *command) __attribute__((noreturn));
