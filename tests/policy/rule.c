/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule.h"
#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *text;
    const char *canonical;
} GoodCase;

static const GoodCase good_cases[] = {
    { "a-host", "github.com", "github.com" },
    { "a-host-in-capitals", "GitHub.COM.", "github.com" },
    { "every-host", "*", "*" },
    { "below-a-name", "*.x.org", "*.x.org" },
    { "a-name-and-below", ".x.org", ".x.org" },
    { "an-address", "10.0.0.1", "10.0.0.1" },
    { "an-ipv6-address", "[2001:DB8:0::1]", "[2001:db8::1]" },
    { "a-port", "x.org:8080", "x.org:8080" },
    { "ports-are-sorted", "x.org:9,8,9", "x.org:8,9" },
    { "default-ports-are-left-out", "x.org:443,80", "x.org" },
    { "one-default-port-is-kept", "x.org:443", "x.org:443" },
    { "a-path", "x.org/a/*", "x.org/a/*" },
    { "the-root", "x.org/", "x.org/" },
    { "an-ipv6-address-with-port-and-path", "[::1]:8080/a", "[::1]:8080/a" },
    { "methods-are-sorted", "POST,GET,POST x.org", "GET,POST x.org" },
    { "http", "http://x.org", "http://x.org" },
    { "https-has-its-port", "https://x.org:443", "https://x.org" },
    { "https-on-another-port", "https://x.org:8443/a", "https://x.org:8443/a" },
    { "https-on-80", "https://x.org:80", "https://x.org:80" },
    { "everything-at-once", "GET https://*.x.org:1,2/a/**",
      "GET https://*.x.org:1,2/a/**" },
    { "tcp", "tcp://x.org:22", "tcp://x.org:22" },
    { "tcp-ports", "tcp://*:6379,5432", "tcp://*:5432,6379" },
    { "a-scheme-in-a-path-is-a-path", "x.org/http://y", "x.org/http://y" },
    { "a-path-that-looks-like-a-prefix-with-port", "10.0.0.1:80/8", "10.0.0.1:80/8" },
    { "a-path-that-looks-like-a-prefix-with-methods", "GET 10.0.0.1/8",
      "GET 10.0.0.1/8" },
    { "a-path-that-is-no-prefix", "10.0.0.1/33", "10.0.0.1/33" },

    { "coder-domain", "domain=github.com", "domain=github.com" },
    { "coder-in-capitals", "domain=GitHub.com", "domain=github.com" },
    { "coder-all", "method=GET,POST domain=x.org path=/a,/b",
      "method=GET,POST domain=x.org path=/a,/b" },
    { "coder-any-order", "path=/a domain=x.org method=GET",
      "method=GET domain=x.org path=/a" },
    { "coder-blanks", "domain=x.org \t\n method=GET  ", "method=GET domain=x.org" },
    { "coder-without-domain", "method=GET", "method=GET domain=*" },
    { "coder-without-all-but-path", "path=/a/*", "domain=* path=/a/*" },
    { "coder-any-host", "domain=*", "domain=*" },
    { "coder-below", "domain=*.x.org", "domain=*.x.org" },
    { "coder-labels", "domain=*.api.*.x.org", "domain=*.api.*.x.org" },
    { "coder-star-method", "method=*,GET domain=x.org", "domain=x.org" },
    { "coder-lower-case-method", "method=get domain=x.org", "method=get domain=x.org" },
    { "coder-comma-at-the-end", "method=GET, domain=x.org", "method=GET domain=x.org" },
    { "coder-method-twice", "method=GET domain=x.org method=PUT",
      "method=GET,PUT domain=x.org" },
    { "coder-path-twice", "path=/a domain=x.org path=/b", "domain=x.org path=/a,/b" },
    { "coder-path-without-slash", "domain=x.org path=a/b", "domain=x.org path=/a/b" },
    { "coder-trailing-slash-is-dropped", "domain=x.org path=/a/",
      "domain=x.org path=/a" },
    { "coder-one-trailing-slash-is-dropped", "domain=x.org path=/a//",
      "domain=x.org path=/a//" },
    { "coder-root", "domain=x.org path=/", "domain=x.org path=/" },
    { "coder-star-path", "domain=x.org path=*", "domain=x.org path=/*" },
    { "coder-star-in-a-segment-is-a-star", "domain=x.org path=/a*b",
      "domain=x.org path=/a%2Ab" },
};

