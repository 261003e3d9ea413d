/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows: what netstack knows of each TCP connection of the command, and what to do next.
 *
 * How it works: netstack tells this table what happened (a SYN, a verdict, the end of a
 * socket), and gets back a set of actions to carry out. Nothing here sends, polls or
 * reads a clock.
 *
 *              OFFER            ACCEPT              STREAM
 *     (SYN) ──────────> HELD ──────────> HANDSHAKE ────────> OPEN ── CLOSED ──> LINGERING
 *                        │ │                  │               │                     │
 *       command gave up  │ │ TIMEOUT          │ RST, 10 s     │ libslirp let go     │ both
 *                        v v                  v               v                     v ended
 *             ABANDONED    SILENT          DETACHED <─────────┘                   (gone)
 *          until a verdict, until the      until CLOSED
 *          which comes      command gives
 *          too late         up, too
 *
 * REFUSE and UNREACHABLE end a held flow at once. Wherever libslirp has a connection
 * that nobody needs any more it is cut: libslirp gets an RST as if from the command.
 * That also spares its TIME_WAIT (10 s of memory and of a list that it walks for each
 * segment). A command that ended first gets one, too, when both have ended: in its own
 * TIME_WAIT a port cannot be used for a minute. On a link that is our own memory no old
 * segment can turn up later (RFC 1337).
 *
 * Internal flows are TCP connections to port 53: netstack answers them itself
 * (dns_tcp.h), so they are not offered and their end is not told to the gateway.
 */
#pragma once

#include "netstack/tap/frame.h"
#include "netstack/wire.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Linux sends a SYN again after 1, 2, 4, ... 64 s: a connection of which nothing was
 * heard for longer is not wanted any more. */
#define BNS_FLOW_SYN_TIMEOUT_US (75 * G_USEC_PER_SEC)
/* The command's kernel answers a SYN-ACK at once, or it is gone. */
#define BNS_FLOW_HANDSHAKE_TIMEOUT_US (10 * G_USEC_PER_SEC)
/* After both the gateway and libslirp have ended their side, the command may leave its
 * own open for as long as Linux leaves a socket in FIN_WAIT_2. */
#define BNS_FLOW_LINGER_US (60 * G_USEC_PER_SEC)
/* Internal flows at once. */
#define BNS_FLOW_INTERNAL_MAX 32

typedef enum {
    BNS_FLOW_HELD,
    BNS_FLOW_ABANDONED,
    BNS_FLOW_SILENT,
    BNS_FLOW_HANDSHAKE,
    BNS_FLOW_OPEN,
    BNS_FLOW_DETACHED,
    BNS_FLOW_LINGERING,
    BNS_N_FLOW_STATES,
} BnsFlowState;

/* A copy is a picture of the moment; only the table changes a flow. */
typedef struct {
    uint64_t id; /* on the wire; from 1, never used twice */
    BnsEnds ends;
    BnsFlowState state;
    bool is_internal;
    /* What a held SYN said; the frame itself is not kept. */
    uint32_t isn;
    uint16_t window;
    uint16_t mss;
    /* What has been seen of the connection's two directions. */
    uint32_t guest_next; /* sequence number after the last byte from the command */
    uint32_t guest_ack;  /* the last that it acknowledged */
    uint32_t fin_end;    /* what acknowledges libslirp's FIN, if our_fin */
    bool guest_fin;
    bool guest_first; /* before it saw libslirp's: TIME_WAIT is the command's */
    bool our_fin;
    bool asked_reset; /* the gateway asked for an RST */
    bool said_reset;  /* RESET went to the gateway */
    int backend_fd;   /* libslirp's end of the stream: borrowed; -1 when it has none */
    int64_t deadline_us; /* INT64_MAX: none */
} BnsFlow;

