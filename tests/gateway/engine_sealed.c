/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed TLS: the origin itself is what the client meets, as long as the ClientHello's
 * name is the rule's.
 */
#include "base/fd.h"
#include "tests/gateway/engine_rig.h"
#include "tests/gateway/hello_bytes.h"
#include "tests/support/certs.h"
#include "tests/support/origin.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>

#define GET(path, host) "GET " path " HTTP/1.1\r\nHost: " host "\r\n\r\n"

#define ALERT_UNEXPECTED        10
#define ALERT_DECODE_ERROR      50
#define ALERT_ILLEGAL_PARAMETER 47
#define ALERT_ACCESS_DENIED     49
#define ALERT_PROTOCOL_VERSION  70
#define ALERT_UNRECOGNIZED_NAME 112

static const char policy[] = "allow:\n"
                             "  - { domain: sealed.test, inspect: false }\n"
                             "  - { domain: raw.test, inspect: false }\n"
                             "  - { domain: denied.test, inspect: false }\n"
                             "  - { domain: gone.test, inspect: false }\n"
                             "  - { domain: private.test, inspect: false }\n"
                             "  - { domain: silent.test, inspect: false }\n"
                             "  - inspected.test\n"
                             "deny:\n"
                             "  - denied.test/secret\n";

/* sealed.test and inspected.test are one origin; raw.test is played by the test. */
typedef struct {
    BnsTestCert *authority;
    BnsTestCert *cert;
    BnsOrigin *origin;
    int listener;
    Rig *rig;
    RigFlow flow;
} Fixture;

static void
fixture_init(Fixture *f)
{
    BnsTestCertSpec spec = { .names = "DNS:sealed.test,DNS:inspected.test" };
    g_autofree char *resolves = NULL;
    uint16_t port, raw_port;
    SSL_CTX *ctx;

    *f = (Fixture){ .flow.fd = -1 };
    f->authority = bns_test_cert_authority("Nobody's Authority");
    spec.issuer = f->authority;
    f->cert = bns_test_cert_new(&spec);
    ctx = bns_test_cert_server(f->cert, NULL);
    f->origin = bns_origin_new(ctx);
    SSL_CTX_free(ctx);
    f->listener = rig_listen(&raw_port);
    port = bns_origin_port(f->origin);
    resolves = g_strdup_printf("sealed.test:443:%u inspected.test:443:%u "
                               "denied.test:443:%u raw.test:443:%u gone.test:443:1",
                               port, port, port, raw_port);
    f->rig = rig_new(policy, resolves, NULL);
}

static void
fixture_clear(Fixture *f)
{
    if (f->flow.fd >= 0)
        rig_close(f->rig, &f->flow);
    rig_free(f->rig);
    bns_origin_free(f->origin);
    bns_fd_clear(&f->listener);
    bns_test_cert_free(f->cert);
    bns_test_cert_free(f->authority);
}

/* TLS by a client that trusts the origin's authority alone, as one that pins does. */
static bool
start_tls(Fixture *f, const char *name)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), f->authority->certificate);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    f->flow.ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    if (name != NULL)
        SSL_set_tlsext_host_name(f->flow.ssl, name);
    SSL_set_fd(f->flow.ssl, f->flow.fd);
    return SSL_connect(f->flow.ssl) == 1;
}

static void
assert_peer(const RigFlow *flow, const BnsTestCert *cert)
{
    X509 *peer = SSL_get1_peer_certificate(flow->ssl);

    g_assert_cmpint(X509_cmp(peer, cert->certificate), ==, 0);
    X509_free(peer);
}

/* Reads to the end, which has to be orderly: one fatal alert and no more. */
static void
assert_alert(RigFlow *flow, uint8_t alert)
{
    const uint8_t expected[] = { 21, 3, 3, 0, 2, 2, alert };
    uint8_t heard[sizeof(expected) + 1];
    size_t len = 0;
    ssize_t n;

    while ((n = recv(flow->fd, heard + len, sizeof(heard) - len, 0)) > 0)
        len += (size_t)n;
    g_assert_cmpint(n, ==, 0);
    g_assert_cmpmem(heard, len, expected, sizeof(expected));
}

