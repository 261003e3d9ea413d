/* SPDX-License-Identifier: Apache-2.0 */
/* What a system policy and the policy below it make together: never more than either. */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#include <arpa/inet.h>

/* --- rules --- */

#define KINDS                                                                          \
    "the system policy and the policy below it differ in the kind of this flow: "      \
    "requests, sealed TLS or opaque tcp"
#define NO_HOST "no rule of the system policy allows this host"

static const LayerRow rows[] = {
    { "both-allow", "allow: [x.org]\n", "allow: [x.org]\n", "GET https://x.org:443/",
      BNS_VERDICT_ALLOW, "/p.yaml:1", "an allow rule matches", false },
    { "below-is-narrower", "allow: ['*']\n", "allow: [x.org]\n",
      "GET https://y.org:443/", BNS_VERDICT_DENY, NULL, "no rule allows this host",
      false },
    { "below-is-wider", "allow: [x.org]\n", "allow: ['*']\n", "GET https://y.org:443/",
      BNS_VERDICT_DENY, NULL, NO_HOST, true },
    { "below-says-nothing", "allow: [x.org]\n", "", "GET https://x.org:443/",
      BNS_VERDICT_DENY, NULL, "no rule allows this host", false },
    { "the-system-says-nothing", "required: true\n", "allow: [x.org]\n",
      "GET https://x.org:443/", BNS_VERDICT_DENY, NULL, NO_HOST, true },
    { "neither-allows", "allow: [x.org]\n", "allow: [y.org]\n",
      "GET https://z.org:443/", BNS_VERDICT_DENY, NULL, NO_HOST, true },
    { "the-system-denies", "allow: ['*']\ndeny: [x.org]\n", "allow: [x.org]\n",
      "GET https://x.org:443/", BNS_VERDICT_DENY, "/s.yaml:2",
      "a deny rule of the system policy matches", true },
    { "with-its-reason", "allow: ['*']\ndeny: [{domain: x.org, reason: use ours}]\n",
      "allow: [x.org]\n", "GET https://x.org:443/", BNS_VERDICT_DENY, "/s.yaml:2",
      "use ours", true },
    { "below-denies", "allow: [x.org]\n", "allow: ['*']\ndeny: [x.org]\n",
      "GET https://x.org:443/", BNS_VERDICT_DENY, "/p.yaml:2", "a deny rule matches",
      false },
    { "both-deny", "allow: ['*']\ndeny: [x.org]\n", "deny: [x.org]\n",
      "GET https://x.org:443/", BNS_VERDICT_DENY, "/s.yaml:2", NULL, true },
    { "a-method-of-the-system", "allow: [GET x.org]\n", "allow: [x.org]\n",
      "PUT https://x.org:443/", BNS_VERDICT_DENY, NULL,
      "no rule of the system policy for this host allows this method", true },
    { "a-method-in-both", "allow: ['GET,HEAD x.org']\n", "allow: ['GET,PUT x.org']\n",
      "GET https://x.org:443/", BNS_VERDICT_ALLOW, "/p.yaml:1", NULL, false },
    { "a-path-of-the-system", "allow: [x.org/a/**]\n", "allow: [x.org]\n",
      "GET https://x.org:443/b", BNS_VERDICT_DENY, NULL,
      "no rule of the system policy for this host allows this path", true },
    { "a-path-in-neither-alone", "allow: [x.org/a/*]\n", "allow: [x.org/*/b]\n",
      "GET https://x.org:443/a/b", BNS_VERDICT_ALLOW, "/p.yaml:1", NULL, false },
    { "a-port-of-the-system", "allow: ['x.org:443']\n", "allow: ['x.org:8080']\n",
      "GET https://x.org:8080/", BNS_VERDICT_DENY, NULL,
      "no rule of the system policy for this host allows this port", true },
    { "any-port-of-the-system", "allow: [domain=x.org]\n", "allow: ['x.org:8080']\n",
      "GET https://x.org:8080/", BNS_VERDICT_ALLOW, "/p.yaml:1", NULL, false },
    { "a-scheme-of-the-system", "allow: ['https://x.org']\n", "allow: [x.org]\n",
      "GET http://x.org:80/", BNS_VERDICT_DENY, NULL,
      "no rule of the system policy for this host allows this scheme", true },
    { "tcp-in-both", "allow: ['tcp://x.org:22']\n", "allow: ['tcp://x.org:22']\n",
      "tcp://x.org:22", BNS_VERDICT_ALLOW, "/p.yaml:1", NULL, false },
    { "tcp-below-only", "allow: ['*']\n", "allow: ['tcp://x.org:22']\n",
      "tcp://x.org:22", BNS_VERDICT_DENY, NULL,
      "no tcp rule of the system policy allows this host and port", true },
    { "tcp-where-the-system-reads", "allow: ['*']\n", "allow: ['tcp://x.org:443']\n",
      "tcp://x.org:443", BNS_VERDICT_DENY, NULL, KINDS, true },
    { "tcp-where-below-reads", "allow: ['tcp://x.org:443']\n", "allow: [x.org]\n",
      "tcp://x.org:443", BNS_VERDICT_DENY, NULL, KINDS, false },
    { "sealed-in-both", "allow: [{domain: x.org, inspect: false}]\n",
      "allow: [{domain: x.org, inspect: false}]\n", "tls://x.org:443",
      BNS_VERDICT_ALLOW, "/p.yaml:1", NULL, false },
    { "sealed-where-the-system-reads", "allow: ['*']\n",
      "allow: [{domain: x.org, inspect: false}]\n", "tls://x.org:443", BNS_VERDICT_DENY,
      NULL, KINDS, true },
    { "sealed-where-below-reads", "allow: [{domain: x.org, inspect: false}]\n",
      "allow: [x.org]\n", "tls://x.org:443", BNS_VERDICT_DENY, NULL, KINDS, false },
    { "sealed-and-permitted-is-not-inspected", "permit: [sealed]\nallow: ['*']\n",
      "allow: [{domain: x.org, inspect: false}]\n", "tls://x.org:443", BNS_VERDICT_DENY,
      NULL, KINDS, true },
    { "our-own-names", "allow: [domain=*]\n", "allow: [domain=*]\n",
      "GET http://localhost:80/", BNS_VERDICT_DENY, NULL,
      "localhost is the sandbox's own loopback, never the host's", false },
};

