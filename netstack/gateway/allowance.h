/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allowance: how much of a request, or of a sealed or opaque flow, may leave, as the caps
 * of the decision on it say (policy/cap.h).
 *
 * What a session has sent to a host is counted in one place for all its connections, also
 * where no cap is: one may apply to the next request. Bytes count before they are written,
 * so that a cap is never exceeded, and stay counted if they then get lost.
 */
#pragma once

#include "policy/policy.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What was sent to each host: owned names to owned uint64_t, for the session. Hosts are as
 * many as limits.names and the literal addresses that rules allow. */
GHashTable *bns_sent_new(void);

typedef struct {
    uint64_t *sent;  /* borrowed: to the host; NULL: nothing is counted */
    uint64_t n_body; /* of this request */
    BnsCap caps[BNS_N_CAPS];
    bool is_met; /* nothing more may leave */
    BnsCapKind met;
} BnsAllowance;

/* @sent, and what @decision says: borrowed. */
void bns_allowance_init(BnsAllowance *allowance,
                        GHashTable *sent,
                        const char *host,
                        const BnsDecision *decision);

/* From now on the caps of @decision hold; what was sent stays counted. */
void bns_allowance_renew(BnsAllowance *allowance, const BnsDecision *decision);

/* Whether a head of @head_len bytes and a body of @body_len may leave, as far as is known
 * now. Counts nothing. */
bool bns_allowance_fits(BnsAllowance *allowance, uint64_t head_len, uint64_t body_len);
/* Whether @len bytes of a head, or further bytes of a body, may leave; they are counted
 * then. Once they may not, nothing may any more. */
bool bns_allowance_take_head(BnsAllowance *allowance, uint64_t len);
bool bns_allowance_take_body(BnsAllowance *allowance, uint64_t len);

/* Returns: (transfer none) (nullable): the cap that was met; %NULL: none */
const BnsCap *bns_allowance_met(const BnsAllowance *allowance);
/* Why not a byte more may go to @host by @decision, or %NULL. */
const BnsCap *
bns_sent_all(GHashTable *sent, const char *host, const BnsDecision *decision);
