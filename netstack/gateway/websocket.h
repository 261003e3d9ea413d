/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket: is this head the opening of one (RFC 6455 4), and is that its answer.
 *
 * HTTP/2's is an extended CONNECT (RFC 8441), recognised by http2_fields.h; it has no key,
 * and any 2xx is its 101. What may be chosen is the same.
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

/* What a request offers, and so what its answer may say. */
typedef struct {
    char accept[BNS_WEBSOCKET_ACCEPT_SIZE]; /* the proof that its key asks for; "" for
                                             * HTTP/2's */
    char *protocols;  /* owned; subprotocols, as a list; NULL: none */
    char *extensions; /* owned; the same with their parameters */
} BnsWebsocketOffer;

/* Reads @head, which opens one. @out_offer: (transfer full) */
void bns_websocket_offer(const BnsHttpHead *head, BnsWebsocketOffer *out_offer);
void bns_websocket_offer_clear(BnsWebsocketOffer *offer);

/**
 * bns_websocket_check_response:
 * @head: the answer, parsed (so that it announces no body)
 * @offer: what was asked
 *
 * For status 101 only: RFC 6455 4.1, as a client has to check it. What was not offered, a
 * subprotocol or an extension, cannot be chosen; the parameters of an extension are
 * between the two ends. Returns: %NULL if the tunnel begins after @head, or a static
 * sentence (without its final dot) why it is 502.
 */
const char *
bns_websocket_check_response(const BnsHttpHead *head, const BnsWebsocketOffer *offer);
/* What of it HTTP/2's answer has to keep to, a 2xx: nothing is chosen that was not offered.
 * Only the fields of @head are looked at. */
const char *
bns_websocket_check_choice(const BnsHttpHead *head, const BnsWebsocketOffer *offer);
