/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a file's reading, for policy/config*.c and policy/profile.c.
 */
#pragma once

#include "policy/config.h"
#include "policy/value.h"

/* What the functions of a table of keys get. */
typedef struct {
    const char *file;
    BnsConfig *config;
} BnsConfigReader;

/* config_limits.c: `limits:`, of a BnsConfigReader. */
bool bns_config_read_limits(void *data, const BnsYaml *value, GError **error);

/* config_coder.c: session_correlation_enabled, session_id_inject_targets; the same. */
bool bns_config_read_correlation(void *data, const BnsYaml *value, GError **error);
bool bns_config_read_inject_targets(void *data, const BnsYaml *value, GError **error);

/* config.c: the keys of a profile. Returns: (transfer full): them, without a name, or %NULL
 * with @error. */
BnsConfig *
bns_config_read_profile(const char *file, const BnsYaml *node, GError **error);

/* profile.c: `profiles:`, into @profiles. */
bool bns_profiles_read(GPtrArray *profiles,
                       const char *file,
                       const BnsYaml *value,
                       GError **error);
/* profile.c: a profile's `for:`, into @patterns. */
bool bns_profile_read_for(GPtrArray *patterns,
                          const char *file,
                          const BnsYaml *value,
                          GError **error);
