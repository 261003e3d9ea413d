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
 * Symbolic links are made again as they are. Sockets are left out unless they are named.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"

/* Names longer than this are left out; the kernel allows paths of PATH_MAX. */
#define BNS_REBUILD_PATH_MAX 1024
/* A file that is copied is one that a program keeps its settings in. */
#define BNS_REBUILD_COPY_MAX (4 * 1024 * 1024)
/* Some agents keep what was said in theirs. It takes memory, inside and at the end. */
#define BNS_REBUILD_COPY_LARGE_MAX (64 * 1024 * 1024)

/**
 * BnsRebuildAct: what becomes of an entry.
 * @BNS_REBUILD_BIND: bound as it is
 * @BNS_REBUILD_BIND_NAMED: the same, and if it is a socket
 * @BNS_REBUILD_BIND_WRITABLE: bound, and writable (BNS_BIND_WRITABLE)
 * @BNS_REBUILD_COPY: a file is copied, so that it can be replaced in the new directory;
 *                    one that is too large, and a directory, is bound
 * @BNS_REBUILD_COPY_LARGE: the same, up to the larger size
 * @BNS_REBUILD_DESCEND: a directory is rebuilt, too
 * @BNS_REBUILD_OMIT: left out, for the caller to make or to leave hidden
 */
typedef enum {
    BNS_REBUILD_BIND,
    BNS_REBUILD_BIND_NAMED,
    BNS_REBUILD_BIND_WRITABLE,
    BNS_REBUILD_COPY,
    BNS_REBUILD_COPY_LARGE,
    BNS_REBUILD_DESCEND,
    BNS_REBUILD_OMIT,
} BnsRebuildAct;

/* Decides on an entry by its @path. @data: borrowed. */
typedef struct {
    BnsRebuildAct (*act)(const void *data, const char *path);
    const void *data;
} BnsRebuildJudge;

/**
 * bns_rebuild_mount_judged:
 * @path: absolute; an existing directory, no symbolic link
 *
 * The new directory has the host's mode and can be written to. What cannot be looked at
 * (a file system that does not answer any more) is left out. 0 or -errno.
 */
int bns_rebuild_mount_judged(const char *path, const BnsRebuildJudge *judge);

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
 * bns_rebuild_stack:
 * @out_fd: (transfer full): the new directory (O_PATH), which stays writable
 * @out_host_fd: (transfer full): the host's (O_PATH)
 *
 * As bns_rebuild_mount() and bns_rebuild_seal(), in a tenth of the time, for a directory
 * that has nothing mounted below it: the new one has the way to @ours alone, and what it
 * lacks is seen through it, as the host has it at any time. @ours are not left out unless
 * they are made. They are made below @out_fd, before anybody looks at @path.
 *
 * Returns: whether the kernel permits it; else nothing has changed.
 */
bool bns_rebuild_stack(const char *path,
                       const char *const *ours,
                       int *out_fd,
                       int *out_host_fd);

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
