/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#include <arpa/inet.h>

#define RULES_MAX 4

typedef struct {
    const char *name;
    const char *rules[RULES_MAX];
    const char *host;
    uint16_t port;
    BnsFlowKind kind;
    const char *rule; /* origin in the decision */
} KindCase;

static const KindCase kind_cases[] = {
    { "80-is-read-without-rules", { NULL }, "x.org", 80, BNS_FLOW_READ, NULL },
    { "443-is-read-without-rules", { NULL }, "x.org", 443, BNS_FLOW_READ, NULL },
    { "443-is-read-in-spite-of-a-deny",
      { "!x.org" },
      "x.org",
      443,
      BNS_FLOW_READ,
      NULL },
    { "another-port-is-refused", { "x.org" }, "x.org", 8080, BNS_FLOW_REFUSE, NULL },
    { "a-named-port-is-read", { "x.org:8080" }, "x.org", 8080, BNS_FLOW_READ, NULL },
    { "a-named-port-is-read-for-all",
      { "x.org:8080" },
      "y.org",
      8080,
      BNS_FLOW_READ,
      NULL },
    { "a-port-named-by-a-deny-is-refused",
      { "!x.org:8080" },
      "x.org",
      8080,
      BNS_FLOW_REFUSE,
      "--deny#1" },
    { "a-rule-without-port-dials-first",
      { "domain=x.org" },
      "x.org",
      8080,
      BNS_FLOW_READ_AFTER_DIAL,
      "--allow#1" },
    { "a-rule-without-port-is-for-its-host",
      { "domain=x.org" },
      "y.org",
      8080,
      BNS_FLOW_REFUSE,
      NULL },
    { "a-rule-without-port-reads-443",
      { "domain=x.org" },
      "x.org",
      443,
      BNS_FLOW_READ,
      NULL },
    { "a-deny-stops-the-dial",
      { "domain=x.org", "!x.org" },
      "x.org",
      8080,
      BNS_FLOW_REFUSE,
      "--deny#1" },
    { "a-deny-of-one-scheme-does-not-stop-the-dial",
      { "domain=x.org", "!https://x.org" },
      "x.org",
      8080,
      BNS_FLOW_READ_AFTER_DIAL,
      "--allow#1" },
    { "a-deny-of-a-path-does-not-stop-the-dial",
      { "domain=x.org", "!x.org/a" },
      "x.org",
      8080,
      BNS_FLOW_READ_AFTER_DIAL,
      "--allow#1" },
    { "tcp", { "tcp://x.org:22" }, "x.org", 22, BNS_FLOW_TCP, "--allow#1" },
    { "tcp-on-another-port", { "tcp://x.org:22" }, "x.org", 23, BNS_FLOW_REFUSE, NULL },
    { "tcp-on-another-host", { "tcp://x.org:22" }, "y.org", 22, BNS_FLOW_REFUSE, NULL },
    { "tcp-goes-before-a-rule-without-port",
      { "domain=x.org", "tcp://x.org:22" },
      "x.org",
      22,
      BNS_FLOW_TCP,
      "--allow#2" },
    { "tcp-goes-before-a-port-named-for-another-host",
      { "y.org:22", "tcp://x.org:22" },
      "x.org",
      22,
      BNS_FLOW_TCP,
      "--allow#2" },
    { "a-denied-tcp-flow-is-not-read-instead",
      { "domain=x.org", "tcp://x.org:22", "!x.org/a" },
      "x.org",
      22,
      BNS_FLOW_REFUSE,
      "--deny#1" },
    { "a-denied-tcp-flow-on-443-is-not-read-instead",
      { "tcp://x.org:443", "!x.org/a" },
      "x.org",
      443,
      BNS_FLOW_REFUSE,
      "--deny#1" },
    { "localhost-is-refused",
      { "domain=*", "tcp://*:22" },
      "localhost",
      22,
      BNS_FLOW_REFUSE,
      NULL },
    { "an-address",
      { "tcp://10.0.0.1:22" },
      "10.0.0.1",
      22,
      BNS_FLOW_TCP,
      "--allow#1" },
};

