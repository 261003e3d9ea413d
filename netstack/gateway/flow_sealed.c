/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed TLS: the ClientHello's name meets the policy; that name is dialled and all passed on
 * to it (flow_pass.c).
 *
 * What is inside is the origin's and the client's own: a refusal cannot be told by an HTTP
 * status, only by an alert, and a failure upstream only by a broken connection.
 */
#include "netstack/gateway/flow.h"

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

static BnsDecision
decide(const BnsFlow *flow, const BnsClientHello *hello)
{
    const BnsPolicy *policy = flow->engine->policy;
    BnsDecision decision =
        bns_policy_could_allow(policy, BNS_SCHEME_TLS, flow->tls_host.text, flow->port);
    const BnsCap *cap;

    if (bns_decision_passes(&decision) && hello->has_ech)
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
    BnsRecord record;

    flow->is_sealed = true;
    flow->hello = g_memdup2(hello, sizeof(*hello));
    flow->decision = bns_engine_keep(flow->engine, decide(flow, hello));
    record = bns_flow_record_tls(flow);
    if (!bns_engine_record(flow->engine, &record)) {
        bns_flow_cut(flow);
        return BNS_STEP_ON;
    }
    if (!bns_decision_passes(&flow->decision)) {
        bns_flow_alert(flow, BNS_ALERT_ACCESS_DENIED);
        return BNS_STEP_ON;
    }
    /* What was dialled before its first byte was for requests. */
    g_clear_pointer(&flow->ahead, bns_upstream_free);
    return bns_flow_pass(flow);
}
