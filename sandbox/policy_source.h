/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy that a command line means: which file, which flags, which notices.
 */
#pragma once

#include "policy/policy.h"
#include "sandbox/options.h"

/**
 * bns_policy_source_load:
 * @out_config: (transfer full) (nullable): the config file that was chosen, or NULL: none
 *
 * Refuses to go on where a system layer exists (/etc/boundary-ns/policy.yaml or
 * policy.d): this build would not enforce it. Prints the notices of @options and of the
 * file on standard error unless -q. Returns: (transfer full): the policy, or %NULL with
 * @error of the BNS_POLICY_ERROR domain.
 */
BnsPolicy *
bns_policy_source_load(const BnsOptions *options, char **out_config, GError **error);
