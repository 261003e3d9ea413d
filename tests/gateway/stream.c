/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/stream.h"

#include "base/fd.h"
#include "tests/gateway/stream_now.h"
#include "tests/support/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One stream of ours, and the peer's naked descriptor. */
typedef struct {
    BnsLoop *loop;
    BnsStream *stream;
    int peer;
    unsigned calls;
} Fixture;

static void
on_ready(void *data)
{
    ((Fixture *)data)->calls++;
}

static void
fixture_init(Fixture *f)
{
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    *f = (Fixture){ .loop = bns_loop_new(), .peer = pair[1] };
    f->stream = bns_stream_new(f->loop, pair[0], on_ready, f);
}

static void
fixture_clear(Fixture *f)
{
    bns_stream_free(f->stream);
    bns_fd_clear(&f->peer);
    bns_loop_turn(f->loop, 0);
    bns_loop_free(f->loop);
}

/* Runs turns until one calls nothing back; at most @most calls, else it spins. */
static unsigned
count_calls(Fixture *f, unsigned most)
{
    unsigned before;

    f->calls = 0;
    do {
        before = f->calls;
        bns_loop_turn(f->loop, 0);
        g_assert_cmpuint(f->calls, <=, most);
    } while (f->calls != before);
    return f->calls;
}

static void
send_text(int fd, const char *text)
{
    g_assert_cmpint(bns_fd_write_all(fd, text, strlen(text)), ==, 0);
}

static void
test_read(void)
{
    Fixture f;
    char buffer[16];

    fixture_init(&f);
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, BNS_STREAM_AGAIN);
    bns_stream_want(f.stream, true, false);
    g_assert_cmpuint(count_calls(&f, 0), ==, 0);
    send_text(f.peer, "hello");
    bns_loop_turn(f.loop, -1);
    g_assert_cmpuint(f.calls, ==, 1);
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, 5);
    g_assert_cmpmem(buffer, 5, "hello", 5);
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, BNS_STREAM_AGAIN);
    shutdown(f.peer, SHUT_WR);
    bns_loop_turn(f.loop, -1);
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, BNS_STREAM_EOF);
    g_assert_false(bns_stream_hung_up(f.stream));
    /* The other direction goes on. */
    g_assert_cmpint(bns_stream_write(f.stream, "x", 1), ==, 1);
    g_assert_cmpint(read(f.peer, buffer, 16), ==, 1);
    fixture_clear(&f);
}

/* What a read has emptied is not asked again before the loop, or its owner, says so; and
 * what was there beyond a full buffer is. */
static void
test_exhausted(void)
{
    Fixture f;
    char buffer[8];

    fixture_init(&f);
    bns_stream_want(f.stream, true, false);
    send_text(f.peer, "hello");
    g_assert_cmpint(bns_stream_read(f.stream, buffer, 8), ==, 5);
    send_text(f.peer, "0123456789");
    g_assert_cmpint(bns_stream_read(f.stream, buffer, 8), ==, BNS_STREAM_AGAIN);
    bns_loop_turn(f.loop, -1);
    g_assert_cmpint(bns_stream_read(f.stream, buffer, 8), ==, 8);
    g_assert_cmpint(bns_stream_read(f.stream, buffer, 8), ==, 2);
    send_text(f.peer, "x");
    g_assert_cmpint(bns_stream_read(f.stream, buffer, 8), ==, BNS_STREAM_AGAIN);
    g_assert_true(bns_stream_is_silent(f.stream));
    bns_stream_look(f.stream);
    g_assert_false(bns_stream_is_silent(f.stream));
    g_assert_cmpint(bns_stream_read(f.stream, buffer, 8), ==, 1);
    bns_stream_look(f.stream);
    g_assert_true(bns_stream_is_silent(f.stream));
    bns_fd_clear(&f.peer);
    bns_stream_look(f.stream);
    g_assert_false(bns_stream_is_silent(f.stream));
    g_assert_cmpint(bns_stream_read(f.stream, buffer, 8), ==, BNS_STREAM_EOF);
    fixture_clear(&f);
}