static void
test_kind(gconstpointer data)
{
    const KindCase *c = data;
    g_autoptr(BnsPolicy) policy = policy_of(c->rules);
    BnsDecision decision;
    BnsFlowKind kind = bns_policy_flow_kind(policy, c->host, c->port, &decision);

    g_assert_cmpint(kind, ==, c->kind);
    g_assert_cmpstr(decision.rule, ==, c->rule);
    g_assert_cmpint(decision.verdict == BNS_VERDICT_DENY, ==, kind == BNS_FLOW_REFUSE);
    g_assert_nonnull(decision.reason);
    g_assert_cmpint(bns_policy_flow_kind(policy, c->host, c->port, NULL), ==, kind);
}

typedef struct {
    const char *name;
    const char *rules[RULES_MAX];
    const char *flow; /* SCHEME://HOST:PORT */
    const char *rule;
    bool could;
} CouldCase;

static const CouldCase could_cases[] = {
    { "some-path-suffices", { "x.org/a" }, "- https://x.org:443/", "--allow#1", true },
    { "some-method-suffices",
      { "PUT x.org" },
      "- https://x.org:443/",
      "--allow#1",
      true },
    { "no-rule-for-the-host", { "x.org" }, "- https://y.org:443/", NULL, false },
    { "no-rule-for-the-port", { "x.org" }, "- https://x.org:8443/", NULL, false },
    { "no-rule-for-the-scheme",
      { "http://x.org:443" },
      "- https://x.org:443/",
      NULL,
      false },
    { "a-whole-deny",
      { "x.org", "!x.org" },
      "- https://x.org:443/",
      "--deny#1",
      false },
    { "a-deny-of-a-path-leaves-others",
      { "x.org", "!x.org/**" },
      "- https://x.org:443/",
      "--allow#1",
      true },
    { "a-deny-of-a-method-leaves-others",
      { "x.org", "!PUT x.org" },
      "- https://x.org:443/",
      "--allow#1",
      true },
    { "localhost", { "*" }, "- https://localhost:443/", NULL, false },
    { "tcp", { "tcp://x.org:22" }, "tcp://x.org:22", "--allow#1", true },
};

static void
test_could(gconstpointer data)
{
    const CouldCase *c = data;
    g_autoptr(BnsPolicy) policy = policy_of(c->rules);
    g_auto(Question) q = question_from(c->flow);
    BnsDecision decision =
        bns_policy_could_allow(policy, q.request.scheme, q.host, q.request.port);

    g_assert_cmpint(decision.verdict == BNS_VERDICT_ALLOW, ==, c->could);
    g_assert_cmpstr(decision.rule, ==, c->rule);
    g_assert_nonnull(decision.reason);
}

/* A policy, what was asked, where its name leads, and whether it may be dialled. */
typedef struct {
    const char *name;
    const char *yaml;
    const char *question;
    const char *address;
    bool is_given; /* by --resolve */
    bool may_dial;
    const char *rule; /* in the decision */
} AddressCase;

#define ALLOW_X "allow: [x.org]\n"

