/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Veth: the link where no tap can be made.
 *
 * A pair of devices: one in the sandbox's network namespace, under the tap's name, the
 * other in a second one of which nothing is used but two AF_PACKET sockets; the sockets
 * keep that namespace alive. Checksums and segmentation are done by the sandbox's
 * kernel, as for a tap without offloads: what the sockets read are whole, valid frames
 * within the MTU.
 *
 * Plain C. Needs /proc.
 */
#pragma once

#include "sandbox/fault.h"

/* (transfer full) *@out_fd, *@out_wide_fd: SOCK_RAW sockets that are bound to the far end,
 * for all protocols; the second one's gate is shut (netstack/tap/packet_gate.h). What
 * either sends, neither gets. */
bool bns_veth_make(int *out_fd, int *out_wide_fd, BnsFault *fault);
