/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/origin_conn.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
answer_text(OriginConn *conn, const OriginRequest *request, const char *text)
{
    bool is_head = strcmp(request->method, "HEAD") == 0;

    return origin_printf(conn,
                         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         strlen(text), is_head ? "" : text);
}

static bool
answer_echo(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    return answer_text(conn, request, request->head);
}

static bool
answer_hello(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    return answer_text(conn, request, "hello\n");
}

static bool
write_body(OriginConn *conn, uint64_t len, bool is_chunked)
{
    uint8_t block[ORIGIN_BLOCK_BYTES];

    for (uint64_t at = 0; at < len; at += sizeof(block)) {
        size_t n = (size_t)MIN(sizeof(block), len - at);

        origin_fill(block, n, at);
        if (is_chunked && !origin_printf(conn, "%zx\r\n", n))
            return false;
        if (!origin_write(conn, block, n) ||
            (is_chunked && !origin_write(conn, "\r\n", 2)))
            return false;
    }
    return true;
}

static bool
answer_bytes(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    uint64_t len = strtoull(argument, NULL, 10);

    if (!origin_printf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n", argument))
        return false;
    return strcmp(request->method, "HEAD") == 0 || write_body(conn, len, false);
}

static bool
answer_chunked(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    return origin_printf(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                               "Trailer: X-Sum\r\n\r\n") &&
           write_body(conn, strtoull(argument, NULL, 10), true) &&
           origin_printf(conn, "0\r\nX-Sum: %s\r\n\r\n", argument);
}

static bool
answer_upload(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *text = NULL;
    uint64_t len;
    bool whole = origin_read_body(conn, request, sum, &len);

    text =
        g_strdup_printf("%" G_GUINT64_FORMAT " %s\n", len, g_checksum_get_string(sum));
    g_checksum_free(sum);
    return whole && answer_text(conn, request, text);
}

static bool
answer_sse(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    char *rest;
    long n = strtol(argument, &rest, 10);
    int interval_ms = (int)strtol(rest + 1, NULL, 10);

    if (!origin_printf(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n"))
        return false;
    for (long i = 0; i < n; i++) {
        g_autofree char *event = g_strdup_printf("data: %ld %" G_GINT64_FORMAT "\n\n",
                                                 i, g_get_monotonic_time());

        if (!origin_printf(conn, "%zx\r\n%s\r\n", strlen(event), event))
            return false;
        poll(NULL, 0, interval_ms);
    }
    return origin_printf(conn, "0\r\n\r\n");
}

static bool
answer_status(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    bool has_no_length = strcmp(argument, "204") == 0 || strcmp(argument, "304") == 0;

    return origin_printf(conn, "HTTP/1.1 %s Status\r\n%s\r\n", argument,
                         has_no_length ? "" : "Content-Length: 0\r\n");
}

/* Reads to the end of the connection. */
static void
drain(OriginConn *conn)
{
    char block[4096];

    while (origin_read(conn, block, sizeof(block)) > 0)
        ;
}

static bool
answer_early(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    origin_printf(conn, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n"
                        "Connection: close\r\n\r\ntoo large");
    if (conn->ssl != NULL)
        SSL_shutdown(conn->ssl);
    shutdown(conn->fd, SHUT_WR);
    drain(conn);
    return false;
}

static bool
answer_until_close(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    origin_printf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end\n");
    return false;
}

static bool
answer_cut(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    origin_printf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n", argument);
    write_body(conn, strtoull(argument, NULL, 10) / 2, false);
    return false;
}

static bool
answer_hang(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    drain(conn);
    return false;
}

/* The name without a query; none that leads out of the directory. */
static char *
find_file(const OriginConn *conn, const char *argument)
{
    g_autofree char *name = g_strndup(argument, strcspn(argument, "?"));

    if (conn->files == NULL || strstr(name, "..") != NULL)
        return NULL;
    return g_build_filename(conn->files, name, NULL);
}

static bool
answer_file(OriginConn *conn, const OriginRequest *request, const char *argument)
{
    g_autofree char *path = find_file(conn, argument);
    g_autofree char *text = NULL;
    gsize len = 0;

    if (path == NULL || !g_file_get_contents(path, &text, &len, NULL))
        return origin_printf(conn,
                             "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    return origin_printf(conn,
                         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                         "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
                         len) &&
           origin_write(conn, text, len);
}

static const struct {
    const char *prefix;
    bool (*answer)(OriginConn *conn,
                   const OriginRequest *request,
                   const char *argument);
    bool reads_body; /* itself */
} answers[] = {
    { "/hello", answer_hello, false },
    { "/echo", answer_echo, false },
    { "/bytes/", answer_bytes, false },
    { "/chunked/", answer_chunked, false },
    { "/upload", answer_upload, true },
    { "/sse/", answer_sse, false },
    { "/ws", origin_answer_websocket, true },
    { "/status/", answer_status, false },
    { "/early", answer_early, true },
    { "/until-close", answer_until_close, false },
    { "/cut/", answer_cut, false },
    { "/hang", answer_hang, true },
    { "/files/", answer_file, false },
};

bool
origin_conn_answer(OriginConn *conn, const OriginRequest *request)
{
    uint64_t len;

    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        size_t prefix_len = strlen(answers[i].prefix);

        if (strncmp(request->target, answers[i].prefix, prefix_len) != 0)
            continue;
        if (!answers[i].reads_body && !origin_read_body(conn, request, NULL, &len))
            return false;
        return answers[i].answer(conn, request, request->target + prefix_len) &&
               request->keep_alive;
    }
    return origin_read_body(conn, request, NULL, &len) &&
           answer_echo(conn, request, "") && request->keep_alive;
}
