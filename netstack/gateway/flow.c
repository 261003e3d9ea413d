/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/flow.h"

#include "base/debug.h"
#include "base/owner.h"

#include <string.h>

/* Every state: its name, its step, and how long it may last without bns_flow_touch(). */
typedef struct {
    const char *name;
    BnsStep (*step)(BnsFlow *flow);
    void (*on_timeout)(BnsFlow *flow);
    int64_t timeout_us; /* 0: what it waits for has a time limit of its own; -1:
                         * limits.idle */
} StateRow;

/* Much longer than the finder takes for a process that it knows. */
#define ASKED_TIMEOUT_US BNS_OWNER_BUDGET_US
/* netstack gives the command's handshake up after 75 s, as Linux does. */
#define ACCEPTED_TIMEOUT_US (90 * G_USEC_PER_SEC)
/* TLS and HTTP clients speak first. One that opens a hundred connections before it reads
 * its trust store for each (curl -Z) is silent for seconds on a busy machine. */
#define SNIFF_TIMEOUT_US (60 * G_USEC_PER_SEC)
/* The round trips are short, but curl -Z is silent here too, while it reads the trust
 * store for each of its other connections. */
#define HANDSHAKE_TIMEOUT_US (60 * G_USEC_PER_SEC)
/* Between requests. Agents keep connections of their pools for minutes. */
#define IDLE_TIMEOUT_US (5 * 60 * G_USEC_PER_SEC)
/* As limits.idle says (policy/policy.h). */
#define TUNNEL_TIMEOUT_US (-1)
/* The time that the command has to read our last bytes and to close. */
#define LINGER_TIMEOUT_US (10 * G_USEC_PER_SEC)
/* netstack answers at once. */
#define RESET_TIMEOUT_US (2 * G_USEC_PER_SEC)

/* One request takes four or five; a client that pipelines them without end, and without
 * waiting, takes turns with the others. */
#define STEPS_PER_TURN 64

static void
end(BnsFlow *flow)
{
    bns_flow_enter(flow, BNS_FLOW_CLOSED);
}

static void
time_out_handshake(BnsFlow *flow)
{
    bns_flow_note_tls_error(flow, "the client's TLS handshake took too long");
    end(flow);
}

static void
time_out_relay(BnsFlow *flow)
{
    bns_exchange_time_out(flow->exchange);
}

static void
time_out_tunnel(BnsFlow *flow)
{
    flow->tunnel->error = "nothing was said for too long";
    bns_flow_cut(flow);
}

static BnsStep
relay(BnsFlow *flow)
{
    return bns_exchange_relay(flow->exchange) ? BNS_STEP_ON : BNS_STEP_WAIT;
}

/* States in which only another's answer can help. A client that hung up is no longer
 * interested in it; one that only ended its direction may be. */
BnsStep
bns_flow_await(BnsFlow *flow)
{
    if (flow->client.stream == NULL || !bns_stream_hung_up(flow->client.stream))
        return BNS_STEP_WAIT;
    bns_flow_abandon(flow);
    return BNS_STEP_ON;
}

/* What the client says on meanwhile waits in its socket. */
static BnsStep
await_unread(BnsFlow *flow)
{
    bns_stream_want(flow->client.stream, false, false);
    return bns_flow_await(flow);
}

static const StateRow rows[] = {
    [BNS_FLOW_ASKED] = { "asked", bns_flow_await, bns_flow_offer, ASKED_TIMEOUT_US },
    [BNS_FLOW_OFFERED] = { "offered", bns_flow_await, NULL, 0 },
    [BNS_FLOW_ACCEPTED] = { "accepted", bns_flow_await, end, ACCEPTED_TIMEOUT_US },
    [BNS_FLOW_SNIFF] = { "sniff", bns_flow_sniff, bns_flow_sniff_time_out,
                         SNIFF_TIMEOUT_US },
    [BNS_FLOW_OPENING] = { "opening", bns_flow_opening, time_out_handshake,
                           HANDSHAKE_TIMEOUT_US },
    [BNS_FLOW_PASS] = { "pass", bns_flow_await, NULL, 0 },
    [BNS_FLOW_HANDSHAKE] = { "handshake", bns_flow_handshake, time_out_handshake,
                             HANDSHAKE_TIMEOUT_US },
    [BNS_FLOW_HELLO] = { "hello", bns_flow_hello, NULL, 0 },
    [BNS_FLOW_HEAD] = { "head", bns_flow_head, bns_flow_close, IDLE_TIMEOUT_US },
    [BNS_FLOW_DIAL] = { "dial", await_unread, NULL, 0 },
    [BNS_FLOW_RECORD] = { "record", await_unread, NULL, 0 },
    [BNS_FLOW_RELAY] = { "relay", relay, time_out_relay, BNS_CALL_SILENCE_US },
    [BNS_FLOW_TUNNEL] = { "tunnel", bns_flow_tunnel, time_out_tunnel,
                          TUNNEL_TIMEOUT_US },
    [BNS_FLOW_STREAMS] = { "streams", bns_flow_streams, bns_http2_server_time_out,
                           IDLE_TIMEOUT_US },
    [BNS_FLOW_REST] = { "rest", bns_flow_rest, bns_flow_close, BNS_CALL_REST_US },
    [BNS_FLOW_LINGER] = { "linger", bns_flow_linger, end, LINGER_TIMEOUT_US },
    [BNS_FLOW_RESET] = { "reset", bns_flow_await, end, RESET_TIMEOUT_US },
    [BNS_FLOW_CLOSED] = { "closed", NULL, NULL, 0 },
};
G_STATIC_ASSERT(G_N_ELEMENTS(rows) == BNS_N_FLOW_STATES);

