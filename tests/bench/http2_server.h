/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Http2 server: answers GET /bytes/N with N bytes, anything else with 404.
 */
#pragma once

#include "tests/bench/bytes.h"

typedef struct Http2Server Http2Server;

Http2Server *http2_server_new(void);
void http2_server_free(Http2Server *server);
/* Returns: false if the peer broke the protocol. */
bool http2_server_feed(Http2Server *server, const uint8_t *bytes, size_t len);
/* Moves what has to be sent to @bytes, about 64 KiB of it at most. Returns: whether to call
 * it again when that has gone. */
bool http2_server_pull(Http2Server *server, Bytes *bytes);
