/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After an answer: the rest of its request is forgotten, and then there is a next
 * request or none.
 */
#include "netstack/gateway/flow.h"

/* --- rest --- */

/* Whether all of the request has been read. One that goes on for too long, or is
 * malformed, ends the connection. */
static bool
is_request_read(BnsFlow *flow)
{
    BnsPipe *rest;

    if (flow->exchange == NULL || !flow->keeps_alive)
        return true;
    rest = &flow->exchange->up;
    bns_pipe_discard(rest, &flow->discard_left);
    if (rest->is_decoded)
        return true;
    if (rest->state == BNS_PIPE_FLOWING && flow->discard_left > 0)
        return false;
    flow->keeps_alive = false;
    return true;
}

static BnsStep
go_on(BnsFlow *flow)
{
    g_clear_pointer(&flow->exchange, bns_exchange_free);
    if (flow->keeps_alive)
        bns_flow_enter(flow, BNS_FLOW_HEAD);
    else
        bns_flow_close(flow);
    return BNS_STEP_ON;
}

BnsStep
bns_flow_rest(BnsFlow *flow)
{
    bool is_read = is_request_read(flow);
    ssize_t n = bns_channel_flush(&flow->client);

    if (n == BNS_STREAM_ERROR || bns_stream_hung_up(flow->client.stream)) {
        bns_flow_abandon(flow);
        return BNS_STEP_ON;
    }
    if (n == 1 && is_read)
        return go_on(flow);
    bns_stream_want(flow->client.stream, !is_read, n != 1);
    return BNS_STEP_WAIT;
}

/* --- linger --- */

/* Returns: 1 once our direction is shut, AGAIN, or ERROR. */
static ssize_t
shut(BnsFlow *flow)
{
    ssize_t n;

    if (flow->is_shut)
        return 1;
    n = bns_channel_flush(&flow->client);
    if (n == 1)
        n = bns_stream_shutdown(flow->client.stream);
    flow->is_shut = n == 1;
    return n;
}

/* A client that closes first also has the TIME_WAIT of its connection, which netstack
 * ends, and libslirp's list of them stays short. */
BnsStep
bns_flow_linger(BnsFlow *flow)
{
    ssize_t written = shut(flow);
    ssize_t read = bns_channel_discard(&flow->client, &flow->discard_left);

    if (written == BNS_STREAM_ERROR || (read != BNS_STREAM_AGAIN && written == 1) ||
        flow->discard_left == 0) {
        bns_flow_enter(flow, BNS_FLOW_CLOSED);
        return BNS_STEP_ON;
    }
    bns_stream_want(flow->client.stream, read == BNS_STREAM_AGAIN, written != 1);
    return BNS_STEP_WAIT;
}
