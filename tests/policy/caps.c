/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `max_request_bytes:` and `max_session_bytes:`: which of several counts.
 */
#include "policy/size.h"
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#define NONE UINT64_MAX

typedef struct {
    const char *name;
    const char *rules;
    uint64_t request;
    uint64_t session;
} Case;

static const Case cases[] = {
    { "none", "allow: [x.org]", NONE, NONE },
    { "of-a-request", "allow: [{ domain: x.org, max_request_bytes: 10 }]", 10, NONE },
    { "of-a-session", "allow: [{ domain: x.org, max_session_bytes: 10 }]", NONE, 10 },
    { "nothing-at-all", "allow: [{ domain: x.org, max_request_bytes: 0 }]", 0, NONE },
    { "units",
      "allow: [{ domain: x.org, max_request_bytes: 64K, max_session_bytes: 1T }]",
      64 * 1024, UINT64_C(1) << 40 },
    { "the-wider-of-two",
      "allow:\n"
      "  - { domain: x.org, max_request_bytes: 10, max_session_bytes: 500 }\n"
      "  - { domain: x.org, max_request_bytes: 20, max_session_bytes: 400 }",
      20, 500 },
    { "none-is-the-widest",
      "allow: [{ domain: x.org, max_request_bytes: 10 }, { domain: .x.org, methods: "
      "[GET] "
      "}]",
      NONE, NONE },
    { "none-is-the-widest-before-it",
      "allow: [x.org, { domain: x.org, max_request_bytes: 10 }]", NONE, NONE },
    { "of-another-host-does-not-count",
      "allow: [{ domain: x.org, max_request_bytes: 10 }, y.org, 'POST x.org', x.org/b]",
      10, NONE },
    { "behind-one-that-lifts-the-guard",
      "allow: [{ domain: x.org, private: true, max_request_bytes: 10 }, x.org]", NONE,
      NONE },
    { "before-one-that-lifts-the-guard",
      "allow: [{ domain: x.org, max_request_bytes: 20 }, { domain: '*', private: true, "
      "max_request_bytes: 10 }]",
      20, NONE },
};

static uint64_t
cap_of(const BnsDecision *decision, BnsCapKind kind)
{
    const BnsCap *cap = &decision->caps[kind];

    if (!cap->is_set)
        return NONE;
    g_assert_nonnull(cap->rule);
    g_assert_nonnull(strstr(cap->reason, bns_cap_key(kind)));
    return cap->bytes;
}

static const BnsRequest request = { .scheme = BNS_SCHEME_HTTPS,
                                    .host = "x.org",
                                    .port = 443,
                                    .method = "GET",
                                    .path = "/a" };

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(BnsPolicy) policy = policy_from(c->rules);
    BnsDecision decision = bns_policy_decide(policy, &request);

    g_assert_cmpint(decision.verdict, ==, BNS_VERDICT_ALLOW);
    g_assert_cmpuint(cap_of(&decision, BNS_CAP_REQUEST), ==, c->request);
    g_assert_cmpuint(cap_of(&decision, BNS_CAP_SESSION), ==, c->session);
}

/* Of the layers the narrower counts, whichever it is, and its rule is named. */
static void
test_layers(void)
{
    static const struct {
        const char *above;
        const char *below;
        uint64_t expected;
        const char *rule;
    } rows[] = {
        { "max_request_bytes: 10", "max_request_bytes: 20", 10, "/s.yaml:1" },
        { "max_request_bytes: 20", "max_request_bytes: 10", 10, "/p.yaml:1" },
        { "max_request_bytes: 20", "private: false", 20, "/s.yaml:1" },
        { "private: false", "max_request_bytes: 20", 20, "/p.yaml:1" },
        { "private: false", "private: false", NONE, NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *above =
            g_strdup_printf("allow: [{ domain: x.org, %s }]", rows[i].above);
        g_autofree char *below =
            g_strdup_printf("allow: [{ domain: x.org, %s }]", rows[i].below);
        g_autoptr(GError) error = NULL;
        g_autoptr(BnsPolicy) policy = policy_below(above, below, &error);
        BnsDecision decision;

        g_assert_no_error(error);
        decision = bns_policy_decide(policy, &request);
        g_assert_cmpuint(cap_of(&decision, BNS_CAP_REQUEST), ==, rows[i].expected);
        if (rows[i].rule != NULL)
            g_assert_cmpstr(decision.caps[BNS_CAP_REQUEST].rule, ==, rows[i].rule);
    }
}

/* Opaque and sealed flows may have one for the session. */
static void
test_flows(void)
{
    g_autoptr(BnsPolicy) policy = policy_from(
        "allow:\n"
        "  - { domain: x.org, port: 22, protocol: tcp, max_session_bytes: 5 }\n"
        "  - { domain: x.org, inspect: false, max_session_bytes: 6 }");
    BnsDecision tcp = bns_policy_decide_tcp(policy, "x.org", 22);
    BnsDecision tls = bns_policy_could_allow(policy, BNS_SCHEME_TLS, "x.org", 443);

    g_assert_cmpint(tcp.verdict, ==, BNS_VERDICT_ALLOW);
    g_assert_cmpuint(cap_of(&tcp, BNS_CAP_SESSION), ==, 5);
    g_assert_cmpint(tls.verdict, ==, BNS_VERDICT_ALLOW);
    g_assert_cmpuint(cap_of(&tls, BNS_CAP_SESSION), ==, 6);
}

/* A network whose requests are capped opens the guard for nobody else. */
static void
test_guard(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow: [{ cidr: 10.0.0.0/8, max_request_bytes: 10 }, x.org]");
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(0x0a000001) };
    BnsDecision decision = bns_policy_decide(policy, &request);

    g_assert_cmpint(decision.verdict, ==, BNS_VERDICT_ALLOW);
    decision = bns_policy_decide_address(policy, &decision, BNS_SCHEME_HTTPS,
                                         (const struct sockaddr *)&address, 443, false);
    g_assert_cmpint(decision.verdict, ==, BNS_VERDICT_DENY);
}

static void
test_sizes(void)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        { 0, "0" },
        { 1, "1" },
        { 1023, "1023" },
        { 1024, "1K" },
        { 1536, "1536" },
        { 10 * 1024 * 1024, "10M" },
        { BNS_SIZE_MAX, "1T" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = bns_size_to_string(rows[i].bytes);
        uint64_t again;

        g_assert_cmpstr(text, ==, rows[i].text);
        g_assert_true(bns_size_parse(text, &again));
        g_assert_cmpuint(again, ==, rows[i].bytes);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strconcat("/policy/caps/", cases[i].name, NULL);

        bns_test_add_data(name, &cases[i], test_case);
    }
    bns_test_add("/policy/caps/of-two-layers-the-narrower", test_layers);
    bns_test_add("/policy/caps/of-other-flows", test_flows);
    bns_test_add("/policy/caps/do-not-open-the-guard-for-others", test_guard);
    bns_test_add("/policy/caps/sizes-are-written-as-they-are-read", test_sizes);
    return g_test_run();
}
