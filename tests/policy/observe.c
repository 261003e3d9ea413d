/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy that observes passes what its rules refuse, and says what they would have said:
 * by request, layer and mode; and nothing else passes.
 */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#include <arpa/inet.h>

#define OBSERVE "mode: observe\n"
#define KINDS                                                                          \
    "the system policy and the policy below it differ in the kind of this flow: "      \
    "requests, sealed TLS or opaque tcp"

/* --- requests and flows --- */

#define NO_HOST "no rule allows this host"
#define NO_TCP  "no tcp rule allows this host and port"

static const LayerRow rows[] = {
    { "an-allowed-request", NULL, OBSERVE "allow: [x.org]\n", "GET https://x.org:443/",
      BNS_VERDICT_ALLOW, "/p.yaml:2", NULL, false },
    { "no-rule", NULL, OBSERVE, "GET https://x.org:443/", BNS_VERDICT_WOULD_DENY, NULL,
      NO_HOST, false },
    { "an-address-without-a-rule", NULL, OBSERVE, "GET http://8.8.8.8:80/",
      BNS_VERDICT_WOULD_DENY, NULL, NO_HOST, false },
    { "another-method", NULL, OBSERVE "allow: [GET x.org]\n", "PUT https://x.org:443/",
      BNS_VERDICT_WOULD_DENY, NULL, "no rule for this host allows this method", false },
    { "another-path", NULL, OBSERVE "allow: [x.org/a]\n", "GET https://x.org:443/b",
      BNS_VERDICT_WOULD_DENY, NULL, "no rule for this host allows this path", false },
    { "another-port", NULL, OBSERVE "allow: [x.org]\n", "GET http://x.org:8080/",
      BNS_VERDICT_WOULD_DENY, NULL, "no rule for this host allows this port", false },
    { "a-deny-rule", NULL, OBSERVE "allow: [x.org]\ndeny: [x.org/a]\n",
      "GET https://x.org:443/a", BNS_VERDICT_WOULD_DENY, "/p.yaml:3",
      "a deny rule matches", false },
    { "a-deny-rule-with-a-reason", NULL,
      OBSERVE "deny: [{domain: x.org, reason: use ours}]\n", "GET https://x.org:443/",
      BNS_VERDICT_WOULD_DENY, "/p.yaml:2", "use ours", false },
    { "a-deny-rule-of-an-address", NULL, OBSERVE "deny: [{cidr: 8.0.0.0/8}]\n",
      "GET http://8.8.8.8:80/", BNS_VERDICT_WOULD_DENY, "/p.yaml:2",
      "a deny rule matches", false },
    { "tcp-without-a-rule", NULL, OBSERVE, "tcp://x.org:22", BNS_VERDICT_WOULD_DENY,
      NULL, NO_TCP, false },
    { "tcp-that-is-denied", NULL,
      OBSERVE "allow: ['tcp://x.org:22']\ndeny: ['x.org']\n", "tcp://x.org:22",
      BNS_VERDICT_WOULD_DENY, "/p.yaml:3", NULL, false },
    { "sealed-and-denied", NULL,
      OBSERVE "allow: [{domain: x.org, inspect: false}]\ndeny: [x.org]\n",
      "tls://x.org:443", BNS_VERDICT_WOULD_DENY, "/p.yaml:3", NULL, false },
    { "localhost", NULL, OBSERVE, "GET http://localhost:80/", BNS_VERDICT_DENY, NULL,
      "localhost is the sandbox's own loopback, never the host's", false },
    { "our-own-names", NULL, OBSERVE, "GET http://host.boundary.internal:80/",
      BNS_VERDICT_DENY, NULL, NULL, false },
    { "enforced", NULL, "mode: enforce\n", "GET https://x.org:443/", BNS_VERDICT_DENY,
      NULL, NO_HOST, false },

    { "the-system-has-no-rule", "allow: [y.org]\n", OBSERVE, "GET https://x.org:443/",
      BNS_VERDICT_DENY, NULL, "no rule of the system policy allows this host", true },
    { "the-system-denies", "allow: ['*']\ndeny: [x.org]\n", OBSERVE,
      "GET https://x.org:443/", BNS_VERDICT_DENY, "/s.yaml:2", NULL, true },
    { "the-system-has-no-tcp", "allow: ['*']\n", OBSERVE, "tcp://x.org:22",
      BNS_VERDICT_DENY, NULL, NULL, true },
    { "the-system-allows", "allow: ['*']\n", OBSERVE, "GET https://x.org:443/",
      BNS_VERDICT_WOULD_DENY, NULL, NO_HOST, false },
    { "the-system-allows-what-is-denied-below", "allow: ['*']\n",
      OBSERVE "deny: [x.org]\n", "GET https://x.org:443/", BNS_VERDICT_WOULD_DENY,
      "/p.yaml:2", NULL, false },
    { "the-system-has-tcp", "allow: ['tcp://x.org:22']\n", OBSERVE, "tcp://x.org:22",
      BNS_VERDICT_WOULD_DENY, NULL, NO_TCP, false },
    { "kinds-that-differ-below", "allow: ['tcp://x.org:8080']\n",
      OBSERVE "allow: ['x.org:8080']\n", "tcp://x.org:8080", BNS_VERDICT_WOULD_DENY,
      NULL, KINDS, false },
    { "kinds-that-differ-above", "allow: ['x.org:8080']\n",
      OBSERVE "allow: ['tcp://x.org:8080']\n", "tcp://x.org:8080", BNS_VERDICT_DENY,
      NULL, KINDS, true },

    { "the-system-observes", OBSERVE "allow: [y.org]\n", "allow: ['*']\n",
      "GET https://x.org:443/", BNS_VERDICT_WOULD_DENY, NULL,
      "no rule of the system policy allows this host", true },
    { "the-system-observes-a-deny-rule", OBSERVE "allow: ['*']\ndeny: [x.org]\n",
      "allow: ['*']\n", "GET https://x.org:443/", BNS_VERDICT_WOULD_DENY, "/s.yaml:3",
      NULL, true },
    { "the-system-observes-and-below-refuses", OBSERVE, "allow: [y.org]\n",
      "GET https://x.org:443/", BNS_VERDICT_DENY, NULL, NO_HOST, false },
    { "the-system-observes-and-below-denies", OBSERVE, "deny: [x.org]\n",
      "GET https://x.org:443/", BNS_VERDICT_DENY, "/p.yaml:1", NULL, false },
    { "both-observe", OBSERVE, OBSERVE, "GET https://x.org:443/",
      BNS_VERDICT_WOULD_DENY, NULL, "no rule of the system policy allows this host",
      true },
    { "both-observe-and-allow", OBSERVE "allow: ['*']\n", OBSERVE "allow: [x.org]\n",
      "GET https://x.org:443/", BNS_VERDICT_ALLOW, "/p.yaml:2", NULL, false },
};

