/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchange: one HTTP/1.1 request of a flow (its call, call.h) and its response.
 *
 * In the order of its life: bns_exchange_new() takes a complete head from client.in;
 * bns_exchange_begin() judges it and refuses it or acquires an upstream; then the record
 * http.request is written, and only after that the first byte of the request leaves
 * (other flows go on meanwhile);
 * bns_exchange_relay() moves both messages at the same time until both have ended;
 * http.response is recorded.
 *
 * Early responses: the origin may answer before it has the whole request. Both go on
 * until the origin closes; then the rest of the request is drained. What can no longer
 * be told by a status, a response that breaks off in the middle, is told by breaking the
 * flow off; what could not be sent whole upstream is broken off there by an RST.
 */
#pragma once

#include "netstack/gateway/call.h"
#include "netstack/gateway/pipe.h"
#include "netstack/gateway/upstream.h"

#include <stdbool.h>
#include <stdint.h>

struct BnsFlow;

/**
 * BnsResponseState:
 * @BNS_RESPONSE_AWAITED: no head of a final response yet
 * @BNS_RESPONSE_FLOWING: its head has been passed on, its body is
 * @BNS_RESPONSE_DONE: all of it has
 */
typedef enum {
    BNS_RESPONSE_AWAITED,
    BNS_RESPONSE_FLOWING,
    BNS_RESPONSE_DONE,
} BnsResponseState;

typedef struct {
    struct BnsFlow *flow; /* borrowed */
    BnsCall call;

    BnsConnect *connect;   /* (transfer none); while in DIAL */
    BnsUpstream *upstream; /* owned; from RECORD on */
    bool is_retried;       /* a kept connection had died; this is the second one */

    BnsPipe up;      /* the request's body; its decoder also drains the rest */
    bool is_up_over; /* the origin takes no more of it */

    BnsResponseState response;
    size_t head_seen;   /* bytes of upstream.in that are no whole head yet */
    unsigned n_interim; /* 1xx responses passed on */
    bool is_continued;  /* one of them was 100 (Continue) */
    bool upstream_keeps_alive;
    BnsPipe down; /* the response's body */
} BnsExchange;

/* @head: a request in flow->client.in, which is consumed. */
BnsExchange *bns_exchange_new(struct BnsFlow *flow, const BnsHttpHead *head);
/* Breaks off what is under way and records how the exchange ended. */
void bns_exchange_free(BnsExchange *exchange);

/* Judges and begins: the flow is in DIAL, RECORD or REST afterwards. */
void bns_exchange_begin(BnsExchange *exchange);
/* The step of RELAY. Returns: whether to step on (the flow's state has changed). */
bool bns_exchange_relay(BnsExchange *exchange);

/* As bns_call_note_end(), with what the pipes have moved. */
void bns_exchange_note_end(BnsExchange *exchange, const char *error);

/* The time of RELAY is over. */
void bns_exchange_time_out(BnsExchange *exchange);

/* --- exchange_answer.c --- */

/**
 * bns_exchange_answer:
 * @reason: one sentence, for the person
 *
 * Puts our own response into client.out instead of an origin's, and enters REST. The
 * connection stays usable if the client wants that, @may_keep_alive, and the rest of the
 * request is small. Records nothing.
 */
void bns_exchange_answer(BnsExchange *exchange,
                         uint16_t status,
                         const char *reason,
                         bool may_keep_alive);
/* Records the refusal (http.request, deny) and answers. */
void bns_exchange_refuse(BnsExchange *exchange, const BnsRefusal *refusal);
/* A cap was met: records it, and refuses or, behind the response's beginning, cuts. */
void bns_exchange_exceed(BnsExchange *exchange);
/* The upstream failed before a response: records and answers 502 or 504. @is_news: there
 * is no upstream.error about it yet. */
void bns_exchange_fail(BnsExchange *exchange,
                       uint16_t status,
                       const char *error,
                       bool is_news);
/* A request whose head could not be read: there is no exchange for it. */
void bns_flow_refuse_head(struct BnsFlow *flow, const BnsHttpHead *head);
/* --- exchange_response.c --- */

/* While AWAITED: reads heads from upstream and passes them on. Returns: whether the body
 * may flow now (FLOWING); if not, more bytes are needed, or the flow has left RELAY. */
bool bns_response_await(BnsExchange *exchange);

/* --- exchange_acquire.c --- */

/* Gets an upstream for the decided request: the one made ahead, a pooled one, or a new
 * one (DIAL); then records the request (RECORD) and sends it (RELAY). */
void bns_exchange_acquire(BnsExchange *exchange, bool only_new);
