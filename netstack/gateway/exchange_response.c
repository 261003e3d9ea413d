/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The response's head: interim ones, 101, and the final one.
 */
#include "netstack/gateway/flow.h"

/* --- no response --- */

/* A kept connection may have been closed by the origin while the request was on its way.
 * Then, and only if it cannot matter, it is sent once more. */
static bool
may_retry(const BnsExchange *exchange)
{
    return exchange->upstream->is_kept && !exchange->is_retried &&
           exchange->n_interim == 0 &&
           bns_buffer_len(&exchange->upstream->channel.in) == 0 &&
           bns_request_is_repeatable(&exchange->call.request);
}

static void
retry(BnsExchange *exchange)
{
    exchange->is_retried = true;
    exchange->is_up_over = false;
    bns_upstream_abort(g_steal_pointer(&exchange->upstream));
    bns_pipe_rewind(&exchange->up);
    bns_exchange_acquire(exchange, true);
}

/* The stream's end or failure before a whole head. */
static void
on_no_response(BnsExchange *exchange, ssize_t result)
{
    const char *detail = result == BNS_STREAM_ERROR
                             ? bns_upstream_error(&exchange->upstream->channel)
                             : "it closed the connection";
    g_autofree char *error =
        g_strdup_printf("the upstream sent no response: %s", detail);

    if (may_retry(exchange))
        retry(exchange);
    else
        bns_exchange_fail(exchange, 502, error, true);
}

static void
on_bad_response(BnsExchange *exchange, const char *why)
{
    g_autofree char *error =
        g_strdup_printf("the upstream's response is invalid: %s", why);

    bns_exchange_fail(exchange, 502, error, true);
}

/* --- heads --- */

/* HTTP/1.0 has no interim responses. */
static void
pass_interim(BnsExchange *exchange, const BnsHttpHead *head)
{
    BnsFlow *flow = exchange->flow;

    if (++exchange->n_interim > BNS_HTTP_INTERIMS_MAX) {
        on_bad_response(exchange, "too many interim responses");
        return;
    }
    if (head->status == 100)
        exchange->is_continued = true;
    if (exchange->call.request.minor > 0)
        bns_http1_write_response(bns_buffer_tail(&flow->client.out), head,
                                 BNS_HTTP_BODY_NONE, true, false);
    bns_buffer_consume(&exchange->upstream->channel.in, head->head_len);
}

static void
switch_protocols(BnsExchange *exchange, const BnsHttpHead *head)
{
    BnsFlow *flow = exchange->flow;
    const char *why = "101 was not asked for";

    if (exchange->call.request.is_websocket)
        why = bns_websocket_check_response(head, &exchange->call.request.websocket);
    if (why != NULL) {
        on_bad_response(exchange, why);
        return;
    }
    exchange->call.status = 101;
    bns_http1_write_response(bns_buffer_tail(&flow->client.out), head,
                             BNS_HTTP_BODY_NONE, true, true);
    bns_buffer_consume(&exchange->upstream->channel.in, head->head_len);
    bns_tunnel_begin(flow, g_steal_pointer(&exchange->upstream),
                     exchange->call.began_us);
}

/* How the body is sent on: without a length an HTTP/1.1 client needs chunks to see where
 * it ends, and an HTTP/1.0 client needs the connection's end. */
static BnsHttpBodyKind
kind_to_send(const BnsExchange *exchange, const BnsHttpHead *head)
{
    if (head->body == BNS_HTTP_BODY_NONE || head->body == BNS_HTTP_BODY_LENGTH)
        return head->body;
    return exchange->call.request.minor > 0 ? BNS_HTTP_BODY_CHUNKED
                                            : BNS_HTTP_BODY_UNTIL_CLOSE;
}

/* The client waits for 100 and gets something else: it may never send its body, or may
 * have begun to. Both connections end after the response. */
static bool
is_body_uncertain(const BnsExchange *exchange)
{
    return exchange->call.request.expects_continue && !exchange->is_continued &&
           exchange->up.n_bytes == 0 && !exchange->up.is_decoded;
}

static void
pass_final(BnsExchange *exchange, const BnsHttpHead *head)
{
    BnsFlow *flow = exchange->flow;
    BnsChannel *from = &exchange->upstream->channel;
    BnsHttpBodyKind kind = kind_to_send(exchange, head);

    if (is_body_uncertain(exchange))
        exchange->is_up_over = true;
    exchange->call.status = head->status;
    exchange->upstream_keeps_alive = head->keep_alive && !exchange->is_up_over;
    /* If the origin closes before it has the whole request, so do we. */
    flow->keeps_alive = exchange->call.request.keep_alive && !flow->client.ended &&
                        kind != BNS_HTTP_BODY_UNTIL_CLOSE &&
                        (exchange->up.is_decoded || exchange->upstream_keeps_alive);
    bns_http1_write_response(bns_buffer_tail(&flow->client.out), head, kind,
                             flow->keeps_alive, false);
    bns_pipe_init(&exchange->down, from, &flow->client, head, kind);
    bns_buffer_consume(&from->in, head->head_len);
    exchange->response = BNS_RESPONSE_FLOWING;
}

static void
pass_head(BnsExchange *exchange, const BnsHttpHead *head)
{
    exchange->head_seen = 0;
    if (head->status == 101)
        switch_protocols(exchange, head);
    else if (head->status < 200)
        pass_interim(exchange, head);
    else
        pass_final(exchange, head);
}

/* --- the step --- */

static bool
is_awaiting(const BnsExchange *exchange)
{
    return exchange->flow->state == BNS_FLOW_RELAY &&
           exchange->response == BNS_RESPONSE_AWAITED;
}

/* Parses what is there. Returns: whether more bytes are needed. */
static bool
parse(BnsExchange *exchange)
{
    BnsBuffer *in = &exchange->upstream->channel.in;
    BnsSlice method = { exchange->call.request.method,
                        strlen(exchange->call.request.method) };
    BnsHttpHead head;

    if (bns_buffer_len(in) <= exchange->head_seen)
        return true;
    switch (bns_http1_parse_response(bns_buffer_at(in), bns_buffer_len(in), method,
                                     &head)) {
    case BNS_PARSE_DONE:
        pass_head(exchange, &head);
        return false;
    case BNS_PARSE_BAD:
        on_bad_response(exchange, head.error);
        return false;
    case BNS_PARSE_MORE:
        exchange->head_seen = bns_buffer_len(in);
    }
    return true;
}

bool
bns_response_await(BnsExchange *exchange)
{
    exchange->down.wants_read = false;
    exchange->down.wants_write = false;
    while (is_awaiting(exchange)) {
        ssize_t n;

        if (!parse(exchange))
            continue;
        n = bns_channel_fill_line(&exchange->upstream->channel, BNS_HTTP_HEAD_MAX);
        if (bns_buffer_len(&exchange->upstream->channel.in) > 0)
            bns_call_note_first_byte(&exchange->call);
        if (n == BNS_STREAM_AGAIN) {
            exchange->down.wants_read = true;
            break;
        }
        if (n <= 0)
            on_no_response(exchange, n);
    }
    /* Interim responses do not wait for the final one. */
    if (is_awaiting(exchange))
        exchange->down.wants_write =
            bns_channel_flush(&exchange->flow->client) == BNS_STREAM_AGAIN;
    return exchange->flow->state == BNS_FLOW_RELAY &&
           exchange->response != BNS_RESPONSE_AWAITED;
}
