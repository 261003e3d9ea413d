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

#include <errno.h>
#include <openssl/obj_mac.h>
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
    int groups[] = { NID_secp384r1, NID_X9_62_prime256v1 };
    g_autofree char *resolves = NULL;
    uint16_t port, raw_port;
    SSL_CTX *ctx;

    *f = (Fixture){ .flow.fd = -1 };
    f->authority = bns_test_cert_authority("Nobody's Authority");
    spec.issuer = f->authority;
    f->cert = bns_test_cert_new(&spec);
    ctx = bns_test_cert_server(f->cert, NULL);
    /* Clients guess X25519, as all do, and have to begin again. */
    SSL_CTX_set1_groups(ctx, groups, G_N_ELEMENTS(groups));
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
        hello_set_name(f->flow.ssl, name);
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

/* --- a second ClientHello --- */

/* The random of a HelloRetryRequest (RFC 8446, 4.1.3). */
#define RETRY_RANDOM                                                                   \
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"                 \
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"
#define RETRY "\x16\3\3\0\x2a\2\0\0\x26\3\3" RETRY_RANDOM "\0\x13\1\0"
#define ANSWER                                                                         \
    "\x16\3\3\0\x2a\2\0\0\x26\3\3"                                                     \
    "01234567890123456789012345678901"                                                 \
    "\0\x13\1\0"

/* So much of it tells what it is. */
#define RETRY_KNOWN (5 + 6 + 32)

static const guint8 early_data[] = { 23, 3, 3, 0, 4, 1, 2, 3, 4 };
static const guint8 change_cipher[] = { 20, 3, 3, 0, 1, 1 };

static GByteArray *
bytes_of(const void *bytes, size_t len)
{
    return g_byte_array_append(g_byte_array_new(), bytes, (guint)len);
}

static void
assert_hears_nothing(Fixture *f, RigFlow *origin)
{
    char byte;

    rig_sync(f->rig);
    g_assert_cmpint(recv(origin->fd, &byte, 1, MSG_DONTWAIT), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
}

/* The client says @first and, at once, @more; the origin hears the first alone. */
static RigFlow
begin_raw(Fixture *f, const GByteArray *first, const GByteArray *more)
{
    g_autoptr(GByteArray) all = bytes_of(first->data, first->len);
    RigFlow origin;

    fixture_init(f);
    f->flow = rig_open(f->rig, "raw.test", 443);
    g_byte_array_append(all, more->data, more->len);
    rig_say_bytes(&f->flow, all->data, all->len);
    origin = rig_accept(f->listener);
    assert_hears(&origin, first);
    assert_hears_nothing(f, &origin);
    return origin;
}

static void
end_raw(Fixture *f, RigFlow *origin)
{
    bns_fd_clear(&origin->fd);
    fixture_clear(f);
}

/* Real ones: what the client begins with does not suit this origin. */
static void
test_retry(void)
{
    Fixture f;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "sealed.test", 443);
    g_assert_true(start_tls(&f, "sealed.test"));
    g_assert_cmpint(SSL_get_negotiated_group(f.flow.ssl), !=, NID_X25519);
    g_assert_cmpint(SSL_version(f.flow.ssl), ==, TLS1_3_VERSION);
    fixture_clear(&f);
}

/* What follows the ClientHello at once (early data) waits for the answer to it. */
static void
test_early_data(void)
{
    Fixture f;
    g_autoptr(GByteArray) hello = hello_by_openssl("raw.test", 0);
    g_autoptr(GByteArray) early = bytes_of(early_data, sizeof(early_data));
    g_autoptr(GByteArray) answer = bytes_of(ANSWER, sizeof(ANSWER) - 1);
    RigFlow origin = begin_raw(&f, hello, early);

    rig_say_bytes(&origin, answer->data, answer->len);
    assert_hears(&origin, early);
    assert_hears(&f.flow, answer);
    end_raw(&f, &origin);
}

/* After that nobody looks: the origin knows what it has been told. */
static void
test_no_retry(void)
{
    Fixture f;
    g_autoptr(GByteArray) hello = hello_by_openssl("raw.test", 0);
    g_autoptr(GByteArray) other = hello_by_openssl("other.test", 0);
    RigFlow origin = begin_raw(&f, hello, other);

    rig_say_bytes(&origin, ANSWER, sizeof(ANSWER) - 1);
    assert_hears(&origin, other);
    end_raw(&f, &origin);
}

