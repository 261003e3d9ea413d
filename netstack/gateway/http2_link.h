/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link: one HTTP/2 connection (RFC 9113), the command's or one to an origin.
 *
 * How it works: nghttp2 frames and compresses; a link feeds it what its channel reads,
 * writes what it makes, and keeps to the limits. A stream of a link is an *end*; a request
 * on its way is two ends, one on the command's link and one on the origin's, and whoever
 * owns both (http2_stream.h) passes on from one to the other what the events say.
 *
 * Flow control is end to end: a byte that arrived opens its stream's window again only
 * when the other end's frame has taken it. Windows are such that any number of streams
 * that nobody reads hold up neither the others nor more memory than
 * BNS_HTTP2_WAITING_MAX. A stream whose bytes pass at once is given a larger window,
 * as TCP would, from what the connection has to spare.
 *
 * Nothing is read while what was made could not be written: a peer that asks and does not
 * listen waits. Push is off, priorities and Alt-Svc frames are ignored.
 *
 * Events are called from within bns_http2_link_run() only. They may use every function
 * here but _run() and _free() of the same link, and may free the end.
 */
#pragma once

#include "base/loop.h"
#include "netstack/gateway/channel.h"
#include "netstack/gateway/http2_fields.h"

#include <stdbool.h>
#include <stdint.h>

/* Streams at once in a connection: nginx's, Apache's and nghttp2's number; browsers wait
 * for a free one. */
#define BNS_HTTP2_STREAMS_MAX 100
/* RFC 9113's initial window. */
#define BNS_HTTP2_STREAM_WINDOW (64 * 1024 - 1)
/* 100 Mbit/s over 80 ms of round trip. */
#define BNS_HTTP2_STREAM_WINDOW_MAX (1024 * 1024)
/* Lent to streams that need more than the initial window: four of the largest. */
#define BNS_HTTP2_WINDOW_SPARE (4 * BNS_HTTP2_STREAM_WINDOW_MAX)
/* All that can wait in a connection. */
#define BNS_HTTP2_WAITING_MAX                                                          \
    (BNS_HTTP2_STREAMS_MAX * BNS_HTTP2_STREAM_WINDOW + BNS_HTTP2_WINDOW_SPARE)
/* Twice that: nghttp2 opens the window again when half of it was used, so that only the
 * other half is there at any time. */
#define BNS_HTTP2_CONNECTION_WINDOW (2 * BNS_HTTP2_WAITING_MAX)

typedef struct BnsHttp2Link BnsHttp2Link;
typedef struct BnsHttp2End BnsHttp2End;

/**
 * BnsHttp2Ending: what follows when all that waits in an end was sent.
 * @BNS_HTTP2_OPEN: more may come
 * @BNS_HTTP2_LAST: our direction's end
 * @BNS_HTTP2_TRAILERS: the trailers, which are the end
 * @BNS_HTTP2_BREAK: a reset
 */
typedef enum {
    BNS_HTTP2_OPEN,
    BNS_HTTP2_LAST,
    BNS_HTTP2_TRAILERS,
    BNS_HTTP2_BREAK,
} BnsHttp2Ending;

/**
 * BnsHttp2Tunnels: whether the peer takes extended CONNECT (RFC 8441).
 * @BNS_HTTP2_TUNNELS_UNKNOWN: its settings have not come
 */
typedef enum {
    BNS_HTTP2_TUNNELS_UNKNOWN,
    BNS_HTTP2_TUNNELS_NO,
    BNS_HTTP2_TUNNELS_YES,
} BnsHttp2Tunnels;

/* All zero is an end that is not open. Its memory is its owner's. */
struct BnsHttp2End {
    BnsHttp2Link *link; /* borrowed; NULL: not open (any more) */
    int32_t id;
    void *owner;         /* borrowed; for the events */
    BnsHttp2End *source; /* borrowed, nullable: where what waits came from */

    BnsBuffer waiting; /* a body's bytes, to be sent */
    BnsHttp2Ending ending;
    BnsHttp2Fields *trailers; /* owned; TRAILERS */
    uint32_t break_code;      /* BREAK */

    uint32_t unused;   /* bytes that arrived, and whose window is not open again */
    uint32_t window;   /* of what arrives */
    uint32_t in_order; /* bytes that passed since the window was last enlarged */
    bool is_reset;     /* by the peer */
    bool is_sent;      /* our direction's end was */
};

/* What arrived. @fields are given away (transfer full); @is_last: the peer's direction is
 * at its end. */
