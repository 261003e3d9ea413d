/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams that speak TLS, at both ends of a unix or a TCP connection.
 */
#include "netstack/gateway/stream.h"

#include "tests/gateway/stream_now.h"
#include "tests/gateway/tls_pair.h"
#include "tests/support/certs.h"
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static SSL_CTX *servers;
static SSL_CTX *clients;

static SSL *
new_client(void)
{
    SSL *ssl = SSL_new(clients);

    SSL_set_connect_state(ssl);
    return ssl;
}

static SSL *
new_server(void)
{
    SSL *ssl = SSL_new(servers);

    SSL_set_accept_state(ssl);
    return ssl;
}

/* A pair that has shaken hands. */
static void
connect_pair(TlsPair *pair, int version)
{
    SSL *client = new_client();

    SSL_set_max_proto_version(client, version);
    tls_pair_init(pair, client, new_server());
    tls_pair_handshake(pair);
    g_assert_cmpint(pair->client.result, ==, 1);
    g_assert_cmpint(pair->server.result, ==, 1);
    g_assert_cmpint(SSL_version(client), ==, version);
}

static void
write_text(BnsStream *stream, const char *text)
{
    g_assert_cmpint(bns_stream_write(stream, text, strlen(text)), ==, strlen(text));
}

static void
expect_text(BnsStream *stream, const char *text)
{
    char buffer[64];

    g_assert_cmpint(read_now(stream, buffer, sizeof(buffer)), ==, strlen(text));
    g_assert_cmpmem(buffer, strlen(text), text, strlen(text));
}

/* Counts the calls of an end's on_ready. */
typedef struct {
    TlsPair *pair;
    unsigned calls;
} Counter;

static void
on_count(void *data)
{
    ((Counter *)data)->calls++;
}

/* --- ends --- */

static void
test_clean_end(gconstpointer data)
{
    TlsPair pair;
    char byte;

    connect_pair(&pair, GPOINTER_TO_INT(data));
    write_text(pair.server.stream, "hello");
    g_assert_cmpint(bns_stream_shutdown(pair.server.stream), ==, 1);
    expect_text(pair.client.stream, "hello");
    g_assert_cmpint(read_now(pair.client.stream, &byte, 1), ==, BNS_STREAM_EOF);
    g_assert_cmpint(read_now(pair.client.stream, &byte, 1), ==, BNS_STREAM_EOF);
    /* The other direction is still open. */
    write_text(pair.client.stream, "answer");
    expect_text(pair.server.stream, "answer");
    g_assert_cmpint(bns_stream_shutdown(pair.client.stream), ==, 1);
    g_assert_cmpint(read_now(pair.server.stream, &byte, 1), ==, BNS_STREAM_EOF);
    tls_pair_clear(&pair);
}

static void
test_truncation(gconstpointer data)
{
    TlsPair pair;
    char byte;

    connect_pair(&pair, GPOINTER_TO_INT(data));
    write_text(pair.server.stream, "hello");
    g_clear_pointer(&pair.server.stream, bns_stream_free);
    expect_text(pair.client.stream, "hello");
    g_assert_cmpint(read_now(pair.client.stream, &byte, 1), ==, BNS_STREAM_TRUNCATED);
    g_assert_cmpint(read_now(pair.client.stream, &byte, 1), ==, BNS_STREAM_TRUNCATED);
    g_assert_cmpint(bns_stream_errno(pair.client.stream), ==, 0);
    tls_pair_clear(&pair);
}

/* The FIN may be forged, a record cannot be. */
static void
test_garbage(void)
{
    TlsPair pair;
    char byte;

    connect_pair(&pair, TLS1_3_VERSION);
    g_assert_cmpint(send(bns_stream_fd(pair.server.stream),
                         "\x17\x03\x03\x00\x14"
                         "aaaaaaaaaaaaaaaaaaaa",
                         25, 0),
                    ==, 25);
    g_assert_cmpint(read_now(pair.client.stream, &byte, 1), ==, BNS_STREAM_ERROR);
    g_assert_cmpint(bns_stream_errno(pair.client.stream), ==, 0);
    g_assert_cmpstr(bns_stream_error(pair.client.stream), ==,
                    "decryption failed or bad record mac");
    tls_pair_clear(&pair);
}

