/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a ClientHello may hold. They are written by hand, since OpenSSL's client sends
 * proper ones only. Whole handshakes are in hello_handshake.c.
 */
#include "netstack/gateway/hello.h"

#include "base/fd.h"
#include "tests/gateway/stream_now.h"
#include "tests/gateway/tls_pair.h"
#include "tests/support/test.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>

static BnsCa *ca;
static BnsHello *hello;

/* --- hellos written by hand --- */

static void
append_u16(GByteArray *bytes, size_t number)
{
    const guint8 two[] = { (guint8)(number >> 8), (guint8)number };

    g_byte_array_append(bytes, two, 2);
}

/* @content: %NULL leaves the extension out */
static void
append_extension(GByteArray *bytes, unsigned type, const char *content, size_t len)
{
    if (content == NULL)
        return;
    append_u16(bytes, type);
    append_u16(bytes, len);
    g_byte_array_append(bytes, (const guint8 *)content, (guint)len);
}

/* Returns: (transfer full): a handshake message (RFC 5246, 7.4.1.2) that a server for
 * P-256 and ECDSA can go on with. */
static GByteArray *
client_hello(unsigned version,
             const char *name,
             size_t name_len,
             const char *protocols,
             size_t protocols_len)
{
    static const guint8 suites[] = { 0, 4, 0xc0, 0x2b, 0xc0, 0x2c, 1, 0 };
    g_autoptr(GByteArray) extensions = g_byte_array_new();
    GByteArray *bytes = g_byte_array_new();
    guint8 random[33] = { 1, 2, 3 }; /* and an empty session id */

    append_extension(extensions, TLSEXT_TYPE_server_name, name, name_len);
    append_extension(extensions, TLSEXT_TYPE_supported_groups, "\0\x02\0\x17", 4);
    append_extension(extensions, TLSEXT_TYPE_signature_algorithms, "\0\x02\x04\x03", 4);
    append_extension(extensions, TLSEXT_TYPE_application_layer_protocol_negotiation,
                     protocols, protocols_len);

    append_u16(bytes, SSL3_MT_CLIENT_HELLO << 8);
    append_u16(bytes, 2 + sizeof(random) + sizeof(suites) + 2 + extensions->len);
    append_u16(bytes, version);
    g_byte_array_append(bytes, random, sizeof(random));
    g_byte_array_append(bytes, suites, sizeof(suites));
    append_u16(bytes, extensions->len);
    g_byte_array_append(bytes, extensions->data, extensions->len);
    return bytes;
}

/* Cuts @message into records of @piece bytes. Takes it. */
static GByteArray *
in_records(GByteArray *message, size_t piece)
{
    GByteArray *bytes = g_byte_array_new();

    for (size_t at = 0; at < message->len; at += piece) {
        size_t len = MIN(piece, message->len - at);

        g_byte_array_append(bytes, (const guint8 *)"\x16\x03\x01", 3);
        append_u16(bytes, len);
        g_byte_array_append(bytes, message->data + at, (guint)len);
    }
    g_byte_array_unref(message);
    return bytes;
}

/* A server of ours whose client is a naked descriptor. */
typedef struct {
    BnsLoop *loop;
    BnsStream *stream;
    SSL *ssl; /* the stream's */
    int peer;
} RawPeer;

static void
on_nothing(void *data)
{
}

static void
raw_peer_init(RawPeer *raw)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    raw->loop = bns_loop_new();
    raw->stream = bns_stream_new(raw->loop, fds[0], on_nothing, NULL);
    raw->ssl = bns_hello_server(hello);
    raw->peer = fds[1];
    bns_stream_start_tls(raw->stream, raw->ssl);
}

static void
raw_peer_clear(RawPeer *raw)
{
    bns_stream_free(raw->stream);
    bns_fd_clear(&raw->peer);
    bns_loop_turn(raw->loop, 0);
    bns_loop_free(raw->loop);
}

/* Sends @hello (taken) in writes of @step bytes, as long as the server wants more. */
static ssize_t
raw_peer_say(RawPeer *raw, GByteArray *bytes, size_t step)
{
    ssize_t result = BNS_STREAM_AGAIN;

    for (size_t at = 0; at < bytes->len; at += step) {
        g_assert_cmpint(result, ==, BNS_STREAM_AGAIN);
        g_assert_cmpint(
            bns_fd_write_all(raw->peer, bytes->data + at, MIN(step, bytes->len - at)),
            ==, 0);
        result = handshake_now(raw->stream);
    }
    g_byte_array_unref(bytes);
    return result;
}

