/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Origins whose certificate is good, and whose handshake is not.
 */
#include "netstack/gateway/trust.h"

#include "tests/gateway/stream_now.h"
#include "tests/gateway/tls_pair.h"
#include "tests/gateway/trust_origin.h"
#include "tests/support/test.h"

#include <string.h>

static BnsTestCert *good_leaf;

static SSL *
good_server(void)
{
    SSL_CTX *context = bns_test_cert_server(good_leaf, NULL);
    SSL *ssl = SSL_new(context);

    SSL_CTX_free(context);
    return ssl;
}

static void
test_old_tls(void)
{
    SSL *server = good_server();
    g_autofree char *failure = NULL;

    SSL_set_min_proto_version(server, TLS1_VERSION);
    SSL_set_max_proto_version(server, TLS1_1_VERSION);
    failure = trust_visit(trust_default, "origin.test", server);
    g_assert_cmpstr(failure, ==, "upstream speaks no TLS version above 1.1");
}

static void
test_no_shared_cipher(void)
{
    SSL *server = good_server();
    g_autofree char *failure = NULL;

    SSL_set_max_proto_version(server, TLS1_2_VERSION);
    SSL_set_cipher_list(server, "aNULL:eNULL:@SECLEVEL=0");
    failure = trust_visit(trust_default, "origin.test", server);
    g_assert_cmpstr(failure, ==,
                    "upstream refused the TLS handshake (handshake_failure: no common "
                    "cipher, or it asks for a client certificate: client_cert: of a "
                    "rule)");
}

/* What the test's origin does with our ALPN list. */
typedef enum {
    CHOOSE_OURS,
    REFUSE_OURS,
    CHOOSE_ANOTHER,
    IGNORE_OURS,
} Choice;

static int
on_choose(SSL *ssl,
          const unsigned char **out,
          unsigned char *out_len,
          const unsigned char *in,
          unsigned in_len,
          void *data)
{
    static const unsigned char h2[] = "h2";

    g_assert_cmpmem(in, in_len, "\x08http/1.1", 9);
    switch ((Choice)GPOINTER_TO_INT(data)) {
    case CHOOSE_OURS:
        *out = in + 1;
        *out_len = in[0];
        return SSL_TLSEXT_ERR_OK;
    case CHOOSE_ANOTHER:
        *out = h2;
        *out_len = 2;
        return SSL_TLSEXT_ERR_OK;
    case REFUSE_OURS:
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    case IGNORE_OURS:
    default:
        return SSL_TLSEXT_ERR_NOACK;
    }
}

static void
test_alpn(void)
{
    static const char *const expected[] = {
        [CHOOSE_OURS] = NULL,
        [REFUSE_OURS] =
            "upstream speaks no version of HTTP that the client offers (ALPN)",
        [CHOOSE_ANOTHER] = "upstream chose a protocol that was not offered (ALPN)",
        [IGNORE_OURS] = NULL,
    };

    for (int choice = CHOOSE_OURS; choice <= IGNORE_OURS; choice++) {
        SSL_CTX *context = bns_test_cert_server(good_leaf, NULL);
        g_autofree char *failure = NULL;

        SSL_CTX_set_alpn_select_cb(context, on_choose, GINT_TO_POINTER(choice));
        failure = trust_visit(trust_default, "origin.test", SSL_new(context));
        SSL_CTX_free(context);
        /* Newer OpenSSL sees it itself, older leaves it to us. */
        if (choice == CHOOSE_ANOTHER && g_strrstr(failure, "bad extension") != NULL)
            continue;
        g_assert_cmpstr(failure, ==, expected[choice]);
    }
}

static void
test_client_certificate(gconstpointer data)
{
    int version = GPOINTER_TO_INT(data);
    SSL *server = good_server();
    g_autofree char *failure = NULL;

    SSL_set_max_proto_version(server, version);
    SSL_set_verify(server, SSL_VERIFY_PEER, NULL);
    failure = trust_visit(trust_default, "origin.test", server);
    g_assert_null(failure);
}

static char *seen_name;

