/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream: the socket's half. TLS is in stream_tls.c.
 *
 * The loop is level-triggered, and so is the owner's view of it: a wanted direction that
 * can go on is reported each turn. Bytes that epoll cannot see, because TLS or a peek
 * has them already, are reported by a timer that fires in the next turn, so that one
 * busy stream never keeps the others waiting.
 *
 * Who reads no more may read again soon (a connection between two requests): what is
 * watched is narrowed only when bytes come that nobody wants.
 */
#include "netstack/gateway/stream_private.h"

#include "base/fd.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what is waited for --- */

static uint32_t
wanted_events(const BnsStream *stream)
{
    uint32_t events = 0;

    if (stream->handshaking)
        return stream->handshake_events;
    if (stream->reading)
        events |= stream->read_needs_write ? EPOLLOUT : EPOLLIN;
    if (stream->writing)
        events |= stream->write_needs_read ? EPOLLIN : EPOLLOUT;
    return events;
}

static bool
has_hidden_bytes(const BnsStream *stream)
{
    if (!stream->reading || stream->drained || stream->handshaking)
        return false;
    return stream->peeked_len > 0 || stream->undelivered ||
           (stream->ssl != NULL && SSL_has_pending(stream->ssl) == 1) ||
           (stream->outer != NULL && SSL_has_pending(stream->outer) == 1);
}

/* Whether the loop tells of what comes. */
static bool
is_watched(const BnsStream *stream)
{
    return stream->watch != NULL && (bns_watch_events(stream->watch) & EPOLLIN) != 0;
}

static void
set_events(BnsStream *stream, uint32_t events)
{
    bns_watch_set_events(stream->watch, events);
    stream->exhausted = stream->exhausted && is_watched(stream);
}

static void
on_events(uint32_t events, void *data)
{
    BnsStream *stream = data;
    uint32_t wanted = wanted_events(stream);

    if (events & (EPOLLHUP | EPOLLERR))
        stream->hung_up = true;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        stream->exhausted = false;
    set_events(stream, wanted);
    /* Before the callback, which may free the stream. */
    bns_stream_update(stream);
    if (stream->hung_up || (events & wanted) != 0)
        stream->on_ready(stream->data);
}

static void
on_again(void *data)
{
    BnsStream *stream = data;

    if (!has_hidden_bytes(stream))
        return;
    bns_stream_update(stream);
    stream->on_ready(stream->data);
}

void
bns_stream_update(BnsStream *stream)
{
    uint32_t events = wanted_events(stream);

    /* EPOLLHUP cannot be masked: told once, the watch has to go. */
    if (events == 0 && stream->hung_up)
        g_clear_pointer(&stream->watch, bns_watch_free);
    else if (stream->watch == NULL)
        stream->watch =
            bns_loop_watch(stream->loop, stream->fd, events, on_events, stream);
    else if (bns_watch_events(stream->watch) != (events | EPOLLIN))
        set_events(stream, events);

    /* A microsecond on is the next turn, never this one again. */
    if (has_hidden_bytes(stream))
        bns_timer_set(stream->again, bns_loop_now_us(stream->loop) + 1);
    else
        bns_timer_set(stream->again, INT64_MAX);
}

/* --- life --- */

BnsStream *
bns_stream_new(BnsLoop *loop, int fd, BnsStreamFunc on_ready, void *data)
{
    BnsStream *stream = g_new0(BnsStream, 1);

    stream->loop = loop;
    stream->fd = fd;
    stream->on_ready = on_ready;
    stream->data = data;
    stream->again = bns_loop_timer(loop, on_again, stream);
    bns_fd_set_nonblocking(fd, true);
    bns_stream_update(stream);
    return stream;
}

void
bns_stream_free(BnsStream *stream)
{
    static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    if (stream == NULL)
        return;
    bns_watch_free(stream->watch);
    bns_timer_free(stream->again);
    SSL_free(stream->ssl);
    SSL_free(stream->outer);
    if (stream->aborted)
        setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    bns_fd_clear(&stream->fd);
    g_free(stream->peeked);
    g_free(stream);
}

void
bns_stream_set_owner(BnsStream *stream, BnsStreamFunc on_ready, void *data)
{
    stream->on_ready = on_ready;
    stream->data = data;
}

