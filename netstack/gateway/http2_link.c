/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/http2_private.h"

#include "netstack/gateway/upstream.h"

#include <string.h>

/* Rounds of one bns_http2_link_run(): at most 256 KiB, then others have their turn. */
#define ROUNDS_PER_TURN 8

/* --- faults --- */

void
bns_http2_link_fail(BnsHttp2Link *link, uint32_t code, const char *why)
{
    if (link->fault == NULL)
        link->fault = why;
    bns_http2_link_greet(link, false);
    nghttp2_session_terminate_session(link->session, code);
}

/* A library error that leaves no session to go on with. */
static void
fail_library(BnsHttp2Link *link, ssize_t result)
{
    bool is_flood = result == NGHTTP2_ERR_FLOODED ||
                    result == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS ||
                    result == NGHTTP2_ERR_TOO_MANY_SETTINGS;

    bns_http2_link_fail(link,
                        is_flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR,
                        nghttp2_strerror((int)result));
    link->is_broken = true;
}

/* --- bytes --- */

/* Has frames made until enough waits. Returns: whether there may be more. */
static bool
make_frames(BnsHttp2Link *link)
{
    if (!link->is_greeted)
        return false;
    while (bns_buffer_len(&link->channel->out) < BNS_CHANNEL_BYTES) {
        const uint8_t *bytes;
        ssize_t n = nghttp2_session_mem_send(link->session, &bytes);

        if (n < 0)
            link->is_broken = true;
        if (n <= 0)
            return false;
        bns_buffer_append(&link->channel->out, bytes, (size_t)n);
        link->has_moved = true;
    }
    return true;
}

/* Returns: AGAIN, ERROR, or 1: all is written. */
static ssize_t
give(BnsHttp2Link *link)
{
    bool has_more;
    ssize_t n;

    do {
        has_more = make_frames(link);
        n = bns_channel_flush(link->channel);
    } while (n == 1 && has_more && --link->rounds_left > 0);
    return n;
}

static bool
may_read(const BnsHttp2Link *link)
{
    return !link->is_broken && nghttp2_session_want_read(link->session) != 0 &&
           bns_buffer_len(&link->channel->out) < BNS_CHANNEL_BYTES;
}

/* Returns: a count of bytes that were read and understood, or as bns_channel_fill(). */
static ssize_t
take(BnsHttp2Link *link)
{
    BnsBuffer *in = &link->channel->in;
    ssize_t n = 1;

    if (bns_buffer_len(in) == 0)
        n = bns_channel_fill(link->channel, BNS_CHANNEL_BYTES);
    if (n > 0) {
        ssize_t used = nghttp2_session_mem_recv(
            link->session, (const uint8_t *)bns_buffer_at(in), bns_buffer_len(in));

        bns_buffer_consume(in, bns_buffer_len(in));
        link->has_moved = true;
        if (used < 0)
            fail_library(link, used);
    }
    return n;
}

/* The peer takes no more, but what it said before it went can still be read: answers, and
 * a GOAWAY that names what may be sent again. Its end is near: without our window updates
 * a peer can say no more than a window. Returns: as take(). */
static ssize_t
take_rest(BnsHttp2Link *link)
{
    ssize_t n = BNS_STREAM_AGAIN;

    while (!link->is_broken && nghttp2_session_want_read(link->session) != 0 &&
           (n = take(link)) > 0)
        continue;
    return n;
}

/* How a link ended without a fault. */
static const char *
describe_end(const BnsHttp2Link *link, ssize_t result)
{
    if (result == BNS_STREAM_ERROR)
        return nghttp2_session_check_server_session(link->session)
                   ? bns_stream_error(link->channel->stream)
                   : bns_upstream_error(link->channel);
    if (result == BNS_STREAM_TRUNCATED)
        return "TLS ended without close_notify";
    return "the connection was closed";
}

static bool
is_finished(const BnsHttp2Link *link)
{
    return link->is_broken || (nghttp2_session_want_read(link->session) == 0 &&
                               nghttp2_session_want_write(link->session) == 0);
}

/* One round of both directions. Returns: whether the next may bring more; *@out_is_over:
 * nothing ever will. */
