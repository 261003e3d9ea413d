/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS on both sides: which name decides, what is told inside, and what breaks off.
 */
#include "base/fd.h"
#include "tests/gateway/engine_rig.h"
#include "tests/support/certs.h"
#include "tests/support/origin.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET(path, host) "GET " path " HTTP/1.1\r\nHost: " host "\r\n\r\n"

static const char policy[] = "allow:\n"
                             "  - origin.test\n"
                             "  - wrong.test\n"
                             "  - silent.test\n"
                             "  - private.test\n"
                             "  - 127.0.0.1\n";

/* An origin for origin.test, and a rig that trusts its authority. */
typedef struct {
    char *directory;
    char *ca_file;
    BnsTestCert *authority;
    BnsTestCert *cert;
    SSL_CTX *ctx; /* of the origin */
    BnsOrigin *origin;
    Rig *rig;
    RigFlow flow;
} Fixture;

static void
fixture_init(Fixture *f, const char *yaml)
{
    BnsTestCertSpec spec = { .names = "DNS:origin.test" };
    g_autofree char *resolves = NULL;
    uint16_t port;

    *f = (Fixture){ .flow.fd = -1 };
    f->directory = g_dir_make_tmp("engine-XXXXXX", NULL);
    f->authority = bns_test_cert_authority("Test Authority");
    f->ca_file = bns_test_cert_write(f->authority, f->directory, "ca.pem");
    spec.issuer = f->authority;
    f->cert = bns_test_cert_new(&spec);
    f->ctx = bns_test_cert_server(f->cert, NULL);
    f->origin = bns_origin_new(f->ctx);
    port = bns_origin_port(f->origin);
    resolves = g_strdup_printf("origin.test:443:%u origin.test:80:%u "
                               "origin.test:8443:%u wrong.test:443:%u",
                               port, port, port, port);
    f->rig = rig_new(yaml == NULL ? policy : yaml, resolves, f->ca_file);
}

static void
fixture_clear(Fixture *f)
{
    if (f->flow.fd >= 0)
        rig_close(f->rig, &f->flow);
    rig_free(f->rig);
    bns_origin_free(f->origin);
    SSL_CTX_free(f->ctx);
    bns_test_cert_free(f->cert);
    bns_test_cert_free(f->authority);
    g_unlink(f->ca_file);
    g_rmdir(f->directory);
    g_free(f->ca_file);
    g_free(f->directory);
}

/* Opens a flow to @host, and TLS on it for @name. */
static void
open_tls(Fixture *f, const char *host, uint16_t port, const char *name)
{
    f->flow = rig_open(f->rig, host, port);
    g_assert_true(rig_start_tls(f->rig, &f->flow, name, "http/1.1"));
}

/* --- allowed --- */

static void
test_allowed(void)
{
    Fixture f;
    const BnsRecord *record;

    fixture_init(&f, NULL);
    open_tls(&f, "origin.test", 443, "origin.test");
    record = rig_record(f.rig, BNS_EVENT_TLS_OPEN);
    g_assert_cmpstr(record->host, ==, "origin.test");
    g_assert_cmpint(record->decision, ==, BNS_DECIDED_ALLOW);
    for (int i = 0; i < 3; i++) {
        g_autofree char *again = rig_ask(&f.flow, GET("/hello", "origin.test"));

        g_assert_true(g_str_has_suffix(again, "\r\n\r\nhello\n"));
    }
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /hello");
    g_assert_cmpstr(record->scheme, ==, "https");
    g_assert_cmpstr(record->addr, ==, "127.0.0.1");
    /* The connection made at the ClientHello served all three. */
    g_assert_cmpuint(bns_origin_connections(f.origin), ==, 1);
    fixture_clear(&f);
}

/* The next connection to the same origin resumes the session of the one before. */
static void
test_resumed(void)
{
    Fixture f;

    fixture_init(&f, NULL);
    for (unsigned i = 0; i < 3; i++) {
        g_autofree char *response = NULL;

        open_tls(&f, "origin.test", 443, "origin.test");
        response = rig_ask(&f.flow, GET("/until-close", "origin.test"));
        g_assert_true(g_str_has_prefix(response, "HTTP/1.1 200 "));
        rig_close(f.rig, &f.flow);
        f.flow.fd = -1;
        g_assert_cmpuint(bns_origin_connections(f.origin), ==, i + 1);
        g_assert_cmpint(SSL_CTX_sess_hits(f.ctx), ==, i);
    }
    fixture_clear(&f);
}

