/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that speak TLS inside TLS, as through the TLS of a proxy. */
#include "netstack/gateway/stream.h"

#include "tests/gateway/stream_now.h"
#include "tests/gateway/tls_pair.h"
#include "tests/support/certs.h"
#include "tests/support/test.h"

#include <string.h>

/* More than any buffer on the way holds: both sides must wait for each other. */
#define BULK_BYTES (3 * 1024 * 1024)

static SSL_CTX *servers;
static SSL_CTX *clients;

static SSL *
new_client(int version)
{
    SSL *ssl = SSL_new(clients);

    SSL_set_connect_state(ssl);
    SSL_set_max_proto_version(ssl, version);
    return ssl;
}

static SSL *
new_server(void)
{
    SSL *ssl = SSL_new(servers);

    SSL_set_accept_state(ssl);
    return ssl;
}

static void
shake_hands(TlsPair *pair)
{
    pair->client.result = pair->server.result = BNS_STREAM_AGAIN;
    tls_pair_handshake(pair);
    g_assert_cmpint(pair->client.result, ==, 1);
    g_assert_cmpint(pair->server.result, ==, 1);
}

/* A pair with both layers. @version: of the outer one */
static void
connect_pair(TlsPair *pair, int version)
{
    SSL *inner = new_client(TLS1_3_VERSION);

    tls_pair_init(pair, new_client(version), new_server());
    shake_hands(pair);
    bns_stream_start_tls(pair->client.stream, inner);
    bns_stream_start_tls(pair->server.stream, new_server());
    shake_hands(pair);
    g_assert_true(bns_stream_ssl(pair->client.stream) == inner);
}

/* --- bytes --- */

typedef struct {
    BnsStream *from;
    BnsStream *to;
    size_t n_written;
    size_t n_read;
} Transfer;

static uint8_t
byte_at(size_t i)
{
    return (uint8_t)(i % 251);
}

/* Writes and reads what goes, in odd pieces. */
static void
move(Transfer *transfer)
{
    uint8_t bytes[10007];
    ssize_t n = 1;

    while (n > 0 && transfer->n_written < BULK_BYTES) {
        size_t len = MIN(sizeof(bytes), BULK_BYTES - transfer->n_written);

        for (size_t i = 0; i < len; i++)
            bytes[i] = byte_at(transfer->n_written + i);
        n = bns_stream_write(transfer->from, bytes, len);
        g_assert_true(n > 0 || n == BNS_STREAM_AGAIN);
        transfer->n_written += n > 0 ? (size_t)n : 0;
    }
    /* Once: what stays behind in either layer must be told again. */
    n = read_now(transfer->to, bytes, 997);
    g_assert_true(n > 0 || n == BNS_STREAM_AGAIN);
    for (ssize_t i = 0; i < n; i++)
        g_assert_cmpuint(bytes[i], ==, byte_at(transfer->n_read++));
}

static void
on_ready(void *data)
{
    Transfer *transfers = data;

    move(&transfers[0]);
    move(&transfers[1]);
}

/* Both directions at once, driven by nothing but the loop. */
static void
test_bulk(gconstpointer data)
{
    TlsPair pair;
    Transfer transfers[2];

    connect_pair(&pair, GPOINTER_TO_INT(data));
    transfers[0] = (Transfer){ pair.client.stream, pair.server.stream, 0, 0 };
    transfers[1] = (Transfer){ pair.server.stream, pair.client.stream, 0, 0 };
    bns_stream_set_owner(pair.client.stream, on_ready, transfers);
    bns_stream_set_owner(pair.server.stream, on_ready, transfers);
    while (transfers[0].n_read < BULK_BYTES || transfers[1].n_read < BULK_BYTES) {
        bool up = transfers[0].n_written < BULK_BYTES;
        bool down = transfers[1].n_written < BULK_BYTES;

        bns_stream_want(pair.client.stream, true, up);
        bns_stream_want(pair.server.stream, true, down);
        bns_loop_turn(pair.loop, -1);
    }
    tls_pair_clear(&pair);
}

/* --- ends --- */

static void
test_clean_end(gconstpointer data)
{
    TlsPair pair;
    char byte;

    connect_pair(&pair, GPOINTER_TO_INT(data));
    g_assert_cmpint(bns_stream_write(pair.server.stream, "x", 1), ==, 1);
    g_assert_cmpint(bns_stream_shutdown(pair.server.stream), ==, 1);
    g_assert_cmpint(read_now(pair.client.stream, &byte, 1), ==, 1);
    g_assert_cmpint(read_now(pair.client.stream, &byte, 1), ==, BNS_STREAM_EOF);
    /* The other direction is still open. */
    g_assert_cmpint(bns_stream_write(pair.client.stream, "y", 1), ==, 1);
    g_assert_cmpint(read_now(pair.server.stream, &byte, 1), ==, 1);
    tls_pair_clear(&pair);
}

/* Whoever ends the outer TLS in order, or the connection, has not ended the inner one. */
static void
test_cut_inside(gconstpointer data)
{
    TlsPair pair;
    ssize_t n;
    char byte;

    connect_pair(&pair, GPOINTER_TO_INT(data));
    g_assert_cmpint(bns_stream_write(pair.server.stream, "x", 1), ==, 1);
    g_clear_pointer(&pair.server.stream, bns_stream_free);
    g_assert_cmpint(read_now(pair.client.stream, &byte, 1), ==, 1);
    n = read_now(pair.client.stream, &byte, 1);
    g_assert_true(n == BNS_STREAM_TRUNCATED || n == BNS_STREAM_ERROR);
    tls_pair_clear(&pair);
}

/* The outer one alone: the proxy hung up before the origin's TLS began. */
static void
test_cut_between(void)
{
    TlsPair pair;

    tls_pair_init(&pair, new_client(TLS1_3_VERSION), new_server());
    shake_hands(&pair);
    bns_stream_start_tls(pair.client.stream, new_client(TLS1_3_VERSION));
    g_assert_cmpint(bns_stream_shutdown(pair.server.stream), ==, 1);
    pair.client.result = BNS_STREAM_AGAIN;
    while (pair.client.result == BNS_STREAM_AGAIN)
        bns_loop_turn(pair.loop, -1);
    g_assert_cmpint(pair.client.result, <, BNS_STREAM_AGAIN);
    tls_pair_clear(&pair);
}

int
main(int argc, char **argv)
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    const BnsTestCertSpec spec = { .names = "DNS:a.test" };
    BnsTestCert *leaf;
    int status;

    bns_test_init(&argc, &argv, 60);
    leaf = bns_test_cert_new(&spec);
    servers = bns_test_cert_server(leaf, NULL);
    clients = SSL_CTX_new(TLS_client_method());
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        const char *name = versions[i] == TLS1_2_VERSION ? "tls-1.2" : "tls-1.3";
        gconstpointer version = GINT_TO_POINTER(versions[i]);
        g_autofree char *bulk = g_strdup_printf("/gateway/layers/bulk/%s", name);
        g_autofree char *end = g_strdup_printf("/gateway/layers/clean-end/%s", name);
        g_autofree char *cut = g_strdup_printf("/gateway/layers/cut/%s", name);

        bns_test_add_data(bulk, version, test_bulk);
        bns_test_add_data(end, version, test_clean_end);
        bns_test_add_data(cut, version, test_cut_inside);
    }
    bns_test_add("/gateway/layers/cut-between-handshakes", test_cut_between);
    status = g_test_run();
    SSL_CTX_free(clients);
    SSL_CTX_free(servers);
    bns_test_cert_free(leaf);
    return status;
}
