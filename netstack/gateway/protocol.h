/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol: the HTTP versions that are told apart by ALPN (RFC 7301), as a set.
 *
 * What the client offers is what the origin is offered, and what the origin chooses is
 * what the client gets: a message is never translated from one version to another.
 */
#pragma once

/* Bits. A peer without ALPN speaks HTTP/1.1. */
typedef enum {
    BNS_PROTOCOL_HTTP1 = 1 << 0, /* "http/1.1" */
    BNS_PROTOCOL_HTTP2 = 1 << 1, /* "h2"; without TLS by prior knowledge */
} BnsProtocols;
