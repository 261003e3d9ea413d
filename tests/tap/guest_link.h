/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sandbox's end of the link, for tests: a user and network namespace with a tap, or
 * with a veth and an AF_PACKET socket on its far end. Plain C: runs in a forked child.
 */
#pragma once

#include <stdbool.h>

/* Moves the process to namespaces of its own, as root there. 0 or -errno. */
int guest_link_unshare(void);

/* Makes the device with address, MTU and routes. Returns: the other end, or -errno. */
int guest_link_tap(void);
int guest_link_packet(void);
