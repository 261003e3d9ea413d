/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket frames (RFC 6455 5.2), as bytes: for the tests' client and origin. The
 * gateway itself knows none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BNS_FRAME_CONTINUATION = 0x0,
    BNS_FRAME_TEXT = 0x1,
    BNS_FRAME_BINARY = 0x2,
    BNS_FRAME_CLOSE = 0x8,
    BNS_FRAME_PING = 0x9,
    BNS_FRAME_PONG = 0xa,
};

/* The longest head: two bytes, eight of length, four of mask. */
#define BNS_FRAME_HEAD_MAX 14

typedef struct {
    bool is_final;
    bool is_masked;
    uint8_t opcode;
    uint8_t mask[4];
    size_t head_len; /* bytes before the payload */
    uint64_t len;    /* of the payload */
} BnsFrame;

/* Reads the head at @bytes. Returns: whether it is whole. */
bool bns_frame_read(const uint8_t *bytes, size_t len, BnsFrame *out_frame);
/* Appends a frame. @mask: (nullable): a client's four bytes; a server's frame without */
void bns_frame_write(GByteArray *out,
                     uint8_t opcode,
                     bool is_final,
                     const uint8_t *mask,
                     const void *payload,
                     size_t len);
/* Masks, or unmasks. */
void bns_frame_mask(uint8_t *payload, size_t len, const uint8_t mask[4]);
