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

/* How many decoding layers it has, itself included. */
guint bns_pattern_n_layers(const BnsPattern *pattern);

/**
 * bns_pattern_start:
 * @layer: below bns_pattern_n_layers()
 * @depth_max: in segments
 * @out_text: (transfer none): what follows is the start of
 *
 * Returns: how many bytes all paths begin with that the layer matches: @out_depth whole
 *          segments, those before the first wildcard
 */
size_t bns_pattern_start(const BnsPattern *pattern,
                         guint layer,
                         unsigned depth_max,
                         const char **out_text,
                         unsigned *out_depth);

/* @reading: one reading of a path (policy/reading.h). @fold_case: ASCII letters match
 * whatever their case. Allocates nothing. */
bool
bns_pattern_matches(const BnsPattern *pattern, const char *reading, bool fold_case);
