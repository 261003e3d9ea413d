/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that were sent to init's whole process group (kill %1, timeout(1), kill 0
 * inside): they have reached the supervisor, init and the command, if it still is in that
 * group and not in one of its own. What the supervisor passes on then has come already.
 *
 * Plain C.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    int fd;                /* owned; a non-blocking signalfd */
    int64_t came_us[NSIG]; /* when each signal last came to our group */
} BnsGroupSignals;

/* Empties the descriptor, and notes what was sent to the whole group. */
void bns_group_signals_read(BnsGroupSignals *signals);

/* Whether @number, which the supervisor was sent and passes on, has reached @command by
 * the group; each time counts for one. */
bool bns_group_signals_has_come(BnsGroupSignals *signals, int number, pid_t command);
