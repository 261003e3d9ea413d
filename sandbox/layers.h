/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: where those of private directories are made, and how one is.
 *
 * In memory, or where the view names a directory of the host's for them
 * (sandbox/layer_store.h) there; one that cannot be made there is made in memory.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"
#include "sandbox/file_view.h"

#include <stddef.h>

typedef struct {
    int store_fd;  /* owned; the host's directory; -1: none */
    int disk_fd;   /* owned; the same, writable; -1: not mounted */
    int memory_fd; /* owned; -1: not mounted */
    int n_mounts;
} BnsLayerStage;

/* Opens the directory that @view names, and covers the one that it is in, so that nobody
 * sees it. Call it before anything is rebuilt. */
bool
bns_layers_begin(BnsLayerStage *out_layers, const BnsFileView *view, BnsFault *fault);

/**
 * bns_layers_mount:
 * @place_fd: the directory to mount on
 * @lower_fd: what is seen through the layer
 * @i: another number for each
 *
 * Returns: (transfer full): the root of the new mount (O_PATH), or -errno.
 */
int bns_layers_mount(BnsLayerStage *layers, int place_fd, int lower_fd, size_t i);

/* What was mounted stays. */
void bns_layers_end(BnsLayerStage *layers);
