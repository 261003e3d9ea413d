/* SPDX-License-Identifier: Apache-2.0 */
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
static SSL_CTX *clients;

/* What a client's certificate must be for when it sends no name. */
#define FALLBACK "fallback.example"

/* What answer() chooses. */
static BnsProtocols answered = BNS_PROTOCOL_HTTP1;

static void
answer(TlsPair *pair)
{
    SSL *ssl = bns_stream_ssl(pair->server.stream);
    const char *name = bns_hello_name(ssl);

    bns_hello_answer(ssl, name != NULL ? name : FALLBACK, answered);
}

static void
refuse(TlsPair *pair)
{
    bns_hello_refuse(bns_stream_ssl(pair->server.stream));
}

static SSL *
client_for(const char *name)
{
    SSL *ssl = SSL_new(clients);

    SSL_set_connect_state(ssl);
    if (name != NULL)
        SSL_set_tlsext_host_name(ssl, (void *)(uintptr_t)name);
    return ssl;
}

static void
start(TlsPair *pair, SSL *client)
{
    tls_pair_init(pair, client, bns_hello_server(hello));
    pair->on_hello = answer;
}

/* --- whole handshakes --- */

static void
expect_chosen(SSL *ssl, const char *protocol)
{
    const unsigned char *chosen;
    unsigned len;

    SSL_get0_alpn_selected(ssl, &chosen, &len);
    g_assert_cmpmem(chosen, len, protocol, strlen(protocol));
}

/* SSL_set1_groups_list() without its cast, which drops const. */
static void
set_groups(SSL *ssl, const char *groups)
{
    g_assert_cmpint(
        SSL_ctrl(ssl, SSL_CTRL_SET_GROUPS_LIST, 0, (void *)(uintptr_t)groups), ==, 1);
}

static void
test_served(gconstpointer data)
{
    int version = GPOINTER_TO_INT(data);
    SSL *client = client_for("A.Example");
    TlsPair pair;

    SSL_set_max_proto_version(client, version);
    SSL_set_alpn_protos(client, (const unsigned char *)"\x02h2\x08http/1.1", 12);
    start(&pair, client);
    tls_pair_handshake(&pair);
    g_assert_cmpint(pair.client.result, ==, 1);
    g_assert_cmpint(pair.server.result, ==, 1);
    g_assert_cmpuint(pair.n_hellos, ==, 1);
    g_assert_cmpint(SSL_version(client), ==, version);
    g_assert_cmpint(
        X509_check_host(SSL_get0_peer_certificate(client), "a.example", 0, 0, NULL), ==,
        1);
    g_assert_null(bns_hello_failure(bns_stream_ssl(pair.server.stream)));
    expect_chosen(client, "http/1.1");
    tls_pair_clear(&pair);
}