/* Early data, a change of ciphers, and the same name again, all before its time. */
static void
test_same_name_again(void)
{
    Fixture f;
    g_autoptr(GByteArray) hello = hello_by_openssl("raw.test", 0);
    g_autoptr(GByteArray) again = hello_by_openssl("RAW.test", 0);
    g_autoptr(GByteArray) more = bytes_of(early_data, sizeof(early_data));
    g_autoptr(GByteArray) retry = bytes_of(RETRY, sizeof(RETRY) - 1);
    RigFlow origin;

    g_byte_array_append(more, change_cipher, sizeof(change_cipher));
    g_byte_array_append(more, again->data, again->len);
    g_byte_array_append(more, early_data, sizeof(early_data));
    origin = begin_raw(&f, hello, more);
    rig_say_bytes(&origin, retry->data, retry->len);
    assert_hears(&origin, more);
    assert_hears(&f.flow, retry);
    rig_close(f.rig, &f.flow);
    g_assert_cmpuint(rig_record(f.rig, BNS_EVENT_TCP_CLOSE)->bytes_sent, ==,
                     hello->len + more->len);
    end_raw(&f, &origin);
}

/* @step: of the origin's answer, per write. */
static void
check_second(const GByteArray *second, size_t step, const char *error)
{
    Fixture f;
    g_autoptr(GByteArray) hello = hello_by_openssl("raw.test", 0);
    g_autoptr(GByteArray) more = bytes_of(change_cipher, sizeof(change_cipher));
    RigFlow origin;
    char byte;

    g_byte_array_append(more, second->data, second->len);
    origin = begin_raw(&f, hello, more);
    for (size_t at = 0; at < RETRY_KNOWN; at += step) {
        rig_say_bytes(&origin, &RETRY[at], MIN(step, RETRY_KNOWN - at));
        rig_sync(f.rig);
    }
    g_assert_true(rig_wait_closed(f.rig, f.flow.id));
    /* Not even what came before it. */
    g_assert_cmpint(recv(origin.fd, &byte, 1, 0), <=, 0);
    g_assert_cmpstr(rig_record(f.rig, BNS_EVENT_TCP_CLOSE)->error, ==, error);
    end_raw(&f, &origin);
}

static void
test_other_name(void)
{
    g_autoptr(GByteArray) other = hello_by_openssl("other.test", 0);
    g_autoptr(GByteArray) nameless = hello_by_openssl(NULL, 0);
    g_autoptr(GByteArray) hiding = hello_by_openssl("raw.test", HELLO_EXTENSION_ECH);
    g_autoptr(GByteArray) fragments = g_byte_array_new();

    check_second(other, 100, "client's second ClientHello names another host");
    check_second(other, 1, "client's second ClientHello names another host");
    check_second(nameless, 100, "client's second ClientHello names another host");
    check_second(hiding, 100, "client's second ClientHello hides another");
    /* One that is cut in two records is read as a whole. */
    g_byte_array_append(fragments, other->data + 5, other->len - 5);
    g_byte_array_unref(other);
    other = hello_in_records(fragments, 30);
    check_second(other, 100, "client's second ClientHello names another host");
}

static void
test_bad_second(void)
{
    static const guint8 alert_in_disguise[] = { 22, 3, 3, 0, 2, 2, 40 };
    g_autoptr(GByteArray) bytes =
        bytes_of(alert_in_disguise, sizeof(alert_in_disguise));

    check_second(bytes, 100, "client does not begin with a ClientHello");
}

/* The command is gone before the origin has answered: nothing more of it passes. */
static void
test_gone_before_answer(void)
{
    Fixture f;
    g_autoptr(GByteArray) hello = hello_by_openssl("raw.test", 0);
    g_autoptr(GByteArray) other = hello_by_openssl("other.test", 0);
    RigFlow origin = begin_raw(&f, hello, other);
    char byte;

    rig_close(f.rig, &f.flow);
    g_assert_cmpint(recv(origin.fd, &byte, 1, 0), <=, 0);
    g_assert_cmpstr(rig_record(f.rig, BNS_EVENT_TCP_CLOSE)->error, ==,
                    "the command broke the connection off");
    end_raw(&f, &origin);
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
    bns_test_add("/gateway/sealed/clients-may-have-to-begin-again", test_retry);
    bns_test_add("/gateway/sealed/early-data-waits", test_early_data);
    bns_test_add("/gateway/sealed/without-a-retry-nobody-looks", test_no_retry);
    bns_test_add("/gateway/sealed/the-same-name-again", test_same_name_again);
    bns_test_add("/gateway/sealed/another-name-the-second-time", test_other_name);
    bns_test_add("/gateway/sealed/no-hello-the-second-time", test_bad_second);
    bns_test_add("/gateway/sealed/command-gone-before-the-answer",
                 test_gone_before_answer);
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
