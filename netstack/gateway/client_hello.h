/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientHello: the first message of a TLS client, read from its connection's bytes.
 *
 * Pure. It may be split over records at will (RFC 8446, 5.1) and come in any pieces.
 * Whatever a server could read in two ways is a fault: an extension that comes twice
 * (RFC 8446, 4.2), more than one server name, lengths that do not fit, anything after the
 * message in its last record.
 */
#pragma once

#include "policy/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the connection, headers of records included. With post-quantum key shares and ECH a
 * ClientHello is below 4 KiB; one that resumes a session whose ticket holds a chain of
 * client certificates may have 16. */
#define BNS_CLIENT_HELLO_BYTES_MAX (32 * 1024)

/* Why a client cannot be served. All zero: it can. */
typedef struct {
    const char *reason; /* static, one sentence about the client; NULL: none */
    uint8_t alert;      /* that says so in TLS (RFC 8446, 6.2) */
} BnsClientHelloFault;

typedef enum {
    BNS_CLIENT_HELLO_MORE,
    BNS_CLIENT_HELLO_DONE,
    BNS_CLIENT_HELLO_BAD, /* out->fault says why */
} BnsClientHelloResult;

typedef struct {
    BnsClientHelloFault fault;
    size_t len; /* of the connection's bytes: DONE */
    bool has_name;
    BnsHost name; /* has_name: a name, never an address */
    bool has_ech; /* another ClientHello is encrypted in it, or pretends to be (GREASE:
                   * made not to be told apart) */
} BnsClientHello;

/* Reads the ClientHello that @bytes begin with. Keeps no pointer to them. A verdict other
 * than MORE stays when more bytes come, and BNS_CLIENT_HELLO_BYTES_MAX always give one. */
BnsClientHelloResult
bns_client_hello_read(const uint8_t *bytes, size_t len, BnsClientHello *out);

/* Reads a server_name extension's content (RFC 6066, 3) alone. */
BnsClientHelloFault
bns_client_hello_read_name(const uint8_t *bytes, size_t len, BnsHost *out_name);