static void
test_without_name(void)
{
    Fixture f;
    g_autofree char *response = NULL;

    fixture_init(&f, NULL);
    open_tls(&f, "origin.test", 443, NULL);
    response = rig_ask(&f.flow, GET("/hello", "origin.test"));
    g_assert_true(g_str_has_suffix(response, "\r\n\r\nhello\n"));
    fixture_clear(&f);
}

static void
test_on_port_80(void)
{
    Fixture f;
    g_autofree char *response = NULL;

    fixture_init(&f, NULL);
    open_tls(&f, "origin.test", 80, "origin.test");
    response = rig_ask(&f.flow, GET("/hello", "origin.test:80"));
    g_assert_true(g_str_has_suffix(response, "\r\n\r\nhello\n"));
    fixture_clear(&f);
}

/* A rule without a port: dialled before the client has shown that it speaks TLS. */
static void
test_dialled_ahead(void)
{
    Fixture f;
    g_autofree char *response = NULL;

    fixture_init(&f, "allow: [\"domain=origin.test\"]\n");
    open_tls(&f, "origin.test", 8443, "origin.test");
    response = rig_ask(&f.flow, GET("/hello", "origin.test:8443"));
    g_assert_true(g_str_has_suffix(response, "\r\n\r\nhello\n"));
    g_assert_cmpuint(bns_origin_connections(f.origin), ==, 1);
    fixture_clear(&f);
}

/* The hello names another host than the one that was dialled for it. */
static void
test_dialled_ahead_in_vain(void)
{
    Fixture f;
    g_autofree char *response = NULL;

    fixture_init(&f, "allow: [\"domain=origin.test\"]\n");
    open_tls(&f, "origin.test", 8443, "other.test");
    response = rig_ask(&f.flow, GET("/", "other.test:8443"));
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 403 "));
    bns_origin_await_connections(f.origin, 1);
    g_assert_cmpuint(bns_origin_connections(f.origin), ==, 1);
    fixture_clear(&f);
}

/* The name must be recorded before it is resolved. */
static void
test_unrecorded(void)
{
    Fixture f;

    fixture_init(&f, NULL);
    f.flow = rig_open(f.rig, "origin.test", 443);
    rig_break_recorder(f.rig);
    g_assert_false(rig_start_tls(f.rig, &f.flow, "origin.test", "http/1.1"));
    g_assert_cmpuint(bns_origin_connections(f.origin), ==, 0);
    g_clear_pointer(&f.flow.ssl, SSL_free);
    bns_fd_clear(&f.flow.fd);
    rig_free_failed(f.rig);
    f.rig = rig_new(policy, NULL, NULL);
    fixture_clear(&f);
}

/* --- names --- */

typedef struct {
    const char *name;
    const char *host; /* behind the address */
    const char *sni;
    const char *request;
    const char *status;
    const char *record;
    bool is_dialled;
} Case;

static const Case cases[] = {
    { "denied-name-is-told-403", "denied.test", "denied.test", GET("/", "denied.test"),
      "403", "deny 403 GET /", false },
    { "hello-decides-not-the-address", "origin.test", "denied.test",
      GET("/", "denied.test"), "403", "deny 403 GET /", false },
    { "hello-decides-against-a-denied-address", "denied.test", "origin.test",
      GET("/hello", "origin.test"), "200", "allow 0 GET /hello", true },
    { "another-host-is-misdirected", "origin.test", "origin.test",
      GET("/", "wrong.test"), "421", "deny 421 GET /", true },
    { "plain-target-is-400", "origin.test", "origin.test",
      "GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n", "400",
      "deny 400 GET /", true },
    { "another-port-is-400", "origin.test", "origin.test", GET("/", "origin.test:80"),
      "400", "deny 400 GET /", true },
    { "connect-is-400", "origin.test", "origin.test",
      "CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n", "400",
      "deny 400 CONNECT origin.test:443", true },
    { "guarded-name-is-told-403", "private.test", "private.test",
      GET("/", "private.test"), "403", "deny 403 GET /", false },
    { "guarded-literal-is-told-403", "127.0.0.1", NULL, GET("/", "127.0.0.1"), "403",
      "deny 403 GET /", false },
    { "wrong-certificate-is-502", "wrong.test", "wrong.test", GET("/", "wrong.test"),
      "502", "allow 502 GET /", true },
    { "localhost-is-403", "origin.test", "localhost", GET("/", "localhost"), "403",
      "deny 403 GET /", false },
};

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    g_autofree char *status = g_strdup_printf("HTTP/1.1 %s ", row->status);
    g_autofree char *response = NULL;
    Fixture f;

    fixture_init(&f, NULL);
    open_tls(&f, row->host, 443, row->sni);
    response = rig_ask(&f.flow, row->request);
    if (!g_str_has_prefix(response, status))
        g_error("the response is: %s", response);
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, row->record);
    if (row->is_dialled)
        bns_origin_await_connections(f.origin, 1);
    g_assert_cmpuint(bns_origin_connections(f.origin), ==, row->is_dialled ? 1 : 0);
    fixture_clear(&f);
}

