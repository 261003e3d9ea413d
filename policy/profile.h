/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: named parts of a policy file, `profiles:`, of which at most one applies to a
 * session: by --profile, or by the command. What it says is added to the files'.
 */
#pragma once

#include "policy/config.h"

/**
 * bns_profile_find:
 * @configs: of BnsConfig: files in the order in which they were read, what is extended
 *           before what extends it
 * @out_config: (transfer none): the file that the profile is in
 *
 * The profile called @name of the last file that has one. Returns: (transfer none): it, or
 * %NULL with @error (BNS_POLICY_ERROR_INVALID), which names the ones that are spelt alike.
 */
BnsConfig *bns_profile_find(const GPtrArray *configs,
                            const char *name,
                            const BnsConfig **out_config,
                            GError **error);

/* The first profile, of the last file first, one of whose `for:` matches the last part of
 * @command. Returns: (transfer none) (nullable): it */
BnsConfig *bns_profile_for_command(const GPtrArray *configs,
                                   const char *command,
                                   const BnsConfig **out_config);
