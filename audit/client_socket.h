/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ways to send a record share (client.c, post.c): the socket to the recorder.
 *
 * Plain C.
 */
#pragma once

#include "audit/protocol.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* When what is asked now is too late, on g_get_monotonic_time(). */
int64_t bns_client_deadline_us(void);

/* Returns: whether @fd became ready for @events (or an error is there to be read) before
 * @deadline_us. */
bool bns_client_wait(int fd, short events, int64_t deadline_us);

/* Returns: the length of @record as a part of a message. */
size_t bns_client_write(BnsProtocol type,
                        const BnsRecord *record,
                        uint8_t out_part[BNS_PROTOCOL_MESSAGE_MAX]);

/* Sends one message, and waits while the socket is full. Returns: whether it is sent. */
bool bns_client_send(int fd, const uint8_t *message, size_t len, int64_t deadline_us);

/* Takes one message of answers that is there. Returns: how many answers it has, 0 if none
 * is there, or -1: the recorder is gone or said what it may not say. */
ssize_t
bns_client_receive(int fd, BnsProtocolAnswer out_answers[BNS_PROTOCOL_ANSWERS_MAX]);
