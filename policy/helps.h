/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helps: whether a rule that is about to be added could allow anything at all.
 */
#pragma once

#include "policy/policy.h"

/**
 * bns_policy_rule_helps:
 * @policy: the rule is in it
 * @origin: of an allow rule
 * @out_denied: what denies all that it names
 *
 * Returns: false if nothing that the rule names is allowed, by a deny rule or the system
 *          layer. Where it names more than can be tried (wildcards, networks) the answer
 *          is true.
 */
bool bns_policy_rule_helps(const BnsPolicy *policy,
                           const char *origin,
                           BnsDecision *out_denied);
