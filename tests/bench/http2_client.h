/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Http2 client: requests of a connection, one after the other.
 */
#pragma once

#include "tests/bench/bytes.h"

typedef struct Http2Client Http2Client;

typedef struct {
    void (*on_body)(void *data, const uint8_t *bytes, size_t len);
    /* @status: 0 if the stream was reset. */
    void (*on_done)(void *data, int status);
} Http2ClientCalls;

Http2Client *http2_client_new(const Http2ClientCalls *calls, void *data);
void http2_client_free(Http2Client *client);
void http2_client_get(Http2Client *client, const char *authority, const char *path);
/* Returns: false if the peer broke the protocol. */
bool http2_client_feed(Http2Client *client, const uint8_t *bytes, size_t len);
/* Moves what has to be sent to @bytes. */
void http2_client_pull(Http2Client *client, Bytes *bytes);