static void
test_wrong_certificate(void)
{
    Fixture f;
    const BnsRecord *record;
    g_autofree char *response = NULL;
    g_autofree char *again = NULL;
    g_auto(GStrv) requests = NULL;

    fixture_init(&f, NULL);
    open_tls(&f, "wrong.test", 443, "wrong.test");
    record = rig_record(f.rig, BNS_EVENT_UPSTREAM_ERROR);
    g_assert_nonnull(strstr(record->error, "origin.test"));
    response = rig_ask(&f.flow, GET("/", "wrong.test"));
    g_assert_nonnull(strstr(response, record->error));
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_UPSTREAM_ERROR, 1), ==, 1);
    /* The next request tries again, and fails as well. */
    again = rig_ask(&f.flow, GET("/", "wrong.test"));
    g_assert_true(g_str_has_prefix(again, "HTTP/1.1 502 "));
    rig_record(f.rig, BNS_EVENT_UPSTREAM_ERROR);
    requests = bns_origin_requests(f.origin);
    g_assert_cmpuint(g_strv_length(requests), ==, 0);
    fixture_clear(&f);
}

/* A rule that lifts the guard does so for its own requests only, on any connection. */
static void
test_private_rule(void)
{
    uint16_t port;
    int listener = rig_listen(&port);
    g_autofree char *yaml = g_strdup_printf(
        "allow:\n"
        "  - { domain: loop.test, port: %u, path: /open }\n"
        "  - { domain: loop.test, port: %u, path: /hello, private: true }\n",
        port, port);
    g_autofree char *open =
        g_strdup_printf("GET /open HTTP/1.1\r\nHost: loop.test:%u\r\n\r\n", port);
    g_autofree char *hello =
        g_strdup_printf("GET /hello HTTP/1.1\r\nHost: loop.test:%u\r\n\r\n", port);
    Rig *rig = rig_new(yaml, NULL, NULL);
    RigFlow flow = rig_open(rig, "loop.test", port);
    RigFlow origin;
    g_autofree char *refused = rig_ask(&flow, open);
    g_autofree char *response = NULL;
    g_autofree char *again = NULL;

    g_assert_true(g_str_has_prefix(refused, "HTTP/1.1 403 "));
    rig_say(&flow, hello);
    origin = rig_accept(listener);
    g_free(rig_hear(&origin, "\r\n\r\n"));
    rig_say(&origin, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    response = rig_hear_response(&flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 200 "));
    /* That connection waits in the pool now, but not for this rule. */
    again = rig_ask(&flow, open);
    g_assert_true(g_str_has_prefix(again, "HTTP/1.1 403 "));
    rig_close(rig, &flow);
    rig_free(rig);
    close(origin.fd);
    close(listener);
}

/* --- handshakes that fail --- */

static void
test_unknown_protocol(void)
{
    Fixture f;

    fixture_init(&f, NULL);
    f.flow = rig_open(f.rig, "origin.test", 443);
    g_assert_false(rig_start_tls(f.rig, &f.flow, "origin.test", "spdy/3"));
    g_assert_nonnull(strstr(rig_record(f.rig, BNS_EVENT_TLS_ERROR)->error, "http/1.1"));
    g_assert_cmpuint(bns_origin_connections(f.origin), ==, 0);
    fixture_clear(&f);
}

static void
test_reset_at_hello(void)
{
    Fixture f;
    static const uint8_t partial[] = { 0x16, 3, 1, 0, 5, 1 };

    fixture_init(&f, NULL);
    f.flow = rig_open(f.rig, "origin.test", 443);
    rig_say_bytes(&f.flow, partial, sizeof(partial));
    rig_advance(f.rig, 61);
    g_assert_nonnull(strstr(rig_record(f.rig, BNS_EVENT_TLS_ERROR)->error, "too long"));
    fixture_clear(&f);
}

/* A client that does not trust us says so, and resets what it has not read. */
static void
test_alert_before_reset(void)
{
    SSL_CTX *trusts_nobody = SSL_CTX_new(TLS_client_method());
    Fixture f;

    SSL_CTX_set_verify(trusts_nobody, SSL_VERIFY_PEER, NULL);
    fixture_init(&f, NULL);
    for (guint n = 1; n <= 30; n++) {
        RigFlow flow = rig_open(f.rig, "origin.test", 443);

        flow.ssl = SSL_new(trusts_nobody);
        SSL_set_fd(flow.ssl, flow.fd);
        g_assert_cmpint(SSL_connect(flow.ssl), <=, 0);
        rig_reset(f.rig, flow.id);
        g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_TLS_ERROR, n), ==, n);
        rig_wait_closed(f.rig, flow.id);
        SSL_free(flow.ssl);
        close(flow.fd);
    }
    SSL_CTX_free(trusts_nobody);
    fixture_clear(&f);
}

