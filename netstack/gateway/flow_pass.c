/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is passed on as it came: sealed TLS, whose ClientHello was judged and is still
 * unread, and what proved to be neither TLS nor HTTP where the policy lets that pass. All
 * bytes go both ways, the first ones first.
 */
#include "netstack/gateway/flow.h"

static BnsDialTarget
target_of(const BnsFlow *flow)
{
    return (BnsDialTarget){
        .scheme = flow->is_sealed ? BNS_SCHEME_TLS : BNS_SCHEME_TCP,
        .host = *bns_flow_host(flow),
        .port = flow->port,
        .decision = flow->decision,
    };
}

static void
pass_to(BnsFlow *flow, BnsUpstream *upstream)
{
    if (bns_flow_record_open(flow, upstream)) {
        bns_tunnel_begin(flow, upstream, bns_loop_now_us(flow->engine->loop));
    } else {
        bns_upstream_abort(upstream);
        bns_flow_cut(flow);
    }
}

static void
refuse(BnsFlow *flow, const BnsUpstreamFailure *failure)
{
    bns_flow_note_refused(flow, failure->error, failure->rule, NULL);
    if (flow->is_sealed)
        bns_flow_alert(flow, BNS_ALERT_ACCESS_DENIED);
    else
        bns_flow_cut(flow);
}

static void
fail(BnsFlow *flow, const BnsUpstreamFailure *failure)
{
    BnsRecord record = bns_flow_record(flow, BNS_EVENT_UPSTREAM_ERROR);

    record.rule = flow->decision.rule;
    record.error = failure->error;
    bns_engine_note(flow->engine, &record);
    bns_flow_cut(flow);
}

static void
on_connected(BnsUpstream *upstream, BnsUpstreamFailure *failure, void *data)
{
    BnsFlow *flow = data;

    flow->connect = NULL;
    if (failure == NULL)
        pass_to(flow, upstream);
    else if (failure->outcome == BNS_DIAL_GUARDED)
        refuse(flow, failure);
    else
        fail(flow, failure);
    bns_upstream_failure_free(failure);
    bns_flow_run(flow);
}

BnsStep
bns_flow_pass(BnsFlow *flow)
{
    BnsDialTarget target = target_of(flow);
    BnsUpstream *ahead = g_steal_pointer(&flow->ahead);

    if (ahead != NULL && bns_upstream_leads_to(flow->engine, ahead, &target)) {
        pass_to(flow, ahead);
        return BNS_STEP_ON;
    }
    bns_upstream_free(ahead);
    bns_flow_enter(flow, BNS_FLOW_PASS);
    flow->connect = bns_connect_start(flow->engine, &target, on_connected, flow);
    return BNS_STEP_WAIT;
}
