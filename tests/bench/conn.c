/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/conn.h"

#include "tests/bench/bytes.h"
#include "tests/bench/http1.h"
#include "tests/bench/http2_client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* A flow that brings much must not keep the others waiting. */
#define READS_PER_TURN 8

typedef enum {
    CONN_CONNECT,   /* TCP's handshake */
    CONN_PROXY,     /* the answer to CONNECT */
    CONN_HANDSHAKE, /* TLS's */
    CONN_OPEN,
    CONN_FAILED, /* its owner knows */
    CONN_CLOSED, /* by its owner, in a callback; freed when that returns */
} ConnState;

struct Conn {
    ConnState state;
    Target *target; /* borrowed */
    ConnCalls calls;
    void *data;
    Bytes bytes;
    BnsWatch *watch; /* owned */
    BnsLoop *loop;   /* borrowed */
    Http2Client *h2; /* owned; NULL for HTTP/1.1 */
    Http1 http;
    int64_t opened_us;
    bool is_in_call; /* the loop is in on_event() */
    bool is_pending; /* a response is awaited */
    bool is_feeding; /* nghttp2 calls back: it must not be asked for bytes then */
};

static void
conn_free(Conn *conn)
{
    g_clear_pointer(&conn->watch, bns_watch_free);
    bytes_clear(&conn->bytes);
    http2_client_free(conn->h2);
    g_free(conn);
}

void
conn_close(Conn *conn)
{
    if (conn->is_in_call)
        conn->state = CONN_CLOSED;
    else
        conn_free(conn);
}

static void
fail(Conn *conn, const char *why)
{
    if (conn->state == CONN_CLOSED || conn->state == CONN_FAILED)
        return;
    conn->state = CONN_FAILED;
    conn->calls.on_failure(conn, why, conn->data);
}

/* --- writing --- */

static void
flush(Conn *conn)
{
    int result;

    if (conn->h2 != NULL)
        http2_client_pull(conn->h2, &conn->bytes);
    /* What went wrong is learnt by reading: an answer may be there nevertheless. */
    result = bytes_flush(&conn->bytes);
    bns_watch_set_events(conn->watch, result == -EAGAIN && conn->bytes.wants_write
                                          ? EPOLLIN | EPOLLOUT
                                          : EPOLLIN);
}

void
conn_request(Conn *conn, const char *path, uint64_t body_bytes)
{
    char head[1024];

    conn->is_pending = true;
    if (conn->h2 != NULL) {
        http2_client_get(conn->h2, conn->target->authority, path);
        if (!conn->is_feeding)
            flush(conn);
        return;
    }
    http1_reset(&conn->http);
    if (body_bytes > 0)
        g_snprintf(head, sizeof(head),
                   "POST %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n"
                   "Content-Length: %" G_GUINT64_FORMAT "\r\n\r\n",
                   path, conn->target->authority, body_bytes);
    else
        g_snprintf(head, sizeof(head),
                   "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n\r\n", path,
                   conn->target->authority);
    bytes_put(&conn->bytes, head, strlen(head));
    conn->bytes.body_left = body_bytes;
    flush(conn);
}

/* --- responses --- */

static void
respond(Conn *conn, int status)
{
    char why[32];

    conn->is_pending = false;
    if (status == 200) {
        conn->calls.on_response(conn, conn->data);
        return;
    }
    g_snprintf(why, sizeof(why), "status %d", status);
    fail(conn, why);
}

static void
pass_body(Conn *conn, const uint8_t *bytes, size_t len)
{
    if (conn->calls.on_body != NULL && len > 0)
        conn->calls.on_body(conn, bytes, len, conn->data);
}

static void
on_http2_body(void *data, const uint8_t *bytes, size_t len)
{
    Conn *conn = data;

    if (conn->state == CONN_OPEN)
        pass_body(conn, bytes, len);
}

static void
on_http2_done(void *data, int status)
{
    Conn *conn = data;

    if (conn->state == CONN_OPEN)
        respond(conn, status);
}

static const Http2ClientCalls http2_calls = { on_http2_body, on_http2_done };

static void
feed_http1(Conn *conn, const uint8_t *bytes, size_t len)
{
    while (len > 0 && conn->state == CONN_OPEN) {
        size_t at, body_len;
        long taken =
            conn->is_pending ? http1_feed(&conn->http, bytes, len, &at, &body_len) : -1;

        if (taken < 0) {
            fail(conn, "what came is no response");
            return;
        }
        pass_body(conn, bytes, body_len);
        bytes += taken;
        len -= (size_t)taken;
        if (conn->state == CONN_OPEN && http1_is_done(&conn->http))
            respond(conn, http1_status(&conn->http));
    }
}

static void
feed(Conn *conn, const uint8_t *bytes, size_t len)
{
    bool is_sound;

    if (conn->h2 == NULL) {
        feed_http1(conn, bytes, len);
        return;
    }
    conn->is_feeding = true;
    is_sound = http2_client_feed(conn->h2, bytes, len);
    conn->is_feeding = false;
    if (!is_sound)
        fail(conn, "what came is no HTTP/2");
    else if (conn->state == CONN_OPEN)
        flush(conn);
}

static void
read_open(Conn *conn)
{
    static uint8_t buffer[BYTES_READ_MAX];

    for (int i = 0; i < READS_PER_TURN && conn->state == CONN_OPEN; i++) {
        ssize_t n = bytes_read(&conn->bytes, buffer, sizeof(buffer));

        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            fail(conn, n == 0 ? "the peer closed" : g_strerror((int)-n));
            return;
        }
        feed(conn, buffer, (size_t)n);
    }
}