typedef struct {
    /* A request; the command's link only. bns_http2_link_accept() takes it. */
    void (*on_request)(void *data, int32_t id, BnsHttp2Fields *fields, bool is_last);
    /* One that nghttp2 has refused already; the command's link only. */
    void (*on_malformed)(void *data);
    /* A response's head, an interim one, or trailers of either message. */
    void (*on_fields)(BnsHttp2End *end, BnsHttp2Fields *fields, bool is_last);
    void (*on_data)(BnsHttp2End *end, const uint8_t *bytes, size_t len);
    void (*on_last)(BnsHttp2End *end);
    /* Our direction's end was sent. */
    void (*on_sent)(BnsHttp2End *end);
    /* Closed: both directions are over, or it was reset with @code, or the link is over
     * (@why says how, else %NULL). end->is_reset: by the peer. */
    void (*on_closed)(BnsHttp2End *end, uint32_t code, const char *why);
} BnsHttp2Events;

/**
 * bns_http2_link_new:
 * @channel: borrowed; its stream's owner calls bns_http2_link_run()
 * @is_server: the command's
 * @events, @data: borrowed
 * @on_turn: called with @data when there is something to do that no descriptor tells
 *
 * The command's link is silent, but reads, until bns_http2_link_greet().
 */
BnsHttp2Link *bns_http2_link_new(BnsLoop *loop,
                                 BnsChannel *channel,
                                 bool is_server,
                                 const BnsHttp2Events *events,
                                 BnsLoopFunc on_turn,
                                 void *data);
/* Ends still open are closed without an event. */
void bns_http2_link_free(BnsHttp2Link *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsHttp2Link, bns_http2_link_free)

/* The command's link begins with its settings; @has_tunnels: extended CONNECT is offered.
 * Only the first call counts. */
void bns_http2_link_greet(BnsHttp2Link *link, bool has_tunnels);
/* Offers it from now on, by settings of their own after the greeting. It cannot be taken
 * back (RFC 8441 3). */
void bns_http2_link_offer_tunnels(BnsHttp2Link *link);
/* Whether it was offered. */
bool bns_http2_link_offers_tunnels(const BnsHttp2Link *link);

/* Reads and writes what can be, a turn's fair share. Returns: false if the link is over:
 * on_closed was called for every end, and nothing more comes. */
bool bns_http2_link_run(BnsHttp2Link *link);
/* Says goodbye (GOAWAY) with what can be written at once. For links without open ends. */
void bns_http2_link_leave(BnsHttp2Link *link);

/* Whether a byte was moved since this was last asked. */
bool bns_http2_link_has_moved(BnsHttp2Link *link);
/* Bytes that are not in the socket, and one for frames that can be made. */
uint64_t bns_http2_link_waits(const BnsHttp2Link *link);
unsigned bns_http2_link_n_ends(const BnsHttp2Link *link);
/* Whether the peer takes new streams (no GOAWAY came), and so many at once. */
bool bns_http2_link_is_open(const BnsHttp2Link *link);
unsigned bns_http2_link_room(const BnsHttp2Link *link);
BnsHttp2Tunnels bns_http2_link_tunnels(const BnsHttp2Link *link);
/* (nullable) One sentence, without its final dot, how the peer broke a rule of the
 * connection, for which it was ended. */
const char *bns_http2_link_fault(const BnsHttp2Link *link);

/* --- ends --- */

/* Binds @end to the stream of a request that has just come. */
void bns_http2_link_accept(BnsHttp2Link *link, BnsHttp2End *end, int32_t id);
/* A new stream with a request (nghttp2_nv). @is_last: without a body. Returns: whether
 * there is one. */
bool bns_http2_link_request(BnsHttp2Link *link,
                            BnsHttp2End *end,
                            const GArray *fields,
                            bool is_last);
/* The response to an accepted request. An interim one is never the last. */
void bns_http2_end_respond(BnsHttp2End *end, const GArray *fields, bool is_last);
void bns_http2_end_interim(BnsHttp2End *end, const GArray *fields);

/* Sends body bytes, when the peer's window allows. */
void bns_http2_end_send(BnsHttp2End *end, const void *bytes, size_t len);
/* What follows them. @trailers: (transfer full) (nullable): instead of a plain end. */
void bns_http2_end_finish(BnsHttp2End *end, BnsHttp2Fields *trailers);
/* Instead: a reset. */
void bns_http2_end_break(BnsHttp2End *end, uint32_t code);
/* Resets the stream now. There is no on_closed. */
void bns_http2_end_reset(BnsHttp2End *end, uint32_t code);
/* The same, because the peer broke a rule of the stream: it pays for that. */
void bns_http2_end_refuse(BnsHttp2End *end);
/* Whether our direction's end was sent. */
bool bns_http2_end_is_sent(const BnsHttp2End *end);
/* Opens the window for @len bytes that arrived: they are forgotten. */
void bns_http2_end_forget(BnsHttp2End *end, size_t len);
/* Frees what @end holds; resets it with @code if it is open. */
void bns_http2_end_clear(BnsHttp2End *end, uint32_t code);
