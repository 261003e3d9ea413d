/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminal: the user's own terminal, which the command uses itself.
 *
 * Nothing is relayed. Supervisor, init and command stay in the caller's session and
 * process group, so the kernel sends Ctrl-C, Ctrl-Z and SIGWINCH to the command as if
 * it had been started directly. What is left to do is to put back what the command can
 * no longer put back: the foreground process group that an inner shell took, and the
 * modes that a program changed and did not live to restore.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

typedef struct {
    int fd; /* owned; the controlling terminal, or -1: there is none */
    bool has_modes;
    struct termios modes; /* as found */
    pid_t lent_to; /* foreground group of the command while it is stopped, or 0 */
} BnsTerminal;

/* Opens /dev/tty, remembers its modes. SIGTTOU must be blocked from here on. */
void bns_terminal_open(BnsTerminal *terminal);
void bns_terminal_close(BnsTerminal *terminal);

/* The command stopped, and we are about to: remembers which of its groups had the
 * terminal. */
void bns_terminal_before_stop(BnsTerminal *terminal);
/* We were continued: gives that group the terminal again, if we have it. */
void bns_terminal_after_stop(BnsTerminal *terminal);

/**
 * bns_terminal_restore:
 * @with_modes: the command did not end by itself, so nobody put the modes back
 *
 * The command is gone. Takes the terminal back if the group that has it is gone too; if
 * another one has it (we run in the background), leaves everything.
 */
void bns_terminal_restore(BnsTerminal *terminal, bool with_modes);
