/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow's TLS handshake with the command.
 *
 * It stands still at the ClientHello, whose verdict is recorded. If some rule could allow a
 * request to that name, the origin is dialled and verified next; what became of it is kept
 * on the flow, and the handshake goes on in any case: a refusal or failure is told by an
 * HTTP status inside, which programs show to people, not by an alert, which they do not.
 */
#include "netstack/gateway/flow.h"

#include "netstack/gateway/hello.h"

/* --- the origin --- */

static BnsProtocols
offers_of(const BnsFlow *flow)
{
    return bns_hello_protocols(bns_stream_ssl(flow->client.stream));
}

/* @protocol: the origin's choice; without one (NONE) what carries our own answer, to as
 * many clients as possible. */
static void
finish_hello(BnsFlow *flow, BnsProtocols protocol)
{
    if (protocol == BNS_PROTOCOL_NONE)
        protocol = offers_of(flow) == BNS_PROTOCOL_HTTP2 ? BNS_PROTOCOL_HTTP2
                                                         : BNS_PROTOCOL_HTTP1;
    bns_hello_answer(bns_stream_ssl(flow->client.stream), flow->tls_host.text,
                     protocol);
    bns_flow_enter(flow, BNS_FLOW_HANDSHAKE);
}

/* The guard's refusal is no failure: a request may come under a rule that lifts it, and
 * another is told 403 (exchange_acquire.c). */
static void
note_failure(BnsFlow *flow, const BnsUpstreamFailure *failure)
{
    BnsRecord record = bns_flow_record(flow, BNS_EVENT_UPSTREAM_ERROR);

    if (failure->outcome == BNS_DIAL_GUARDED)
        return;
    record.error = failure->error;
    bns_engine_note(flow->engine, &record);
}

static void
on_connected(BnsUpstream *upstream, BnsUpstreamFailure *failure, void *data)
{
    BnsFlow *flow = data;
    BnsProtocols protocol = BNS_PROTOCOL_NONE;

    flow->connect = NULL;
    if (upstream != NULL)
        protocol = upstream->protocol;
    if (protocol == BNS_PROTOCOL_HTTP2) {
        upstream->is_kept = true;
        bns_http2_pool_add(flow->engine->http2, g_steal_pointer(&upstream));
    }
    bns_flow_set_ahead(flow, upstream, failure);
    if (failure != NULL)
        note_failure(flow, failure);
    finish_hello(flow, protocol);
    bns_flow_run(flow);
}

/* A connection that serves the flow's requests if they come under the same rule, so that
 * nothing need be dialled. Returns: what it speaks, or NONE. */
static BnsProtocols
find_ready(BnsFlow *flow, const BnsDialTarget *target)
{
    BnsUpstream *upstream;

    if (bns_http2_pool_has(flow->engine->http2, target))
        return BNS_PROTOCOL_HTTP2;
    upstream = bns_pool_take(flow->engine->pool, target);
    if (upstream == NULL)
        return BNS_PROTOCOL_NONE;
    bns_upstream_free(flow->ahead);
    bns_flow_set_ahead(flow, upstream, NULL);
    return upstream->protocol;
}

static void
dial(BnsFlow *flow)
{
    BnsDialTarget target = {
        .scheme = BNS_SCHEME_HTTPS,
        .host = flow->tls_host,
        .port = flow->port,
        .protocols = offers_of(flow),
        .decision = flow->decision,
    };
    BnsProtocols ready = find_ready(flow, &target);
    BnsUpstream *ahead;

    if (ready != BNS_PROTOCOL_NONE) {
        finish_hello(flow, ready);
        return;
    }
    ahead = g_steal_pointer(&flow->ahead);
    if (ahead != NULL && bns_upstream_leads_to(flow->engine, ahead, &target)) {
        flow->connect =
            bns_connect_secure(flow->engine, &target, ahead, on_connected, flow);
        return;
    }
    bns_upstream_free(ahead);
    flow->connect = bns_connect_start(flow->engine, &target, on_connected, flow);
}

/* --- the ClientHello --- */

