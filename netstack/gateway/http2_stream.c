/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request's way: judged, given a connection (http2_acquire.c), passed on.
 */
#include "netstack/gateway/http2_stream.h"

#include "netstack/gateway/flow.h"

/* For our answer to be read. */
#define ANSWER_TIMEOUT_US (30 * G_USEC_PER_SEC)

/* --- life --- */

void
bns_http2_stream_destroy(void *data)
{
    BnsHttp2Stream *stream = data;

    bns_http2_wait_cancel(stream->wait);
    bns_call_note_end(&stream->call, "the command broke the request off");
    bns_http2_end_clear(&stream->client, NGHTTP2_CANCEL);
    bns_http2_end_clear(&stream->origin, NGHTTP2_CANCEL);
    bns_timer_free(stream->timer);
    bns_http2_fields_free(stream->head);
    bns_call_clear(&stream->call);
    stream->server->flow->engine->n_streams--;
    g_free(stream);
}

void
bns_http2_stream_finish(BnsHttp2Stream *stream, const char *error)
{
    bns_call_note_end(&stream->call, error);
    g_hash_table_remove(stream->server->streams, stream);
}

void
bns_http2_stream_cut(BnsHttp2Stream *stream, const char *error)
{
    g_clear_pointer(&stream->wait, bns_http2_wait_cancel);
    bns_http2_end_reset(&stream->origin, NGHTTP2_CANCEL);
    bns_http2_stream_finish(stream, error);
}

/* Whether it is an open WebSocket: what moves is no request and no response any more. */
static bool
is_tunnel(const BnsHttp2Stream *stream)
{
    return stream->call.request.is_websocket && stream->call.status / 100 == 2 &&
           (stream->state == BNS_HTTP2_FLOWING || stream->state == BNS_HTTP2_DONE);
}

/* @timeout_us: 0: never */
static void
set_timer(BnsHttp2Stream *stream, int64_t timeout_us)
{
    BnsLoop *loop = stream->server->flow->engine->loop;

    bns_timer_set(stream->timer,
                  timeout_us == 0 ? INT64_MAX : bns_loop_now_us(loop) + timeout_us);
}

/* A gRPC call that subscribes to something is silent until there is news, as a WebSocket
 * is, and one that is not to last has a deadline of its client's. */
static int64_t
silence_of(const BnsHttp2Stream *stream)
{
    return stream->call.request.is_grpc || is_tunnel(stream)
               ? bns_flow_idle_us(stream->server->flow)
               : BNS_CALL_SILENCE_US;
}

void
bns_http2_stream_touch(BnsHttp2Stream *stream)
{
    set_timer(stream, stream->state == BNS_HTTP2_ANSWERED ? ANSWER_TIMEOUT_US
                                                          : silence_of(stream));
}

static void
time_out_relay(BnsHttp2Stream *stream)
{
    /* A silent client is not the origin's fault. */
    bool is_client_late = !stream->is_request_over && !stream->is_up_over &&
                          bns_buffer_len(&stream->origin.waiting) == 0;

    bns_http2_end_reset(&stream->origin, NGHTTP2_CANCEL);
    if (stream->state == BNS_HTTP2_AWAITED && !is_client_late)
        bns_http2_stream_fail(stream, 504, "the upstream did not answer in time", true);
    else
        bns_http2_stream_finish(stream, is_client_late ? "the command fell silent"
                                                       : "the upstream fell silent");
}

/* Dialling has limits of its own; an origin's settings have none. */
static void
time_out_wait(BnsHttp2Stream *stream)
{
    if (!stream->call.request.is_websocket) {
        bns_http2_stream_touch(stream);
        return;
    }
    g_clear_pointer(&stream->wait, bns_http2_wait_cancel);
    bns_http2_stream_fail(stream, 504, "the upstream did not answer in time", true);
}

