/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Origins: which line of which file says what is no rule, for `check`.
 */
#pragma once

#include "policy/yaml.h"

/* Returns: (transfer full): a map of keys as errors name them ("limits.names") to
 * "file:line", both owned; of lists and rules the last line that begins one. */
GHashTable *bns_origins_new(void);

/* Takes the lines of a file's keys, and of the keys below them, over what is there. */
void bns_origins_add(GHashTable *origins, const char *file, const BnsYaml *root);

/* Takes those of @more over what is there. Empties @more. */
void bns_origins_merge(GHashTable *origins, GHashTable *more);
