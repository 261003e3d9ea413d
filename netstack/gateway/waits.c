/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/waits.h"

#include "netstack/gateway/flow.h"
#include "netstack/gateway/http2_stream.h"

#include <poll.h>

/* Each function counts bytes, and one for what waits without a byte: an end that was not
 * passed on, a connection that is being made. */

/* --- HTTP/1.1 and opaque bytes --- */

/* @pipe: from the command. */
static uint64_t
in_pipe(const BnsPipe *pipe)
{
    uint64_t waits = bns_buffer_len(&pipe->from->in);

    if (pipe->state != BNS_PIPE_FLOWING || pipe->to == NULL)
        return waits;
    return waits + bns_buffer_len(&pipe->to->out) + pipe->is_decoded;
}

/* Of a request whose rest the origin does not take nothing will go. */
static uint64_t
in_exchange(const BnsExchange *exchange)
{
    return exchange->is_up_over ? 0 : in_pipe(&exchange->up);
}

static uint64_t
in_tunnel(const BnsTunnel *tunnel)
{
    bool has_end = tunnel->up.state == BNS_PIPE_DONE && !tunnel->up.is_shut;

    return tunnel->up.is_shut ? 0 : in_pipe(&tunnel->up) + has_end;
}

/* --- HTTP/2 --- */

static uint64_t
in_stream(const BnsHttp2Stream *stream)
{
    bool has_end = stream->is_request_over && !bns_http2_end_is_sent(&stream->origin);

    if (stream->state == BNS_HTTP2_WAITING || stream->state == BNS_HTTP2_RECORDING)
        return 1 + bns_buffer_len(&stream->origin.waiting);
    if (stream->is_up_over || stream->origin.link == NULL)
        return 0;
    return has_end + bns_buffer_len(&stream->origin.waiting);
}

static uint64_t
in_streams(const BnsHttp2Server *server)
{
    uint64_t waits = 0;
    GHashTableIter iter;
    gpointer stream;

    g_hash_table_iter_init(&iter, server->streams);
    while (g_hash_table_iter_next(&iter, &stream, NULL))
        waits += in_stream(stream);
    return waits;
}

/* --- all --- */

static uint64_t
in_state(const BnsFlow *flow)
{
    switch (flow->state) {
    case BNS_FLOW_HEAD:
        /* Requests that came at once wait for their turn. */
        return bns_buffer_len(&flow->client.in) - flow->head_seen;
    case BNS_FLOW_ASKED:
    case BNS_FLOW_DIAL:
    case BNS_FLOW_RECORD:
        return 1;
    case BNS_FLOW_PASS:
        /* Of TLS the handshake is still to come. */
        return !flow->is_sealed;
    case BNS_FLOW_RELAY:
        return in_exchange(flow->exchange);
    case BNS_FLOW_TUNNEL:
        return in_tunnel(flow->tunnel);
    case BNS_FLOW_STREAMS:
        return in_streams(flow->http2);
    case BNS_FLOW_OFFERED:
    case BNS_FLOW_ACCEPTED:
    case BNS_FLOW_SNIFF:
    case BNS_FLOW_OPENING:
    case BNS_FLOW_HANDSHAKE:
    case BNS_FLOW_HELLO:
    case BNS_FLOW_REST:
    case BNS_FLOW_LINGER:
    case BNS_FLOW_RESET:
    case BNS_FLOW_CLOSED:
    case BNS_N_FLOW_STATES:
        break;
    }
    return 0;
}

/* What was read last may not be all: the loop has not come to the rest, or to the end. */
static uint64_t
in_flow(const BnsFlow *flow)
{
    bool has_more =
        flow->client.stream != NULL && bns_stream_has_more(flow->client.stream);

    return has_more + in_state(flow);
}

/* Streams on their way, and the command's resets. */
static bool
has_messages(const BnsEngine *engine)
{
    struct pollfd wire = { .fd = engine->config->wire_fd, .events = POLLIN };

    return poll(&wire, 1, 0) == 1;
}

uint64_t
bns_engine_waits(BnsEngine *engine)
{
    uint64_t waits = has_messages(engine) + bns_http2_pool_waits(engine->http2) +
                     bns_publisher_waits(engine->publisher);
    GHashTableIter iter;
    gpointer flow;

    engine->is_command_gone = true;
    /* The recorder's END overtakes nothing that was done before we say so. */
    bns_post_flush(engine->post);
    g_hash_table_iter_init(&iter, engine->flows);
    while (g_hash_table_iter_next(&iter, NULL, &flow))
        waits += in_flow(flow);
    return waits;
}
