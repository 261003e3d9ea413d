/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream: a non-blocking byte stream over a socket, plain or TLS, on the loop.
 *
 * Whoever owns it reads and writes until AGAIN; then `on_ready` is called when it is
 * worth trying again. TLS's hidden states (bytes already decrypted, reads that must
 * write) stay inside.
 */
#pragma once

#include "base/loop.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct BnsStream BnsStream;

/* Results of read, write and handshake other than a count of bytes (> 0). */
#define BNS_STREAM_EOF   0  /* the peer ended its direction cleanly */
#define BNS_STREAM_AGAIN -1 /* not now; on_ready will tell */
#define BNS_STREAM_ERROR -2 /* broken; bns_stream_error() says how */
#define BNS_STREAM_TRUNCATED -3 /* TLS ended without close_notify: not a clean end */
#define BNS_STREAM_HELLO -4 /* handshake only: ClientHello seen, waiting for an answer */

/* Reading or writing (or both) may make progress. Spurious calls are allowed. */
typedef void (*BnsStreamFunc)(void *data);

/* Takes @fd. Plain until bns_stream_start_tls(). */
BnsStream *bns_stream_new(BnsLoop *loop, int fd, BnsStreamFunc on_ready, void *data);
void bns_stream_free(BnsStream *stream);
/* The owner changes: a kept upstream connection is used by another exchange. */
void bns_stream_set_owner(BnsStream *stream, BnsStreamFunc on_ready, void *data);

/* Which directions the owner waits for. A stream that is wanted for nothing still
 * reports a hang-up or an error. */
void bns_stream_want(BnsStream *stream, bool reading, bool writing);

/* Takes @ssl (accept or connect state set). Bytes not yet read from the socket belong
 * to TLS. */
void bns_stream_start_tls(BnsStream *stream, SSL *ssl);
/* 1 done, AGAIN, HELLO (the hello callback asked to wait), ERROR, TRUNCATED. */
ssize_t bns_stream_handshake(BnsStream *stream);
/* (transfer none) NULL while plain. */
SSL *bns_stream_ssl(BnsStream *stream);

/* Looks at bytes without consuming them; plain only (sniffing). Count, EOF, AGAIN, ERROR. */
ssize_t bns_stream_peek(BnsStream *stream, void *buffer, size_t size);
ssize_t bns_stream_read(BnsStream *stream, void *buffer, size_t size);
/* May write less than @len. The same bytes must be offered again after AGAIN. */
ssize_t bns_stream_write(BnsStream *stream, const void *buffer, size_t len);
/* Ends our direction: close_notify, then FIN. 1, AGAIN (call again), ERROR. */
ssize_t bns_stream_shutdown(BnsStream *stream);
/* Makes bns_stream_free() reset the connection instead of ending it: on a TCP socket
 * by SO_LINGER 0, on netstack's unix stream by leaving bytes unread (the peer's
 * netstack is told by CLOSED that... see flow.c). */
void bns_stream_abort(BnsStream *stream);

/* One line on what broke: errno's or OpenSSL's text. (transfer none), until free. */
const char *bns_stream_error(const BnsStream *stream);
/* The errno of the failure, 0 if it was TLS's. */
int bns_stream_errno(const BnsStream *stream);
int bns_stream_fd(const BnsStream *stream);
