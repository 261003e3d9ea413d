/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As the stream's own calls, for tests that know what has arrived without turning the
 * loop.
 */
#pragma once

#include "netstack/gateway/stream.h"

static inline ssize_t
read_now(BnsStream *stream, void *buffer, size_t size)
{
    bns_stream_look(stream);
    return bns_stream_read(stream, buffer, size);
}

static inline ssize_t
peek_now(BnsStream *stream, void *buffer, size_t size)
{
    bns_stream_look(stream);
    return bns_stream_peek(stream, buffer, size);
}

static inline ssize_t
handshake_now(BnsStream *stream)
{
    bns_stream_look(stream);
    return bns_stream_handshake(stream);
}
