/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sandbox's end of the link, for tests: a user and network namespace with a tap, or
 * with a veth and AF_PACKET sockets on its far end. Plain C: runs in a forked child.
 */
#pragma once

#include <stdbool.h>

/* Moves the process to namespaces of its own, as root there. 0 or -errno. */
int guest_link_unshare(void);

/* Makes the device with address, MTU and routes. Returns: the other end, or -errno; of a
 * veth, *@out_wide_fd is the second socket (netstack/tap/link.h). */
int guest_link_tap(void);
int guest_link_packet(int *out_wide_fd);
