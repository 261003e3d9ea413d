/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_private.h"
#include "tests/fuzz/fuzz.h"

static void
ask(const BnsPolicy *policy)
{
    static const BnsRequest requests[] = {
        { BNS_SCHEME_HTTPS, "github.com", 443, "GET", "/api/issues/1" },
        { BNS_SCHEME_HTTP, "a.b.x.org", 8080, "POST", "/a/..%2f//b;c/" },
        { BNS_SCHEME_HTTP, "10.20.0.1", 80, "GET", "/" },
        { BNS_SCHEME_TLS, "github.com", 443, NULL, NULL },
        { BNS_SCHEME_TCP, "::1", 22, NULL, NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        BnsDecision decision = bns_policy_decide(policy, &requests[i]);
        g_autofree char *prose = bns_policy_explain(policy, &requests[i]);

        g_assert_true(decision.rule != NULL || decision.verdict == BNS_VERDICT_DENY);
        g_assert_nonnull(decision.reason);
        g_assert_true(g_str_is_ascii(prose));
        bns_policy_flow_kind(policy, requests[i].host, requests[i].port, NULL);
    }
}

/* Above itself it decides as alone, or forbids some of its rules. */
static void
ask_above_itself(const BnsPolicy *alone, const uint8_t *data, size_t size)
{
    static const BnsRequest request = { BNS_SCHEME_HTTPS, "github.com", 443, "GET",
                                        "/api/issues/1" };
    g_autoptr(BnsPolicy) policy =
        bns_policy_parse("/p.yaml", (const char *)data, size, NULL);

    if (!bns_policy_set_ceiling(
            policy, bns_policy_parse("/p.yaml", (const char *)data, size, NULL), NULL))
        return;
    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==,
                    bns_policy_decide(alone, &request).verdict);
    ask(policy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy =
        bns_policy_parse("/p.yaml", (const char *)data, size, &error);
    g_autofree char *text = NULL;

    g_assert_true((policy == NULL) == (error != NULL));
    if (policy == NULL) {
        g_assert_true(g_str_has_prefix(error->message, "/p.yaml:"));
        return 0;
    }
    ask_above_itself(policy, data, size);
    text = bns_policy_describe(policy);
    g_assert_true(g_str_is_ascii(text));
    ask(policy);
    return 0;
}