void
bns_stream_want(BnsStream *stream, bool reading, bool writing)
{
    if (stream->reading == reading && stream->writing == writing)
        return;
    /* Whoever begins to wait for bytes is told of those that are here already. */
    if (reading && !stream->reading)
        stream->drained = false;
    stream->reading = reading;
    stream->writing = writing;
    bns_stream_update(stream);
}

void
bns_stream_look(BnsStream *stream)
{
    struct pollfd poll_fd = { .fd = stream->fd, .events = POLLIN };

    stream->exhausted =
        is_watched(stream) && !stream->hung_up && poll(&poll_fd, 1, 0) == 0;
}

void
bns_stream_glance(BnsStream *stream)
{
    if (!is_watched(stream) || bns_watch_is_due(stream->watch))
        stream->exhausted = false;
}

bool
bns_stream_is_silent(const BnsStream *stream)
{
    return stream->exhausted && stream->peeked_len == 0 && stream->read_failure == 0 &&
           !stream->undelivered && !stream->read_needs_write && stream->outer == NULL &&
           (stream->ssl == NULL || SSL_has_pending(stream->ssl) == 0);
}

bool
bns_stream_hung_up(const BnsStream *stream)
{
    return stream->hung_up;
}

bool
bns_stream_has_more(const BnsStream *stream)
{
    struct pollfd poll_fd = { .fd = stream->fd, .events = POLLIN };

    if ((wanted_events(stream) & EPOLLIN) == 0)
        return false;
    return has_hidden_bytes(stream) ||
           (poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN) != 0);
}

void
bns_stream_abort(BnsStream *stream)
{
    stream->aborted = true;
}

SSL *
bns_stream_ssl(BnsStream *stream)
{
    return stream->ssl;
}

const char *
bns_stream_error(const BnsStream *stream)
{
    return stream->error;
}

int
bns_stream_errno(const BnsStream *stream)
{
    return stream->error_no;
}

int
bns_stream_fd(const BnsStream *stream)
{
    return stream->fd;
}

uint64_t
bns_stream_unacknowledged(const BnsStream *stream)
{
    int bytes = 0;

    return ioctl(stream->fd, SIOCOUTQ, &bytes) == 0 ? (uint64_t)bytes : 0;
}

ssize_t
bns_stream_fail_errno(BnsStream *stream, int error_no)
{
    stream->error_no = error_no;
    g_strlcpy(stream->error, g_strerror(error_no), sizeof(stream->error));
    return BNS_STREAM_ERROR;
}

/* --- bytes --- */

/* A peer that ended both directions after the last events were fetched must not look like
 * one that ended its own: an RST of the command would become an orderly end upstream. */
static bool
has_hung_up(int fd)
{
    struct pollfd poll_fd = { .fd = fd };

    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & (POLLHUP | POLLERR)) != 0;
}

/* Fewer bytes than there was room for were all (epoll(7)). Who has hung up is not told of
 * again. */
static ssize_t
socket_receive(BnsStream *stream, void *buffer, size_t size)
{
    ssize_t n;

    if (stream->exhausted)
        return -EAGAIN;
    do
        n = recv(stream->fd, buffer, size, 0);
    while (n < 0 && errno == EINTR);
    stream->exhausted = is_watched(stream) && !stream->hung_up &&
                        (n < 0 ? errno == EAGAIN : n > 0 && (size_t)n < size);
    if (n == 0) {
        stream->at_end = true;
        stream->hung_up = stream->hung_up || has_hung_up(stream->fd);
    }
    return n < 0 ? -errno : n;
}

static void
forget_peeked(BnsStream *stream)
{
    g_clear_pointer(&stream->peeked, g_free);
    stream->peeked_size = 0;
    stream->peeked_at = 0;
}

ssize_t
bns_stream_receive(BnsStream *stream, void *buffer, size_t size)
{
    size_t n = MIN(size, stream->peeked_len);

    if (n == 0)
        return socket_receive(stream, buffer, size);
    memcpy(buffer, stream->peeked + stream->peeked_at, n);
    stream->peeked_at += n;
    stream->peeked_len -= n;
    if (stream->peeked_len == 0)
        forget_peeked(stream);
    return (ssize_t)n;
}

