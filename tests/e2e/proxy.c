/* SPDX-License-Identifier: Apache-2.0 */
/* Out through a corporate proxy, by the host's variables or --upstream-proxy. */
#include "tests/e2e/server.h"
#include "tests/e2e/story.h"
#include "tests/e2e/test_proxy.h"
#include "tests/support/test.h"

#include <string.h>

/* A password that would be seen wherever it went, raw, encoded or as Base64. */
#define USER         "agent:s3cr%2ft"
#define USER_DECODED "agent:s3cr/t"

#define CURL "curl -sS -m 20 -w \"\\n%{http_code}\""

/* The proxy knows names that nobody else does. */
static TestProxy *
make_proxy(const Story *story, bool is_tls, const char *user)
{
    const BnsTestCertSpec spec = { .issuer = story->authority,
                                   .names = "IP:127.0.0.1" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    SSL_CTX *ssl_ctx = is_tls ? bns_test_cert_server(leaf, NULL) : NULL;
    TestProxy *proxy = test_proxy_new(ssl_ctx, user);

    SSL_CTX_free(ssl_ctx);
    test_proxy_route(proxy, "far.wild.test:443", bns_origin_port(story->https));
    test_proxy_route(proxy, "far.wild.test:80", bns_origin_port(story->http));
    return proxy;
}

static char *
url_of(const TestProxy *proxy, bool is_tls, const char *user)
{
    return g_strdup_printf("http%s://%s%s127.0.0.1:%u", is_tls ? "s" : "",
                           user == NULL ? "" : user, user == NULL ? "" : "@",
                           test_proxy_port(proxy));
}

static void
assert_asked(TestProxy *proxy, const char *expected)
{
    g_auto(GStrv) asked = test_proxy_asked(proxy);
    g_autofree char *all = g_strjoinv(", ", asked);

    g_assert_cmpstr(all, ==, expected);
}

static void
assert_secret(const StoryRun *run)
{
    static const char *const forms[] = { "s3cr", "YWdlbnQ6czNjci90" };

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        story_assert_no_out(run, forms[i]);
        story_assert_no_err(run, forms[i]);
        g_assert_null(strstr(run->audit, forms[i]));
    }
}

/* --- both kinds of proxies --- */

static const bool no_tls = false;
static const bool with_tls = true;

/* HTTPS, plain HTTP, a body up and one down, and none of the credentials anywhere: not in
 * the command's environment, nor in what its ps(1) sees. */
static void
test_requests(gconstpointer data)
{
    bool is_tls = *(const bool *)data;
    g_autoptr(Story) story = story_new();
    g_autoptr(TestProxy) proxy = make_proxy(story, is_tls, USER_DECODED);
    g_autofree char *url = url_of(proxy, is_tls, USER);
    g_autofree char *sum = bns_origin_sum(3000000);
    g_autofree char *line = g_strdup_printf("3000000 %s", sum);
    g_autoptr(StoryRun) run = NULL;

    story_setenv(story, "HTTPS_PROXY", url);
    story_setenv(story, "http_proxy", url);
    run =
        story_run(story, "-v --allow far.wild.test -- sh -c '"
                         "curl -sSf -m 60 https://far.wild.test/bytes/3000000 >body && "
                         "curl -sSf -m 60 -T body https://far.wild.test/upload && "
                         "curl -sSf -m 60 https://far.wild.test/sse/3/1 && "
                         "curl -sSf -m 60 http://far.wild.test/hello && "
                         "env && cat /proc/*/cmdline | tr \"\\0\" \" \"'");
    story_assert_status(run, 0);
    story_assert_out(run, line);
    story_assert_out(run, "data: 2 ");
    story_assert_out(run, "\nhello\n");
    story_assert_err(run, "upstream proxy: http");
    assert_secret(run);
    g_assert_cmpuint(story_count_records(run, "\"event\":\"http.request\"",
                                         "\"decision\":\"allow\"", NULL),
                     ==, 4);
    story_assert_record(run, "\"event\":\"http.response\"", "\"connect_us\":\"",
                        "\"tls_us\":\"", "\"first_byte_us\":\"");
    g_assert_cmpuint(story_count_records(run, "\"addr\":", "\"event\":\"http.", NULL),
                     ==, 0);
}

