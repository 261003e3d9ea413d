/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientHellos as bytes: written by hand, or by OpenSSL's client.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

#define HELLO_EXTENSION_ECH 0xfe0d

/* Appends an extension to a list of them. */
void
hello_add_extension(GByteArray *list, unsigned type, const void *content, size_t len);
/* ... a server_name with this one name. */
void hello_add_name(GByteArray *list, const char *name, size_t len);

/* Returns: (transfer full): a handshake message (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2) with
 * @extensions, or without any if they are %NULL. */
GByteArray *hello_message(unsigned version, const GByteArray *extensions);
/* Returns: (transfer full): @message in records of @piece bytes each. */
GByteArray *hello_in_records(const GByteArray *message, size_t piece);

/* SSL_set_tlsext_host_name() without its cast, which drops const. */
void hello_set_name(SSL *ssl, const char *name);
/* Returns: (transfer full): what OpenSSL's client begins with. @name: SNI, or %NULL.
 * @extension: one more, of 16 bytes, or 0. */
GByteArray *hello_by_openssl(const char *name, unsigned extension);
