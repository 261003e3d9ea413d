/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path patterns of rules.
 *
 * A `*` inside a segment matches within it; alone it is one segment that is not empty;
 * as the last segment it is one or more segments, an empty one included. `**` is a whole
 * segment and matches none or more. Wildcards are found before the pattern is decoded,
 * so `%2A` is a star. A pattern matches a path when it, or one of its own decoding
 * layers, does: `/my%20file` matches "/my%20file" and "/my file".
 */
#pragma once

#include "policy/path.h"

#include <glib.h>

typedef struct BnsPattern BnsPattern;

/**
 * bns_pattern_new:
 *
 * Returns: (transfer full): the pattern, or %NULL with @error
 *          (BNS_POLICY_ERROR_INVALID)
 */
BnsPattern *bns_pattern_new(const char *text, GError **error);
void bns_pattern_free(BnsPattern *pattern);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsPattern, bns_pattern_free)

/* As written. */
const char *bns_pattern_text(const BnsPattern *pattern);

/* @reading: one reading of a path (policy/reading.h). @fold_case: ASCII letters match
 * whatever their case. Allocates nothing. */
bool
bns_pattern_matches(const BnsPattern *pattern, const char *reading, bool fold_case);
