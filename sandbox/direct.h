/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Direct: the command without a sandbox, where the person switched us off.
 */
#pragma once

#include "policy/policy.h"
#include "sandbox/options.h"

/**
 * bns_direct_is_wanted:
 * @policy: its `enabled: false` counts unless $BOUNDARY_ENABLED is set
 * @out_why: (transfer none): what says so
 *
 * Returns: whether the command is to run directly; false with @error set if
 *          $BOUNDARY_ENABLED is neither true nor false, or a system policy forbids it
 */
bool
bns_direct_is_wanted(const BnsPolicy *policy, const char **out_why, GError **error);

/* Becomes the command. Returns: the exit status if that is not possible. */
int bns_direct_run(const BnsOptions *options, const char *why);