/* --- kinds --- */

typedef struct {
    const char *name;
    const char *system;
    const char *yaml;
    const char *host;
    uint16_t port;
    BnsFlowKind kind;
    BnsVerdict opaque; /* what bns_policy_decide_tcp() says of it */
} KindRow;

static const KindRow kind_rows[] = {
    { "443-is-read", NULL, OBSERVE, "x.org", 443, BNS_FLOW_READ,
      BNS_VERDICT_WOULD_DENY },
    { "80-is-read", NULL, OBSERVE, "x.org", 80, BNS_FLOW_READ, BNS_VERDICT_WOULD_DENY },
    { "another-port-is-dialled", NULL, OBSERVE, "x.org", 8080, BNS_FLOW_READ_AFTER_DIAL,
      BNS_VERDICT_WOULD_DENY },
    { "a-port-that-is-named-is-read", NULL, OBSERVE "allow: ['x.org:8080']\n", "x.org",
      8080, BNS_FLOW_READ, BNS_VERDICT_WOULD_DENY },
    { "a-port-named-for-another-host-is-dialled", NULL,
      OBSERVE "allow: ['x.org:8080']\n", "y.org", 8080, BNS_FLOW_READ_AFTER_DIAL,
      BNS_VERDICT_WOULD_DENY },
    { "a-denied-host-is-dialled", NULL, OBSERVE "deny: [x.org]\n", "x.org", 8080,
      BNS_FLOW_READ_AFTER_DIAL, BNS_VERDICT_WOULD_DENY },
    { "tcp", NULL, OBSERVE "allow: ['tcp://x.org:22']\n", "x.org", 22, BNS_FLOW_TCP,
      BNS_VERDICT_ALLOW },
    { "tcp-that-is-denied-is-not-read", NULL,
      OBSERVE "allow: ['tcp://x.org:22']\ndeny: [x.org]\n", "x.org", 22, BNS_FLOW_TCP,
      BNS_VERDICT_WOULD_DENY },
    { "localhost-is-refused", NULL, OBSERVE, "localhost", 22, BNS_FLOW_REFUSE,
      BNS_VERDICT_DENY },
    { "the-host-is-refused", NULL, OBSERVE, "host.boundary.internal", 5432,
      BNS_FLOW_REFUSE, BNS_VERDICT_DENY },

    { "the-system-reads", "allow: ['*']\n", OBSERVE, "x.org", 443, BNS_FLOW_READ,
      BNS_VERDICT_DENY },
    { "the-system-refuses-the-port", "allow: ['*']\n", OBSERVE, "x.org", 8080,
      BNS_FLOW_REFUSE, BNS_VERDICT_DENY },
    { "the-system-names-the-port", "allow: ['x.org:8080']\n", OBSERVE, "x.org", 8080,
      BNS_FLOW_READ_AFTER_DIAL, BNS_VERDICT_DENY },
    { "the-system-allows-any-port", "allow: ['domain=*']\n", OBSERVE, "x.org", 8080,
      BNS_FLOW_READ_AFTER_DIAL, BNS_VERDICT_DENY },
    { "the-system-has-tcp", "allow: ['tcp://x.org:22']\n", OBSERVE, "x.org", 22,
      BNS_FLOW_TCP, BNS_VERDICT_WOULD_DENY },
    { "the-system-has-tcp-where-below-reads", "allow: ['tcp://x.org:443']\n", OBSERVE,
      "x.org", 443, BNS_FLOW_TCP, BNS_VERDICT_WOULD_DENY },
    { "the-system-reads-where-below-has-tcp", "allow: [x.org]\n",
      OBSERVE "allow: ['tcp://x.org:443']\n", "x.org", 443, BNS_FLOW_REFUSE,
      BNS_VERDICT_DENY },

    { "the-system-observes-a-port", OBSERVE, "allow: ['x.org:8080']\n", "x.org", 8080,
      BNS_FLOW_READ_AFTER_DIAL, BNS_VERDICT_DENY },
    { "the-system-observes-tcp", OBSERVE, "allow: ['tcp://x.org:22']\n", "x.org", 22,
      BNS_FLOW_TCP, BNS_VERDICT_WOULD_DENY },
    { "the-system-observes-what-below-refuses", OBSERVE, "", "x.org", 22,
      BNS_FLOW_REFUSE, BNS_VERDICT_DENY },
};

