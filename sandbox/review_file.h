/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review file: review.ini, by which a review is known after its session. Any bytes of paths
 * and words survive in it.
 */
#pragma once

#include "sandbox/review_store.h"

/* Writes that of @review into its directory. 0 or -errno. */
int bns_review_file_write(const BnsReview *review);

/* Reads it: all but the session, the path and the descriptors. 0 or -errno (-EBADMSG: it
 * is none of ours). */
int bns_review_file_read(BnsReview *review);
