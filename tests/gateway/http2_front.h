/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Front for HTTP/2: a rig, one plain flow with prior knowledge, and one origin, both
 * ends of which are played by the test.
 */
#pragma once

#include "tests/gateway/http2_peer.h"

typedef struct {
    Rig *rig;
    int listener; /* "origin.test" and "other.test", port 80, lead here */
    RigFlow flow;
    RigFlow origin_flow; /* fd -1: nobody was dialled yet */
    Peer client;
    Peer origin;
} Http2Front;

/* @yaml: NULL: allows origin.test, but not below /secret */
void http2_front_init(Http2Front *front, const char *yaml);
void http2_front_clear(Http2Front *front);
/* Accepts what the engine dials, and speaks HTTP/2 on it. */
void http2_front_accept(Http2Front *front);
/* GET @path from origin.test by the client's connection; the origin (accepted if need be)
 * waits until it has come. Returns: the client's stream; *@out_origin: the origin's. */
int32_t http2_front_pass(Http2Front *front, const char *path, int32_t *out_origin);
/* The last stream that the origin has. */
int32_t http2_front_last(const Http2Front *front);
/* The client's connection is ended (ENHANCE_YOUR_CALM), and recorded as refused for @why. */
void http2_front_expect_calm(Http2Front *front, const char *why);
