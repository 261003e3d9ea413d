/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seal: the beginning of sealed TLS, up to where nobody can name another host any more.
 *
 * The ClientHello was judged. A server that answers it by HelloRetryRequest reads a second
 * one, and may believe that. So nothing more of the client passes until the server has
 * answered; if it asks for another ClientHello, that has to name the same host. Early
 * data waits for that answer too, and comes in its place.
 */
#pragma once

#include "netstack/gateway/client_hello.h"
#include "netstack/gateway/pipe.h"

/**
 * BnsSealState:
 * @BNS_SEAL_HELLO: the first seal->left bytes, the ClientHello, pass
 * @BNS_SEAL_ANSWER: nothing passes; the server's first bytes are peeked
 * @BNS_SEAL_RETRY: the server's bytes pass, and the client's up to its next handshake
 *                  message, which has to be the second ClientHello
 * @BNS_SEAL_OPEN: the pipes have both directions
 * @BNS_SEAL_BROKEN: seal->error says why
 */
typedef enum {
    BNS_SEAL_HELLO,
    BNS_SEAL_ANSWER,
    BNS_SEAL_RETRY,
    BNS_SEAL_OPEN,
    BNS_SEAL_BROKEN,
} BnsSealState;

typedef struct {
    BnsSealState state;
    bool has_name;
    BnsHost name;      /* has_name: of the first ClientHello */
    size_t left;       /* HELLO, RETRY: bytes that pass before anything is read again */
    const char *error; /* static; BROKEN */
} BnsSeal;

/* For the ClientHello that the connection begins with. */
void bns_seal_init(BnsSeal *seal, const BnsClientHello *hello);

/* Moves what may be moved of @up, which nobody else runs until OPEN, and says what it
 * waits for (@up's and @down's wants). @down is to be run from RETRY on. Returns: whether
 * anything moved. */
bool bns_seal_run(BnsSeal *seal, BnsPipe *up, BnsPipe *down);
