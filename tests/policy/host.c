/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/host.h"
#include "tests/support/test.h"

#include <string.h>

#define LABEL63 "a12345678901234567890123456789012345678901234567890123456789012"
#define NAME252                                                                        \
    LABEL63 "." LABEL63 "." LABEL63 "."                                                \
            "a12345678901234567890123456789012345678901234567890123456789"

typedef struct {
    const char *name;
    const char *text;
    const char *canonical; /* NULL: refused */
    BnsHostKind kind;
} Case;

static const Case cases[] = {
    { "a-name-is-itself", "github.com", "github.com", BNS_HOST_NAME },
    { "case-is-folded", "GitHub.COM", "github.com", BNS_HOST_NAME },
    { "trailing-dot-is-dropped", "github.com.", "github.com", BNS_HOST_NAME },
    { "only-one-trailing-dot-is-dropped", "github.com..", NULL, 0 },
    { "a-dot-alone-is-refused", ".", NULL, 0 },
    { "a-leading-dot-is-refused", ".github.com", NULL, 0 },
    { "an-empty-label-is-refused", "github..com", NULL, 0 },
    { "nothing-is-refused", "", NULL, 0 },
    { "one-label-is-a-name", "intranet", "intranet", BNS_HOST_NAME },
    { "underscore-is-a-label-byte", "_dmarc.a_b.org", "_dmarc.a_b.org", BNS_HOST_NAME },
    { "a-hyphen-inside-is-fine", "xn--bcher-kva.de", "xn--bcher-kva.de",
      BNS_HOST_NAME },
    { "a-leading-hyphen-is-refused", "-x.org", NULL, 0 },
    { "a-trailing-hyphen-is-refused", "x-.org", NULL, 0 },
    { "a-space-is-refused", "a b.org", NULL, 0 },
    { "an-at-sign-is-refused", "user@x.org", NULL, 0 },
    { "a-percent-sign-is-refused", "x%2eorg", NULL, 0 },
    { "a-slash-is-refused", "x.org/a", NULL, 0 },
    { "a-colon-is-refused", "x.org:80", NULL, 0 },
    { "a-star-is-refused", "*.x.org", NULL, 0 },
    { "a-newline-is-refused", "x.org\n", NULL, 0 },
    { "utf8-is-refused",
      "b\xc3\xbc"
      "cher.de",
      NULL, 0 },
    { "a-full-width-dot-is-refused", "x\xef\xbc\x8eorg", NULL, 0 },
    { "a-label-of-63-is-fine", LABEL63 ".org", LABEL63 ".org", BNS_HOST_NAME },
    { "a-label-of-64-is-refused", "x" LABEL63 ".org", NULL, 0 },
    { "a-name-of-253-is-fine", NAME252 "x", NAME252 "x", BNS_HOST_NAME },
    { "a-name-of-253-and-a-dot-is-fine", NAME252 "x.", NAME252 "x", BNS_HOST_NAME },
    { "a-name-of-254-is-refused", NAME252 "xy", NULL, 0 },
    { "a-dotted-quad-is-ipv4", "10.0.0.1", "10.0.0.1", BNS_HOST_IPV4 },
    { "the-largest-quad-is-ipv4", "255.255.255.255", "255.255.255.255", BNS_HOST_IPV4 },
    { "256-is-no-octet", "10.0.0.256", NULL, 0 },
    { "octal-is-refused", "0177.0.0.1", NULL, 0 },
    { "a-leading-zero-is-refused", "10.0.0.01", NULL, 0 },
    { "hexadecimal-is-refused", "0x7f.0.0.0x1", NULL, 0 },
    { "upper-case-hexadecimal-is-refused", "1.1.1.0X1", NULL, 0 },
    { "a-hexadecimal-label-alone-is-refused", "0x7f000001", NULL, 0 },
    { "a-number-is-refused", "2130706433", NULL, 0 },
    { "three-numbers-are-refused", "127.0.1", NULL, 0 },
    { "five-numbers-are-refused", "1.2.3.4.5", NULL, 0 },
    { "a-name-that-ends-in-digits-only-is-refused", "x.123", NULL, 0 },
    { "a-name-that-ends-in-0x-is-refused", "x.0xyz", NULL, 0 },
    { "digits-in-front-are-fine", "123.x", "123.x", BNS_HOST_NAME },
    { "0x-in-front-is-fine", "0x1.x", "0x1.x", BNS_HOST_NAME },
    { "a-last-label-of-digits-and-a-letter-is-a-name", "x.1a", "x.1a", BNS_HOST_NAME },
    { "ipv6-needs-brackets", "::1", NULL, 0 },
    { "ipv6-in-brackets", "[::1]", "::1", BNS_HOST_IPV6 },
    { "ipv6-is-shortened", "[2001:DB8:0:0:0:0:0:1]", "2001:db8::1", BNS_HOST_IPV6 },
    { "ipv4-mapped-stays-ipv6", "[::ffff:a00:1]", "::ffff:10.0.0.1", BNS_HOST_IPV6 },
    { "a-zone-is-refused", "[fe80::1%eth0]", NULL, 0 },
    { "an-encoded-zone-is-refused", "[fe80::1%25eth0]", NULL, 0 },
    { "a-future-literal-is-refused", "[v1.x]", NULL, 0 },
    { "ipv4-in-brackets-is-refused", "[10.0.0.1]", NULL, 0 },
    { "empty-brackets-are-refused", "[]", NULL, 0 },
    { "an-open-bracket-is-refused", "[::1", NULL, 0 },
    { "bytes-behind-the-bracket-are-refused", "[::1]x", NULL, 0 },
    { "a-trailing-dot-behind-the-bracket-is-refused", "[::1].", NULL, 0 },
};

