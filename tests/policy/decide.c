/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#define RULES_MAX 5

/* Rules as options have them, "!" before a deny. */
typedef struct {
    const char *name;
    const char *rules[RULES_MAX];
    const char *question;
    const char *rule; /* origin; NULL: none */
    const char *reason;
} Case;

#define ALLOWED   "an allow rule matches"
#define DENIED    "a deny rule matches"
#define NO_HOST   "no rule allows this host"
#define NO_SCHEME "no rule for this host allows this scheme"
#define NO_PORT   "no rule for this host allows this port"
#define NO_METHOD "no rule for this host allows this method"
#define NO_PATH   "no rule for this host allows this path"
#define NO_TCP    "no tcp rule allows this host and port"
#define LOCALHOST "localhost is the sandbox's own loopback, never the host's"
#define INTERNAL  "nothing of the host is offered here: --host-port offers a port of it"

static const Case cases[] = {
    /* Hosts, both sides of each border. */
    { "exact-host", { "x.org" }, "GET https://x.org:443/", "--allow#1", ALLOWED },
    { "not-below-an-exact-host",
      { "x.org" },
      "GET https://a.x.org:443/",
      NULL,
      NO_HOST },
    { "not-a-suffix-of-bytes",
      { "x.org" },
      "GET https://evilx.org:443/",
      NULL,
      NO_HOST },
    { "not-a-prefix", { "x.org" }, "GET https://x.org.evil.com:443/", NULL, NO_HOST },
    { "star-is-below",
      { "*.x.org" },
      "GET https://a.x.org:443/",
      "--allow#1",
      ALLOWED },
    { "star-is-two-below",
      { "*.x.org" },
      "GET https://a.b.x.org:443/",
      "--allow#1",
      ALLOWED },
    { "star-is-not-the-name", { "*.x.org" }, "GET https://x.org:443/", NULL, NO_HOST },
    { "star-is-not-a-suffix-of-bytes",
      { "*.x.org" },
      "GET https://ax.org:443/",
      NULL,
      NO_HOST },
    { "dot-is-the-name", { ".x.org" }, "GET https://x.org:443/", "--allow#1", ALLOWED },
    { "dot-is-below",
      { ".x.org" },
      "GET https://a.b.x.org:443/",
      "--allow#1",
      ALLOWED },
    { "dot-is-not-a-suffix-of-bytes",
      { ".x.org" },
      "GET https://ax.org:443/",
      NULL,
      NO_HOST },
    { "any-is-a-name", { "*" }, "GET https://x:443/", "--allow#1", ALLOWED },
    { "any-is-ipv4", { "*" }, "GET https://10.0.0.1:443/", "--allow#1", ALLOWED },
    { "any-is-ipv6", { "*" }, "GET https://[2001:db8::1]:443/", "--allow#1", ALLOWED },
    { "exact-ipv4", { "10.0.0.1" }, "GET http://10.0.0.1:80/", "--allow#1", ALLOWED },
    { "another-ipv4", { "10.0.0.1" }, "GET http://10.0.0.2:80/", NULL, NO_HOST },
    { "exact-ipv6", { "[::2]" }, "GET http://[::2]:80/", "--allow#1", ALLOWED },
    { "a-mapped-address-is-another-text",
      { "10.0.0.1" },
      "GET http://[::ffff:10.0.0.1]:80/",
      NULL,
      NO_HOST },
    { "coder-star-is-below",
      { "domain=*.x.org" },
      "GET https://a.b.x.org:443/",
      "--allow#1",
      ALLOWED },
    { "coder-star-is-not-the-name",
      { "domain=*.x.org" },
      "GET https://x.org:443/",
      NULL,
      NO_HOST },
    { "coder-inner-star-is-one-label",
      { "domain=a.*.x.org" },
      "GET https://a.b.x.org:443/",
      "--allow#1",
      ALLOWED },
    { "coder-inner-star-is-not-two-labels",
      { "domain=a.*.x.org" },
      "GET https://a.b.c.x.org:443/",
      NULL,
      NO_HOST },
    { "coder-inner-star-is-not-none",
      { "domain=a.*.x.org" },
      "GET https://a.x.org:443/",
      NULL,
      NO_HOST },
    { "coder-two-stars",
      { "domain=*.*.x.org" },
      "GET https://a.b.c.x.org:443/",
      "--allow#1",
      ALLOWED },
    { "coder-two-stars-are-two-labels",
      { "domain=*.*.x.org" },
      "GET https://a.x.org:443/",
      NULL,
      NO_HOST },
    { "coder-inner-star-needs-the-front",
      { "domain=a.*.x.org" },
      "GET https://b.a.b.x.org:443/",
      NULL,
      NO_HOST },

    /* Names of our own. */
    { "localhost-is-refused",
      { "*", "localhost" },
      "GET http://localhost:80/",
      NULL,
      LOCALHOST },
    { "below-localhost-is-refused",
      { "*" },
      "GET http://a.localhost:80/",
      NULL,
      LOCALHOST },
    { "internal-is-refused",
      { "*" },
      "GET http://host.boundary.internal:80/",
      NULL,
      INTERNAL },
    { "boundary-internal-itself-is-refused",
      { "*" },
      "GET http://boundary.internal:80/",
      NULL,
      INTERNAL },
    { "tcp-to-localhost-is-refused",
      { "tcp://localhost:22" },
      "tcp://localhost:22",
      NULL,
      LOCALHOST },

    /* Schemes and ports. */
    { "http-on-80", { "x.org" }, "GET http://x.org:80/", "--allow#1", ALLOWED },
    { "http-on-443", { "x.org" }, "GET http://x.org:443/", "--allow#1", ALLOWED },
    { "https-on-80", { "x.org" }, "GET https://x.org:80/", "--allow#1", ALLOWED },
    { "no-other-port", { "x.org" }, "GET https://x.org:8443/", NULL, NO_PORT },
    { "a-port-replaces-the-defaults",
      { "x.org:8443" },
      "GET https://x.org:443/",
      NULL,
      NO_PORT },
    { "a-port-is-for-both-schemes",
      { "x.org:8443" },
      "GET http://x.org:8443/",
      "--allow#1",
      ALLOWED },
    { "a-list-of-ports", { "x.org:1,2" }, "GET http://x.org:2/", "--allow#1", ALLOWED },
    { "https-only", { "https://x.org" }, "GET http://x.org:80/", NULL, NO_SCHEME },
    { "https-only-on-its-port",
      { "https://x.org" },
      "GET https://x.org:80/",
      NULL,
      NO_PORT },
    { "http-only-on-its-port",
      { "http://x.org" },
      "GET http://x.org:443/",
      NULL,
      NO_PORT },
    { "coder-form-has-any-port",
      { "domain=x.org" },
      "GET http://x.org:12345/",
      "--allow#1",
      ALLOWED },
    { "coder-form-is-no-tcp", { "domain=x.org" }, "tcp://x.org:22", NULL, NO_TCP },
    { "tcp", { "tcp://x.org:22" }, "tcp://x.org:22", "--allow#1", ALLOWED },
    { "tcp-on-another-port", { "tcp://x.org:22" }, "tcp://x.org:23", NULL, NO_TCP },
    { "tcp-is-no-http", { "tcp://x.org:22" }, "GET http://x.org:22/", NULL, NO_SCHEME },
    { "http-is-no-tcp", { "x.org" }, "tcp://x.org:443", NULL, NO_TCP },

    /* Methods. */
    { "a-method", { "GET x.org" }, "GET https://x.org:443/", "--allow#1", ALLOWED },
    { "another-method", { "GET x.org" }, "POST https://x.org:443/", NULL, NO_METHOD },
    { "a-method-in-lower-case",
      { "GET x.org" },
      "get https://x.org:443/",
      NULL,
      NO_METHOD },
    { "a-longer-method", { "GET x.org" }, "GETS https://x.org:443/", NULL, NO_METHOD },
    { "one-of-two-methods",
      { "GET,HEAD x.org" },
      "HEAD https://x.org:443/",
      "--allow#1",
      ALLOWED },
    { "get-is-not-head", { "GET x.org" }, "HEAD https://x.org:443/", NULL, NO_METHOD },

    /* Paths. */
    { "a-path", { "x.org/a/*" }, "GET https://x.org:443/a/b", "--allow#1", ALLOWED },
    { "another-path", { "x.org/a/*" }, "GET https://x.org:443/b", NULL, NO_PATH },
    { "the-root-alone", { "x.org/" }, "GET https://x.org:443/", "--allow#1", ALLOWED },
    { "not-below-the-root", { "x.org/" }, "GET https://x.org:443/a", NULL, NO_PATH },
    { "dots-do-not-slip",
      { "x.org/public/*" },
      "GET https://x.org:443/public/../admin",
      NULL,
      NO_PATH },
    { "encoded-dots-do-not-slip",
      { "x.org/public/*" },
      "GET https://x.org:443/public/%2e%2e/admin",
      NULL,
      NO_PATH },
    { "half-encoded-dots-do-not-slip",
      { "x.org/public/**" },
      "GET https://x.org:443/public/.%2e/admin",
      NULL,
      NO_PATH },
    { "twice-encoded-dots-do-not-slip",
      { "x.org/public/*" },
      "GET https://x.org:443/public/%252e%252e/admin",
      NULL,
      NO_PATH },
    { "encoded-slashes-do-not-slip",
      { "x.org/public/*" },
      "GET https://x.org:443/public/..%2fadmin",
      NULL,
      NO_PATH },
    { "parameters-do-not-slip",
      { "x.org/public/**" },
      "GET https://x.org:443/public/..;/admin",
      NULL,
      NO_PATH },
    { "encoded-parameters-do-not-slip",
      { "x.org/public/**" },
      "GET https://x.org:443/public/..%3b/admin",
      NULL,
      NO_PATH },
    { "backslashes-do-not-slip",
      { "x.org/public/**" },
      "GET https://x.org:443/public/..%5cadmin",
      NULL,
      NO_PATH },
    { "slashes-do-not-slip",
      { "x.org/public/**" },
      "GET https://x.org:443/public//..//../admin",
      NULL,
      NO_PATH },
    { "harmless-dots-are-fine",
      { "x.org/public/**" },
      "GET https://x.org:443/public/a/../b",
      "--allow#1",
      ALLOWED },
    { "an-encoded-slash-needs-two-stars",
      { "x.org/p/*/x" },
      "GET https://x.org:443/p/a%2Fb/x",
      NULL,
      NO_PATH },
    { "two-stars-take-an-encoded-slash",
      { "x.org/p/**/x" },
      "GET https://x.org:443/p/a%2Fb/x",
      "--allow#1",
      ALLOWED },
    { "the-rule-is-decoded-too",
      { "x.org/my%20file" },
      "GET https://x.org:443/my%20file",
      "--allow#1",
      ALLOWED },
    { "two-rules-do-not-share-readings",
      { "x.org/%61", "x.org/b" },
      "GET https://x.org:443/%62",
      NULL,
      NO_PATH },
    { "coder-root-is-the-root-alone",
      { "domain=x.org path=/" },
      "GET https://x.org:443/a",
      NULL,
      NO_PATH },
    { "coder-trailing-slash-is-dropped",
      { "domain=x.org path=/a/" },
      "GET https://x.org:443/a",
      "--allow#1",
      ALLOWED },
    { "coder-star-is-a-star",
      { "domain=x.org path=/v*" },
      "GET https://x.org:443/v1",
      NULL,
      NO_PATH },

    /* Denies. */
    { "a-deny-wins",
      { "x.org", "!x.org" },
      "GET https://x.org:443/",
      "--deny#1",
      DENIED },
    { "a-deny-of-a-path",
      { "x.org", "!x.org/admin/**" },
      "GET https://x.org:443/admin",
      "--deny#1",
      DENIED },
    { "a-deny-of-another-path",
      { "x.org", "!x.org/admin/**" },
      "GET https://x.org:443/admins",
      "--allow#1",
      ALLOWED },
    { "a-deny-in-any-case",
      { "x.org", "!x.org/admin/**" },
      "GET https://x.org:443/AdMiN/x",
      "--deny#1",
      DENIED },
    { "a-deny-on-any-reading",
      { "x.org", "!x.org/admin/**" },
      "GET https://x.org:443/a/%252e%252e/admin",
      "--deny#1",
      DENIED },
    { "a-deny-with-two-slashes",
      { "x.org", "!x.org/admin" },
      "GET https://x.org:443//admin",
      "--deny#1",
      DENIED },
    { "a-deny-with-parameters",
      { "x.org", "!x.org/admin" },
      "GET https://x.org:443/admin;x=y",
      "--deny#1",
      DENIED },
    { "a-deny-of-a-method",
      { "x.org", "!POST x.org" },
      "POST https://x.org:443/",
      "--deny#1",
      DENIED },
    { "a-deny-of-a-method-in-any-case",
      { "x.org", "!POST x.org" },
      "pOsT https://x.org:443/",
      "--deny#1",
      DENIED },
    { "a-deny-of-another-method",
      { "x.org", "!POST x.org" },
      "GET https://x.org:443/",
      "--allow#1",
      ALLOWED },
    { "a-deny-has-any-port",
      { "x.org:8080", "!x.org" },
      "GET http://x.org:8080/",
      "--deny#1",
      DENIED },
    { "a-deny-with-port",
      { "x.org", "!x.org:80" },
      "GET http://x.org:80/",
      "--deny#1",
      DENIED },
    { "a-deny-of-another-port",
      { "x.org", "!x.org:80" },
      "GET https://x.org:443/",
      "--allow#1",
      ALLOWED },
    { "a-deny-of-http",
      { "x.org", "!http://x.org" },
      "GET http://x.org:443/",
      "--deny#1",
      DENIED },
    { "a-deny-of-http-leaves-https",
      { "x.org", "!http://x.org" },
      "GET https://x.org:443/",
      "--allow#1",
      ALLOWED },
    { "a-deny-below",
      { "*", "!*.x.org" },
      "GET https://a.x.org:443/",
      "--deny#1",
      DENIED },
    { "a-deny-of-tcp-leaves-requests",
      { "x.org:22", "!tcp://x.org:22" },
      "GET http://x.org:22/",
      "--allow#1",
      ALLOWED },
    { "a-deny-has-any-kind",
      { "tcp://x.org:22", "!x.org" },
      "tcp://x.org:22",
      "--deny#1",
      DENIED },
    { "a-deny-of-a-path-refuses-what-is-opaque",
      { "tcp://x.org:22", "!x.org/a" },
      "tcp://x.org:22",
      "--deny#1",
      DENIED },
    { "a-deny-of-a-method-refuses-what-is-opaque",
      { "tcp://x.org:22", "!PUT x.org" },
      "tcp://x.org:22",
      "--deny#1",
      DENIED },
    { "a-deny-of-a-scheme-refuses-what-is-opaque",
      { "tcp://x.org:22", "!https://x.org" },
      "tcp://x.org:22",
      "--deny#1",
      DENIED },
    { "a-deny-of-another-port-leaves-what-is-opaque",
      { "tcp://x.org:22", "!https://x.org:443" },
      "tcp://x.org:22",
      "--allow#1",
      ALLOWED },
    { "a-deny-means-a-mapped-address",
      { "*", "!10.0.0.1" },
      "GET http://[::ffff:10.0.0.1]:80/",
      "--deny#1",
      DENIED },
    { "a-deny-means-a-nat64-address",
      { "*", "!10.0.0.1" },
      "GET http://[64:ff9b::10.0.0.1]:80/",
      "--deny#1",
      DENIED },

    /* Which rule is named. */
    { "the-first-allow-is-named",
      { "*", "x.org", "*.org" },
      "GET https://x.org:443/",
      "--allow#1",
      ALLOWED },
    { "the-first-that-matches-is-named",
      { "PUT x.org", "*.org", ".org" },
      "GET https://x.org:443/",
      "--allow#2",
      ALLOWED },
    { "the-first-deny-is-named",
      { "*", "!*.org", "!x.org", "!*" },
      "GET https://x.org:443/",
      "--deny#1",
      DENIED },
};