/* The fatal alert that the server sent, or -1. */
static int
raw_peer_alert(RawPeer *raw)
{
    guint8 record[7];

    if (recv(raw->peer, record, sizeof(record), MSG_DONTWAIT) != sizeof(record) ||
        record[0] != SSL3_RT_ALERT || record[5] != SSL3_AL_FATAL)
        return -1;
    return record[6];
}

/* --- names --- */

/* A ClientHello written by hand, since OpenSSL's client sends proper ones only. */
typedef struct {
    const char *what;
    const char *extension; /* NULL: none is sent */
    size_t len;
    const char *name;    /* canonical; NULL: none */
    const char *failure; /* NULL: the handshake works */
    int alert;
} NameCase;

#define RAW(bytes) bytes, sizeof(bytes) - 1

static const NameCase name_cases[] = {
    { "no-name", NULL, 0, NULL, NULL, 0 },
    { "name",
      RAW("\0\x0c\0\0\x09"
          "a.example"),
      "a.example", NULL, 0 },
    { "upper-case",
      RAW("\0\x0c\0\0\x09"
          "A.ExamplE"),
      "a.example", NULL, 0 },
    { "trailing-dot",
      RAW("\0\x0d\0\0\x0a"
          "a.example."),
      "a.example", NULL, 0 },
    { "underscore",
      RAW("\0\x0c\0\0\x09"
          "_.example"),
      "_.example", NULL, 0 },
    { "ipv4",
      RAW("\0\x0c\0\0\x09"
          "192.0.2.7"),
      NULL, "client's server name is an address", SSL_AD_UNRECOGNIZED_NAME },
    { "ipv6",
      RAW("\0\x08\0\0\x05"
          "[::1]"),
      NULL, "client's server name is an address", SSL_AD_UNRECOGNIZED_NAME },
    { "ipv6-bare",
      RAW("\0\x06\0\0\x03"
          "::1"),
      NULL, "client's server name is no valid host name", SSL_AD_UNRECOGNIZED_NAME },
    { "two-names",
      RAW("\0\x18\0\0\x09"
          "a.example"
          "\0\0\x09"
          "b.example"),
      NULL, "client sends more than one server name", SSL_AD_UNRECOGNIZED_NAME },
    { "same-name-twice",
      RAW("\0\x18\0\0\x09"
          "a.example"
          "\0\0\x09"
          "a.example"),
      NULL, "client sends more than one server name", SSL_AD_UNRECOGNIZED_NAME },
    { "nul-inside",
      RAW("\0\x0c\0\0\x09"
          "a\0example"),
      NULL, "client's server name is no valid host name", SSL_AD_UNRECOGNIZED_NAME },
    { "space",
      RAW("\0\x0c\0\0\x09"
          "a example"),
      NULL, "client's server name is no valid host name", SSL_AD_UNRECOGNIZED_NAME },
    { "port",
      RAW("\0\x0e\0\0\x0b"
          "a.example:1"),
      NULL, "client's server name is no valid host name", SSL_AD_UNRECOGNIZED_NAME },
    { "empty-name", RAW("\0\x03\0\0\0"), NULL,
      "client's server name is no valid host name", SSL_AD_UNRECOGNIZED_NAME },
    { "empty-list", RAW("\0\0"), NULL, "client's server name extension is malformed",
      SSL_AD_DECODE_ERROR },
    { "empty-extension", RAW(""), NULL, "client's server name extension is malformed",
      SSL_AD_DECODE_ERROR },
    { "other-type",
      RAW("\0\x0c\x01\0\x09"
          "a.example"),
      NULL, "client's server name is no host name", SSL_AD_UNRECOGNIZED_NAME },
    { "list-too-short",
      RAW("\0\x0b\0\0\x09"
          "a.example"),
      NULL, "client's server name extension is malformed", SSL_AD_DECODE_ERROR },
    { "list-too-long",
      RAW("\0\x0d\0\0\x09"
          "a.example"),
      NULL, "client's server name extension is malformed", SSL_AD_DECODE_ERROR },
    { "name-too-long",
      RAW("\0\x0c\0\0\x0a"
          "a.example"),
      NULL, "client's server name extension is malformed", SSL_AD_DECODE_ERROR },
    { "rest-behind-the-list",
      RAW("\0\x0c\0\0\x09"
          "a.examplex"),
      NULL, "client's server name extension is malformed", SSL_AD_DECODE_ERROR },
};

