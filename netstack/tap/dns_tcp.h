/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS over TCP (RFC 7766): the internal flows, to port 53 of any address.
 *
 * Each message has its length before it. Several may be sent at once; they are answered
 * in order. A connection that sends what is no query, or nothing for 10 seconds, is
 * closed. How many there are at once the flow table limits (BNS_FLOW_INTERNAL_MAX).
 */
#pragma once

#include "base/loop.h"
#include "netstack/tap/dns.h"

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#define BNS_DNS_TCP_IDLE_US (10 * G_USEC_PER_SEC)

/**
 * BnsDnsTcpHandler:
 * @answer: as bns_dns_answer(). Returns: the answer's length, 0: close the connection
 * @on_end: the connection of the flow @id is closed
 */
typedef struct {
    size_t (*answer)(const uint8_t *query, size_t len, uint8_t *out, void *data);
    void (*on_end)(uint64_t id, void *data);
} BnsDnsTcpHandler;

typedef struct BnsDnsTcp BnsDnsTcp;

/* @handler: borrowed, outlives the server. */
BnsDnsTcp *bns_dns_tcp_new(BnsLoop *loop, const BnsDnsTcpHandler *handler, void *data);
/* Closes all connections, without on_end. */
void bns_dns_tcp_free(BnsDnsTcp *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsDnsTcp, bns_dns_tcp_free)

/* Serves @fd (transfer full, non-blocking), the stream of the flow @id. */
void bns_dns_tcp_serve(BnsDnsTcp *server, uint64_t id, int fd);