static void
test_good(gconstpointer data)
{
    const GoodCase *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsRule) rule =
        bns_rule_parse(BNS_VERDICT_ALLOW, "--allow#1", c->text, NULL, &error);
    g_autoptr(BnsRule) again = NULL;
    g_autofree char *canonical = NULL;
    g_autofree char *canonical_again = NULL;

    g_assert_no_error(error);
    canonical = bns_rule_to_string(rule);
    g_assert_cmpstr(canonical, ==, c->canonical);
    again = bns_rule_parse(BNS_VERDICT_ALLOW, "", canonical, NULL, &error);
    g_assert_no_error(error);
    canonical_again = bns_rule_to_string(again);
    g_assert_cmpstr(canonical_again, ==, canonical);
}

static const GoodCase deny_cases[] = {
    { "a-deny-without-port-has-any", "x.org", "x.org" },
    { "a-deny-with-default-ports-names-them", "x.org:80,443", "x.org:80,443" },
    { "a-deny-of-a-scheme", "http://x.org", "http://x.org" },
    { "a-deny-of-a-scheme-and-its-port", "http://x.org:80", "http://x.org:80" },
    { "a-deny-in-coder-form", "domain=x.org path=/a", "x.org/a" },
    { "a-deny-in-coder-form-with-lower-case", "method=get domain=x.org",
      "method=get domain=x.org" },
    { "a-deny-in-coder-form-with-labels", "domain=a.*.org", "domain=a.*.org" },
};

static void
test_deny(gconstpointer data)
{
    const GoodCase *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsRule) rule =
        bns_rule_parse(BNS_VERDICT_DENY, "--deny#1", c->text, NULL, &error);
    g_autofree char *canonical = NULL;

    g_assert_no_error(error);
    canonical = bns_rule_to_string(rule);
    g_assert_cmpstr(canonical, ==, c->canonical);
}

typedef struct {
    const char *name;
    const char *text;
    const char *error; /* after `rule "TEXT": ` */
} BadCase;

#define PRINTABLE                                                                      \
    "only printable ASCII may be in a rule: write the A-label (xn--...) of an "        \
    "international name, and %XX in a path"
#define ONE_SPACE "a rule has one space at most: between methods and host"
#define QUERY                                                                          \
    "a rule in string form has no query: leave out the ? and what follows, or write "  \
    "a mapping with query:"
#define FRAGMENT "a rule has no fragment: leave out the # and what follows"
#define USERINFO "a rule has no user name: leave out what is before the @"
#define NETWORK  "a network is written in a file as cidr:"
#define STAR     "a * stands alone or is the whole first label, as in *.example.org"
#define LABELS   "labels are letters, digits, '-' and '_', at most 63 of them"
#define NUMBER   "a name does not end in a number, an address is four decimal numbers"
#define PORT     "write a number from 1 to 65535"