static void
test_decide(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(BnsPolicy) policy = policy_of(c->rules);
    g_auto(Question) question = question_from(c->question);
    BnsDecision decision = bns_policy_decide(policy, &question.request);
    bool is_allowed = c->rule != NULL && g_str_has_prefix(c->rule, "--allow");

    g_assert_cmpstr(decision.reason, ==, c->reason);
    g_assert_cmpstr(decision.rule, ==, c->rule);
    g_assert_cmpint(decision.verdict, ==,
                    is_allowed ? BNS_VERDICT_ALLOW : BNS_VERDICT_DENY);
    g_assert_false(decision.lifts_guard);
}

static BnsDecision
decide(const BnsPolicy *policy, const char *text)
{
    g_auto(Question) question = question_from(text);

    return bns_policy_decide(policy, &question.request);
}

static void
test_lists(void)
{
    g_autoptr(BnsPolicy) policy = policy_from(
        "allow:\n"
        "  - { domain: [a.org, '*.b.org'], ports: [80, 81], path: [/x, /y] }\n"
        "  - { cidr: 10.0.0.0/8, port: 80, methods: GET }\n");

    g_assert_cmpstr(decide(policy, "GET http://a.org:81/y").rule, ==, "/p.yaml:2");
    g_assert_cmpstr(decide(policy, "GET http://a.b.org:80/x").rule, ==, "/p.yaml:2");
    g_assert_cmpstr(decide(policy, "GET http://a.b.org:80/z").rule, ==, NULL);
    /* One path may match one reading, another path another. */
    g_assert_cmpstr(decide(policy, "GET http://a.org:80/x").rule, ==, "/p.yaml:2");
    g_assert_cmpstr(decide(policy, "GET http://10.1.2.3:80/").rule, ==, "/p.yaml:3");
    g_assert_cmpstr(decide(policy, "GET http://[::ffff:10.1.2.3]:80/").rule, ==,
                    "/p.yaml:3");
    g_assert_cmpstr(decide(policy, "PUT http://10.1.2.3:80/").rule, ==, NULL);
    g_assert_cmpstr(decide(policy, "GET http://11.1.2.3:80/").rule, ==, NULL);
    g_assert_cmpstr(decide(policy, "GET http://[64:ff9b::10.1.2.3]:80/").rule, ==,
                    NULL);
    g_assert_true(decide(policy, "GET http://10.1.2.3:80/").lifts_guard);
}

