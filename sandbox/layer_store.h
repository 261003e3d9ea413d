/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layer store: where what the command writes into private directories lies as long as the
 * session runs, where it cannot lie in memory: before Linux 6.6 files of a tmpfs have no
 * attributes of the user's, without which overlayfs cannot hide a directory that was
 * removed (bns_kernel_has_tmpfs_attributes()).
 *
 *     $XDG_STATE_HOME|~/.local/state /boundary-ns/layers/ID/
 *         0/upper 0/work       of overlayfs, made by init (sandbox/layers.h)
 *
 * ID/ is locked (flock(2)) as long as its session lives. Who removes it at the end: the
 * supervisor; if that is killed, a process that waits for its end (sandbox/keeper.h); if
 * that is killed too, the next start. What lies below it the command has made, and is
 * hostile. No session sees any of it: init covers "layers".
 *
 * It has no bound but that of the file system; a tmpfs has half of the memory.
 */
#pragma once

#include "sandbox/file_view.h"

#include <glib.h>
#include <stdbool.h>

typedef struct BnsLayerStore BnsLayerStore;

/**
 * bns_layer_store_new:
 *
 * Removes what dead sessions left; makes nothing yet.
 */
BnsLayerStore *bns_layer_store_new(void);
/* Removes what was made, unless bns_layer_store_release() did. */
void bns_layer_store_free(BnsLayerStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsLayerStore, bns_layer_store_free)

/* Makes the directory of this session. Returns: whether it could be made where overlayfs
 * can use it; if not, @error says why. */
bool bns_layer_store_make(BnsLayerStore *store, GError **error);

/* Returns: (transfer full): one that was made if @view has layers that memory cannot hold;
 * @view borrows its paths. Layers that it could not be made for lie in memory. */
BnsLayerStore *bns_layer_store_plan(BnsFileView *view);

/* Returns: (nullable): real paths, owned by @store: of the directory of all sessions, if it
 * is there; of the one of this session, if it was made. */
const char *bns_layer_store_all(const BnsLayerStore *store);
const char *bns_layer_store_own(const BnsLayerStore *store);

/* Starts the process that removes, if one was made. Call it single-threaded. */
bool bns_layer_store_keep(BnsLayerStore *store, GError **error);

/* The session is over, and none of its processes is left: its directory is removed before
 * this returns. */
void bns_layer_store_release(BnsLayerStore *store);
