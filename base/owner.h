/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owner: which process inside a connection belongs to.
 *
 * The gateway asks, over a SEQPACKET pair of its own, with what it knows of a flow; the
 * finder (sandbox/finder.h), which is inside, answers with what the kernel and the
 * process say. Nothing of an answer is trusted: exe and argv are the command's words.
 *
 * There is one answer to each question, unless the finder ended in between.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes; what is longer is cut, and ends in "...". PATH_MAX is no more. */
#define BNS_OWNER_EXE_MAX  4096
#define BNS_OWNER_ARGV_MAX 4096

/* A question's search may take so long, and a flow waits for its answer no longer. */
#define BNS_OWNER_BUDGET_US 2000

typedef struct {
    uint64_t flow;
    int64_t asked_us;    /* on CLOCK_MONOTONIC */
    uint32_t addr;       /* that the command connects to, network order */
    uint16_t port;       /* host order, as the next */
    uint16_t guest_port; /* that it connects from */
} BnsOwnerQuestion;

typedef struct {
    uint64_t flow;
    uint32_t pid;      /* inside; 0: not found */
    uint16_t exe_len;  /* with its NUL; 0: not known */
    uint16_t argv_len; /* with a NUL after each word; 0: not known */
    char text[BNS_OWNER_EXE_MAX + BNS_OWNER_ARGV_MAX]; /* exe, then argv */
} BnsOwnerAnswer;

/* Plain C. 0 or -errno. */
int bns_owner_ask(int sock, const BnsOwnerQuestion *question);
int bns_owner_answer(int sock, const BnsOwnerAnswer *answer);

/* Plain C. Returns: 1, 0 at the end, or -errno; -EBADMSG for a message that is none. */
int bns_owner_receive_question(int sock, BnsOwnerQuestion *out_question);
int bns_owner_receive_answer(int sock, BnsOwnerAnswer *out_answer);
