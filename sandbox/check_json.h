/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `check --format json`: one object in one line, whose members are in boundary.1, JSON.
 */
#pragma once

#include "policy/policy.h"

/* What a change that is no addition would raise. */
#define BNS_CHECK_FORMAT 1

/* @settings: the lines of `check` that are no rules. Returns: (transfer full): the line. */
char *bns_check_json(const BnsPolicy *policy, const char *settings);
/* Returns: (transfer full): the line for a policy that is none. */
char *bns_check_json_error(const char *message);
