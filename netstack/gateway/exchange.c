/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/exchange.h"

#include "netstack/gateway/flow.h"

BnsExchange *
bns_exchange_new(BnsFlow *flow, const BnsHttpHead *head)
{
    BnsExchange *exchange = g_new0(BnsExchange, 1);
    BnsRequestContext context = {
        .host = bns_flow_host(flow),
        .port = flow->port,
        .is_tls = flow->is_tls,
    };

    exchange->flow = flow;
    bns_call_init(&exchange->call, flow);
    exchange->call.fault = bns_request_read(head, &context, &exchange->call.request);
    bns_pipe_init(&exchange->up, &flow->client, NULL, head, head->body);
    bns_buffer_consume(&flow->client.in, head->head_len);
    return exchange;
}

void
bns_exchange_free(BnsExchange *exchange)
{
    if (exchange == NULL)
        return;
    bns_connect_cancel(exchange->connect);
    bns_exchange_note_end(exchange, "the command broke the request off");
    /* At the session's end nobody hears the response, but a request that has gone is the
     * origin's: a reset would take from it what is on its way there. */
    if (exchange->flow->engine->is_command_gone && exchange->up.state == BNS_PIPE_DONE)
        bns_upstream_free(exchange->upstream);
    else
        bns_upstream_abort(exchange->upstream);
    bns_pipe_clear(&exchange->up);
    bns_pipe_clear(&exchange->down);
    bns_call_clear(&exchange->call);
    g_free(exchange);
}

void
bns_exchange_begin(BnsExchange *exchange)
{
    BnsRefusal refusal = bns_call_judge(&exchange->call);

    if (refusal.status != 0)
        bns_exchange_refuse(exchange, &refusal);
    else
        bns_exchange_acquire(exchange, false);
}

void
bns_exchange_note_end(BnsExchange *exchange, const char *error)
{
    exchange->call.bytes_sent = exchange->up.n_bytes;
    exchange->call.bytes_received = exchange->down.n_bytes;
    bns_call_note_end(&exchange->call, error);
}

/* --- the request's body --- */

/* A request that cannot be read to its end: what went upstream is broken off there. */
static void
on_bad_request_body(BnsExchange *exchange)
{
    const char *error = exchange->up.body.error;

    if (exchange->response != BNS_RESPONSE_AWAITED) {
        bns_exchange_note_end(exchange, error);
        bns_flow_cut(exchange->flow);
        return;
    }
    exchange->call.status = 400;
    bns_exchange_note_end(exchange, error);
    bns_exchange_answer(exchange, 400, error, false);
}

static void
on_cut_request_body(BnsExchange *exchange)
{
    bns_exchange_note_end(exchange, "the command did not end its request");
    bns_flow_cut(exchange->flow);
}

/* Returns: whether something moved. */
static bool
relay_up(BnsExchange *exchange)
{
    BnsPipe *up = &exchange->up;
    bool moved;

    if (up->state != BNS_PIPE_FLOWING || exchange->is_up_over)
        return false;
    moved = bns_pipe_run(up);
    switch (up->state) {
    case BNS_PIPE_FLOWING:
    case BNS_PIPE_DONE:
        break;
    case BNS_PIPE_STUCK:
        /* The origin may have answered before it stopped reading: that comes next. */
        exchange->is_up_over = true;
        break;
    case BNS_PIPE_BAD:
        on_bad_request_body(exchange);
        break;
    case BNS_PIPE_CUT:
        on_cut_request_body(exchange);
        break;
    case BNS_PIPE_OVER:
        bns_exchange_exceed(exchange);
        break;
    }
    return moved;
}

/* --- the response's body --- */

/* An origin that closed in the middle has its bytes passed on first: a reset would
 * overtake them. Whether the command sees by a length or a missing last chunk that they
 * are not all. */
static bool
may_end_in_order(const BnsExchange *exchange)
{
    return exchange->down.state == BNS_PIPE_CUT && exchange->upstream->channel.ended &&
           exchange->down.send_as != BNS_HTTP_BODY_UNTIL_CLOSE;
}

