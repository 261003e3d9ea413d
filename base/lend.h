/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lend: sockets of the sandbox's network, for the gateway.
 *
 * A socket belongs for ever to the network that it was made in. Init makes one inside
 * and passes it over a SEQPACKET pair of their own; the gateway, which cannot enter that
 * network, connects it. No byte of a connection passes through init, and init waits for
 * nobody.
 *
 * A question is one byte of BnsLendFamily. The answer is the same byte, with the socket
 * unless none could be made. Answers come in the order of the questions.
 */
#pragma once

#include <stdbool.h>

typedef enum {
    BNS_LEND_IPV4 = '4',
    BNS_LEND_IPV6 = '6',
} BnsLendFamily;

/* Questions that may be unanswered: they, and their answers, fit into the buffer of any
 * socket, so that neither side finds it full. */
#define BNS_LEND_AHEAD_MAX 32

/* The gateway's side. 0 or -errno. */
int bns_lend_ask(int sock, BnsLendFamily family);

/**
 * bns_lend_receive:
 * @out_fd: (transfer full): a TCP socket, not connected, non-blocking; -1: none could be
 *          made
 *
 * The gateway's side. Returns: 1, 0 at the end, or -errno.
 */
int bns_lend_receive(int sock, int *out_fd);

/**
 * bns_lend_answer:
 * @sock: init's, non-blocking
 *
 * Init's side: reads one question, and answers it. Plain C. Returns: false once nobody
 * asks any more, or if what was asked is no question.
 */
bool bns_lend_answer(int sock);
