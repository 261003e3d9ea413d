/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/pipe.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_BYTES 7900
#define N_CHUNKS    4
/* What waits for the sink before. With it not all chunks find room at once. */
#define WAITING_BYTES (10 * 1024)
G_STATIC_ASSERT(N_CHUNKS *CHUNK_BYTES < BNS_CHANNEL_BYTES - 100);
G_STATIC_ASSERT(WAITING_BYTES + (N_CHUNKS - 1) * CHUNK_BYTES > BNS_CHANNEL_BYTES);

/* A pipe, and the peers' naked descriptors. */
typedef struct {
    BnsLoop *loop;
    BnsChannel from, to;
    int source, sink;
    BnsPipe pipe;
} Fixture;

static void
on_ready(void *data)
{
}

/* Returns: the other end. */
static int
channel_open(BnsChannel *channel, BnsLoop *loop)
{
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    *channel = (BnsChannel){ .stream = bns_stream_new(loop, pair[0], on_ready, NULL) };
    bns_stream_want(channel->stream, true, true);
    bns_fd_set_nonblocking(pair[1], true);
    return pair[1];
}

static void
fixture_init(Fixture *f, const char *head)
{
    BnsHttpHead parsed;

    *f = (Fixture){ .loop = bns_loop_new() };
    f->source = channel_open(&f->from, f->loop);
    f->sink = channel_open(&f->to, f->loop);
    g_assert_cmpint(
        bns_http1_parse_response(head, strlen(head), (BnsSlice){ "GET", 3 }, &parsed),
        ==, BNS_PARSE_DONE);
    bns_pipe_init(&f->pipe, &f->from, &f->to, &parsed, parsed.body);
}

static void
fixture_clear(Fixture *f)
{
    bns_pipe_clear(&f->pipe);
    bns_channel_clear(&f->from);
    bns_channel_clear(&f->to);
    bns_fd_clear(&f->source);
    bns_fd_clear(&f->sink);
    bns_loop_turn(f->loop, 0);
    bns_loop_free(f->loop);
}

/* Until the sink's socket takes no more. Returns: how many bytes it has. */
static size_t
fill_sink(Fixture *f)
{
    char block[4096] = { 0 };
    size_t total = 0;
    ssize_t n;

    while ((n = bns_stream_write(f->to.stream, block, sizeof(block))) > 0)
        total += (size_t)n;
    g_assert_cmpint(n, ==, BNS_STREAM_AGAIN);
    return total;
}

static void
read_sink(Fixture *f, GByteArray *out)
{
    guint8 block[4096];
    ssize_t n;

    while ((n = recv(f->sink, block, sizeof(block), 0)) > 0)
        g_byte_array_append(out, block, (guint)n);
    g_assert_cmpint(errno, ==, EAGAIN);
}

static void
send_chunks(Fixture *f)
{
    g_autoptr(GByteArray) body = g_byte_array_new();
    g_autofree char *data = g_strnfill(CHUNK_BYTES, 'x');

    for (int i = 0; i < N_CHUNKS; i++)
        bns_http1_write_chunk(body, (BnsSlice){ data, CHUNK_BYTES });
    bns_http1_write_last_chunk(body, NULL);
    g_assert_cmpint(send(f->source, body->data, body->len, 0), ==, body->len);
}

/* The end of a source comes behind all that it has said, also where that had no room. */
static void
test_end_behind_waiting(void)
{
    g_autoptr(GByteArray) arrived = g_byte_array_new();
    g_autofree char *waiting = g_strnfill(WAITING_BYTES, 'w');
    Fixture f;
    size_t before;

    fixture_init(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    before = fill_sink(&f);
    bns_buffer_append(&f.to.out, waiting, WAITING_BYTES);
    send_chunks(&f);
    bns_loop_turn(f.loop, 0);
    bns_pipe_run(&f.pipe);
    g_assert_cmpuint(bns_buffer_len(&f.from.in), >, 0);
    g_assert_cmpuint(bns_buffer_len(&f.to.out), >=, BNS_CHANNEL_BYTES);

    bns_fd_clear(&f.source);
    read_sink(&f, arrived);
    bns_loop_turn(f.loop, 0);
    bns_pipe_run(&f.pipe);
    g_assert_cmpint(f.pipe.state, ==, BNS_PIPE_DONE);
    g_assert_cmpuint(f.pipe.n_bytes, ==, N_CHUNKS * CHUNK_BYTES);
    read_sink(&f, arrived);
    g_assert_cmpuint(arrived->len, >, before + WAITING_BYTES + N_CHUNKS * CHUNK_BYTES);
    g_assert_cmpmem(arrived->data + arrived->len - 5, 5, "0\r\n\r\n", 5);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/gateway/pipe/an-end-behind-what-had-no-room",
                 test_end_behind_waiting);
    return g_test_run();
}
