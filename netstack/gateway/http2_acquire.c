/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a decision to the first byte upstream.
 */
#include "netstack/gateway/flow.h"
#include "netstack/gateway/http2_stream.h"

/* The request leaves on @link. */
static void
pass_request(BnsHttp2Stream *stream, BnsHttp2Link *link, BnsUpstream *upstream)
{
    g_autoptr(GArray) fields = NULL;
    g_autofree char *marked = NULL;
    BnsCorrelationMark mark;
    bool is_bodyless = stream->origin.ending == BNS_HTTP2_LAST &&
                       bns_buffer_len(&stream->origin.waiting) == 0;

    bns_call_note_sent(&stream->call, &upstream->timings);
    fields = bns_http2_write_request(stream->head, stream->call.request.authority);
    if (bns_call_mark(&stream->call, &mark))
        marked = bns_correlation_mark_http2(fields, &mark);
    stream->state = BNS_HTTP2_AWAITED;
    if (!bns_http2_link_request(link, &stream->origin, fields, is_bodyless)) {
        bns_http2_stream_fail(stream, 502, "the upstream takes no further requests",
                              true);
        return;
    }
    stream->is_kept = upstream->is_kept;
    upstream->is_kept = true;
}

static void
refuse_unrecorded(BnsHttp2Stream *stream)
{
    bns_http2_stream_answer(stream, 503, "the request could not be recorded");
}

/* The connection that was there may be gone by now, or have no room left. */
static void
on_recorded(bool is_recorded, void *data)
{
    if (is_recorded)
        bns_http2_stream_acquire(data);
    else
        refuse_unrecorded(data);
}

/* The record comes first: a request of which nothing is known never leaves. */
static void
send_request(BnsHttp2Stream *stream, BnsHttp2Link *link, BnsUpstream *upstream)
{
    bns_call_choose(&stream->call, upstream);
    if (stream->state == BNS_HTTP2_WAITING && !bns_call_charge_head(&stream->call)) {
        bns_http2_stream_exceed(stream);
        return;
    }
    switch (bns_call_note_request(&stream->call, on_recorded, stream)) {
    case BNS_CALL_SENT:
        pass_request(stream, link, upstream);
        break;
    case BNS_CALL_RECORDING:
        stream->state = BNS_HTTP2_RECORDING;
        break;
    case BNS_CALL_NEW:
    case BNS_CALL_ALLOWED:
    case BNS_CALL_OVER:
        refuse_unrecorded(stream);
        break;
    }
}

static void on_connection(BnsHttp2Link *link,
                          BnsUpstream *upstream,
                          const BnsUpstreamFailure *failure,
                          void *data);

/* @link takes the request, if it is known to understand it. */
static void
use_link(BnsHttp2Stream *stream, BnsHttp2Link *link, BnsUpstream *upstream)
{
    if (!stream->call.request.is_websocket) {
        send_request(stream, link, upstream);
        return;
    }
    switch (bns_http2_link_tunnels(link)) {
    case BNS_HTTP2_TUNNELS_UNKNOWN:
        stream->wait = bns_http2_pool_wait_settings(stream->server->flow->engine->http2,
                                                    link, on_connection, stream);
        break;
    case BNS_HTTP2_TUNNELS_NO:
        bns_http2_stream_fail(
            stream, 502, "the upstream does not offer WebSocket over HTTP/2", true);
        break;
    case BNS_HTTP2_TUNNELS_YES:
        send_request(stream, link, upstream);
        break;
    }
}

static void
on_connection(BnsHttp2Link *link,
              BnsUpstream *upstream,
              const BnsUpstreamFailure *failure,
              void *data)
{
    BnsHttp2Stream *stream = data;

    stream->wait = NULL;
    if (link != NULL)
        use_link(stream, link, upstream);
    else if (failure->outcome == BNS_DIAL_GUARDED && !bns_call_is_noted(&stream->call))
        bns_http2_stream_refuse(stream, &(BnsRefusal){ .status = 403,
                                                       .reason = failure->error,
                                                       .rule = failure->rule });
    else
        bns_http2_stream_fail(stream, bns_dial_status(failure->outcome), failure->error,
                              true);
}

/* A plain connection that was dialled before the flow's first byte. */
static void
use_ahead(BnsFlow *flow, const BnsDialTarget *target)
{
    if (flow->ahead == NULL || !bns_upstream_fits(flow->engine, flow->ahead, target))
        return;
    if (bns_upstream_is_quiet(flow->ahead))
        bns_http2_pool_add(flow->engine->http2, g_steal_pointer(&flow->ahead));
    else
        g_clear_pointer(&flow->ahead, bns_upstream_free);
}

void
bns_http2_stream_acquire(BnsHttp2Stream *stream)
{
    BnsFlow *flow = stream->server->flow;
    BnsDialTarget target = bns_call_target(&stream->call);
    BnsUpstreamFailure *failure = bns_flow_take_failure(flow, &target);
    BnsHttp2Link *link;
    BnsUpstream *upstream;

    use_ahead(flow, &target);
    link = bns_http2_pool_take(flow->engine->http2, &target, &upstream);
    if (link != NULL)
        use_link(stream, link, upstream);
    else if (failure != NULL)
        bns_http2_stream_fail(stream, bns_dial_status(failure->outcome), failure->error,
                              false);
    else
        stream->wait =
            bns_http2_pool_wait(flow->engine->http2, &target, on_connection, stream);
    bns_upstream_failure_free(failure);
}

bool
bns_http2_stream_retry(BnsHttp2Stream *stream, bool is_unseen)
{
    if (stream->is_retried || stream->n_interim > 0 ||
        stream->call.request.body != BNS_HTTP_BODY_NONE)
        return false;
    if (!is_unseen &&
        (!stream->is_kept || !bns_request_is_repeatable(&stream->call.request)))
        return false;
    stream->is_retried = true;
    stream->state = BNS_HTTP2_WAITING;
    stream->origin.is_reset = false;
    stream->origin.is_sent = false;
    bns_http2_stream_acquire(stream);
    return true;
}
