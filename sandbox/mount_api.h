/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounting by descriptor.
 *
 * What is mounted and where it goes are both things that we opened, never names: between
 * a check and a mount nobody can put a symbolic link in the way, and a directory below a
 * mount that covers it stays reachable.
 *
 * Plain C; needs /proc. Kernels without open_tree(2) (before 5.2) or mount_setattr(2)
 * (before 5.12) get the same by older calls.
 */
#pragma once

#include <stdbool.h>

/**
 * bns_mount_new:
 * @target_fd: a directory, covered from now on
 * @type: "tmpfs", "devpts", "mqueue"
 * @options: (nullable): "key=value,key=value"
 * @has_devices: whether device nodes in it work; set-user-id never does
 *
 * Returns: (transfer full): the root of the new mount (O_PATH), or -errno.
 */
int
bns_mount_new(int target_fd, const char *type, const char *options, bool has_devices);

/**
 * BnsBindAccess: of a bind and all mounts below it.
 * @BNS_BIND_AS_IS: as @source_fd's mounts are
 * @BNS_BIND_READ_ONLY: read-only
 * @BNS_BIND_WRITABLE: writable again, after we have made them read-only ourselves; what
 *                     the host has read-only stays so. If it has a mount below so, all
 *                     below stay read-only.
 */
typedef enum {
    BNS_BIND_AS_IS,
    BNS_BIND_READ_ONLY,
    BNS_BIND_WRITABLE,
} BnsBindAccess;

/**
 * bns_mount_bind:
 * @source_fd: what to show, with all that is mounted below it
 * @target_fd: where; a directory for a directory, else anything that is none. May be
 *             @source_fd: then the name cannot be renamed or removed any more.
 *
 * Returns: (transfer full): the root of the new mount (O_PATH), or -errno.
 */
int bns_mount_bind(int source_fd, int target_fd, BnsBindAccess access);

/**
 * bns_mount_bind_entry:
 * @name: an entry of @source_dir_fd, itself if it is a symbolic link, and of
 *        @target_dir_fd, which nobody but us can change
 *
 * As bns_mount_bind(), in half the time: for directories with thousands of entries.
 * Returns: 0 or -errno.
 */
int bns_mount_bind_entry(int source_dir_fd,
                         int target_dir_fd,
                         const char *name,
                         BnsBindAccess access);

/**
 * BnsLayers: borrowed
 * @place_fd: a directory, covered from now on
 * @middle_fd: whiteouts, over @lower_fd; negative: none
 * @lower_fd: a directory in which nothing of the host's is mounted
 * @upper_fd, @work_fd: of one mount, the second empty; what is written goes there
 * @is_volatile: it need not outlive the machine's halt: fsync(2) in it does nothing
 */
typedef struct {
    int place_fd;
    int middle_fd;
    int lower_fd;
    int upper_fd;
    int work_fd;
    bool is_volatile;
} BnsLayers;

/**
 * bns_mount_layers:
 *
 * Nothing in it can be executed if nothing in @lower_fd's mount can. Returns: (transfer
 * full): the root of the new mount (O_PATH), or -errno where the kernel or the file system
 * does not permit it: Linux 5.11, and no overlay two deep.
 */
int bns_mount_layers(const BnsLayers *layers);

/**
 * bns_mount_stack:
 * @upper_fd: a directory, covered from now on by itself and what it lacks of @lower_fd
 *
 * Read-only. Mounts below @lower_fd are not seen through: where the user could not take
 * them off it is refused. 0 or -errno, as bns_mount_layers().
 */
int bns_mount_stack(int upper_fd, int lower_fd);

/* Makes the mount at @path (its root), with all below it if @recursive, read-only.
 * 0 or -errno. */
int bns_mount_set_read_only(const char *path, bool recursive);

/**
 * bns_mount_set_exec:
 * @mount_fd: the root of a mount
 *
 * Whether anything on it, and on what is mounted below, may be executed or mapped as code.
 * What the host forbids stays forbidden. Returns: 0 or -errno: -ENOSYS before Linux 5.12.
 */
int bns_mount_set_exec(int mount_fd, bool may_execute);
