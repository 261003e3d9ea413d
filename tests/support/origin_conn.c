/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/origin_conn.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool
origin_conn_init(OriginConn *conn, int fd, SSL_CTX *ssl_ctx, const char *files)
{
    memset(conn, 0, sizeof(*conn));
    conn->fd = fd;
    conn->files = files;
    if (ssl_ctx == NULL)
        return true;
    conn->ssl = SSL_new(ssl_ctx);
    SSL_set_fd(conn->ssl, fd);
    return SSL_accept(conn->ssl) == 1;
}

void
origin_conn_clear(OriginConn *conn)
{
    if (conn->ssl != NULL)
        SSL_shutdown(conn->ssl);
    SSL_free(conn->ssl);
    close(conn->fd);
}

void
origin_fill(uint8_t *block, size_t len, uint64_t at)
{
    uint8_t byte = (uint8_t)(at % 251);

    for (size_t i = 0; i < len; i++) {
        block[i] = byte;
        byte = byte == 250 ? 0 : (uint8_t)(byte + 1);
    }
}

bool
origin_write(OriginConn *conn, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = conn->ssl != NULL ? SSL_write(conn->ssl, at, (int)MIN(len, 1 << 20))
                                      : send(conn->fd, at, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool
origin_printf(OriginConn *conn, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    return origin_write(conn, text, strlen(text));
}

static bool
fill_buffer(OriginConn *conn)
{
    ssize_t n = conn->ssl != NULL
                    ? SSL_read(conn->ssl, conn->buffer, (int)sizeof(conn->buffer))
                    : recv(conn->fd, conn->buffer, sizeof(conn->buffer), 0);

    conn->start = 0;
    conn->end = n > 0 ? (size_t)n : 0;
    return n > 0;
}

size_t
origin_read(OriginConn *conn, void *data, size_t size)
{
    size_t n;

    if (conn->start == conn->end && !fill_buffer(conn))
        return 0;
    n = MIN(size, conn->end - conn->start);
    memcpy(data, conn->buffer + conn->start, n);
    conn->start += n;
    return n;
}

bool
origin_read_line(OriginConn *conn, GString *line)
{
    char byte;

    g_string_truncate(line, 0);
    while (origin_read(conn, &byte, 1) == 1) {
        if (byte == '\n') {
            if (line->len > 0 && line->str[line->len - 1] == '\r')
                g_string_truncate(line, line->len - 1);
            return true;
        }
        g_string_append_c(line, byte);
    }
    return false;
}

static const char *
value_of(const char *line, const char *name)
{
    size_t len = strlen(name);

    if (g_ascii_strncasecmp(line, name, len) != 0 || line[len] != ':')
        return NULL;
    return line + len + 1 + strspn(line + len + 1, " ");
}

static void
take_field(OriginRequest *request, const char *line)
{
    const char *value;

    if ((value = value_of(line, "Host")) != NULL)
        g_free(request->host), request->host = g_strdup(value);
    if ((value = value_of(line, "Content-Length")) != NULL)
        request->length = strtoll(value, NULL, 10);
    if ((value = value_of(line, "Transfer-Encoding")) != NULL)
        request->is_chunked = g_ascii_strcasecmp(value, "chunked") == 0;
    if ((value = value_of(line, "Connection")) != NULL &&
        g_ascii_strcasecmp(value, "close") == 0)
        request->keep_alive = false;
    if ((value = value_of(line, "Expect")) != NULL)
        request->expects_continue = true;
}

bool
origin_conn_read_request(OriginConn *conn, OriginRequest *out_request)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GString) head = g_string_new(NULL);
    g_auto(GStrv) words = NULL;

    memset(out_request, 0, sizeof(*out_request));
    if (!origin_read_line(conn, line))
        return false;
    words = g_strsplit(line->str, " ", 3);
    if (g_strv_length(words) != 3)
        return false;
    g_string_append_printf(head, "%s\n", line->str);
    out_request->length = -1;
    out_request->keep_alive = true;
    out_request->host = g_strdup("-");
    while (origin_read_line(conn, line) && line->len > 0) {
        take_field(out_request, line->str);
        g_string_append_printf(head, "%s\n", line->str);
    }
    out_request->method = g_strdup(words[0]);
    out_request->target = g_strdup(words[1]);
    out_request->head = g_string_free(g_steal_pointer(&head), FALSE);
    return true;
}

void
origin_request_clear(OriginRequest *request)
{
    g_free(request->method);
    g_free(request->target);
    g_free(request->host);
    g_free(request->head);
}

/* Where a body goes. */
typedef struct {
    GChecksum *sum; /* nullable */
    GString *text;  /* nullable */
} Sink;

static bool
read_exactly(OriginConn *conn, uint64_t left, const Sink *sink)
{
    char block[16 * 1024];

    while (left > 0) {
        size_t n = origin_read(conn, block, (size_t)MIN(left, sizeof(block)));

        if (n == 0)
            return false;
        if (sink->sum != NULL)
            g_checksum_update(sink->sum, (const guchar *)block, (gssize)n);
        if (sink->text != NULL)
            g_string_append_len(sink->text, block, (gssize)n);
        left -= n;
    }
    return true;
}

static bool
read_chunks(OriginConn *conn, const Sink *sink, uint64_t *out_len)
{
    g_autoptr(GString) line = g_string_new(NULL);

    while (origin_read_line(conn, line)) {
        uint64_t size = strtoull(line->str, NULL, 16);

        if (size == 0) {
            while (origin_read_line(conn, line) && line->len > 0)
                ;
            return true;
        }
        *out_len += size;
        if (!read_exactly(conn, size, sink) || !origin_read_line(conn, line))
            return false;
    }
    return false;
}

static bool
read_body(OriginConn *conn,
          const OriginRequest *request,
          const Sink *sink,
          uint64_t *out_len)
{
    *out_len = 0;
    if (request->expects_continue &&
        !origin_printf(conn, "HTTP/1.1 100 Continue\r\n\r\n"))
        return false;
    if (request->is_chunked)
        return read_chunks(conn, sink, out_len);
    *out_len = request->length > 0 ? (uint64_t)request->length : 0;
    return read_exactly(conn, *out_len, sink);
}

bool
origin_read_body(OriginConn *conn,
                 const OriginRequest *request,
                 GChecksum *sum,
                 uint64_t *out_len)
{
    const Sink sink = { .sum = sum };

    return read_body(conn, request, &sink, out_len);
}

char *
origin_read_text(OriginConn *conn, const OriginRequest *request)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const Sink sink = { .text = text };
    uint64_t len;

    if (!read_body(conn, request, &sink, &len))
        return NULL;
    return g_string_free(g_steal_pointer(&text), FALSE);
}
