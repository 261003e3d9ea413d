/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timings: how long each step towards a connection upstream took, for the audit.
 *
 * Whoever does a step fills its field; the connection carries the value until the first
 * message that used it has been recorded. 0 is "there was no such step": nothing was
 * asked, no TLS was made, or the connection was there already.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct {
    uint64_t dns_us;     /* the resolver's answer; 0 also if it was still known */
    uint64_t connect_us; /* TCP, and the tunnel of an upstream proxy */
    uint64_t tls_us;     /* the handshake with the origin, its verification included */
} BnsTimings;

/* From @began_us to @now_us, both of the same clock; a step that was made took at least
 * one microsecond. */
static inline uint64_t
bns_timings_between(int64_t began_us, int64_t now_us)
{
    return (uint64_t)MAX(1, now_us - began_us);
}
