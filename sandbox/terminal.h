/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminal: the user's own, which the command never gets; its modes above all.
 *
 * While the keys go to the command (sandbox/relay.h) it is raw: what keys mean, and what is
 * echoed, is the affair of the command's own terminal. At any other time its modes are
 * those that were found, and they are put back however the session ends: at the end of the
 * command, when it is stopped, when we crash, and after SIGKILL
 * (sandbox/terminal_guard.h).
 *
 * SIGTTOU must be blocked.
 */
#pragma once

#include "sandbox/terminal_guard.h"

#include <stdbool.h>
#include <termios.h>

typedef struct {
    int fd; /* borrowed */
    bool is_raw;
    struct termios found; /* before it was made raw */
    struct termios raw;
    BnsTerminalGuard guard; /* from the first time that it is raw */
} BnsTerminal;

/* Whether we may read it and change its modes: our process group is its foreground, or it
 * is nobody's controlling terminal. */
bool bns_terminal_is_ours(const BnsTerminal *terminal);

/* Whether it was hung up: its window was closed, its connection ended. */
bool bns_terminal_is_gone(const BnsTerminal *terminal);

/* Makes it raw, but for the output, which is processed as @output says. Does nothing if it
 * is gone; if it is raw, the output may change. */
void bns_terminal_make_raw(BnsTerminal *terminal, tcflag_t output);

/* It is not made raw any more. */
void bns_terminal_leave(BnsTerminal *terminal);

/* Puts back what was found. Somebody who changed the modes meanwhile, or has the terminal
 * now, keeps them. */
void bns_terminal_restore(BnsTerminal *terminal);

/* The command set these modes of its own terminal, and meant them to stay. */
void bns_terminal_adopt(BnsTerminal *terminal, const struct termios *modes);

/* Gives the terminal with the other end @master the size of ours. */
void bns_terminal_copy_size(const BnsTerminal *terminal, int master);

/* Whether two terminals behave the same, apart from the line's speed. */
bool bns_terminal_modes_equal(const struct termios *a, const struct termios *b);