/* --- the machine --- */

static void
on_timer(void *data)
{
    BnsFlow *flow = data;

    bns_debug("flow %" PRIu64 ": %s timed out", flow->id, rows[flow->state].name);
    rows[flow->state].on_timeout(flow);
    bns_flow_run(flow);
}

int64_t
bns_flow_idle_us(const BnsFlow *flow)
{
    return (int64_t)bns_policy_limits(flow->engine->config->policy).idle_s *
           G_USEC_PER_SEC;
}

static int64_t
timeout_of(const BnsFlow *flow)
{
    int64_t timeout_us = rows[flow->state].timeout_us;

    return timeout_us == TUNNEL_TIMEOUT_US ? bns_flow_idle_us(flow) : timeout_us;
}

void
bns_flow_touch(BnsFlow *flow)
{
    int64_t timeout_us = timeout_of(flow);

    bns_timer_set(flow->timer, timeout_us == 0
                                   ? INT64_MAX
                                   : bns_loop_now_us(flow->engine->loop) + timeout_us);
}

void
bns_flow_enter(BnsFlow *flow, BnsFlowState state)
{
    bns_debug("flow %" PRIu64 ": %s -> %s", flow->id, rows[flow->state].name,
              rows[state].name);
    flow->state = state;
    bns_flow_touch(flow);
}

/* After a refusal nothing more is said; on every other flow CLOSED is the last word, and
 * comes after the descriptor was closed. */
static void
finish(BnsFlow *flow)
{
    BnsEngine *engine = flow->engine;
    bool is_refused = flow->is_refused;
    uint64_t id = flow->id;

    bns_engine_forget(engine, id);
    if (!is_refused)
        bns_engine_tell(engine, BNS_WIRE_CLOSED, id, BNS_WIRE_REFUSE);
}

void
bns_flow_run(BnsFlow *flow)
{
    unsigned n_steps = 0;

    /* Called from within a step (by way of something that the step began): the step's
     * own loop goes on. */
    if (flow->is_running)
        return;
    flow->is_running = true;
    while (flow->state != BNS_FLOW_CLOSED && n_steps < STEPS_PER_TURN &&
           rows[flow->state].step(flow) == BNS_STEP_ON)
        n_steps++;
    flow->is_running = false;
    if (flow->state == BNS_FLOW_CLOSED)
        finish(flow);
    else if (n_steps == STEPS_PER_TURN)
        bns_flow_yield(flow);
}

void
bns_flow_yield(BnsFlow *flow)
{
    /* A microsecond on is the next turn, never this one again. */
    bns_timer_set(flow->turn, bns_loop_now_us(flow->engine->loop) + 1);
}

static void
on_turn(void *data)
{
    bns_flow_run(data);
}

BnsFlow *
bns_flow_new(BnsEngine *engine, uint64_t id)
{
    BnsFlow *flow = g_new0(BnsFlow, 1);

    flow->engine = engine;
    flow->id = id;
    flow->timer = bns_loop_timer(engine->loop, on_timer, flow);
    flow->turn = bns_loop_timer(engine->loop, on_turn, flow);
    return flow;
}

