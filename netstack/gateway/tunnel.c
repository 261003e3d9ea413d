/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/tunnel.h"

#include "netstack/gateway/flow.h"

static void
on_upstream_ready(void *data)
{
    BnsTunnel *tunnel = data;

    bns_flow_run(tunnel->flow);
}

void
bns_tunnel_begin(BnsFlow *flow, BnsUpstream *upstream, int64_t began_us)
{
    BnsTunnel *tunnel = g_new0(BnsTunnel, 1);

    tunnel->flow = flow;
    tunnel->upstream = upstream;
    tunnel->began_us = began_us;
    bns_pipe_init(&tunnel->up, &flow->client, &upstream->channel, NULL,
                  BNS_HTTP_BODY_UNTIL_CLOSE);
    bns_pipe_init(&tunnel->down, &upstream->channel, &flow->client, NULL,
                  BNS_HTTP_BODY_UNTIL_CLOSE);
    if (flow->exchange == NULL)
        bns_allowance_init(&tunnel->allowance, flow->engine->sent,
                           bns_flow_host(flow)->text, &flow->decision);
    tunnel->up.allowance =
        flow->exchange != NULL ? &flow->exchange->call.allowance : &tunnel->allowance;
    if (flow->hello != NULL)
        bns_seal_init(&tunnel->seal, flow->hello);
    else
        tunnel->seal.state = BNS_SEAL_OPEN;
    bns_stream_set_owner(upstream->channel.stream, on_upstream_ready, tunnel);
    flow->tunnel = tunnel;
    bns_flow_enter(flow, BNS_FLOW_TUNNEL);
}

/* What was taken from the command and did not arrive at the origin: a connection that was
 * not ended in order is broken off, and the kernel forgets what it has not delivered. That
 * is known where the origin has fallen behind; what is not acknowledged otherwise has
 * mostly arrived. Inside TLS the kernel counts other bytes than we do. */
static uint64_t
count_lost(const BnsTunnel *tunnel)
{
    BnsChannel *channel = &tunnel->upstream->channel;
    uint64_t lost = bns_buffer_len(&channel->out);

    if (tunnel->up.is_shut || lost == 0)
        return 0;
    if (bns_stream_ssl(channel->stream) == NULL)
        lost += bns_stream_unacknowledged(channel->stream);
    return MIN(lost, tunnel->up.n_bytes);
}

/* How it ended: %NULL if both sides did it in order. */
static const char *
error_of(const BnsTunnel *tunnel)
{
    const BnsCap *cap = bns_allowance_met(tunnel->up.allowance);

    if (cap != NULL)
        return cap->reason;
    if (tunnel->error != NULL)
        return tunnel->error;
    if (tunnel->up.state == BNS_PIPE_STUCK || tunnel->down.state == BNS_PIPE_CUT)
        return "the upstream broke the connection off";
    if (tunnel->flow->engine->is_command_gone && count_lost(tunnel) > 0)
        return "the session ended before the upstream took everything";
    if (!tunnel->up.is_shut || !tunnel->down.is_shut)
        return "the command broke the connection off";
    return NULL;
}

static void
note_close(BnsTunnel *tunnel)
{
    BnsEngine *engine = tunnel->flow->engine;
    BnsRecord record = bns_flow_record(tunnel->flow, BNS_EVENT_TCP_CLOSE);
    const BnsCap *cap = bns_allowance_met(&tunnel->allowance);

    if (cap != NULL) {
        record.decision = BNS_DECIDED_DENY;
        record.reason = cap->reason;
        record.rule = cap->rule;
    }
    record.addr = bns_upstream_addr(tunnel->upstream);
    record.error = error_of(tunnel);
    record.bytes_sent = tunnel->up.n_bytes - count_lost(tunnel);
    record.bytes_received = tunnel->down.n_bytes;
    record.duration_us = (uint64_t)(bns_loop_now_us(engine->loop) - tunnel->began_us);
    bns_engine_note(engine, &record);
}

/* A WebSocket is the body of its 101. */
static void
note_response(BnsTunnel *tunnel)
{
    BnsExchange *exchange = tunnel->flow->exchange;

    exchange->up.n_bytes = tunnel->up.n_bytes - count_lost(tunnel);
    exchange->down.n_bytes = tunnel->down.n_bytes;
    bns_exchange_note_end(exchange, error_of(tunnel));
}

void
bns_tunnel_free(BnsTunnel *tunnel)
{
    if (tunnel == NULL)
        return;
    if (tunnel->flow->exchange != NULL)
        note_response(tunnel);
    else
        note_close(tunnel);
    /* A command that ended what it had to say has ended it, whatever it still wanted to
     * hear: a reset would take from the origin what is on its way there. */
    if (tunnel->up.is_shut)
        bns_upstream_free(tunnel->upstream);
    else
        bns_upstream_abort(tunnel->upstream);
    bns_pipe_clear(&tunnel->up);
    bns_pipe_clear(&tunnel->down);
    g_free(tunnel);
}

/* Whether what still comes from the origin can reach nobody. */
static bool
is_client_gone(const BnsTunnel *tunnel)
{
    return tunnel->up.state == BNS_PIPE_DONE && !tunnel->down.is_shut &&
           bns_stream_hung_up(tunnel->flow->client.stream);
}

/* Returns: whether anything was moved. */
static bool
move(BnsTunnel *tunnel)
{
    BnsSeal *seal = &tunnel->seal;
    BnsPipe *up = &tunnel->up;
    BnsPipe *down = &tunnel->down;
    bool moved = false;

    if (seal->state != BNS_SEAL_OPEN)
        moved |= bns_seal_run(seal, up, down);
    if (seal->state == BNS_SEAL_BROKEN)
        tunnel->error = seal->error;
    if (seal->state == BNS_SEAL_OPEN && up->state == BNS_PIPE_FLOWING)
        moved |= bns_pipe_run(up);
    if ((seal->state == BNS_SEAL_OPEN || seal->state == BNS_SEAL_RETRY) &&
        down->state == BNS_PIPE_FLOWING)
        moved |= bns_pipe_run(down);
    return moved;
}

BnsStep
bns_flow_tunnel(BnsFlow *flow)
{
    BnsTunnel *tunnel = flow->tunnel;
    BnsPipe *up = &tunnel->up;
    BnsPipe *down = &tunnel->down;

    if (move(tunnel))
        bns_flow_touch(flow);

    if (tunnel->seal.state == BNS_SEAL_BROKEN || bns_pipe_has_failed(up) ||
        bns_pipe_has_failed(down) || is_client_gone(tunnel) || !bns_pipe_shut(up) ||
        !bns_pipe_shut(down)) {
        bns_flow_cut(flow);
        return BNS_STEP_ON;
    }
    if (up->is_shut && down->is_shut) {
        bns_flow_close(flow);
        return BNS_STEP_ON;
    }
    /* A WebSocket is silent for most of its life. */
    bns_channel_release(&flow->client);
    bns_channel_release(&tunnel->upstream->channel);
    bns_stream_want(flow->client.stream, up->wants_read, down->wants_write);
    bns_stream_want(tunnel->upstream->channel.stream, down->wants_read,
                    up->wants_write);
    return BNS_STEP_WAIT;
}
