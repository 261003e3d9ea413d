/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acks: of the bare acknowledgements that libslirp makes for one connection in a row, the
 * last says all.
 *
 * libslirp answers each segment of an upload at once. The link loses nothing, so nobody
 * counts how often something is acknowledged: an acknowledgement waits until the turn's
 * end, or until a segment of the same connection goes, which carries a newer one.
 */
#pragma once

#include "base/loop.h"
#include "netstack/tap/frame.h"

#include <stddef.h>

typedef struct BnsAcks BnsAcks;

/* Where frames go. */
typedef void (*BnsAcksSend)(const uint8_t *bytes, size_t len, void *data);

BnsAcks *bns_acks_new(BnsLoop *loop, BnsAcksSend send, void *data);
/* What waits is forgotten. */
void bns_acks_free(BnsAcks *acks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsAcks, bns_acks_free)

/* A frame that libslirp made, which is @segment; %NULL: no TCP. It goes now, or, if it is a
 * bare acknowledgement, by the turn's end. Frames of one connection keep their order. */
void bns_acks_frame(BnsAcks *acks,
                    const uint8_t *bytes,
                    size_t len,
                    const BnsOwnSegment *segment);
/* All that waits goes: before a frame that libslirp did not make. */
void bns_acks_flush(BnsAcks *acks);