/**
 * BnsFlowActions:
 *
 * A set, to be carried out in this order; none: do nothing, drop the frame.
 *
 * @BNS_FLOW_PASS: give the frame to libslirp, then call bns_flows_after_pass()
 * @BNS_FLOW_RELEASE: the handshake is over: give up the entry of its address
 * @BNS_FLOW_CUT: give libslirp an RST as if from the command, with guest_next
 * @BNS_FLOW_SAY_RESET: tell the gateway
 * @BNS_FLOW_AGAIN: the tuple is free now: ask again with the same frame
 * @BNS_FLOW_OFFER: offer the flow
 * @BNS_FLOW_ADMIT: take an entry for its address and give libslirp the held SYN
 * @BNS_FLOW_REFUSE: answer the SYN with RST|ACK
 * @BNS_FLOW_UNREACHABLE: answer it with ICMP host unreachable
 * @BNS_FLOW_RESET_GUEST: send the command an RST
 * @BNS_FLOW_TOO_MANY: as many as may be are open: record it
 * @BNS_FLOW_TOO_FAST: there were as many as may be in a second: record it
 * @BNS_FLOW_VIOLATION: the gateway may not say this now: the session ends
 */
typedef enum {
    BNS_FLOW_PASS = 1 << 0,
    BNS_FLOW_RELEASE = 1 << 1,
    BNS_FLOW_CUT = 1 << 2,
    BNS_FLOW_SAY_RESET = 1 << 3,
    BNS_FLOW_AGAIN = 1 << 4,
    BNS_FLOW_OFFER = 1 << 5,
    BNS_FLOW_ADMIT = 1 << 6,
    BNS_FLOW_REFUSE = 1 << 7,
    BNS_FLOW_UNREACHABLE = 1 << 8,
    BNS_FLOW_RESET_GUEST = 1 << 9,
    BNS_FLOW_TOO_MANY = 1 << 10,
    BNS_FLOW_TOO_FAST = 1 << 11,
    BNS_FLOW_VIOLATION = 1 << 12,
} BnsFlowActions;

typedef struct BnsFlows BnsFlows;

/* @max: flows at once, in whatever state, libslirp's leftovers included. @per_second: new
 * ones, but for internal ones; 0: no limit. */
BnsFlows *bns_flows_new(size_t max, uint32_t per_second);
void bns_flows_free(BnsFlows *flows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsFlows, bns_flows_free)

size_t bns_flows_count(const BnsFlows *flows);

/* Each fills @out_flow with the flow that the actions are about, as it was when they
 * were decided. */

/* A frame of kind SYN. @is_internal: its connection is netstack's own. */
unsigned bns_flows_on_syn(BnsFlows *flows,
                          const BnsFrame *syn,
                          bool is_internal,
                          int64_t now_us,
                          BnsFlow *out_flow);

/* A frame of kind TCP, before libslirp sees it. @out_flow: its id is 0 if it belongs to
 * none (libslirp answers it with an RST). */
unsigned
bns_flows_on_segment(BnsFlows *flows, const BnsFrame *segment, BnsFlow *out_flow);

/* libslirp has seen a segment of the flow @id. */
unsigned bns_flows_after_pass(BnsFlows *flows, uint64_t id, BnsFlow *out_flow);

/* libslirp connected for the flow @id, which is in HANDSHAKE, with @backend_fd. */
unsigned bns_flows_on_stream(BnsFlows *flows, uint64_t id, int backend_fd);

/* libslirp sends FIN. */
void bns_flows_on_our_fin(BnsFlows *flows,
                          const BnsEnds *ends,
                          uint32_t fin_end,
                          int64_t now_us);

/* libslirp closed @backend_fd, which may belong to no flow. */
unsigned bns_flows_on_gone(BnsFlows *flows, int backend_fd, BnsFlow *out_flow);

/* A VERDICT, RESET or CLOSED of the gateway. */
unsigned bns_flows_on_message(BnsFlows *flows,
                              const BnsWire *message,
                              int64_t now_us,
                              BnsFlow *out_flow);

/* netstack closed its own end of the internal flow @id, which may be gone already. */
unsigned bns_flows_on_internal_end(BnsFlows *flows,
                                   uint64_t id,
                                   int64_t now_us,
                                   BnsFlow *out_flow);

/* Returns: (transfer full): the ids (uint64_t) of the flows whose time is over; give
 * each to bns_flows_on_expiry(). Looks at every flow: once a second is often enough. */
GArray *bns_flows_expired(const BnsFlows *flows, int64_t now_us);
unsigned bns_flows_on_expiry(BnsFlows *flows, uint64_t id, BnsFlow *out_flow);