static void
test_kind(const void *data)
{
    const KindRow *row = data;
    g_autoptr(BnsPolicy) policy = policy_in_layers(row->system, row->yaml);
    BnsDecision decision;
    BnsFlowKind kind = bns_policy_flow_kind(policy, row->host, row->port, &decision);
    BnsDecision opaque = bns_policy_decide_tcp(policy, row->host, row->port);

    g_assert_cmpint(kind, ==, row->kind);
    g_assert_cmpint(opaque.verdict, ==, row->opaque);
    g_assert_nonnull(decision.reason);
    g_assert_cmpint(bns_decision_passes(&decision), ==, kind != BNS_FLOW_REFUSE);
}

/* --- addresses --- */

typedef struct {
    const char *name;
    const char *system;
    const char *yaml;
    const char *address;
    BnsVerdict verdict;
    BnsVerdict given; /* with --resolve */
    const char *rule;
} AddressRow;

static const AddressRow address_rows[] = {
    { "global", NULL, OBSERVE, "8.8.8.8", BNS_VERDICT_WOULD_DENY,
      BNS_VERDICT_WOULD_DENY, NULL },
    { "guarded", NULL, OBSERVE, "10.0.0.1", BNS_VERDICT_DENY, BNS_VERDICT_WOULD_DENY,
      NULL },
    { "guarded-and-allowed", NULL, OBSERVE "allow: [x.org]\n", "10.0.0.1",
      BNS_VERDICT_DENY, BNS_VERDICT_ALLOW, NULL },
    { "opened", NULL, OBSERVE "allow: [{domain: x.org, private: true}]\n", "10.0.0.1",
      BNS_VERDICT_ALLOW, BNS_VERDICT_ALLOW, "/p.yaml:2" },
    { "opened-by-a-rule-that-is-denied", NULL,
      OBSERVE "allow: [{domain: x.org, private: true}]\ndeny: [x.org]\n", "10.0.0.1",
      BNS_VERDICT_DENY, BNS_VERDICT_WOULD_DENY, NULL },
    { "opened-by-a-network", NULL, OBSERVE "allow: [{cidr: 10.0.0.0/8}]\n", "10.0.0.1",
      BNS_VERDICT_WOULD_DENY, BNS_VERDICT_WOULD_DENY, NULL },
    { "denied", NULL, OBSERVE "allow: [x.org]\ndeny: [{cidr: 8.0.0.0/8}]\n", "8.8.8.8",
      BNS_VERDICT_WOULD_DENY, BNS_VERDICT_WOULD_DENY, "/p.yaml:3" },
    { "denied-and-not-allowed", NULL, OBSERVE "deny: [{cidr: 8.0.0.0/8}]\n", "8.8.8.8",
      BNS_VERDICT_WOULD_DENY, BNS_VERDICT_WOULD_DENY, NULL },
    { "denied-and-guarded", NULL,
      OBSERVE "allow: [x.org]\ndeny: [{cidr: 10.0.0.0/8}]\n", "10.0.0.1",
      BNS_VERDICT_DENY, BNS_VERDICT_WOULD_DENY, NULL },
    { "denied-and-opened", NULL,
      OBSERVE "allow: [{domain: x.org, private: true}]\ndeny: [{cidr: 10.0.0.0/8}]\n",
      "10.0.0.1", BNS_VERDICT_WOULD_DENY, BNS_VERDICT_WOULD_DENY, "/p.yaml:3" },
    { "denied-by-the-system", "allow: ['*']\ndeny: [{cidr: 8.0.0.0/8}]\n", OBSERVE,
      "8.8.8.8", BNS_VERDICT_DENY, BNS_VERDICT_DENY, "/s.yaml:2" },
    { "denied-by-a-system-that-observes",
      OBSERVE "allow: ['*']\ndeny: [{cidr: 8.0.0.0/8}]\n", "allow: [x.org]\n",
      "8.8.8.8", BNS_VERDICT_WOULD_DENY, BNS_VERDICT_WOULD_DENY, "/s.yaml:3" },
    { "guarded-by-a-system-that-observes", OBSERVE,
      "allow: [{domain: x.org, private: true}]\n", "10.0.0.1", BNS_VERDICT_DENY,
      BNS_VERDICT_WOULD_DENY, NULL },
};

