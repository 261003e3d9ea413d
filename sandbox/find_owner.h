/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Find: the process that holds one end of a connection, in this network and /proc.
 *
 * How it works: the kernel says by sock_diag(7) which socket has that pair of addresses;
 * then somebody has a descriptor for it. Those who had the last connections are looked at
 * first, beside the number of the last one; then everybody, the newest first, since a
 * curl has just been started. A search ends when its time is over: fifty processes with
 * forty descriptors each take some 10 ms.
 *
 * A socket that several processes hold belongs to the one that is found first. What is
 * read of a process is read through one directory of /proc: when it ends, and its number
 * is another's, nothing is found.
 *
 * Plain C, for processes that may look into the others' /proc/PID/fd (ptrace(2)).
 */
#pragma once

#include "base/owner.h"

#include <stdbool.h>
#include <sys/types.h>

/* Agents, their language servers and what they run: few speak at a time. */
#define BNS_FIND_SEEN_MAX 8

/* A process that had a connection. */
typedef struct {
    pid_t pid;   /* 0: none */
    int dir_fd;  /* owned: /proc/PID; -1: none */
    int fds_fd;  /* owned: /proc/PID/fd; -1: none */
    int last_fd; /* its descriptor of the last connection */
} BnsFindSeen;

typedef struct {
    int diag_fd; /* owned: netlink */
    int proc_fd; /* owned: /proc */
    uint32_t sequence;
    BnsFindSeen seen[BNS_FIND_SEEN_MAX]; /* the latest first */
} BnsFind;

/* Returns: false with errno set. */
bool bns_find_init(BnsFind *find);
void bns_find_clear(BnsFind *find);

/**
 * bns_find_owner:
 * @source_addr: of the command's end, network order
 * @deadline_us: on CLOCK_MONOTONIC
 * @out_answer: always valid; pid 0 if not found in time
 */
void bns_find_owner(BnsFind *find,
                    const BnsOwnerQuestion *question,
                    uint32_t source_addr,
                    int64_t deadline_us,
                    BnsOwnerAnswer *out_answer);
