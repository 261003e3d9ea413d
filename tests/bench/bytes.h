/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes: a non-blocking TCP connection, with TLS or without, as the load generator and
 * the origin both use it. Each end reads at once into a buffer that all connections of
 * the process share, and keeps what the kernel does not take yet.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What one read may return: four full TLS records. */
#define BYTES_READ_MAX (64 * 1024)

typedef struct {
    int fd;          /* owned; -1 before it is open */
    SSL *ssl;        /* owned; NULL for plain bytes */
    GByteArray *out; /* owned; what is to be sent from out_sent on */
    size_t out_sent;
    uint64_t body_left; /* after out: this many bytes of nothing in particular */
    bool wants_write;   /* the last call to the kernel or to TLS ended with it */
} Bytes;

void bytes_init(Bytes *bytes, int fd, SSL *ssl);
/* Closes without a goodbye of TLS's: whoever needs the end of a body has its length. */
void bytes_clear(Bytes *bytes);

/* Returns: bytes read, 0 at the end, -EAGAIN, or another -errno (-EPROTO: TLS). */
ssize_t bytes_read(Bytes *bytes, void *buffer, size_t size);
/* Goes on with a TLS handshake. Returns: 1 when it has ended, -EAGAIN, or -EPROTO. */
int bytes_handshake(Bytes *bytes);
void bytes_put(Bytes *bytes, const void *data, size_t len);
/* Puts and sends, without a copy where the kernel takes it. Returns: as bytes_flush(). */
int bytes_send(Bytes *bytes, const void *data, size_t len);
/* Sends what there is. Returns: 0 when all has gone, -EAGAIN, or another -errno. */
int bytes_flush(Bytes *bytes);
