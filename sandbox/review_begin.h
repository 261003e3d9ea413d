/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review, its beginning: a place in the store for what a session writes, if its policy
 * says so.
 */
#pragma once

#include "audit/recorder.h"
#include "policy/policy.h"
#include "sandbox/file_plan.h"
#include "sandbox/review_store.h"

bool bns_review_is_wanted(const BnsPolicy *policy);

/* Borrowed. */
typedef struct {
    const BnsAuditFile *audit;
    const char *workdir;
    char *const *command;
} BnsReviewBeginning;

/**
 * bns_review_begin:
 * @plan: with BNS_VIEW_REVIEW mounts; its view is told where they are to be
 * @out_review: (transfer full) (nullable): locked; %NULL: there are none
 *
 * Returns: whether it could be made
 */
bool bns_review_begin(const BnsReviewBeginning *beginning,
                      BnsFilePlan *plan,
                      BnsReview **out_review,
                      GError **error);
