/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receive ring of an AF_PACKET socket (packet(7), TPACKET_V2).
 *
 * 16 MiB, which an ordinary user may have where SO_RCVBUF is capped at a few frames. To
 * make it takes the kernel some 10 ms: pages to clear, and a moment at which no processor
 * looks at the socket.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct BnsPacketRing BnsPacketRing;

/* @fd: borrowed, bound to its interface, its gate shut (netstack/tap/packet_gate.h), which
 * is opened. Returns: (transfer full): the ring, or %NULL with @error (BNS_LINK_ERROR)
 * set. */
BnsPacketRing *bns_packet_ring_new(int fd, GError **error);
void bns_packet_ring_free(BnsPacketRing *ring);

/**
 * bns_packet_ring_next:
 * @out_bytes: (transfer none): the frame, until bns_packet_ring_release(); %NULL for one
 *             that did not fit
 *
 * Returns: false if there is none.
 */
bool bns_packet_ring_next(BnsPacketRing *ring, uint8_t **out_bytes, size_t *out_len);
/* Gives the slot of the last frame back to the kernel. */
void bns_packet_ring_release(BnsPacketRing *ring);
