/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminal guard: a process that outlives the supervisor by a moment, and puts the modes
 * of the user's terminal back if SIGKILL kept the supervisor from it.
 *
 * It has the terminal, one end of a socket whose other end the supervisor has, and
 * nothing else; nobody but the supervisor says anything to it. It is in a process group
 * of its own and takes no signal. Without it (the process limit is reached, somebody
 * killed it) everything works but this.
 *
 * Plain C.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

/* Zeroed: none. */
typedef struct {
    pid_t pid; /* 0: none */
    int fd;    /* owned while there is one */
} BnsTerminalGuard;

/* What it is told. */
typedef struct {
    bool is_raw;
    struct termios found; /* to be put back */
    struct termios raw;   /* if these are still the modes */
} BnsTerminalModes;

/* Makes one for @terminal_fd, unless there is one. The caller has one thread. */
void bns_terminal_guard_start(BnsTerminalGuard *guard, int terminal_fd);

/* From now on, until it is told other ones. */
void
bns_terminal_guard_tell(const BnsTerminalGuard *guard, const BnsTerminalModes *modes);

/* Ends it: there is nothing to put back. */
void bns_terminal_guard_end(BnsTerminalGuard *guard);