static void
test_readings_in_one_rule(void)
{
    g_autoptr(BnsPolicy) together =
        policy_from("allow: [{domain: a.org, path: ['//x', /x]}]");
    g_autoptr(BnsPolicy) apart = policy_from("allow: ['a.org//x', a.org/x]");

    g_assert_cmpint(decide(together, "GET http://a.org:80//x").verdict, ==,
                    BNS_VERDICT_ALLOW);
    g_assert_cmpint(decide(apart, "GET http://a.org:80//x").verdict, ==,
                    BNS_VERDICT_DENY);
}

static void
test_reason(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow: [{domain: a.org, reason: because}]\n"
                    "deny: [{domain: b.org, reason: \"use a.org\"}]\n");

    g_assert_cmpstr(decide(policy, "GET http://a.org:80/").reason, ==, "because");
    g_assert_cmpstr(decide(policy, "GET http://b.org:80/").reason, ==, "use a.org");
}

static void
test_private(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow: [a.org, '*', {domain: a.org, path: /x, private: true}]");
    BnsDecision decision = decide(policy, "GET http://a.org:80/x");

    g_assert_cmpstr(decision.rule, ==, "/p.yaml:1");
    g_assert_true(decision.lifts_guard);
    g_assert_false(decide(policy, "GET http://a.org:80/y").lifts_guard);
}

