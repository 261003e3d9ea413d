/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resource limits of the command's processes: setrlimit(2) before it starts, hard, so
 * that it cannot take them back.
 *
 * They bind each process by itself but for the number of processes, which Linux counts
 * for each user in a user namespace (since 5.14; before, with all that the user runs on
 * the host). Root of the host is not bound by that one, see
 * sandbox/pid_limit.h. What all processes may use together is a cgroup's affair
 * (sandbox/cgroup.h).
 *
 * Plain C.
 */
#pragma once

#include "policy/limits.h"
#include "sandbox/fault.h"

/* Call it in the command's inner user namespace. A limit that is lower already stays.
 * Returns: false with @fault. */
bool bns_rlimits_apply(const BnsProcessLimits *limits, BnsFault *fault);

/* Whether so many processes and threads of this user's command can be counted together
 * and apart from all others, here or by sandbox/pid_limit.h. */
bool bns_rlimits_hold_processes(uint64_t processes);