/* --- opening --- */

static void
become_open(Conn *conn)
{
    conn->state = CONN_OPEN;
    if (conn->target->is_http2) {
        conn->h2 = http2_client_new(&http2_calls, conn);
        flush(conn);
    }
    conn->calls.on_open(conn, conn->data);
}

static bool
speaks_as_asked(const Conn *conn)
{
    const unsigned char *protocol;
    unsigned len;

    SSL_get0_alpn_selected(conn->bytes.ssl, &protocol, &len);
    return (len == 2 && memcmp(protocol, "h2", 2) == 0) == conn->target->is_http2;
}

static void
go_on_handshake(Conn *conn)
{
    int result = bytes_handshake(&conn->bytes);

    if (result == -EAGAIN) {
        bns_watch_set_events(conn->watch,
                             conn->bytes.wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
        return;
    }
    bns_watch_set_events(conn->watch, EPOLLIN);
    if (result != 1)
        fail(conn,
             SSL_get_verify_result(conn->bytes.ssl) != X509_V_OK
                 ? X509_verify_cert_error_string(SSL_get_verify_result(conn->bytes.ssl))
                 : "TLS's handshake failed");
    else if (!speaks_as_asked(conn))
        fail(conn, "the peer chose another protocol");
    else
        become_open(conn);
}

static void
start_tls(Conn *conn)
{
    Target *target = conn->target;
    SSL_SESSION *session;
    SSL *ssl;

    if (target->tls == NULL) {
        become_open(conn);
        return;
    }
    conn->state = CONN_HANDSHAKE;
    ssl = SSL_new(target->tls);
    SSL_set_fd(ssl, conn->bytes.fd);
    SSL_set_connect_state(ssl);
    SSL_set_tlsext_host_name(ssl, target->name);
    SSL_set1_host(ssl, target->name);
    /* TLS 1.3's are used once (RFC 8446, C.4). */
    session = g_queue_pop_tail(&target->sessions);
    if (session != NULL)
        SSL_set_session(ssl, session);
    if (session != NULL && SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION)
        g_queue_push_tail(&target->sessions, session);
    else
        SSL_SESSION_free(session);
    conn->bytes.ssl = ssl;
    go_on_handshake(conn);
}

static void
ask_proxy(Conn *conn)
{
    g_autofree char *head = g_strdup_printf(
        "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", conn->target->connect,
        conn->target->connect, conn->target->proxy_auth);

    conn->state = CONN_PROXY;
    http1_reset(&conn->http);
    bytes_put(&conn->bytes, head, strlen(head));
    flush(conn);
}

static void
read_proxy(Conn *conn)
{
    uint8_t byte;
    size_t at, len;
    ssize_t n = 0;

    /* One by one: what follows the head is TLS's. */
    while (!conn->http.is_whole && (n = bytes_read(&conn->bytes, &byte, 1)) == 1)
        if (http1_feed(&conn->http, &byte, 1, &at, &len) < 0)
            break;
    if (conn->http.is_whole && http1_status(&conn->http) == 200)
        start_tls(conn);
    else if (conn->http.is_whole || n != -EAGAIN)
        fail(conn, "the proxy refused");
}

static void
end_connect(Conn *conn)
{
    int error = 0;
    socklen_t len = sizeof(error);

    getsockopt(conn->bytes.fd, SOL_SOCKET, SO_ERROR, &error, &len);
    bns_watch_set_events(conn->watch, EPOLLIN);
    if (error != 0)
        fail(conn, g_strerror(error));
    else if (conn->target->connect != NULL)
        ask_proxy(conn);
    else
        start_tls(conn);
}

static void
on_event(uint32_t events, void *data)
{
    Conn *conn = data;

    conn->is_in_call = true;
    if (conn->state == CONN_CONNECT)
        end_connect(conn);
    else if (conn->state == CONN_PROXY)
        read_proxy(conn);
    else if (conn->state == CONN_HANDSHAKE)
        go_on_handshake(conn);
    if (conn->state == CONN_OPEN && (events & EPOLLOUT) != 0)
        flush(conn);
    if (conn->state == CONN_OPEN)
        read_open(conn);
    conn->is_in_call = false;
    if (conn->state == CONN_CLOSED)
        conn_free(conn);
}

Conn *
conn_open(BnsLoop *loop, Target *target, const ConnCalls *calls, void *data)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int one = 1;
    Conn *conn;

    if (fd < 0)
        return NULL;
    conn = g_new0(Conn, 1);
    conn->target = target;
    conn->calls = *calls;
    conn->data = data;
    conn->loop = loop;
    conn->opened_us = g_get_monotonic_time();
    bytes_init(&conn->bytes, fd, NULL);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, (const struct sockaddr *)&target->address,
                sizeof(target->address)) < 0 &&
        errno != EINPROGRESS) {
        int error = errno;

        conn_free(conn);
        errno = error;
        return NULL;
    }
    conn->watch = bns_loop_watch(loop, fd, EPOLLOUT, on_event, conn);
    return conn;
}

int64_t
conn_opened_us(const Conn *conn)
{
    return conn->opened_us;
}

bool
conn_was_resumed(const Conn *conn)
{
    return conn->bytes.ssl != NULL && SSL_session_reused(conn->bytes.ssl) == 1;
}
