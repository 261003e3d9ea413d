/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServerHello: whether a server's first bytes ask for a second ClientHello.
 *
 * Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The message's beginning up to its random, in records of a byte each. */
#define BNS_SERVER_HELLO_BYTES_MAX 256

typedef enum {
    BNS_SERVER_HELLO_MORE,
    BNS_SERVER_HELLO_RETRY, /* HelloRetryRequest (RFC 8446, 4.1.4) */
    BNS_SERVER_HELLO_OTHER, /* any other answer, or none that is TLS */
} BnsServerHello;

/* A verdict other than MORE stays when more bytes come, and BNS_SERVER_HELLO_BYTES_MAX
 * always give one. */
BnsServerHello bns_server_hello_read(const uint8_t *bytes, size_t len);