static void
test_address(const void *data)
{
    const AddressRow *row = data;
    g_autoptr(BnsPolicy) policy = policy_in_layers(row->system, row->yaml);
    g_auto(Question) q = question_from("GET https://x.org:443/");
    BnsDecision asked = bns_policy_decide(policy, &q.request);
    struct sockaddr_in in = { .sin_family = AF_INET };
    BnsDecision decision, given;

    g_assert_true(bns_decision_passes(&asked));
    g_assert_cmpint(inet_pton(AF_INET, row->address, &in.sin_addr), ==, 1);
    decision = bns_policy_decide_address(policy, &asked, q.request.scheme,
                                         (const struct sockaddr *)&in, 443, false);
    given = bns_policy_decide_address(policy, &asked, q.request.scheme,
                                      (const struct sockaddr *)&in, 443, true);
    g_assert_cmpint(decision.verdict, ==, row->verdict);
    g_assert_cmpstr(decision.rule, ==, row->rule);
    g_assert_cmpint(given.verdict, ==, row->given);
}

/* --- one policy in both modes --- */

static const char *const bodies[] = {
    "",
    "allow: [x.org, GET y.org/a/**]\n",
    "allow: ['*']\ndeny: [x.org, y.org/a/b]\n",
    "allow: [domain=x.org, 'tcp://y.org:22', {cidr: 10.0.0.0/8}]\n",
    "allow: ['x.org:8080', {domain: y.org, inspect: false}]\ndeny: ['tcp://*:25']\n",
};

