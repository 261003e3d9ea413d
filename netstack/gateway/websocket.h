/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket: is this head the opening of one (RFC 6455 4), and is that its answer.
 *
 * It is the only upgrade that the gateway passes on: a tunnel begins when the origin has
 * answered 101 with the right Sec-WebSocket-Accept, never on the request's word. Any
 * other request that names an upgrade goes on without it, and a 101 to that is 502. Pure.
 */
#pragma once

#include "netstack/gateway/http1.h"

/* Base64 of a SHA-1, and NUL. */
#define BNS_WEBSOCKET_ACCEPT_SIZE 29

/**
 * bns_websocket_is_request:
 * @head: a request that was parsed
 *
 * GET, HTTP/1.1, no body, Upgrade "websocket" alone and named in Connection, version 13,
 * and one key of 16 bytes. Returns: whether it opens a WebSocket.
 */
bool bns_websocket_is_request(const BnsHttpHead *head);

/* What the origin must answer to @head, for which bns_websocket_is_request() holds. */
void bns_websocket_accept(const BnsHttpHead *head,
                          char out_accept[BNS_WEBSOCKET_ACCEPT_SIZE]);

/**
 * bns_websocket_check_response:
 * @head: the answer, parsed (so that it announces no body)
 * @accept: from bns_websocket_accept()
 *
 * For status 101 only. Returns: %NULL if the tunnel begins after @head, or a static
 * sentence (without its final dot) why it is 502.
 */
const char *bns_websocket_check_response(const BnsHttpHead *head, const char *accept);
