/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel: what it can do, by an attempt where there is one that changes nothing, else by its
 * version. Plain C.
 */
#pragma once

#include <stdbool.h>

bool bns_kernel_is_since(int major, int minor);

/* Whether files of a tmpfs have attributes of the user's (Linux 6.6). Overlayfs needs them
 * in its upper directory to hide a directory that was removed there or made anew: without
 * them it answers EIO (sandbox/layer_store.h). */
bool bns_kernel_has_tmpfs_attributes(void);
