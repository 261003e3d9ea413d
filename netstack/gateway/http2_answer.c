/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of our own on a stream: refusals and failures.
 */
#include "base/text.h"
#include "netstack/gateway/block.h"
#include "netstack/gateway/flow.h"
#include "netstack/gateway/http2_stream.h"

#include <string.h>

static void
put(BnsHttp2Fields *fields, const char *name, const char *value)
{
    bns_http2_fields_add(fields, (BnsSlice){ name, strlen(name) },
                         (BnsSlice){ value, strlen(value) }, false);
}

/* gRPC's own list from an HTTP status to a code (grpc/doc/http-grpc-status-mapping.md),
 * which its clients use where no code is given. */
static const char *
grpc_status(uint16_t status)
{
    switch (status) {
    case 400:
        return "13"; /* INTERNAL */
    case 403:
        return "7"; /* PERMISSION_DENIED */
    case 502:
    case 503:
    case 504:
        return "14"; /* UNAVAILABLE */
    default:
        return "2"; /* UNKNOWN */
    }
}

/* As gRPC writes it (PROTOCOL-HTTP2.md, Status-Message): what is not visible ASCII, and
 * '%', by %XX of its UTF-8. */
static char *
grpc_message(const char *text)
{
    GString *message = g_string_new(NULL);

    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;

        if (byte >= 0x20 && byte < 0x7f && byte != '%')
            g_string_append_c(message, (char)byte);
        else
            g_string_append_printf(message, "%%%02X", byte);
    }
    return g_string_free(message, FALSE);
}

/* A response of trailers only: a gRPC client shows its message to the person. */
static void
respond_grpc(BnsHttp2Stream *stream, const BnsBlock *block)
{
    g_autoptr(BnsHttp2Fields) fields = bns_http2_fields_new();
    g_autofree char *text =
        g_strconcat(block->status == 403 ? "blocked by boundary-ns: " : "boundary-ns: ",
                    block->reason, NULL);
    g_autofree char *message = grpc_message(text);
    g_autoptr(GArray) sent = NULL;

    put(fields, ":status", "200");
    put(fields, "content-type", "application/grpc");
    put(fields, "grpc-status", grpc_status(block->status));
    put(fields, "grpc-message", message);
    sent = bns_http2_write_response(fields);
    bns_http2_end_respond(&stream->client, sent, true);
}

static void
respond(BnsHttp2Stream *stream, const BnsBlock *block)
{
    g_autoptr(BnsHttp2Fields) fields = bns_http2_fields_new();
    const char *type;
    g_autoptr(GBytes) body = bns_block_body(block, &type);
    g_autofree char *status = g_strdup_printf("%u", (unsigned)block->status);
    g_autofree char *length = g_strdup_printf("%zu", g_bytes_get_size(body));
    g_autoptr(GArray) sent = NULL;

    put(fields, ":status", status);
    put(fields, "content-type", type);
    put(fields, "content-length", length);
    put(fields, "x-content-type-options", "nosniff");
    put(fields, "cache-control", "no-store");
    sent = bns_http2_write_response(fields);
    bns_http2_end_respond(&stream->client, sent, block->is_head);
    if (block->is_head)
        return;
    bns_http2_end_send(&stream->client, g_bytes_get_data(body, NULL),
                       g_bytes_get_size(body));
    bns_http2_end_finish(&stream->client, NULL);
}

void
bns_http2_stream_answer(BnsHttp2Stream *stream, uint16_t status, const char *reason)
{
    g_autofree char *suggestion = bns_call_suggest(&stream->call, status);
    BnsBlock block = bns_call_block(&stream->call, status, reason, suggestion);

    bns_http2_end_reset(&stream->origin, NGHTTP2_CANCEL);
    bns_http2_stream_stop_request(stream);
    stream->state = BNS_HTTP2_ANSWERED;
    bns_http2_stream_touch(stream);
    if (stream->call.request.is_grpc)
        respond_grpc(stream, &block);
    else
        respond(stream, &block);
}

void
bns_http2_stream_refuse(BnsHttp2Stream *stream, const BnsRefusal *refusal)
{
    bns_call_note_refusal(&stream->call, refusal);
    bns_http2_stream_answer(stream, refusal->status, refusal->reason);
}

void
bns_http2_stream_fail(BnsHttp2Stream *stream,
                      uint16_t status,
                      const char *error,
                      bool is_news)
{
    bns_call_note_failure(&stream->call, status, error, is_news);
    bns_http2_stream_answer(stream, status, error);
}
