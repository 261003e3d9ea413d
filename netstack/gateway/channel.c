/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/channel.h"

#include <string.h>

ssize_t
bns_channel_fill(BnsChannel *channel, size_t limit)
{
    size_t room = limit - bns_buffer_len(&channel->in);
    ssize_t n;

    g_return_val_if_fail(bns_buffer_len(&channel->in) < limit, BNS_STREAM_ERROR);

    if (channel->ended)
        return BNS_STREAM_EOF;
    /* Before memory is taken for what does not come, and OpenSSL its time to say so. */
    if (bns_stream_is_silent(channel->stream))
        return BNS_STREAM_AGAIN;
    n = bns_stream_read(channel->stream, bns_buffer_reserve(&channel->in, room), room);
    bns_buffer_commit(&channel->in, room, n > 0 ? (size_t)n : 0);
    if (n == BNS_STREAM_EOF)
        channel->ended = true;
    return n;
}

ssize_t
bns_channel_flush(BnsChannel *channel)
{
    while (bns_buffer_len(&channel->out) > 0) {
        ssize_t n = bns_stream_write(channel->stream, bns_buffer_at(&channel->out),
                                     bns_buffer_len(&channel->out));

        if (n <= 0)
            return n;
        bns_buffer_consume(&channel->out, (size_t)n);
    }
    return 1;
}

void
bns_channel_release(BnsChannel *channel)
{
    bns_buffer_release(&channel->in);
    bns_buffer_release(&channel->out);
}

/* Parsing a head anew for every packet that a peer drips would cost the square of its
 * length: nothing can have changed without a line's end. */
ssize_t
bns_channel_fill_line(BnsChannel *channel, size_t limit)
{
    for (;;) {
        size_t before = bns_buffer_len(&channel->in);
        ssize_t n;

        if (before >= limit)
            return BNS_STREAM_ERROR;
        n = bns_channel_fill(channel, MIN(limit, before + BNS_CHANNEL_BYTES));
        if (n <= 0)
            return n;
        if (before + (size_t)n >= limit ||
            memchr(bns_buffer_at(&channel->in) + before, '\n', (size_t)n) != NULL)
            return n;
    }
}

ssize_t
bns_channel_discard(BnsChannel *channel, size_t *io_left)
{
    bns_buffer_consume(&channel->in, bns_buffer_len(&channel->in));
    while (*io_left > 0) {
        ssize_t n = bns_channel_fill(channel, MIN(*io_left, BNS_CHANNEL_BYTES));

        if (n <= 0)
            return n;
        bns_buffer_consume(&channel->in, (size_t)n);
        *io_left -= (size_t)n;
    }
    return BNS_STREAM_AGAIN;
}

void
bns_channel_clear(BnsChannel *channel)
{
    g_clear_pointer(&channel->stream, bns_stream_free);
    bns_buffer_clear(&channel->in);
    bns_buffer_clear(&channel->out);
    channel->ended = false;
}
