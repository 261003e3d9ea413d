/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The response's way: from the origin's end to the command's.
 */
#include "netstack/gateway/flow.h"
#include "netstack/gateway/http2_stream.h"

/* --- what went wrong --- */

static void
note_upstream_error(BnsHttp2Stream *stream, const char *error)
{
    BnsRecord record = bns_call_record(&stream->call, BNS_EVENT_UPSTREAM_ERROR);

    record.error = error;
    bns_engine_note(stream->server->flow->engine, &record);
}

/* A response of which a part was passed on. */
static void
break_response(BnsHttp2Stream *stream, uint32_t code, const char *error)
{
    note_upstream_error(stream, error);
    bns_call_note_end(&stream->call, error);
    bns_http2_stream_stop_request(stream);
    stream->state = BNS_HTTP2_BROKEN;
    bns_http2_end_break(&stream->client, code);
}

static void
on_bad_response(BnsHttp2Stream *stream, const char *why)
{
    g_autofree char *error =
        g_strdup_printf("the upstream's response is invalid: %s", why);

    bns_http2_end_refuse(&stream->origin);
    if (stream->state == BNS_HTTP2_AWAITED)
        bns_http2_stream_fail(stream, 502, error, true);
    else
        break_response(stream, NGHTTP2_INTERNAL_ERROR, error);
}

/* --- heads and trailers --- */

static void
end_response(BnsHttp2Stream *stream)
{
    stream->state = BNS_HTTP2_DONE;
}

static void
pass_interim(BnsHttp2Stream *stream, const BnsHttp2Fields *fields)
{
    g_autoptr(GArray) passed = bns_http2_write_response(fields);

    bns_http2_end_interim(&stream->client, passed);
}

static void
pass_final(BnsHttp2Stream *stream,
           const BnsHttp2Fields *fields,
           uint16_t status,
           bool is_last)
{
    g_autoptr(GArray) passed = bns_http2_write_response(fields);

    stream->call.status = status;
    stream->state = BNS_HTTP2_FLOWING;
    bns_http2_end_respond(&stream->client, passed, is_last);
    if (is_last)
        end_response(stream);
    bns_http2_stream_touch(stream);
}

/* The answer to a WebSocket's request, which may choose what was offered. */
static const char *
check_tunnel(const BnsHttp2Stream *stream,
             const BnsHttp2Fields *fields,
             uint16_t status)
{
    BnsHttpHead head;

    if (!stream->call.request.is_websocket || status / 100 != 2)
        return NULL;
    bns_http2_copy_fields(fields, &head);
    return bns_websocket_check_choice(&head, &stream->call.request.websocket);
}

/* Returns: %NULL, or what is wrong with it. */
static const char *
count_interim(BnsHttp2Stream *stream, const BnsHttp2Fields *fields, bool is_last)
{
    if (is_last)
        return "an interim response ends the stream";
    stream->n_interim++;
    /* Their fields wait for the client without regard to a window. */
    stream->interim_size += bns_http2_fields_size(fields);
    return stream->n_interim > BNS_HTTP_INTERIMS_MAX ||
                   stream->interim_size > BNS_HTTP_HEAD_MAX
               ? "too many interim responses"
               : NULL;
}

static void
pass_head(BnsHttp2Stream *stream, const BnsHttp2Fields *fields, bool is_last)
{
    uint16_t status;
    const char *error = bns_http2_read_response(fields, &status);

    if (error == NULL && status < 200)
        error = count_interim(stream, fields, is_last);
    if (error == NULL)
        error = check_tunnel(stream, fields, status);
    if (error != NULL)
        on_bad_response(stream, error);
    else if (status < 200)
        pass_interim(stream, fields);
    else
        pass_final(stream, fields, status, is_last);
}

static void
on_fields(BnsHttp2End *end, BnsHttp2Fields *fields, bool is_last)
{
    BnsHttp2Stream *stream = end->owner;
    const char *error;

    bns_http2_stream_touch(stream);
    bns_call_note_first_byte(&stream->call);
    if (stream->state == BNS_HTTP2_AWAITED) {
        pass_head(stream, fields, is_last);
        bns_http2_fields_free(fields);
        return;
    }
    error = bns_http2_read_trailers(fields);
    if (error != NULL) {
        bns_http2_fields_free(fields);
        on_bad_response(stream, error);
        return;
    }
    bns_http2_end_finish(&stream->client, fields);
    end_response(stream);
}

