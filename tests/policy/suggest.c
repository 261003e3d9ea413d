/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

typedef struct {
    const char *name;
    const char *question;
    const char *rule;
} Case;

static const Case cases[] = {
    { "a-request", "GET https://x.org:443/a/b", "GET x.org/a/b" },
    { "the-root", "GET http://x.org:80/", "GET x.org/" },
    { "another-port", "GET http://x.org:8080/a", "GET x.org:8080/a" },
    { "a-trailing-slash", "GET http://x.org:80/a/", "GET x.org/a/" },
    { "an-unsafe-last-segment", "GET http://x.org:80/a/b%20c", "GET x.org/a/**" },
    { "an-unsafe-segment-in-the-middle", "GET http://x.org:80/a/b$c/d",
      "GET x.org/a/**" },
    { "an-unsafe-first-segment", "GET http://x.org:80/$(x)/a", "GET x.org/**" },
    { "a-star-is-unsafe", "GET http://x.org:80/a/*", "GET x.org/a/**" },
    { "dots-that-stay-below", "GET http://x.org:80/a/b/../c", "GET x.org/a/**" },
    { "dots-that-leave", "GET http://x.org:80/a/../b", "GET x.org/**" },
    { "two-slashes", "GET http://x.org:80//a", "GET x.org/**" },
    { "two-slashes-below", "GET http://x.org:80/a//b", "GET x.org/a/**" },
    { "an-encoded-slash", "GET http://x.org:80/@a%2Fb", "GET x.org/**" },
    { "a-strange-method-is-left-out", "get http://x.org:80/a", "x.org/a" },
    { "a-hostile-method-is-left-out", "$(X) http://x.org:80/a", "x.org/a" },
    { "an-endless-method-is-left-out", "AAAAAAAAAAAAAAAAAAAAA http://x.org:80/a",
      "x.org/a" },
    { "an-address", "GET http://10.0.0.1:80/8", "GET 10.0.0.1:80/8" },
    { "an-ipv6-address", "GET http://[2001:db8::1]:80/a", "GET [2001:db8::1]:80/a" },
    { "tcp", "tcp://x.org:22", "tcp://x.org:22" },
    { "tcp-to-an-ipv6-address", "tcp://[2001:db8::1]:22", "tcp://[2001:db8::1]:22" },
};

static void
test_suggest(gconstpointer data)
{
    const Case *c = data;
    g_auto(Question) q = question_from(c->question);
    g_autofree char *rule =
        bns_policy_suggest(q.request.scheme, q.host, q.request.port, q.method, q.path);
    const char *rules[] = { rule, NULL };
    g_autoptr(BnsPolicy) policy = policy_of(rules);

    g_assert_cmpstr(rule, ==, c->rule);
    g_assert_cmpint(bns_policy_decide(policy, &q.request).verdict, ==,
                    BNS_VERDICT_ALLOW);
}

static void
test_without(void)
{
    g_autofree char *host =
        bns_policy_suggest(BNS_SCHEME_HTTPS, "x.org", 443, NULL, NULL);
    g_autofree char *refused =
        bns_policy_suggest(BNS_SCHEME_HTTPS, "x.org", 443, "GET", "/\x1b");
    g_autofree char *star =
        bns_policy_suggest(BNS_SCHEME_HTTPS, "x.org", 443, "OPTIONS", "*");
    g_autofree char *address =
        bns_policy_suggest(BNS_SCHEME_HTTP, "10.0.0.1", 80, NULL, "/8");

    g_assert_cmpstr(host, ==, "x.org");
    g_assert_cmpstr(refused, ==, "GET x.org");
    g_assert_cmpstr(star, ==, "OPTIONS x.org");
    g_assert_cmpstr(address, ==, "10.0.0.1:80/8");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/suggest/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_suggest);
    }
    bns_test_add("/policy/suggest/what-is-missing-or-refused-is-left-out",
                 test_without);
    return g_test_run();
}
