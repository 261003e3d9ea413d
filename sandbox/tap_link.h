/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox's link: `lo`, and one device that ends in netstack (netstack/tap/tap.h).
 *
 * The device is a tap; where /dev/net/tun cannot be opened, one end of a veth pair whose
 * other end is read through AF_PACKET sockets (sandbox/veth.h). IPv6 exists on `lo`
 * alone, so that a connection over it is refused at once: there is no route.
 *
 * Plain C. Needs /proc of this network namespace.
 */
#pragma once

#include "sandbox/fault.h"

/* (transfer full) *@out_fd: the far end, a tap or a packet socket; *@out_wide_fd: the second
 * packet socket, -1 if it is a tap. */
bool bns_tap_link_make(int *out_fd, int *out_wide_fd, BnsFault *fault);

/* The steps that both kinds share: switches IPv6 off on @name of the current network
 * namespace (no error: where /proc/sys is not writable the frames are dropped later). */
void bns_tap_link_no_ipv6(const char *name);
/* Brings @name of the current network namespace up. 0 or -errno. */
int bns_tap_link_up(const char *name);

/* Makes the link and sends it to the supervisor: TAP, or WIDE and PACKET (base/ready.h). */
bool bns_tap_link_send(int control_fd, BnsFault *fault);
