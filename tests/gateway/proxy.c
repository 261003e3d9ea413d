/* SPDX-License-Identifier: Apache-2.0 */
/* Proxy URLs, NO_PROXY, and what goes where. */
#include "netstack/gateway/proxy.h"
#include "tests/support/test.h"

#include <string.h>

/* --- URLs --- */

typedef struct {
    const char *name;
    const char *url;
    const char *text;          /* NULL: it is refused */
    const char *authorization; /* what is sent; if refused: a part of the reason */
} Url;

static const Url urls[] = {
    { "host-and-port", "http://proxy.test:3128", "http://proxy.test:3128", NULL },
    { "slash-at-the-end", "http://proxy.test:3128/", "http://proxy.test:3128", NULL },
    { "no-scheme", "proxy.test:3128", "http://proxy.test:3128", NULL },
    { "no-port", "http://proxy.test", "http://proxy.test:80", NULL },
    { "https", "https://proxy.test", "https://proxy.test:443", NULL },
    { "upper-case", "HTTPS://Proxy.TEST.:8443", "https://proxy.test:8443", NULL },
    { "ipv4", "http://10.0.0.1:3128", "http://10.0.0.1:3128", NULL },
    { "ipv6", "http://[fd00::1]:3128", "http://[fd00::1]:3128", NULL },
    /* Aladdin:open sesame is RFC 7617's own example */
    { "credentials", "http://Aladdin:open%20sesame@p.test:1", "http://p.test:1",
      "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
    { "user-only", "http://u@p.test:1", "http://p.test:1", "Basic dTo=" },
    { "encoded-at-and-colon", "http://u:%40%3A%2f@p.test:1", "http://p.test:1",
      "Basic dTpAOi8=" },
    { "raw-at-in-the-password", "http://u:a@b@p.test:1", "http://p.test:1",
      "Basic dTphQGI=" },
    { "colon-in-the-password", "http://u:a:b@p.test:1", "http://p.test:1",
      "Basic dTphOmI=" },
    { "no-scheme-but-credentials", "u:p@p.test:1", "http://p.test:1", "Basic dTpw" },

    { "socks5", "socks5://p.test:1080", NULL, "SOCKS" },
    { "socks5h", "SOCKS5H://p.test:1080", NULL, "SOCKS" },
    { "socks", "socks://p.test", NULL, "SOCKS" },
    { "other-scheme", "ftp://p.test", NULL, "http:// or https://" },
    { "empty", "", NULL, "host or port" },
    { "scheme-only", "http://", NULL, "host or port" },
    { "path", "http://p.test/x", NULL, "must end" },
    { "query", "http://p.test?x", NULL, "must end" },
    { "fragment", "http://p.test#x", NULL, "must end" },
    { "slash-in-the-password", "http://u:p/w@p.test", NULL, "must end" },
    { "port-0", "http://p.test:0", NULL, "host or port" },
    { "port-too-large", "http://p.test:65536", NULL, "host or port" },
    { "port-is-no-number", "http://p.test:x", NULL, "host or port" },
    { "space", "http://p .test:1", NULL, "host or port" },
    { "line-feed", "http://p.test:1\n", NULL, "host or port" },
    { "line-feed-in-the-password", "http://u:%0ax@p.test:1", NULL, "percent" },
    { "nul-in-the-password", "http://u:%00x@p.test:1", NULL, "percent" },
    { "delete-in-the-password", "http://u:%7f@p.test:1", NULL, "percent" },
    { "broken-escape", "http://u:%4@p.test:1", NULL, "percent" },
    { "escape-at-the-end", "http://u:%@p.test:1", NULL, "percent" },
    { "encoded-colon-in-the-user", "http://u%3av:p@p.test:1", NULL, "percent" },
};

static void
test_url(gconstpointer data)
{
    const Url *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsProxy) proxy = bns_proxy_parse(row->url, &error);
    g_autofree char *text = NULL;

    if (row->text == NULL) {
        g_assert_null(proxy);
        g_assert_nonnull(strstr(error->message, row->authorization));
        g_assert_null(strstr(error->message, "p.test"));
        return;
    }
    g_assert_no_error(error);
    text = bns_proxy_text(proxy);
    g_assert_cmpstr(text, ==, row->text);
    g_assert_cmpstr(proxy->authorization, ==, row->authorization);
}

/* --- NO_PROXY --- */

typedef struct {
    const char *name;
    const char *list;
    const char *host; /* as in a request */
    uint16_t port;
    bool is_direct;
} Except;

