/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeper: a process that outlives the supervisor by the removal of its cgroups. It holds
 * nothing but them and the end of a pipe, reads nothing, and no signal but SIGKILL ends
 * it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Borrowed. */
typedef struct {
    int parent_fd;
    int limits_fd; /* its lock */
    const char *name;
} BnsCgroupKept;

typedef struct {
    pid_t pid;   /* 0: none */
    int life_fd; /* owned */
} BnsCgroupKeeper;

#define BNS_CGROUP_KEEPER_NONE                                                         \
    (BnsCgroupKeeper)                                                                  \
    {                                                                                  \
        .pid = 0, .life_fd = -1                                                        \
    }

/* Call it single-threaded. 0 or -errno. */
int
bns_cgroup_keeper_start(BnsCgroupKeeper *keeper, const BnsCgroupKept *kept, size_t n);

/* Ends it, at once if its cgroups are gone (@is_empty), and then waits for that; otherwise
 * it goes on by itself. */
void bns_cgroup_keeper_end(BnsCgroupKeeper *keeper, bool is_empty);