static const BadCase bad_cases[] = {
    { "a-space-alone", " ", ONE_SPACE },
    { "a-leading-space", " x.org", ONE_SPACE },
    { "a-trailing-space", "x.org ", ONE_SPACE },
    { "two-spaces", "GET  x.org", ONE_SPACE },
    { "three-words", "GET x.org /a", ONE_SPACE },
    { "a-query", "x.org/a?b=c", QUERY },
    { "a-query-without-path", "x.org?b", QUERY },
    { "a-fragment", "x.org/a#b", FRAGMENT },
    { "userinfo", "user:pw@x.org", USERINFO },
    { "userinfo-with-scheme", "https://user@x.org/", USERINFO },
    { "a-network", "10.0.0.0/8", NETWORK },
    { "the-whole-internet", "0.0.0.0/0", NETWORK },
    { "one-address-as-network", "10.0.0.1/32", NETWORK },
    { "lower-case-method", "get x.org", "methods are upper-case: write GET, not get" },
    { "mixed-case-method", "GET,Post x.org",
      "methods are upper-case: write POST, not Post" },
    { "star-method", "* x.org", "for any method leave the methods out" },
    { "empty-method", "GET, x.org", "bad method \"\": write a word such as GET" },
    { "no-token", "G/T x.org", "bad method \"G/T\": write a word such as GET" },
    { "utf8-host",
      "b\xc3\xbc"
      "cher.de",
      PRINTABLE },
    { "a-tab", "x.org\t", PRINTABLE },
    { "an-escape-sequence", "\x1b[2J", PRINTABLE },
    { "another-scheme", "ftp://x.org", "bad scheme \"ftp\": write http, https or tcp" },
    { "a-scheme-in-capitals", "HTTPS://x.org",
      "bad scheme \"HTTPS\": write http, https or tcp" },
    { "no-scheme", "://x.org", "bad scheme \"\": write http, https or tcp" },
    { "no-host", "https://", "bad host \"\": it is empty: for every host write *" },
    { "no-host-but-port", ":80", "bad host \"\": it is empty: for every host write *" },
    { "no-host-but-path", "/a", "bad host \"\": it is empty: for every host write *" },
    { "a-star-in-the-middle", "a.*.org", "bad host \"a.*.org\": " STAR },
    { "a-star-in-a-label", "a*.org", "bad host \"a*.org\": " STAR },
    { "a-star-at-the-end", "x.*", "bad host \"x.*\": " STAR },
    { "two-stars", "*.*.org", "bad host \"*.*.org\": " STAR },
    { "a-star-and-a-dot", "*.",
      "bad host \"*.\": it is empty: for every host write *" },
    { "a-dot", ".", "bad host \".\": it is empty: for every host write *" },
    { "below-an-address", "*.10.0.0.1",
      "bad host \"*.10.0.0.1\": an address has no labels: use cidr: for networks" },
    { "below-a-number", "*.1.1", "bad host \"*.1.1\": " NUMBER },
    { "a-number", "12345", "bad host \"12345\": " NUMBER },
    { "octal", "0177.0.0.1", "bad host \"0177.0.0.1\": " NUMBER },
    { "a-bad-label", "-x.org", "bad host \"-x.org\": " LABELS },
    { "an-equals-sign", "domains=x.org", "bad host \"domains=x.org\": " LABELS },
    { "bare-ipv6", "2001:db8::1", "write an IPv6 address in brackets" },
    { "an-open-bracket", "[::1",
      "bad host \"[\": write IPv6 addresses in brackets, without a zone" },
    { "port-zero", "x.org:0", "bad port \"0\": " PORT },
    { "port-65536", "x.org:65536", "bad port \"65536\": " PORT },
    { "an-empty-port", "x.org:", "bad port \"\": " PORT },
    { "an-empty-port-before-a-path", "x.org:/a", "bad port \"\": " PORT },
    { "an-empty-port-in-a-list", "x.org:80,", "bad port \"\": " PORT },
    { "a-port-range", "x.org:80-90", "bad port \"80-90\": " PORT },
    { "a-star-port", "x.org:*", "bad port \"*\": " PORT },
    { "a-port-with-leading-zero", "x.org:080", "bad port \"080\": " PORT },
    { "a-bad-path", "x.org/a**",
      "bad path \"/a**\": ** must be a whole segment: write /a/**" },
    { "tcp-without-port", "tcp://x.org", "a tcp rule needs a port: name it" },
    { "tcp-with-path", "tcp://x.org:22/",
      "a tcp rule cannot have methods or a path: nothing is read of an opaque flow: "
      "leave them out" },
    { "tcp-with-methods", "GET tcp://x.org:22",
      "a tcp rule cannot have methods or a path: nothing is read of an opaque flow: "
      "leave them out" },

    { "coder-empty-method", "method= domain=x.org",
      "method= names no method: leave it out for any" },
    { "coder-empty-domain",
      "domain=", "bad host \"\": it is empty: for every host write *" },
    { "coder-empty-path",
      "domain=x.org path=", "path= is empty: leave it out for every path" },
    { "coder-empty-path-in-a-list", "path=/a,,/b",
      "path= has an empty path in it: remove a comma" },
    { "coder-second-domain", "domain=a.org domain=b.org",
      "a second domain=: write a rule for each" },
    { "coder-unknown-key", "domain=x.org port=80",
      "only method=, domain= and path=, with blanks between them" },
    { "coder-blank-after-comma", "method=GET, POST domain=x.org",
      "only method=, domain= and path=, with blanks between them" },
    { "coder-comma-after-domain", "domain=a.com, path=/x",
      "bad host \"a.com,\": " LABELS },
    { "coder-port", "domain=x.org:80",
      "domain= has no port and no IPv6 address: write HOST:PORT or [ADDRESS] without "
      "domain=" },
    { "coder-star-at-the-end", "domain=x.*",
      "bad host \"x.*\": the last label cannot be a *: name it" },
    { "coder-star-in-a-label", "domain=a*.org",
      "bad host \"a*.org\": a * must be a whole label: write *.example.org" },
    { "coder-star-in-an-address", "domain=10.*.0.1",
      "bad host \"10.*.0.1\": a * must be a whole label: write *.example.org" },
    { "coder-trailing-dot", "domain=x.org.",
      "bad host \"x.org.\": an empty label: remove a dot" },
    { "coder-leading-dot", "domain=.x.org",
      "bad host \".x.org\": an empty label: remove a dot" },
    { "coder-two-stars", "path=/a/**",
      "a * in path= must be a whole segment: write /a/*" },
    { "coder-star-before-bytes", "path=/*a",
      "a * in path= must be a whole segment: write /a/*" },
    { "coder-query", "path=/a?b",
      "bad path \"/a?b\": a query is no part of the path: leave out the ? and what "
      "follows, or write query:" },
};