/* --- what passes --- */

static void
check_passes(const char *host, const char *name)
{
    Fixture f;
    const BnsRecord *record;
    g_autofree char *response = NULL;

    fixture_init(&f);
    f.flow = rig_open(f.rig, host, 443);
    g_assert_true(start_tls(&f, name));
    assert_peer(&f.flow, f.cert);
    response = rig_ask(&f.flow, GET("/hello", "whatever.test"));
    g_assert_true(g_str_has_suffix(response, "\r\n\r\nhello\n"));
    rig_close(f.rig, &f.flow);

    record = rig_record(f.rig, BNS_EVENT_TLS_OPEN);
    g_assert_cmpint(record->decision, ==, BNS_DECIDED_ALLOW);
    g_assert_cmpstr(record->host, ==, "sealed.test");
    g_assert_cmpstr(record->scheme, ==, "tls");
    g_assert_true(g_str_has_suffix(record->rule, ":2"));
    g_assert_null(record->addr);
    record = rig_record(f.rig, BNS_EVENT_TCP_OPEN);
    g_assert_cmpint(record->decision, ==, BNS_DECIDED_ALLOW);
    g_assert_cmpstr(record->host, ==, "sealed.test");
    g_assert_cmpstr(record->addr, ==, "127.0.0.1");
    record = rig_record(f.rig, BNS_EVENT_TCP_CLOSE);
    g_assert_cmpstr(record->scheme, ==, "tls");
    g_assert_cmpuint(record->bytes_sent, >, 300);
    g_assert_cmpuint(record->bytes_received, >, 300);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 0), ==, 0);
    fixture_clear(&f);
}

static void
test_passes(void)
{
    check_passes("sealed.test", "sealed.test");
}

static void
test_without_name(void)
{
    check_passes("sealed.test", NULL);
}

/* The ClientHello's name decides, and is dialled; the address's does not matter. */
static void
test_name_decides(void)
{
    check_passes("inspected.test", "sealed.test");
}

static void
test_in_capitals(void)
{
    check_passes("sealed.test", "SEALED.Test");
}

static void
test_inspected_name(void)
{
    Fixture f;
    g_autofree char *response = NULL;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "sealed.test", 443);
    /* Verified by the run's authority, so it is not the origin's certificate. */
    g_assert_true(rig_start_tls(f.rig, &f.flow, "inspected.test", NULL));
    response = rig_ask(&f.flow, GET("/hello", "sealed.test"));
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 421 "));
    g_assert_cmpstr(rig_record(f.rig, BNS_EVENT_TLS_OPEN)->scheme, ==, "https");
    fixture_clear(&f);
}

/* Requests outside TLS, or what is neither, do not pass by a sealed rule. */
static void
test_only_tls(void)
{
    Fixture f;
    g_autofree char *response = NULL;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "sealed.test", 443);
    response = rig_ask(&f.flow, GET("/hello", "sealed.test"));
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 403 "));
    rig_close(f.rig, &f.flow);
    f.flow = rig_open(f.rig, "sealed.test", 443);
    rig_say(&f.flow, "\x05\x01");
    g_assert_true(rig_wait_closed(f.rig, f.flow.id));
    g_assert_nonnull(rig_record(f.rig, BNS_EVENT_FLOW_REFUSED)->error);
    g_assert_cmpuint(bns_origin_connections(f.origin), ==, 0);
    fixture_clear(&f);
}

/* --- byte for byte --- */

static void
assert_hears(RigFlow *origin, const GByteArray *bytes)
{
    g_autofree guint8 *heard = g_malloc(bytes->len);

    g_assert_cmpint(recv(origin->fd, heard, bytes->len, MSG_WAITALL), ==, bytes->len);
    g_assert_cmpmem(heard, bytes->len, bytes->data, bytes->len);
}