/* What the owner says, whatever the client would rather have. */
static void
test_protocols(void)
{
    static const struct {
        const char *offers; /* in ALPN's form */
        BnsProtocols answered;
        const char *chosen;
    } rows[] = {
        { "\x02h2\x08http/1.1", BNS_PROTOCOL_HTTP1, "http/1.1" },
        { "\x02h2\x08http/1.1", BNS_PROTOCOL_HTTP2, "h2" },
        { "\x08http/1.1\x02h2", BNS_PROTOCOL_HTTP2, "h2" },
        { "\x02h2", BNS_PROTOCOL_HTTP2, "h2" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        SSL *client = client_for("a.example");
        TlsPair pair;

        SSL_set_alpn_protos(client, (const unsigned char *)rows[i].offers,
                            (unsigned)strlen(rows[i].offers));
        answered = rows[i].answered;
        start(&pair, client);
        tls_pair_handshake(&pair);
        answered = BNS_PROTOCOL_HTTP1;
        g_assert_cmpint(pair.client.result, ==, 1);
        expect_chosen(client, rows[i].chosen);
        tls_pair_clear(&pair);
    }
}

static void
test_fallback(void)
{
    SSL *client = client_for(NULL);
    TlsPair pair;

    start(&pair, client);
    tls_pair_handshake(&pair);
    g_assert_cmpint(pair.client.result, ==, 1);
    g_assert_cmpint(
        X509_check_host(SSL_get0_peer_certificate(client), FALLBACK, 0, 0, NULL), ==,
        1);
    expect_chosen(client, "");
    tls_pair_clear(&pair);
}

/* A client whose first key share we do not take sends a second ClientHello. */
static void
test_second_hello(void)
{
    SSL *client = client_for("a.example");
    TlsPair pair;

    set_groups(client, "X448:X25519");
    start(&pair, client);
    set_groups(bns_stream_ssl(pair.server.stream), "X25519");
    tls_pair_handshake(&pair);
    g_assert_cmpint(pair.client.result, ==, 1);
    g_assert_cmpint(pair.server.result, ==, 1);
    g_assert_cmpuint(pair.n_hellos, ==, 1);
    tls_pair_clear(&pair);
}

/* Changes the name between a client's first and second ClientHello. */
static void
on_message(int is_write,
           int version,
           int type,
           const void *bytes,
           size_t len,
           SSL *ssl,
           void *data)
{
    if (!is_write && type == SSL3_RT_HANDSHAKE && len > 0 &&
        *(const unsigned char *)bytes == SSL3_MT_SERVER_HELLO)
        SSL_set_tlsext_host_name(ssl, data);
}

static void
test_second_hello_differs(gconstpointer data)
{
    const char *second = data;
    SSL *client = client_for("a.example");
    g_autofree char *failure = NULL;
    TlsPair pair;

    set_groups(client, "X448:X25519");
    SSL_set_msg_callback(client, on_message);
    SSL_set_msg_callback_arg(client, (void *)(uintptr_t)second);
    start(&pair, client);
    set_groups(bns_stream_ssl(pair.server.stream), "X25519");
    tls_pair_handshake(&pair);
    g_assert_cmpint(pair.client.result, ==, BNS_STREAM_ERROR);
    g_assert_cmpint(pair.server.result, ==, BNS_STREAM_ERROR);
    failure = bns_hello_failure(bns_stream_ssl(pair.server.stream));
    g_assert_cmpstr(failure, ==, "client's second ClientHello names another host");
    tls_pair_clear(&pair);
}

static void
test_refused(void)
{
    g_autofree char *failure = NULL;
    TlsPair pair;

    start(&pair, client_for("a.example"));
    pair.on_hello = refuse;
    tls_pair_handshake(&pair);
    g_assert_cmpint(pair.client.result, ==, BNS_STREAM_ERROR);
    g_assert_cmpint(pair.server.result, ==, BNS_STREAM_ERROR);
    g_assert_cmpint(
        ERR_GET_REASON(bns_stream_tls_failure(bns_stream_ssl(pair.client.stream))), ==,
        SSL_R_TLSV1_ALERT_ACCESS_DENIED);
    failure = bns_hello_failure(bns_stream_ssl(pair.server.stream));
    g_assert_cmpstr(failure, ==, "refused by policy");
    tls_pair_clear(&pair);
}

static void
test_untrusting_client(gconstpointer data)
{
    SSL *client = client_for("a.example");
    g_autofree char *failure = NULL;
    TlsPair pair;

    SSL_set_max_proto_version(client, GPOINTER_TO_INT(data));
    SSL_set_verify(client, SSL_VERIFY_PEER, NULL);
    start(&pair, client);
    tls_pair_handshake(&pair);
    g_assert_cmpint(pair.client.result, ==, BNS_STREAM_ERROR);
    g_assert_cmpint(pair.server.result, ==, BNS_STREAM_ERROR);
    failure = bns_hello_failure(bns_stream_ssl(pair.server.stream));
    g_assert_cmpstr(failure, ==, "client does not trust the certificate (unknown CA)");
    tls_pair_clear(&pair);
}

static void
test_renegotiation(void)
{
    SSL *client = client_for("a.example");
    TlsPair pair;
    char byte;

    SSL_set_max_proto_version(client, TLS1_2_VERSION);
    start(&pair, client);
    tls_pair_handshake(&pair);
    g_assert_cmpint(SSL_renegotiate(client), ==, 1);
    SSL_do_handshake(client);
    g_assert_cmpint(read_now(pair.server.stream, &byte, 1), ==, BNS_STREAM_AGAIN);
    ERR_clear_error();
    bns_stream_look(pair.client.stream);
    g_assert_cmpint(SSL_do_handshake(client), <=, 0);
    g_assert_cmpint(ERR_GET_REASON(ERR_peek_error()), ==, SSL_R_NO_RENEGOTIATION);
    g_assert_cmpuint(pair.n_hellos, ==, 1);
    tls_pair_clear(&pair);
}

/* --- resumption --- */

/* A handshake for @name, continuing @session if it is not %NULL. */
static SSL_SESSION *
visit(const char *name, int version, SSL_SESSION *session, bool *out_resumed)
{
    SSL *client = client_for(name);
    SSL_SESSION *ticket;
    TlsPair pair;

    SSL_set_max_proto_version(client, version);
    if (session != NULL)
        SSL_set_session(client, session);
    start(&pair, client);
    tls_pair_handshake(&pair);
    g_assert_cmpint(pair.client.result, ==, 1);
    g_assert_cmpint(pair.server.result, ==, 1);
    /* The owner is asked for every connection, resumed or not. */
    g_assert_cmpuint(pair.n_hellos, ==, 1);
    g_assert_cmpint(SSL_session_reused(client), ==,
                    SSL_session_reused(bns_stream_ssl(pair.server.stream)));
    *out_resumed = SSL_session_reused(client);
    tls_pair_take_tickets(&pair);
    ticket = SSL_get1_session(client);
    g_assert_cmpuint(SSL_SESSION_get_max_early_data(ticket), ==, 0);
    /* OpenSSL's client forgets the session of a connection that it did not end. */
    g_assert_cmpint(bns_stream_shutdown(pair.client.stream), ==, 1);
    tls_pair_clear(&pair);
    return ticket;
}

static void
test_resumption(gconstpointer data)
{
    int version = GPOINTER_TO_INT(data);
    bool resumed;
    SSL_SESSION *first = visit("a.example", version, NULL, &resumed);
    SSL_SESSION *other;
    SSL_SESSION *again;
    SSL_SESSION *none;

    g_assert_false(resumed);
    other = visit("b.example", version, first, &resumed);
    g_assert_false(resumed);
    none = visit(NULL, version, first, &resumed);
    g_assert_false(resumed);
    again = visit("A.example", version, first, &resumed);
    g_assert_true(resumed);
    SSL_SESSION_free(first);
    SSL_SESSION_free(other);
    SSL_SESSION_free(none);
    SSL_SESSION_free(again);
}

int
main(int argc, char **argv)
{
    gpointer tls12 = GINT_TO_POINTER(TLS1_2_VERSION);
    gpointer tls13 = GINT_TO_POINTER(TLS1_3_VERSION);
    int status;

    bns_test_init(&argc, &argv, 30);
    ca = bns_ca_new(NULL);
    hello = bns_hello_new(ca, NULL);
    clients = SSL_CTX_new(TLS_client_method());
    bns_test_add_data("/gateway/hello/tls12-is-served-its-host", tls12, test_served);
    bns_test_add_data("/gateway/hello/tls13-is-served-its-host", tls13, test_served);
    bns_test_add("/gateway/hello/the-owner-chooses-the-protocol", test_protocols);
    bns_test_add("/gateway/hello/no-name-is-served-the-owner's-host", test_fallback);
    bns_test_add("/gateway/hello/second-hello-is-not-asked-about-again",
                 test_second_hello);
    bns_test_add_data("/gateway/hello/second-hello-may-not-change-the-name",
                      "b.example", test_second_hello_differs);
    bns_test_add_data("/gateway/hello/second-hello-may-not-drop-the-name", NULL,
                      test_second_hello_differs);
    bns_test_add("/gateway/hello/refused-name-gets-an-alert", test_refused);
    bns_test_add_data("/gateway/hello/tls12-distrust-is-told", tls12,
                      test_untrusting_client);
    bns_test_add_data("/gateway/hello/tls13-distrust-is-told", tls13,
                      test_untrusting_client);
    bns_test_add("/gateway/hello/renegotiation-is-refused", test_renegotiation);
    bns_test_add_data("/gateway/hello/tls12-resumes-for-the-same-host-only", tls12,
                      test_resumption);
    bns_test_add_data("/gateway/hello/tls13-resumes-for-the-same-host-only", tls13,
                      test_resumption);
    status = g_test_run();
    SSL_CTX_free(clients);
    bns_hello_free(hello);
    bns_ca_free(ca);
    return status;
}
