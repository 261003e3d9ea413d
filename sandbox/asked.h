/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record of the audit says that the command asked for.
 */
#pragma once

#include "audit/record.h"
#include "policy/suggestion.h"

/**
 * bns_asked_from_record:
 * @out_asked: its strings are the record's
 *
 * Returns: whether the record is of a request or a flow that rules are about, or of a
 *          program that did not trust the session's certificates: not so of malformed
 *          requests (400, 421), of UDP, of names, of what was refused for a limit
 */
bool bns_asked_from_record(const BnsRecord *record, BnsAsked *out_asked);

/* The same of a record that says how much was sent: its fate is of no meaning. */
bool bns_asked_from_end(const BnsRecord *record, BnsAsked *out_asked);

/* What @policy would say of it, the address guard included; what leads to the host's own
 * loopback is taken for given by --resolve or --host-port. @asked->request must have
 * passed bns_asked_is_valid(). */
BnsDecision bns_asked_decide(const BnsPolicy *policy, const BnsAsked *asked);

/* Whether host and path are what a policy can be asked about: a record may be anybody's. */
bool bns_asked_is_valid(const BnsAsked *asked);
