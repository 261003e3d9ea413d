/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts: the file system that the command sees.
 *
 * In this order, all in bns_mounts_make(): a /dev of its own; /tmp, /run and /var/tmp
 * private, since sockets of the host lie there (agents, buses, container engines,
 * daemons of an unconfined agent); /sys read-only; an /etc of its own; what is the user's
 * but not the command's, pinned. The rest is the host's tree as the user has it.
 *
 * If the working directory lies below a private directory, it alone is shown there.
 *
 * Mounts of our user namespace are locked for those below it: the command can neither
 * take one off nor look under it in a namespace of its own.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"
#include "sandbox/init.h"

/* First: nothing mounted from here on is seen outside, and /proc shows our processes
 * and our network. The link needs it (sandbox/tap_link.h). */
bool bns_mounts_begin(BnsFault *fault);

/* Everything else, but for the CA: bns_etc_files_finish(*@out_etc_fd) is left to do. */
bool bns_mounts_make(const BnsInitConfig *config, int *out_etc_fd, BnsFault *fault);
