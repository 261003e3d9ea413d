/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a decision to the first byte upstream.
 */
#include "netstack/gateway/exchange.h"

#include "netstack/gateway/flow.h"

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

/* The record comes first: a request of which nothing is known never leaves. */
static void
send_request(BnsExchange *exchange, BnsUpstream *upstream)
{
    BnsChannel *channel = &upstream->channel;

    exchange->upstream = upstream;
    upstream->protocol = BNS_PROTOCOL_HTTP1;
    bns_call_choose(&exchange->call, upstream);
    if (!bns_call_charge_head(&exchange->call)) {
        bns_exchange_exceed(exchange);
        return;
    }
    if (!bns_call_note_request(&exchange->call)) {
        bns_exchange_answer(exchange, 503, "the request could not be recorded", false);
        return;
    }
    bns_call_note_sent(&exchange->call, &upstream->timings);
    put_head(exchange, &channel->out);
    exchange->up.to = channel;
    exchange->up.allowance = &exchange->call.allowance;
    bns_stream_set_owner(channel->stream, on_upstream_ready, exchange);
    bns_flow_enter(exchange->flow, BNS_FLOW_RELAY);
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
             exchange->call.state != BNS_CALL_SENT)
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
