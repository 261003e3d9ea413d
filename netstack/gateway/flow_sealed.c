/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed TLS: the ClientHello's name meets the policy, that name is dialled, and all bytes,
 * the ClientHello's first, are passed on as they came.
 *
 * What is inside is the origin's and the client's own: a refusal cannot be told by an HTTP
 * status, only by an alert, and a failure upstream only by a broken connection.
 */
#include "netstack/gateway/flow.h"

/* RFC 8446, 6.2 */
#define ALERT_ACCESS_DENIED 49

/* The inner ClientHello may ask the same server for any of its other hosts. Clients that
 * have no key for it send one of random bytes (GREASE) that nobody can tell from a real
 * one, so both are refused. */
#define REASON_ECH                                                                     \
    "the ClientHello hides another in it (ECH), whose name cannot be checked in a "    \
    "flow that is not inspected"

void
bns_flow_alert(BnsFlow *flow, uint8_t alert)
{
    /* Type, version, length; fatal (RFC 8446, 5.1 and 6). */
    const uint8_t record[] = { 21, 3, 3, 0, 2, 2, alert };

    bns_buffer_append(&flow->client.out, record, sizeof(record));
    bns_flow_close(flow);
}

/* --- the origin --- */

static void
fail(BnsFlow *flow, const BnsUpstreamFailure *failure)
{
    BnsRecord record;

    if (failure->outcome == BNS_DIAL_GUARDED) {
        bns_flow_note_refused(flow, failure->error, failure->rule, NULL);
        bns_flow_alert(flow, ALERT_ACCESS_DENIED);
        return;
    }
    record = bns_flow_record(flow, BNS_EVENT_UPSTREAM_ERROR);
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
    if (failure != NULL) {
        fail(flow, failure);
    } else if (bns_flow_record_open(flow, upstream)) {
        bns_tunnel_begin(flow, upstream, bns_loop_now_us(flow->engine->loop));
    } else {
        bns_upstream_abort(upstream);
        bns_flow_cut(flow);
    }
    bns_upstream_failure_free(failure);
    bns_flow_run(flow);
}

static void
dial(BnsFlow *flow)
{
    BnsDialTarget target = {
        .scheme = BNS_SCHEME_TLS,
        .host = flow->tls_host,
        .port = flow->port,
        .decision = flow->decision,
    };

    bns_flow_enter(flow, BNS_FLOW_SEALED);
    flow->connect = bns_connect_start(flow->engine, &target, on_connected, flow);
}

/* --- the ClientHello --- */

static BnsDecision
decide(const BnsFlow *flow, const BnsClientHello *hello)
{
    const BnsPolicy *policy = flow->engine->policy;
    BnsDecision decision =
        bns_policy_could_allow(policy, BNS_SCHEME_TLS, flow->tls_host.text, flow->port);
    const BnsCap *cap;

    if (decision.verdict == BNS_VERDICT_ALLOW && hello->has_ech)
        return (BnsDecision){ .verdict = BNS_VERDICT_DENY, .reason = REASON_ECH };
    cap = bns_sent_all(flow->engine->sent, flow->tls_host.text, &decision);
    if (cap != NULL)
        return (BnsDecision){ .verdict = BNS_VERDICT_DENY,
                              .reason = cap->reason,
                              .rule = cap->rule };
    return decision;
}

BnsStep
bns_flow_seal(BnsFlow *flow, const BnsClientHello *hello)
{
    flow->is_sealed = true;
    flow->hello = g_memdup2(hello, sizeof(*hello));
    flow->decision = bns_engine_keep(flow->engine, decide(flow, hello));
    if (!bns_flow_record_tls(flow, &flow->decision)) {
        bns_flow_cut(flow);
        return BNS_STEP_ON;
    }
    if (flow->decision.verdict != BNS_VERDICT_ALLOW) {
        bns_flow_alert(flow, ALERT_ACCESS_DENIED);
        return BNS_STEP_ON;
    }
    dial(flow);
    return BNS_STEP_WAIT;
}
