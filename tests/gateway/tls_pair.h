/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client and a server, both of them streams, on one loop.
 */
#pragma once

#include "netstack/gateway/stream.h"

typedef struct TlsPair TlsPair;

typedef struct {
    TlsPair *pair;
    BnsStream *stream;
    ssize_t result; /* of the handshake: AGAIN until it is over */
} TlsEnd;

struct TlsPair {
    BnsLoop *loop;
    TlsEnd client;
    TlsEnd server;
    unsigned n_hellos;               /* how often the server's handshake said HELLO */
    void (*on_hello)(TlsPair *pair); /* then called once; answers or refuses */
};

/* Takes both; either may be %NULL for a plain end. @type: AF_UNIX stream socket pair. */
void tls_pair_init(TlsPair *pair, SSL *client, SSL *server);
void tls_pair_clear(TlsPair *pair);

/* Shakes hands until both ends know how it went. An end that failed is shut down, as its
 * owner would do. */
void tls_pair_handshake(TlsPair *pair);

/* Reads once at the client, so that it takes the session tickets. */
void tls_pair_take_tickets(TlsPair *pair);