static void
test_early_answer(void)
{
    TlsPair pair;
    char bytes[8];

    connect_pair(&pair, TLS1_2_VERSION);
    write_text(pair.client.stream, "unread");
    write_text(pair.server.stream, "413");
    g_clear_pointer(&pair.server.stream, bns_stream_free);
    g_assert_cmpint(bns_stream_write(pair.client.stream, "body", 4), ==,
                    BNS_STREAM_ERROR);
    g_assert_cmpint(bns_stream_errno(pair.client.stream), ==, EPIPE);
    g_assert_cmpint(bns_stream_shutdown(pair.client.stream), ==, BNS_STREAM_ERROR);
    expect_text(pair.client.stream, "413");
    g_assert_cmpint(read_now(pair.client.stream, bytes, 8), <, BNS_STREAM_AGAIN);
    tls_pair_clear(&pair);
}

/* --- what epoll cannot see --- */

static void
test_hidden_bytes(void)
{
    TlsPair pair;
    Counter counter = { .pair = &pair };
    char bytes[16];

    connect_pair(&pair, TLS1_3_VERSION);
    bns_stream_set_owner(pair.client.stream, on_count, &counter);
    write_text(pair.server.stream, "0123456789");
    g_assert_cmpint(read_now(pair.client.stream, bytes, 4), ==, 4);
    /* The rest is decrypted already: the socket will never be readable for it. */
    bns_stream_want(pair.client.stream, true, false);
    bns_loop_turn(pair.loop, -1);
    g_assert_cmpuint(counter.calls, ==, 1);
    bns_loop_turn(pair.loop, -1);
    g_assert_cmpuint(counter.calls, ==, 2);
    /* Not wanted, not told. */
    bns_stream_want(pair.client.stream, false, false);
    bns_loop_turn(pair.loop, 0);
    bns_loop_turn(pair.loop, 0);
    g_assert_cmpuint(counter.calls, ==, 2);
    bns_stream_want(pair.client.stream, true, false);
    bns_loop_turn(pair.loop, -1);
    g_assert_cmpuint(counter.calls, ==, 3);
    g_assert_cmpint(read_now(pair.client.stream, bytes, 16), ==, 6);
    g_assert_cmpint(read_now(pair.client.stream, bytes, 16), ==, BNS_STREAM_AGAIN);
    bns_loop_turn(pair.loop, 0);
    bns_loop_turn(pair.loop, 0);
    g_assert_cmpuint(counter.calls, ==, 3);
    tls_pair_clear(&pair);
}

/* close_notify in the same packet as the last bytes, and no FIN behind it. */
static void
test_hidden_end(void)
{
    TlsPair pair;
    Counter counter = { .pair = &pair };
    char bytes[16];

    connect_pair(&pair, TLS1_3_VERSION);
    bns_stream_set_owner(pair.client.stream, on_count, &counter);
    write_text(pair.server.stream, "bye");
    g_assert_cmpint(SSL_shutdown(bns_stream_ssl(pair.server.stream)), ==, 0);
    bns_stream_want(pair.client.stream, true, false);
    bns_loop_turn(pair.loop, -1);
    g_assert_cmpuint(counter.calls, ==, 1);
    g_assert_cmpint(read_now(pair.client.stream, bytes, 16), ==, 3);
    bns_loop_turn(pair.loop, -1);
    g_assert_cmpuint(counter.calls, ==, 2);
    g_assert_cmpint(read_now(pair.client.stream, bytes, 16), ==, BNS_STREAM_EOF);
    bns_loop_turn(pair.loop, 0);
    bns_loop_turn(pair.loop, 0);
    g_assert_cmpuint(counter.calls, ==, 2);
    tls_pair_clear(&pair);
}

static void
test_peek_before_tls(void)
{
    TlsPair pair;
    unsigned char first[3];

    tls_pair_init(&pair, new_client(), NULL);
    g_assert_cmpint(handshake_now(pair.client.stream), ==, BNS_STREAM_AGAIN);
    g_assert_cmpint(peek_now(pair.server.stream, first, 3), ==, 3);
    g_assert_cmpmem(first, 3, "\x16\x03\x01", 3);
    bns_stream_start_tls(pair.server.stream, new_server());
    tls_pair_handshake(&pair);
    g_assert_cmpint(pair.client.result, ==, 1);
    g_assert_cmpint(pair.server.result, ==, 1);
    tls_pair_clear(&pair);
}

