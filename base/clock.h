/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clock: for processes that are plain C; others have g_get_monotonic_time().
 */
#pragma once

#include <stdint.h>
#include <time.h>

/* @clock: as of clock_gettime(2). */
int64_t bns_clock_us(clockid_t clock);
