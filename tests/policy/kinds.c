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

/* --- generated rules --- */

#define ROUNDS      3000
#define RULES_MAX   5
#define PICK(table) ((table)[g_test_rand_int_range(0, G_N_ELEMENTS(table))])

static const char *const hosts[] = {
    "x.org",     "*.x.org",    ".x.org",      "a.x.org",     "*.a.x.org", ".a.x.org",
    "b.a.x.org", "y.org",      ".org",        "10.0.0.1",    "10.1.0.1",  "[fd00::1]",
    "*",         "10.0.0.0/8", "10.0.0.0/16", "10.1.0.0/17", "fd00::/9",  "0.0.0.0/0",
};
/* Wherever two of them meet, one of these is in both. */
static const char *const points[] = {
    "x.org", "a.x.org",  "b.a.x.org", "c.b.a.x.org", "c.x.org",
    "y.org", "10.0.0.1", "10.1.0.1",  "fd00::1",     "192.0.2.1",
};
static const char *const rests[] = {
    "ports: [22]",
    "ports: [443]",
    "ports: [22, 8080], protocol: tcp",
    "ports: [443], protocol: tcp",
    "ports: [22, 443], protocol: tcp",
    "ports: [443], inspect: false",
    "ports: [8443, 8080], inspect: false",
    "scheme: http",
};

static char *
random_rule(void)
{
    const char *host = PICK(hosts);

    return g_strdup_printf("  - { %s: \"%s\", %s }\n",
                           strchr(host, '/') != NULL ? "cidr" : "domain", host,
                           PICK(rests));
}

static bool
is_about(const BnsRule *rule, const char *point)
{
    BnsAddress address;
    const BnsAddress *literal = bns_address_parse(point, &address) ? &address : NULL;

    return bns_host_pattern_matches(&g_array_index(rule->hosts, BnsHostPattern, 0),
                                    point, literal);
}

static bool
meet(const BnsRule *a, const BnsRule *b)
{
    bool has_port = false, has_host = false;
    bool is_same_kind = a->schemes == b->schemes ||
                        ((a->schemes | b->schemes) & ~(unsigned)BNS_SCHEMES_HTTP) == 0;

    for (guint i = 0; i < a->ports->len; i++)
        has_port |= bns_rule_has_port(b, g_array_index(a->ports, uint16_t, i));
    for (size_t i = 0; i < G_N_ELEMENTS(points); i++)
        has_host |= is_about(a, points[i]) && is_about(b, points[i]);
    return !is_same_kind && has_port && has_host;
}

static bool
some_meet(const BnsPolicy *policy)
{
    for (guint i = 0; i < policy->rules->len; i++)
        for (guint j = 0; j < i; j++)
            if (meet(policy->rules->pdata[i], policy->rules->pdata[j]))
                return true;
    return false;
}

/* Each pair by itself says what all of them together say. */
static void
test_pairs(void)
{
    unsigned n_met = 0;

    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(GString) yaml = g_string_new("allow:\n");
        int n = g_test_rand_int_range(1, RULES_MAX + 1);
        g_autoptr(BnsConfig) config = NULL;
        g_autoptr(BnsPolicy) policy = bns_policy_new();
        g_autoptr(GError) error = NULL;
        bool expected;

        for (int i = 0; i < n; i++) {
            g_autofree char *rule = random_rule();

            g_string_append(yaml, rule);
        }
        config = bns_config_parse("/p.yaml", yaml->str, yaml->len, &error);
        g_assert_no_error(error);
        bns_policy_add_config(policy, config, NULL);
        expected = some_meet(policy);
        if (bns_policy_check_kinds(policy, &error) == expected)
            g_error("%s: %s", yaml->str, error != NULL ? error->message : "no error");
        n_met += expected;
    }
    g_assert_cmpuint(n_met, >, ROUNDS / 8);
    g_assert_cmpuint(n_met, <, ROUNDS - ROUNDS / 8);
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
    bns_test_add("/policy/kinds/pairs-say-what-all-say", test_pairs);
    bns_test_add("/policy/kinds/options-are-checked-too", test_options);
    return g_test_run();
}
