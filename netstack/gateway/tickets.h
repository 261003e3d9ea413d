/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tickets: TLS sessions with origins that may be resumed (RFC 8446, 2.2; RFC 5077).
 *
 * A resumed handshake shows no certificate, so who may resume what is strict: a session
 * serves only the host, port and client certificate that it was made for, only after a
 * handshake that verified the origin in full, and only while that was lately and the
 * certificate, which is kept with it, is still valid and still for that host. TLS 1.3's
 * are used once (RFC 8446, C.4). They are in this process's memory alone. No request is
 * ever sent as early data.
 */
#pragma once

#include "policy/identity.h"

#include <openssl/ssl.h>
#include <stdint.h>

typedef struct BnsTickets BnsTickets;

/* Origins whose tickets are kept; an agent talks to few. Each holds the origin's chain. */
#define BNS_TICKETS_ORIGINS_MAX 128
/* Of one origin: servers give two per handshake. */
#define BNS_TICKETS_EACH_MAX 4
/* From the last full verification; browsers and curl stay below a day. */
#define BNS_TICKETS_AGE_MAX_S 3600

/* Makes @context, a client's, keep its sessions here. Returns: (transfer full): they must
 * outlive every SSL of @context. */
BnsTickets *bns_tickets_new(SSL_CTX *context);
void bns_tickets_free(BnsTickets *tickets);

/**
 * bns_tickets_use:
 * @ssl: a client of the context, before its handshake
 * @host: canonical, that @ssl verifies
 * @identity: (nullable): that @ssl may show
 *
 * @ssl resumes a session that is kept, if there is one, and the origin agrees; what it
 * gets is kept.
 */
void bns_tickets_use(BnsTickets *tickets,
                     SSL *ssl,
                     const char *host,
                     uint16_t port,
                     const BnsIdentity *identity);
/* @ssl's handshake has failed: what is kept of its origin may be why. */
void bns_tickets_forget(SSL *ssl);
