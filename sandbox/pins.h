/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins: files and directories of the user's that are read-only inside, and stay where
 * they are.
 *
 * Read-only alone is evaded: `mv .config c; mkdir -p .config/boundary-ns`. So every
 * directory on the way whose name the command could change becomes a mount point, and
 * the kernel answers EBUSY. A symbolic link can be a mount point as well: of itself, so
 * that it leads where it led. The price: a rename or hard link across such a directory is
 * one across file systems.
 *
 * A host process that replaces a pinned file by rename takes the pin off (as does one
 * that renames a directory on the way). bns_pins_repair() puts it on again.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"

/**
 * bns_pins_mount:
 * @paths: absolute, without symbolic links, NULL-terminated
 * @links: (nullable): the same, but the last part of each is a symbolic link, which is
 *         pinned itself
 *
 * After all other mounts. A path that does not exist (any more, or inside) is skipped; a
 * symbolic link on the way is a fault, since somebody put it there after the supervisor
 * looked.
 */
bool
bns_pins_mount(const char *const *paths, const char *const *links, BnsFault *fault);

/**
 * bns_pins_repair:
 *
 * While the command runs, when mounts have changed: pins again what is not pinned any
 * more. The change is told before the file's new name can be mounted on, so ask again a
 * moment later. Does nothing before Linux 5.8, which does not tell what is a mount point.
 *
 * Returns: whether all is pinned; false: something is not, or not there
 */
bool bns_pins_repair(const char *const *paths, const char *const *links);