/* --- flows --- */

typedef struct {
    const char *name;
    const char *system;
    const char *yaml;
    uint16_t port;
    BnsFlowKind kind;
} FlowRow;

static const FlowRow flow_rows[] = {
    { "read", "allow: [x.org]\n", "allow: [x.org]\n", 443, BNS_FLOW_READ },
    { "read-to-be-answered", "allow: [y.org]\n", "", 443, BNS_FLOW_READ },
    { "read-where-both-name-it", "allow: ['x.org:8080']\n", "allow: ['x.org:8080']\n",
      8080, BNS_FLOW_READ },
    { "not-where-below-names-it", "allow: [x.org]\n", "allow: ['x.org:8080']\n", 8080,
      BNS_FLOW_REFUSE },
    { "not-where-the-system-names-it", "allow: ['x.org:8080']\n", "allow: [x.org]\n",
      8080, BNS_FLOW_REFUSE },
    { "any-port-in-both", "allow: [domain=x.org]\n", "allow: [domain=x.org]\n", 8080,
      BNS_FLOW_READ_AFTER_DIAL },
    { "any-port-above", "allow: [domain=x.org]\n", "allow: ['x.org:8080']\n", 8080,
      BNS_FLOW_READ },
    { "any-port-below", "allow: ['x.org:8080']\n", "allow: [domain=x.org]\n", 8080,
      BNS_FLOW_READ },
    { "any-port-of-another-host", "allow: [domain=y.org]\n", "allow: [domain=x.org]\n",
      8080, BNS_FLOW_REFUSE },
    { "tcp-in-both", "allow: ['tcp://x.org:22']\n", "allow: ['tcp://x.org:22']\n", 22,
      BNS_FLOW_TCP },
    { "tcp-above", "allow: ['tcp://x.org:22']\n", "", 22, BNS_FLOW_REFUSE },
    { "tcp-below", "allow: [x.org]\n", "allow: ['tcp://x.org:22']\n", 22,
      BNS_FLOW_REFUSE },
    { "tcp-where-the-system-reads", "allow: [x.org]\n", "allow: ['tcp://x.org:443']\n",
      443, BNS_FLOW_REFUSE },
    { "tcp-where-below-reads", "allow: ['tcp://x.org:443']\n", "allow: [x.org]\n", 443,
      BNS_FLOW_REFUSE },
    { "tcp-that-the-system-denies", "allow: ['tcp://x.org:22']\ndeny: [x.org]\n",
      "allow: ['tcp://x.org:22']\n", 22, BNS_FLOW_REFUSE },
};