/* --- floods --- */

#define FLOOD_BYTES (10 * 1024 * 1024)

/* One end of a flood: sends FLOOD_BYTES and expects as many, in pieces of any size. */
typedef struct {
    BnsStream *stream;
    GRand *rand;
    size_t sent;
    size_t offered; /* what was offered and not taken must be offered again */
    size_t received;
    bool said_end;
    bool got_end;
    unsigned key_updates; /* still to be asked for */
} Flooder;

static unsigned char
byte_at(size_t position)
{
    return (unsigned char)(position * 167 + (position >> 11));
}

static size_t
any_size(Flooder *f, size_t max)
{
    /* Small ones as often as large ones. */
    return (size_t)g_rand_int_range(f->rand, 1,
                                    g_rand_boolean(f->rand) ? 32 : (gint32)max);
}

static void
flood_write(Flooder *f)
{
    static unsigned char bytes[100000];

    while (f->sent < FLOOD_BYTES) {
        size_t len = any_size(f, sizeof(bytes));
        ssize_t n;

        if (f->key_updates > 0 && f->sent > 0 && f->offered == 0 &&
            SSL_key_update(bns_stream_ssl(f->stream), SSL_KEY_UPDATE_REQUESTED) == 1)
            f->key_updates--;
        len = MIN(MAX(len, f->offered), FLOOD_BYTES - f->sent);
        for (size_t i = 0; i < len; i++)
            bytes[i] = byte_at(f->sent + i);
        n = bns_stream_write(f->stream, bytes, len);
        f->offered = n > 0 ? len - (size_t)n : len;
        if (n == BNS_STREAM_AGAIN)
            return;
        if (n < 0)
            g_error("write at %zu: %s", f->sent, bns_stream_error(f->stream));
        f->sent += (size_t)n;
    }
    if (!f->said_end)
        f->said_end = bns_stream_shutdown(f->stream) == 1;
}

static void
flood_read(Flooder *f)
{
    unsigned char bytes[50000];

    while (!f->got_end) {
        ssize_t n = read_now(f->stream, bytes, any_size(f, sizeof(bytes)));

        if (n == BNS_STREAM_AGAIN)
            return;
        if (n < 0)
            g_error("read at %zu: %s", f->received, bns_stream_error(f->stream));
        for (size_t i = 0; i < (size_t)n; i++)
            if (bytes[i] != byte_at(f->received + i))
                g_error("wrong byte at %zu", f->received + i);
        f->received += (size_t)n;
        f->got_end = n == 0;
        /* A reader that takes a rest, so that the writer fills the socket. */
        if (g_rand_int_range(f->rand, 0, 8) == 0)
            return;
    }
}

static void
on_flood(void *data)
{
    Flooder *f = data;

    flood_write(f);
    flood_read(f);
    bns_stream_want(f->stream, !f->got_end, !f->said_end);
}

static void
flood(TlsPair *pair, unsigned key_updates)
{
    Flooder ends[2] = { { .stream = pair->client.stream, .key_updates = key_updates },
                        { .stream = pair->server.stream } };

    for (size_t i = 0; i < 2; i++) {
        ends[i].rand = g_rand_new_with_seed((guint32)i + 7);
        bns_stream_set_owner(ends[i].stream, on_flood, &ends[i]);
        bns_stream_want(ends[i].stream, true, true);
    }
    while (!ends[0].got_end || !ends[1].got_end)
        bns_loop_turn(pair->loop, -1);
    for (size_t i = 0; i < 2; i++) {
        g_assert_cmpuint(ends[i].received, ==, FLOOD_BYTES);
        g_assert_cmpuint(ends[i].key_updates, ==, 0);
        g_rand_free(ends[i].rand);
    }
}

static void
test_flood(gconstpointer data)
{
    TlsPair pair;

    connect_pair(&pair, GPOINTER_TO_INT(data));
    flood(&pair, 0);
    tls_pair_clear(&pair);
}

/* The answer to a key update has to be written by whoever reads it. (Several that pile up
 * while a write is stuck are more than OpenSSL 3.0 bears: that connection ends.) */
