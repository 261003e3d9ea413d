/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP: carries out what the flow table decides.
 *
 * Joins the table (flows.h), libslirp (slirp.h), the gateway (netstack/wire.h) and the
 * server of internal flows (dns_tcp.h). Each segment of the command and each message of
 * the gateway becomes a set of actions, and those are carried out here and nowhere else.
 */
#pragma once

#include "base/loop.h"
#include "netstack/tap/dns_tcp.h"
#include "netstack/tap/frame.h"
#include "netstack/tap/link.h"
#include "netstack/tap/names.h"
#include "netstack/tap/notes.h"
#include "netstack/tap/wire_queue.h"

#include <glib.h>

/* All borrowed, and outlive the BnsTcp. */
typedef struct {
    BnsLoop *loop;
    const char *socket_path; /* see bns_slirp_new() */
    size_t max_flows;
    uint32_t flow_rate; /* new ones in a second; 0: no limit */
    BnsLink *link;
    BnsWireQueue *wire;
    const BnsNames *names;
    BnsNotes *notes;
    /* The gateway said what it may not say; the session must end. */
    void (*on_violation)(const char *what, void *data);
    size_t (*answer_dns)(const uint8_t *query, size_t len, uint8_t *out, void *data);
    void *data;
} BnsTcpConfig;

typedef struct BnsTcp BnsTcp;

/* @config: its values are copied. Returns: (transfer full): or %NULL with @error set. */
BnsTcp *bns_tcp_new(const BnsTcpConfig *config, GError **error);
void bns_tcp_free(BnsTcp *tcp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsTcp, bns_tcp_free)

/* A frame of kind ARP, SYN or TCP. */
void bns_tcp_on_frame(BnsTcp *tcp, const uint8_t *bytes, const BnsFrame *frame);

/* A message of the gateway. */
void bns_tcp_on_message(BnsTcp *tcp, const BnsWire *message);

/* Ends flows whose time is over; about once a second. */
void bns_tcp_on_tick(BnsTcp *tcp);

/* The link can take frames again. */
void bns_tcp_wake(BnsTcp *tcp);

/* As bns_slirp_waits(). */
uint64_t bns_tcp_waits(const BnsTcp *tcp);

/* For tests: what is left behind. */
size_t bns_tcp_flows(const BnsTcp *tcp);
size_t bns_tcp_entries(const BnsTcp *tcp);