static void
test_flow(const void *data)
{
    const FlowRow *row = data;
    g_autoptr(BnsPolicy) policy = policy_in_layers(row->system, row->yaml);
    BnsDecision decision;
    BnsFlowKind kind = bns_policy_flow_kind(policy, "x.org", row->port, &decision);

    g_assert_cmpint(kind, ==, row->kind);
    g_assert_cmpint(decision.verdict == BNS_VERDICT_ALLOW, ==, kind != BNS_FLOW_REFUSE);
    g_assert_nonnull(decision.reason);
}

/* --- addresses --- */

typedef struct {
    const char *name;
    const char *system;
    const char *yaml;
    const char *address;
    BnsVerdict verdict;
} AddressRow;

#define OPEN "allow: [{domain: x.org, private: true}]\n"

static const AddressRow address_rows[] = {
    { "global", "allow: [x.org]\n", "allow: [x.org]\n", "8.8.8.8", BNS_VERDICT_ALLOW },
    { "guarded-by-both", "allow: [x.org]\n", "allow: [x.org]\n", "10.0.0.1",
      BNS_VERDICT_DENY },
    { "opened-by-both", OPEN, OPEN, "10.0.0.1", BNS_VERDICT_ALLOW },
    { "opened-above", OPEN, "allow: [x.org]\n", "10.0.0.1", BNS_VERDICT_DENY },
    { "opened-below", "allow: [x.org]\n", OPEN, "10.0.0.1", BNS_VERDICT_DENY },
    { "opened-below-by-name", "permit: [private]\nallow: [x.org]\n", OPEN, "10.0.0.1",
      BNS_VERDICT_ALLOW },
    { "permitted-and-not-opened", "permit: [private]\nallow: [x.org]\n",
      "allow: [x.org]\n", "10.0.0.1", BNS_VERDICT_DENY },
    { "a-network-in-both", "allow: [x.org, {cidr: 10.0.0.0/8}]\n",
      "allow: [x.org, {cidr: 10.0.0.0/8}]\n", "10.0.0.1", BNS_VERDICT_ALLOW },
    { "a-network-above", "allow: [x.org, {cidr: 10.0.0.0/8}]\n", "allow: [x.org]\n",
      "10.0.0.1", BNS_VERDICT_DENY },
    { "a-network-below", "allow: [x.org]\n", "allow: [x.org, {cidr: 10.0.0.0/8}]\n",
      "10.0.0.1", BNS_VERDICT_DENY },
    { "a-network-above-and-a-rule-below", "allow: [x.org, {cidr: 10.0.0.0/8}]\n", OPEN,
      "10.0.0.1", BNS_VERDICT_ALLOW },
    { "denied-above", "allow: [x.org]\ndeny: [{cidr: 8.0.0.0/8}]\n", "allow: [x.org]\n",
      "8.8.8.8", BNS_VERDICT_DENY },
    { "denied-below", "allow: [x.org]\n", "allow: [x.org]\ndeny: [{cidr: 8.0.0.0/8}]\n",
      "8.8.8.8", BNS_VERDICT_DENY },
};

static BnsDecision
decide_address(const BnsPolicy *policy, const char *address, bool is_given)
{
    g_auto(Question) q = question_from("GET https://x.org:443/");
    BnsDecision decision = bns_policy_decide(policy, &q.request);
    struct sockaddr_in in = { .sin_family = AF_INET };

    g_assert_cmpint(decision.verdict, ==, BNS_VERDICT_ALLOW);
    g_assert_cmpint(inet_pton(AF_INET, address, &in.sin_addr), ==, 1);
    return bns_policy_decide_address(policy, &decision, q.request.scheme,
                                     (const struct sockaddr *)&in, 443, is_given);
}

static void
test_address(const void *data)
{
    const AddressRow *row = data;
    g_autoptr(BnsPolicy) policy = policy_in_layers(row->system, row->yaml);

    g_assert_cmpint(decide_address(policy, row->address, false).verdict, ==,
                    row->verdict);
    /* --resolve lifts the guard, and no rule. */
    g_assert_cmpint(decide_address(policy, row->address, true).verdict, ==,
                    g_str_has_prefix(row->name, "denied") ? BNS_VERDICT_DENY
                                                          : BNS_VERDICT_ALLOW);
}

/* --- what is no rule --- */

typedef struct {
    const char *name;
    const char *system;
    const char *yaml;
    const char *error; /* NULL: it is a policy */
} RefusalRow;

