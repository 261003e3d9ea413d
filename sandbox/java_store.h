/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java store: certificates as Java's key store of trusted ones.
 *
 * PKCS#12 (RFC 7292), which every Java since 8u60 reads wherever it expects a store of
 * trusted certificates, whatever the file is called. Neither encrypted nor
 * authenticated: the certificates are public, the file system is what protects them, and
 * Java asks for neither. Each certificate has the attribute by which Java knows a trusted
 * one; without it the store would look empty to it.
 *
 * Pure; allocates nothing; plain C.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* How large a buffer to give for @pem_len bytes of PEM: a certificate of @n bytes takes
 * 4n/3 as PEM and n and some attributes in the store. */
#define BNS_JAVA_STORE_MAX(pem_len) (4 * (pem_len) + 256)

/**
 * bns_java_store_encode:
 * @pem: certificates, see bns_pem_next()
 * @buffer: BNS_JAVA_STORE_MAX(@len) bytes, filled from its end
 *
 * Returns: the store's length: it is the last so many bytes of @buffer.
 */
size_t bns_java_store_encode(const char *pem, size_t len, uint8_t *buffer, size_t size);
