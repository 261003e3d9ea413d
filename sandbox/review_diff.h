/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review diff: the changes of a review as diff(1) shows them.
 *
 * The system's diff, with an empty environment, gets the files by descriptor. Nothing of the
 * user's or the command's configuration has a say in it.
 */
#pragma once

#include "sandbox/review_changes.h"

#include <stdio.h>

/* Bytes of a file; diff(1) has both in memory. */
#define BNS_REVIEW_DIFF_MAX (16 * 1024 * 1024)

/**
 * bns_review_diff:
 * @is_for_screen: bytes that could act on a terminal are written as \xNN
 *
 * Writes one after the other. Of what has no lines (directories, links, modes, what is too
 * large) a line tells.
 *
 * Returns: false with @error: there is no diff, or it failed
 */
bool bns_review_diff(const BnsReview *review,
                     const BnsReviewChanges *changes,
                     bool is_for_screen,
                     FILE *out,
                     GError **error);