static const Except excepts[] = {
    { "nothing", "", "a.test", 443, false },
    { "star", "*", "a.test", 443, true },
    { "star-among-others", "x.test, *", "192.0.2.1", 443, true },
    { "same-name", "a.test", "a.test", 443, true },
    { "below-it", "a.test", "b.a.test", 443, true },
    { "suffix-is-a-label", "a.test", "ba.test", 443, false },
    { "above-it", "b.a.test", "a.test", 443, false },
    { "leading-dot", ".a.test", "b.a.test", 443, true },
    { "leading-dot-and-the-name", ".a.test", "a.test", 443, true },
    { "leading-star", "*.a.test", "b.a.test", 443, true },
    { "star-in-the-middle", "b.*.test", "b.a.test", 443, false },
    { "upper-case-and-final-dot", "A.TEST.", "a.test", 443, true },
    { "white-space", " x.test\ta.test ", "a.test", 443, true },
    { "empty-words", ",,a.test,,", "a.test", 443, true },
    { "port", "a.test:8443", "a.test", 8443, true },
    { "other-port", "a.test:8443", "a.test", 443, false },
    { "ipv4", "192.0.2.1", "192.0.2.1", 443, true },
    { "other-ipv4", "192.0.2.1", "192.0.2.11", 443, false },
    { "ipv4-and-port", "192.0.2.1:80", "192.0.2.1", 80, true },
    { "ipv4-and-other-port", "192.0.2.1:80", "192.0.2.1", 443, false },
    { "ipv4-network", "192.0.2.0/24", "192.0.2.7", 443, true },
    { "outside-it", "192.0.2.0/24", "192.0.3.7", 443, false },
    { "network-that-cannot-be-read", "192.0/16,10.0.0.1/8", "10.0.0.1", 443, false },
    { "ipv6", "2001:db8::1", "[2001:db8::1]", 443, true },
    { "ipv6-in-brackets", "[2001:db8::1]", "[2001:db8::1]", 443, true },
    { "ipv6-and-port", "[2001:db8::1]:80", "[2001:db8::1]", 443, false },
    { "ipv6-network", "2001:db8::/32", "[2001:db8:1::1]", 443, true },
    { "name-is-no-suffix-of-an-address", "2.1", "192.0.2.1", 443, false },
    { "name-in-a-network", "0.0.0.0/0", "a.test", 443, false },
    { "loopback", "", "127.1.2.3", 443, true },
    { "ipv6-loopback", "", "[::1]", 443, true },
    { "localhost", "", "x.localhost", 443, true },
};

static void
test_except(gconstpointer data)
{
    const Except *row = data;
    g_autoptr(BnsNoProxy) no_proxy = bns_no_proxy_new(row->list);
    BnsHost host;

    g_assert_true(bns_host_canonical(row->host, strlen(row->host), &host));
    g_assert_cmpint(bns_no_proxy_matches(no_proxy, &host, row->port), ==,
                    row->is_direct);
}

/* --- all of them --- */

static void
test_find(void)
{
    g_autoptr(BnsProxies) proxies = g_new0(BnsProxies, 1);
    BnsHost host;

    g_assert_true(bns_host_canonical("a.test", 6, &host));
    proxies->except = bns_no_proxy_new("b.test");
    g_assert_null(bns_proxies_find(NULL, BNS_SCHEME_HTTP, &host, 80));
    g_assert_null(bns_proxies_find(proxies, BNS_SCHEME_HTTP, &host, 80));
    proxies->plain = bns_proxy_parse("http://one.test", NULL);
    g_assert_null(bns_proxies_find(proxies, BNS_SCHEME_HTTPS, &host, 443));
    g_assert_null(bns_proxies_find(proxies, BNS_SCHEME_TCP, &host, 22));
    proxies->other = bns_proxy_parse("http://u:p@two.test", NULL);
    g_assert_true(bns_proxies_find(proxies, BNS_SCHEME_HTTP, &host, 80) ==
                  proxies->plain);
    g_assert_true(bns_proxies_find(proxies, BNS_SCHEME_HTTPS, &host, 443) ==
                  proxies->other);
    g_assert_true(bns_proxies_find(proxies, BNS_SCHEME_TCP, &host, 22) ==
                  proxies->other);
    g_assert_true(bns_host_canonical("b.test", 6, &host));
    g_assert_null(bns_proxies_find(proxies, BNS_SCHEME_TCP, &host, 22));
}

static void
test_wipe(void)
{
    g_autoptr(BnsProxies) proxies = g_new0(BnsProxies, 1);

    proxies->except = bns_no_proxy_new(NULL);
    proxies->plain = proxies->other = bns_proxy_parse("http://u:p@two.test", NULL);
    g_assert_nonnull(proxies->plain->authorization);
    bns_proxies_wipe(proxies);
    g_assert_null(proxies->plain->authorization);
    bns_proxies_wipe(NULL);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autofree char *path = g_strdup_printf("/gateway/proxy/url/%s", urls[i].name);

        bns_test_add_data(path, &urls[i], test_url);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(excepts); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/proxy/no-proxy/%s", excepts[i].name);

        bns_test_add_data(path, &excepts[i], test_except);
    }
    bns_test_add("/gateway/proxy/what-goes-where", test_find);
    bns_test_add("/gateway/proxy/wiped-credentials-are-gone", test_wipe);
    return g_test_run();
}