static void
test_name(gconstpointer data)
{
    const NameCase *c = data;
    g_autofree char *failure = NULL;
    RawPeer raw;
    ssize_t result;

    raw_peer_init(&raw);
    result = raw_peer_say(
        &raw,
        in_records(client_hello(TLS1_2_VERSION, c->extension, c->len, NULL, 0), 9999),
        9999);
    failure = bns_hello_failure(raw.ssl);
    g_assert_cmpstr(failure, ==, c->failure);
    g_assert_cmpstr(bns_hello_name(raw.ssl), ==, c->name);
    g_assert_cmpint(result, ==,
                    c->failure == NULL ? BNS_STREAM_HELLO : BNS_STREAM_ERROR);
    g_assert_cmpint(raw_peer_alert(&raw), ==, c->failure == NULL ? -1 : c->alert);
    raw_peer_clear(&raw);
}

static void
test_longest_name(void)
{
    g_autoptr(GString) name = g_string_new(NULL);
    g_autoptr(GString) extension = g_string_new(NULL);
    RawPeer raw;

    while (name->len < 250)
        g_string_append(name, "a.");
    g_string_append(name, "aaa");
    g_assert_cmpuint(name->len, ==, 253);
    for (int too_long = 0; too_long < 2; too_long++) {
        g_string_assign(extension, "");
        g_string_append_len(extension, "\x01\0\0\0", 4);
        g_string_append_c(extension, (char)name->len);
        extension->str[1] = (char)(name->len + 3 - 256);
        g_string_append(extension, name->str);
        raw_peer_init(&raw);
        g_assert_cmpint(
            raw_peer_say(&raw,
                         in_records(client_hello(TLS1_2_VERSION, extension->str,
                                                 extension->len, NULL, 0),
                                    9999),
                         9999),
            ==, too_long ? BNS_STREAM_ERROR : BNS_STREAM_HELLO);
        g_assert_cmpstr(bns_hello_name(raw.ssl), ==, too_long ? NULL : name->str);
        raw_peer_clear(&raw);
        g_string_append_c(name, 'a');
    }
}

/* Byte by byte, in tiny records, and both. */
static void
test_fragments(void)
{
    static const size_t cuts[][2] = { { 9999, 1 }, { 1, 9999 }, { 1, 1 }, { 7, 5 } };

    for (size_t i = 0; i < G_N_ELEMENTS(cuts); i++) {
        RawPeer raw;

        raw_peer_init(&raw);
        g_assert_cmpint(raw_peer_say(&raw,
                                     in_records(client_hello(TLS1_2_VERSION,
                                                             RAW("\0\x0c\0\0\x09"
                                                                 "a.example"),
                                                             NULL, 0),
                                                cuts[i][0]),
                                     cuts[i][1]),
                        ==, BNS_STREAM_HELLO);
        g_assert_cmpstr(bns_hello_name(raw.ssl), ==, "a.example");
        raw_peer_clear(&raw);
    }
}

static void
test_client_dies(void)
{
    GByteArray *bytes =
        in_records(client_hello(TLS1_2_VERSION, NULL, 0, NULL, 0), 9999);
    g_autofree char *failure = NULL;
    RawPeer raw;

    raw_peer_init(&raw);
    g_byte_array_set_size(bytes, bytes->len - 1);
    g_assert_cmpint(raw_peer_say(&raw, bytes, 9999), ==, BNS_STREAM_AGAIN);
    g_assert_null(bns_hello_failure(raw.ssl));
    bns_fd_clear(&raw.peer);
    g_assert_cmpint(handshake_now(raw.stream), ==, BNS_STREAM_TRUNCATED);
    failure = bns_hello_failure(raw.ssl);
    g_assert_cmpstr(failure, ==,
                    "client closed the connection during the TLS handshake");
    raw_peer_clear(&raw);
}

/* --- ALPN and versions --- */

typedef struct {
    const char *what;
    unsigned version;
    const char *protocols; /* the extension; NULL: none is sent */
    size_t len;
    BnsProtocols offers;
    const char *failure;
    int alert;
} OfferCase;

