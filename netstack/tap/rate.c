/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/rate.h"

#define SECOND_NS INT64_C(1000000000)

BnsRate
bns_rate(uint32_t per_second)
{
    return (BnsRate){ .interval_ns = per_second == 0 ? 0 : SECOND_NS / per_second };
}

bool
bns_rate_take(BnsRate *rate, int64_t now_us)
{
    int64_t now_ns = now_us * 1000;
    int64_t begin_ns = rate->paid_ns > now_ns ? rate->paid_ns : now_ns;

    if (rate->interval_ns == 0)
        return true;
    if (begin_ns + rate->interval_ns - now_ns > SECOND_NS)
        return false;
    rate->paid_ns = begin_ns + rate->interval_ns;
    return true;
}
