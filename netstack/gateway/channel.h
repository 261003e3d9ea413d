/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channel: a stream with the bytes that wait on either side of it.
 *
 * The command's connection and the one upstream are both channels; what moves bytes
 * between two of them (pipe.h) need not know which is which.
 */
#pragma once

#include "netstack/gateway/buffer.h"
#include "netstack/gateway/stream.h"

#include <stdbool.h>

/* How much may wait on one side before its source is no longer read: two TLS records,
 * so that one can be decrypted while the other is written. */
#define BNS_CHANNEL_BYTES (32 * 1024)

typedef struct {
    BnsStream *stream; /* owned; NULL until there is one */
    BnsBuffer in;      /* read from the stream, not yet used */
    BnsBuffer out;     /* to be written to it */
    bool ended;        /* the peer ended its direction cleanly */
} BnsChannel;

/**
 * bns_channel_fill:
 *
 * Reads once, so that at most @limit bytes wait in @channel->in (there must be room).
 * Returns: the number of new bytes, or BNS_STREAM_EOF (again, once the peer has ended),
 * BNS_STREAM_AGAIN, BNS_STREAM_ERROR, BNS_STREAM_TRUNCATED.
 */
ssize_t bns_channel_fill(BnsChannel *channel, size_t limit);

/* Writes what waits in @channel->out. Returns: 1 if nothing waits any more,
 * BNS_STREAM_AGAIN or BNS_STREAM_ERROR. */
ssize_t bns_channel_flush(BnsChannel *channel);

/* Reads on until there may be a whole line more than before. Returns: as
 * bns_channel_fill(); a count only if a line feed came, or @limit is reached. */
ssize_t bns_channel_fill_line(BnsChannel *channel, size_t limit);

/* Reads and forgets at most @io_left bytes, which are deducted. Returns: AGAIN, EOF,
 * ERROR or TRUNCATED; if @io_left became 0, AGAIN. */
ssize_t bns_channel_discard(BnsChannel *channel, size_t *io_left);

/* Gives the memory of what is empty back, before a wait that may be long: an idle
 * connection holds none. */
void bns_channel_release(BnsChannel *channel);
/* Closes the stream and forgets what waits. */
void bns_channel_clear(BnsChannel *channel);
