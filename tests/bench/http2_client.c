/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/http2_client.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

/* Large enough that a bulk transfer never waits for a window's update. */
#define WINDOW_BYTES (16 * 1024 * 1024)

struct Http2Client {
    nghttp2_session *session; /* owned */
    Http2ClientCalls calls;
    void *data;
    int status; /* of the response under way */
};

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
    Http2Client *client = data;

    if (name_len == 7 && memcmp(name, ":status", 7) == 0)
        client->status = atoi((const char *)value);
    return 0;
}

static int
on_chunk(nghttp2_session *session,
         uint8_t flags,
         int32_t stream,
         const uint8_t *bytes,
         size_t len,
         void *data)
{
    Http2Client *client = data;

    client->calls.on_body(client->data, bytes, len);
    return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *data)
{
    Http2Client *client = data;

    client->calls.on_done(client->data, error == 0 ? client->status : 0);
    return 0;
}

Http2Client *
http2_client_new(const Http2ClientCalls *calls, void *data)
{
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES },
    };
    Http2Client *client = g_new0(Http2Client, 1);
    nghttp2_session_callbacks *callbacks;

    client->calls = *calls;
    client->data = data;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_client_new(&client->session, callbacks, client);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, settings,
                            G_N_ELEMENTS(settings));
    nghttp2_session_set_local_window_size(client->session, NGHTTP2_FLAG_NONE, 0,
                                          WINDOW_BYTES);
    return client;
}

void
http2_client_free(Http2Client *client)
{
    if (client == NULL)
        return;
    nghttp2_session_del(client->session);
    g_free(client);
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

void
http2_client_get(Http2Client *client, const char *authority, const char *path)
{
    const nghttp2_nv headers[] = {
        header(":method", "GET"),        header(":scheme", "https"),
        header(":authority", authority), header(":path", path),
        header("accept", "*/*"),
    };

    client->status = 0;
    nghttp2_submit_request(client->session, NULL, headers, G_N_ELEMENTS(headers), NULL,
                           NULL);
}

bool
http2_client_feed(Http2Client *client, const uint8_t *bytes, size_t len)
{
    return nghttp2_session_mem_recv(client->session, bytes, len) >= 0;
}

void
http2_client_pull(Http2Client *client, Bytes *bytes)
{
    const uint8_t *data;
    ssize_t n;

    while ((n = nghttp2_session_mem_send(client->session, &data)) > 0)
        bytes_put(bytes, data, (size_t)n);
}
