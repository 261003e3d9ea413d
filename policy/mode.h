/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mode of a policy's network rules: `mode:` and --observe.
 *
 * Each layer has its own. One that observes refuses nothing: what it would refuse has the
 * verdict would_deny, passes, and is recorded so. What no rule decides is refused as ever:
 * malformed requests, reserved names, guarded addresses, UDP, limits.
 */
#pragma once

#include "policy/yaml.h"

typedef enum {
    BNS_MODE_ENFORCE,
    BNS_MODE_OBSERVE,
    BNS_N_MODES,
} BnsMode;

/* "enforce", "observe" */
const char *bns_mode_name(BnsMode mode);

/* Reads the value of `mode:`. Errors: "file:line:column: ...". */
bool bns_mode_read(const char *file,
                   const BnsYaml *value,
                   BnsMode *out_mode,
                   GError **error);
