/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conn: one connection of the load generator's: TCP, perhaps a proxy's CONNECT, perhaps
 * TLS whose certificate is verified as any program does, then HTTP/1.1 or HTTP/2.
 * One request at a time.
 */
#pragma once

#include "base/loop.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a command goes; outlives its connections. */
typedef struct {
    char *name;       /* owned: the host of URL, SNI and certificate */
    char *authority;  /* owned: name, and the port unless it is the usual one */
    char *connect;    /* owned: what a proxy is asked for; NULL without one */
    char *proxy_auth; /* owned: a header line, or "" */
    struct sockaddr_in address; /* of the first hop */
    SSL_CTX *tls;               /* owned; NULL: plain */
    GQueue sessions;            /* of owned SSL_SESSION, the newest last */
    bool is_http2;
    bool is_resuming;
} Target;

typedef struct Conn Conn;

/* All get the @data of conn_open(). conn_close() is allowed in each. */
typedef struct {
    void (*on_open)(Conn *conn, void *data);
    /* Nullable: bytes of a body as they arrive. */
    void (*on_body)(Conn *conn, const uint8_t *bytes, size_t len, void *data);
    /* A whole response, whose status was 200. */
    void (*on_response)(Conn *conn, void *data);
    /* The connection is of no use any more: close it. */
    void (*on_failure)(Conn *conn, const char *why, void *data);
} ConnCalls;

/* Returns: (transfer full): a connection under way, or %NULL with errno. */
Conn *conn_open(BnsLoop *loop, Target *target, const ConnCalls *calls, void *data);
void conn_close(Conn *conn);

/* Requests @path, which outlives the response. @body_bytes above 0 makes it a POST with
 * as many bytes of filler (HTTP/1.1 alone). */
void conn_request(Conn *conn, const char *path, uint64_t body_bytes);

/* When it was opened, on CLOCK_MONOTONIC. */
int64_t conn_opened_us(const Conn *conn);
bool conn_was_resumed(const Conn *conn);
