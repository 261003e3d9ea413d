/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_mark.h"

#include "base/fd.h"
#include "sandbox/file_protect.h"
#include "sandbox/git_paths.h"
#include "sandbox/tree.h"

#include <fcntl.h>
#include <string.h>

/* Git runs none of these. */
#define SAMPLE ".sample"

/* (transfer full): of the directory, if there is one, or -1. */
static int
open_file(int dir_fd, const char *name)
{
    return dir_fd < 0
               ? -1
               : openat(dir_fd, name,
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static bool
has_same_programs(int upper, int lower)
{
    g_autofree char *before = lower < 0 ? NULL : bns_file_protect_git_keys_of(lower);
    g_autofree char *after = upper < 0 ? NULL : bns_file_protect_git_keys_of(upper);

    return after != NULL && strcmp(after, before != NULL ? before : "") == 0;
}

static bool
is_harmless(const char *path, int upper, int lower)
{
    if (bns_git_path_is_settings(path))
        return has_same_programs(upper, lower);
    return g_str_has_suffix(path, SAMPLE) ||
           (upper >= 0 && bns_git_path_is_plain_file(path, upper));
}

/* In any directory of it. What is named as a whole is asked for once: there may be hundreds
 * of directories on the way to each of a million links. */
static bool
leads_to_some(const char *path, const char *below)
{
    if (bns_file_protect_leads_to(below, path))
        return true;
    for (const char *part = strchr(below, '/'); part != NULL; part = strchr(part, '/'))
        if (bns_file_protect_leads_to(++part, "/"))
            return true;
    return false;
}

const char *
bns_review_mark(const BnsReview *review,
                const char *hooks,
                const BnsChange *change,
                int upper_fd,
                int lower_fd,
                const char *name)
{
    g_autofree char *path = bns_review_change_path(review, change);
    const char *why = bns_file_protect_reason(path);
    bns_autofd upper = -1, lower = -1;

    if (why == NULL && hooks != NULL && bns_tree_is_within(path, hooks) &&
        !g_str_has_suffix(path, SAMPLE))
        return "hooks by core.hooksPath";
    if (why == NULL)
        return S_ISLNK(change->upper.st_mode) && leads_to_some(path, change->path)
                   ? "a link on the way to what the host executes"
                   : NULL;
    if (!S_ISREG(change->upper.st_mode))
        return upper_fd < 0 && g_str_has_suffix(path, SAMPLE) ? NULL : why;
    upper = open_file(upper_fd, name);
    lower = open_file(lower_fd, name);
    return is_harmless(path, upper, lower) ? NULL : why;
}
