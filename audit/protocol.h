/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a helper and the recorder: one SEQPACKET message per record, which is a byte
 * of BnsProtocol and the record's bytes. The recorder answers RECORD, and nothing else,
 * with the one byte WRITTEN.
 */
#pragma once

#include "audit/record.h"

typedef enum {
    BNS_PROTOCOL_RECORD = 'R',  /* answer when it is written */
    BNS_PROTOCOL_NOTE = 'N',    /* do not answer */
    BNS_PROTOCOL_WRITTEN = 'W', /* the answer */
} BnsProtocol;

#define BNS_PROTOCOL_MESSAGE_MAX (1 + BNS_RECORD_MAX)