/* --- the body --- */

static void
on_data(BnsHttp2End *end, const uint8_t *bytes, size_t len)
{
    BnsHttp2Stream *stream = end->owner;

    /* nghttp2 knows the order of frames, too. */
    if (stream->state != BNS_HTTP2_FLOWING) {
        on_bad_response(stream, "a body comes before its head");
        return;
    }
    stream->call.bytes_received += len;
    bns_http2_stream_touch(stream);
    bns_http2_end_send(&stream->client, bytes, len);
}

static void
on_last(BnsHttp2End *end)
{
    BnsHttp2Stream *stream = end->owner;

    if (stream->state != BNS_HTTP2_FLOWING) {
        on_bad_response(stream, "the stream ends before its head");
        return;
    }
    bns_http2_end_finish(&stream->client, NULL);
    end_response(stream);
}

static void
on_sent(BnsHttp2End *end)
{
}

/* --- the origin's end is closed --- */

/* The response is complete. Whether the request was too is the origin's business: one
 * that wants no more of it says so by a reset (RFC 9113 8.1), and so do we. */
static void
close_done(BnsHttp2Stream *stream)
{
    bool was_over = stream->origin.ending != BNS_HTTP2_OPEN &&
                    bns_buffer_len(&stream->origin.waiting) == 0;

    if (stream->client.link == NULL) {
        bns_http2_stream_finish(stream, NULL);
        return;
    }
    if (!was_over)
        bns_http2_stream_stop_request(stream);
    /* Behind what waits of the response, if its end was not sent yet. */
    if (!was_over && !stream->is_request_over &&
        bns_http2_end_is_sent(&stream->client)) {
        bns_http2_end_reset(&stream->client, NGHTTP2_NO_ERROR);
        bns_http2_stream_finish(stream, NULL);
    }
}

/* Before any part of the response was passed on. A reset is passed on as it came. The
 * promise that the request was not looked at (REFUSED_STREAM), by a reset or GOAWAY, is
 * first taken at its word here, and then lets the client send it again. */
static void
close_awaited(BnsHttp2Stream *stream, uint32_t code, const char *why)
{
    bool is_unseen = code == NGHTTP2_REFUSED_STREAM;
    g_autofree char *error = NULL;

    if ((is_unseen || why != NULL) && bns_http2_stream_retry(stream, is_unseen))
        return;
    if (!stream->origin.is_reset && !is_unseen) {
        error = g_strdup_printf("the upstream sent no response: %s",
                                why != NULL ? why : nghttp2_http2_strerror(code));
        bns_http2_stream_fail(stream, 502, error, true);
        return;
    }
    error = g_strdup_printf("the upstream reset the stream: %s",
                            nghttp2_http2_strerror(code));
    note_upstream_error(stream, error);
    bns_http2_end_reset(&stream->client, code);
    bns_http2_stream_finish(stream, error);
}

static void
close_flowing(BnsHttp2Stream *stream, uint32_t code, const char *why)
{
    bool is_reset = stream->origin.is_reset;
    g_autofree char *error =
        g_strdup_printf(is_reset ? "the upstream reset the stream: %s"
                                 : "the upstream ended before its response did: %s",
                        why != NULL ? why : nghttp2_http2_strerror(code));

    break_response(stream, is_reset ? code : NGHTTP2_INTERNAL_ERROR, error);
}

static void
on_closed(BnsHttp2End *end, uint32_t code, const char *why)
{
    BnsHttp2Stream *stream = end->owner;

    switch (stream->state) {
    case BNS_HTTP2_AWAITED:
        close_awaited(stream, code, why);
        break;
    case BNS_HTTP2_FLOWING:
        close_flowing(stream, code, why);
        break;
    case BNS_HTTP2_DONE:
        close_done(stream);
        break;
    case BNS_HTTP2_WAITING:
    case BNS_HTTP2_RECORDING:
    case BNS_HTTP2_ANSWERED:
    case BNS_HTTP2_BROKEN:
        break;
    }
}

const BnsHttp2Events bns_http2_origin_events = {
    .on_fields = on_fields,
    .on_data = on_data,
    .on_last = on_last,
    .on_sent = on_sent,
    .on_closed = on_closed,
};
