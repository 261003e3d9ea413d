/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of a user's, and a review of it, for tests: what a session would have left.
 */
#pragma once

#include "sandbox/review_store.h"

typedef struct {
    char *root;         /* owned; real */
    char *tree;         /* owned; root/tree */
    char *upper;        /* owned; of the review */
    BnsReview *review;  /* owned, locked; NULL: not made yet */
    const char *hidden; /* in the tree; of the review to be made; NULL: nothing */
} BnsReviewFixture;

/* An empty tree, and $XDG_STATE_HOME beside it. */
void bns_review_fixture_init(BnsReviewFixture *fixture);
void bns_review_fixture_clear(BnsReviewFixture *fixture);

/* Makes the review: what was put into the tree before is older. */
void bns_review_fixture_begin(BnsReviewFixture *fixture);

/* Runs @script by sh with the overlay as its working directory, then waits for the clock
 * of files. Aborts if it fails. Returns: false, and the test is skipped: there are no
 * overlays here. */
bool bns_review_fixture_run(BnsReviewFixture *fixture, const char *script);

/* Runs @script by sh in @directory, on the host. Aborts if it fails. */
void bns_review_fixture_sh(const char *directory, const char *script);

/* Returns: (transfer full): what `sh -c script` says in @directory. */
char *bns_review_fixture_output(const char *directory, const char *script);
