/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: mounts the file view (sandbox/file_view.h) over the host's tree.
 *
 * In this order: bns_views_freeze() makes all that is the host's read-only, before
 * anything of ours is mounted; bns_views_mount() rebuilds the directories that hold
 * something hidden, then mounts layers (sandbox/layers.h) and what may be written, each by
 * a descriptor that was opened before. What a private directory covers after that is shown
 * in it again by the same descriptors (sandbox/private_trees.h).
 *
 * What is hidden is never mounted over: the host's programs replace files by rename, and
 * a mount on such a name would be gone (sandbox/rebuild.h). Something writable is: if the
 * host renames it, the command may not write there any more.
 *
 * With directories to review everything is mounted in the order of paths, since what lies
 * in one of them is covered by it; and one that cannot be mounted ends the start.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"
#include "sandbox/file_view.h"
#include "sandbox/layers.h"

/* More than anybody names; descriptors until the mounts are made. */
#define BNS_VIEWS_MAX 128

typedef struct {
    const BnsFileView *view; /* borrowed */
    int fds[BNS_VIEWS_MAX];  /* owned; by mount: what it shows; -1: nothing is there */
    int review_fd;           /* owned; of view->review_dir; -1: none */
    BnsLayerStage layers;    /* while layers are mounted */
} BnsViews;

/* Makes the whole tree read-only, unless it is shared. */
bool bns_views_freeze(const BnsFileView *view, BnsFault *fault);

bool bns_views_mount(BnsViews *out_views, const BnsFileView *view, BnsFault *fault);
void bns_views_clear(BnsViews *views);