static int
on_name(SSL *ssl, int *alert, void *data)
{
    g_free(seen_name);
    seen_name = g_strdup(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    return SSL_TLSEXT_ERR_OK;
}

static void
test_sent_name(void)
{
    static const char *const hosts[] = { "origin.test", "192.0.2.7", "2001:db8::7" };
    SSL_CTX *context = bns_test_cert_server(good_leaf, NULL);

    SSL_CTX_set_tlsext_servername_callback(context, on_name);
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autofree char *failure =
            trust_visit(trust_default, hosts[i], SSL_new(context));

        g_assert_null(failure);
        g_assert_cmpstr(seen_name, ==, i == 0 ? "origin.test" : NULL);
    }
    g_clear_pointer(&seen_name, g_free);
    SSL_CTX_free(context);
}

/* An origin that is no TLS server: it says @data, then ends. */
static char *
visit_plain(const char *says, bool resets)
{
    TlsPair pair;
    ssize_t result;
    char *failure;
    char byte;

    tls_pair_init(&pair,
                  bns_trust_client(trust_default, "origin.test", BNS_PROTOCOL_HTTP1),
                  NULL);
    g_assert_cmpint(handshake_now(pair.client.stream), ==, BNS_STREAM_AGAIN);
    failure = bns_trust_failure(bns_stream_ssl(pair.client.stream));
    g_assert_cmpstr(failure, ==, "upstream did not finish the TLS handshake");
    g_free(failure);
    if (*says != '\0')
        bns_stream_write(pair.server.stream, says, strlen(says));
    while (!resets && read_now(pair.server.stream, &byte, 1) > 0)
        continue;
    g_clear_pointer(&pair.server.stream, bns_stream_free);
    /* The end is behind what it says. */
    do
        result = handshake_now(pair.client.stream);
    while (result == BNS_STREAM_AGAIN);
    g_assert_cmpint(result, <, BNS_STREAM_AGAIN);
    failure = bns_trust_failure(bns_stream_ssl(pair.client.stream));
    tls_pair_clear(&pair);
    return failure;
}

static void
test_no_tls(void)
{
    g_autofree char *http = visit_plain("HTTP/1.1 400 Bad Request\r\n\r\n", false);
    g_autofree char *ssh = visit_plain("SSH-2.0-OpenSSH_9.2\r\n", false);
    g_autofree char *nothing = visit_plain("", false);
    g_autofree char *half = visit_plain("\x16\x03\x03", false);
    g_autofree char *reset = visit_plain("", true);

    g_assert_cmpstr(http, ==, "upstream does not speak TLS on this port");
    g_assert_cmpstr(ssh, ==, "upstream does not speak TLS on this port");
    g_assert_cmpstr(nothing, ==,
                    "upstream closed the connection during the TLS handshake");
    g_assert_cmpstr(half, ==,
                    "upstream closed the connection during the TLS handshake");
    g_assert_cmpstr(reset, ==,
                    "connection to upstream broke during the TLS handshake: Connection "
                    "reset by peer");
}

int
main(int argc, char **argv)
{
    BnsTestCertSpec spec = { .names = "DNS:origin.test,IP:192.0.2.7,IP:2001:db8::7" };
    int status;

    bns_test_init(&argc, &argv, 60);
    trust_origin_init();
    spec.issuer = trust_root;
    good_leaf = bns_test_cert_new(&spec);
    bns_test_add("/gateway/trust/tls11-is-too-old", test_old_tls);
    bns_test_add("/gateway/trust/no-shared-cipher-is-told", test_no_shared_cipher);
    bns_test_add("/gateway/trust/origin-must-speak-http11", test_alpn);
    bns_test_add_data("/gateway/trust/tls12-client-certificate-is-not-needed",
                      GINT_TO_POINTER(TLS1_2_VERSION), test_client_certificate);
    bns_test_add_data("/gateway/trust/tls13-client-certificate-is-not-needed",
                      GINT_TO_POINTER(TLS1_3_VERSION), test_client_certificate);
    bns_test_add("/gateway/trust/name-is-sent-address-is-not", test_sent_name);
    bns_test_add("/gateway/trust/no-tls-server-is-told", test_no_tls);
    status = g_test_run();
    bns_test_cert_free(good_leaf);
    trust_origin_clear();
    return status;
}
