/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rate: so many a second, and no more than a second's worth at once.
 *
 * Pure: the caller says what time it is. One number is kept: when all that was taken will
 * have been worth its time (the generic cell rate algorithm, ITU-T I.371).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t interval_ns; /* between two at the full rate; 0: no limit */
    int64_t paid_ns;     /* on the caller's clock */
} BnsRate;

/* @per_second: at most a thousand million; 0: no limit */
BnsRate bns_rate(uint32_t per_second);

/* Takes one at @now_us, which never goes back. Returns: whether there was one. */
bool bns_rate_take(BnsRate *rate, int64_t now_us);