ssize_t
bns_stream_send(BnsStream *stream, const void *buffer, size_t len)
{
    ssize_t n;

    do
        n = send(stream->fd, buffer, len,
                 stream->has_more ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* Turns a result of receive or send into one of ours, and remembers a failure. */
static ssize_t
plain_result(BnsStream *stream, ssize_t n, ssize_t *failure)
{
    if (n >= 0)
        return n;
    if (n == -EAGAIN)
        return BNS_STREAM_AGAIN;
    *failure = bns_stream_fail_errno(stream, (int)-n);
    return *failure;
}

/* What is peeked at is mostly one small message: the buffer begins with room for that. */
#define PEEK_CHUNK 2048

/* Returns: where more goes, with room for *@io_size bytes; at least one, at most as many
 * as were asked for. */
static uint8_t *
peek_room(BnsStream *stream, size_t *io_size)
{
    size_t end = stream->peeked_at + stream->peeked_len;

    if (stream->peeked_size == end) {
        stream->peeked_size = MAX(MIN(*io_size, PEEK_CHUNK), end * 2);
        stream->peeked = g_realloc(stream->peeked, stream->peeked_size);
    }
    *io_size = MIN(*io_size, stream->peeked_size - end);
    return stream->peeked + end;
}

/* Reads into our own buffer, since bytes left in the socket would make it readable, and
 * the loop busy, until the rest comes. */
ssize_t
bns_stream_peek(BnsStream *stream, void *buffer, size_t size)
{
    ssize_t n = 1;

    g_return_val_if_fail(stream->ssl == NULL && size > 0, BNS_STREAM_ERROR);
    size = MIN(size, BNS_STREAM_PEEK_MAX);
    if (stream->read_failure != 0)
        return stream->read_failure;
    if (stream->peeked_len < size) {
        size_t room = size - stream->peeked_len;
        uint8_t *end = peek_room(stream, &room);

        n = plain_result(stream, socket_receive(stream, end, room),
                         &stream->read_failure);
        if (n > 0)
            stream->peeked_len += (size_t)n;
        if (stream->peeked_len == 0)
            forget_peeked(stream);
        stream->drained = stream->peeked_len < size;
        bns_stream_update(stream);
    }
    if (n <= 0 && (n != BNS_STREAM_AGAIN || stream->peeked_len == 0))
        return n;
    size = MIN(size, stream->peeked_len);
    if (buffer != NULL)
        memcpy(buffer, stream->peeked + stream->peeked_at, size);
    return (ssize_t)size;
}

const uint8_t *
bns_stream_peeked(const BnsStream *stream, size_t *out_len)
{
    *out_len = stream->peeked_len;
    return stream->peeked + stream->peeked_at;
}

ssize_t
bns_stream_read(BnsStream *stream, void *buffer, size_t size)
{
    ssize_t n;

    g_return_val_if_fail(size > 0, BNS_STREAM_ERROR);
    if (stream->read_failure != 0)
        return stream->read_failure;
    if (stream->ssl != NULL)
        return bns_stream_tls_read(stream, buffer, size);
    n = plain_result(stream, bns_stream_receive(stream, buffer, size),
                     &stream->read_failure);
    stream->drained = n == BNS_STREAM_AGAIN;
    return n;
}

ssize_t
bns_stream_write(BnsStream *stream, const void *buffer, size_t len)
{
    g_return_val_if_fail(len > 0, BNS_STREAM_ERROR);
    if (stream->write_failure != 0)
        return stream->write_failure;
    if (stream->ssl != NULL)
        return bns_stream_tls_write(stream, buffer, len);
    return plain_result(stream, bns_stream_send(stream, buffer, len),
                        &stream->write_failure);
}

ssize_t
bns_stream_shutdown(BnsStream *stream)
{
    ssize_t result = 1;

    if (stream->write_failure != 0)
        return stream->write_failure;
    if (stream->ssl != NULL && !stream->said_close_notify)
        result = bns_stream_tls_close(stream);
    if (result != 1)
        return result;
    if (shutdown(stream->fd, SHUT_WR) < 0)
        return stream->write_failure = bns_stream_fail_errno(stream, errno);
    return 1;
}
