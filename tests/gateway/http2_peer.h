/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peer: the other side of one of the engine's HTTP/2 connections, the command's client or
 * an origin, with nghttp2, blocking, in the test's own time.
 *
 * A client checks nothing of what it sends, so that a test may send what is malformed. No
 * window is opened again by itself, and nothing is answered that the test does not answer.
 */
#pragma once

#include "tests/gateway/engine_rig.h"

#include <nghttp2/nghttp2.h>

typedef struct {
    int32_t id;
    GString *head;    /* owned; "name: value\n" of the first final head */
    GString *interim; /* owned; the same of the interim ones */
    GString *trailers;
    GString *body;
    size_t n_body;  /* bytes of it */
    size_t to_pour; /* peer_pour() */
    size_t n_poured;
    bool has_head;
    bool is_ended; /* the peer's direction is */
    bool is_closed;
    uint32_t code; /* is_closed: 0, or that of its reset */
    bool is_reset; /* by an RST_STREAM that came */
} PeerStream;

typedef struct {
    RigFlow *flow; /* borrowed */
    nghttp2_session *session;
    GHashTable *streams; /* owned, id -> owned PeerStream */
    GPtrArray *order; /* owned, of borrowed PeerStream in the order of their coming */
    bool is_server;
    GString *sending; /* of the section that arrives */
    bool has_goaway;
    uint32_t goaway;
    unsigned n_settings;
    unsigned n_acks; /* of PING */
    bool is_over;    /* the connection ended */
} Peer;

void peer_init(Peer *peer, RigFlow *flow, bool is_server);
/* An origin whose first settings offer extended CONNECT. */
void peer_init_offering(Peer *peer, RigFlow *flow);
void peer_clear(Peer *peer);

/* Field lists: "name: value\n" each; a name may begin with a colon. */

/* A request. @body: NULL: none, and the stream ends; "": one will follow. Returns: id. */
int32_t peer_ask(Peer *peer, const char *fields, const char *body);
/* GET with the usual pseudo-headers for https (or http). */
int32_t
peer_get(Peer *peer, const char *scheme, const char *authority, const char *path);
/* A response's head. @is_last: with no body. */
void peer_respond(Peer *peer, int32_t id, const char *fields, bool is_last);
/* A section without more: interim, or trailers (@is_last). */
void peer_fields(Peer *peer, int32_t id, const char *fields, bool is_last);
/* DATA of one frame, in disregard of windows. */
void peer_data(Peer *peer, int32_t id, const void *bytes, size_t len, bool is_last);
/* @len bytes and the end, as the windows allow, whenever the peer is flushed. */
void peer_pour(Peer *peer, int32_t id, size_t len);
void peer_reset(Peer *peer, int32_t id, uint32_t code);
/* Offers extended CONNECT, by settings of their own. */
void peer_offer_tunnels(Peer *peer);
/* A frame with any payload. */
void peer_frame(Peer *peer,
                uint8_t type,
                uint8_t flags,
                int32_t id,
                const void *payload,
                size_t len);
/* @n of them at once. */
void peer_flood(Peer *peer,
                size_t n,
                uint8_t type,
                uint8_t flags,
                int32_t id,
                const void *payload,
                size_t len);
/* Bytes as they are, behind what was made. */
void peer_raw(Peer *peer, const void *bytes, size_t len);

/* Writes what was made. */
void peer_flush(Peer *peer);
/* Flushes, then reads until @condition holds; fails the test if the end comes first. */
void
peer_until(Peer *peer, bool (*condition)(const Peer *peer, int32_t id), int32_t id);
/* Flushes and reads until the connection ends. */
void peer_until_over(Peer *peer);

/* Conditions. */
bool peer_has_head(const Peer *peer, int32_t id);
bool peer_has_body(const Peer *peer, int32_t id);
bool peer_is_ended(const Peer *peer, int32_t id);
bool peer_is_closed(const Peer *peer, int32_t id);
bool peer_has_streams(const Peer *peer, int32_t count);
bool peer_has_settings(const Peer *peer, int32_t count);
bool peer_is_offered_tunnels(const Peer *peer, int32_t any);
bool peer_has_goaway(const Peer *peer, int32_t any);

PeerStream *peer_stream(const Peer *peer, int32_t id);
/* Of the stream's head. Returns: (transfer full) (nullable) */
char *peer_field(const Peer *peer, int32_t id, const char *name);
/* A PING: when its answer has come, all that was said before has been understood. */
void peer_ping(Peer *peer);