/* Bytes that nobody wanted while they came, and the end behind them. */
static void
test_exhausted_and_unwanted(void)
{
    Fixture f;
    char buffer[8];

    fixture_init(&f);
    g_assert_cmpint(bns_stream_read(f.stream, buffer, 8), ==, BNS_STREAM_AGAIN);
    send_text(f.peer, "late");
    g_assert_cmpuint(count_calls(&f, 0), ==, 0);
    bns_fd_clear(&f.peer);
    g_assert_cmpuint(count_calls(&f, 1), ==, 1);
    g_assert_true(bns_stream_hung_up(f.stream));
    g_assert_cmpint(bns_stream_read(f.stream, buffer, 8), ==, 4);
    g_assert_cmpint(bns_stream_read(f.stream, buffer, 8), ==, BNS_STREAM_EOF);
    fixture_clear(&f);
}

static void
test_peek(void)
{
    Fixture f;
    char buffer[BNS_STREAM_PEEK_MAX];

    fixture_init(&f);
    bns_stream_want(f.stream, true, false);
    g_assert_cmpint(peek_now(f.stream, buffer, 8), ==, BNS_STREAM_AGAIN);
    send_text(f.peer, "GE");
    bns_loop_turn(f.loop, -1);
    g_assert_cmpint(peek_now(f.stream, buffer, 8), ==, 2);
    /* What was seen already must not keep the loop busy. */
    g_assert_cmpuint(count_calls(&f, 0), ==, 0);
    send_text(f.peer, "T / HTTP");
    bns_loop_turn(f.loop, -1);
    g_assert_cmpint(peek_now(f.stream, buffer, 8), ==, 8);
    g_assert_cmpmem(buffer, 8, "GET / HT", 8);
    g_assert_cmpint(read_now(f.stream, buffer, 3), ==, 3);
    g_assert_cmpmem(buffer, 3, "GET", 3);
    g_assert_cmpint(peek_now(f.stream, buffer, sizeof(buffer)), ==, 7);
    g_assert_cmpint(read_now(f.stream, buffer, sizeof(buffer)), ==, 7);
    g_assert_cmpmem(buffer, 7, " / HTTP", 7);
    fixture_clear(&f);
}

static void
test_peek_end(void)
{
    Fixture f;
    char buffer[BNS_STREAM_PEEK_MAX];

    fixture_init(&f);
    send_text(f.peer, "G");
    shutdown(f.peer, SHUT_WR);
    g_assert_cmpint(peek_now(f.stream, buffer, 8), ==, 1);
    g_assert_cmpint(peek_now(f.stream, buffer, 8), ==, BNS_STREAM_EOF);
    g_assert_cmpint(read_now(f.stream, buffer, 8), ==, 1);
    g_assert_cmpint(read_now(f.stream, buffer, 8), ==, BNS_STREAM_EOF);
    fixture_clear(&f);
}

/* Peeked bytes are not in the socket: only the stream can tell of them. */
static void
test_peeked_bytes_are_told(void)
{
    Fixture f;
    char buffer[16];

    fixture_init(&f);
    send_text(f.peer, "GET");
    g_assert_cmpint(peek_now(f.stream, buffer, 8), ==, 3);
    bns_stream_want(f.stream, true, false);
    bns_loop_turn(f.loop, 0);
    bns_loop_turn(f.loop, 1000);
    g_assert_cmpuint(f.calls, >=, 1);
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, 3);
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, BNS_STREAM_AGAIN);
    g_assert_cmpuint(count_calls(&f, 0), ==, 0);
    fixture_clear(&f);
}

