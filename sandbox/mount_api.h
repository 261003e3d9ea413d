/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounting by descriptor.
 *
 * What is mounted and where it goes are both things that we opened, never names: between
 * a check and a mount nobody can put a symbolic link in the way, and a directory below a
 * mount that covers it stays reachable.
 *
 * Plain C; descriptors of mounts are O_PATH and CLOEXEC. Linux 5.2; where mount_setattr(2)
 * is missing (before 5.12) read-only is set mount by mount.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/**
 * bns_mount_new_tmpfs:
 * @mode: of its root, as three or four octal digits
 *
 * A tmpfs without set-user-id and devices. (transfer full): a mount that is not attached
 * yet, or -errno.
 */
int bns_mount_new_tmpfs(const char *mode);

/* A new instance of @type ("devpts", "mqueue"), options as KEY, VALUE, …, NULL. As
 * above. */
int bns_mount_new(const char *type, const char *const *options, bool has_devices);

/* Attaches the mount @mount_fd on @target_fd. @mount_fd stays its root. 0 or -errno. */
int bns_mount_attach(int mount_fd, int target_fd);

/**
 * bns_mount_bind:
 * @source_fd: what to show, with all that is mounted below it
 * @target_fd: where; a directory for a directory, else anything that is none
 * @read_only: for the whole of it
 *
 * Returns: (transfer full): the root of the new mount, or -errno.
 */
int bns_mount_bind(int source_fd, int target_fd, bool read_only);

/* Makes the mount at @path (its root), with all below it if @recursive, read-only.
 * 0 or -errno. */
int bns_mount_set_read_only(const char *path, bool recursive);

/* The same for kernels without mount_setattr(2). For the test. */
int bns_mount_set_read_only_each(const char *path, bool recursive);