static void
test_option(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(TestProxy) proxy = make_proxy(story, false, USER_DECODED);
    g_autofree char *url = url_of(proxy, false, USER);
    g_autoptr(StoryRun) run = NULL;

    story_setenv(story, "HTTPS_PROXY", "http://127.0.0.1:9");
    story_option(story, "--upstream-proxy %s", url);
    run = story_run(story, "--allow far.wild.test -- sh -c '" CURL
                           " https://far.wild.test/hello; "
                           "cat /proc/*/cmdline | tr \"\\0\" \" \"'");
    story_assert_out(run, "hello\n\n200");
    story_assert_out(run, "--upstream-proxy http://xxxxxxxxxxxxxx@127.0.0.1:");
    assert_secret(run);
    assert_asked(proxy, "far.wild.test:443 200");
}

static void
test_tcp(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(TestProxy) proxy = make_proxy(story, true, NULL);
    g_autofree char *url = url_of(proxy, true, NULL);
    g_autoptr(StoryRun) run = NULL;

    test_proxy_route(proxy, "db.test:5432", bns_origin_port(story->http));
    story_setenv(story, "ALL_PROXY", url);
    run = story_run(story, "--allow tcp://db.test:5432 -- python3 -c '"
                           "import socket\n"
                           "s = socket.create_connection((\"db.test\", 5432), 20)\n"
                           "s.sendall(b\"GET /hello HTTP/1.0\\r\\n\\r\\n\")\n"
                           "print(s.makefile().readline())'");
    story_assert_out(run, "HTTP/1.1 200 OK");
    story_assert_record(run, "\"event\":\"tcp.open\"", "\"host\":\"db.test\"");
    story_assert_record(run, "\"event\":\"tcp.close\"", "\"host\":\"db.test\"");
    assert_asked(proxy, "db.test:5432 200");
}

/* --- refusals --- */

typedef struct {
    const char *name;
    const char *wanted; /* credentials that the proxy wants */
    const char *given;  /* what the URL has */
    const char *reason;
} Refusal;

static const Refusal refusals[] = {
    { "407-without-credentials", USER_DECODED, NULL, "it wants credentials" },
    { "407-with-others", USER_DECODED, "agent:s3cret",
      "it does not accept the user and password of its URL (407)" },
    { "unknown-host", NULL, NULL, "it answered 502 Unknown host" },
};

static void
test_refusal(gconstpointer data)
{
    const Refusal *row = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(TestProxy) proxy = make_proxy(story, false, row->wanted);
    g_autofree char *url = url_of(proxy, false, row->given);
    g_autoptr(StoryRun) run = NULL;

    story_setenv(story, "HTTPS_PROXY", url);
    run =
        story_run(story, "--allow nowhere.test -- " CURL " https://nowhere.test/hello");
    story_assert_out(run, "\n502");
    story_assert_out(run, row->reason);
    story_assert_record(run, "upstream.error", row->reason);
    assert_secret(run);
}

