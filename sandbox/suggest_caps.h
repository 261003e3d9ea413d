/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What records say that was sent, against the caps of a policy.
 *
 * They hold the bytes of bodies and flows, not those of heads, which count for a session's
 * cap, too: what is found to exceed it does, what is not may be short of it by these.
 */
#pragma once

#include "audit/record.h"
#include "policy/policy.h"

#include <glib.h>

/* Returns: (transfer full): what one session has sent to each host. */
GHashTable *bns_suggest_sent_new(void);

/* Counts what @record, of an end, says that was sent. Returns: (transfer none) (nullable):
 * the cap of @decision that would have been met. */
const BnsCap *bns_suggest_caps_judge(GHashTable *sent,
                                     const BnsRecord *record,
                                     const BnsDecision *decision);
