/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 server: the command's connection, and the streams that are open on it.
 *
 * Each request gets a stream (http2_stream.h) of its own, with its own decision: allowed
 * and refused ones go side by side. What breaks HTTP/2's rules for the whole connection
 * ends it with GOAWAY, and is recorded as flow.refused.
 *
 * Extended CONNECT (RFC 8441) is offered if the origin offers it. Its settings usually come
 * a moment after the command's connection is there, and many clients look at the first of
 * ours only: those wait for them, at most BNS_HTTP2_GREETING_MS. Requests do not. What
 * the origin says later is offered later.
 */
#pragma once

#include "netstack/gateway/http2_link.h"

/* As most origins take to answer a handshake; what waits are only answers of ours, since
 * an origin's come after its settings. */
#define BNS_HTTP2_GREETING_MS 1000

struct BnsFlow;

typedef struct {
    struct BnsFlow *flow; /* borrowed */
    BnsHttp2Link *link;   /* owned */
    GHashTable *streams;  /* owned, of owned BnsHttp2Stream */
    BnsTimer *greeting;   /* owned: it goes without the origin's settings */
} BnsHttp2Server;

/* Breaks off what is under way. */
void bns_http2_server_free(BnsHttp2Server *server);
/* The settings of an origin came, or changed: looks whether it is this one's. */
void bns_http2_server_learn(BnsHttp2Server *server);
/* Nothing was asked, or moved, for too long: a connection without streams is ended. */
void bns_http2_server_time_out(struct BnsFlow *flow);
