/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pem: the certificates in a text (RFC 7468), one after the other.
 *
 * What is between the blocks (comments, keys) is passed over, and so is a block that
 * never ends. Pure; allocates nothing; plain C.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *text; /* the whole block, from "-----BEGIN" */
    size_t len;       /* to the end of "-----END ...-----" */
    const char *body; /* what is between the two lines */
    size_t body_len;
} BnsPem;

/**
 * bns_pem_next:
 * @rest, @rest_len: in: where to look; out: what follows the block
 *
 * Finds the next CERTIFICATE, or TRUSTED CERTIFICATE as OpenSSL and Fedora write them.
 * Returns: whether there is one.
 */
bool bns_pem_next(const char **rest, size_t *rest_len, BnsPem *out_pem);

/**
 * bns_pem_decode:
 * @out_der: at least @pem->body_len bytes
 *
 * Returns: the certificate's length, without what a TRUSTED CERTIFICATE appends; 0 if
 * the block holds no DER sequence.
 */
size_t bns_pem_decode(const BnsPem *pem, uint8_t *out_der);
