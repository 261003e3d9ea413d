/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codex's permission profiles: for import_codex.c.
 */
#pragma once

#include "policy/import_private.h"

/* Adds what the profile that @name (of default_permissions, a string) names says. @root:
 * the whole file */
bool bns_import_codex_profile(BnsDraft *draft,
                              const BnsYaml *root,
                              const BnsYaml *name,
                              GError **error);