static const char *const questions[] = {
    "GET https://x.org:443/", "PUT https://y.org:443/a/b",
    "GET http://x.org:8080/", "GET http://10.0.0.1:80/",
    "GET https://z.org:443/", "tcp://y.org:22",
    "tcp://x.org:25",         "tls://y.org:443",
    "tls://x.org:443",        "GET http://localhost:80/a",
    "tcp://localhost:22",
};

/* What is refused would be, for the same reason; what is allowed is. */
static void
compare(const BnsPolicy *enforced, const BnsPolicy *observed, const char *question)
{
    g_auto(Question) q = question_from(question);
    BnsDecision one = bns_policy_decide(enforced, &q.request);
    BnsDecision other = bns_policy_decide(observed, &q.request);
    bool is_own = strstr(question, "localhost") != NULL;

    g_assert_cmpstr(one.rule, ==, other.rule);
    g_assert_cmpstr(one.reason, ==, other.reason);
    g_assert_cmpuint(one.lifts_guard, ==, other.lifts_guard);
    if (one.verdict == BNS_VERDICT_DENY && !is_own && !one.is_ceiling)
        g_assert_cmpint(other.verdict, ==, BNS_VERDICT_WOULD_DENY);
    else
        g_assert_cmpint(other.verdict, ==, one.verdict);
    if (bns_policy_flow_kind(enforced, q.host, q.request.port, NULL) == BNS_FLOW_TCP)
        g_assert_cmpint(bns_policy_flow_kind(observed, q.host, q.request.port, NULL),
                        ==, BNS_FLOW_TCP);
}

static void
test_same(void)
{
    static const char *const systems[] = { NULL, "allow: ['*', 'tcp://y.org:22']\n",
                                           "deny: [y.org]\nallow: ['domain=*']\n" };

    for (size_t s = 0; s < G_N_ELEMENTS(systems); s++)
        for (size_t b = 0; b < G_N_ELEMENTS(bodies); b++) {
            g_autofree char *yaml = g_strconcat(bodies[b], OBSERVE, NULL);
            g_autoptr(BnsPolicy) enforced = policy_in_layers(systems[s], bodies[b]);
            g_autoptr(BnsPolicy) observed = policy_in_layers(systems[s], yaml);

            for (size_t i = 0; i < G_N_ELEMENTS(questions); i++)
                compare(enforced, observed, questions[i]);
        }
}

/* --- who may --- */