static BnsDecision
decide(const BnsFlow *flow)
{
    if (bns_policy_is_reserved(flow->engine->policy, flow->tls_host.text, flow->port))
        return (BnsDecision){ .verdict = BNS_VERDICT_DENY,
                              .reason = "the name is reserved for the sandbox itself" };
    return bns_policy_could_allow(flow->engine->policy, BNS_SCHEME_HTTPS,
                                  flow->tls_host.text, flow->port);
}

/* Only what is written is obeyed, and only as far as the policy that is in force by now
 * agrees. */
static void
obey(BnsFlow *flow)
{
    if (bns_decision_passes(&flow->decision))
        flow->decision = bns_engine_keep(flow->engine, decide(flow));
    if (bns_decision_passes(&flow->decision)) {
        dial(flow);
        return;
    }
    g_clear_pointer(&flow->ahead, bns_upstream_free);
    finish_hello(flow, BNS_PROTOCOL_NONE);
}

static void
on_recorded(bool is_written, uint64_t seq, void *data)
{
    BnsFlow *flow = data;

    flow->recording = NULL;
    if (is_written)
        obey(flow);
    else
        bns_flow_cut(flow);
    /* The dial comes first: it begins with the next timers. */
    if (flow->state == BNS_FLOW_HELLO)
        bns_flow_yield(flow);
    else
        bns_flow_run(flow);
}

/* The ClientHello's name decides, also against the name behind the address: it is the
 * one that the client will verify. */
static BnsStep
judge_hello(BnsFlow *flow)
{
    const char *name = bns_hello_name(bns_stream_ssl(flow->client.stream));
    BnsRecord record;

    if (name == NULL || !bns_host_canonical(name, strlen(name), &flow->tls_host))
        flow->tls_host = flow->host;
    flow->decision = bns_engine_keep(flow->engine, decide(flow));
    record = bns_flow_record_tls(flow);
    flow->recording = bns_engine_post(flow->engine, &record, on_recorded, flow);
    if (flow->recording == NULL) {
        bns_flow_cut(flow);
        return BNS_STEP_ON;
    }
    bns_flow_enter(flow, BNS_FLOW_HELLO);
    bns_flow_yield(flow);
    return BNS_STEP_WAIT;
}

/* --- the steps --- */

/* A turn after the ClientHello, or after the origin was dialled: what is waited for takes
 * longer than a leaf, which will be wanted whatever it is. */
BnsStep
bns_flow_hello(BnsFlow *flow)
{
    BnsStep step = bns_flow_await(flow);

    if (step == BNS_STEP_WAIT)
        bns_ca_leaf(flow->engine->ca, flow->tls_host.text, NULL);
    return step;
}

static void
note_error(BnsFlow *flow)
{
    g_autofree char *error = bns_hello_failure(bns_stream_ssl(flow->client.stream));

    bns_flow_note_tls_error(
        flow, error != NULL ? error : bns_stream_error(flow->client.stream));
}

void
bns_flow_hear_out(BnsFlow *flow)
{
    ssize_t n;

    if (flow->state != BNS_FLOW_HANDSHAKE)
        return;
    bns_stream_look(flow->client.stream);
    n = bns_stream_handshake(flow->client.stream);
    if (n == BNS_STREAM_ERROR || n == BNS_STREAM_TRUNCATED)
        note_error(flow);
}

static bool
is_http2(const BnsFlow *flow)
{
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected(bns_stream_ssl(flow->client.stream), &name, &len);
    return bns_protocol_find(name, len) == BNS_PROTOCOL_HTTP2;
}

BnsStep
bns_flow_handshake(BnsFlow *flow)
{
    ssize_t n = bns_stream_handshake(flow->client.stream);

    if (n == BNS_STREAM_AGAIN)
        return BNS_STEP_WAIT;
    if (n == BNS_STREAM_HELLO)
        return judge_hello(flow);
    if (n == 1) {
        if (is_http2(flow))
            bns_flow_begin_streams(flow);
        else
            bns_flow_enter(flow, BNS_FLOW_HEAD);
        return BNS_STEP_ON;
    }
    note_error(flow);
    bns_flow_close(flow);
    return BNS_STEP_ON;
}
