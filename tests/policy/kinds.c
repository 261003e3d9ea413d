/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_private.h"
#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *first;
    const char *second;
    unsigned port; /* 0: they get along */
} Case;

#define TCP(host, port)     "{ domain: \"" host "\", ports: " port ", protocol: tcp }"
#define SEALED(host, port)  "{ domain: \"" host "\", ports: " port ", inspect: false }"
#define TCP_NET(cidr, port) "{ cidr: \"" cidr "\", ports: " port ", protocol: tcp }"

static const Case cases[] = {
    { "the-default-port-443", TCP("x.org", "443"), "x.org", 443 },
    { "the-default-port-80", TCP("x.org", "80"), "x.org", 80 },
    { "in-the-other-order", "x.org", TCP("x.org", "443"), 443 },
    { "a-named-port", TCP("x.org", "22"), "x.org:22", 22 },
    { "one-of-several-ports", TCP("x.org", "[1, 2]"), "x.org:2,3", 2 },
    { "with-a-path", TCP("x.org", "443"), "GET x.org/a", 443 },
    { "the-port-of-a-scheme", TCP("x.org", "443"), "https://x.org", 443 },
    { "not-the-port-of-the-other-scheme", TCP("x.org", "443"), "http://x.org", 0 },
    { "another-port", TCP("x.org", "22"), "x.org", 0 },
    { "another-host", TCP("x.org", "443"), "y.org", 0 },
    { "no-port-named", TCP("x.org", "443"), "domain=x.org", 0 },
    { "no-port-named-by-labels", TCP("x.org", "443"), "domain=*.*.org", 0 },
    { "two-tcp-rules", TCP("x.org", "443"), TCP("x.org", "443"), 0 },
    { "any-host", TCP("*", "443"), "x.org", 443 },
    { "any-host-for-requests", TCP("x.org", "443"), "'*'", 443 },
    { "below", TCP("*.x.org", "443"), "a.x.org", 443 },
    { "below-is-not-the-name", TCP("*.x.org", "443"), "x.org", 0 },
    { "the-name-and-below", TCP(".x.org", "443"), "x.org", 443 },
    { "below-and-further-below", TCP("*.x.org", "443"), "'*.a.x.org'", 443 },
    { "below-the-same", TCP("*.x.org", "443"), "'*.x.org'", 443 },
    { "below-another", TCP("*.x.org", "443"), "'*.ax.org'", 0 },
    { "below-and-with-the-name", TCP("*.x.org", "443"), ".x.org", 443 },
    { "an-address", TCP("10.0.0.1", "443"), "10.0.0.1", 443 },
    { "an-address-and-below", TCP("10.0.0.1", "443"), "'*.x.org'", 0 },
    { "a-network-and-an-address", TCP_NET("10.0.0.0/8", "443"), "10.0.0.1", 443 },
    { "a-network-and-another-address", TCP_NET("10.0.0.0/8", "443"), "11.0.0.1", 0 },
    { "a-network-and-a-name", TCP_NET("10.0.0.0/8", "443"), "x.org", 0 },
    { "a-network-and-any-host", TCP_NET("10.0.0.0/8", "443"), "'*'", 443 },
    { "a-network-in-a-network", TCP_NET("10.0.0.0/8", "443"), "{ cidr: 10.1.0.0/16 }",
      443 },
    { "a-network-beside-a-network", TCP_NET("10.0.0.0/16", "443"),
      "{ cidr: 10.1.0.0/16 }", 0 },
    { "sealed-and-inspected", SEALED("x.org", "443"), "x.org", 443 },
    { "sealed-and-inspected-in-the-other-order", "x.org", SEALED("x.org", "443"), 443 },
    { "sealed-and-a-path", SEALED("x.org", "443"), "GET x.org/a", 443 },
    { "sealed-and-any-host", SEALED("x.org", "443"), "'*'", 443 },
    { "sealed-and-plain-http", SEALED("x.org", "443"), "http://x.org", 0 },
    { "sealed-on-another-port", SEALED("x.org", "8443"), "x.org", 0 },
    { "sealed-and-no-port-named", SEALED("x.org", "443"), "domain=x.org", 0 },
    { "sealed-and-opaque", SEALED("x.org", "443"), TCP("x.org", "443"), 443 },
    { "sealed-and-opaque-below", SEALED("*.x.org", "443"), TCP("a.x.org", "443"), 443 },
    { "sealed-twice", SEALED("x.org", "443"), SEALED("x.org", "443"), 0 },
    { "sealed-beside-another-host", SEALED("x.org", "443"), "y.org", 0 },
    { "networks-of-two-families", TCP_NET("::/0", "443"), "{ cidr: 0.0.0.0/0 }", 0 },
};

static void
test_kinds(gconstpointer data)
{
    const Case *c = data;
    g_autofree char *yaml =
        g_strdup_printf("allow:\n  - %s\n  - %s\n", c->first, c->second);
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy =
        bns_policy_parse("/p.yaml", yaml, strlen(yaml), &error);
    g_autofree char *port = g_strdup_printf(" both name port %u of a host", c->port);

    if (c->port == 0) {
        g_assert_no_error(error);
        return;
    }
    g_assert_null(policy);
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    g_assert_true(
        g_str_has_prefix(error->message, "/p.yaml:3:5: this rule and /p.yaml:2 ("));
    g_assert_nonnull(strstr(error->message, port));
}

/* What is denied has no kind. */
static void
test_denies(void)
{
    static const char yaml[] = "allow: ['tcp://x.org:443']\ndeny: ['x.org:443']\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy =
        bns_policy_parse("/p.yaml", yaml, strlen(yaml), &error);

    g_assert_no_error(error);
    g_assert_cmpuint(bns_policy_n_rules(policy), ==, 2);
}

static void
test_options(void)
{
    char *allow[] = { (char[]){ "x.org" }, (char[]){ "tcp://x.org:443" }, NULL };
    BnsPolicySource source = { .allow = allow };
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_policy_load(&source, NULL, &error));
    g_assert_cmpstr(error->message, ==,
                    "--allow#2: this rule and --allow#1 (x.org) both name port 443 of "
                    "a host, one for requests and one for opaque tcp: a flow is "
                    "either, so remove one or name another port");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/kinds/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_kinds);
    }
    bns_test_add("/policy/kinds/denies-have-none", test_denies);
    bns_test_add("/policy/kinds/options-are-checked-too", test_options);
    return g_test_run();
}
