/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 server: the command's connection, and the streams that are open on it.
 *
 * Each request gets a stream (http2_stream.h) of its own, with its own decision: allowed
 * and refused ones go side by side. What breaks HTTP/2's rules for the whole connection
 * ends it with GOAWAY, and is recorded as flow.refused.
 */
#pragma once

#include "netstack/gateway/http2_link.h"

struct BnsFlow;

typedef struct {
    struct BnsFlow *flow; /* borrowed */
    BnsHttp2Link *link;   /* owned */
    GHashTable *streams;  /* owned, of owned BnsHttp2Stream */
} BnsHttp2Server;

/* Breaks off what is under way. */
void bns_http2_server_free(BnsHttp2Server *server);
/* Nothing was asked, or moved, for too long: a connection without streams is ended. */
void bns_http2_server_time_out(struct BnsFlow *flow);
