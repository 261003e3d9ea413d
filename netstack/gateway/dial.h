/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dial: from a decided host and port to a connected TCP socket.
 *
 * The name is resolved (or --resolve gives the address), every address meets the address
 * guard, and only judged addresses are dialled: nothing is looked up twice, so the
 * answer cannot change between the judgement and the connection.
 *
 * Those that passed race for the first connection (race.h).
 *
 * What goes through an upstream proxy ends at the proxy: its address is the host user's
 * own choice, so the guard does not judge it; names are resolved by the proxy, and nobody
 * judges what they resolve to. A literal address is judged before the proxy hears of it.
 * What --resolve names is dialled directly.
 */
#pragma once

#include "netstack/gateway/gateway.h"
#include "netstack/gateway/protocol.h"
#include "netstack/gateway/timings.h"
#include "policy/host.h"
#include "policy/policy.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct BnsEngine;

typedef struct {
    BnsScheme scheme;
    BnsHost host;
    uint16_t port;
    BnsProtocols protocols; /* https: what is offered by ALPN; http: what is spoken */
    BnsDecision decision;   /* what lets it pass: its rule may lift the guard */
} BnsDialTarget;

/**
 * BnsDialOutcome:
 * @BNS_DIAL_GUARDED: the address guard refuses all addresses; nothing was dialled
 * @BNS_DIAL_UNTRUSTED: connected, but TLS failed or the peer could not be verified
 *                      (upstream.h; never from bns_dial_start())
 * @BNS_DIAL_PROXY: the upstream proxy did not open the tunnel (the same)
 */
typedef enum {
    BNS_DIAL_CONNECTED,
    BNS_DIAL_GUARDED,
    BNS_DIAL_UNRESOLVED,
    BNS_DIAL_REFUSED,
    BNS_DIAL_UNREACHABLE,
    BNS_DIAL_TIMED_OUT,
    BNS_DIAL_UNTRUSTED,
    BNS_DIAL_PROXY,
    BNS_N_DIAL_OUTCOMES,
} BnsDialOutcome;

/* The HTTP status that tells a client: 403, 502 or 504. */
uint16_t bns_dial_status(BnsDialOutcome outcome);

typedef struct {
    BnsDialOutcome outcome;
    int fd;                /* (transfer full): CONNECTED only, else -1 */
    const BnsProxy *proxy; /* borrowed: @fd leads to it, not to the target; or NULL */
    struct sockaddr_storage address; /* the target's, as judged; AF_UNSPEC if only the
                                      * proxy knows it */
    bool is_given;                   /* by --resolve */
    BnsTimings timings;              /* dns_us, connect_us */
    const char *rule;                /* GUARDED: the rule that refuses, or NULL */
    const char *error; /* one sentence without its final dot; borrowed for the call */
} BnsDialResult;

/* The proxy that @target is reached through, or %NULL: directly. */
const BnsProxy *bns_dial_route(struct BnsEngine *engine, const BnsDialTarget *target);

typedef struct BnsDial BnsDial;
typedef void (*BnsDialFunc)(const BnsDialResult *result, void *data);

/* @target: copied. Returns: (transfer none): the dial, until @func was called (once, never
 * from within this call) or it is cancelled. */
BnsDial *bns_dial_start(struct BnsEngine *engine,
                        const BnsDialTarget *target,
                        BnsDialFunc func,
                        void *data);
void bns_dial_cancel(BnsDial *dial);

/* @out_text: the address without port, as in records */
void
bns_dial_address_text(const struct sockaddr *address, char out_text[INET6_ADDRSTRLEN]);