static void
test_bad(gconstpointer data)
{
    const BadCase *c = data;
    g_autoptr(GError) error = NULL;
    BnsRule *rule =
        bns_rule_parse(BNS_VERDICT_ALLOW, "--allow#1", c->text, NULL, &error);

    g_assert_null(rule);
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    g_assert_true(g_str_has_prefix(error->message, "rule \""));
    g_assert_true(g_str_is_ascii(error->message));
    g_assert_cmpstr(strstr(error->message, "\": ") + strlen("\": "), ==, c->error);
}

static void
test_empty(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_rule_parse(BNS_VERDICT_ALLOW, "", "", NULL, &error));
    g_assert_cmpstr(error->message, ==, "an empty rule: for every host write *");
}

static void
test_notice(void)
{
    g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BnsRule) rule = bns_rule_parse(BNS_VERDICT_ALLOW, "--allow#3",
                                             "domain=x.org path=/,/a", notices, NULL);

    g_assert_nonnull(rule);
    g_assert_cmpuint(notices->len, ==, 1);
    g_assert_cmpstr(notices->pdata[0], ==,
                    "--allow#3: path=/ means the path / alone, not every path");
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
    ADD("/policy/rule/allow/", good_cases, test_good);
    ADD("/policy/rule/deny/", deny_cases, test_deny);
    ADD("/policy/rule/refused/", bad_cases, test_bad);
    bns_test_add("/policy/rule/refused/nothing", test_empty);
    bns_test_add("/policy/rule/a-root-path-in-coder-form-is-noticed", test_notice);
    return g_test_run();
}
