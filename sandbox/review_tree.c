/* SPDX-License-Identifier: Apache-2.0 */
/* The trees of a review, by descriptor. */
#include "sandbox/review_changes.h"

#include "base/fd.h"
#include "base/text.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

int
bns_review_open_below(int root_fd, const char *path)
{
    const struct open_how how = { .flags =
                                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                                  .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
                                             RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV };
    long fd =
        syscall(SYS_openat2, root_fd, *path != '\0' ? path : ".", &how, sizeof(how));

    return fd < 0 ? -errno : (int)fd;
}

int
bns_review_open_tree(const BnsReview *review, guint tree, GError **error)
{
    const BnsReviewTree *start = g_ptr_array_index(review->trees, tree);
    bns_autofd fd = bns_tree_look_along(start->path);
    g_autofree char *shown = bns_text_escape(start->path, -1);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0) {
        g_set_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_FAILED,
                    "Could not open %s: %s", shown, g_strerror(fd < 0 ? -fd : errno));
        return -1;
    }
    if (S_ISDIR(info.st_mode) && info.st_ino == start->inode &&
        (info.st_dev == start->device ||
         (start->born_ns != 0 && bns_review_born_ns(fd) == start->born_ns)))
        return g_steal_fd(&fd);
    g_set_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_FAILED,
                "%s is another directory than at the start of the session", shown);
    return -1;
}

bool
bns_review_is_newer(const BnsReview *review, const struct stat *info)
{
    const struct timespec *start = &review->started;

    return info->st_ctim.tv_sec != start->tv_sec
               ? info->st_ctim.tv_sec > start->tv_sec
               : info->st_ctim.tv_nsec > start->tv_nsec;
}

char *
bns_review_change_path(const BnsReview *review, const BnsChange *change)
{
    const BnsReviewTree *tree = g_ptr_array_index(review->trees, change->tree);

    return g_build_filename(tree->path, *change->path != '\0' ? change->path : NULL,
                            NULL);
}
