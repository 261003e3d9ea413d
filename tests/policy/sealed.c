/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed rules (inspect: false): what they allow, what refuses them, and what they make
 * of a flow.
 */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#include <arpa/inet.h>

#define SEALED(host) "allow:\n  - { domain: \"" host "\", inspect: false }\n"
/* With a rule for requests that names no port. */
#define SEALED_BESIDE SEALED("x.org") "  - domain=x.org\n"

typedef struct {
    const char *name;
    const char *yaml;
    const char *question;
    bool is_sealed; /* TLS to the host and port is */
    BnsVerdict verdict;
} Case;

#define YES BNS_VERDICT_ALLOW
#define NO  BNS_VERDICT_DENY

static const Case cases[] = {
    { "the-name", SEALED("x.org"), "tls://x.org:443", true, YES },
    { "another-name", SEALED("x.org"), "tls://y.org:443", false, NO },
    { "below-the-name", SEALED("x.org"), "tls://a.x.org:443", false, NO },
    { "below", SEALED("*.x.org"), "tls://a.x.org:443", true, YES },
    { "another-port", SEALED("x.org"), "tls://x.org:8443", false, NO },
    { "a-named-port", "allow: [{ domain: x.org, port: 8443, inspect: false }]",
      "tls://x.org:8443", true, YES },
    { "a-named-port-is-the-only-one",
      "allow: [{ domain: x.org, port: 8443, inspect: false }]", "tls://x.org:443",
      false, NO },
    { "an-address", SEALED("10.0.0.1"), "tls://10.0.0.1:443", true, YES },
    { "a-network", "allow: [{ cidr: 10.0.0.0/8, inspect: false }]",
      "tls://10.1.2.3:443", true, YES },
    { "localhost", SEALED("*"), "tls://localhost:443", true, NO },
    { "our-own-names", SEALED("*"), "tls://a.boundary.internal:443", true, NO },

    { "no-requests", SEALED("x.org"), "GET https://x.org:443/", true, NO },
    { "no-plain-requests", SEALED("x.org"), "GET http://x.org:443/", true, NO },
    { "no-opaque-bytes", SEALED("x.org"), "tcp://x.org:443", true, NO },
    { "no-tls-by-a-rule-for-requests", "allow: [x.org]", "tls://x.org:443", false, NO },
    { "no-tls-by-an-opaque-rule", "allow: ['tcp://x.org:443']", "tls://x.org:443",
      false, NO },
    { "the-kind-before-a-rule-without-port", SEALED_BESIDE, "tls://x.org:443", true,
      YES },
    { "a-rule-without-port-elsewhere", SEALED_BESIDE, "GET https://x.org:8443/", false,
      YES },

    { "a-deny", SEALED("x.org") "deny: [x.org]", "tls://x.org:443", true, NO },
    { "a-deny-with-a-path", SEALED("x.org") "deny: [x.org/a]", "tls://x.org:443", true,
      NO },
    { "a-deny-with-methods", SEALED("x.org") "deny: [POST x.org]", "tls://x.org:443",
      true, NO },
    { "a-deny-of-https", SEALED("x.org") "deny: ['https://x.org']", "tls://x.org:443",
      true, NO },
    { "a-deny-of-http-is-not-about-tls", SEALED("x.org") "deny: ['http://x.org']",
      "tls://x.org:443", true, YES },
    { "a-deny-of-opaque-bytes", SEALED("x.org") "deny: ['tcp://x.org:443']",
      "tls://x.org:443", true, NO },
    { "a-deny-for-another-port", SEALED("x.org") "deny: ['x.org:8443']",
      "tls://x.org:443", true, YES },
    { "a-deny-for-another-host", SEALED("*.x.org") "deny: [a.x.org]",
      "tls://b.x.org:443", true, YES },

    { "methods-allow-nothing",
      "allow: [{ domain: x.org, inspect: false, methods: GET }]", "tls://x.org:443",
      true, NO },
    { "a-path-allows-nothing", "allow: [{ domain: x.org, inspect: false, path: /** }]",
      "tls://x.org:443", true, NO },
    { "nor-do-they-take-from-another",
      "allow: [{ domain: x.org, inspect: false, path: /a }, { domain: x.org, inspect: "
      "false }]",
      "tls://x.org:443", true, YES },
};

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(BnsPolicy) policy = policy_from(c->yaml);
    g_auto(Question) q = question_from(c->question);
    const BnsRequest *request = &q.request;
    BnsDecision decision = bns_policy_decide(policy, request);

    g_assert_cmpint(bns_policy_is_sealed(policy, request->host, request->port), ==,
                    c->is_sealed);
    g_assert_cmpint(decision.verdict, ==, c->verdict);
    g_assert_true(decision.rule != NULL || decision.verdict == NO);
    g_assert_nonnull(decision.reason);
}

/* --- flows --- */

