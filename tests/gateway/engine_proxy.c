/* SPDX-License-Identifier: Apache-2.0 */
/* The whole engine behind an upstream proxy, which the test plays. */
#include "base/fd.h"
#include "tests/gateway/engine_rig.h"
#include "tests/support/test.h"

#include <string.h>
#include <unistd.h>

#define OPEN      "HTTP/1.1 200 Connection established\r\n\r\n"
#define EMPTY     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define GET(host) "GET /x HTTP/1.1\r\nHost: " host "\r\n\r\n"

static const char policy[] = "allow:\n"
                             "  - origin.test\n"
                             "  - direct.test\n"
                             "  - given.test\n"
                             "  - 9.9.9.9\n"
                             "  - 10.0.0.1\n"
                             "  - tcp://origin.test:22\n";

typedef struct {
    Rig *rig;
    int listener;  /* the proxy's */
    RigFlow flow;  /* the command's */
    RigFlow proxy; /* what the engine dialled */
} Fixture;

/* @user: "USER:PASSWORD@", or "" */
static void
fixture_init(Fixture *f, const char *user, const char *no_proxy)
{
    uint16_t port;
    g_autofree char *url = NULL;

    *f = (Fixture){ .flow.fd = -1, .proxy.fd = -1 };
    f->listener = rig_listen(&port);
    url = g_strdup_printf("http://%s127.0.0.1:%u", user, port);
    f->rig = rig_new_proxied(policy, NULL, NULL, url, no_proxy);
}

static void
fixture_clear(Fixture *f)
{
    if (f->flow.fd >= 0)
        rig_close(f->rig, &f->flow);
    bns_fd_clear(&f->proxy.fd);
    rig_free(f->rig);
    bns_fd_clear(&f->listener);
}

/* The command asks, the proxy hears CONNECT. */
static char *
ask(Fixture *f, const char *host, const char *request)
{
    f->flow = rig_open(f->rig, host, 80);
    rig_say(&f->flow, request);
    f->proxy = rig_accept(f->listener);
    return rig_hear(&f->proxy, "\r\n\r\n");
}

/* --- the tunnel --- */

static void
test_plain_http(void)
{
    Fixture f;
    g_autofree char *connect = NULL;
    g_autofree char *request = NULL;
    g_autofree char *response = NULL;
    const BnsRecord *record;

    fixture_init(&f, "", NULL);
    connect = ask(&f, "origin.test", GET("origin.test"));
    g_assert_cmpstr(connect, ==,
                    "CONNECT origin.test:80 HTTP/1.1\r\nHost: origin.test:80\r\n\r\n");
    /* nothing of the request before the tunnel is open */
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 0), ==, 0);
    rig_say(&f.proxy, OPEN);
    request = rig_hear(&f.proxy, "\r\n\r\n");
    g_assert_true(g_str_has_prefix(request, "GET /x HTTP/1.1\r\n"));
    rig_say(&f.proxy, EMPTY);
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 200 "));
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /x");
    g_assert_cmpstr(record->addr, ==, NULL);
    record = rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE);
    g_assert_cmpuint(record->connect_us, >, 0);
    g_assert_cmpuint(record->dns_us, ==, 0);
    fixture_clear(&f);
}

static void
test_credentials(void)
{
    Fixture f;
    g_autofree char *connect = NULL;

    fixture_init(&f, "Aladdin:open%20sesame@", NULL);
    connect = ask(&f, "origin.test", GET("origin.test"));
    g_assert_nonnull(strstr(connect, "\r\nProxy-Authorization: Basic "
                                     "QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"));
    rig_say(&f.proxy, OPEN);
    g_free(connect);
    connect = rig_hear(&f.proxy, "\r\n\r\n");
    g_assert_null(strstr(connect, "Proxy-"));
    fixture_clear(&f);
}

/* The answer comes byte by byte, and with it what the origin says first. */
static void
test_server_speaks_first(void)
{
    static const char answer[] = OPEN "SSH-2.0-x\r\n";
    Fixture f;
    uint64_t id;
    g_autofree char *connect = NULL;
    const BnsRecord *record;

    fixture_init(&f, "", NULL);
    id = rig_offer(f.rig, "origin.test", 22);
    f.proxy = rig_accept(f.listener);
    connect = rig_hear(&f.proxy, "\r\n\r\n");
    g_assert_true(g_str_has_prefix(connect, "CONNECT origin.test:22 HTTP/1.1\r\n"));
    for (size_t i = 0; i < sizeof(answer) - 1; i++) {
        rig_say_bytes(&f.proxy, &answer[i], 1);
        rig_sync(f.rig);
    }
    g_assert_cmpint(rig_verdict(f.rig, id), ==, BNS_WIRE_ACCEPT);
    f.flow = rig_stream(f.rig, id);
    g_free(rig_hear(&f.flow, "SSH-2.0-x\r\n"));
    rig_say(&f.flow, "hello");
    g_free(rig_hear(&f.proxy, "hello"));
    record = rig_record(f.rig, BNS_EVENT_TCP_OPEN);
    g_assert_cmpstr(record->host, ==, "origin.test");
    g_assert_cmpstr(record->addr, ==, NULL);
    fixture_clear(&f);
}

