/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream: a non-blocking byte stream over a socket, plain or TLS, on the loop.
 *
 * Whoever owns it reads and writes until AGAIN; then `on_ready` is called when it is
 * worth trying again. TLS's hidden states (bytes already decrypted, reads that must
 * write) stay inside.
 *
 * The two directions fail apart: after a failed write, what the peer sent before (an
 * early 413, say) can still be read. A failed direction stays failed.
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
#define BNS_STREAM_EOF       0  /* the peer ended its direction cleanly */
#define BNS_STREAM_AGAIN     -1 /* not now; on_ready will tell */
#define BNS_STREAM_ERROR     -2 /* broken; bns_stream_error() says how */
#define BNS_STREAM_TRUNCATED -3 /* TLS ended without close_notify: not a clean end */
#define BNS_STREAM_HELLO                                                               \
    -4 /* handshake only: ClientHello seen, waiting for an answer */

/* bns_stream_peek() looks at most so far ahead: a whole ClientHello (client_hello.h). */
#define BNS_STREAM_PEEK_MAX (32 * 1024)

/* Reading or writing (or both) may make progress, or the peer hung up. Spurious calls
 * are allowed. The callback may free the stream. */
typedef void (*BnsStreamFunc)(void *data);

/* Takes @fd, a socket, and makes it non-blocking. Plain until bns_stream_start_tls();
 * wanted for nothing until bns_stream_want(). */
BnsStream *bns_stream_new(BnsLoop *loop, int fd, BnsStreamFunc on_ready, void *data);
/* Closes the descriptor. Without bns_stream_shutdown() a TLS peer sees a truncation. */
void bns_stream_free(BnsStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsStream, bns_stream_free)
/* The owner changes: a kept upstream connection is used by another exchange. */
void bns_stream_set_owner(BnsStream *stream, BnsStreamFunc on_ready, void *data);

/**
 * bns_stream_want:
 *
 * Which directions the owner waits for, until it says otherwise: on_ready is called each
 * turn while a wanted direction can make progress. A stream that is wanted for nothing
 * still reports a hang-up, once; a peer that only ended its own direction (FIN) has not
 * hung up. While a handshake is under way the stream waits for what TLS needs, whatever
 * is wanted.
 */
void bns_stream_want(BnsStream *stream, bool reading, bool writing);
/* Whether the socket reported a hang-up or an error: both directions are over, but bytes
 * that came before may still be there to read. */
bool bns_stream_hung_up(const BnsStream *stream);

/* Whether something waits to be read in a direction that is wanted: bytes, an end, a
 * failure. on_ready will tell of it. */
bool bns_stream_has_more(const BnsStream *stream);
/* A stream whose socket was read to its end says AGAIN, without asking the kernel, until
 * the loop has told of more. This asks the kernel now. */
void bns_stream_look(BnsStream *stream);
/* And with this, a read after it sees all that had come when this turn of the loop began. */
void bns_stream_glance(BnsStream *stream);
/* Whether a read could only say AGAIN, as far as the loop or a look has told. */
bool bns_stream_is_silent(const BnsStream *stream);

/* Takes @ssl (accept or connect state set). Bytes not yet read from the stream, peeked
 * ones included, belong to TLS. On a stream that is TLS already, after its handshake, the
 * new one runs inside it (an origin's through a proxy's): it is the one that counts from
 * then on. No more than two. */
void bns_stream_start_tls(BnsStream *stream, SSL *ssl);
/* 1 done, AGAIN, HELLO (the hello callback asked to wait: call again when it has its
 * answer), ERROR, TRUNCATED. */
ssize_t bns_stream_handshake(BnsStream *stream);
/* (transfer none) NULL while plain; the inner one of two. */
SSL *bns_stream_ssl(BnsStream *stream);

/**
 * bns_stream_peek:
 * @buffer: %NULL: bns_stream_peeked() shows them
 * @size: at most BNS_STREAM_PEEK_MAX
 *
 * Looks at the first bytes without consuming them; plain only (sniffing). May be called
 * again for more. Returns: the count of bytes there so far, AGAIN if none, ERROR, or EOF
 * when no more than an earlier call returned will come.
 */
ssize_t bns_stream_peek(BnsStream *stream, void *buffer, size_t size);
/* Returns: (transfer none): what was peeked and not yet read, until the next call about
 * the stream. */
const uint8_t *bns_stream_peeked(const BnsStream *stream, size_t *out_len);
/* A count, EOF, AGAIN, ERROR, TRUNCATED. */
ssize_t bns_stream_read(BnsStream *stream, void *buffer, size_t size);
/**
 * bns_stream_write:
 *
 * Writes what it can. TLS may have encrypted a part of what it did not count: the next
 * write must begin with the same uncounted bytes (they may have moved, and more may
 * follow), and bns_stream_shutdown() must wait for them. Returns: a count, AGAIN, ERROR.
 */
ssize_t bns_stream_write(BnsStream *stream, const void *buffer, size_t len);
/* Ends our direction: close_notify, then FIN. 1, AGAIN (call again when writing is
 * possible), ERROR. */
ssize_t bns_stream_shutdown(BnsStream *stream);

/**
 * bns_stream_abort:
 *
 * Makes bns_stream_free() break the connection off: TLS without close_notify, and an RST
 * on a TCP socket. On a unix socket (a flow from netstack) the kernel says ECONNRESET to
 * the peer only if bytes were left unread, otherwise it looks like an end: whoever needs
 * an RST there has to ask netstack for it.
 */
void bns_stream_abort(BnsStream *stream);

/* One line on what broke: errno's or OpenSSL's text. (transfer none), until free. */
const char *bns_stream_error(const BnsStream *stream);
/* The errno of the failure, 0 if it was TLS's. */
int bns_stream_errno(const BnsStream *stream);
int bns_stream_fd(const BnsStream *stream);
/* TCP: how many bytes the peer's kernel has not acknowledged. */
uint64_t bns_stream_unacknowledged(const BnsStream *stream);

/* What broke @ssl while a stream drove it, as an OpenSSL error code (ERR_GET_REASON(),
 * ERR_SYSTEM_ERROR()); 0 if nothing did. For whoever explains failures (trust.h). */
unsigned long bns_stream_tls_failure(const SSL *ssl);
