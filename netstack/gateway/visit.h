/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Visit: one connection from the host to a server inside (--publish).
 *
 *     ASKING ─ init lent a socket ─> CONNECTING ─ the server accepted ─> RELAYING
 *        └<── refused on 127.0.0.1: once more for [::1] ──┘
 *
 * Bytes are not read: whoever published the port wants all that it says. Each direction
 * ends by itself; what breaks off on one side breaks off on the other. A server that does
 * not listen yet looks to the visitor as one that breaks off at once.
 */
#pragma once

#include "base/lend.h"
#include "netstack/gateway/pipe.h"
#include "netstack/gateway/publish.h"

#include <netinet/in.h>
#include <stdint.h>

typedef enum {
    BNS_VISIT_ASKING,
    BNS_VISIT_CONNECTING,
    BNS_VISIT_RELAYING,
    BNS_N_VISIT_STATES,
} BnsVisitState;

struct BnsVisit {
    BnsPublisher *publisher; /* borrowed */
    BnsVisitState state;
    uint16_t port; /* inside */
    BnsLendFamily family;
    char addr[INET6_ADDRSTRLEN]; /* the visitor's */
    BnsChannel visitor;
    BnsChannel server;
    BnsPipe up;   /* to the server */
    BnsPipe down; /* from it */
    int64_t began_us;
    const char *error; /* static: how it broke; NULL: not, or not yet */
};

/* Takes @fd, which was accepted from @address; asks the publisher for a socket. */
BnsVisit *bns_visit_new(BnsPublisher *publisher,
                        const BnsPublished *place,
                        const struct sockaddr_storage *address,
                        int fd);
/* The socket that was asked for (transfer full), or -1. May free the visit. */
void bns_visit_lend(BnsVisit *visit, int fd);
/* Ends it before a server was reached, for @error. Frees the visit. */
void bns_visit_refuse(BnsVisit *visit, const char *error);
/* Records its end, and closes both sides; breaks them off unless all was delivered. */
void bns_visit_free(BnsVisit *visit);

/* What of the server's words, counted in bytes, has not reached the visitor's kernel. */
uint64_t bns_visit_waits(const BnsVisit *visit);
