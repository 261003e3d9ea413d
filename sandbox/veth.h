/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Veth: the link where no tap can be made.
 *
 * A pair of devices: one in the sandbox's network namespace, under the tap's name, the
 * other in a second one of which nothing is used but an AF_PACKET socket; the socket
 * keeps that namespace alive. Checksums and segmentation are done by the sandbox's
 * kernel, as for a tap without offloads: what the socket reads are whole, valid frames
 * within the MTU.
 *
 * Plain C. Needs /proc.
 */
#pragma once

#include "sandbox/fault.h"

/* (transfer full) *@out_fd: a SOCK_RAW socket that is bound to the far end, for all
 * protocols. The receive ring is netstack's to set up. */
bool bns_veth_make(int *out_fd, BnsFault *fault);
