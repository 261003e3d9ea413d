/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a test origin: reading a request, answering it. Blocking.
 */
#pragma once

#include "tests/support/frames.h"
#include "tests/support/origin.h"

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#define ORIGIN_BLOCK_BYTES (64 * 1024)

struct OriginConn {
    int fd;            /* owned */
    SSL *ssl;          /* owned; NULL: plain */
    const char *files; /* borrowed: the directory of /files/; NULL: none */
    char buffer[64 * 1024];
    size_t start, end; /* unread bytes in the buffer */
};

struct OriginRequest {
    char *method, *target, *host, *head; /* owned */
    bool is_chunked, keep_alive, expects_continue;
    int64_t length; /* -1: none */
};

/* @files: (nullable): outlives the connection */
bool origin_conn_init(OriginConn *conn, int fd, SSL_CTX *ssl_ctx, const char *files);
void origin_conn_clear(OriginConn *conn);
/* false: the connection is over */
bool origin_conn_read_request(OriginConn *conn, OriginRequest *out_request);
bool origin_conn_answer(OriginConn *conn, const OriginRequest *request);
void origin_request_clear(OriginRequest *request);

/* origin_websocket.c: answers the upgrade, then echoes until its end. Returns: false */
bool origin_answer_websocket(OriginConn *conn,
                             const OriginRequest *request,
                             const char *argument);

/* Bytes @at to @at + @len of the endless body. */
void origin_fill(uint8_t *block, size_t len, uint64_t at);

/* The rest is for those who answer. */
bool origin_write(OriginConn *conn, const void *data, size_t len);
bool G_GNUC_PRINTF(2, 3) origin_printf(OriginConn *conn, const char *format, ...);
/* Bytes read into @data, 0 at the end. */
size_t origin_read(OriginConn *conn, void *data, size_t size);
/* A line without CRLF into @line; false at the end. */
bool origin_read_line(OriginConn *conn, GString *line);
/* Answers the WebSocket handshake of @request. */
bool origin_accept_websocket(OriginConn *conn, const OriginRequest *request);
/* (transfer full): the payload of the next frame, unmasked, ends in NUL; or NULL at the
 * end. One that is not masked is answered by a close, and is the end. */
uint8_t *origin_read_frame(OriginConn *conn, BnsFrame *out_frame);
bool origin_write_frame(
    OriginConn *conn, uint8_t opcode, bool is_final, const void *payload, size_t len);
/* Reads the request's body, into @sum if given. false: it was cut. */
bool origin_read_body(OriginConn *conn,
                      const OriginRequest *request,
                      GChecksum *sum,
                      uint64_t *out_len);
/* (transfer full): the request's body as text; NULL: it was cut. */
char *origin_read_text(OriginConn *conn, const OriginRequest *request);
