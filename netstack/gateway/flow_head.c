/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between two requests: a head is read, and becomes an exchange.
 */
#include "netstack/gateway/flow.h"

/* From a head's first byte to its last: nginx's and node's limit is 60 s; a head is one
 * packet. Not put off by further bytes, so that it cannot be dripped. */
#define HEAD_TIMEOUT_US (30 * G_USEC_PER_SEC)

static BnsStep
begin_exchange(BnsFlow *flow, const BnsHttpHead *head)
{
    flow->head_seen = 0;
    flow->exchange = bns_exchange_new(flow, head);
    bns_exchange_begin(flow->exchange);
    return BNS_STEP_ON;
}

static BnsStep
refuse_head(BnsFlow *flow, const BnsHttpHead *head)
{
    flow->head_seen = 0;
    bns_flow_refuse_head(flow, head);
    return BNS_STEP_ON;
}

/* Waits for (more of) a head. Returns: whether there is something new to parse. */
static bool
read_more(BnsFlow *flow, BnsStep *out_step)
{
    bool is_idle = bns_buffer_len(&flow->client.in) == 0;
    ssize_t n = bns_channel_fill_line(&flow->client, BNS_HTTP_HEAD_MAX);

    *out_step = BNS_STEP_WAIT;
    if (is_idle && bns_buffer_len(&flow->client.in) > 0)
        bns_timer_set(flow->timer,
                      bns_loop_now_us(flow->engine->loop) + HEAD_TIMEOUT_US);
    if (n > 0)
        return true;
    if (n == BNS_STREAM_AGAIN) {
        bns_channel_release(&flow->client);
        bns_stream_want(flow->client.stream, true, false);
        return false;
    }
    bns_flow_close(flow);
    *out_step = BNS_STEP_ON;
    return false;
}

BnsStep
bns_flow_head(BnsFlow *flow)
{
    BnsBuffer *in = &flow->client.in;
    BnsStep step;

    do {
        BnsHttpHead head;

        if (bns_buffer_len(in) <= flow->head_seen)
            continue;
        switch (bns_http1_parse_request(bns_buffer_at(in), bns_buffer_len(in), &head)) {
        case BNS_PARSE_DONE:
            return begin_exchange(flow, &head);
        case BNS_PARSE_BAD:
            return refuse_head(flow, &head);
        case BNS_PARSE_MORE:
            flow->head_seen = bns_buffer_len(in);
        }
    } while (read_more(flow, &step));
    return step;
}
