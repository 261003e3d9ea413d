/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_begin.h"

#include "sandbox/review_forget.h"
#include "sandbox/sight.h"

#include <stdint.h>

bool
bns_review_is_wanted(const BnsPolicy *policy)
{
    return bns_policy_file_policy(policy)->review == BNS_FILES_REVIEW_ON;
}

/* Returns: (transfer container): of borrowed paths, NULL-terminated */
static GPtrArray *
list_trees(const BnsFileView *view)
{
    GPtrArray *trees = g_ptr_array_new();

    for (size_t i = 0; i < view->n_mounts; i++)
        if (view->mounts[i].access == BNS_VIEW_REVIEW)
            g_ptr_array_add(trees, (gpointer)(uintptr_t)view->mounts[i].path);
    g_ptr_array_add(trees, NULL);
    return trees;
}

bool
bns_review_begin(const BnsReviewBeginning *beginning,
                 BnsFilePlan *plan,
                 BnsReview **out_review,
                 GError **error)
{
    g_autoptr(GPtrArray) trees = list_trees(&plan->view);
    const BnsReviewStart start = {
        .session = beginning->audit->session,
        .workdir = beginning->workdir,
        .command = (const char *const *)beginning->command,
        .audit_path = beginning->audit->path,
        .trees = (const char *const *)trees->pdata,
        .hidden = (const char *const *)plan->masked->pdata,
    };
    char *real;

    *out_review = NULL;
    if (trees->len == 1)
        return true;
    bns_review_forget_empty();
    *out_review = bns_review_create(&start, error);
    if (*out_review == NULL)
        return false;
    real = bns_sight_real((*out_review)->path);
    if (real == NULL) {
        g_set_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_FAILED,
                    "Could not find \"%s\" again", (*out_review)->path);
        return false;
    }
    g_ptr_array_add(plan->strings, real);
    plan->view.review_dir = real;
    return true;
}
