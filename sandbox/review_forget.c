/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_forget.h"

#include "base/fd.h"
#include "sandbox/review_changes.h"
#include "sandbox/tree.h"

#include <errno.h>

static int
find_any(void *data, const char *name)
{
    return -EEXIST;
}

/* At the price of two calls: a full one is not walked. */
static bool
has_empty_uppers(const BnsReview *review)
{
    for (guint i = 0; i < review->trees->len; i++) {
        bns_autofd fd = bns_review_open_upper(review, i);

        if (fd < 0 || bns_tree_each(fd, find_any, NULL) < 0)
            return false;
    }
    return true;
}

/* Modes of the trees themselves are changes, too. */
static bool
tells_nothing(const BnsReview *review)
{
    g_autoptr(BnsReviewChanges) changes = bns_review_changes(review, NULL);

    return changes != NULL && changes->is_complete && changes->list->len == 0;
}

static void
forget(const char *session)
{
    g_autoptr(BnsReview) review = bns_review_open(session, NULL);
    g_autoptr(GError) error = NULL;

    if (review != NULL && has_empty_uppers(review) && tells_nothing(review) &&
        !bns_review_remove(review, &error))
        g_info("%s", error->message);
}

void
bns_review_forget_empty(void)
{
    g_autoptr(GPtrArray) reviews = bns_review_list(NULL);

    for (guint i = 0; reviews != NULL && i < reviews->len; i++) {
        const BnsReview *review = g_ptr_array_index(reviews, i);

        if (!review->is_live && has_empty_uppers(review))
            forget(review->session);
    }
}
