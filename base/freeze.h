/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freeze: read-only mounts by mount(2), one by one.
 *
 * For kernels without mount_setattr(2) (before Linux 5.12): it is tried first wherever
 * this is used. Plain C, errors are -errno.
 */
#pragma once

/* Makes the mount at @path read-only, in this mount namespace alone. Its other flags stay:
 * they are locked in a user namespace of ours. 0 or -errno. */
int bns_freeze_mount(const char *path);

/* Makes the mount at @path writable again, if we have frozen it. 0 or -errno (-EPERM: it
 * was read-only before). */
int bns_freeze_undo(const char *path);

/* The same as bns_freeze_mount() for every mount below @directory, which is absolute and without a final slash:
 * "" is all, the root too. Mounts that others cover are passed over. 0 or -errno. */
int bns_freeze_below(const char *directory);