/* @piece: of the message, per record; @step: of the bytes, per write */
static void
check_pieces(size_t piece, size_t step)
{
    Fixture f;
    RigFlow origin;
    g_autoptr(GByteArray) whole = hello_by_openssl("raw.test", 0);
    g_autoptr(GByteArray) message = g_byte_array_new();
    g_autoptr(GByteArray) bytes = NULL;
    g_autofree char *answer = NULL;

    /* Without the header of its one record. */
    g_byte_array_append(message, whole->data + 5, whole->len - 5);
    bytes = hello_in_records(message, piece);
    fixture_init(&f);
    f.flow = rig_open(f.rig, "raw.test", 443);
    for (size_t at = 0; at < bytes->len; at += step) {
        rig_say_bytes(&f.flow, bytes->data + at, MIN(step, bytes->len - at));
        if (at + step < bytes->len)
            rig_sync(f.rig);
    }
    origin = rig_accept(f.listener);
    assert_hears(&origin, bytes);
    rig_say(&origin, "\x16hello");
    answer = rig_hear(&f.flow, "hello");
    rig_close(f.rig, &f.flow);
    bns_fd_clear(&origin.fd);
    g_assert_cmpuint(rig_record(f.rig, BNS_EVENT_TCP_CLOSE)->bytes_sent, ==,
                     bytes->len);
    fixture_clear(&f);
}

static void
test_fragments(void)
{
    check_pieces(SIZE_MAX / 2, SIZE_MAX / 2);
    check_pieces(1, SIZE_MAX / 2);
    check_pieces(100, 7);
    check_pieces(SIZE_MAX / 2, 1);
}

/* What follows the ClientHello at once (early data) comes after it. */
static void
test_early_data(void)
{
    Fixture f;
    RigFlow origin;
    g_autoptr(GByteArray) bytes = hello_by_openssl("raw.test", 0);
    static const guint8 early[] = { 23, 3, 3, 0, 4, 1, 2, 3, 4 };

    fixture_init(&f);
    f.flow = rig_open(f.rig, "raw.test", 443);
    g_byte_array_append(bytes, early, sizeof(early));
    rig_say_bytes(&f.flow, bytes->data, bytes->len);
    origin = rig_accept(f.listener);
    assert_hears(&origin, bytes);
    bns_fd_clear(&origin.fd);
    fixture_clear(&f);
}