static bool
run_round(BnsHttp2Link *link, bool *out_is_over)
{
    ssize_t written = give(link);
    ssize_t read = BNS_STREAM_AGAIN;

    if (written == BNS_STREAM_ERROR)
        read = take_rest(link);
    else if (may_read(link))
        read = take(link);
    if (written == BNS_STREAM_ERROR || (read <= 0 && read != BNS_STREAM_AGAIN)) {
        link->end =
            describe_end(link, read <= 0 && read != BNS_STREAM_AGAIN ? read : written);
        *out_is_over = true;
        return false;
    }
    if (is_finished(link)) {
        /* GOAWAY, as far as the peer takes it. */
        make_frames(link);
        *out_is_over = bns_channel_flush(link->channel) != BNS_STREAM_AGAIN;
        return false;
    }
    return read > 0;
}

static void
close_ends(BnsHttp2Link *link)
{
    const char *why = link->fault != NULL ? link->fault : link->end;
    BnsHttp2End *end;

    link->is_over = true;
    while ((end = bns_http2_link_any_end(link)) != NULL) {
        bns_http2_end_detach(end);
        link->events->on_closed(end, NGHTTP2_INTERNAL_ERROR, why);
    }
}

static void
want(BnsHttp2Link *link)
{
    bool has_out = bns_buffer_len(&link->channel->out) > 0;

    bns_stream_want(link->channel->stream, may_read(link),
                    has_out || (link->is_greeted &&
                                nghttp2_session_want_write(link->session) != 0));
    bns_channel_release(link->channel);
}

bool
bns_http2_link_run(BnsHttp2Link *link)
{
    bool is_over = false;

    link->rounds_left = ROUNDS_PER_TURN;
    while (run_round(link, &is_over) && --link->rounds_left > 0)
        continue;
    if (is_over) {
        bns_stream_want(link->channel->stream, false, false);
        close_ends(link);
        return false;
    }
    want(link);
    return true;
}

void
bns_http2_link_wake(BnsHttp2Link *link)
{
    /* A microsecond on is the next turn, never this one again. */
    bns_timer_set(link->turn, bns_loop_now_us(link->loop) + 1);
}

void
bns_http2_link_leave(BnsHttp2Link *link)
{
    bns_http2_link_greet(link, false);
    nghttp2_session_terminate_session(link->session, NGHTTP2_NO_ERROR);
    make_frames(link);
    bns_channel_flush(link->channel);
}

/* --- what is known --- */

bool
bns_http2_link_has_moved(BnsHttp2Link *link)
{
    bool has_moved = link->has_moved;

    link->has_moved = false;
    return has_moved;
}

uint64_t
bns_http2_link_waits(const BnsHttp2Link *link)
{
    bool has_frames = nghttp2_session_want_write(link->session) != 0;

    return has_frames + bns_buffer_len(&link->channel->out);
}

unsigned
bns_http2_link_n_ends(const BnsHttp2Link *link)
{
    return g_hash_table_size(link->ends);
}

bool
bns_http2_link_is_open(const BnsHttp2Link *link)
{
    return !link->is_over && !link->is_broken && !link->is_left &&
           link->fault == NULL &&
           nghttp2_session_check_request_allowed(link->session) != 0;
}

unsigned
bns_http2_link_room(const BnsHttp2Link *link)
{
    uint32_t max = nghttp2_session_get_remote_settings(
        link->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    unsigned n_ends = bns_http2_link_n_ends(link);

    max = MIN(max, BNS_HTTP2_STREAMS_MAX);
    return max > n_ends ? max - n_ends : 0;
}

bool
bns_http2_link_offers_tunnels(const BnsHttp2Link *link)
{
    return link->offers_tunnels;
}

BnsHttp2Tunnels
bns_http2_link_tunnels(const BnsHttp2Link *link)
{
    if (!link->has_settings)
        return BNS_HTTP2_TUNNELS_UNKNOWN;
    return nghttp2_session_get_remote_settings(
               link->session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) != 0
               ? BNS_HTTP2_TUNNELS_YES
               : BNS_HTTP2_TUNNELS_NO;
}

const char *
bns_http2_link_fault(const BnsHttp2Link *link)
{
    return link->fault;
}
