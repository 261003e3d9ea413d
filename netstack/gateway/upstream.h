/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upstream: one connection to an origin, dialled, and for https verified before anybody
 * has it. A byte of a request can only be given to an upstream, never to a socket.
 */
#pragma once

#include "netstack/gateway/channel.h"
#include "netstack/gateway/dial.h"

#include <netinet/in.h>
#include <stdbool.h>

struct BnsEngine;

typedef struct {
    BnsChannel channel;
    BnsHost host; /* that was asked for and, with TLS, verified */
    uint16_t port;
    bool is_tls;
    BnsProtocols offered;  /* by ALPN */
    BnsProtocols protocol; /* that is spoken: one bit; NONE: nothing was said yet */
    const BnsIdentity *identity; /* is_tls: that it may have shown; of credentials.h */
    const BnsProxy *proxy;       /* borrowed: that leads there, or NULL */
    struct sockaddr_storage address; /* that was judged and dialled; AF_UNSPEC if only
                                      * the proxy knows it */
    bool is_given;                   /* by --resolve */
    char addr[INET6_ADDRSTRLEN];     /* @address as text, for records, or "" */
    BnsTimings timings;              /* of its making; 0 after its first message */
    bool is_kept;                    /* was idle before: may have died unnoticed */
    struct BnsPool *pool;            /* borrowed: the pool it waits in, or NULL */
    int64_t idle_until_us;           /* pool.c */
} BnsUpstream;

/* Ends the connection: cleanly if nothing is under way on it. */
void bns_upstream_free(BnsUpstream *upstream);
/* Breaks it off, so that what was sent never looks complete. */
void bns_upstream_abort(BnsUpstream *upstream);

/**
 * bns_upstream_leads_to:
 *
 * Whether @upstream leads to @target's host and port by the way that @target would take,
 * and its address may be used under @target's rule. A rule that lifts the guard does so for itself only: a connection made
 * for it does not serve another's requests.
 */
bool bns_upstream_leads_to(struct BnsEngine *engine,
                           const BnsUpstream *upstream,
                           const BnsDialTarget *target);
/* What becomes of @decision, which let something of @scheme pass to @upstream's host, at
 * the address that @upstream leads to: deny rules may name it. */
BnsDecision bns_upstream_decide(struct BnsEngine *engine,
                                const BnsUpstream *upstream,
                                BnsScheme scheme,
                                const BnsDecision *decision);
/* The same, and TLS was made on it if @target's scheme is https, else not; whom it may
 * have shown itself to be is whom @target's rule says; and it speaks @target's protocol.
 * When that is still open (BOTH), the origin was given the same choice before: it would
 * choose so again. */
bool bns_upstream_fits(struct BnsEngine *engine,
                       const BnsUpstream *upstream,
                       const BnsDialTarget *target);

/* (transfer none) (nullable) upstream->addr for a record; %NULL if only the proxy knows
 * it. */
const char *bns_upstream_addr(const BnsUpstream *upstream);
/* What broke the stream of @channel, which leads to an origin. (transfer none), one
 * sentence, until it is cleared. */
const char *bns_upstream_error(const BnsChannel *channel);

/* Whether nothing had arrived when this turn of the loop began: no end, no failure, no byte
 * (TLS's own messages are none). An idle connection that is not quiet is of no use; what is
 * on its way to it now could not be seen by asking later either. */
bool bns_upstream_is_quiet(BnsUpstream *upstream);
/* The same, but of what has arrived since the connection was read to its end, only what
 * the loop has told of is seen. */
bool bns_upstream_was_quiet(BnsUpstream *upstream);
/* Of one that is not quiet: whether it is because bytes have arrived. */
bool bns_upstream_has_spoken(BnsUpstream *upstream);

/* Why there is no upstream. */
typedef struct {
    BnsDialOutcome outcome;
    const char *rule;            /* GUARDED: the rule that refuses, or NULL; interned */
    const BnsIdentity *identity; /* that the origin would have been shown */
    char *error;                 /* owned; one sentence without its final dot */
} BnsUpstreamFailure;

void bns_upstream_failure_free(BnsUpstreamFailure *failure);

typedef struct BnsConnect BnsConnect;

/* Exactly one of @upstream and @failure (both transfer full) is not %NULL. */
typedef void (*BnsConnectFunc)(BnsUpstream *upstream,
                               BnsUpstreamFailure *failure,
                               void *data);

/**
 * bns_connect_start:
 * @target: scheme https: TLS is made, the peer verified, and what it chose of the protocols
 *          is one of them; else a plain connection
 *
 * Returns: (transfer none): until @func was called (once, never from within this call)
 * or it is cancelled.
 */
BnsConnect *bns_connect_start(struct BnsEngine *engine,
                              const BnsDialTarget *target,
                              BnsConnectFunc func,
                              void *data);
/* The same for a connection that is there: makes TLS on the plain @upstream (transfer
 * full), which leads to @target. */
BnsConnect *bns_connect_secure(struct BnsEngine *engine,
                               const BnsDialTarget *target,
                               BnsUpstream *upstream,
                               BnsConnectFunc func,
                               void *data);
void bns_connect_cancel(BnsConnect *connect);
