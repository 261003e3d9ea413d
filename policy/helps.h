/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helps: whether a rule that is about to be added could allow anything at all.
 */
#pragma once

#include "policy/policy.h"

/**
 * bns_policy_check_helps:
 * @policy: the rule is in it
 * @origin: of an allow rule
 *
 * Where the rule names more than can be tried (wildcards, networks) it helps.
 *
 * Returns: false with @error, which says what denies it, if nothing that the rule names is
 *          allowed, by a deny rule or the system layer
 */
bool
bns_policy_check_helps(const BnsPolicy *policy, const char *origin, GError **error);
