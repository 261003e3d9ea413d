/* SPDX-License-Identifier: Apache-2.0 */
/* Which client certificate a decision has. */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#define ME    "client_cert: me.pem"
#define OTHER "client_cert: other.pem, client_key: other.key"

typedef struct {
    const char *name;
    const char *yaml;
    const char *question;
    const char *cert_file; /* NULL: none */
} Case;

static const Case cases[] = {
    { "the-rule's", "allow: [{ domain: x.org, " ME " }]", "GET https://x.org:443/",
      "/me.pem" },
    { "none", "allow: [x.org]", "GET https://x.org:443/", NULL },
    { "none-if-denied", "allow: [{ domain: x.org, " ME " }]\ndeny: [x.org]",
      "GET https://x.org:443/", NULL },
    { "by-path", "allow: [{ domain: x.org, path: /a, " ME " }, x.org/b]",
      "GET https://x.org:443/a", "/me.pem" },
    { "not-by-another-path", "allow: [{ domain: x.org, path: /a, " ME " }, x.org/b]",
      "GET https://x.org:443/b", NULL },
    { "an-earlier-rule-takes-nothing", "allow: ['*', { domain: x.org, " ME " }]",
      "GET https://x.org:443/", "/me.pem" },
    { "the-first-of-two",
      "allow: [{ domain: x.org, " OTHER " }, { domain: x.org, " ME " }]",
      "GET https://x.org:443/", "/other.pem" },
    { "the-guard-comes-first",
      "allow: [{ domain: x.org, " ME " }, { domain: x.org, private: true }]",
      "GET https://x.org:443/", NULL },
    { "both-come-before-either",
      "allow: [{ domain: x.org, private: true }, { domain: x.org, private: true, " ME
      " }]",
      "GET https://x.org:443/", "/me.pem" },
};

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(BnsPolicy) policy = policy_from(c->yaml);
    g_auto(Question) q = question_from(c->question);
    BnsDecision decision = bns_policy_decide(policy, &q.request);

    g_assert_cmpstr(decision.identity != NULL ? decision.identity->cert_file : NULL, ==,
                    c->cert_file);
}

typedef struct {
    const char *name;
    const char *yaml;
    const char *cert_file; /* NULL: none */
} AheadCase;

/* What is dialled for at a ClientHello, before there is a request. */
static const AheadCase ahead_cases[] = {
    { "all-requests-show-it", "allow: [x.org/a, { domain: x.org, " ME " }]",
      "/me.pem" },
    { "only-some-requests-do", "allow: [x.org/a, { domain: x.org, path: /b, " ME " }]",
      NULL },
    { "only-some-methods-do",
      "allow: [{ domain: x.org, methods: PUT, " ME " }, x.org/a]", NULL },
    { "no-other-request-is-allowed", "allow: [{ domain: x.org, path: /b, " ME " }]",
      "/me.pem" },
};

static void
test_ahead(gconstpointer data)
{
    const AheadCase *c = data;
    g_autoptr(BnsPolicy) policy = policy_from(c->yaml);
    BnsDecision decision =
        bns_policy_could_allow(policy, BNS_SCHEME_HTTPS, "x.org", 443);

    g_assert_cmpint(decision.verdict, ==, BNS_VERDICT_ALLOW);
    g_assert_cmpstr(decision.identity != NULL ? decision.identity->cert_file : NULL, ==,
                    c->cert_file);
}

static void
test_list(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow:\n"
                    "  - { domain: a.org, " ME " }\n"
                    "  - { domain: b.org, " OTHER " }\n"
                    "  - { domain: c.org, client_cert: ./me.pem }\n"
                    "  - { domain: d.org, client_cert: me.pem, client_key: x.key }\n");
    const GPtrArray *identities = bns_policy_identities(policy);
    const BnsIdentity *other;

    g_assert_cmpuint(identities->len, ==, 3);
    other = g_ptr_array_index(identities, 1);
    g_assert_cmpstr(other->cert_file, ==, "/other.pem");
    g_assert_cmpstr(other->key_file, ==, "/other.key");
    g_assert_cmpstr(other->cert_place, ==, "/p.yaml:3:35");
    g_assert_cmpstr(other->key_place, ==, "/p.yaml:3:58");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/identity/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ahead_cases); i++) {
        g_autofree char *path =
            g_strconcat("/policy/identity/ahead/", ahead_cases[i].name, NULL);

        bns_test_add_data(path, &ahead_cases[i], test_ahead);
    }
    bns_test_add("/policy/identity/each-is-listed-once", test_list);
    return g_test_run();
}