static const AddressCase address_cases[] = {
    { "a-global-address", ALLOW_X, "GET http://x.org:80/", "1.1.1.1", false, true,
      "/p.yaml:1" },
    { "a-global-ipv6-address", ALLOW_X, "GET http://x.org:80/", "2606:4700::1111",
      false, true, "/p.yaml:1" },
    { "a-private-address", ALLOW_X, "GET http://x.org:80/", "10.0.0.1", false, false,
      NULL },
    { "loopback", ALLOW_X, "GET http://x.org:80/", "127.0.0.1", false, false, NULL },
    { "ipv6-loopback", ALLOW_X, "GET http://x.org:80/", "::1", false, false, NULL },
    { "a-mapped-private-address", ALLOW_X, "GET http://x.org:80/", "::ffff:10.0.0.1",
      false, false, NULL },
    { "an-address-of-another-sandbox", ALLOW_X, "GET http://x.org:80/", "198.18.3.7",
      false, true, "/p.yaml:1" },
    { "a-given-address", ALLOW_X, "GET http://x.org:80/", "127.0.0.1", true, true,
      "/p.yaml:1" },
    { "a-private-rule", "allow: [{domain: x.org, private: true}]\n",
      "GET http://x.org:80/", "10.0.0.1", false, true, "/p.yaml:1" },
    { "a-private-rule-for-another-path",
      "allow:\n- x.org\n- { domain: x.org, path: /a, private: true }\n",
      "GET http://x.org:80/", "10.0.0.1", false, false, NULL },
    { "a-private-rule-for-this-path",
      "allow:\n- x.org\n- { domain: x.org, path: /a, private: true }\n",
      "GET http://x.org:80/a", "10.0.0.1", false, true, "/p.yaml:3" },
    { "any-host-lifts-nothing", "allow: ['*']\n", "GET http://10.0.0.1:80/", "10.0.0.1",
      false, false, NULL },
    { "an-exact-literal-lifts-nothing", "allow: ['10.0.0.1']\n",
      "GET http://10.0.0.1:80/", "10.0.0.1", false, false, NULL },
    { "a-cidr-rule-for-its-literals", "allow: [{cidr: 10.0.0.0/8}]\n",
      "GET http://10.0.0.1:80/", "10.0.0.1", false, true, "/p.yaml:1" },
    { "a-cidr-rule-with-path-for-its-literals",
      "allow: [{cidr: 10.0.0.0/8, path: /a}]\n", "GET http://10.0.0.1:80/a", "10.0.0.1",
      false, true, "/p.yaml:1" },
    { "a-cidr-rule-for-names", "allow:\n- x.org\n- { cidr: 10.0.0.0/8 }\n",
      "GET http://x.org:80/", "10.0.0.1", false, true, "/p.yaml:2" },
    { "a-cidr-rule-for-names-by-a-mapped-address",
      "allow:\n- x.org\n- { cidr: 10.0.0.0/8 }\n", "GET http://x.org:80/",
      "::ffff:10.0.0.1", false, true, "/p.yaml:2" },
    { "a-cidr-rule-is-not-for-nat64", "allow:\n- x.org\n- { cidr: 10.0.0.0/8 }\n",
      "GET http://x.org:80/", "64:ff9b::10.0.0.1", false, false, NULL },
    { "a-cidr-rule-for-another-network", "allow:\n- x.org\n- { cidr: 10.0.0.0/8 }\n",
      "GET http://x.org:80/", "192.168.0.1", false, false, NULL },
    { "a-cidr-rule-for-another-port",
      "allow:\n- x.org\n- { cidr: 10.0.0.0/8, port: 81 }\n", "GET http://x.org:80/",
      "10.0.0.1", false, false, NULL },
    { "a-cidr-rule-for-another-scheme",
      "allow:\n- x.org\n- { cidr: 10.0.0.0/8, scheme: https, port: 80 }\n",
      "GET http://x.org:80/", "10.0.0.1", false, false, NULL },
    { "a-cidr-rule-for-another-protocol",
      "allow:\n- 'x.org:80'\n- { cidr: 10.0.0.0/8, port: 80, protocol: tcp }\n",
      "GET http://x.org:80/", "10.0.0.1", false, false, NULL },
    { "a-cidr-rule-with-methods-is-not-for-names",
      "allow:\n- x.org\n- { cidr: 10.0.0.0/8, methods: GET }\n", "GET http://x.org:80/",
      "10.0.0.1", false, false, NULL },
    { "a-tcp-cidr-rule-for-names",
      "allow:\n- 'tcp://db.org:5432'\n- { cidr: 10.0.0.0/8, port: 5432, protocol: tcp "
      "}\n",
      "tcp://db.org:5432", "10.0.0.1", false, true, "/p.yaml:2" },
    { "a-cidr-rule-allows-no-name", "allow: [{cidr: 0.0.0.0/0}]\n",
      "GET http://x.org:80/", "1.1.1.1", false, false, NULL },
    { "a-deny-cidr-for-names", ALLOW_X "deny: [{cidr: 1.1.1.0/24}]\n",
      "GET http://x.org:80/", "1.1.1.1", false, false, "/p.yaml:2" },
    { "a-deny-cidr-beside", ALLOW_X "deny: [{cidr: 1.1.1.0/24}]\n",
      "GET http://x.org:80/", "1.1.2.1", false, true, "/p.yaml:1" },
    { "a-deny-cidr-for-given-addresses", ALLOW_X "deny: [{cidr: 1.1.1.0/24}]\n",
      "GET http://x.org:80/", "1.1.1.1", true, false, "/p.yaml:2" },
    { "a-deny-cidr-for-private-rules",
      "allow: [{domain: x.org, private: true}]\ndeny: [{cidr: 10.0.0.0/8}]\n",
      "GET http://x.org:80/", "10.0.0.1", false, false, "/p.yaml:2" },
    { "a-deny-cidr-means-nat64", ALLOW_X "deny: [{cidr: 1.1.1.0/24}]\n",
      "GET http://x.org:80/", "64:ff9b::1.1.1.1", false, false, "/p.yaml:2" },
    { "a-deny-cidr-for-another-port", ALLOW_X "deny: [{cidr: 1.1.1.0/24, port: 81}]\n",
      "GET http://x.org:80/", "1.1.1.1", false, true, "/p.yaml:1" },
    { "a-deny-cidr-with-methods", ALLOW_X "deny: [{cidr: 1.1.1.0/24, methods: PUT}]\n",
      "GET http://x.org:80/", "1.1.1.1", false, false, "/p.yaml:2" },
    { "a-deny-cidr-of-a-scheme-for-tcp",
      "allow: ['tcp://x.org:22']\ndeny: [{cidr: 1.1.1.0/24, scheme: http}]\n",
      "tcp://x.org:22", "1.1.1.1", false, false, "/p.yaml:2" },
    { "a-deny-literal-for-names", ALLOW_X "deny: [1.1.1.1]\n", "GET http://x.org:80/",
      "1.1.1.1", false, false, "/p.yaml:2" },
};

