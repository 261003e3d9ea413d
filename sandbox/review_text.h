/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review text: what a review holds, as lines for a person: totals, then what the host
 * executes or obeys, then the rest.
 */
#pragma once

#include "sandbox/review_changes.h"

/* What somebody reads before he answers a question. */
#define BNS_REVIEW_LINES_MAX 20

/**
 * bns_review_text:
 * @lines_max: of what is not marked; of what is, all but what is more than five times
 *             that much
 *
 * Pure. Returns: (transfer full): lines that end in a newline, printable ASCII:
 *
 *     boundary-ns: 3 files added, 1 changed, 1 removed; 1 of them is run or obeyed outside
 *     boundary-ns: ! added .git/hooks/pre-commit: git runs it
 *     boundary-ns:   changed src/a.c (the host changed it, too)
 *     boundary-ns: and 3 more
 *
 * Paths are relative to the tree if there is one alone.
 */
char *bns_review_text(const BnsReview *review,
                      const BnsReviewChanges *changes,
                      guint lines_max);