static const RefusalRow refusal_rows[] = {
    { "sealed-by-default", "allow: ['*']\n",
      "allow: [{domain: x.org, inspect: false}]\n", NULL },
    { "sealed-with-required", "required: true\n",
      "allow: [{domain: x.org, inspect: false}]\n",
      "/p.yaml:1:9: inspect: false is not permitted by /s.yaml:1" },
    { "sealed-that-is-named", "required: true\npermit: [sealed]\n",
      "allow: [{domain: x.org, inspect: false}]\n", NULL },
    { "sealed-that-is-not-named", "permit: [private]\n",
      "allow: [{domain: x.org, inspect: false}]\n",
      "/p.yaml:1:9: inspect: false is not permitted by /s.yaml:1" },
    { "private-by-default", "allow: ['*']\n", OPEN, NULL },
    { "private-with-required", "required: true\n", OPEN,
      "/p.yaml:1:9: private: true is not permitted by /s.yaml:1" },
    { "private-that-is-named", "permit: [private]\nrequired: true\n", OPEN, NULL },
    { "private-that-is-not-named", "allow: ['*']\npermit: []\n", OPEN,
      "/p.yaml:1:9: private: true is not permitted by /s.yaml:2" },
    { "a-deny-rule-permits-itself", "required: true\n", "deny: [{cidr: 10.0.0.0/8}]\n",
      NULL },
    { "not-required", "required: false\n", OPEN, NULL },
    { "a-word-that-is-no-boolean", "required: yes\n", "",
      "/s.yaml:1:11: required: must be true or false" },
    { "an-unknown-permit", "permit: [resolve, everything]\n", "",
      "/s.yaml:1:19: permit: must be resolve, host-port, publish, upstream-ca, "
      "upstream-proxy, sealed, private, disable or observe" },
    { "a-permit-that-is-no-list", "permit: resolve\n", "",
      "/s.yaml:1:9: permit: must be a list: begin each item with - in a line of its "
      "own" },
};

static void
test_refusal(const void *data)
{
    const RefusalRow *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = policy_below(row->system, row->yaml, &error);

    if (row->error == NULL)
        g_assert_no_error(error);
    else
        g_assert_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID);
    g_assert_cmpstr(error != NULL ? error->message : NULL, ==, row->error);
    g_assert_cmpint(policy != NULL, ==, row->error == NULL);
}

static void
test_permits(void)
{
    g_autoptr(BnsPolicy) alone = policy_from("");
    g_autoptr(BnsPolicy) silent = policy_in_layers("allow: ['*']\n", "");
    g_autoptr(BnsPolicy) required = policy_in_layers("required: true\n", "");
    g_autoptr(BnsPolicy) listed = policy_in_layers("\npermit:\n- publish\n", "");

    for (BnsPermit permit = 0; permit < BNS_N_PERMITS; permit++) {
        g_assert_null(bns_policy_forbid(alone, permit));
        g_assert_null(bns_policy_forbid(silent, permit));
        g_assert_cmpstr(bns_policy_forbid(required, permit), ==, "/s.yaml:1");
        g_assert_cmpstr(bns_policy_forbid(listed, permit), ==,
                        permit == BNS_PERMIT_PUBLISH ? NULL : "/s.yaml:3");
    }
}

static void
test_identities(void)
{
    const char *ours =
        "allow: [{domain: x.org, client_cert: /s.pem, client_key: /s.key}]\n";
    const char *theirs =
        "allow: [{domain: x.org, client_cert: /p.pem, client_key: /p.key}]\n";
    g_autoptr(BnsPolicy) policy = policy_in_layers(ours, theirs);
    g_autoptr(BnsPolicy) lower = policy_in_layers("allow: [x.org]\n", theirs);
    g_auto(Question) q = question_from("GET https://x.org:443/");

    g_assert_cmpuint(bns_policy_identities(policy)->len, ==, 2);
    g_assert_cmpstr(bns_policy_decide(policy, &q.request).identity->cert_file, ==,
                    "/s.pem");
    g_assert_cmpstr(bns_policy_decide(lower, &q.request).identity->cert_file, ==,
                    "/p.pem");
}

/* --- for people --- */

static void
test_describe(void)
{
    g_autoptr(BnsPolicy) policy = policy_in_layers("permit: [resolve]\nallow: ['*']\n",
                                                   "allow: [x.org]\ndeny: [y.org]\n");
    g_autofree char *text = bns_policy_describe(policy);

    g_assert_cmpuint(bns_policy_n_rules(policy), ==, 3);
    g_assert_true(g_str_has_prefix(text, "/s.yaml:2\tallow\t*\n"
                                         "/p.yaml:1\tallow\tx.org\n"
                                         "/p.yaml:2\tdeny\ty.org\n"
                                         "/s.yaml:1\tpermit\tresolve\tyes\n"
                                         "/s.yaml:1\tpermit\thost-port\tno\n"));
}