static socklen_t
fill_sockaddr(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(port);
        return sizeof *ipv4;
    }
    g_assert_cmpint(inet_pton(AF_INET6, text, &ipv6->sin6_addr), ==, 1);
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    return sizeof *ipv6;
}

static void
test_address(gconstpointer data)
{
    const AddressCase *c = data;
    g_autoptr(BnsPolicy) policy = policy_from(c->yaml);
    g_auto(Question) q = question_from(c->question);
    BnsDecision decision = bns_policy_decide(policy, &q.request);
    struct sockaddr_storage address;

    fill_sockaddr(c->address, q.request.port, &address);
    decision = bns_policy_decide_address(policy, &decision, q.request.scheme,
                                         (struct sockaddr *)&address, q.request.port,
                                         c->is_given);
    g_assert_cmpint(decision.verdict == BNS_VERDICT_ALLOW, ==, c->may_dial);
    g_assert_cmpstr(decision.rule, ==, c->rule);
    g_assert_nonnull(decision.reason);
}

static void
test_reason(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("allow: ['*']\n");
    g_auto(Question) q = question_from("GET http://169.254.169.254:80/");
    BnsDecision decision = bns_policy_decide(policy, &q.request);

    decision = bns_policy_decide_literal(policy, &decision, &q.request);
    g_assert_cmpint(decision.verdict, ==, BNS_VERDICT_DENY);
    g_assert_cmpstr(
        decision.reason, ==,
        "the address is link-local, where metadata services are: that needs "
        "private: true on the rule, or a cidr rule");
}

static void
test_other_family(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow: [{domain: x.org, private: true}]");
    g_auto(Question) q = question_from("GET http://x.org:80/");
    BnsDecision decision = bns_policy_decide(policy, &q.request);
    struct sockaddr address = { .sa_family = AF_UNIX };

    decision = bns_policy_decide_address(policy, &decision, BNS_SCHEME_HTTP, &address,
                                         80, true);
    g_assert_cmpint(decision.verdict, ==, BNS_VERDICT_DENY);
}

static void
test_literal(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("allow: ['*']");
    g_auto(Question) name = question_from("GET http://x.org:80/");
    g_auto(Question) global = question_from("GET http://1.1.1.1:80/");
    BnsDecision decision = bns_policy_decide(policy, &name.request);

    g_assert_cmpint(bns_policy_decide_literal(policy, &decision, &name.request).verdict,
                    ==, BNS_VERDICT_ALLOW);
    g_assert_cmpint(
        bns_policy_decide_literal(policy, &decision, &global.request).verdict, ==,
        BNS_VERDICT_ALLOW);
}

static void
test_interfaces(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("allow: ['*']");

    g_assert_true(bns_policy_read_interfaces(policy));
}

#define ADD(prefix, table, func)                                                       \
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {                                 \
        g_autofree char *path = g_strconcat(prefix, table[i].name, NULL);              \
        bns_test_add_data(path, &table[i], func);                                      \
    }

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    ADD("/policy/flow/kind/", kind_cases, test_kind);
    ADD("/policy/flow/could-allow/", could_cases, test_could);
    ADD("/policy/flow/address/", address_cases, test_address);
    bns_test_add("/policy/flow/the-guard-says-how-it-is-lifted", test_reason);
    bns_test_add("/policy/flow/other-families-are-refused", test_other_family);
    bns_test_add("/policy/flow/literals-are-judged-without-a-dial", test_literal);
    bns_test_add("/policy/flow/interfaces-can-be-read", test_interfaces);
    return g_test_run();
}