/* A sealed flow is accepted to be read: only its ClientHello tells what it is. */
static void
test_flow_kind(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow: [{ domain: x.org, ports: [443, 9443], inspect: false }]");

    g_assert_cmpint(bns_policy_flow_kind(policy, "x.org", 443, NULL), ==,
                    BNS_FLOW_READ);
    g_assert_cmpint(bns_policy_flow_kind(policy, "x.org", 9443, NULL), ==,
                    BNS_FLOW_READ);
    g_assert_cmpint(bns_policy_flow_kind(policy, "x.org", 9444, NULL), ==,
                    BNS_FLOW_REFUSE);
}

/* --- the address guard --- */

static BnsVerdict
dial(const BnsPolicy *policy, const char *host, const char *text)
{
    BnsDecision decision = bns_policy_could_allow(policy, BNS_SCHEME_TLS, host, 443);
    struct sockaddr_in address = { .sin_family = AF_INET };

    g_assert_cmpint(decision.verdict, ==, YES);
    g_assert_cmpint(inet_pton(AF_INET, text, &address.sin_addr), ==, 1);
    return bns_policy_decide_address(policy, &decision, BNS_SCHEME_TLS,
                                     (struct sockaddr *)&address, 443, false)
        .verdict;
}

static void
test_guard(void)
{
    g_autoptr(BnsPolicy) plain = policy_from(SEALED("x.org"));
    g_autoptr(BnsPolicy) lifted =
        policy_from("allow: [{ domain: x.org, inspect: false, private: true }]");
    g_autoptr(BnsPolicy) by_network =
        policy_from(SEALED("x.org") "  - { cidr: 10.0.0.0/8, inspect: false }\n");
    g_autoptr(BnsPolicy) by_another_kind =
        policy_from(SEALED("x.org") "  - { cidr: 10.0.0.0/8 }\n");
    g_autoptr(BnsPolicy) denied =
        policy_from(SEALED("x.org") "deny:\n  - { cidr: 9.0.0.0/8, methods: PUT }\n");

    g_assert_cmpint(dial(plain, "x.org", "9.9.9.9"), ==, YES);
    g_assert_cmpint(dial(plain, "x.org", "10.0.0.1"), ==, NO);
    g_assert_cmpint(dial(plain, "x.org", "127.0.0.1"), ==, NO);
    g_assert_cmpint(dial(lifted, "x.org", "10.0.0.1"), ==, YES);
    g_assert_cmpint(dial(by_network, "x.org", "10.0.0.1"), ==, YES);
    g_assert_cmpint(dial(by_another_kind, "x.org", "10.0.0.1"), ==, NO);
    g_assert_cmpint(dial(denied, "x.org", "9.9.9.9"), ==, NO);
}

/* --- words --- */

static void
test_notice(void)
{
    static const char yaml[] = "allow:\n"
                               "  - { domain: a.org, inspect: false }\n"
                               "  - { domain: b.org, inspect: false, path: /a }\n"
                               "  - { domain: c.org, inspect: true, path: /a }\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsConfig) config =
        bns_config_parse("/p.yaml", yaml, strlen(yaml), &error);

    g_assert_no_error(error);
    g_assert_cmpuint(config->notices->len, ==, 1);
    g_assert_cmpstr(config->notices->pdata[0], ==,
                    "/p.yaml:3: a rule with inspect: false and methods or path allows "
                    "nothing: they cannot be seen in a flow that is not inspected");
}

static void
assert_explained(const char *yaml, const char *question, const char *expected)
{
    g_autoptr(BnsPolicy) policy = policy_from(yaml);
    g_auto(Question) q = question_from(question);
    g_autofree char *prose = bns_policy_explain(policy, &q.request);

    g_assert_cmpstr(prose, ==, expected);
}

#define ASKED                                                                          \
    "Asked: TLS to x.org, port 443, which is sealed (inspect: false): its name is "    \
    "checked, and nothing inside\n"

static void
test_explained(void)
{
    assert_explained(SEALED("x.org"), "tls://x.org:443",
                     ASKED "Allowed by /p.yaml:2 ({ domain: x.org, inspect: false "
                           "})\n");
    assert_explained("allow: [{ domain: x.org, inspect: false, path: /a }]",
                     "tls://x.org:443",
                     ASKED "Denied: the rule has methods or a path, which cannot be "
                           "seen in a flow that is not inspected.\n"
                           "Rules that come near:\n"
                           "  /p.yaml:1 ({ domain: x.org, path: \"/a\", inspect: "
                           "false }): it has methods or a path, which a sealed flow "
                           "hides\n");
    assert_explained(SEALED("x.org"), "tcp://x.org:443",
                     "Asked: an opaque flow to x.org, port 443\n"
                     "A rule with inspect: false names this host and port: only TLS "
                     "with that name passes.\n"
                     "Denied: no tcp rule allows this host and port.\n"
                     "Rules that come near:\n"
                     "  /p.yaml:2 ({ domain: x.org, inspect: false }): it is not "
                     "for tcp\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/sealed/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/policy/sealed/its-flow-is-read-first", test_flow_kind);
    bns_test_add("/policy/sealed/the-guard-holds", test_guard);
    bns_test_add("/policy/sealed/methods-and-paths-are-noticed", test_notice);
    bns_test_add("/policy/sealed/is-explained", test_explained);
    return g_test_run();
}
