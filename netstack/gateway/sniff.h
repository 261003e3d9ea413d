/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sniff: what a flow's first bytes are. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* So many bytes decide in every case. */
#define BNS_SNIFF_BYTES 32

typedef enum {
    BNS_SNIFF_MORE, /* not enough bytes yet */
    BNS_SNIFF_TLS,  /* a TLS handshake record (RFC 8446 5.1) */
    BNS_SNIFF_HTTP, /* a method token (at most BNS_HTTP_METHOD_MAX bytes) and a space */
    BNS_SNIFF_HTTP2,   /* the HTTP/2 connection preface */
    BNS_SNIFF_UNKNOWN, /* for good: more bytes change nothing; SSH and SSLv2 too */
} BnsSniff;

BnsSniff bns_sniff(const uint8_t *bytes, size_t len);