static void
on_timer(void *data)
{
    BnsHttp2Stream *stream = data;

    switch (stream->state) {
    case BNS_HTTP2_WAITING:
    case BNS_HTTP2_RECORDING:
        time_out_wait(stream);
        break;
    case BNS_HTTP2_AWAITED:
    case BNS_HTTP2_FLOWING:
        time_out_relay(stream);
        break;
    case BNS_HTTP2_ANSWERED:
        bns_http2_end_reset(&stream->client, NGHTTP2_NO_ERROR);
        bns_http2_stream_finish(stream, NULL);
        break;
    case BNS_HTTP2_DONE:
    case BNS_HTTP2_BROKEN:
        bns_http2_stream_finish(stream, "the command fell silent");
        break;
    }
}

static BnsHttp2Stream *
stream_new(BnsHttp2Server *server, int32_t id, BnsHttp2Fields *head)
{
    BnsHttp2Stream *stream = g_new0(BnsHttp2Stream, 1);

    stream->server = server;
    stream->head = head;
    stream->timer = bns_loop_timer(server->flow->engine->loop, on_timer, stream);
    stream->discard_left = BNS_FLOW_DISCARD_BYTES;
    stream->client.owner = stream;
    stream->client.source = &stream->origin;
    stream->origin.owner = stream;
    stream->origin.source = &stream->client;
    bns_http2_link_accept(server->link, &stream->client, id);
    g_hash_table_add(server->streams, stream);
    server->flow->engine->n_streams++;
    return stream;
}

void
bns_http2_stream_exceed(BnsHttp2Stream *stream)
{
    BnsRefusal refusal = bns_call_exceeded(&stream->call);

    g_clear_pointer(&stream->wait, bns_http2_wait_cancel);
    if (!bns_call_is_noted(&stream->call)) {
        bns_http2_stream_refuse(stream, &refusal);
    } else if (stream->state <= BNS_HTTP2_AWAITED) {
        stream->call.status = refusal.status;
        bns_call_note_end(&stream->call, refusal.reason);
        bns_http2_stream_answer(stream, refusal.status, refusal.reason);
    } else {
        bns_http2_end_reset(&stream->origin, NGHTTP2_CANCEL);
        bns_http2_end_reset(&stream->client, NGHTTP2_CANCEL);
        bns_http2_stream_finish(stream, refusal.reason);
    }
}

/* --- the beginning --- */

static BnsRefusal
judge(BnsHttp2Stream *stream)
{
    BnsRefusal refusal;

    if (stream->call.fault.status == 0 && stream->call.request.is_websocket &&
        !bns_http2_link_offers_tunnels(stream->server->link))
        stream->call.fault =
            (BnsRequestFault){ 400, "extended CONNECT was not offered" };
    refusal = bns_call_judge(&stream->call);

    if (refusal.status == 0 &&
        stream->server->flow->engine->n_streams > BNS_HTTP2_REQUESTS_MAX)
        return (BnsRefusal){ .status = 503,
                             .reason = "too many HTTP/2 requests are under way" };
    return refusal;
}

void
bns_http2_stream_begin(BnsHttp2Server *server,
                       int32_t id,
                       BnsHttp2Fields *fields,
                       bool is_last)
{
    BnsFlow *flow = server->flow;
    BnsHttp2Stream *stream = stream_new(server, id, fields);
    BnsRequestContext context = {
        .host = bns_flow_host(flow),
        .port = flow->port,
        .is_tls = flow->is_tls,
    };
    BnsRefusal refusal;

    bns_call_init(&stream->call, flow);
    stream->call.fault =
        bns_request_read_http2(fields, is_last, &context, &stream->call.request);
    bns_http2_stream_touch(stream);
    stream->is_request_over = is_last;
    if (is_last)
        bns_http2_end_finish(&stream->origin, NULL);
    refusal = judge(stream);
    if (refusal.status != 0)
        bns_http2_stream_refuse(stream, &refusal);
    else
        bns_http2_stream_acquire(stream);
}

/* --- the request's body --- */

