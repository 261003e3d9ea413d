/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket masks: a socket that the host's programs listen at, and the command could reach
 * by its name, is covered by one that nobody listens at: connecting is refused.
 *
 * A mask lies on the socket itself, not on a name: when the host renames the socket or a
 * directory above it, the mask goes along, and when another takes its name, that one's
 * mask comes along. The command can neither rename nor remove what is masked. A further
 * name (link(2)) needs another mask, and so does each mount that shows it: one that the
 * host moves from where the command reads to where it writes is masked anew.
 *
 * Which sockets those are, and where to look for them, the supervisor knows
 * (sandbox/socket_watch.h).
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"

#include <stdbool.h>

/* Sockets that one question may name. */
#define BNS_SOCKET_MASKS_MAX 128

/**
 * bns_socket_masks_begin:
 * @out_fd: (transfer full): what sockets are covered with
 *
 * Once /dev is ours, whose shm it mounts, too: what masks lies under it.
 */
bool bns_socket_masks_begin(int *out_fd, BnsFault *fault);

/**
 * bns_socket_masks_obey:
 * @mask_fd: of bns_socket_masks_begin()
 * @control_fd: told MASKED for each that was covered now, then SEARCHED (base/ready.h)
 * @question: text of a SOCKETS: "MAJOR:MINOR:INODE " for each socket, "\n", directory
 *
 * Looks for them in that directory. One that is not there any more, or not to be seen, is
 * passed over. Returns: whether what was found is masked.
 */
bool bns_socket_masks_obey(int mask_fd,
                           int control_fd,
                           const char *question,
                           BnsFault *fault);