static void
test_canonical(gconstpointer data)
{
    const Case *c = data;
    BnsHost host;
    bool is_host = bns_host_canonical(c->text, strlen(c->text), &host);

    g_assert_cmpstr(is_host ? host.text : NULL, ==, c->canonical);
    if (is_host)
        g_assert_cmpint(host.kind, ==, c->kind);
}

static void
test_nul(void)
{
    static const char name[] = "evil.org\0.github.com";
    static const char literal[] = "[::1\0]";
    BnsHost host;

    g_assert_false(bns_host_canonical(name, sizeof name - 1, &host));
    g_assert_false(bns_host_canonical(literal, sizeof literal - 1, &host));
}

static void
test_address(void)
{
    BnsHost host;

    g_assert_true(bns_host_canonical("10.1.2.3", 8, &host));
    g_assert_cmphex(ntohl(host.v4.s_addr), ==, 0x0a010203);
    g_assert_true(bns_host_canonical("[::1]", 5, &host));
    g_assert_true(IN6_IS_ADDR_LOOPBACK(&host.v6));
}

typedef struct {
    const char *name;
    const char *text;
    const char *host; /* NULL: refused */
    uint16_t port;
} PortCase;

static const PortCase port_cases[] = {
    { "without-port", "x.org", "x.org", 0 },
    { "with-port", "X.org:8080", "x.org", 8080 },
    { "the-lowest-port", "x.org:1", "x.org", 1 },
    { "the-highest-port", "x.org:65535", "x.org", 65535 },
    { "port-zero-is-refused", "x.org:0", NULL, 0 },
    { "port-65536-is-refused", "x.org:65536", NULL, 0 },
    { "port-99999-is-refused", "x.org:99999", NULL, 0 },
    { "a-port-beyond-64-bits-is-refused", "x.org:18446744073709551696", NULL, 0 },
    { "an-empty-port-is-refused", "x.org:", NULL, 0 },
    { "a-signed-port-is-refused", "x.org:+80", NULL, 0 },
    { "a-port-with-a-leading-zero-is-refused", "x.org:080", NULL, 0 },
    { "a-port-with-a-space-is-refused", "x.org: 80", NULL, 0 },
    { "a-port-with-letters-is-refused", "x.org:80a", NULL, 0 },
    { "two-ports-are-refused", "x.org:80:80", NULL, 0 },
    { "no-host-is-refused", ":80", NULL, 0 },
    { "ipv4-with-port", "10.0.0.1:80", "10.0.0.1", 80 },
    { "ipv6-without-port", "[::1]", "::1", 0 },
    { "ipv6-with-port", "[::1]:80", "::1", 80 },
    { "bare-ipv6-is-refused", "::1", NULL, 0 },
    { "bytes-between-bracket-and-port-are-refused", "[::1]x:80", NULL, 0 },
    { "an-empty-port-behind-a-bracket-is-refused", "[::1]:", NULL, 0 },
    { "userinfo-is-refused", "a:80@x.org", NULL, 0 },
};

static void
test_split_port(gconstpointer data)
{
    const PortCase *c = data;
    BnsHost host;
    uint16_t port = 1;
    bool is_valid = bns_host_split_port(c->text, strlen(c->text), &host, &port);

    g_assert_cmpstr(is_valid ? host.text : NULL, ==, c->host);
    if (is_valid)
        g_assert_cmpuint(port, ==, c->port);
}

static void
test_own_names(void)
{
    g_assert_true(bns_host_is_localhost("localhost"));
    g_assert_true(bns_host_is_localhost("a.b.localhost"));
    g_assert_false(bns_host_is_localhost("mylocalhost"));
    g_assert_false(bns_host_is_localhost("localhost.org"));
    g_assert_true(bns_host_is_internal("boundary.internal"));
    g_assert_true(bns_host_is_internal("host.boundary.internal"));
    g_assert_false(bns_host_is_internal("xboundary.internal"));
    g_assert_false(bns_host_is_internal("internal"));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/policy/host/canonical/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_canonical);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(port_cases); i++) {
        g_autofree char *path =
            g_strconcat("/policy/host/split-port/", port_cases[i].name, NULL);

        bns_test_add_data(path, &port_cases[i], test_split_port);
    }
    bns_test_add("/policy/host/a-nul-byte-is-refused", test_nul);
    bns_test_add("/policy/host/literals-come-with-their-address", test_address);
    bns_test_add("/policy/host/own-names-are-known-by-whole-labels", test_own_names);
    return g_test_run();
}
