/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow before its first byte: the offer and the verdict on it.
 */
#include "netstack/gateway/flow.h"

/* --- verdicts --- */

static void
accept_flow(BnsFlow *flow)
{
    bns_flow_enter(flow, BNS_FLOW_ACCEPTED);
    bns_engine_tell(flow->engine, BNS_WIRE_VERDICT, flow->id, BNS_WIRE_ACCEPT);
}

/* Ends the flow with @verdict. */
static void
refuse_flow(BnsFlow *flow, BnsWireVerdict verdict)
{
    bns_engine_tell(flow->engine, BNS_WIRE_VERDICT, flow->id, verdict);
    flow->is_refused = true;
    bns_flow_enter(flow, BNS_FLOW_CLOSED);
}

static void
deny_flow(BnsFlow *flow, const char *reason, const char *rule)
{
    bns_flow_note_refused(flow, reason, rule, NULL);
    refuse_flow(flow, BNS_WIRE_REFUSE);
}

void
bns_flow_refuse(BnsFlow *flow)
{
    g_clear_pointer(&flow->connect, bns_connect_cancel);
    refuse_flow(flow, BNS_WIRE_REFUSE);
}

/* What the command's connect(2) is told when ours has failed. */
static const BnsWireVerdict failure_verdicts[] = {
    [BNS_DIAL_CONNECTED] = BNS_WIRE_REFUSE,
    [BNS_DIAL_GUARDED] = BNS_WIRE_REFUSE,
    [BNS_DIAL_UNRESOLVED] = BNS_WIRE_UNREACHABLE,
    [BNS_DIAL_REFUSED] = BNS_WIRE_REFUSE,
    [BNS_DIAL_UNREACHABLE] = BNS_WIRE_UNREACHABLE,
    [BNS_DIAL_TIMED_OUT] = BNS_WIRE_TIMEOUT,
    [BNS_DIAL_UNTRUSTED] = BNS_WIRE_REFUSE,
    [BNS_DIAL_PROXY] = BNS_WIRE_REFUSE,
};
G_STATIC_ASSERT(G_N_ELEMENTS(failure_verdicts) == BNS_N_DIAL_OUTCOMES);

static void
refuse_failure(BnsFlow *flow, const BnsUpstreamFailure *failure)
{
    BnsRecord record = bns_flow_record(flow, BNS_EVENT_UPSTREAM_ERROR);

    if (failure->outcome == BNS_DIAL_GUARDED) {
        deny_flow(flow, failure->error, failure->rule);
        return;
    }
    record.rule = flow->decision.rule;
    record.error = failure->error;
    bns_engine_note(flow->engine, &record);
    refuse_flow(flow, failure_verdicts[failure->outcome]);
}

/* --- dialled first --- */

static void
on_connected(BnsUpstream *upstream, BnsUpstreamFailure *failure, void *data)
{
    BnsFlow *flow = data;

    flow->connect = NULL;
    if (failure != NULL)
        refuse_failure(flow, failure);
    else if (flow->kind == BNS_FLOW_TCP && !bns_flow_record_open(flow, upstream))
        refuse_flow(flow, BNS_WIRE_REFUSE);
    else
        accept_flow(flow);

    if (flow->state == BNS_FLOW_ACCEPTED) {
        bns_flow_set_ahead(flow, g_steal_pointer(&upstream), NULL);
        flow->began_us = bns_loop_now_us(flow->engine->loop);
    }
    bns_upstream_abort(upstream);
    bns_upstream_failure_free(failure);
    bns_flow_run(flow);
}

static void
dial_first(BnsFlow *flow, const BnsDecision *decision)
{
    /* Plain bytes in either case: TLS, if it is that, begins when the client has shown
     * it (flow_tls.c). */
    BnsDialTarget target = {
        .scheme = flow->kind == BNS_FLOW_TCP ? BNS_SCHEME_TCP : BNS_SCHEME_HTTP,
        .host = flow->host,
        .port = flow->port,
        .decision = bns_engine_keep(flow->engine, *decision),
    };

    flow->decision = target.decision;
    flow->connect = bns_connect_start(flow->engine, &target, on_connected, flow);
}

/* --- the offer --- */

static void
offer(BnsFlow *flow)
{
    const BnsPolicy *policy = flow->engine->policy;
    BnsDecision decision = { .verdict = BNS_VERDICT_DENY,
                             .reason = "no rule allows it" };
    const BnsCap *cap;

    if (bns_policy_is_reserved(policy, flow->host.text, flow->port)) {
        deny_flow(flow, "the name is reserved for the sandbox itself", NULL);
        return;
    }
    flow->kind = bns_policy_flow_kind(policy, flow->host.text, flow->port, &decision);
    cap = flow->kind == BNS_FLOW_TCP
              ? bns_sent_all(flow->engine->sent, flow->host.text, &decision)
              : NULL;
    if (cap != NULL)
        decision = (BnsDecision){ .verdict = BNS_VERDICT_DENY,
                                  .reason = cap->reason,
                                  .rule = cap->rule };
    if (flow->kind == BNS_FLOW_READ)
        accept_flow(flow);
    else if (flow->kind != BNS_FLOW_REFUSE && bns_decision_passes(&decision))
        dial_first(flow, &decision);
    else
        deny_flow(flow, decision.reason, decision.rule);
}

void
bns_flow_offer(BnsFlow *flow)
{
    bns_flow_enter(flow, BNS_FLOW_OFFERED);
    if (flow->has_room)
        offer(flow);
    else
        deny_flow(flow, "too many connections are open (limits.flows)", NULL);
}

static void
on_owner(BnsProcess *process, void *data)
{
    BnsFlow *flow = data;

    flow->query = NULL;
    if (process != NULL)
        flow->process = bns_process_ref(process);
    if (flow->state != BNS_FLOW_ASKED)
        return;
    bns_flow_offer(flow);
    bns_flow_run(flow);
}

void
bns_flow_begin(BnsFlow *flow, const BnsWire *message, bool has_room)
{
    flow->has_room = has_room;
    flow->query = bns_owners_ask(flow->engine->owners, message, on_owner, flow);
    if (flow->query != NULL)
        bns_flow_enter(flow, BNS_FLOW_ASKED);
    else
        bns_flow_offer(flow);
    bns_flow_run(flow);
}

/* --- the stream --- */

static void
on_client_ready(void *data)
{
    bns_flow_run(data);
}

void
bns_flow_stream(BnsFlow *flow, int fd)
{
    flow->client.stream = bns_stream_new(flow->engine->loop, fd, on_client_ready, flow);
    if (flow->kind == BNS_FLOW_TCP)
        bns_tunnel_begin(flow, g_steal_pointer(&flow->ahead), flow->began_us);
    else
        bns_flow_enter(flow, BNS_FLOW_SNIFF);
    bns_flow_run(flow);
}