static void
test_key_update(void)
{
    TlsPair pair;

    connect_pair(&pair, TLS1_3_VERSION);
    flood(&pair, 1);
    tls_pair_clear(&pair);
}

static void
test_plain_flood(void)
{
    TlsPair pair;

    tls_pair_init(&pair, NULL, NULL);
    flood(&pair, 0);
    tls_pair_clear(&pair);
}

/* A reader that never reads: the writer is told to wait, and nothing is hoarded. */
static void
test_back_pressure(void)
{
    static const unsigned char block[65536];
    TlsPair pair;
    Counter counter = { .pair = &pair };
    unsigned char *bytes = g_malloc(sizeof(block));
    size_t sent = 0;
    size_t received = 0;
    ssize_t n;

    connect_pair(&pair, TLS1_3_VERSION);
    while ((n = bns_stream_write(pair.client.stream, block, sizeof(block))) > 0)
        sent += (size_t)n;
    g_assert_cmpint(n, ==, BNS_STREAM_AGAIN);
    bns_stream_set_owner(pair.client.stream, on_count, &counter);
    bns_stream_want(pair.client.stream, false, true);
    bns_loop_turn(pair.loop, 0);
    g_assert_cmpuint(counter.calls, ==, 0);
    while ((n = read_now(pair.server.stream, bytes, sizeof(block))) > 0)
        received += (size_t)n;
    g_assert_cmpint(n, ==, BNS_STREAM_AGAIN);
    g_assert_cmpuint(received, <=, sent);
    bns_loop_turn(pair.loop, -1);
    g_assert_cmpuint(counter.calls, ==, 1);
    /* What was encrypted and not counted comes first now. */
    g_assert_cmpint(bns_stream_write(pair.client.stream, block, sizeof(block)), ==,
                    sizeof(block));
    sent += sizeof(block);
    while ((n = read_now(pair.server.stream, bytes, sizeof(block))) > 0)
        received += (size_t)n;
    g_assert_cmpuint(received, ==, sent);
    g_free(bytes);
    tls_pair_clear(&pair);
}

int
main(int argc, char **argv)
{
    gpointer tls12 = GINT_TO_POINTER(TLS1_2_VERSION);
    gpointer tls13 = GINT_TO_POINTER(TLS1_3_VERSION);
    BnsTestCertSpec spec = { .names = "DNS:a.test" };
    BnsTestCert *cert;
    int status;

    bns_test_init(&argc, &argv, 60);
    cert = bns_test_cert_new(&spec);
    servers = bns_test_cert_server(cert, NULL);
    clients = SSL_CTX_new(TLS_client_method());
    bns_test_add_data("/gateway/stream/tls12-close-notify-is-an-end", tls12,
                      test_clean_end);
    bns_test_add_data("/gateway/stream/tls13-close-notify-is-an-end", tls13,
                      test_clean_end);
    bns_test_add_data("/gateway/stream/tls12-fin-alone-is-a-truncation", tls12,
                      test_truncation);
    bns_test_add_data("/gateway/stream/tls13-fin-alone-is-a-truncation", tls13,
                      test_truncation);
    bns_test_add("/gateway/stream/tls-forged-record-is-an-error", test_garbage);
    bns_test_add("/gateway/stream/tls-failed-write-leaves-reading", test_early_answer);
    bns_test_add("/gateway/stream/tls-hidden-bytes-are-told", test_hidden_bytes);
    bns_test_add("/gateway/stream/tls-hidden-end-is-told", test_hidden_end);
    bns_test_add("/gateway/stream/tls-takes-peeked-bytes", test_peek_before_tls);
    bns_test_add("/gateway/stream/tls-full-socket-says-again", test_back_pressure);
    bns_test_add("/gateway/stream/plain-flood-arrives-whole", test_plain_flood);
    bns_test_add_data("/gateway/stream/tls12-flood-arrives-whole", tls12, test_flood);
    bns_test_add_data("/gateway/stream/tls13-flood-arrives-whole", tls13, test_flood);
    bns_test_add("/gateway/stream/tls13-flood-survives-a-key-update", test_key_update);
    status = g_test_run();
    SSL_CTX_free(servers);
    SSL_CTX_free(clients);
    bns_test_cert_free(cert);
    return status;
}
