/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 memory: large blocks of nghttp2 on pages of their own.
 *
 * Each session holds a buffer for the largest frame, of which an idle connection has
 * touched the first few hundred bytes. In the heap it would take 16 KiB that others have
 * used before; on fresh pages it takes one, and gives them back when it is freed. A small
 * block that grows stays in the heap.
 */
#pragma once

#include <glib.h>
#include <nghttp2/nghttp2.h>

/* All zero has no block. */
typedef struct {
    GHashTable *blocks; /* owned; address -> size of its pages; NULL before the first */
} BnsHttp2Memory;

/* For nghttp2_session_*_new3(). @memory: borrowed by the session */
nghttp2_mem bns_http2_memory_functions(BnsHttp2Memory *memory);
/* After the session is gone. */
void bns_http2_memory_clear(BnsHttp2Memory *memory);
