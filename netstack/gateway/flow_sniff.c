/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow's first bytes: TLS, HTTP, or neither; and the upstream that was dialled before
 * them, which must keep quiet until then.
 */
#include "netstack/gateway/flow.h"

#include "netstack/gateway/sniff.h"

/* --- ahead --- */

/* Whether the server has said something before the client did. */
static bool
has_spoken_first(const BnsFlow *flow)
{
    return (flow->state == BNS_FLOW_ACCEPTED || flow->state == BNS_FLOW_SNIFF) &&
           bns_upstream_has_spoken(flow->ahead);
}

/* A server that speaks first does not speak HTTP: what it says is not passed on. One
 * that merely closes is dialled again when a request needs it. What a tcp flow's server
 * does, the tunnel will see. */
static void
on_ahead_ready(void *data)
{
    BnsFlow *flow = data;

    if (flow->kind == BNS_FLOW_TCP || bns_upstream_is_quiet(flow->ahead))
        return;
    if (!has_spoken_first(flow)) {
        g_clear_pointer(&flow->ahead, bns_upstream_free);
        return;
    }
    bns_flow_note_refused(flow, "only HTTP and TLS are allowed to this port", NULL,
                          "the server speaks first: this is neither");
    bns_flow_cut(flow);
    bns_flow_run(flow);
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

/* --- sniff --- */

static BnsStep
refuse_unknown(BnsFlow *flow)
{
    bns_flow_note_refused(flow, "only HTTP and TLS are allowed to this port", NULL,
                          "neither TLS nor HTTP");
    bns_flow_cut(flow);
    return BNS_STEP_ON;
}

BnsStep
bns_flow_sniff(BnsFlow *flow)
{
    uint8_t bytes[BNS_SNIFF_BYTES];
    ssize_t n = bns_stream_peek(flow->client.stream, bytes, sizeof(bytes));

    if (n == BNS_STREAM_AGAIN) {
        bns_stream_want(flow->client.stream, true, false);
        return BNS_STEP_WAIT;
    }
    if (n <= 0) {
        bns_flow_close(flow);
        return BNS_STEP_ON;
    }
    switch (bns_sniff(bytes, (size_t)n)) {
    case BNS_SNIFF_MORE:
        bns_stream_want(flow->client.stream, true, false);
        return BNS_STEP_WAIT;
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
    return refuse_unknown(flow);
}
