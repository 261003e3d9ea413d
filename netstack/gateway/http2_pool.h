/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 pool: connections to origins that many requests share.
 *
 * A connection serves the host, port and scheme that it was made and verified for, from
 * whichever flow a request comes, as long as the origin allows another stream; then the
 * next one is made. Every request is decided anew, the address guard included, before it
 * is given a connection. One that nobody uses is closed after a while.
 */
#pragma once

#include "netstack/gateway/http2_link.h"
#include "netstack/gateway/upstream.h"

typedef struct BnsHttp2Pool BnsHttp2Pool;
/* A request that waits for a connection. */
typedef struct BnsHttp2Wait BnsHttp2Wait;

/* Exactly one of @link (transfer none; it takes a request now) and @failure (borrowed for
 * the call) is not %NULL. @upstream: (transfer none): of @link */
typedef void (*BnsHttp2WaitFunc)(BnsHttp2Link *link,
                                 BnsUpstream *upstream,
                                 const BnsUpstreamFailure *failure,
                                 void *data);

/* @engine: borrowed. @events: of the ends of its links */
BnsHttp2Pool *
bns_http2_pool_new(struct BnsEngine *engine, const BnsHttp2Events *events);
/* No end may be open on its links any more. */
void bns_http2_pool_free(BnsHttp2Pool *pool);

/* (transfer full) @upstream, on which nothing but HTTP/2 will be spoken. */
void bns_http2_pool_add(BnsHttp2Pool *pool, BnsUpstream *upstream);
/* Whether there is a connection that fits (bns_upstream_fits()). */
bool bns_http2_pool_has(BnsHttp2Pool *pool, const BnsDialTarget *target);
/* What the connections that fit say of extended CONNECT: YES if one does, UNKNOWN if one
 * may yet, NO also if there is none. */
BnsHttp2Tunnels bns_http2_pool_tunnels(BnsHttp2Pool *pool, const BnsDialTarget *target);
/* Returns: (transfer none): one that fits and takes a request now, with its
 * @out_upstream (transfer none); or %NULL. */
BnsHttp2Link *bns_http2_pool_take(BnsHttp2Pool *pool,
                                  const BnsDialTarget *target,
                                  BnsUpstream **out_upstream);
/* Bytes that were made for origins and are not in their sockets. */
uint64_t bns_http2_pool_waits(const BnsHttp2Pool *pool);
/**
 * bns_http2_pool_wait:
 *
 * Makes a connection, or shares one that is being made under the same rule. Returns:
 * (transfer none): until @func was called (once, never from within this call) or it is
 * cancelled.
 */
BnsHttp2Wait *bns_http2_pool_wait(BnsHttp2Pool *pool,
                                  const BnsDialTarget *target,
                                  BnsHttp2WaitFunc func,
                                  void *data);
/* Waits until the settings of @link, one of the pool's, are known, and gives it, or tells
 * that it ended before. Returns: as bns_http2_pool_wait() */
BnsHttp2Wait *bns_http2_pool_wait_settings(BnsHttp2Pool *pool,
                                           const BnsHttp2Link *link,
                                           BnsHttp2WaitFunc func,
                                           void *data);
void bns_http2_wait_cancel(BnsHttp2Wait *wait);
