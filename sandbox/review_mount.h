/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review mount: a directory of the host's under a layer (overlayfs, Linux 5.11) that takes
 * what the command writes, and that stays when the session is over
 * (sandbox/review_store.h).
 *
 * Between the two lies one of whiteouts: what is hidden in the directory, so that it is
 * neither seen nor copied up, under whatever name. Only what was there at the start, and
 * what is hidden by a whole name: what the host adds to the lower layer later is not for
 * the command to rely on, in whatever way.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/file_view.h"

/**
 * BnsReviewMount: borrowed
 * @view: of the rules
 * @path: of the directory, as they name it
 * @lower_fd: it, as O_PATH
 * @place_fd: where to mount: as O_PATH
 * @store_fd: of N/upper and N/work, as O_PATH, on a mount that may be read-only
 * @stage_fd: an empty directory of a tmpfs of ours, which may go when this is done
 */
typedef struct {
    const BnsFileView *view;
    const char *path;
    int lower_fd;
    int place_fd;
    int store_fd;
    int stage_fd;
} BnsReviewMount;

/* Returns: (transfer full): the root of the new mount (O_PATH), or -errno: -EINVAL where
 * the file system of the store cannot hold a layer, or of the directory have one. */
int bns_review_mount(const BnsReviewMount *mount);