/* A broken connection of the origin's is one to the command. */
static void
test_reset(void)
{
    static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    Fixture f;
    RigFlow origin;
    g_autoptr(GByteArray) bytes = hello_by_openssl("raw.test", 0);

    fixture_init(&f);
    f.flow = rig_open(f.rig, "raw.test", 443);
    rig_say_bytes(&f.flow, bytes->data, bytes->len);
    origin = rig_accept(f.listener);
    assert_hears(&origin, bytes);
    setsockopt(origin.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    bns_fd_clear(&origin.fd);
    g_assert_true(rig_wait_closed(f.rig, f.flow.id));
    g_assert_nonnull(rig_record(f.rig, BNS_EVENT_TCP_CLOSE)->error);
    fixture_clear(&f);
}

/* --- what is refused --- */

/* Says @bytes to a flow to @host; expects @alert, and nobody dialled. */
static void
check_refused(Fixture *f, const char *host, const GByteArray *bytes, uint8_t alert)
{
    f->flow = rig_open(f->rig, host, 443);
    rig_say_bytes(&f->flow, bytes->data, bytes->len);
    assert_alert(&f->flow, alert);
    rig_close(f->rig, &f->flow);
    g_assert_true(rig_nobody_came(f->listener));
    g_assert_cmpuint(bns_origin_connections(f->origin), ==, 0);
}

static void
check_denied(const char *host, unsigned extension, const char *reason)
{
    Fixture f;
    const BnsRecord *record;
    g_autoptr(GByteArray) bytes = hello_by_openssl(host, extension);

    fixture_init(&f);
    check_refused(&f, "sealed.test", bytes, ALERT_ACCESS_DENIED);
    record = rig_record(f.rig, BNS_EVENT_TLS_OPEN);
    g_assert_cmpint(record->decision, ==, BNS_DECIDED_DENY);
    g_assert_cmpstr(record->host, ==, host);
    g_assert_cmpstr(record->scheme, ==, "tls");
    g_assert_nonnull(strstr(record->reason, reason));
    fixture_clear(&f);
}

/* Of what its rule is about nothing can be seen here. */
static void
test_deny_with_path(void)
{
    check_denied("denied.test", 0, "a deny rule matches");
}

static void
test_ech(void)
{
    check_denied("sealed.test", HELLO_EXTENSION_ECH, "ECH");
}

typedef struct {
    const char *name;
    unsigned version;
    const char *names[2]; /* each an extension of its own */
    const char *more;     /* after the message, in its record */
    uint8_t alert;
} Fault;

static const Fault faults[] = {
    { "two-extensions",
      0x0303,
      { "raw.test", "raw.test" },
      "",
      ALERT_ILLEGAL_PARAMETER },
    { "an-address", 0x0303, { "127.0.0.1" }, "", ALERT_UNRECOGNIZED_NAME },
    { "an-empty-name", 0x0303, { "" }, "", ALERT_UNRECOGNIZED_NAME },
    { "no-host-name", 0x0303, { "raw test" }, "", ALERT_UNRECOGNIZED_NAME },
    { "an-old-version", 0x0302, { "raw.test" }, "", ALERT_PROTOCOL_VERSION },
    { "more-in-the-record", 0x0303, { "raw.test" }, "x", ALERT_UNEXPECTED },
};

static void
test_fault(gconstpointer data)
{
    const Fault *fault = data;
    Fixture f;
    g_autoptr(GByteArray) extensions = g_byte_array_new();
    g_autoptr(GByteArray) message = NULL;
    g_autoptr(GByteArray) bytes = NULL;
    const BnsRecord *record;

    for (size_t i = 0; i < 2 && fault->names[i] != NULL; i++)
        hello_add_name(extensions, fault->names[i], strlen(fault->names[i]));
    message = hello_message(fault->version, extensions);
    g_byte_array_append(message, (const guint8 *)fault->more,
                        (guint)strlen(fault->more));
    bytes = hello_in_records(message, message->len);
    fixture_init(&f);
    check_refused(&f, "raw.test", bytes, fault->alert);
    record = rig_record(f.rig, BNS_EVENT_TLS_ERROR);
    g_assert_cmpstr(record->host, ==, "raw.test");
    g_assert_true(g_str_has_prefix(record->error, "client"));
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_TLS_OPEN, 0), ==, 0);
    fixture_clear(&f);
}

static void
test_too_long(void)
{
    Fixture f;
    g_autoptr(GByteArray) message = g_byte_array_sized_new(40000);
    g_autoptr(GByteArray) bytes = NULL;

    g_byte_array_set_size(message, 40000);
    memset(message->data, 0, message->len);
    message->data[0] = 1;
    message->data[2] = (40000 - 4) >> 8;
    message->data[3] = (40000 - 4) & 0xff;
    bytes = hello_in_records(message, 16000);
    fixture_init(&f);
    check_refused(&f, "raw.test", bytes, ALERT_DECODE_ERROR);
    g_assert_nonnull(strstr(rig_record(f.rig, BNS_EVENT_TLS_ERROR)->error, "too long"));
    fixture_clear(&f);
}

static void
test_guarded(void)
{
    Fixture f;
    const BnsRecord *record;
    g_autoptr(GByteArray) bytes = hello_by_openssl("private.test", 0);

    fixture_init(&f);
    check_refused(&f, "private.test", bytes, ALERT_ACCESS_DENIED);
    g_assert_cmpint(rig_record(f.rig, BNS_EVENT_TLS_OPEN)->decision, ==,
                    BNS_DECIDED_ALLOW);
    record = rig_record(f.rig, BNS_EVENT_FLOW_REFUSED);
    g_assert_nonnull(strstr(record->reason, "private network"));
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_TCP_OPEN, 0), ==, 0);
    fixture_clear(&f);
}

/* --- what fails --- */