static void
test_without_path(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("allow: ['*']");
    BnsRequest request = { BNS_SCHEME_HTTP, "a.org", 80, "GET", NULL };

    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==, BNS_VERDICT_DENY);
    request.path = "/";
    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==, BNS_VERDICT_ALLOW);
    request.method = NULL;
    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==, BNS_VERDICT_DENY);
}

/* A port of the host is a host as others are; its other ports are still none. */
static void
test_host_port(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow: ['host.boundary.internal:8080,8081', "
                    "'tcp://host.boundary.internal:22']");

    g_assert_cmpstr(decide(policy, "GET http://host.boundary.internal:8080/").reason,
                    ==, INTERNAL);
    bns_policy_offer_host_port(policy, 8080);
    bns_policy_offer_host_port(policy, 22);
    bns_policy_offer_host_port(policy, 23);
    g_assert_cmpstr(decide(policy, "GET http://host.boundary.internal:8080/").rule, ==,
                    "/p.yaml:1");
    g_assert_cmpstr(decide(policy, "tcp://host.boundary.internal:22").rule, ==,
                    "/p.yaml:1");
    g_assert_cmpint(decide(policy, "tcp://host.boundary.internal:23").verdict, ==,
                    BNS_VERDICT_DENY);
    g_assert_cmpstr(decide(policy, "GET http://host.boundary.internal:8081/").reason,
                    ==, INTERNAL);
    g_assert_cmpstr(decide(policy, "GET http://x.boundary.internal:8080/").reason, ==,
                    INTERNAL);
    g_assert_true(bns_policy_is_reserved(policy, "localhost", 8080));
    g_assert_true(bns_policy_is_reserved(policy, "boundary.internal", 8080));
    g_assert_false(bns_policy_is_reserved(policy, "a.org", 1));
}

