/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bytes.h"

#include "base/fd.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>

/* Bodies are read and counted, never looked at; not zeros, which some layer might pack. */
static const uint8_t *
filler(void)
{
    static uint8_t block[BYTES_READ_MAX];

    if (block[0] == 0)
        for (size_t i = 0; i < sizeof(block); i++)
            block[i] = (uint8_t)('!' + (i * 2654435761U >> 7) % 90);
    return block;
}

void
bytes_init(Bytes *bytes, int fd, SSL *ssl)
{
    *bytes = (Bytes){ .fd = fd, .ssl = ssl, .out = g_byte_array_new() };
    if (ssl != NULL)
        SSL_set_fd(ssl, fd);
}

void
bytes_clear(Bytes *bytes)
{
    /* Or OpenSSL would take the missing goodbye for an attack and drop the session. */
    if (bytes->ssl != NULL)
        SSL_set_shutdown(bytes->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(bytes->ssl);
    bytes->ssl = NULL;
    bns_fd_clear(&bytes->fd);
    g_clear_pointer(&bytes->out, g_byte_array_unref);
}

/* What a call of TLS's with that result means. */
static int
tls_errno(Bytes *bytes, int result)
{
    switch (SSL_get_error(bytes->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return -EAGAIN;
    case SSL_ERROR_WANT_WRITE:
        bytes->wants_write = true;
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        ERR_clear_error();
        return -EPROTO;
    }
}

ssize_t
bytes_read(Bytes *bytes, void *buffer, size_t size)
{
    ssize_t n;

    bytes->wants_write = false;
    if (bytes->ssl == NULL) {
        n = recv(bytes->fd, buffer, size, 0);
        return n < 0 ? -errno : n;
    }
    n = SSL_read(bytes->ssl, buffer, (int)size);
    return n > 0 ? n : tls_errno(bytes, (int)n);
}

int
bytes_handshake(Bytes *bytes)
{
    int result, error;

    bytes->wants_write = false;
    result = SSL_do_handshake(bytes->ssl);
    if (result == 1)
        return 1;
    error = tls_errno(bytes, result);
    return error == 0 ? -EPROTO : error;
}

void
bytes_put(Bytes *bytes, const void *data, size_t len)
{
    g_byte_array_append(bytes->out, data, (guint)len);
}

static ssize_t
send_some(Bytes *bytes, const void *data, size_t len)
{
    ssize_t n;

    if (bytes->ssl == NULL) {
        n = send(bytes->fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            bytes->wants_write = true;
        return n < 0 ? -errno : n;
    }
    n = SSL_write(bytes->ssl, data, (int)len);
    if (n > 0)
        return n;
    n = tls_errno(bytes, (int)n);
    return n == 0 ? -EPIPE : n;
}

int
bytes_send(Bytes *bytes, const void *data, size_t len)
{
    const uint8_t *at = data;
    ssize_t n = 0;

    bytes->wants_write = false;
    while (bytes->out->len == 0 && len > 0 && (n = send_some(bytes, at, len)) > 0) {
        at += n;
        len -= (size_t)n;
    }
    bytes_put(bytes, at, len);
    return n < 0 ? (int)n : len > 0 ? -EAGAIN : 0;
}

int
bytes_flush(Bytes *bytes)
{
    bytes->wants_write = false;
    while (bytes->out_sent < bytes->out->len) {
        ssize_t n = send_some(bytes, bytes->out->data + bytes->out_sent,
                              bytes->out->len - bytes->out_sent);

        if (n < 0)
            return (int)n;
        bytes->out_sent += (size_t)n;
    }
    g_byte_array_set_size(bytes->out, 0);
    bytes->out_sent = 0;
    while (bytes->body_left > 0) {
        ssize_t n =
            send_some(bytes, filler(), MIN(bytes->body_left, (uint64_t)BYTES_READ_MAX));

        if (n < 0)
            return (int)n;
        bytes->body_left -= (size_t)n;
    }
    return 0;
}