static void
test_unreachable(void)
{
    Fixture f;
    g_autoptr(GByteArray) bytes = hello_by_openssl("gone.test", 0);
    const BnsRecord *record;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "gone.test", 443);
    rig_say_bytes(&f.flow, bytes->data, bytes->len);
    g_assert_true(rig_wait_closed(f.rig, f.flow.id));
    record = rig_record(f.rig, BNS_EVENT_UPSTREAM_ERROR);
    g_assert_cmpstr(record->scheme, ==, "tls");
    g_assert_nonnull(strstr(record->error, "refused"));
    fixture_clear(&f);
}

static void
test_gone_while_dialled(void)
{
    Fixture f;
    g_autoptr(GByteArray) bytes = hello_by_openssl("silent.test", 0);

    fixture_init(&f);
    f.flow = rig_open(f.rig, "silent.test", 443);
    rig_say_bytes(&f.flow, bytes->data, bytes->len);
    rig_record(f.rig, BNS_EVENT_TLS_OPEN);
    rig_reset(f.rig, f.flow.id);
    rig_close(f.rig, &f.flow);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_TCP_OPEN, 0), ==, 0);
    fixture_clear(&f);
}

static void
test_ends_in_hello(void)
{
    Fixture f;
    g_autoptr(GByteArray) bytes = hello_by_openssl("raw.test", 0);

    fixture_init(&f);
    f.flow = rig_open(f.rig, "raw.test", 443);
    rig_say_bytes(&f.flow, bytes->data, bytes->len - 1);
    rig_say_end(&f.flow);
    g_assert_nonnull(
        strstr(rig_record(f.rig, BNS_EVENT_TLS_ERROR)->error, "client closed"));
    g_assert_true(rig_nobody_came(f.listener));
    fixture_clear(&f);
}

/* Without a record no byte leaves. */
static void
test_unrecorded(void)
{
    Fixture f;
    g_autoptr(GByteArray) bytes = hello_by_openssl("raw.test", 0);

    fixture_init(&f);
    f.flow = rig_open(f.rig, "raw.test", 443);
    rig_break_recorder(f.rig);
    rig_say_bytes(&f.flow, bytes->data, bytes->len);
    rig_free_failed(f.rig);
    g_assert_true(rig_nobody_came(f.listener));
    bns_fd_clear(&f.flow.fd);
    f.rig = rig_new("allow: []", NULL, NULL);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/sealed/the-origin-itself-is-met", test_passes);
    bns_test_add("/gateway/sealed/without-a-name-the-address's-decides",
                 test_without_name);
    bns_test_add("/gateway/sealed/the-hello's-name-decides", test_name_decides);
    bns_test_add("/gateway/sealed/case-does-not-matter", test_in_capitals);
    bns_test_add("/gateway/sealed/an-inspected-name-is-inspected", test_inspected_name);
    bns_test_add("/gateway/sealed/only-tls-passes", test_only_tls);
    bns_test_add("/gateway/sealed/fragments-pass-as-they-came", test_fragments);
    bns_test_add("/gateway/sealed/early-data-follows", test_early_data);
    bns_test_add("/gateway/sealed/a-reset-is-a-reset", test_reset);
    bns_test_add("/gateway/sealed/a-deny-with-a-path-refuses", test_deny_with_path);
    bns_test_add("/gateway/sealed/an-encrypted-hello-is-refused", test_ech);
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/sealed/refused/%s", faults[i].name);

        bns_test_add_data(path, &faults[i], test_fault);
    }
    bns_test_add("/gateway/sealed/refused/too-long", test_too_long);
    bns_test_add("/gateway/sealed/the-guard-refuses", test_guarded);
    bns_test_add("/gateway/sealed/an-unreachable-origin-is-a-reset", test_unreachable);
    bns_test_add("/gateway/sealed/command-gone-while-dialled", test_gone_while_dialled);
    bns_test_add("/gateway/sealed/an-end-within-the-hello", test_ends_in_hello);
    bns_test_add("/gateway/sealed/unrecorded-is-not-dialled", test_unrecorded);
    return g_test_run();
}
