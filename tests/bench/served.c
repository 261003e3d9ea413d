/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/served.h"

#include "tests/bench/bytes.h"
#include "tests/bench/http1.h"
#include "tests/bench/http2_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READS_PER_TURN 8
/* A response that small leaves in one piece with its head. */
#define SMALL_BYTES 16000

typedef enum {
    SERVED_HANDSHAKE,
    SERVED_OPEN,
    SERVED_GONE,
} ServedState;

typedef struct {
    ServedState state;
    Bytes bytes;
    BnsLoop *loop;   /* borrowed */
    BnsWatch *watch; /* owned */
    Http2Server *h2; /* owned; NULL for HTTP/1.1 */
    Http1 http;
    BnsTimer *timer; /* owned; NULL unless events are being sent */
    unsigned events_left;
    unsigned event;
    int64_t interval_us;
    int64_t next_us;
} Served;

static void
served_free(Served *served)
{
    g_clear_pointer(&served->timer, bns_timer_free);
    bns_watch_free(served->watch);
    http2_server_free(served->h2);
    bytes_clear(&served->bytes);
    g_free(served);
}

static void
flush(Served *served)
{
    bool has_more;
    int result;

    do {
        has_more = served->h2 != NULL && http2_server_pull(served->h2, &served->bytes);
        result = bytes_flush(&served->bytes);
    } while (result == 0 && has_more);
    if (result < 0 && result != -EAGAIN) {
        served->state = SERVED_GONE;
        return;
    }
    bns_watch_set_events(served->watch, result == -EAGAIN && served->bytes.wants_write
                                            ? EPOLLIN | EPOLLOUT
                                            : EPOLLIN);
}

static void G_GNUC_PRINTF(2, 3) put(Served *served, const char *format, ...)
{
    char text[512];
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = g_vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    bytes_put(&served->bytes, text, (size_t)len);
}

/* --- answers --- */

static void
answer_bytes(Served *served, uint64_t len)
{
    static char block[SMALL_BYTES];

    put(served,
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
        "Content-Length: %" G_GUINT64_FORMAT "\r\n\r\n",
        len);
    if (len > SMALL_BYTES) {
        served->bytes.body_left = len;
        return;
    }
    if (block[0] == '\0')
        memset(block, 'b', sizeof(block));
    bytes_put(&served->bytes, block, len);
}

static void
on_event_due(void *data)
{
    Served *served = data;
    char event[64], chunk[96];

    g_snprintf(event, sizeof(event), "data: %u %" G_GINT64_FORMAT "\n\n",
               served->event++, g_get_monotonic_time());
    g_snprintf(chunk, sizeof(chunk), "%zx\r\n%s\r\n", strlen(event), event);
    bytes_put(&served->bytes, chunk, strlen(chunk));
    served->next_us += served->interval_us;
    if (--served->events_left > 0)
        bns_timer_set(served->timer, served->next_us);
    else
        put(served, "0\r\n\r\n");
    flush(served);
    if (served->state == SERVED_GONE)
        served_free(served);
}

static void
answer_events(Served *served, const char *path)
{
    unsigned events;
    int64_t interval_us;

    if (sscanf(path, "/events/%u/%" G_GINT64_FORMAT, &events, &interval_us) != 2 ||
        events == 0) {
        put(served, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    put(served, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    served->events_left = events;
    served->event = 0;
    served->interval_us = interval_us;
    served->next_us = g_get_monotonic_time();
    if (served->timer == NULL)
        served->timer = bns_loop_timer(served->loop, on_event_due, served);
    bns_timer_set(served->timer, served->next_us);
}

static void
answer(Served *served)
{
    const char *path = strchr(served->http.head, ' ');

    path = path != NULL ? path + 1 : "";
    if (g_str_has_prefix(path, "/bytes/"))
        answer_bytes(served, strtoull(path + 7, NULL, 10));
    else if (g_str_has_prefix(path, "/upload"))
        answer_bytes(served, 2);
    else
        answer_events(served, path);
    http1_reset(&served->http);
}

/* --- requests --- */

static void
feed_http1(Served *served, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t at, body_len;
        long taken = http1_feed(&served->http, bytes, len, &at, &body_len);

        if (taken < 0) {
            served->state = SERVED_GONE;
            return;
        }
        bytes += taken;
        len -= (size_t)taken;
        if (http1_is_done(&served->http))
            answer(served);
    }
}

static void
read_some(Served *served)
{
    static uint8_t buffer[BYTES_READ_MAX];

    for (int i = 0; i < READS_PER_TURN && served->state == SERVED_OPEN; i++) {
        ssize_t n = bytes_read(&served->bytes, buffer, sizeof(buffer));

        if (n == -EAGAIN)
            return;
        if (n <= 0)
            served->state = SERVED_GONE;
        else if (served->h2 == NULL)
            feed_http1(served, buffer, (size_t)n);
        else if (!http2_server_feed(served->h2, buffer, (size_t)n))
            served->state = SERVED_GONE;
        if (served->state == SERVED_OPEN)
            flush(served);
    }
}

static void
go_on_handshake(Served *served)
{
    const unsigned char *protocol;
    unsigned len;
    int result = bytes_handshake(&served->bytes);

    if (result == -EAGAIN)
        return;
    if (result != 1) {
        served->state = SERVED_GONE;
        return;
    }
    served->state = SERVED_OPEN;
    SSL_get0_alpn_selected(served->bytes.ssl, &protocol, &len);
    if (len == 2 && memcmp(protocol, "h2", 2) == 0) {
        served->h2 = http2_server_new();
        flush(served);
    }
}

static void
on_event(uint32_t events, void *data)
{
    Served *served = data;

    if (served->state == SERVED_HANDSHAKE)
        go_on_handshake(served);
    if (served->state == SERVED_OPEN && (events & EPOLLOUT) != 0)
        flush(served);
    if (served->state == SERVED_OPEN)
        read_some(served);
    if (served->state == SERVED_GONE)
        served_free(served);
}

void
served_start(BnsLoop *loop, int fd, SSL_CTX *tls)
{
    Served *served = g_new0(Served, 1);
    SSL *ssl = NULL;

    if (tls != NULL) {
        ssl = SSL_new(tls);
        SSL_set_accept_state(ssl);
    }
    served->state = tls != NULL ? SERVED_HANDSHAKE : SERVED_OPEN;
    served->loop = loop;
    bytes_init(&served->bytes, fd, ssl);
    served->watch = bns_loop_watch(loop, fd, EPOLLIN, on_event, served);
}
