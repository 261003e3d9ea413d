/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Big-endian fields at any alignment, and the internet checksum (RFC 1071).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline uint16_t
bns_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t
bns_get32(const uint8_t *at)
{
    return (uint32_t)bns_get16(at) << 16 | bns_get16(at + 2);
}

static inline void
bns_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void
bns_put32(uint8_t *at, uint32_t value)
{
    bns_put16(at, (uint16_t)(value >> 16));
    bns_put16(at + 2, (uint16_t)value);
}

/* Adds @len bytes to a running sum; an odd last byte is padded with zero, so only the
 * last part may be odd. */
static inline uint32_t
bns_sum_add(uint32_t sum, const uint8_t *bytes, size_t len)
{
    for (; len > 1; bytes += 2, len -= 2)
        sum += bns_get16(bytes);
    if (len > 0)
        sum += (uint32_t)bytes[0] << 8;
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* The field's value for a sum over everything else; 0 over a packet whose field is
 * right. */
static inline uint16_t
bns_sum_finish(uint32_t sum)
{
    return (uint16_t)~bns_sum_add(sum, NULL, 0);
}

/* RFC 1982 order of TCP sequence numbers. */
static inline int
bns_seq_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}
