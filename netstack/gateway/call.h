/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call: one request from its decision to its last record, whatever carries it.
 *
 * HTTP/1.1's exchange and HTTP/2's stream move bytes in their own ways; what is asked of
 * the policy, what is dialled, what is recorded and what a person is told is the same, and
 * is here.
 *
 * A request that was allowed but could not be sent has upstream.error, and an
 * http.request with its decision, the status that we answered (502, 504) and the
 * error, but no http.response; one that the command gave up before it was sent has the
 * same http.request without a status. One that is refused, by the address guard too, is an
 * http.request with deny and the status that was answered. What passes only because the
 * policy observes is would_deny, and else as what is allowed.
 */
#pragma once

#include "audit/post.h"
#include "audit/record.h"
#include "netstack/gateway/allowance.h"
#include "netstack/gateway/block.h"
#include "netstack/gateway/correlation.h"
#include "netstack/gateway/dial.h"
#include "netstack/gateway/request.h"
#include "netstack/gateway/upstream.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct BnsFlow;

/* Without a byte in either direction: a model may think for minutes before it speaks. */
#define BNS_CALL_SILENCE_US (10 * 60 * G_USEC_PER_SEC)
/* For a small rest of a request that was answered, on its way already. */
#define BNS_CALL_REST_US (2 * G_USEC_PER_SEC)

/**
 * BnsCallState:
 * @BNS_CALL_NEW: not judged
 * @BNS_CALL_ALLOWED: it waits for an upstream; nothing is recorded, so it must not leave
 * @BNS_CALL_RECORDING: http.request is on its way to the recorder: nothing may leave yet,
 *                      but it is as good as recorded
 * @BNS_CALL_SENT: it was recorded: bytes may have left
 * @BNS_CALL_OVER: its last record was written
 */
typedef enum {
    BNS_CALL_NEW,
    BNS_CALL_ALLOWED,
    BNS_CALL_RECORDING,
    BNS_CALL_SENT,
    BNS_CALL_OVER,
} BnsCallState;

/* @is_recorded: the request may leave; if not, the engine has failed. */
typedef void BnsCallRecorded(bool is_recorded, void *data);

typedef struct {
    struct BnsFlow *flow; /* borrowed */
    uint64_t number;      /* from 1 in its flow */
    BnsHttpRequest request;
    BnsRequestFault fault;
    BnsDecision decision;
    BnsAllowance allowance; /* of what is allowed */
    int64_t began_us;
    int64_t sent_us;        /* when its first byte was about to leave */
    uint64_t first_byte_us; /* from there to the response's; 0: none came */
    BnsTimings timings;     /* of the connection that was made for it, if one was */
    char addr[INET6_ADDRSTRLEN]; /* that it is sent to; "" before */
    BnsCallState state;
    BnsPostWait *wait;            /* (transfer none); RECORDING */
    BnsCallRecorded *on_recorded; /* RECORDING */
    void *data;                   /* of it */
    uint64_t seq;                 /* SENT: of its http.request, in the audit's file */
    uint16_t status;
    uint64_t bytes_sent; /* of the bodies, for http.response */
    uint64_t bytes_received;
} BnsCall;

/* Why a request is answered by us: 400, 403, 421, ... */
typedef struct {
    uint16_t status;    /* 0: it is not */
    const char *reason; /* one sentence without its final dot */
    const char *rule;   /* (nullable) */
} BnsRefusal;

/* The flow's next call. Its request and fault are set by the caller. */
void bns_call_init(BnsCall *call, struct BnsFlow *flow);
void bns_call_clear(BnsCall *call);

/* Asks the policy, unless the request has a fault. call->decision is set. A request that
 * says that it is larger than a cap is refused at once. */
BnsRefusal bns_call_judge(BnsCall *call);
/* Counts the head, which is about to leave. Returns: whether it may. */
bool bns_call_charge_head(BnsCall *call);
/* What is said where a cap was met. */
BnsRefusal bns_call_exceeded(const BnsCall *call);
/* Whom to dial for it. */
BnsDialTarget bns_call_target(const BnsCall *call);

/* A record of @event with what is known of flow and request. */
BnsRecord bns_call_record(const BnsCall *call, BnsEvent event);
/* It goes to @upstream, whose address may be one that deny rules name: so call->addr and
 * call->decision. */
void bns_call_choose(BnsCall *call, const BnsUpstream *upstream);
/**
 * bns_call_note_request:
 *
 * http.request, allow or would_deny: the request goes to call->addr. Once: a second
 * connection for the same request needs no second record. Only when it is recorded may a
 * byte of the request leave.
 *
 * Returns: SENT, it may leave now; RECORDING, @func will say so, from the loop, unless
 * the call is over before; or OVER, it cannot be recorded.
 */
BnsCallState bns_call_note_request(BnsCall *call, BnsCallRecorded *func, void *data);
/* Whether there is an http.request of what passes, or will be: what comes now is told by
 * its http.response. */
bool bns_call_is_noted(const BnsCall *call);
/* Whether the host is to be told of the session; if so, what. The request is recorded. */
bool bns_call_mark(const BnsCall *call, BnsCorrelationMark *out_mark);
/* The request begins to leave on a connection whose making took @io_timings, which are
 * told once: they are 0 afterwards. */
void bns_call_note_sent(BnsCall *call, BnsTimings *io_timings);
/* Something has come back. Any further call changes nothing. */
void bns_call_note_first_byte(BnsCall *call);
/* http.request, deny. */
void bns_call_note_refusal(BnsCall *call, const BnsRefusal *refusal);
/* The upstream failed before a response: upstream.error, and what @status the client is
 * told. @is_news: there is no upstream.error about it yet. */
void
bns_call_note_failure(BnsCall *call, uint16_t status, const char *error, bool is_news);
/* An allowed request is over: http.response if its http.request was recorded, or is about
 * to be, else http.request, that it was not sent. Once: any further call changes nothing.
 * @error: (nullable) if it was sent */
void bns_call_note_end(BnsCall *call, const char *error);

/* What to ask the user for, if it is only that no rule allows it. Returns:
 * (transfer full) (nullable) */
char *bns_call_suggest(const BnsCall *call, uint16_t status);
/* Our answer. It borrows from @call, @reason and @suggestion (nullable). */
BnsBlock bns_call_block(const BnsCall *call,
                        uint16_t status,
                        const char *reason,
                        const char *suggestion);
