/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream: TLS over the socket.
 *
 * OpenSSL reads and writes through a BIO of ours: it hands over the bytes that a peek
 * has taken from the socket, raises no SIGPIPE, and keeps errno.
 */
#include "netstack/gateway/stream_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

/* A full TLS record, its header and what ciphers add (RFC 8446, 5.2: at most 256 bytes,
 * mostly 17 to 24). Four in one recv(2) save three system calls, and that none of them is
 * cut saves moving it. */
#define FULL_RECORD_BYTES (16 * 1024 + 64)
#define READ_AHEAD_BYTES  (4 * FULL_RECORD_BYTES)

/* --- the BIO --- */

static int
on_bio_write(BIO *bio, const char *buffer, size_t len, size_t *out_len)
{
    BnsStream *stream = BIO_get_data(bio);
    ssize_t n = bns_stream_send(stream, buffer, len);

    BIO_clear_retry_flags(bio);
    if (n >= 0) {
        *out_len = (size_t)n;
        return 1;
    }
    if (n == -EAGAIN)
        BIO_set_retry_write(bio);
    else
        stream->io_errno = (int)-n;
    return -1;
}

static int
on_bio_read(BIO *bio, char *buffer, size_t size, size_t *out_len)
{
    BnsStream *stream = BIO_get_data(bio);
    ssize_t n = bns_stream_receive(stream, buffer, size);

    BIO_clear_retry_flags(bio);
    if (n > 0) {
        *out_len = (size_t)n;
        return 1;
    }
    if (n == -EAGAIN)
        BIO_set_retry_read(bio);
    else if (n < 0)
        stream->io_errno = (int)-n;
    return n == 0 ? 0 : -1;
}

static long
on_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    const BnsStream *stream = BIO_get_data(bio);

    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return stream->at_end && stream->peeked_len == 0;
    default:
        return 0;
    }
}

static BIO_METHOD *
bio_method(void)
{
    static BIO_METHOD *method;

    if (method == NULL) {
        method =
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "boundary-ns");
        BIO_meth_set_write_ex(method, on_bio_write);
        BIO_meth_set_read_ex(method, on_bio_read);
        BIO_meth_set_ctrl(method, on_bio_ctrl);
    }
    return method;
}

/* The bytes of the socket, or of the TLS that is there: OpenSSL's filter hands through
 * what the outer one waits for. */
static BIO *
bytes_below(BnsStream *stream)
{
    BIO *bio = BIO_new(stream->ssl == NULL ? bio_method() : BIO_f_ssl());

    if (stream->ssl != NULL) {
        BIO_set_ssl(bio, stream->ssl, BIO_NOCLOSE);
        return bio;
    }
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    return bio;
}

void
bns_stream_start_tls(BnsStream *stream, SSL *ssl)
{
    BIO *bio = bytes_below(stream);

    g_return_if_fail(stream->outer == NULL && !stream->handshaking);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                          SSL_MODE_RELEASE_BUFFERS);
    SSL_clear_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_set_read_ahead(ssl, 1);
    SSL_set_default_read_buffer_len(ssl, READ_AHEAD_BYTES);
    stream->outer = g_steal_pointer(&stream->ssl);
    stream->ssl = ssl;
    stream->handshaking = true;
    /* Writable is what a new connection is: the owner is called even if it does not
     * begin by itself, and peeked bytes are all that the peer has sent. */
    stream->handshake_events = EPOLLIN | EPOLLOUT;
    bns_stream_update(stream);
}

/* --- results --- */

static int
failure_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

unsigned long
bns_stream_tls_failure(const SSL *ssl)
{
    return (uintptr_t)SSL_get_ex_data(ssl, failure_index());
}

static void
note_failure(BnsStream *stream, unsigned long code)
{
    SSL_set_ex_data(stream->ssl, failure_index(), (void *)(uintptr_t)code);
}

static ssize_t
fail_tls(BnsStream *stream)
{
    unsigned long code = ERR_peek_error();
    const char *text = ERR_reason_error_string(code);

    note_failure(stream, code);
    stream->error_no = 0;
    g_strlcpy(stream->error, text != NULL ? text : "TLS failed", sizeof(stream->error));
    return ERR_GET_LIB(code) == ERR_LIB_SSL &&
                   ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING
               ? BNS_STREAM_TRUNCATED
               : BNS_STREAM_ERROR;
}

static ssize_t
fail_socket(BnsStream *stream)
{
    note_failure(stream, ERR_SYSTEM_FLAG | (unsigned long)stream->io_errno);
    return bns_stream_fail_errno(stream, stream->io_errno);
}

