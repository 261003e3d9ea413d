/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wire: what netstack and gateway say to each other about a flow.
 *
 * A flow is one TCP connection of the command. netstack holds its SYN, offers it, and
 * acts on the verdict; after the handshake it passes the flow's stream as a descriptor.
 * One SEQPACKET message each; either side that reads something malformed, or a message
 * that its peer may not send now, ends its process (and so the session).
 *
 *     netstack                         gateway
 *        │ OFFER flow addr port name      │
 *        │ ─────────────────────────────> │   decides; for tcp rules dials first
 *        │             VERDICT flow what  │
 *        │ <───────────────────────────── │
 *        │ STREAM flow + descriptor       │   only after ACCEPT, once the command's
 *        │ ─────────────────────────────> │   handshake has ended
 *        │ RESET flow                     │   the command sent RST, or never ended its
 *        │ ─────────────────────────────> │   handshake; may cross CLOSED
 *        │                   RESET flow   │   please: only after STREAM, at most once
 *        │ <───────────────────────────── │
 *        │                  CLOSED flow   │   the gateway closed its descriptor (or gave
 *        │ <───────────────────────────── │   up before it had one): forget the flow
 *
 * After a REFUSE verdict neither side sends anything more about the flow. After RESET
 * the gateway still answers CLOSED, which is the last word on every accepted flow.
 *
 * A unix stream has no RST: whoever closes it ends it cleanly, unless bytes wait unread.
 * So that a broken connection upstream does not look whole to the command, the gateway
 * asks with RESET, and keeps its descriptor, unread from now on, until netstack answers
 * with a RESET of its own (or one has crossed). netstack cuts libslirp's connection and
 * sends the command an RST itself; what was written to the stream just before may be lost,
 * as with any RST.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* RFC 1035, 2.3.4: 255 octets on the wire are at most 253 characters of text. */
#define BNS_WIRE_NAME_MAX 253

typedef enum {
    BNS_WIRE_OFFER = 1,
    BNS_WIRE_VERDICT,
    BNS_WIRE_STREAM,
    BNS_WIRE_RESET,
    BNS_WIRE_CLOSED,
    BNS_N_WIRE_TYPES,
} BnsWireType;

/**
 * BnsWireVerdict:
 * @BNS_WIRE_REFUSE: RST at once (ECONNREFUSED): denied, or the upstream refused
 * @BNS_WIRE_UNREACHABLE: ICMP host unreachable (EHOSTUNREACH)
 * @BNS_WIRE_TIMEOUT: stay silent: the dial timed out, so does the command's connect
 * @BNS_WIRE_ACCEPT: let the handshake go on and pass the stream
 */
typedef enum {
    BNS_WIRE_REFUSE,
    BNS_WIRE_UNREACHABLE,
    BNS_WIRE_TIMEOUT,
    BNS_WIRE_ACCEPT,
    BNS_N_WIRE_VERDICTS,
} BnsWireVerdict;

typedef struct {
    uint8_t type;        /* BnsWireType */
    uint8_t verdict;     /* BnsWireVerdict; VERDICT only */
    uint16_t port;       /* destination, host order; OFFER only */
    uint16_t guest_port; /* source, host order; OFFER only */
    uint32_t addr;       /* destination IPv4, network order; OFFER only */
    uint64_t flow;       /* from 1, never used twice in a session */
    /* OFFER only: the name that addr stands for, lower-case, no trailing dot; empty
     * when the command used an address that stands for none. */
    char name[BNS_WIRE_NAME_MAX + 1];
} BnsWire;

/* Sends @message (and @fd for STREAM, else -1). Plain C. 0 or -errno; -EAGAIN when
 * @sock is non-blocking and full. */
int bns_wire_send(int sock, const BnsWire *message, int fd);

/**
 * bns_wire_receive:
 * @out_fd: (transfer full): the stream that came with STREAM, or -1: with other messages,
 *          and where no descriptor was left to receive it
 *
 * Returns: 1, 0 at the end of the stream, or -errno; -EBADMSG for a message that is
 *          malformed (unknown type, wrong length, a name that does not end, a
 *          descriptor with another type than STREAM).
 */
int bns_wire_receive(int sock, BnsWire *out_message, int *out_fd);