static void
on_broken_response(BnsExchange *exchange)
{
    BnsFlow *flow = exchange->flow;
    BnsRecord record = bns_call_record(&exchange->call, BNS_EVENT_UPSTREAM_ERROR);

    record.error = exchange->down.state == BNS_PIPE_BAD
                       ? exchange->down.body.error
                       : "the upstream ended before its response did";
    bns_engine_note(flow->engine, &record);
    bns_exchange_note_end(exchange, record.error);
    if (may_end_in_order(exchange))
        bns_flow_close(flow);
    else
        bns_flow_cut(flow);
}

static bool
relay_body(BnsExchange *exchange)
{
    bool moved = bns_pipe_run(&exchange->down);

    switch (exchange->down.state) {
    case BNS_PIPE_FLOWING:
        break;
    case BNS_PIPE_DONE:
        exchange->response = BNS_RESPONSE_DONE;
        break;
    case BNS_PIPE_STUCK:
        bns_flow_abandon(exchange->flow);
        break;
    case BNS_PIPE_BAD:
    case BNS_PIPE_CUT:
    case BNS_PIPE_OVER:
        on_broken_response(exchange);
        break;
    }
    return moved;
}

/* Returns: whether something moved. */
static bool
relay_down(BnsExchange *exchange)
{
    BnsBuffer *in = &exchange->upstream->channel.in;
    size_t before = bns_buffer_len(in);

    if (exchange->response == BNS_RESPONSE_AWAITED && !bns_response_await(exchange))
        return exchange->flow->state == BNS_FLOW_RELAY && bns_buffer_len(in) != before;
    if (exchange->response == BNS_RESPONSE_FLOWING)
        return relay_body(exchange);
    return false;
}

/* --- both --- */

/* Both messages are over, or the second can get no further. */
static bool
is_over(const BnsExchange *exchange)
{
    if (exchange->response != BNS_RESPONSE_DONE)
        return false;
    return exchange->up.state == BNS_PIPE_DONE || exchange->is_up_over ||
           !exchange->upstream_keeps_alive ||
           bns_stream_hung_up(exchange->upstream->channel.stream);
}

/* Only a connection on which both messages ended may serve another request. Whatever
 * follows a response is nobody's: such a connection is closed (pool.c). */
static void
finish(BnsExchange *exchange)
{
    BnsFlow *flow = exchange->flow;

    bns_exchange_note_end(exchange, NULL);
    if (exchange->up.state != BNS_PIPE_DONE)
        bns_upstream_abort(g_steal_pointer(&exchange->upstream));
    else if (exchange->upstream_keeps_alive)
        bns_pool_put(flow->engine->pool, g_steal_pointer(&exchange->upstream));
    else
        g_clear_pointer(&exchange->upstream, bns_upstream_free);
    flow->discard_left = BNS_FLOW_DISCARD_BYTES;
    bns_flow_enter(flow, BNS_FLOW_REST);
}

bool
bns_exchange_relay(BnsExchange *exchange)
{
    BnsFlow *flow = exchange->flow;
    BnsPipe *up = &exchange->up;
    BnsPipe *down = &exchange->down;
    bool moved = relay_up(exchange);

    if (flow->state == BNS_FLOW_RELAY)
        moved |= relay_down(exchange);
    if (flow->state != BNS_FLOW_RELAY)
        return true;
    if (bns_stream_hung_up(flow->client.stream)) {
        bns_flow_abandon(flow);
        return true;
    }
    if (is_over(exchange)) {
        finish(exchange);
        return true;
    }
    if (moved)
        bns_flow_touch(flow);
    bns_stream_want(flow->client.stream, up->wants_read && !exchange->is_up_over,
                    down->wants_write);
    bns_stream_want(exchange->upstream->channel.stream, down->wants_read,
                    up->wants_write && !exchange->is_up_over);
    return false;
}

/* A silent client is not the origin's fault. */
void
bns_exchange_time_out(BnsExchange *exchange)
{
    bool is_client_late = exchange->up.wants_read && !exchange->is_up_over;

    if (exchange->response == BNS_RESPONSE_AWAITED && !is_client_late) {
        bns_exchange_fail(exchange, 504, "the upstream did not answer in time", true);
        return;
    }
    bns_exchange_note_end(exchange, is_client_late ? "the command fell silent"
                                                   : "the upstream fell silent");
    bns_flow_cut(exchange->flow);
}
