/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a decision to the first byte upstream.
 */
#include "netstack/gateway/exchange.h"

#include "netstack/gateway/flow.h"

/* While the record is on its way too: that the origin has closed is seen afterwards. */
static void
on_upstream_ready(void *data)
{
    BnsExchange *exchange = data;

    bns_flow_run(exchange->flow);
}

static void
put_head(BnsExchange *exchange, BnsBuffer *out)
{
    const GByteArray *head = exchange->call.request.head;
    g_autoptr(GByteArray) marked = NULL;
    BnsCorrelationMark mark;

    if (bns_call_mark(&exchange->call, &mark))
        head = marked = bns_correlation_mark_http1(head, &mark);
    bns_buffer_append(out, head->data, head->len);
}

static void
begin_relay(BnsExchange *exchange)
{
    BnsChannel *channel = &exchange->upstream->channel;

    bns_call_note_sent(&exchange->call, &exchange->upstream->timings);
    put_head(exchange, &channel->out);
    exchange->up.to = channel;
    exchange->up.allowance = &exchange->call.allowance;
    bns_flow_enter(exchange->flow, BNS_FLOW_RELAY);
}

/* What an idle connection says, 408 or its end, answers no request. */
static void
send_recorded(BnsExchange *exchange)
{
    BnsUpstream *upstream = exchange->upstream;

    if (!upstream->is_kept || bns_upstream_is_quiet(upstream)) {
        begin_relay(exchange);
        return;
    }
    g_clear_pointer(&exchange->upstream, bns_upstream_free);
    bns_exchange_acquire(exchange, false);
}

static void
refuse_unrecorded(BnsExchange *exchange)
{
    bns_exchange_answer(exchange, 503, "the request could not be recorded", false);
}

static void
on_recorded(bool is_recorded, void *data)
{
    BnsExchange *exchange = data;

    if (is_recorded)
        send_recorded(exchange);
    else
        refuse_unrecorded(exchange);
    bns_flow_run(exchange->flow);
}

/* The record comes first: a request of which nothing is known never leaves. */
static void
send_request(BnsExchange *exchange, BnsUpstream *upstream)
{
    exchange->upstream = upstream;
    upstream->protocol = BNS_PROTOCOL_HTTP1;
    bns_call_choose(&exchange->call, upstream);
    if (!bns_call_charge_head(&exchange->call)) {
        bns_exchange_exceed(exchange);
        return;
    }
    bns_stream_set_owner(upstream->channel.stream, on_upstream_ready, exchange);
    switch (bns_call_note_request(&exchange->call, on_recorded, exchange)) {
    case BNS_CALL_SENT:
        send_recorded(exchange);
        break;
    case BNS_CALL_RECORDING:
        bns_flow_enter(exchange->flow, BNS_FLOW_RECORD);
        break;
    case BNS_CALL_NEW:
    case BNS_CALL_ALLOWED:
    case BNS_CALL_OVER:
        refuse_unrecorded(exchange);
        break;
    }
}

/* --- ready ones --- */

static BnsUpstream *
take_ahead(BnsFlow *flow, const BnsDialTarget *target)
{
    if (flow->ahead == NULL || !bns_upstream_fits(flow->engine, flow->ahead, target))
        return NULL;
    if (!bns_upstream_is_quiet(flow->ahead)) {
        g_clear_pointer(&flow->ahead, bns_upstream_free);
        return NULL;
    }
    return g_steal_pointer(&flow->ahead);
}

/* --- new ones --- */

static void
on_connected(BnsUpstream *upstream, BnsUpstreamFailure *failure, void *data)
{
    BnsExchange *exchange = data;
    BnsFlow *flow = exchange->flow;

    exchange->connect = NULL;
    if (upstream != NULL)
        send_request(exchange, upstream);
    else if (failure->outcome == BNS_DIAL_GUARDED &&
             !bns_call_is_noted(&exchange->call))
        bns_exchange_refuse(exchange, &(BnsRefusal){ .status = 403,
                                                     .reason = failure->error,
                                                     .rule = failure->rule });
    else
        bns_exchange_fail(exchange, bns_dial_status(failure->outcome), failure->error,
                          true);
    bns_upstream_failure_free(failure);
    bns_flow_run(flow);
}

void
bns_exchange_acquire(BnsExchange *exchange, bool only_new)
{
    BnsFlow *flow = exchange->flow;
    BnsDialTarget target = bns_call_target(&exchange->call);
    BnsUpstream *upstream = only_new ? NULL : take_ahead(flow, &target);
    BnsUpstreamFailure *failure = bns_flow_take_failure(flow, &target);

    if (upstream == NULL && !only_new)
        upstream = bns_pool_take(flow->engine->pool, &target);
    if (upstream != NULL) {
        send_request(exchange, upstream);
    } else if (failure != NULL) {
        bns_exchange_fail(exchange, bns_dial_status(failure->outcome), failure->error,
                          false);
    } else {
        exchange->connect =
            bns_connect_start(flow->engine, &target, on_connected, exchange);
        bns_flow_enter(flow, BNS_FLOW_DIAL);
    }
    bns_upstream_failure_free(failure);
}
