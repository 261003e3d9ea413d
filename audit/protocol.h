/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a helper and the recorder: SEQPACKET messages of one or more records, each of
 * them a byte of BnsProtocol and the record's bytes. The recorder answers RECORD, and
 * nothing else: its message is one BnsProtocolAnswer for each of those that it has written
 * together, in the order in which they came.
 */
#pragma once

#include "audit/record.h"

typedef enum {
    BNS_PROTOCOL_RECORD = 'R',  /* answer when it is written */
    BNS_PROTOCOL_NOTE = 'N',    /* do not answer */
    BNS_PROTOCOL_WRITTEN = 'W', /* the answer */
} BnsProtocol;

/* Of two processes of one program: as it lies in memory. */
typedef struct {
    uint64_t seq; /* of the record, in its file */
    uint8_t type; /* WRITTEN */
} __attribute__((packed)) BnsProtocolAnswer;

#define BNS_PROTOCOL_MESSAGE_MAX (1 + BNS_RECORD_MAX)

/* In one message. */
#define BNS_PROTOCOL_ANSWERS_MAX 64