static const OfferCase offer_cases[] = {
    { "no-alpn", TLS1_2_VERSION, NULL, 0, BNS_PROTOCOL_HTTP1, NULL, 0 },
    { "http11", TLS1_2_VERSION, RAW("\0\x09\x08http/1.1"), BNS_PROTOCOL_HTTP1, NULL,
      0 },
    { "h2-and-http11", TLS1_2_VERSION, RAW("\0\x0c\x02h2\x08http/1.1"),
      BNS_PROTOCOL_BOTH, NULL, 0 },
    { "other-order", TLS1_2_VERSION, RAW("\0\x11\x08http/1.1\x04spdy\x02h2"),
      BNS_PROTOCOL_BOTH, NULL, 0 },
    { "h2-only", TLS1_2_VERSION, RAW("\0\x03\x02h2"), BNS_PROTOCOL_HTTP2, NULL, 0 },
    { "prefix-is-not-h2", TLS1_2_VERSION, RAW("\0\x02\x01h"), BNS_PROTOCOL_NONE,
      "client offers neither h2 nor http/1.1 (ALPN)", SSL_AD_NO_APPLICATION_PROTOCOL },
    { "h2c-is-not-h2", TLS1_2_VERSION,
      RAW("\0\x04\x03h2"
          "c"),
      BNS_PROTOCOL_NONE, "client offers neither h2 nor http/1.1 (ALPN)",
      SSL_AD_NO_APPLICATION_PROTOCOL },
    { "unknown-only", TLS1_2_VERSION,
      RAW("\0\x0b\x0a"
          "acme-tls/1"),
      BNS_PROTOCOL_NONE, "client offers neither h2 nor http/1.1 (ALPN)",
      SSL_AD_NO_APPLICATION_PROTOCOL },
    { "prefix-is-not-http11", TLS1_2_VERSION, RAW("\0\x07\x06http/1"),
      BNS_PROTOCOL_NONE, "client offers neither h2 nor http/1.1 (ALPN)",
      SSL_AD_NO_APPLICATION_PROTOCOL },
    { "empty-list", TLS1_2_VERSION, RAW("\0\0"), BNS_PROTOCOL_NONE,
      "client's ALPN list is malformed", SSL_AD_DECODE_ERROR },
    { "empty-name", TLS1_2_VERSION, RAW("\0\x0a\0\x08http/1.1"), BNS_PROTOCOL_NONE,
      "client's ALPN list is malformed", SSL_AD_DECODE_ERROR },
    { "name-beyond-the-list", TLS1_2_VERSION, RAW("\0\x09\x09http/1.1"),
      BNS_PROTOCOL_NONE, "client's ALPN list is malformed", SSL_AD_DECODE_ERROR },
    { "rest-behind-the-list", TLS1_2_VERSION, RAW("\0\x09\x08http/1.1x"),
      BNS_PROTOCOL_NONE, "client's ALPN list is malformed", SSL_AD_DECODE_ERROR },
    { "tls11", TLS1_1_VERSION, NULL, 0, BNS_PROTOCOL_NONE,
      "client speaks no TLS version above 1.1", SSL_AD_PROTOCOL_VERSION },
    { "tls10", TLS1_VERSION, RAW("\0\x09\x08http/1.1"), BNS_PROTOCOL_NONE,
      "client speaks no TLS version above 1.1", SSL_AD_PROTOCOL_VERSION },
};

static void
test_offer(gconstpointer data)
{
    const OfferCase *c = data;
    g_autofree char *failure = NULL;
    RawPeer raw;
    ssize_t result;

    raw_peer_init(&raw);
    result = raw_peer_say(
        &raw, in_records(client_hello(c->version, NULL, 0, c->protocols, c->len), 9999),
        9999);
    failure = bns_hello_failure(raw.ssl);
    g_assert_cmpstr(failure, ==, c->failure);
    g_assert_cmpint(result, ==,
                    c->failure == NULL ? BNS_STREAM_HELLO : BNS_STREAM_ERROR);
    g_assert_cmpint(raw_peer_alert(&raw), ==, c->failure == NULL ? -1 : c->alert);
    if (c->failure == NULL)
        g_assert_cmpint(bns_hello_protocols(raw.ssl), ==, (int)c->offers);
    raw_peer_clear(&raw);
}

static void
test_no_tls(void)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
    g_autofree char *failure = NULL;
    GByteArray *bytes = g_byte_array_new();
    RawPeer raw;

    g_byte_array_append(bytes, (const guint8 *)request, sizeof(request) - 1);
    raw_peer_init(&raw);
    g_assert_cmpint(raw_peer_say(&raw, bytes, 9999), ==, BNS_STREAM_ERROR);
    failure = bns_hello_failure(raw.ssl);
    g_assert_cmpstr(failure, ==, "TLS handshake with the client failed: http request");
    raw_peer_clear(&raw);
}

static void
add_table(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(name_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/hello/name/%s", name_cases[i].what);

        bns_test_add_data(path, &name_cases[i], test_name);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(offer_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/hello/offer/%s", offer_cases[i].what);

        bns_test_add_data(path, &offer_cases[i], test_offer);
    }
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 30);
    ca = bns_ca_new(NULL);
    hello = bns_hello_new(ca, NULL);
    add_table();
    bns_test_add("/gateway/hello/longest-name-and-one-byte-more", test_longest_name);
    bns_test_add("/gateway/hello/hello-may-come-in-pieces", test_fragments);
    bns_test_add("/gateway/hello/client-that-dies-is-an-end", test_client_dies);
    bns_test_add("/gateway/hello/plain-http-is-no-hello", test_no_tls);
    status = g_test_run();
    bns_hello_free(hello);
    bns_ca_free(ca);
    return status;
}
