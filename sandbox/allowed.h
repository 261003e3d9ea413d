/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allowed: the programs that alone may be executed, where the policy names some.
 *
 * Landlock (sandbox/landlock.h) refuses execve(2) of every other file: it goes by the file,
 * whatever leads to it. That alone would be evaded by the loader, which every program
 * needs and which runs what it is given (`ld.so FILE`): so nothing can be mapped as code
 * that lies on a mount without exec, and all are without but those that are made here, of
 * the programs themselves and of the system's directories of libraries. Files in memory
 * have no place that Landlock knows: they are made without exec (sandbox/seccomp.h).
 *
 * What is left: what an allowed program interprets, loads from those directories, writes
 * into its own memory, or has the loader map from a file in memory, which has no mount.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"

#include <stdbool.h>
#include <stddef.h>

/* Borrowed. Real paths. */
typedef struct {
    bool is_on;
    const char *const
        *programs; /* NULL-terminated: files, and directories with all below
                                  * them */
    const char *const *loaders; /* NULL-terminated: the programs' */
} BnsAllowed;

/**
 * bns_allowed_mount:
 *
 * After all other mounts but the stubs (sandbox/denied.h), which keep exec. What is not
 * there (inside) is passed over. Needs mount_setattr(2).
 */
bool bns_allowed_mount(const BnsAllowed *allowed, BnsFault *fault);

/* Whether the file @fd (O_PATH), which has the path @path, is one of the programs. If not,
 * errno says why one that is there could not be looked at, or is 0. */
bool bns_allowed_contains(const BnsAllowed *allowed, int fd, const char *path);
