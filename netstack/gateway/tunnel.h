/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnel: bytes that nobody reads, both ways: a flow under a tcp rule, a WebSocket after
 * its 101, or sealed TLS, of which only the beginning is watched (seal.h).
 *
 * Each direction ends by itself (half-close); the tunnel ends when both have. A
 * direction that breaks off breaks the other side off too: an RST stays an RST.
 */
#pragma once

#include "netstack/gateway/pipe.h"
#include "netstack/gateway/seal.h"
#include "netstack/gateway/upstream.h"

#include <stdint.h>

struct BnsFlow;

typedef struct {
    struct BnsFlow *flow;   /* borrowed */
    BnsUpstream *upstream;  /* owned */
    BnsSeal seal;           /* OPEN unless the flow is sealed */
    BnsAllowance allowance; /* of a flow; a WebSocket has its request's */
    BnsPipe up;
    BnsPipe down;
    int64_t began_us;
    const char *error; /* static: how it broke; NULL: not, or by the command */
} BnsTunnel;

/* Takes @upstream; what was read from either side and not used goes through first.
 * @began_us: when the flow or request began */
void bns_tunnel_begin(struct BnsFlow *flow, BnsUpstream *upstream, int64_t began_us);
/* Breaks the upstream off if it has not ended, and records its end (tcp.close, or
 * a WebSocket's http.response). */
void bns_tunnel_free(BnsTunnel *tunnel);
