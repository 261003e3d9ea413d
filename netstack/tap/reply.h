/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames that we write ourselves: answers to the command's kernel, and what we tell
 * libslirp on the command's behalf.
 *
 * Pure. Every function writes one whole Ethernet frame with its checksums to @out, which
 * has BNS_REPLY_MAX bytes unless it says otherwise, and returns its length.
 */
#pragma once

#include "netstack/tap/frame.h"

/* Headers and as much of the refused packet as an ICMP error may quote (RFC 1812,
 * 4.3.2.3: 576 bytes in all). */
#define BNS_REPLY_MAX (BNS_FRAME_ETH_BYTES + 576)

/* --- to the command --- */

/* RST|ACK for a SYN with sequence number @isn: ECONNREFUSED. */
size_t bns_reply_refusal(const BnsEnds *ends, uint32_t isn, uint8_t *out);

/* RST of an open connection; @seq is what the command expects next. */
size_t bns_reply_reset(const BnsEnds *ends, uint32_t seq, uint8_t *out);

/* ICMP host unreachable, from the router, for a SYN with sequence number @isn:
 * EHOSTUNREACH. */
size_t bns_reply_host_unreachable(const BnsEnds *ends, uint32_t isn, uint8_t *out);

/* ICMP port unreachable, from the address that was asked, for the UDP packet in
 * @frame, a frame that bns_frame_read() took for one: ECONNREFUSED. */
size_t bns_reply_port_unreachable(const BnsEnds *ends,
                                  const uint8_t *frame,
                                  size_t len,
                                  uint8_t *out);

/* A datagram back to where one came from. @out has room for the headers and @len. */
size_t bns_reply_datagram(const BnsEnds *ends,
                          const uint8_t *payload,
                          size_t len,
                          uint8_t *out);

/* --- to libslirp, as if from the command --- */

/* ARP: that BNS_TAP_GUEST has @guest_mac. */
size_t bns_reply_announce(const uint8_t *guest_mac, uint8_t *out);

/* The SYN of a held flow; @mss 0 leaves the option out. */
size_t bns_reply_syn(
    const BnsEnds *ends, uint32_t isn, uint16_t window, uint16_t mss, uint8_t *out);

/* RST: makes libslirp forget the connection; @seq is the next one that it expects. */
size_t bns_reply_cut(const BnsEnds *ends, uint32_t seq, uint8_t *out);
