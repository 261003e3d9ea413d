/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pty: the command's own terminal, as init keeps it.
 *
 * It is made in the sandbox's own /dev/pts, where the command finds it by its name, and
 * its other end goes to the supervisor. Init leads the session that it controls: so the
 * command's process group, whose parent is in the session, too, can be stopped. Whether
 * that group is the terminal's foreground says the supervisor: when it is not, reading or
 * setting modes stops the command, and the supervisor learns that it wants the terminal.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"
#include "sandbox/streams.h"

#include <sys/types.h>

typedef struct {
    int fd;           /* owned; the command's end, or -1: no terminal */
    pid_t foreground; /* which group had it last */
} BnsPty;

/**
 * bns_pty_make:
 * @control_fd: to the supervisor, which gets the other end (TERMINAL)
 *
 * Makes the terminal, a session, and the terminal its controlling one. /dev/pts must be
 * mounted. Puts it on those of 0-2 that are to be a terminal. Does nothing if there is to
 * be none.
 */
bool bns_pty_make(BnsPty *pty,
                  const BnsStreamsInside *streams,
                  int control_fd,
                  BnsFault *fault);

/* @command: its group. Signals of the terminal must be blocked or ignored. */
void bns_pty_set_foreground(BnsPty *pty, pid_t command, bool is_foreground);

/* Passes a signal on: what is sent to a job is meant for all of the group that @command
 * leads; anything else for one process. */
void bns_pty_signal(pid_t command, int number);

/* The group that has the terminal, or would have it. */
pid_t bns_pty_group(const BnsPty *pty, pid_t command);