/* The next request takes the tunnel that is there. */
static void
test_tunnel_is_kept(void)
{
    Fixture f;

    fixture_init(&f, "", NULL);
    g_free(ask(&f, "origin.test", GET("origin.test")));
    rig_say(&f.proxy, OPEN);
    for (int i = 0; i < 2; i++) {
        g_free(rig_hear(&f.proxy, "\r\n\r\n"));
        rig_say(&f.proxy, EMPTY);
        g_free(rig_hear_response(&f.flow, false));
        if (i == 0)
            rig_say(&f.flow, GET("origin.test"));
    }
    g_assert_true(rig_nobody_came(f.listener));
    fixture_clear(&f);
}

/* --- who is asked --- */

/* A literal is judged as ever; a name is the proxy's to resolve. */
static void
test_guard(void)
{
    Fixture f;
    g_autofree char *connect = NULL;
    g_autofree char *refused = NULL;

    fixture_init(&f, "", NULL);
    f.flow = rig_open(f.rig, "10.0.0.1", 80);
    refused = rig_ask(&f.flow, GET("10.0.0.1"));
    g_assert_true(g_str_has_prefix(refused, "HTTP/1.1 403 "));
    g_assert_true(rig_nobody_came(f.listener));
    rig_close(f.rig, &f.flow);
    connect = ask(&f, "9.9.9.9", GET("9.9.9.9"));
    g_assert_true(g_str_has_prefix(connect, "CONNECT 9.9.9.9:80 HTTP/1.1\r\n"));
    rig_say(&f.proxy, OPEN);
    g_free(rig_hear(&f.proxy, "\r\n\r\n"));
    rig_record(f.rig, BNS_EVENT_HTTP_REQUEST);
    g_assert_cmpstr(rig_record(f.rig, BNS_EVENT_HTTP_REQUEST)->addr, ==, "9.9.9.9");
    fixture_clear(&f);
}

static void
test_no_proxy(void)
{
    Fixture f;
    g_autofree char *response = NULL;

    fixture_init(&f, "", "direct.test:80");
    f.flow = rig_open(f.rig, "direct.test", 80);
    response = rig_ask(&f.flow, GET("direct.test"));
    /* our own resolver was asked, and does not know it */
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 502 "));
    g_assert_nonnull(strstr(response, "could not be resolved"));
    g_assert_true(rig_nobody_came(f.listener));
    fixture_clear(&f);
}

static void
test_given_address(void)
{
    uint16_t port;
    int listener = rig_listen(&port);
    g_autofree char *resolves = g_strdup_printf("given.test:80:%u", port);
    Rig *rig = rig_new_proxied(policy, resolves, NULL, "http://127.0.0.1:9", NULL);
    RigFlow flow = rig_open(rig, "given.test", 80);
    RigFlow origin;

    rig_say(&flow, GET("given.test"));
    origin = rig_accept(listener);
    g_free(rig_hear(&origin, "GET /x HTTP/1.1\r\n"));
    rig_close(rig, &flow);
    rig_free(rig);
    close(origin.fd);
    close(listener);
}

/* --- refusals --- */

typedef struct {
    const char *name;
    const char *answer; /* NULL: it closes */
    const char *status;
    const char *reason;
} Refusal;

static const Refusal refusals[] = {
    { "407", "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n", "502",
      "it wants credentials by NTLM, and only Basic is supported (407)" },
    { "403", "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n", "502",
      "it answered 403 Forbidden" },
    { "504", "HTTP/1.1 504 Gateway Timeout\r\n\r\n", "504",
      "it answered 504 Gateway Timeout" },
    { "closed", NULL, "502", "it closed the connection without an answer" },
    { "no-http", "SSH-2.0-x\r\n\r\n", "502", "its answer is invalid" },
    { "response-of-an-origin", "HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n\r\n",
      "502", "it answered 302 Found" },
};

