/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pool: upstream connections that wait for their next request.
 *
 * Kept only after both messages ended cleanly. A connection serves the host, port and
 * scheme that it was made for, and every request that takes it has been decided anew,
 * its address included.
 */
#pragma once

#include "netstack/gateway/upstream.h"

/* An unused connection is closed then, of HTTP/2 too. Shorter than what servers use
 * (nginx 75 s, Apache and node 5 s): better that we close first than that a request meets
 * a connection that is just being closed. */
#define BNS_POOL_IDLE_US (50 * G_USEC_PER_SEC)

typedef struct BnsPool BnsPool;

/* @engine: borrowed. */
BnsPool *bns_pool_new(struct BnsEngine *engine);
void bns_pool_free(BnsPool *pool);

/* (transfer full) @upstream. It is watched: what dies in the pool leaves it. */
void bns_pool_put(BnsPool *pool, BnsUpstream *upstream);
/* Returns: (transfer full): the most recently used that fits (bns_upstream_fits()) and
 * is alive as far as one can know, or %NULL. */
BnsUpstream *bns_pool_take(BnsPool *pool, const BnsDialTarget *target);
