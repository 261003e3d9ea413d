/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/http2_server.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS_MAX 256

struct Http2Server {
    nghttp2_session *session; /* owned */
};

/* Of a stream. */
typedef struct {
    char path[128];
    uint64_t left; /* of the body */
} Answer;

static int
on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id,
                                             g_new0(Answer, 1));
    return 0;
}

static int
on_header(nghttp2_session *session,
          const nghttp2_frame *frame,
          const uint8_t *name,
          size_t name_len,
          const uint8_t *value,
          size_t value_len,
          uint8_t flags,
          void *data)
{
    Answer *answer = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    if (answer != NULL && name_len == 5 && memcmp(name, ":path", 5) == 0)
        g_strlcpy(answer->path, (const char *)value, sizeof(answer->path));
    return 0;
}

static ssize_t
read_body(nghttp2_session *session,
          int32_t stream,
          uint8_t *buffer,
          size_t size,
          uint32_t *out_flags,
          nghttp2_data_source *source,
          void *data)
{
    Answer *answer = source->ptr;
    size_t take = MIN(size, answer->left);

    memset(buffer, 'b', take);
    answer->left -= take;
    if (answer->left == 0)
        *out_flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)take;
}

static nghttp2_nv
header(const char *name, const char *value)
{
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name,
        .value = (uint8_t *)(uintptr_t)value,
        .namelen = strlen(name),
        .valuelen = strlen(value),
    };
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    Answer *answer;
    char length[24];
    bool is_known;

    if (frame->hd.type != NGHTTP2_HEADERS ||
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    answer = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (answer == NULL)
        return 0;
    is_known = g_str_has_prefix(answer->path, "/bytes/");
    answer->left = is_known ? strtoull(answer->path + 7, NULL, 10) : 0;
    g_snprintf(length, sizeof(length), "%" G_GUINT64_FORMAT, answer->left);
    {
        const nghttp2_nv headers[] = {
            header(":status", is_known ? "200" : "404"),
            header("content-type", "application/octet-stream"),
            header("content-length", length),
        };
        const nghttp2_data_provider body = { { .ptr = answer }, read_body };

        nghttp2_submit_response(session, frame->hd.stream_id, headers,
                                G_N_ELEMENTS(headers), answer->left > 0 ? &body : NULL);
    }
    return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *data)
{
    g_free(nghttp2_session_get_stream_user_data(session, stream));
    return 0;
}

Http2Server *
http2_server_new(void)
{
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX },
    };
    Http2Server *server = g_new0(Http2Server, 1);
    nghttp2_session_callbacks *callbacks;

    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_server_new(&server->session, callbacks, server);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(server->session, NGHTTP2_FLAG_NONE, settings,
                            G_N_ELEMENTS(settings));
    return server;
}

void
http2_server_free(Http2Server *server)
{
    if (server == NULL)
        return;
    nghttp2_session_del(server->session);
    g_free(server);
}

bool
http2_server_feed(Http2Server *server, const uint8_t *bytes, size_t len)
{
    return nghttp2_session_mem_recv(server->session, bytes, len) >= 0;
}

bool
http2_server_pull(Http2Server *server, Bytes *bytes)
{
    const uint8_t *data;
    ssize_t n;

    while (bytes->out->len - bytes->out_sent < BYTES_READ_MAX &&
           (n = nghttp2_session_mem_send(server->session, &data)) > 0)
        bytes_put(bytes, data, (size_t)n);
    return bytes->out->len - bytes->out_sent >= BYTES_READ_MAX;
}
