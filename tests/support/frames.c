/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/frames.h"

#include <string.h>

#define FINAL_BIT 0x80
#define MASK_BIT  0x80

bool
bns_frame_read(const uint8_t *bytes, size_t len, BnsFrame *out_frame)
{
    size_t n_length;

    if (len < 2)
        return false;
    *out_frame = (BnsFrame){ .is_final = (bytes[0] & FINAL_BIT) != 0,
                             .is_masked = (bytes[1] & MASK_BIT) != 0,
                             .opcode = bytes[0] & 0x0f,
                             .len = bytes[1] & 0x7f };
    n_length = out_frame->len == 127 ? 8 : out_frame->len == 126 ? 2 : 0;
    out_frame->head_len = 2 + n_length + (out_frame->is_masked ? 4 : 0);
    if (len < out_frame->head_len)
        return false;
    if (n_length > 0)
        out_frame->len = 0;
    for (size_t i = 0; i < n_length; i++)
        out_frame->len = out_frame->len << 8 | bytes[2 + i];
    if (out_frame->is_masked)
        memcpy(out_frame->mask, bytes + 2 + n_length, 4);
    return true;
}

void
bns_frame_mask(uint8_t *payload, size_t len, const uint8_t mask[4])
{
    for (size_t i = 0; i < len; i++)
        payload[i] ^= mask[i % 4];
}

void
bns_frame_write(GByteArray *out,
                uint8_t opcode,
                bool is_final,
                const uint8_t *mask,
                const void *payload,
                size_t len)
{
    size_t n_length = len > UINT16_MAX ? 8 : len > 125 ? 2 : 0;
    uint8_t head[BNS_FRAME_HEAD_MAX];
    size_t n = 2;

    head[0] = (uint8_t)((is_final ? FINAL_BIT : 0) | opcode);
    head[1] = (uint8_t)((mask != NULL ? MASK_BIT : 0) | (n_length == 8   ? 127
                                                         : n_length == 2 ? 126
                                                                         : (int)len));
    for (size_t i = n_length; i > 0; i--)
        head[n++] = (uint8_t)((uint64_t)len >> (8 * (i - 1)));
    if (mask != NULL)
        memcpy(head + n, mask, 4);
    n += mask != NULL ? 4 : 0;
    g_byte_array_append(out, head, (guint)n);
    g_byte_array_append(out, payload, (guint)len);
    if (mask != NULL)
        bns_frame_mask(out->data + out->len - len, len, mask);
}