void
bns_http2_stream_stop_request(BnsHttp2Stream *stream)
{
    stream->is_up_over = true;
    bns_buffer_clear(&stream->origin.waiting);
    bns_http2_end_forget(&stream->client, stream->client.unused);
}

/* Nobody takes it. What goes on for too long is stopped. */
static void
discard(BnsHttp2Stream *stream, size_t len)
{
    bns_http2_end_forget(&stream->client, len);
    stream->discard_left -= MIN(len, stream->discard_left);
    if (stream->discard_left > 0)
        return;
    bns_http2_end_reset(&stream->client, NGHTTP2_NO_ERROR);
    bns_http2_stream_finish(stream, NULL);
}

void
bns_http2_client_data(BnsHttp2End *end, const uint8_t *bytes, size_t len)
{
    BnsHttp2Stream *stream = end->owner;

    if (stream->is_up_over) {
        discard(stream, len);
        return;
    }
    if (!bns_allowance_take_body(&stream->call.allowance, len)) {
        bns_http2_stream_exceed(stream);
        return;
    }
    stream->call.bytes_sent += len;
    bns_http2_stream_touch(stream);
    bns_http2_end_send(&stream->origin, bytes, len);
}

/* The request is over; if its response is too, so is the stream (when it closes). */
static void
end_request(BnsHttp2Stream *stream, BnsHttp2Fields *trailers)
{
    stream->is_request_over = true;
    if (stream->is_up_over)
        bns_http2_fields_free(trailers);
    else
        bns_http2_end_finish(&stream->origin, trailers);
}

void
bns_http2_client_last(BnsHttp2End *end)
{
    end_request(end->owner, NULL);
}

void
bns_http2_client_fields(BnsHttp2End *end, BnsHttp2Fields *fields, bool is_last)
{
    BnsHttp2Stream *stream = end->owner;
    const char *error = bns_http2_read_trailers(fields);

    if (error == NULL && (stream->is_up_over ||
                          bns_allowance_take_body(&stream->call.allowance,
                                                  bns_http2_fields_size(fields)))) {
        end_request(stream, fields);
        return;
    }
    if (error == NULL) {
        bns_http2_fields_free(fields);
        stream->is_request_over = true;
        bns_http2_stream_exceed(stream);
        return;
    }
    bns_http2_fields_free(fields);
    bns_http2_end_reset(&stream->origin, NGHTTP2_CANCEL);
    bns_http2_end_refuse(&stream->client);
    bns_http2_stream_finish(stream, error);
}

/* --- the command's end --- */

/* The response is through. What is still to come of the request has nobody to go to, if
 * the answer was ours or the origin has closed its side. */
void
bns_http2_client_sent(BnsHttp2End *end)
{
    BnsHttp2Stream *stream = end->owner;

    if (stream->is_request_over || !stream->is_up_over)
        return;
    if (stream->state == BNS_HTTP2_ANSWERED && !stream->call.request.expects_continue) {
        set_timer(stream, BNS_CALL_REST_US);
        return;
    }
    bns_http2_end_reset(&stream->client, NGHTTP2_NO_ERROR);
    bns_http2_stream_finish(stream, NULL);
}

static const char *
describe_close(const BnsHttp2Stream *stream, uint32_t code, const char *why)
{
    if (why != NULL || stream->client.is_reset)
        return "the command broke the request off";
    return code == NGHTTP2_NO_ERROR ? NULL
                                    : "the command's stream broke HTTP/2's rules";
}

void
bns_http2_client_closed(BnsHttp2End *end, uint32_t code, const char *why)
{
    BnsHttp2Stream *stream = end->owner;
    const char *error = describe_close(stream, code, why);

    /* The rest of a request whose response came early: the origin may still read it. */
    if (error == NULL && stream->origin.link != NULL)
        return;
    bns_http2_end_reset(&stream->origin, end->is_reset ? code : NGHTTP2_CANCEL);
    bns_http2_stream_finish(stream, error);
}
