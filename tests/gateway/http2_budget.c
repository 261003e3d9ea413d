/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/http2_budget.h"
#include "tests/support/test.h"

static void
test_resets(void)
{
    BnsHttp2Budget budget;
    int64_t now_us = 5 * G_USEC_PER_SEC;

    bns_http2_budget_init(&budget, now_us);
    for (int i = 0; i < BNS_HTTP2_RESETS_MAX; i++)
        g_assert_true(bns_http2_budget_reset(&budget, now_us));
    g_assert_false(bns_http2_budget_reset(&budget, now_us));
    /* Content earns none of them, time does. */
    bns_http2_budget_earn(&budget);
    g_assert_false(bns_http2_budget_reset(&budget, now_us));
    now_us += G_USEC_PER_SEC;
    for (int i = 0; i < BNS_HTTP2_RESETS_PER_SECOND; i++)
        g_assert_true(bns_http2_budget_reset(&budget, now_us));
    g_assert_false(bns_http2_budget_reset(&budget, now_us));
}

static void
test_idle_frames(void)
{
    BnsHttp2Budget budget;

    bns_http2_budget_init(&budget, 0);
    /* Never more than the account holds. */
    bns_http2_budget_earn(&budget);
    for (int i = 0; i < BNS_HTTP2_IDLE_FRAMES_MAX; i++)
        g_assert_true(bns_http2_budget_idle_frame(&budget, 0));
    g_assert_false(bns_http2_budget_idle_frame(&budget, 0));
    bns_http2_budget_earn(&budget);
    for (int i = 0; i < BNS_HTTP2_IDLE_FRAMES_EARNED; i++)
        g_assert_true(bns_http2_budget_idle_frame(&budget, 0));
    g_assert_false(bns_http2_budget_idle_frame(&budget, 0));
}

static void
test_long_silence(void)
{
    BnsHttp2Budget budget;
    int64_t now_us = G_USEC_PER_SEC * INT64_C(1000000);

    bns_http2_budget_init(&budget, 0);
    for (int i = 0; i < BNS_HTTP2_RESETS_MAX; i++)
        g_assert_true(bns_http2_budget_reset(&budget, now_us));
    g_assert_false(bns_http2_budget_reset(&budget, now_us));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 10);
    bns_test_add("/gateway/http2-budget/resets-come-back-with-time", test_resets);
    bns_test_add("/gateway/http2-budget/content-pays-for-idle-frames",
                 test_idle_frames);
    bns_test_add("/gateway/http2-budget/silence-saves-no-more-than-all",
                 test_long_silence);
    return g_test_run();
}