static void
test_names(void)
{
    g_assert_cmpstr(bns_verdict_name(BNS_VERDICT_ALLOW), ==, "allow");
    g_assert_cmpstr(bns_verdict_name(BNS_VERDICT_DENY), ==, "deny");
    g_assert_cmpstr(bns_scheme_name(BNS_SCHEME_TCP), ==, "tcp");
}

/* The first of those that fail at the last key. */
static void
test_near(void)
{
    static const struct {
        const char *rules[5], *question, *near;
    } rows[] = {
        { { "y.org" }, "GET https://x.org:443/a", NULL },
        { { "http://x.org", "PUT x.org", "x.org/b", "x.org/c", NULL },
          "GET https://x.org:443/a",
          "--allow#3" },
        { { "x.org:81", "PUT x.org" }, "GET https://x.org:443/a", "--allow#2" },
        { { "x.org/b", "x.org/a" }, "GET https://x.org:443/a", NULL },
        { { "x.org/b", "!x.org" }, "GET https://x.org:443/a", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(BnsPolicy) policy = policy_of(rows[i].rules);
        g_auto(Question) question = question_from(rows[i].question);
        BnsDecision decision = bns_policy_decide(policy, &question.request);

        g_assert_cmpstr(decision.near, ==, rows[i].near);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/decide/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_decide);
    }
    bns_test_add("/policy/decide/lists-are-alternatives", test_lists);
    bns_test_add("/policy/decide/one-rule-matches-all-readings",
                 test_readings_in_one_rule);
    bns_test_add("/policy/decide/a-rule-s-own-reason-is-given", test_reason);
    bns_test_add("/policy/decide/a-private-rule-is-preferred", test_private);
    bns_test_add("/policy/decide/a-request-without-parts-is-refused",
                 test_without_path);
    bns_test_add("/policy/decide/a-port-of-the-host-is-offered", test_host_port);
    bns_test_add("/policy/decide/names-are-as-written", test_names);
    bns_test_add("/policy/decide/what-came-nearest", test_near);
    return g_test_run();
}
