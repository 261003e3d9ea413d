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

typedef struct BnsPool BnsPool;

/* @engine: borrowed. */
BnsPool *bns_pool_new(struct BnsEngine *engine);
void bns_pool_free(BnsPool *pool);

/* (transfer full) @upstream. It is watched: what dies in the pool leaves it. */
void bns_pool_put(BnsPool *pool, BnsUpstream *upstream);
/* Returns: (transfer full): the most recently used that fits (bns_upstream_fits()) and
 * is alive as far as one can know, or %NULL. */
BnsUpstream *bns_pool_take(BnsPool *pool, const BnsDialTarget *target);
