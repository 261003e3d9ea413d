/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the settings of srt and of Claude Code's sandbox have in common: for those two.
 */
#pragma once

#include "policy/import_private.h"

/* @network: (nullable): a mapping; @prefix: its name, for losses */
bool bns_import_sandbox_network(BnsDraft *draft,
                                const BnsYaml *network,
                                const char *prefix,
                                GError **error);
/* @filesystem: (nullable) */
bool bns_import_sandbox_files(BnsDraft *draft,
                              BnsImportFiles *files,
                              const BnsYaml *filesystem,
                              const char *prefix,
                              GError **error);
