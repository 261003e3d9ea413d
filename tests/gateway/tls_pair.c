/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/tls_pair.h"

#include "tests/gateway/stream_now.h"

#include <sys/socket.h>

static void
step(TlsEnd *end)
{
    TlsPair *pair = end->pair;

    if (end->result != BNS_STREAM_AGAIN)
        return;
    end->result = handshake_now(end->stream);
    if (end->result == BNS_STREAM_HELLO) {
        end->result = BNS_STREAM_AGAIN;
        if (pair->n_hellos++ == 0 && pair->on_hello != NULL)
            pair->on_hello(pair);
    } else if (end->result < 0 && end->result != BNS_STREAM_AGAIN) {
        shutdown(bns_stream_fd(end->stream), SHUT_RDWR);
    }
}

static void
on_ready(void *data)
{
    step(data);
}

void
tls_pair_init(TlsPair *pair, SSL *client, SSL *server)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    *pair = (TlsPair){ .loop = bns_loop_new() };
    pair->client = (TlsEnd){ .pair = pair, .result = BNS_STREAM_AGAIN };
    pair->server = (TlsEnd){ .pair = pair, .result = BNS_STREAM_AGAIN };
    pair->client.stream = bns_stream_new(pair->loop, fds[0], on_ready, &pair->client);
    pair->server.stream = bns_stream_new(pair->loop, fds[1], on_ready, &pair->server);
    if (client != NULL)
        bns_stream_start_tls(pair->client.stream, client);
    if (server != NULL)
        bns_stream_start_tls(pair->server.stream, server);
}

void
tls_pair_clear(TlsPair *pair)
{
    bns_stream_free(pair->client.stream);
    bns_stream_free(pair->server.stream);
    bns_loop_turn(pair->loop, 0);
    bns_loop_free(pair->loop);
}

void
tls_pair_handshake(TlsPair *pair)
{
    unsigned n_hellos = 0;

    step(&pair->client);
    while (pair->client.result == BNS_STREAM_AGAIN ||
           pair->server.result == BNS_STREAM_AGAIN) {
        /* After an answer the handshake goes on without a word from the peer. */
        if (pair->n_hellos != n_hellos) {
            n_hellos = pair->n_hellos;
            step(&pair->server);
            continue;
        }
        bns_loop_turn(pair->loop, -1);
    }
}

void
tls_pair_take_tickets(TlsPair *pair)
{
    char byte;

    g_assert_cmpint(bns_stream_write(pair->server.stream, "x", 1), ==, 1);
    while (read_now(pair->client.stream, &byte, 1) == BNS_STREAM_AGAIN) {
        bns_stream_want(pair->client.stream, true, false);
        bns_loop_turn(pair->loop, -1);
    }
    bns_stream_want(pair->client.stream, false, false);
}
