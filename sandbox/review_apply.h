/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review apply: changes of a session reach the user's trees.
 *
 * Below a tree's own directory, which must be the one of the start, through no symbolic
 * link and no mount, whoever put them there. A file comes as a whole or not at all: by a
 * new one, renamed to its name. The bits to act for others (set-user-id, set-group-id) do
 * not come along; modes, times, user attributes and access lists do, holes stay holes, and
 * names of one file stay that among those of one call. Pipes, sockets and devices are not
 * made.
 *
 * What was applied is gone from the review: whoever is killed in the middle starts again
 * where he was; but then other names of a file that was removed or replaced are taken for
 * changed on the host, whose stamp they share. What could not be applied stays in it.
 */
#pragma once

#include "sandbox/review_changes.h"

typedef struct {
    const char *const *paths; /* (nullable): apply only these, and what lies in them;
                               * absolute, or below the session's working directory */
    bool is_forced;           /* what is in conflict, too */
} BnsReviewApply;

typedef struct {
    guint n_applied;
    guint n_passed_over; /* those that were not named */
    GPtrArray *kept;     /* owned, of owned lines "PATH: why", escaped: not applied */
} BnsReviewApplied;

/**
 * bns_review_apply:
 * @review: locked by us, and not mounted any more
 *
 * The review itself is not removed: bns_review_remove(), if bns_review_is_done().
 *
 * Returns: (transfer full): what was done, or %NULL with @error: nothing was; of @paths one
 *          names no change, or what bns_review_changes() says
 */
BnsReviewApplied *
bns_review_apply(BnsReview *review, const BnsReviewApply *apply, GError **error);

/* Whether no change is left. */
bool bns_review_is_done(const BnsReviewApplied *applied);

void bns_review_applied_free(BnsReviewApplied *applied);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsReviewApplied, bns_review_applied_free)
