/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publisher: ports of the host that lead to servers inside (--publish).
 *
 * The supervisor has bound them, so that a port in use stops the start. The gateway
 * accepts, asks init for a socket of the sandbox's network (base/lend.h), connects that
 * to the server, and moves the bytes (visit.h). Visitors beyond limits.flows wait in the
 * listener's backlog.
 */
#pragma once

#include "base/lend.h"
#include "netstack/gateway/gateway.h"

#include <stdint.h>

struct BnsEngine;

typedef struct BnsPublisher BnsPublisher;
typedef struct BnsVisit BnsVisit;

/* Accepts from now on. */
BnsPublisher *bns_publisher_new(struct BnsEngine *engine);
/* Ends what is under way. %NULL is fine. */
void bns_publisher_free(BnsPublisher *publisher);

/* What waits on its way to visitors (waits.h). %NULL is fine. */
uint64_t bns_publisher_waits(const BnsPublisher *publisher);

/* --- for visits --- */

struct BnsEngine *bns_publisher_engine(const BnsPublisher *publisher);
/* bns_visit_lend() follows, never from within this call; or bns_visit_refuse(). */
void bns_publisher_ask(BnsPublisher *publisher, BnsVisit *visit);
/* Frees it. */
void bns_publisher_forget(BnsPublisher *publisher, BnsVisit *visit);