typedef struct {
    Rig *rig;
    RigFlow *flow;
} Dialler;

static gpointer
run_dialler(gpointer data)
{
    Dialler *dialler = data;

    return GINT_TO_POINTER(
        rig_start_tls(dialler->rig, dialler->flow, "silent.test", "http/1.1"));
}

/* The command gives up while its origin is being resolved: state HELLO. */
static void
test_gone_at_hello(void)
{
    Fixture f;
    Dialler dialler;
    GThread *thread;

    fixture_init(&f, NULL);
    f.flow = rig_open(f.rig, "silent.test", 443);
    dialler = (Dialler){ f.rig, &f.flow };
    thread = g_thread_new("dialler", run_dialler, &dialler);
    rig_record(f.rig, BNS_EVENT_TLS_OPEN);
    rig_sync(f.rig);
    rig_reset(f.rig, f.flow.id);
    g_assert_false(GPOINTER_TO_INT(g_thread_join(thread)));
    fixture_clear(&f);
}

/* The dial that times out at the ClientHello is told inside. */
static void
test_dial_timeout(void)
{
    Fixture f;
    Dialler dialler;
    GThread *thread;
    g_autofree char *response = NULL;

    fixture_init(&f, NULL);
    f.flow = rig_open(f.rig, "silent.test", 443);
    dialler = (Dialler){ f.rig, &f.flow };
    thread = g_thread_new("dialler", run_dialler, &dialler);
    rig_record(f.rig, BNS_EVENT_TLS_OPEN);
    rig_advance(f.rig, 31);
    g_assert_true(GPOINTER_TO_INT(g_thread_join(thread)));
    response = rig_ask(&f.flow, GET("/", "silent.test"));
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 504 "));
    fixture_clear(&f);
}

/* It accepts connections, and says nothing. */
static void
test_silent_origin(void)
{
    Fixture f;
    Dialler dialler;
    GThread *thread;
    uint16_t port;
    int listener = rig_listen(&port);
    g_autofree char *resolves = g_strdup_printf("silent.test:443:%u", port);
    g_autofree char *response = NULL;
    RigFlow origin;

    fixture_init(&f, NULL);
    rig_free(f.rig);
    f.rig = rig_new(policy, resolves, f.ca_file);
    f.flow = rig_open(f.rig, "silent.test", 443);
    dialler = (Dialler){ f.rig, &f.flow };
    thread = g_thread_new("dialler", run_dialler, &dialler);
    origin = rig_accept(listener);
    g_free(rig_hear(&origin, "\x16\x03"));
    rig_advance(f.rig, 31);
    g_assert_true(GPOINTER_TO_INT(g_thread_join(thread)));
    response = rig_ask(&f.flow, GET("/", "silent.test"));
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 504 "));
    close(origin.fd);
    close(listener);
    fixture_clear(&f);
}

/* --- truncation --- */

typedef struct {
    int listener;
    SSL_CTX *ctx;
    const char *response;
    bool is_clean; /* with close_notify */
} Truncator;

