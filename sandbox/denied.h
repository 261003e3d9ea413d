/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Denied: programs that the policy does not permit, each with a stub (sandbox/stub.h)
 * mounted over it.
 *
 * By file, not by name: whatever leads to it (another name in PATH, a symbolic link, an
 * open directory, a "#!" line) ends at the mount. Neither can it be read or copied.
 *
 * A host program that replaces the file (an upgrade does) takes the mount off;
 * bns_denied_repair() puts it on again.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"

#include <stddef.h>

/* More than a policy can name, with all names of each. */
#define BNS_DENIED_MAX 512

/* Borrowed. */
typedef struct {
    const char *path;   /* absolute, without symbolic links */
    const char *text;   /* what the stub writes */
    const char *origin; /* where it was said, for people; NULL: not known */
} BnsDeniedProgram;

/* @programs: at most BNS_DENIED_MAX. */
typedef struct {
    const BnsDeniedProgram *programs;
    size_t n;
} BnsDenied;

/* The program at @path, real; NULL: none of them. */
const BnsDeniedProgram *bns_denied_find(const BnsDenied *denied, const char *path);

/**
 * bns_denied_mount:
 *
 * After all other mounts, since a later one would cover it. The stubs lie in /run, each
 * held open as long as the process lives. A path that is not there (inside) is skipped.
 */
bool bns_denied_mount(const BnsDenied *denied, BnsFault *fault);

/* While the command runs, when mounts have changed: as bns_pins_repair() (sandbox/pins.h).
 * Returns: whether all are covered. */
bool bns_denied_repair(const BnsDenied *denied);
