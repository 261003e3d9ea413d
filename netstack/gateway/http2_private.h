/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What http2_link.c (bytes), http2_session.c (nghttp2's callbacks) and http2_end.c
 * (streams) share.
 */
#pragma once

#include "netstack/gateway/http2_budget.h"
#include "netstack/gateway/http2_link.h"
#include "netstack/gateway/http2_memory.h"

struct BnsHttp2Link {
    BnsLoop *loop;                /* borrowed */
    BnsChannel *channel;          /* borrowed */
    BnsHttp2Memory memory;        /* of @session */
    nghttp2_session *session;     /* owned */
    const BnsHttp2Events *events; /* borrowed */
    void *data;
    bool is_server;
    BnsTimer *turn; /* owned */

    GHashTable *ends;        /* owned, of borrowed BnsHttp2End */
    BnsHttp2Fields *section; /* owned: of the header section that arrives, or NULL */
    BnsHttp2Budget budget;
    uint32_t spare_window; /* what is left of BNS_HTTP2_WINDOW_SPARE */

    bool is_greeted;     /* its settings are made, and frames may follow them */
    bool offers_tunnels; /* they, or later ones, have ENABLE_CONNECT_PROTOCOL */
    bool has_settings;   /* the peer's came */

    bool is_over;   /* bns_http2_link_run() says so */
    bool is_left;   /* the peer said GOAWAY */
    bool is_broken; /* no frame can be read or made any more; what is made, goes */
    bool has_moved;
    int rounds_left;   /* of this turn */
    const char *fault; /* static; a broken rule; NULL: none */
    const char *end;   /* static, or the stream's: how it ended without one */
};

/* Ends the connection by GOAWAY with @code. The first @why (static) counts. */
void bns_http2_link_fail(BnsHttp2Link *link, uint32_t code, const char *why);
/* A stream that the peer reset, or made us reset; too many of them are a fault. */
void bns_http2_link_spend_reset(BnsHttp2Link *link);
/* Has the link run in the next turn. */
void bns_http2_link_wake(BnsHttp2Link *link);

/* http2_end.c */

/* Any of the open ends, or %NULL. */
BnsHttp2End *bns_http2_link_any_end(BnsHttp2Link *link);
/* The stream's end, or %NULL: it has none (any more). */
BnsHttp2End *bns_http2_link_find(BnsHttp2Link *link, int32_t id);
/* The link forgets @end, and opens the connection's window for what it did not use. */
void bns_http2_end_detach(BnsHttp2End *end);
/* nghttp2 asks for the next bytes of a body (nghttp2_data_source_read_callback). */
ssize_t bns_http2_end_read(nghttp2_session *session,
                           int32_t id,
                           uint8_t *buffer,
                           size_t size,
                           uint32_t *io_flags,
                           nghttp2_data_source *source,
                           void *data);