static void
test_back_pressure(void)
{
    Fixture f;
    char buffer[4096] = { 0 };
    size_t sent = 0;
    size_t received = 0;
    ssize_t n;

    fixture_init(&f);
    while ((n = bns_stream_write(f.stream, buffer, sizeof(buffer))) > 0)
        sent += (size_t)n;
    g_assert_cmpint(n, ==, BNS_STREAM_AGAIN);
    bns_stream_want(f.stream, false, true);
    g_assert_cmpuint(count_calls(&f, 0), ==, 0);
    while (received < sent) {
        n = read(f.peer, buffer, sizeof(buffer));
        g_assert_cmpint(n, >, 0);
        received += (size_t)n;
    }
    bns_loop_turn(f.loop, -1);
    g_assert_cmpuint(f.calls, ==, 1);
    fixture_clear(&f);
}

static void
test_unwanted_bytes(void)
{
    Fixture f;

    fixture_init(&f);
    send_text(f.peer, "hello");
    shutdown(f.peer, SHUT_WR);
    g_assert_cmpuint(count_calls(&f, 0), ==, 0);
    g_assert_false(bns_stream_hung_up(f.stream));
    fixture_clear(&f);
}

static void
test_hang_up(void)
{
    Fixture f;
    char buffer[16];

    fixture_init(&f);
    send_text(f.peer, "last");
    bns_fd_clear(&f.peer);
    g_assert_cmpuint(count_calls(&f, 1), ==, 1);
    g_assert_true(bns_stream_hung_up(f.stream));
    /* Wanted again, it is watched again, and what was sent before can be read. */
    bns_stream_want(f.stream, true, false);
    bns_loop_turn(f.loop, 0);
    g_assert_cmpuint(f.calls, >=, 2);
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, 4);
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, BNS_STREAM_EOF);
    bns_stream_want(f.stream, false, false);
    g_assert_cmpuint(count_calls(&f, 0), ==, 0);
    fixture_clear(&f);
}

/* Between two turns: no event has told of the close when the end is read. */
static void
test_end_by_close(void)
{
    Fixture f;
    char buffer[16];

    fixture_init(&f);
    bns_stream_want(f.stream, true, false);
    send_text(f.peer, "half");
    bns_loop_turn(f.loop, -1);
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, 4);
    bns_fd_clear(&f.peer);
    g_assert_false(bns_stream_hung_up(f.stream));
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, BNS_STREAM_EOF);
    g_assert_true(bns_stream_hung_up(f.stream));
    fixture_clear(&f);
}

static void
test_failed_write(void)
{
    Fixture f;
    char buffer[16];

    fixture_init(&f);
    send_text(f.peer, "413 early");
    bns_fd_clear(&f.peer);
    g_assert_cmpint(bns_stream_write(f.stream, "body", 4), ==, BNS_STREAM_ERROR);
    g_assert_cmpint(bns_stream_errno(f.stream), ==, EPIPE);
    g_assert_cmpstr(bns_stream_error(f.stream), ==, g_strerror(EPIPE));
    g_assert_cmpint(bns_stream_write(f.stream, "body", 4), ==, BNS_STREAM_ERROR);
    g_assert_cmpint(bns_stream_shutdown(f.stream), ==, BNS_STREAM_ERROR);
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, 9);
    fixture_clear(&f);
}

static void
test_shutdown(void)
{
    Fixture f;
    char buffer[16];

    fixture_init(&f);
    g_assert_cmpint(bns_stream_write(f.stream, "bye", 3), ==, 3);
    g_assert_cmpint(bns_stream_shutdown(f.stream), ==, 1);
    g_assert_cmpint(read(f.peer, buffer, 16), ==, 3);
    g_assert_cmpint(read(f.peer, buffer, 16), ==, 0);
    send_text(f.peer, "still");
    g_assert_cmpint(read_now(f.stream, buffer, 16), ==, 5);
    fixture_clear(&f);
}

/* A connected pair of TCP sockets on loopback. */
static void
tcp_pair(int pair[2])
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, len), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &len), ==, 0);
    pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(pair[0], (struct sockaddr *)&address, len), ==, 0);
    pair[1] = accept(listener, NULL, NULL);
    g_assert_cmpint(pair[1], >=, 0);
    bns_fd_clear(&listener);
}