/* The proxy is verified as an origin is. */
static void
test_untrusted_proxy(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(BnsTestCert) stranger = bns_test_cert_authority("stranger");
    const BnsTestCertSpec spec = { .issuer = stranger, .names = "IP:127.0.0.1" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    SSL_CTX *ssl_ctx = bns_test_cert_server(leaf, NULL);
    g_autoptr(TestProxy) proxy = test_proxy_new(ssl_ctx, NULL);
    g_autofree char *url = url_of(proxy, true, USER);
    g_autoptr(StoryRun) run = NULL;

    SSL_CTX_free(ssl_ctx);
    story_setenv(story, "HTTPS_PROXY", url);
    run = story_run(story,
                    "--allow far.wild.test -- " CURL " https://far.wild.test/hello");
    story_assert_out(run, "\n502");
    story_assert_out(run, "unknown issuer");
    assert_asked(proxy, "");
}

/* --- the environment --- */

static void
test_no_proxy(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(TestProxy) proxy = make_proxy(story, false, NULL);
    g_autofree char *url = url_of(proxy, false, NULL);
    g_autoptr(StoryRun) run = NULL;

    /* --resolve names api.test, NO_PROXY 127.0.0.1's own kind. */
    story_setenv(story, "https_proxy", url);
    story_setenv(story, "NO_PROXY", "nowhere.test");
    run = story_run(story, "--allow api.test --allow a.nowhere.test -- sh -c '"
                           "curl -sSf -m 20 https://api.test/hello; " CURL
                           " https://a.nowhere.test/'");
    story_assert_out(run, "hello\n");
    story_assert_out(run, "could not be resolved");
    assert_asked(proxy, "");
}

typedef struct {
    const char *name;
    const char *variable;
    const char *value;
    const char *error; /* NULL: it starts */
} Setting;

static const Setting settings[] = {
    { "socks", "ALL_PROXY", "socks5h://u:s3cr@127.0.0.1:1080",
      "boundary-ns: ALL_PROXY: SOCKS proxies are not supported" },
    { "nonsense", "https_proxy", "http://u:s3cr@host:port",
      "boundary-ns: https_proxy: the proxy's host or port is invalid" },
    { "empty", "HTTPS_PROXY", "", NULL },
    { "no-proxy-only", "NO_PROXY", "*", NULL },
};

static void
test_setting(gconstpointer data)
{
    const Setting *row = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_setenv(story, row->variable, row->value);
    run = story_run(story, "-- true");
    story_assert_status(run, row->error == NULL ? 0 : 125);
    if (row->error != NULL)
        story_assert_err(run, row->error);
    assert_secret(run);
}

/* A web server's HTTP_PROXY may be its client's. */
static void
test_cgi(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_setenv(story, "REQUEST_METHOD", "GET");
    story_setenv(story, "HTTP_PROXY", "nonsense://");
    run = story_run(story, "-- true");
    story_assert_status(run, 0);
    story_unsetenv(story, "REQUEST_METHOD");
    g_clear_pointer(&run, story_run_free);
    run = story_run(story, "-- true");
    story_assert_status(run, 125);
}

static void
test_doctor(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_setenv(story, "HTTPS_PROXY", "http://" USER "@proxy.test:3128");
    run = story_run(story, "doctor");
    story_assert_out(
        run, "upstream proxy: direct for HTTP, http://proxy.test:3128 for HTTPS");
    assert_secret(run);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    bns_test_add_data("/e2e/proxy/requests/http", &no_tls, test_requests);
    bns_test_add_data("/e2e/proxy/requests/https", &with_tls, test_requests);
    bns_test_add("/e2e/proxy/option-wins", test_option);
    bns_test_add("/e2e/proxy/opaque-tcp", test_tcp);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/proxy/refusal/%s", refusals[i].name);

        bns_test_add_data(path, &refusals[i], test_refusal);
    }
    bns_test_add("/e2e/proxy/untrusted-proxy", test_untrusted_proxy);
    bns_test_add("/e2e/proxy/no-proxy-and-resolve-are-direct", test_no_proxy);
    for (size_t i = 0; i < G_N_ELEMENTS(settings); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/proxy/setting/%s", settings[i].name);

        bns_test_add_data(path, &settings[i], test_setting);
    }
    bns_test_add("/e2e/proxy/cgi", test_cgi);
    bns_test_add("/e2e/proxy/doctor-names-it", test_doctor);
    return g_test_run();
}
