/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands that start nothing: each prints its answer and returns an exit status
 * (boundary.1, EXIT STATUS).
 */
#pragma once

#include "policy/policy.h"
#include "sandbox/options.h"

int bns_check(const BnsOptions *options);
int bns_explain(const BnsOptions *options);
int bns_log(const BnsOptions *options);
int bns_log_verify(const BnsOptions *options);
