/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol: the HTTP versions that are told apart by ALPN (RFC 7301), as a set.
 *
 * What the client offers is what the origin is offered, and what the origin chooses is
 * what the client gets: a message is never translated from one version to another.
 */
#pragma once

#include <stddef.h>

/* Bits. A peer without ALPN speaks HTTP/1.1. */
typedef enum {
    BNS_PROTOCOL_NONE = 0,
    BNS_PROTOCOL_HTTP1 = 1 << 0, /* "http/1.1" */
    BNS_PROTOCOL_HTTP2 = 1 << 1, /* "h2"; without TLS by prior knowledge */
    BNS_PROTOCOL_BOTH = BNS_PROTOCOL_HTTP1 | BNS_PROTOCOL_HTTP2,
} BnsProtocols;

/* The one that is called so, or NONE. */
BnsProtocols bns_protocol_find(const unsigned char *name, size_t len);
/* A set as ALPN sends it (RFC 7301 3.1), h2 first. Returns: static bytes. */
const unsigned char *bns_protocol_wire(BnsProtocols protocols, size_t *out_len);
