/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Http1: a head and the length of the body behind it, as the load generator and the
 * origin need it. Those are each other's peers: it does not judge.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP1_HEAD_MAX 8192
/* As of a body that ends with the connection or with its last chunk. */
#define HTTP1_LENGTH_UNKNOWN UINT64_MAX

typedef struct {
    char head[HTTP1_HEAD_MAX + 1];
    size_t head_len;
    bool is_whole;      /* the head is; what follows is body */
    bool is_chunked;    /* then chunks are counted, see below */
    uint64_t body_left; /* of the body, or of the chunk */
    uint8_t chunk_state;
} Http1;

void http1_reset(Http1 *http);

/**
 * http1_feed:
 * @out_body_at: start of body bytes in @bytes, if any
 * @out_body_len: how many of them follow
 *
 * Takes one piece: of the head, of the body, or of what is around chunks.
 * Returns: how many bytes it took, or -1 if it is no HTTP/1.1.
 */
long http1_feed(Http1 *http,
                const uint8_t *bytes,
                size_t len,
                size_t *out_body_at,
                size_t *out_body_len);

/* Whether head and body are complete. */
bool http1_is_done(const Http1 *http);
/* The number of a status line, 0 if it is none. */
int http1_status(const Http1 *http);
