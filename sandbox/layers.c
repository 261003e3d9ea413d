/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/layers.h"

#include "base/fd.h"
#include "sandbox/mount_api.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where what they lie on is mounted while they are made: overlayfs takes no directory of a
 * mount that is not ours, or read-only. Nothing that can be written lies below. */
#define STAGE "/dev"

/* Empty for all; what its owner could make of it is read-only. */
static int
cover(const char *path)
{
    bns_autofd place = bns_tree_look_along(path);
    bns_autofd mount =
        place < 0 ? place
                  : bns_mount_new(place, "tmpfs", "mode=0500,nr_inodes=1", false);

    return mount < 0 ? mount : bns_mount_set_read_only(path, false);
}

bool
bns_layers_begin(BnsLayerStage *out_layers, const BnsFileView *view, BnsFault *fault)
{
    int r;

    *out_layers = (BnsLayerStage){ .store_fd = -1, .disk_fd = -1, .memory_fd = -1 };
    if (view->layer_stores == NULL)
        return true;
    if (view->layer_store != NULL)
        out_layers->store_fd = MAX(bns_tree_look_along(view->layer_store), -1);
    r = cover(view->layer_stores);
    return r >= 0 || r == -ENOENT ? true
                                  : bns_fault_set(fault, "Could not cover \"%s\": %s",
                                                  view->layer_stores, strerror(-r));
}

/* Opens the stage as it is: what is mounted there next covers what was before. */
static int
open_stage(void)
{
    int fd = open(STAGE, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int
stage_disk(BnsLayerStage *layers)
{
    bns_autofd place = open_stage();

    if (place < 0)
        return place;
    layers->disk_fd = bns_mount_bind(layers->store_fd, place, BNS_BIND_WRITABLE);
    layers->n_mounts += layers->disk_fd >= 0;
    return layers->disk_fd;
}

static int
stage_memory(BnsLayerStage *layers)
{
    bns_autofd place = open_stage();

    if (place < 0)
        return place;
    layers->memory_fd = bns_mount_new(place, "tmpfs", "mode=0700", false);
    layers->n_mounts += layers->memory_fd >= 0;
    return layers->memory_fd;
}

static int
mount_layer(int stage_fd, int place_fd, int lower_fd, size_t i)
{
    bns_autofd upper = -1;
    bns_autofd work = -1;
    struct stat info;
    char name[32];

    /* The layer's own mode is that of its upper directory. */
    if (fstat(place_fd, &info) < 0)
        return -errno;
    snprintf(name, sizeof(name), "%zu/upper", i);
    upper = bns_tree_make_path(stage_fd, name, info.st_mode & 07777);
    snprintf(name, sizeof(name), "%zu/work", i);
    work = bns_tree_make_path(stage_fd, name, 0755);
    if (upper < 0 || work < 0)
        return MIN(upper, work);
    return bns_mount_layers(
        &(const BnsLayers){ place_fd, -1, lower_fd, upper, work, true });
}

int
bns_layers_mount(BnsLayerStage *layers, int place_fd, int lower_fd, size_t i)
{
    int fd = -1;

    if (layers->store_fd >= 0 && layers->disk_fd < 0 && stage_disk(layers) < 0)
        bns_fd_clear(&layers->store_fd);
    if (layers->disk_fd >= 0)
        fd = mount_layer(layers->disk_fd, place_fd, lower_fd, i);
    if (fd >= 0)
        return fd;
    if (layers->memory_fd < 0 && stage_memory(layers) < 0)
        return layers->memory_fd;
    return mount_layer(layers->memory_fd, place_fd, lower_fd, i);
}

void
bns_layers_end(BnsLayerStage *layers)
{
    for (; layers->n_mounts > 0; layers->n_mounts--)
        umount2(STAGE, MNT_DETACH);
    bns_fd_clear(&layers->memory_fd);
    bns_fd_clear(&layers->disk_fd);
    bns_fd_clear(&layers->store_fd);
}
