/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 stream: one request on its way from the command's connection to an origin's, its
 * call (call.h), and its response.
 *
 * In the order of its life: the request's fields are judged; it is refused, or waits for a
 * connection; http.request is recorded (others go on meanwhile), and only then, on the
 * connection that fits best by then, the first byte leaves; both messages
 * move at the same time until both have ended; http.response is recorded. Trailers,
 * interim responses, early responses and resets pass as they come, resets with their code.
 *
 * An extended CONNECT (RFC 8441) is a request like any other, of which the "bodies" are the
 * tunnel once the response is 2xx; only its silence has another limit, limits.idle.
 *
 * A response that cannot be had is answered by us (502, 504) while no part of it was
 * passed on; later the stream is reset, after what came before.
 */
#pragma once

#include "netstack/gateway/call.h"
#include "netstack/gateway/http2_pool.h"
#include "netstack/gateway/http2_server.h"

/* Requests under way on all of the command's connections together; one more is answered
 * by 503. Stalled in both directions, they hold a gibibyte. */
#define BNS_HTTP2_REQUESTS_MAX 8192

/**
 * BnsHttp2StreamState:
 * @BNS_HTTP2_WAITING: for a connection; the request's body waits in origin.waiting
 * @BNS_HTTP2_RECORDING: the same, and http.request is recorded, or about to be: the head
 *                       has been charged
 * @BNS_HTTP2_AWAITED: sent (or being sent); no head of a final response yet
 * @BNS_HTTP2_FLOWING: the response's head has been passed on
 * @BNS_HTTP2_DONE: all of the response has been given to the client's end
 * @BNS_HTTP2_ANSWERED: the answer is ours; what comes of the request is forgotten
 * @BNS_HTTP2_BROKEN: the response broke off in the middle, and is noted; the client's end
 *                    is reset when it has got what came before
 */
typedef enum {
    BNS_HTTP2_WAITING,
    BNS_HTTP2_RECORDING,
    BNS_HTTP2_AWAITED,
    BNS_HTTP2_FLOWING,
    BNS_HTTP2_DONE,
    BNS_HTTP2_ANSWERED,
    BNS_HTTP2_BROKEN,
} BnsHttp2StreamState;

typedef struct {
    BnsHttp2Server *server; /* borrowed */
    BnsCall call;
    BnsHttp2StreamState state;
    BnsHttp2Fields *head; /* owned: the request's, until it cannot be sent again */
    BnsHttp2End client;   /* the command's end: the response waits in it */
    BnsHttp2End origin;   /* the origin's end: the request waits in it */
    BnsHttp2Wait *wait;   /* (transfer none); WAITING, RECORDING */
    BnsTimer *timer;      /* owned: the state's time */
    bool is_request_over; /* the client has sent all of it */
    bool is_up_over;      /* the origin takes no more of it */
    bool is_kept;         /* the connection was there before: it may have been dying */
    bool is_retried;      /* the first connection did not serve it */
    unsigned n_interim;
    size_t interim_size; /* of their fields together */
    size_t discard_left; /* of a request that nobody takes */
} BnsHttp2Stream;

/* A request. @fields: (transfer full) */
void bns_http2_stream_begin(BnsHttp2Server *server,
                            int32_t id,
                            BnsHttp2Fields *fields,
                            bool is_last);
/* Breaks off what is under way and records how it ended. For the server's table. */
void bns_http2_stream_destroy(void *stream);

/* Events of the command's ends. */
void bns_http2_client_fields(BnsHttp2End *end, BnsHttp2Fields *fields, bool is_last);
void bns_http2_client_data(BnsHttp2End *end, const uint8_t *bytes, size_t len);
void bns_http2_client_last(BnsHttp2End *end);
void bns_http2_client_sent(BnsHttp2End *end);
void bns_http2_client_closed(BnsHttp2End *end, uint32_t code, const char *why);

/* http2_response.c: events of the origins' ends. */
extern const BnsHttp2Events bns_http2_origin_events;

/* --- between http2_stream.c, http2_acquire.c, http2_response.c and http2_answer.c --- */

/* The stream's end: http.response is recorded, if there is one to record. @error:
 * (nullable) */
void bns_http2_stream_finish(BnsHttp2Stream *stream, const char *error);
/* Breaks it off in both directions, at whatever stage. @error: for its last record */
void bns_http2_stream_cut(BnsHttp2Stream *stream, const char *error);
/* Its time begins anew: something moved. */
void bns_http2_stream_touch(BnsHttp2Stream *stream);
/* What is still to come of the request is forgotten, and what waits of it. */
void bns_http2_stream_stop_request(BnsHttp2Stream *stream);
/* A cap was met: the request is refused, or broken off. */
void bns_http2_stream_exceed(BnsHttp2Stream *stream);

/* http2_acquire.c */

/* Gets a connection for the decided request: one that is there, or a new one; then records
 * the request (RECORDING) and sends it (AWAITED). */
void bns_http2_stream_acquire(BnsHttp2Stream *stream);
/* Sends the request once more, if that cannot matter: nobody has looked at it
 * (@is_unseen), or it is repeatable and the connection may have been dying when it was
 * sent; and none of its body has gone. Returns: whether it does. */
bool bns_http2_stream_retry(BnsHttp2Stream *stream, bool is_unseen);

/* http2_answer.c */

/* Our own response instead of an origin's. Records nothing. */
void
bns_http2_stream_answer(BnsHttp2Stream *stream, uint16_t status, const char *reason);
/* Records the refusal and answers. */
void bns_http2_stream_refuse(BnsHttp2Stream *stream, const BnsRefusal *refusal);
/* The upstream failed before a response: records and answers. */
void bns_http2_stream_fail(BnsHttp2Stream *stream,
                           uint16_t status,
                           const char *error,
                           bool is_news);
