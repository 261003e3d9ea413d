/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts: the file system that the command sees.
 *
 * The host's tree as the user has it, read-only but for what the file view says
 * (sandbox/views.h). Then, all in bns_mounts_make(): a /dev of its own; /tmp, /run and
 * /var/tmp private, since sockets of the host lie there (agents, buses, container
 * engines, daemons of an unconfined agent); /sys read-only; an /etc of its own; what is
 * the user's but not the command's, pinned; over what it may not execute, a stub.
 *
 * Mounts of our user namespace are locked for those below it: the command can neither
 * take one off nor look under it in a namespace of its own.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/etc_files.h"
#include "sandbox/fault.h"
#include "sandbox/init.h"

#include <stdint.h>

/* First: nothing mounted from here on is seen outside, the host's files are read-only,
 * and /proc shows our processes and our network. The link needs it (sandbox/tap_link.h).
 */
bool bns_mounts_begin(const BnsInitConfig *config, BnsFault *fault);

/**
 * BnsMounts: what is to be done with the new mounts.
 * @etc: owned; for bns_etc_files_finish(), which adds the CA
 * @rebuilt_us: of the real-time clock: after the last entry was made in the directories of
 *              the host's that are rebuilt
 * @mask_fd: owned; what sockets of the host are covered with (sandbox/socket_masks.h)
 */
typedef struct {
    BnsEtc etc;
    int64_t rebuilt_us;
    int mask_fd;
} BnsMounts;

/* Everything else. */
bool
bns_mounts_make(const BnsInitConfig *config, BnsMounts *out_mounts, BnsFault *fault);