typedef struct {
    const char *name;
    const char *system;
    const char *yaml;
    const char *error; /* NULL: it is a policy */
} PermitRow;

static const PermitRow permit_rows[] = {
    { "by-default", "allow: ['*']\n", OBSERVE, NULL },
    { "with-required", "required: true\n", OBSERVE,
      "/p.yaml:1: to observe is not permitted by /s.yaml:1, which does not name "
      "observe" },
    { "named", "required: true\npermit: [observe]\n", OBSERVE, NULL },
    { "not-named", "allow: ['*']\npermit: [resolve]\n", "allow: ['*']\n" OBSERVE,
      "/p.yaml:2: to observe is not permitted by /s.yaml:2, which does not name "
      "observe" },
    { "to-enforce-is-no-question", "required: true\n", "mode: enforce\n", NULL },
    { "where-the-system-enforces", "mode: enforce\n", OBSERVE,
      "/p.yaml:1: to observe is not permitted by /s.yaml:1, which says mode: enforce" },
    { "where-the-system-enforces-and-permits", "mode: enforce\npermit: [observe]\n",
      OBSERVE, NULL },
    { "the-system-itself", "mode: observe\nrequired: true\n", "", NULL },
    { "not-below-a-system-that-observes", "mode: observe\nrequired: true\n", OBSERVE,
      "/p.yaml:1: to observe is not permitted by /s.yaml:2, which does not name "
      "observe" },
};

static void
test_permit(const void *data)
{
    const PermitRow *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = policy_below(row->system, row->yaml, &error);

    g_assert_cmpint(policy == NULL, ==, row->error != NULL);
    if (row->error != NULL)
        g_assert_cmpstr(error->message, ==, row->error);
}

static void
test_option(void)
{
    const BnsPolicySource source = { .observe = true };
    g_autoptr(BnsPolicy) policy = bns_policy_load(&source, NULL, NULL);
    g_autoptr(BnsPolicy) ceiling = policy_from("required: true\n");
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(bns_policy_mode(policy), ==, BNS_MODE_OBSERVE);
    g_assert_cmpstr(bns_policy_origin(policy, "mode"), ==, "--observe");
    g_assert_true(bns_policy_observes(policy));
    g_assert_cmpint(bns_policy_system_mode(policy), ==, BNS_MODE_ENFORCE);
    g_assert_false(bns_policy_set_ceiling(policy, g_steal_pointer(&ceiling), &error));
    g_assert_cmpstr(error->message, ==,
                    "--observe: to observe is not permitted by /p.yaml:1, which does "
                    "not name observe");
}

static void
test_digest(void)
{
    g_autoptr(BnsPolicy) nothing = policy_from("allow: [x.org]\n");
    g_autoptr(BnsPolicy) enforced = policy_from("allow: [x.org]\nmode: enforce\n");
    g_autoptr(BnsPolicy) observed = policy_from("allow: [x.org]\nmode: observe\n");

    g_assert_cmpstr(bns_policy_digest(nothing), ==, bns_policy_digest(enforced));
    g_assert_cmpstr(bns_policy_digest(nothing), !=, bns_policy_digest(observed));
    g_assert_false(bns_policy_observes(enforced));
}

#define ADD(rows, path, test)                                                          \
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {                                  \
        g_autofree char *name = g_strconcat(path, rows[i].name, NULL);                 \
                                                                                       \
        bns_test_add_data(name, &rows[i], test);                                       \
    }

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    ADD(rows, "/policy/observe/", policy_check_row);
    ADD(kind_rows, "/policy/observe/kind/", test_kind);
    ADD(address_rows, "/policy/observe/address/", test_address);
    ADD(permit_rows, "/policy/observe/permitted/", test_permit);
    bns_test_add("/policy/observe/the-rules-say-the-same-in-both-modes", test_same);
    bns_test_add("/policy/observe/option", test_option);
    bns_test_add("/policy/observe/digest", test_digest);
    return g_test_run();
}