/* What the last call, which returned @result, means. */
static ssize_t
tls_result(BnsStream *stream, int result, int *out_reason)
{
    *out_reason = SSL_get_error(stream->ssl, result);
    switch (*out_reason) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return BNS_STREAM_AGAIN;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
        return BNS_STREAM_HELLO;
    case SSL_ERROR_ZERO_RETURN:
        return stream->io_errno != 0 ? fail_socket(stream) : BNS_STREAM_EOF;
    case SSL_ERROR_SYSCALL:
        return stream->io_errno != 0 ? fail_socket(stream) : fail_tls(stream);
    default:
        return fail_tls(stream);
    }
}

/* OpenSSL reports through a queue of the thread: what another connection left there
 * must not be taken for ours. */
static void
begin(BnsStream *stream)
{
    /* Emptying an empty one would cost more than a small record's decryption. */
    if (ERR_peek_error() != 0)
        ERR_clear_error();
    stream->io_errno = 0;
}

ssize_t
bns_stream_handshake(BnsStream *stream)
{
    ssize_t outcome = 1;
    int reason;
    int result;

    if (stream->read_failure != 0)
        return stream->read_failure;
    begin(stream);
    result = SSL_do_handshake(stream->ssl);
    stream->handshake_events = 0;
    if (result == 1) {
        stream->handshaking = false;
        stream->drained = false;
    } else {
        outcome = tls_result(stream, result, &reason);
        if (reason == SSL_ERROR_WANT_READ)
            stream->handshake_events = EPOLLIN;
        else if (reason == SSL_ERROR_WANT_WRITE)
            stream->handshake_events = EPOLLOUT;
        /* A close_notify instead of a handshake is an end before its time. */
        if (outcome == BNS_STREAM_EOF)
            outcome = BNS_STREAM_TRUNCATED;
        if (outcome == BNS_STREAM_ERROR || outcome == BNS_STREAM_TRUNCATED)
            stream->read_failure = stream->write_failure = outcome;
    }
    bns_stream_update(stream);
    return outcome;
}

/* --- bytes --- */

ssize_t
bns_stream_tls_read(BnsStream *stream, void *buffer, size_t size)
{
    ssize_t outcome = BNS_STREAM_AGAIN;
    size_t total = 0;
    size_t n;
    int reason = SSL_ERROR_NONE;

    begin(stream);
    do {
        int result = SSL_read_ex(stream->ssl, (char *)buffer + total, size - total, &n);

        if (result != 1) {
            outcome = tls_result(stream, result, &reason);
            break;
        }
        total += n;
    } while (total < size && SSL_has_pending(stream->ssl) == 1);

    if (outcome == BNS_STREAM_ERROR || outcome == BNS_STREAM_TRUNCATED)
        stream->read_failure = outcome;
    stream->read_needs_write = reason == SSL_ERROR_WANT_WRITE;
    stream->drained = reason != SSL_ERROR_NONE && outcome == BNS_STREAM_AGAIN;
    stream->undelivered =
        reason != SSL_ERROR_NONE && outcome != BNS_STREAM_AGAIN && total > 0;
    bns_stream_update(stream);
    return total > 0 ? (ssize_t)total : outcome;
}

ssize_t
bns_stream_tls_write(BnsStream *stream, const void *buffer, size_t len)
{
    ssize_t outcome = BNS_STREAM_AGAIN;
    size_t total = 0;
    size_t n;
    int reason = SSL_ERROR_NONE;

    begin(stream);
    while (total < len) {
        int result;

        /* Records that follow each other go in one segment, where the socket is TCP's. */
        stream->has_more = len - total > SSL3_RT_MAX_PLAIN_LENGTH;
        result =
            SSL_write_ex(stream->ssl, (const char *)buffer + total, len - total, &n);

        if (result != 1) {
            outcome = tls_result(stream, result, &reason);
            break;
        }
        total += n;
    }
    stream->has_more = false;
    if (outcome != BNS_STREAM_AGAIN)
        stream->write_failure = outcome = BNS_STREAM_ERROR;
    stream->write_needs_read = reason == SSL_ERROR_WANT_READ;
    bns_stream_update(stream);
    return total > 0 ? (ssize_t)total : outcome;
}

ssize_t
bns_stream_tls_close(BnsStream *stream)
{
    ssize_t outcome;
    int reason;
    int result;

    /* Before the handshake's end there is nothing to close. */
    if (stream->handshaking)
        return 1;
    begin(stream);
    result = SSL_shutdown(stream->ssl);
    if (result >= 0) {
        /* Never again: a second call would wait for the peer's close_notify. */
        stream->said_close_notify = true;
        /* The proxy in between passes an end on as such if it can; FIN says it too. */
        if (stream->outer != NULL)
            SSL_shutdown(stream->outer);
        return 1;
    }
    outcome = tls_result(stream, result, &reason);
    if (outcome != BNS_STREAM_AGAIN)
        stream->write_failure = outcome = BNS_STREAM_ERROR;
    return outcome;
}
