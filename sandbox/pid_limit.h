/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pid limit: how many processes and threads there can be in the sandbox, by the numbers
 * that its pid namespace has (kernel.pid_max, of each namespace since Linux 6.14).
 *
 * It binds root, too, whom RLIMIT_NPROC does not. Before Linux 6.14 the setting is the whole
 * machine's, and root of a user namespace may write to it: so the version decides, and not
 * an attempt.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"

#include <stdint.h>

/* The kernel keeps 300 numbers for itself after the first round. */
#define BNS_PID_LIMIT_MIN 299

/* Whether this kernel has the setting for each namespace. */
bool bns_pid_limit_is_possible(void);

/* Allows @processes, which is at least BNS_PID_LIMIT_MIN, beside pid 1. Call it in the new
 * namespace, with its own /proc. Returns: false with @fault. */
bool bns_pid_limit_set(uint64_t processes, BnsFault *fault);
