/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#define RULES_MAX 8

typedef struct {
    const char *name;
    const char *rules[RULES_MAX];
    const char *question;
    const char *prose;
} Case;

static const Case cases[] = {
    { "allowed",
      { "GET x.org/a/*" },
      "GET https://x.org:443/a/b",
      "Asked: GET /a/b by https at x.org, port 443\n"
      "Allowed by --allow#1 (GET x.org/a/*)\n" },
    { "denied-by-a-rule",
      { "*", "!x.org" },
      "GET https://x.org:443/",
      "Asked: GET / by https at x.org, port 443\n"
      "Denied by --deny#1 (x.org)\n" },
    { "no-rule-at-all",
      { NULL },
      "GET https://x.org:443/a",
      "Asked: GET /a by https at x.org, port 443\n"
      "Denied: no rule allows this host.\n"
      "This would allow it: --allow 'GET x.org/a'\n" },
    { "each-miss-by-its-distance",
      { "https://x.org:80", "x.org:80", "http://x.org", "PUT x.org", "x.org/b",
        "y.org" },
      "GET https://x.org:443/a",
      "Asked: GET /a by https at x.org, port 443\n"
      "Denied: no rule for this host allows this path.\n"
      "Rules that come near:\n"
      "  --allow#5 (x.org/b): the path /a does not match\n"
      "  --allow#4 (PUT x.org): GET is not one of its methods\n"
      "  --allow#1 (https://x.org:80): port 443 is not one of its ports\n"
      "  --allow#2 (x.org:80): port 443 is not one of its ports\n"
      "  --allow#3 (http://x.org): it is not for https\n"
      "This would allow it: --allow 'GET x.org/a'\n" },
    { "a-star-is-not-the-name",
      { "*.x.org" },
      "GET https://x.org:443/",
      "Asked: GET / by https at x.org, port 443\n"
      "Denied: no rule allows this host.\n"
      "Rules that come near:\n"
      "  --allow#1 (*.x.org): it is for what is below the name, not for the name "
      "itself\n"
      "This would allow it: --allow 'GET x.org/'\n" },
    { "a-name-is-not-what-is-below",
      { "x.org", "rg" },
      "GET https://a.x.org:443/",
      "Asked: GET / by https at a.x.org, port 443\n"
      "Denied: no rule allows this host.\n"
      "Rules that come near:\n"
      "  --allow#1 (x.org): it is for that name alone, not for what is below it\n"
      "This would allow it: --allow 'GET a.x.org/'\n" },
    { "an-encoded-slash-needs-two-stars",
      { "x.org/p/*/x" },
      "GET https://x.org:443/p/a%2Fb/x",
      "Asked: GET /p/a%2Fb/x by https at x.org, port 443\n"
      "Denied: no rule for this host allows this path.\n"
      "Rules that come near:\n"
      "  --allow#1 (x.org/p/*/x): the path /p/a%2Fb/x can also be read as /p/a/b/x, "
      "which does not match (** in a rule stands for any number of segments)\n"
      "This would allow it: --allow 'GET x.org/p/**'\n" },
    { "dots-are-another-reading",
      { "x.org/public/**" },
      "GET https://x.org:443/public/../admin",
      "Asked: GET /public/../admin by https at x.org, port 443\n"
      "Denied: no rule for this host allows this path.\n"
      "Rules that come near:\n"
      "  --allow#1 (x.org/public/**): the path /public/../admin can also be read as "
      "/admin, which does not match\n"
      "This would allow it: --allow 'GET x.org/**'\n" },
    { "a-path-that-is-refused",
      { "x.org" },
      "GET https://x.org:443/%00",
      "Asked: GET /%00 by https at x.org, port 443\n"
      "It is answered with 400: the path has an encoded control byte.\n" },
    { "hostile-bytes-are-harmless",
      { NULL },
      "G\x1bT https://x.org:443/\x1b[2J';rm",
      "Asked: G\\x1bT /\\x1b[2J';rm by https at x.org, port 443\n"
      "It is answered with 400: the path has a byte that a URI cannot hold.\n" },
    { "the-guard-has-the-last-word",
      { "*" },
      "GET http://169.254.169.254:80/",
      "Asked: GET / by http at 169.254.169.254, port 80\n"
      "Allowed by --allow#1 (*)\n"
      "But it is refused: the address is link-local, where metadata services are: that "
      "needs private: true on the rule, or a cidr rule.\n" },
    { "a-guarded-address-needs-more-than-a-rule",
      { NULL },
      "tcp://10.0.0.1:22",
      "Asked: an opaque flow to 10.0.0.1, port 22\n"
      "Denied: no tcp rule allows this host and port.\n"
      "This would allow it: --allow 'tcp://10.0.0.1:22'\n"
      "That alone is not enough: the address is in a private network: that needs "
      "private: "
      "true "
      "on the rule, or a cidr rule.\n" },
    { "tcp-is-allowed",
      { "tcp://x.org:22" },
      "tcp://x.org:22",
      "Asked: an opaque flow to x.org, port 22\n"
      "Allowed by --allow#1 (tcp://x.org:22)\n" },
    { "tcp-has-near-misses",
      { "tcp://x.org:22", "x.org" },
      "tcp://x.org:23",
      "Asked: an opaque flow to x.org, port 23\n"
      "Denied: no tcp rule allows this host and port.\n"
      "Rules that come near:\n"
      "  --allow#1 (tcp://x.org:22): port 23 is not one of its ports\n"
      "  --allow#2 (x.org): it is not for tcp\n"
      "This would allow it: --allow 'tcp://x.org:23'\n" },
    { "a-tcp-rule-hides-requests",
      { "tcp://x.org:22", "domain=x.org" },
      "GET http://x.org:22/",
      "Asked: GET / by http at x.org, port 22\n"
      "A tcp rule names this host and port: nothing is read of such a flow, and no "
      "rule "
      "about requests applies.\n"
      "Allowed by --allow#2 (domain=x.org)\n" },
    { "nothing-would-allow-localhost",
      { "*" },
      "GET http://localhost:80/",
      "Asked: GET / by http at localhost, port 80\n"
      "Denied: localhost is the sandbox's own loopback, never the host's.\n" },
};

static void
test_explain(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(BnsPolicy) policy = policy_of(c->rules);
    g_auto(Question) question = question_from(c->question);
    g_autofree char *prose = bns_policy_explain(policy, &question.request);

    g_assert_cmpstr(prose, ==, c->prose);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/explain/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_explain);
    }
    return g_test_run();
}