/* An origin that says @response to one request and ends. */
static gpointer
run_truncator(gpointer data)
{
    Truncator *truncator = data;
    RigFlow flow = rig_accept(truncator->listener);

    flow.ssl = SSL_new(truncator->ctx);
    SSL_set_fd(flow.ssl, flow.fd);
    g_assert_cmpint(SSL_accept(flow.ssl), ==, 1);
    g_free(rig_hear(&flow, "\r\n\r\n"));
    rig_say(&flow, truncator->response);
    if (truncator->is_clean)
        SSL_shutdown(flow.ssl);
    SSL_free(flow.ssl);
    close(flow.fd);
    return NULL;
}

static void
check_truncation(bool is_clean)
{
    Fixture f;
    uint16_t port;
    Truncator truncator = { .response = "HTTP/1.1 200 OK\r\n\r\nabc",
                            .is_clean = is_clean };
    g_autofree char *resolves = NULL;
    g_autofree char *heard = NULL;
    GThread *thread;
    bool is_broken;

    fixture_init(&f, NULL);
    rig_free(f.rig);
    truncator.listener = rig_listen(&port);
    truncator.ctx = bns_test_cert_server(f.cert, NULL);
    resolves = g_strdup_printf("origin.test:443:%u", port);
    f.rig = rig_new(policy, resolves, f.ca_file);
    thread = g_thread_new("truncator", run_truncator, &truncator);
    open_tls(&f, "origin.test", 443, "origin.test");
    rig_say(&f.flow,
            "GET / HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n");
    heard = rig_hear_end(&f.flow, &is_broken);
    g_assert_cmpint(is_broken, ==, !is_clean);
    g_assert_cmpint(strstr(heard, "0\r\n\r\n") != NULL, ==, is_clean);
    g_thread_join(thread);
    SSL_CTX_free(truncator.ctx);
    close(truncator.listener);
    fixture_clear(&f);
}

static void
test_truncated(void)
{
    check_truncation(false);
}

static void
test_ended(void)
{
    check_truncation(true);
}

/* A request that TLS cut off is no whole request. */
static void
test_truncated_request(void)
{
    Fixture f;
    const BnsRecord *record;

    fixture_init(&f, NULL);
    open_tls(&f, "origin.test", 443, "origin.test");
    rig_say(&f.flow, "POST /upload HTTP/1.1\r\nHost: origin.test\r\n"
                     "Content-Length: 10\r\n\r\nabc");
    rig_record(f.rig, BNS_EVENT_HTTP_REQUEST);
    shutdown(f.flow.fd, SHUT_WR);
    record = rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 0 POST /upload");
    g_assert_nonnull(record->error);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/tls/allowed-uses-the-hello's-connection", test_allowed);
    bns_test_add("/gateway/tls/without-a-name-the-address's-decides",
                 test_without_name);
    bns_test_add("/gateway/tls/port-80-may-speak-tls", test_on_port_80);
    bns_test_add("/gateway/tls/dialled-ahead-becomes-tls", test_dialled_ahead);
    bns_test_add("/gateway/tls/dialled-ahead-for-another-host",
                 test_dialled_ahead_in_vain);
    bns_test_add("/gateway/tls/session-is-resumed", test_resumed);
    bns_test_add("/gateway/tls/unrecorded-name-is-not-resolved", test_unrecorded);
    bns_test_add("/gateway/tls/silent-origin-is-504-inside", test_silent_origin);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/gateway/tls/names/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/gateway/tls/wrong-certificate-says-why", test_wrong_certificate);
    bns_test_add("/gateway/tls/private-rule-serves-only-its-own", test_private_rule);
    bns_test_add("/gateway/tls/client-of-another-protocol-is-alerted",
                 test_unknown_protocol);
    bns_test_add("/gateway/tls/dripped-hello-times-out", test_reset_at_hello);
    bns_test_add("/gateway/tls/an-alert-before-a-reset", test_alert_before_reset);
    bns_test_add("/gateway/tls/command-gone-at-the-hello", test_gone_at_hello);
    bns_test_add("/gateway/tls/dial-timeout-is-504-inside", test_dial_timeout);
    bns_test_add("/gateway/tls/truncated-response-is-cut", test_truncated);
    bns_test_add("/gateway/tls/ended-response-is-whole", test_ended);
    bns_test_add("/gateway/tls/truncated-request-is-cut", test_truncated_request);
    return g_test_run();
}
