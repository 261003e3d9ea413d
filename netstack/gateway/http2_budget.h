/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budget: what a peer may make an HTTP/2 connection do for nothing (RFC 9113 10.5).
 *
 * Two accounts. Every stream that ends by a reset before its response is complete is taken
 * from the one, whoever reset it: rapid reset (CVE-2023-44487) is the peer's RST_STREAM,
 * MadeYouReset (CVE-2025-8671) is ours that the peer provoked. Every frame that moves
 * nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, RST_STREAM behind a
 * complete response or for a stream that is gone, unknown types) is taken from the other;
 * frames that do move something earn a few of those. Both fill again with time. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* As nghttp2 does since CVE-2023-44487: a browser that leaves a page of a few hundred
 * requests resets them all at once, and not again in the next second. */
#define BNS_HTTP2_RESETS_MAX        1000
#define BNS_HTTP2_RESETS_PER_SECOND 33
/* Beside what frames with content earn: keep-alive pings are one in some seconds. */
#define BNS_HTTP2_IDLE_FRAMES_MAX        1000
#define BNS_HTTP2_IDLE_FRAMES_PER_SECOND 50
/* Go's client updates two windows for each piece that it reads, gRPC's adds a PING that
 * measures and its answer. */
#define BNS_HTTP2_IDLE_FRAMES_EARNED 8

typedef struct {
    double left;
    int64_t as_of_us;
} BnsHttp2Account;

typedef struct {
    BnsHttp2Account resets;
    BnsHttp2Account idle;
} BnsHttp2Budget;

void bns_http2_budget_init(BnsHttp2Budget *budget, int64_t now_us);
/* Returns: whether there was one left. */
bool bns_http2_budget_reset(BnsHttp2Budget *budget, int64_t now_us);
bool bns_http2_budget_idle_frame(BnsHttp2Budget *budget, int64_t now_us);
/* A frame with content came or went. */
void bns_http2_budget_earn(BnsHttp2Budget *budget);
