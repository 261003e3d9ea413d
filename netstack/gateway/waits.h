/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits: what the command said and the gateway has not given to an origin's socket yet.
 *
 * Asked at the session's end only, when the command is gone: what no origin can be given
 * without another word of it (half a head, a handshake) waits for nothing. Nor does a
 * response, which nobody reads.
 */
#pragma once

#include "netstack/gateway/engine.h"

#include <stdint.h>

/* From now on the command is gone. Returns: 0 if nothing waits; else a number that changes whenever something moves. */
uint64_t bns_engine_waits(BnsEngine *engine);
