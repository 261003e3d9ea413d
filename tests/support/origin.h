/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Origin: a small HTTP/1.1 server on loopback for tests and benchmarks.
 *
 * One thread per connection, plain or TLS. What it serves:
 *
 *     /hello               "hello\n"
 *     /echo                method, target and header fields as they arrived
 *     /bytes/N             N bytes, Content-Length
 *     /chunked/N           the same, chunked, with a trailer "X-Sum: N"
 *     /upload              reads the body; answers "LENGTH SHA256\n"
 *     /sse/N/MS            N events, one each MS milliseconds, "data: I MICROSECONDS\n\n"
 *     /ws                  WebSocket: echoes each frame of data, answers ping and close;
 *                          a frame that is not masked is 1002
 *     /status/CODE         that status, no body
 *     /early               answers 413 after the head, reads nothing
 *     /until-close         a body that ends with the connection
 *     /cut/N               promises N bytes, sends half, closes
 *     /hang                never answers
 *     /files/NAME          a file of the directory of bns_origin_set_files(), or 404
 *
 * Byte I of a body is (I % 251), so a checksum tells a lost or doubled byte.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BnsOrigin BnsOrigin;

/* @ssl_ctx: (nullable): a server context, up-referenced; plain HTTP without. Listens on
 * 127.0.0.1, port chosen by the kernel. */
BnsOrigin *bns_origin_new(SSL_CTX *ssl_ctx);
/* The same on every address, IPv6 too where there is any, and on this port. */
BnsOrigin *bns_origin_new_everywhere(SSL_CTX *ssl_ctx, uint16_t port);
/* Stops listening, closes all connections, joins the threads. */
void bns_origin_free(BnsOrigin *origin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsOrigin, bns_origin_free)

/**
 * BnsOriginAnswer:
 * @conn, @request: see tests/support/origin_conn.h; the body is not read yet
 *
 * Returns: whether the connection goes on.
 */
typedef struct OriginConn OriginConn;
typedef struct OriginRequest OriginRequest;
typedef bool (*BnsOriginAnswer)(OriginConn *conn, const OriginRequest *request);

/* @answer serves every request, instead of the list above. Before the first connection. */
void bns_origin_set_answer(BnsOrigin *origin, BnsOriginAnswer answer);

/* Before the first connection. */
void bns_origin_set_files(BnsOrigin *origin, const char *directory);

uint16_t bns_origin_port(const BnsOrigin *origin);
/* Connections accepted so far. */
unsigned bns_origin_connections(BnsOrigin *origin);
/* Waits for the first @n of them. */
void bns_origin_await_connections(BnsOrigin *origin, unsigned n);
/* Returns: (transfer full): "METHOD TARGET HOST" of each request so far. */
GStrv bns_origin_requests(BnsOrigin *origin);

/* Returns: (transfer full): lower-case hex SHA-256 of the first @len bytes of a body. */
char *bns_origin_sum(uint64_t len);
