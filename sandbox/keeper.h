/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeper: a process that outlives the supervisor by the removal of what that made: cgroups,
 * layers on disk. It holds nothing but them and the end of a pipe, reads nothing, and no
 * signal but SIGKILL ends it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Borrowed. */
typedef struct {
    int parent_fd;
    int lock_fd;
    const char *name;
    /* Removes it, if it is there. Returns: -EBUSY while it is still in use. */
    int (*remove)(int parent_fd, const char *name);
} BnsKept;

typedef struct {
    pid_t pid;   /* 0: none */
    int life_fd; /* owned */
} BnsKeeper;

#define BNS_KEEPER_NONE                                                                \
    (BnsKeeper)                                                                        \
    {                                                                                  \
        .pid = 0, .life_fd = -1                                                        \
    }

/**
 * bns_keeper_start:
 * @title: as what it is seen in ps(1)
 *
 * Call it single-threaded. 0 or -errno.
 */
int
bns_keeper_start(BnsKeeper *keeper, const char *title, const BnsKept *kept, size_t n);

/* Ends it, at once if what it keeps is gone (@is_gone), and then waits for that; otherwise
 * it goes on by itself. */
void bns_keeper_end(BnsKeeper *keeper, bool is_gone);
