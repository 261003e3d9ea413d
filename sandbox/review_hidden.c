/* SPDX-License-Identifier: Apache-2.0 */
/* What a session did not see of what it wrote to. */
#include "sandbox/review_store.h"
#include "sandbox/tree.h"

bool
bns_review_hides(const BnsReview *review, const char *path)
{
    for (char **hidden = review->hidden; *hidden != NULL; hidden++)
        if (bns_tree_is_within(path, *hidden))
            return true;
    return false;
}

bool
bns_review_hides_within(const BnsReview *review, const char *path)
{
    for (char **hidden = review->hidden; *hidden != NULL; hidden++)
        if (bns_tree_is_within(*hidden, path) || bns_tree_is_within(path, *hidden))
            return true;
    return false;
}
