/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/http2_server.h"

#include "netstack/gateway/flow.h"
#include "netstack/gateway/http2_stream.h"

/* A request that nghttp2 refuses by RST_STREAM before we have read it. */
static void
on_malformed(void *data)
{
    BnsHttp2Server *server = data;
    BnsRecord record = bns_flow_record(server->flow, BNS_EVENT_HTTP_REQUEST);

    record.request = ++server->flow->n_requests;
    record.decision = BNS_DECIDED_DENY;
    record.reason = "the request's header fields break HTTP/2's rules";
    record.http = "2";
    record.status = 400;
    bns_engine_note(server->flow->engine, &record);
}

static void
on_request(void *data, int32_t id, BnsHttp2Fields *fields, bool is_last)
{
    bns_http2_stream_begin(data, id, fields, is_last);
}

static const BnsHttp2Events events = {
    .on_request = on_request,
    .on_malformed = on_malformed,
    .on_fields = bns_http2_client_fields,
    .on_data = bns_http2_client_data,
    .on_last = bns_http2_client_last,
    .on_sent = bns_http2_client_sent,
    .on_closed = bns_http2_client_closed,
};

static void
on_turn(void *data)
{
    BnsHttp2Server *server = data;

    bns_flow_run(server->flow);
}

/* --- extended CONNECT --- */

static BnsHttp2Tunnels
find_tunnels(const BnsFlow *flow)
{
    const BnsHost *host = bns_flow_host(flow);
    BnsDialTarget target = {
        .scheme = flow->is_tls ? BNS_SCHEME_HTTPS : BNS_SCHEME_HTTP,
        .host = *host,
        .port = flow->port,
        .protocols = BNS_PROTOCOL_HTTP2,
    };

    target.decision = bns_policy_could_allow(flow->engine->policy, target.scheme,
                                             host->text, flow->port);
    if (!bns_decision_passes(&target.decision))
        return BNS_HTTP2_TUNNELS_NO;
    target.decision = bns_engine_keep(flow->engine, target.decision);
    return bns_http2_pool_tunnels(flow->engine->http2, &target);
}

void
bns_http2_server_learn(BnsHttp2Server *server)
{
    BnsHttp2Tunnels tunnels = find_tunnels(server->flow);

    if (tunnels == BNS_HTTP2_TUNNELS_UNKNOWN)
        return;
    bns_timer_set(server->greeting, INT64_MAX);
    bns_http2_link_greet(server->link, tunnels == BNS_HTTP2_TUNNELS_YES);
    if (tunnels == BNS_HTTP2_TUNNELS_YES)
        bns_http2_link_offer_tunnels(server->link);
}

static void
on_greeting(void *data)
{
    BnsHttp2Server *server = data;

    bns_http2_link_greet(server->link, false);
}

/* --- life --- */

void
bns_flow_begin_streams(BnsFlow *flow)
{
    BnsHttp2Server *server = g_new0(BnsHttp2Server, 1);

    server->flow = flow;
    server->link = bns_http2_link_new(flow->engine->loop, &flow->client, true, &events,
                                      on_turn, server);
    server->streams = g_hash_table_new_full(NULL, NULL, bns_http2_stream_destroy, NULL);
    server->greeting = bns_loop_timer(flow->engine->loop, on_greeting, server);
    bns_timer_set(server->greeting, bns_loop_now_us(flow->engine->loop) +
                                        BNS_HTTP2_GREETING_MS * G_USEC_PER_SEC / 1000);
    flow->http2 = server;
    bns_http2_server_learn(server);
    bns_flow_enter(flow, BNS_FLOW_STREAMS);
}

void
bns_http2_server_free(BnsHttp2Server *server)
{
    if (server == NULL)
        return;
    g_hash_table_unref(server->streams);
    bns_http2_link_free(server->link);
    bns_timer_free(server->greeting);
    g_free(server);
}

/* --- the step --- */

static void
end(BnsFlow *flow)
{
    const char *fault = bns_http2_link_fault(flow->http2->link);

    if (fault != NULL)
        bns_flow_note_refused(flow, "the connection breaks HTTP/2's rules", NULL,
                              fault);
    bns_flow_close(flow);
}

BnsStep
bns_flow_streams(BnsFlow *flow)
{
    BnsHttp2Link *link = flow->http2->link;

    if (!bns_http2_link_run(link)) {
        end(flow);
        return BNS_STEP_ON;
    }
    if (bns_http2_link_has_moved(link))
        bns_flow_touch(flow);
    return BNS_STEP_WAIT;
}

/* Streams have time limits of their own. */
void
bns_http2_server_time_out(BnsFlow *flow)
{
    if (g_hash_table_size(flow->http2->streams) > 0) {
        bns_flow_touch(flow);
        return;
    }
    bns_http2_link_leave(flow->http2->link);
    bns_flow_close(flow);
}
