/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

int64_t
bns_clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}