static void
test_refusal(gconstpointer data)
{
    const Refusal *row = data;
    Fixture f;
    g_autofree char *response = NULL;
    const BnsRecord *record;

    fixture_init(&f, "user:pass@", NULL);
    g_free(ask(&f, "origin.test", GET("origin.test")));
    if (row->answer != NULL)
        rig_say(&f.proxy, row->answer);
    else
        bns_fd_clear(&f.proxy.fd);
    response = rig_hear_response(&f.flow, false);
    g_assert_cmpint(strncmp(response + strlen("HTTP/1.1 "), row->status, 3), ==, 0);
    g_assert_nonnull(strstr(response, row->reason));
    g_assert_nonnull(strstr(response, "the upstream proxy http://127.0.0.1:"));
    g_assert_null(strstr(response, "pass"));
    record = rig_record(f.rig, BNS_EVENT_UPSTREAM_ERROR);
    g_assert_nonnull(strstr(record->error, row->reason));
    g_assert_null(strstr(record->error, "pass"));
    fixture_clear(&f);
}

static void
test_silence(void)
{
    Fixture f;
    g_autofree char *response = NULL;

    fixture_init(&f, "", NULL);
    g_free(ask(&f, "origin.test", GET("origin.test")));
    rig_advance(f.rig, 29);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_UPSTREAM_ERROR, 0), ==, 0);
    rig_advance(f.rig, 2);
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 504 "));
    g_assert_nonnull(strstr(response, "it did not answer in time"));
    fixture_clear(&f);
}

static void
test_proxy_is_away(void)
{
    uint16_t port;
    int listener = rig_listen(&port);
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u", port);
    Rig *rig = rig_new_proxied(policy, NULL, NULL, url, NULL);
    RigFlow flow = rig_open(rig, "origin.test", 80);
    g_autofree char *response = NULL;

    rig_stop_listening(&listener);
    response = rig_ask(&flow, GET("origin.test"));
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 502 "));
    g_assert_nonnull(
        strstr(response, "the upstream proxy 127.0.0.1: could not connect to"));
    rig_close(rig, &flow);
    rig_free(rig);
    close(listener);
}

/* A command that goes away takes the tunnel in the making with it. */
static void
test_cancelled(void)
{
    Fixture f;
    g_autofree char *rest = NULL;

    fixture_init(&f, "", NULL);
    g_free(ask(&f, "origin.test", GET("origin.test")));
    rig_reset(f.rig, f.flow.id);
    rest = rig_hear_end(&f.proxy, NULL);
    g_assert_cmpstr(rest, ==, "");
    rig_close(f.rig, &f.flow);
    f.flow.fd = -1;
    fixture_clear(&f);
}

static gpointer
run_hello(gpointer data)
{
    Fixture *f = data;

    return GINT_TO_POINTER(rig_start_tls(f->rig, &f->flow, "origin.test", "http/1.1"));
}

/* Bytes between the answer and the origin's TLS are nobody's. */
static void
test_bytes_ahead_of_tls(void)
{
    Fixture f;
    GThread *thread;
    g_autofree char *response = NULL;

    fixture_init(&f, "", NULL);
    f.flow = rig_open(f.rig, "origin.test", 443);
    thread = g_thread_new("hello", run_hello, &f);
    f.proxy = rig_accept(f.listener);
    g_free(rig_hear(&f.proxy, "\r\n\r\n"));
    rig_say(&f.proxy, OPEN EMPTY);
    g_assert_true(GPOINTER_TO_INT(g_thread_join(thread)));
    response = rig_ask(&f.flow, GET("origin.test"));
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 502 "));
    g_assert_nonnull(strstr(response, "ahead of the origin's"));
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/upstream-proxy/plain-http-by-connect", test_plain_http);
    bns_test_add("/gateway/upstream-proxy/credentials", test_credentials);
    bns_test_add("/gateway/upstream-proxy/server-speaks-first",
                 test_server_speaks_first);
    bns_test_add("/gateway/upstream-proxy/tunnel-is-kept", test_tunnel_is_kept);
    bns_test_add("/gateway/upstream-proxy/literals-are-judged", test_guard);
    bns_test_add("/gateway/upstream-proxy/no-proxy-is-direct", test_no_proxy);
    bns_test_add("/gateway/upstream-proxy/given-address-is-direct", test_given_address);
    bns_test_add("/gateway/upstream-proxy/silence-is-504", test_silence);
    bns_test_add("/gateway/upstream-proxy/proxy-is-away", test_proxy_is_away);
    bns_test_add("/gateway/upstream-proxy/cancelled", test_cancelled);
    bns_test_add("/gateway/upstream-proxy/bytes-ahead-of-tls", test_bytes_ahead_of_tls);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/upstream-proxy/refusal/%s", refusals[i].name);

        bns_test_add_data(path, &refusals[i], test_refusal);
    }
    return g_test_run();
}
