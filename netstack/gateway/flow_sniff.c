/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow's first bytes: TLS, HTTP, or neither; and the upstream that was dialled before
 * them, whose server must keep quiet until then if they are to be read.
 *
 * What is neither is opaque, and needs what lets that pass: a rule would have made it so
 * before its first byte, so only a policy that observes does. It is then passed on as it
 * came.
 */
#include "netstack/gateway/flow.h"

#include "netstack/gateway/sniff.h"

/* Where the policy observes: a client that has begun and waits for an answer is not HTTP,
 * whose methods come in one packet. */
#define BEGUN_TIMEOUT_US (3 * G_USEC_PER_SEC)

#define SERVER_FIRST "the server speaks first: this is neither"

/* --- neither --- */

static BnsDecision
decide_opaque(const BnsFlow *flow)
{
    return bns_policy_decide_tcp(flow->engine->policy, flow->host.text, flow->port);
}

static bool
may_be_opaque(const BnsFlow *flow)
{
    BnsDecision decision = decide_opaque(flow);

    return bns_decision_passes(&decision);
}

/* @what was seen instead of TLS and HTTP. */
static BnsStep
end_reading(BnsFlow *flow, const char *what)
{
    BnsDecision decision = decide_opaque(flow);

    if (!bns_decision_passes(&decision)) {
        bns_flow_note_refused(flow, "only HTTP and TLS are allowed to this port", NULL,
                              what);
        bns_flow_cut(flow);
        return BNS_STEP_ON;
    }
    flow->kind = BNS_FLOW_TCP;
    flow->decision = bns_engine_keep(flow->engine, decision);
    return bns_flow_pass(flow);
}

/* --- ahead --- */

/* Before its client has spoken: what that means the next step knows. Who has no stream yet
 * to be told on is refused at once. */
static void
look_at_server(BnsFlow *flow)
{
    if (flow->state == BNS_FLOW_ACCEPTED && bns_upstream_has_spoken(flow->ahead) &&
        !may_be_opaque(flow))
        end_reading(flow, SERVER_FIRST);
    else if (flow->state == BNS_FLOW_ACCEPTED)
        bns_stream_want(flow->ahead->channel.stream, false, false);
    bns_flow_run(flow);
}

/* Later one that is not quiet is of no use: it is dialled again when a request needs it.
 * What a tcp flow's server does, the tunnel will see. */
static void
on_ahead_ready(void *data)
{
    BnsFlow *flow = data;

    if (flow->kind == BNS_FLOW_TCP || bns_upstream_is_quiet(flow->ahead))
        return;
    if (flow->state == BNS_FLOW_ACCEPTED || flow->state == BNS_FLOW_SNIFF)
        look_at_server(flow);
    else
        g_clear_pointer(&flow->ahead, bns_upstream_free);
}

void
bns_flow_set_ahead(BnsFlow *flow, BnsUpstream *upstream, BnsUpstreamFailure *failure)
{
    flow->ahead = upstream;
    flow->failure = failure;
    if (upstream == NULL)
        return;
    upstream->is_kept = true;
    bns_stream_set_owner(upstream->channel.stream, on_ahead_ready, flow);
    /* A tcp flow's server may speak first: its bytes wait for the stream. */
    bns_stream_want(upstream->channel.stream, flow->kind != BNS_FLOW_TCP, false);
}

BnsUpstreamFailure *
bns_flow_take_failure(BnsFlow *flow, const BnsDialTarget *target)
{
    BnsUpstreamFailure *failure = g_steal_pointer(&flow->failure);

    if (failure != NULL &&
        (failure->outcome == BNS_DIAL_GUARDED ||
         !bns_identity_equal(failure->identity, target->decision.identity)))
        g_clear_pointer(&failure, bns_upstream_failure_free);
    return failure;
}

/* --- the client --- */

/* A client that says nothing yet, or has ended without a word. Whom it may have been for is
 * known only where it was dialled. */
static BnsStep
await_first(BnsFlow *flow, bool has_ended)
{
    bool is_dialled = flow->ahead != NULL;
    bool is_over = is_dialled && !bns_upstream_is_quiet(flow->ahead);

    if ((is_over || (has_ended && is_dialled)) && may_be_opaque(flow))
        return end_reading(flow, NULL);
    if (is_over)
        g_clear_pointer(&flow->ahead, bns_upstream_free);
    if (has_ended) {
        bns_flow_close(flow);
        return BNS_STEP_ON;
    }
    bns_stream_want(flow->client.stream, true, false);
    return BNS_STEP_WAIT;
}

static BnsStep
await_more(BnsFlow *flow)
{
    if (may_be_opaque(flow))
        bns_timer_set(flow->timer,
                      bns_loop_now_us(flow->engine->loop) + BEGUN_TIMEOUT_US);
    bns_stream_want(flow->client.stream, true, false);
    return BNS_STEP_WAIT;
}

void
bns_flow_sniff_time_out(BnsFlow *flow)
{
    uint8_t byte;
    bool has_begun = bns_stream_peek(flow->client.stream, &byte, 1) > 0;

    if ((has_begun || flow->ahead != NULL) && may_be_opaque(flow))
        end_reading(flow, NULL);
    else
        bns_flow_close(flow);
}

void
bns_flow_sniff_end(BnsFlow *flow)
{
    if (flow->state == BNS_FLOW_SNIFF && flow->ahead != NULL && may_be_opaque(flow))
        end_reading(flow, NULL);
}

/* --- sniff --- */

BnsStep
bns_flow_sniff(BnsFlow *flow)
{
    uint8_t bytes[BNS_SNIFF_BYTES];
    ssize_t n;

    /* What it says is not passed on as if it were an answer. */
    if (flow->ahead != NULL && bns_upstream_has_spoken(flow->ahead))
        return end_reading(flow, SERVER_FIRST);
    n = bns_stream_peek(flow->client.stream, bytes, sizeof(bytes));
    if (n <= 0)
        return await_first(flow, n != BNS_STREAM_AGAIN);
    switch (bns_sniff(bytes, (size_t)n)) {
    case BNS_SNIFF_MORE:
        return await_more(flow);
    case BNS_SNIFF_TLS:
        flow->is_tls = true;
        flow->tls_host = flow->host;
        bns_flow_enter(flow, BNS_FLOW_OPENING);
        return BNS_STEP_ON;
    case BNS_SNIFF_HTTP2:
        bns_flow_begin_streams(flow);
        return BNS_STEP_ON;
    case BNS_SNIFF_HTTP:
        bns_flow_enter(flow, BNS_FLOW_HEAD);
        return BNS_STEP_ON;
    case BNS_SNIFF_UNKNOWN:
        break;
    }
    return end_reading(flow, "neither TLS nor HTTP");
}
