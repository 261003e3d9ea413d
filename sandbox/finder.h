/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finder: a process of init's that tells the gateway whose a connection is
 * (base/owner.h, sandbox/find_owner.h).
 *
 * It is not init itself, because a process of the command can make whoever reads its
 * arguments wait: here a timer ends that. It is made when the first question comes, and
 * anew when it has ended, by that timer or by the command, which may kill it: the
 * questions lie in the socket. It keeps the one capability to look into the others.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* What init keeps of it; zeroed but for @owner_fd. Plain C. */
typedef struct {
    int owner_fd;    /* owned: init's end of the gateway's questions; -1: nobody asks */
    pid_t pid;       /* 0: there is none now */
    unsigned n_made; /* in this session */
} BnsFinder;

/* Returns: what init polls for a question (POLLIN) that nobody reads; -1 while there is a
 * finder, which reads by itself. */
int bns_finder_missing(const BnsFinder *finder);

/* @events: of that. Makes a finder, unless nobody asks any more. Every signal is blocked;
 * in the child everything but @finder->owner_fd is closed. */
void bns_finder_make(BnsFinder *finder, short events);

/* What waitpid(2) told of @pid. Returns: whether it is the finder. */
bool bns_finder_has_changed(BnsFinder *finder, pid_t pid, int status);
