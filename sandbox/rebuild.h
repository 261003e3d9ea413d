/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rebuild: a host directory again, on our own tmpfs, without some of its entries.
 *
 * A mount over a name that the host can rename vanishes when the host does so: it is
 * how programs save files. So a file that must differ inside is never mounted over;
 * its directory is made anew, and the siblings are bound into it by descriptor. They are
 * the host's own files, as they were at the start; entries that the host adds later do
 * not appear, and none can be made in the directory itself.
 *
 * Symbolic links are made again as they are. Sockets are left out.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"

/* Names longer than this are left out; the kernel allows paths of PATH_MAX. */
#define BNS_REBUILD_PATH_MAX 1024

/**
 * bns_rebuild_mount:
 * @path: absolute; an existing directory, no symbolic link
 * @ours: absolute paths below @path, NULL-terminated: left out, for the caller to make or
 *        to leave hidden. Directories on the way to them are rebuilt too.
 * @out_fd: (transfer full): the new directory (O_PATH), writable until
 *          bns_rebuild_seal()
 */
bool bns_rebuild_mount(const char *path,
                       const char *const *ours,
                       int *out_fd,
                       BnsFault *fault);

/**
 * bns_rebuild_fill:
 * @source_fd: an open directory (readable)
 * @target_fd: the one to fill, on a tmpfs of ours
 * @path: of @target_fd, as @ours name it
 *
 * The inner step, for a directory that stands in for another. 0 or -errno.
 */
int bns_rebuild_fill(int source_fd,
                     int target_fd,
                     const char *path,
                     const char *const *ours);

/* The directory itself, and what was made in it, becomes read-only; what was bound stays
 * as the host has it. */
bool bns_rebuild_seal(const char *path, BnsFault *fault);