/* Lets go of everything upstream, so that what is incomplete looks so. */
static void
break_off(BnsFlow *flow)
{
    bns_flow_sniff_end(flow);
    g_clear_pointer(&flow->recording, bns_post_cancel);
    g_clear_pointer(&flow->connect, bns_connect_cancel);
    g_clear_pointer(&flow->tunnel, bns_tunnel_free);
    g_clear_pointer(&flow->exchange, bns_exchange_free);
    g_clear_pointer(&flow->http2, bns_http2_server_free);
    g_clear_pointer(&flow->ahead, bns_upstream_free);
    g_clear_pointer(&flow->failure, bns_upstream_failure_free);
}

void
bns_flow_free(BnsFlow *flow)
{
    if (flow == NULL)
        return;
    break_off(flow);
    bns_owner_query_cancel(flow->query);
    bns_process_unref(flow->process);
    bns_channel_clear(&flow->client);
    bns_timer_free(flow->timer);
    bns_timer_free(flow->turn);
    g_free(flow->hello);
    g_free(flow);
}

/* --- ends --- */

void
bns_flow_close(BnsFlow *flow)
{
    break_off(flow);
    flow->discard_left = BNS_FLOW_DISCARD_BYTES;
    bns_flow_enter(flow, BNS_FLOW_LINGER);
}

void
bns_flow_cut(BnsFlow *flow)
{
    break_off(flow);
    if (flow->client.stream == NULL) {
        bns_flow_enter(flow, BNS_FLOW_CLOSED);
        return;
    }
    bns_stream_abort(flow->client.stream);
    bns_stream_want(flow->client.stream, false, false);
    bns_engine_tell(flow->engine, BNS_WIRE_RESET, flow->id, BNS_WIRE_REFUSE);
    bns_flow_enter(flow, BNS_FLOW_RESET);
}

void
bns_flow_abandon(BnsFlow *flow)
{
    break_off(flow);
    if (flow->client.stream != NULL)
        bns_stream_abort(flow->client.stream);
    bns_flow_enter(flow, BNS_FLOW_CLOSED);
}

/* --- records --- */

const BnsHost *
bns_flow_host(const BnsFlow *flow)
{
    return flow->is_tls ? &flow->tls_host : &flow->host;
}

/* Ends name the flow, whose beginning says it. */
static bool
names_process(BnsEvent event)
{
    return event != BNS_EVENT_HTTP_RESPONSE && event != BNS_EVENT_TCP_CLOSE;
}

BnsRecord
bns_flow_record(const BnsFlow *flow, BnsEvent event)
{
    static const BnsProcess unknown = { 0 };
    const BnsProcess *process =
        flow->process != NULL && names_process(event) ? flow->process : &unknown;
    BnsScheme scheme = flow->is_tls ? BNS_SCHEME_HTTPS : BNS_SCHEME_HTTP;

    if (flow->kind == BNS_FLOW_TCP)
        scheme = BNS_SCHEME_TCP;
    else if (flow->is_sealed)
        scheme = BNS_SCHEME_TLS;
    return (BnsRecord){
        .event = event,
        .flow = flow->id,
        .pid = process->pid,
        .exe = process->exe,
        .argv = process->argv,
        .host = bns_flow_host(flow)->text,
        .port = flow->port,
        .scheme = bns_scheme_name(scheme),
    };
}

void
bns_flow_note_refused(BnsFlow *flow,
                      const char *reason,
                      const char *rule,
                      const char *error)
{
    BnsRecord record = bns_flow_record(flow, BNS_EVENT_FLOW_REFUSED);

    record.decision = BNS_DECIDED_DENY;
    record.reason = reason;
    record.rule = rule;
    record.error = error;
    record.addr = flow->addr;
    record.scheme = NULL;
    bns_engine_note(flow->engine, &record);
}

bool
bns_flow_record_open(BnsFlow *flow, const BnsUpstream *upstream)
{
    BnsScheme scheme = flow->is_sealed ? BNS_SCHEME_TLS : BNS_SCHEME_TCP;
    BnsDecision decision =
        bns_upstream_decide(flow->engine, upstream, scheme, &flow->decision);
    BnsRecord record = bns_flow_record(flow, BNS_EVENT_TCP_OPEN);

    bns_engine_put_decision(&record, &decision);
    record.addr = bns_upstream_addr(upstream);
    return bns_engine_record(flow->engine, &record);
}

BnsRecord
bns_flow_record_tls(const BnsFlow *flow)
{
    BnsRecord record = bns_flow_record(flow, BNS_EVENT_TLS_OPEN);

    bns_engine_put_decision(&record, &flow->decision);
    return record;
}

void
bns_flow_note_tls_error(BnsFlow *flow, const char *error)
{
    BnsRecord record = bns_flow_record(flow, BNS_EVENT_TLS_ERROR);

    record.error = error;
    bns_engine_note(flow->engine, &record);
}
