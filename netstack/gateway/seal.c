/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/seal.h"

#include "netstack/gateway/server_hello.h"
#include "netstack/gateway/tls_record.h"

#include <string.h>

/* A second ClientHello that is never whole is found too long before the buffer is full. */
G_STATIC_ASSERT(BNS_CHANNEL_BYTES >= BNS_CLIENT_HELLO_BYTES_MAX);

/* As pipe.c's: other flows have their turn. */
#define ROUNDS_PER_TURN 8

#define CLOSED "client closed the connection during the TLS handshake"

void
bns_seal_init(BnsSeal *seal, const BnsClientHello *hello)
{
    *seal = (BnsSeal){ .state = BNS_SEAL_HELLO,
                       .has_name = hello->has_name,
                       .name = hello->name,
                       .left = hello->len };
}

static void
break_off(BnsSeal *seal, const char *error)
{
    seal->state = BNS_SEAL_BROKEN;
    seal->error = error;
}

/* --- the client's bytes --- */

/* Passes what is there of the bytes that may. */
static void
pass(BnsSeal *seal, BnsPipe *up)
{
    BnsBuffer *in = &up->from->in;
    size_t n = MIN(seal->left, bns_buffer_len(in));

    if (!bns_pipe_may_pass(up, n)) {
        break_off(seal, bns_allowance_met(up->allowance)->reason);
        return;
    }
    bns_buffer_append(&up->to->out, bns_buffer_at(in), n);
    bns_buffer_consume(in, n);
    up->n_bytes += n;
    seal->left -= n;
}

static bool
is_same_name(const BnsSeal *seal, const BnsClientHello *hello)
{
    if (!seal->has_name || !hello->has_name)
        return seal->has_name == hello->has_name;
    return strcmp(seal->name.text, hello->name.text) == 0;
}

/* The client's next bytes are a handshake's. Returns: whether more are needed. */
static bool
judge_second(BnsSeal *seal, const BnsBuffer *in)
{
    BnsClientHello hello;

    switch (bns_client_hello_read((const uint8_t *)bns_buffer_at(in),
                                  bns_buffer_len(in), &hello)) {
    case BNS_CLIENT_HELLO_MORE:
        return true;
    case BNS_CLIENT_HELLO_BAD:
        break_off(seal, hello.fault.reason);
        break;
    case BNS_CLIENT_HELLO_DONE:
        if (!is_same_name(seal, &hello))
            break_off(seal, "client's second ClientHello names another host");
        else if (hello.has_ech)
            break_off(seal, "client's second ClientHello hides another");
        else
            seal->state = BNS_SEAL_OPEN;
    }
    return false;
}

/* Early data, and the empty change of ciphers for the sake of middleboxes, may come
 * before the second ClientHello. Returns: whether more bytes are needed. */
static bool
read_records(BnsSeal *seal, BnsPipe *up)
{
    const BnsBuffer *in = &up->from->in;

    while (seal->state == BNS_SEAL_RETRY) {
        const uint8_t *header;

        pass(seal, up);
        if (bns_buffer_len(in) == 0)
            return true;
        header = (const uint8_t *)bns_buffer_at(in);
        if (header[0] == BNS_TLS_RECORD_HANDSHAKE)
            return judge_second(seal, in);
        if (bns_buffer_len(in) < BNS_TLS_RECORD_HEADER_LEN)
            return true;
        seal->left = BNS_TLS_RECORD_HEADER_LEN + ((size_t)header[3] << 8 | header[4]);
    }
    return false;
}

/* Writes what has passed. Returns: whether all of it is written. */
static bool
flush(BnsPipe *up)
{
    ssize_t n = bns_channel_flush(up->to);

    up->wants_write = n == BNS_STREAM_AGAIN;
    if (n == BNS_STREAM_ERROR)
        up->state = BNS_PIPE_STUCK;
    return n == 1;
}

/* Reads on, once what has passed is written: no more than that waits for the origin.
 * Returns: whether there was something new. */
static bool
fill(BnsSeal *seal, BnsPipe *up)
{
    ssize_t n;

    if (!flush(up))
        return false;
    n = bns_channel_fill(up->from, BNS_CHANNEL_BYTES);
    if (n > 0)
        return true;
    if (n == BNS_STREAM_AGAIN)
        up->wants_read = true;
    else if (n == BNS_STREAM_EOF && bns_buffer_len(&up->from->in) == 0 &&
             seal->left == 0)
        seal->state = BNS_SEAL_OPEN;
    else
        break_off(seal, CLOSED);
    return false;
}

/* --- the server's --- */

static void
read_answer(BnsSeal *seal, BnsPipe *down)
{
    BnsStream *stream = down->from->stream;
    ssize_t n = bns_stream_peek(stream, NULL, BNS_SERVER_HELLO_BYTES_MAX);
    const uint8_t *bytes;
    size_t len;

    /* An end or a failure is for the pipe to find. */
    if (n <= 0 && n != BNS_STREAM_AGAIN) {
        seal->state = BNS_SEAL_OPEN;
        return;
    }
    bytes = bns_stream_peeked(stream, &len);
    switch (bns_server_hello_read(bytes, len)) {
    case BNS_SERVER_HELLO_MORE:
        down->wants_read = true;
        break;
    case BNS_SERVER_HELLO_RETRY:
        seal->state = BNS_SEAL_RETRY;
        break;
    case BNS_SERVER_HELLO_OTHER:
        seal->state = BNS_SEAL_OPEN;
    }
}

/* --- the states --- */

/* Returns: whether it can go on at once. */
static bool
step(BnsSeal *seal, BnsPipe *up, BnsPipe *down)
{
    switch (seal->state) {
    case BNS_SEAL_HELLO:
        pass(seal, up);
        if (seal->left > 0)
            return fill(seal, up);
        seal->state = BNS_SEAL_ANSWER;
        return true;
    case BNS_SEAL_ANSWER:
        if (flush(up))
            read_answer(seal, down);
        return seal->state == BNS_SEAL_RETRY;
    case BNS_SEAL_RETRY:
        return read_records(seal, up) && fill(seal, up);
    case BNS_SEAL_OPEN:
    case BNS_SEAL_BROKEN:
        break;
    }
    return false;
}

bool
bns_seal_run(BnsSeal *seal, BnsPipe *up, BnsPipe *down)
{
    uint64_t before = up->n_bytes;
    BnsSealState began = seal->state;
    bool goes_on = true;

    up->wants_read = false;
    up->wants_write = false;
    down->wants_read = false;
    if (bns_stream_hung_up(up->from->stream))
        break_off(seal, "the command broke the connection off");
    for (int round = 0; goes_on && round < ROUNDS_PER_TURN; round++)
        goes_on = step(seal, up, down);
    if (goes_on)
        up->wants_read = true;
    return up->n_bytes != before || seal->state != began;
}