typedef struct {
    const char *name;
    const char *system;
    const char *yaml;
    const char *question;
    const char *prose;
} ProseRow;

static const ProseRow prose_rows[] = {
    { "allowed", "allow: ['*']\n", "allow: [x.org]\n", "GET https://x.org:443/",
      "The system policy: allow by /s.yaml:1 (*)\n"
      "The policy below it: allow by /p.yaml:1 (x.org)\n"
      "Allowed by /p.yaml:1 (x.org)\n" },
    { "not-above", "allow: [x.org/a]\n", "allow: [x.org]\n", "GET https://x.org:443/b",
      "The system policy: deny, no rule of the system policy for this host allows this "
      "path\n"
      "The policy below it: allow by /p.yaml:1 (x.org)\n"
      "Denied: no rule of the system policy for this host allows this path.\n"
      "Rules that come near:\n"
      "  /s.yaml:1 (x.org/a): the path /b does not match\n"
      "No rule of yours can allow it: ask whoever keeps /etc/boundary-ns.\n" },
    { "denied-above", "allow: ['*']\ndeny: [x.org]\n", "allow: [x.org]\n",
      "GET https://x.org:443/b",
      "The system policy: deny by /s.yaml:2 (x.org)\n"
      "The policy below it: allow by /p.yaml:1 (x.org)\n"
      "Denied by /s.yaml:2 (x.org)\n" },
    { "not-below", "allow: ['*']\n", "", "GET https://x.org:443/",
      "The system policy: allow by /s.yaml:1 (*)\n"
      "The policy below it: deny, no rule allows this host\n"
      "Denied: no rule allows this host.\n"
      "This would allow it: --allow 'GET x.org/'\n" },
    { "guarded-above", "allow: ['*']\n", "", "GET https://10.0.0.1:443/",
      "The system policy: allow by /s.yaml:1 (*)\n"
      "The policy below it: deny, no rule allows this host\n"
      "Denied: no rule allows this host.\n"
      "This would allow it: --allow 'GET 10.0.0.1:443/'\n"
      "That alone is not enough: the address is a private or special one, and no rule "
      "of the system policy opens it (private: true, cidr).\n" },
};

static void
test_prose(const void *data)
{
    const ProseRow *row = data;
    g_autoptr(BnsPolicy) policy = policy_in_layers(row->system, row->yaml);
    g_auto(Question) q = question_from(row->question);
    g_autofree char *prose = bns_policy_explain(policy, &q.request);

    g_assert_cmpstr(strchr(prose, '\n') + 1, ==, row->prose);
}

static void
test_digest(void)
{
    g_autoptr(BnsPolicy) alone = policy_from("allow: [x.org]\n");
    g_autoptr(BnsPolicy) a = policy_in_layers("allow: ['*']\n", "allow: [x.org]\n");
    g_autoptr(BnsPolicy) b =
        policy_in_layers("allow: ['*']\nrequired: true\n", "allow: [x.org]\n");
    g_autoptr(BnsPolicy) same = policy_in_layers("allow: ['*']\n", "allow: [x.org]\n");

    g_assert_cmpstr(bns_policy_digest(a), !=, bns_policy_digest(alone));
    g_assert_cmpstr(bns_policy_digest(a), !=, bns_policy_digest(b));
    g_assert_cmpstr(bns_policy_digest(a), ==, bns_policy_digest(same));
}

#define ADD_ROWS(table, folder, func)                                                  \
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {                                 \
        g_autofree char *path =                                                        \
            g_strconcat("/policy/layers/" folder "/", (table)[i].name, NULL);          \
                                                                                       \
        bns_test_add_data(path, &(table)[i], func);                                    \
    }

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    ADD_ROWS(rows, "rules", policy_check_row);
    ADD_ROWS(flow_rows, "flows", test_flow);
    ADD_ROWS(address_rows, "addresses", test_address);
    ADD_ROWS(refusal_rows, "permits", test_refusal);
    ADD_ROWS(prose_rows, "explain", test_prose);
    bns_test_add("/policy/layers/permits-are-by-name", test_permits);
    bns_test_add("/policy/layers/certificates-of-the-system-are-shown",
                 test_identities);
    bns_test_add("/policy/layers/check-names-both", test_describe);
    bns_test_add("/policy/layers/the-digest-is-of-both", test_digest);
    return g_test_run();
}
