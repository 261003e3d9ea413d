/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/http2_budget.h"

#include <glib.h>

static bool
take(BnsHttp2Account *account, int64_t now_us, double max, double per_second)
{
    double earned = (double)(now_us - account->as_of_us) / G_USEC_PER_SEC * per_second;

    account->left = MIN(max, account->left + earned);
    account->as_of_us = now_us;
    if (account->left < 1)
        return false;
    account->left -= 1;
    return true;
}

void
bns_http2_budget_init(BnsHttp2Budget *budget, int64_t now_us)
{
    budget->resets = (BnsHttp2Account){ BNS_HTTP2_RESETS_MAX, now_us };
    budget->idle = (BnsHttp2Account){ BNS_HTTP2_IDLE_FRAMES_MAX, now_us };
}

bool
bns_http2_budget_reset(BnsHttp2Budget *budget, int64_t now_us)
{
    return take(&budget->resets, now_us, BNS_HTTP2_RESETS_MAX,
                BNS_HTTP2_RESETS_PER_SECOND);
}

bool
bns_http2_budget_idle_frame(BnsHttp2Budget *budget, int64_t now_us)
{
    return take(&budget->idle, now_us, BNS_HTTP2_IDLE_FRAMES_MAX,
                BNS_HTTP2_IDLE_FRAMES_PER_SECOND);
}

void
bns_http2_budget_earn(BnsHttp2Budget *budget)
{
    budget->idle.left = MIN((double)BNS_HTTP2_IDLE_FRAMES_MAX,
                            budget->idle.left + BNS_HTTP2_IDLE_FRAMES_EARNED);
}