static void
test_tcp_end(gconstpointer data)
{
    bool aborted = GPOINTER_TO_INT(data);
    BnsLoop *loop = bns_loop_new();
    BnsStream *stream;
    char byte;
    int pair[2];

    tcp_pair(pair);
    stream = bns_stream_new(loop, pair[0], on_ready, NULL);
    if (aborted)
        bns_stream_abort(stream);
    bns_stream_free(stream);
    g_assert_cmpint(read(pair[1], &byte, 1), ==, aborted ? -1 : 0);
    if (aborted)
        g_assert_cmpint(errno, ==, ECONNRESET);
    bns_fd_clear(&pair[1]);
    bns_loop_turn(loop, 0);
    bns_loop_free(loop);
}

static void
test_tcp_reset(void)
{
    static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    BnsLoop *loop = bns_loop_new();
    Fixture f = { .loop = loop };
    char byte;
    int pair[2];

    tcp_pair(pair);
    f.stream = bns_stream_new(loop, pair[0], on_ready, &f);
    f.peer = pair[1];
    setsockopt(f.peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    bns_fd_clear(&f.peer);
    bns_loop_turn(loop, -1);
    g_assert_cmpuint(f.calls, ==, 1);
    g_assert_cmpuint(count_calls(&f, 0), ==, 0);
    g_assert_true(bns_stream_hung_up(f.stream));
    g_assert_cmpint(read_now(f.stream, &byte, 1), ==, BNS_STREAM_ERROR);
    g_assert_cmpint(bns_stream_errno(f.stream), ==, ECONNRESET);
    fixture_clear(&f);
}

static void
on_ready_free(void *data)
{
    Fixture *f = data;

    f->calls++;
    g_clear_pointer(&f->stream, bns_stream_free);
}

static void
test_free_in_callback(void)
{
    Fixture f;
    char buffer[8];

    fixture_init(&f);
    send_text(f.peer, "xyz");
    g_assert_cmpint(peek_now(f.stream, buffer, 2), ==, 2);
    bns_stream_set_owner(f.stream, on_ready_free, &f);
    /* Both the socket and the peeked bytes have something to say. */
    bns_stream_want(f.stream, true, true);
    bns_loop_turn(f.loop, 0);
    bns_loop_turn(f.loop, 0);
    g_assert_cmpuint(f.calls, ==, 1);
    g_assert_null(f.stream);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/gateway/stream/reads-until-the-peer-ends", test_read);
    bns_test_add("/gateway/stream/asks-the-kernel-when-told", test_exhausted);
    bns_test_add("/gateway/stream/unwanted-bytes-and-their-end",
                 test_exhausted_and_unwanted);
    bns_test_add("/gateway/stream/peek-consumes-nothing-and-does-not-spin", test_peek);
    bns_test_add("/gateway/stream/peek-tells-an-early-end", test_peek_end);
    bns_test_add("/gateway/stream/peeked-bytes-are-told", test_peeked_bytes_are_told);
    bns_test_add("/gateway/stream/full-socket-says-again", test_back_pressure);
    bns_test_add("/gateway/stream/unwanted-bytes-do-not-spin", test_unwanted_bytes);
    bns_test_add("/gateway/stream/unwanted-hang-up-is-told-once", test_hang_up);
    bns_test_add("/gateway/stream/an-end-by-close-is-a-hang-up", test_end_by_close);
    bns_test_add("/gateway/stream/failed-write-leaves-reading", test_failed_write);
    bns_test_add("/gateway/stream/shutdown-ends-one-direction", test_shutdown);
    bns_test_add_data("/gateway/stream/tcp-free-is-an-end", GINT_TO_POINTER(0),
                      test_tcp_end);
    bns_test_add_data("/gateway/stream/tcp-abort-is-a-reset", GINT_TO_POINTER(1),
                      test_tcp_end);
    bns_test_add("/gateway/stream/tcp-reset-is-told-once", test_tcp_reset);
    bns_test_add("/gateway/stream/callback-may-free-the-stream", test_free_in_callback);
    return g_test_run();
}
