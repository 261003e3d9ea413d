/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/pipe.h"

/* Rounds of one bns_pipe_run(): at most 256 KiB, then other flows have their turn. */
#define ROUNDS_PER_TURN 8

/* A body without head: everything until the source ends. */
static const BnsHttpHead opaque_head = { .body = BNS_HTTP_BODY_UNTIL_CLOSE };

void
bns_pipe_init(BnsPipe *pipe,
              BnsChannel *from,
              BnsChannel *to,
              const BnsHttpHead *head,
              BnsHttpBodyKind send_as)
{
    *pipe = (BnsPipe){ .from = from, .to = to, .send_as = send_as };
    bns_http1_body_init(&pipe->body, head == NULL ? &opaque_head : head);
}

void
bns_pipe_clear(BnsPipe *pipe)
{
    bns_http1_body_clear(&pipe->body);
}

bool
bns_pipe_may_pass(BnsPipe *pipe, size_t len)
{
    if (pipe->allowance == NULL || bns_allowance_take_body(pipe->allowance, len))
        return true;
    pipe->state = BNS_PIPE_OVER;
    return false;
}

static void
end_body(BnsPipe *pipe)
{
    const GByteArray *trailers = pipe->body.trailers;

    if (pipe->to != NULL && trailers != NULL && !bns_pipe_may_pass(pipe, trailers->len))
        return;
    pipe->is_decoded = true;
    if (pipe->send_as == BNS_HTTP_BODY_CHUNKED && pipe->to != NULL)
        bns_http1_write_last_chunk(bns_buffer_tail(&pipe->to->out),
                                   pipe->body.trailers);
}

/* What is as it was goes from where it lies, unless something waits before it; what is not
 * taken, or why, is for the next flush. */
static void
pass(BnsPipe *pipe, BnsSlice data)
{
    BnsBuffer *out = &pipe->to->out;
    ssize_t n = 0;

    if (bns_buffer_len(out) == 0)
        n = bns_stream_write(pipe->to->stream, data.at, data.len);
    if (n > 0)
        data = (BnsSlice){ data.at + n, data.len - (size_t)n };
    if (data.len > 0)
        bns_buffer_append(out, data.at, data.len);
}

static void
encode(BnsPipe *pipe, BnsSlice data)
{
    if (pipe->to != NULL && !bns_pipe_may_pass(pipe, data.len))
        return;
    pipe->n_bytes += data.len;
    if (data.len == 0 || pipe->to == NULL)
        return;
    if (pipe->send_as == BNS_HTTP_BODY_CHUNKED)
        bns_http1_write_chunk(bns_buffer_tail(&pipe->to->out), data);
    else
        pass(pipe, data);
}

/* Decodes what was read, up to the sink's limit. */
static void
decode(BnsPipe *pipe)
{
    BnsBuffer *in = &pipe->from->in;

    while (!pipe->is_decoded && pipe->state == BNS_PIPE_FLOWING) {
        BnsSlice data = { 0 };
        size_t used = 0;
        BnsParse parse;

        if (pipe->to != NULL && bns_buffer_len(&pipe->to->out) >= BNS_CHANNEL_BYTES)
            return;
        parse = bns_http1_body_step(&pipe->body, bns_buffer_at(in), bns_buffer_len(in),
                                    &data, &used);
        if (parse == BNS_PARSE_BAD) {
            pipe->state = BNS_PIPE_BAD;
            return;
        }
        encode(pipe, data);
        bns_buffer_consume(in, used);
        if (pipe->state == BNS_PIPE_OVER)
            return;
        if (parse == BNS_PARSE_DONE)
            end_body(pipe);
        else if (bns_buffer_len(in) == 0 || used == 0)
            return;
    }
}

/* The source says no more: the end of a body that lasts until then, else a cut. */
static void
on_source_end(BnsPipe *pipe, ssize_t result)
{
    if (result == BNS_STREAM_EOF && pipe->body.kind == BNS_HTTP_BODY_UNTIL_CLOSE)
        end_body(pipe);
    else
        pipe->state = BNS_PIPE_CUT;
}

/* Reads and decodes once. Returns: whether there was something new. */
static bool
take(BnsPipe *pipe)
{
    ssize_t n;

    if (bns_buffer_len(&pipe->from->in) >= BNS_CHANNEL_BYTES)
        return false;
    n = bns_channel_fill(pipe->from, BNS_CHANNEL_BYTES);
    if (n == BNS_STREAM_AGAIN) {
        pipe->wants_read = true;
        return false;
    }
    if (n > 0)
        decode(pipe);
    else
        on_source_end(pipe, n);
    return true;
}

/* Writes what waits. Returns: whether anything went. */
static bool
give(BnsPipe *pipe)
{
    size_t before = bns_buffer_len(&pipe->to->out);
    ssize_t n = bns_channel_flush(pipe->to);

    pipe->wants_write = n == BNS_STREAM_AGAIN;
    if (n == BNS_STREAM_ERROR)
        pipe->state = BNS_PIPE_STUCK;
    else if (n == 1 && pipe->is_decoded)
        pipe->state = BNS_PIPE_DONE;
    return bns_buffer_len(&pipe->to->out) < before;
}

bool
bns_pipe_run(BnsPipe *pipe)
{
    bool moved = false;

    pipe->wants_read = false;
    pipe->wants_write = false;
    for (int round = 0; round < ROUNDS_PER_TURN; round++) {
        bool has_room;
        bool progress;

        decode(pipe);
        /* What came before an end is passed on before the end is seen, and what found no
         * room is decoded before more is read. */
        has_room = bns_buffer_len(&pipe->to->out) < BNS_CHANNEL_BYTES;
        progress = give(pipe);
        if (pipe->state == BNS_PIPE_FLOWING && !pipe->is_decoded && has_room)
            progress |= take(pipe);
        moved |= progress;
        if (pipe->state != BNS_PIPE_FLOWING || !progress)
            return moved;
    }
    pipe->wants_read = !pipe->is_decoded;
    pipe->wants_write = true;
    return moved;
}

bool
bns_pipe_shut(BnsPipe *pipe)
{
    ssize_t n;

    if (pipe->state != BNS_PIPE_DONE || pipe->is_shut)
        return true;
    n = bns_stream_shutdown(pipe->to->stream);
    pipe->is_shut = n == 1;
    pipe->wants_write = n == BNS_STREAM_AGAIN;
    return n != BNS_STREAM_ERROR;
}

bool
bns_pipe_has_failed(const BnsPipe *pipe)
{
    return pipe->state != BNS_PIPE_FLOWING && pipe->state != BNS_PIPE_DONE;
}

void
bns_pipe_discard(BnsPipe *pipe, size_t *io_left)
{
    pipe->to = NULL;
    decode(pipe);
    while (*io_left > 0 && !pipe->is_decoded && pipe->state == BNS_PIPE_FLOWING) {
        size_t room =
            MIN(*io_left, BNS_CHANNEL_BYTES - bns_buffer_len(&pipe->from->in));
        ssize_t n =
            bns_channel_fill(pipe->from, bns_buffer_len(&pipe->from->in) + room);

        if (n == BNS_STREAM_AGAIN)
            return;
        if (n <= 0) {
            on_source_end(pipe, n);
            return;
        }
        *io_left -= (size_t)n;
        decode(pipe);
    }
}

void
bns_pipe_rewind(BnsPipe *pipe)
{
    g_return_if_fail(pipe->n_bytes == 0);

    pipe->state = BNS_PIPE_FLOWING;
    pipe->is_decoded = false;
    pipe->to = NULL;
}
