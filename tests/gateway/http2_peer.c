/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/http2_peer.h"

#include <string.h>
#include <sys/socket.h>

/* --- streams --- */

static PeerStream *
stream_new(Peer *peer, int32_t id)
{
    PeerStream *stream = g_new0(PeerStream, 1);

    stream->id = id;
    stream->head = g_string_new(NULL);
    stream->interim = g_string_new(NULL);
    stream->trailers = g_string_new(NULL);
    stream->body = g_string_new(NULL);
    g_hash_table_insert(peer->streams, &stream->id, stream);
    g_ptr_array_add(peer->order, stream);
    return stream;
}

static void
stream_free(gpointer data)
{
    PeerStream *stream = data;

    g_string_free(stream->head, TRUE);
    g_string_free(stream->interim, TRUE);
    g_string_free(stream->trailers, TRUE);
    g_string_free(stream->body, TRUE);
    g_free(stream);
}

PeerStream *
peer_stream(const Peer *peer, int32_t id)
{
    return g_hash_table_lookup(peer->streams, &id);
}

static PeerStream *
get_stream(Peer *peer, int32_t id)
{
    PeerStream *stream = peer_stream(peer, id);

    return stream != NULL ? stream : stream_new(peer, id);
}

char *
peer_field(const Peer *peer, int32_t id, const char *name)
{
    const PeerStream *stream = peer_stream(peer, id);
    g_autofree char *begin = g_strconcat("\n", name, ": ", NULL);
    g_autofree char *head = g_strconcat("\n", stream->head->str, NULL);
    const char *at = strstr(head, begin);

    if (at == NULL)
        return NULL;
    at += strlen(begin);
    return g_strndup(at, strcspn(at, "\n"));
}

/* --- what comes --- */

static int
on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    Peer *peer = data;

    g_string_truncate(peer->sending, 0);
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
    Peer *peer = data;

    g_string_append_printf(peer->sending, "%.*s: %.*s\n", (int)name_len,
                           (const char *)name, (int)value_len, (const char *)value);
    return 0;
}

static void
take_section(Peer *peer, PeerStream *stream)
{
    bool is_interim = g_str_has_prefix(peer->sending->str, ":status: 1");
    GString *into = stream->trailers;

    if (is_interim)
        into = stream->interim;
    else if (!stream->has_head)
        into = stream->head;
    stream->has_head = stream->has_head || !is_interim;
    g_string_append(into, peer->sending->str);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    Peer *peer = data;
    PeerStream *stream = NULL;

    if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA ||
        frame->hd.type == NGHTTP2_RST_STREAM)
        stream = get_stream(peer, frame->hd.stream_id);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        take_section(peer, stream);
        break;
    case NGHTTP2_SETTINGS:
        peer->n_settings += (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0;
        break;
    case NGHTTP2_PING:
        peer->n_acks += (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
        break;
    case NGHTTP2_GOAWAY:
        peer->has_goaway = true;
        peer->goaway = frame->goaway.error_code;
        break;
    case NGHTTP2_RST_STREAM:
        stream->is_reset = true;
        stream->is_closed = true;
        stream->code = frame->rst_stream.error_code;
        break;
    default:
        break;
    }
    if (stream != NULL && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        frame->hd.type != NGHTTP2_RST_STREAM)
        stream->is_ended = true;
    return 0;
}

static int
on_data(nghttp2_session *session,
        uint8_t flags,
        int32_t id,
        const uint8_t *bytes,
        size_t len,
        void *data)
{
    PeerStream *stream = get_stream(data, id);

    stream->n_body += len;
    g_string_append_len(stream->body, (const char *)bytes, (gssize)len);
    return 0;
}

static int
on_close(nghttp2_session *session, int32_t id, uint32_t code, void *data)
{
    PeerStream *stream = get_stream(data, id);

    stream->is_closed = true;
    stream->code = code;
    return 0;
}

/* --- life --- */

static void
session_new(Peer *peer, RigFlow *flow, bool is_server)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;

    *peer = (Peer){ .flow = flow, .is_server = is_server };
    peer->streams = g_hash_table_new_full(g_int_hash, g_int_equal, NULL, stream_free);
    peer->order = g_ptr_array_new();
    peer->sending = g_string_new(NULL);
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option_new(&option);
    nghttp2_option_set_no_http_messaging(option, 1);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_peer_max_concurrent_streams(option, 100000);
    if (is_server)
        nghttp2_session_server_new2(&peer->session, callbacks, peer, option);
    else
        nghttp2_session_client_new2(&peer->session, callbacks, peer, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
}

void
peer_init(Peer *peer, RigFlow *flow, bool is_server)
{
    session_new(peer, flow, is_server);
    nghttp2_submit_settings(peer->session, NGHTTP2_FLAG_NONE, NULL, 0);
}

static void
submit_offer(Peer *peer)
{
    static const nghttp2_settings_entry offer = {
        NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1
    };

    nghttp2_submit_settings(peer->session, NGHTTP2_FLAG_NONE, &offer, 1);
}

void
peer_init_offering(Peer *peer, RigFlow *flow)
{
    session_new(peer, flow, true);
    submit_offer(peer);
}

void
peer_clear(Peer *peer)
{
    nghttp2_session_del(peer->session);
    g_ptr_array_unref(peer->order);
    g_hash_table_unref(peer->streams);
    g_string_free(peer->sending, TRUE);
}

/* --- what goes --- */

/* (transfer full): nghttp2_nv that point into @fields' copy, which is *@out_text. */
static GArray *
parse_fields(const char *fields, char **out_text)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(nghttp2_nv));
    char *at = g_strdup(fields);

    *out_text = at;
    while (*at != '\0') {
        char *end = strchr(at, '\n');
        char *colon = strstr(at + 1, ": ");
        /* A copied name would be made lower-case. */
        nghttp2_nv nv = { .name = (uint8_t *)at,
                          .namelen = (size_t)(colon - at),
                          .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME };

        g_assert_nonnull(end);
        g_assert_nonnull(colon);
        nv.value = (uint8_t *)colon + 2;
        nv.valuelen = (size_t)(end - colon - 2);
        g_array_append_val(out, nv);
        at = end + 1;
    }
    return out;
}

static void
submit(Peer *peer, int32_t id, const char *fields, uint8_t flags, int32_t *out_id)
{
    g_autofree char *text = NULL;
    g_autoptr(GArray) nva = parse_fields(fields, &text);
    int32_t result =
        nghttp2_submit_headers(peer->session, flags, id, NULL,
                               (nghttp2_nv *)(void *)nva->data, nva->len, NULL);

    g_assert_cmpint(result, >=, 0);
    if (out_id != NULL)
        *out_id = result;
    /* Before @text goes; and DATA is written past nghttp2. */
    peer_flush(peer);
}

int32_t
peer_ask(Peer *peer, const char *fields, const char *body)
{
    int32_t id;

    submit(peer, -1, fields, body == NULL ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE,
           &id);
    if (body != NULL && body[0] != '\0')
        peer_data(peer, id, body, strlen(body), true);
    return id;
}

int32_t
peer_get(Peer *peer, const char *scheme, const char *authority, const char *path)
{
    g_autofree char *fields =
        g_strdup_printf(":method: GET\n:scheme: %s\n:authority: %s\n:path: %s\n",
                        scheme, authority, path);

    return peer_ask(peer, fields, NULL);
}

void
peer_respond(Peer *peer, int32_t id, const char *fields, bool is_last)
{
    submit(peer, id, fields, is_last ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE,
           NULL);
}

void
peer_fields(Peer *peer, int32_t id, const char *fields, bool is_last)
{
    peer_respond(peer, id, fields, is_last);
}

static void
put_header(uint8_t out[9], size_t len, uint8_t type, uint8_t flags, int32_t id)
{
    out[0] = (uint8_t)(len >> 16);
    out[1] = (uint8_t)(len >> 8);
    out[2] = (uint8_t)len;
    out[3] = type;
    out[4] = flags;
    for (int i = 0; i < 4; i++)
        out[5 + i] = (uint8_t)(id >> (24 - 8 * i));
}

void
peer_frame(Peer *peer,
           uint8_t type,
           uint8_t flags,
           int32_t id,
           const void *payload,
           size_t len)
{
    uint8_t header[9];

    put_header(header, len, type, flags, id);
    peer_raw(peer, header, sizeof(header));
    if (len > 0)
        peer_raw(peer, payload, len);
}

void
peer_flood(Peer *peer,
           size_t n,
           uint8_t type,
           uint8_t flags,
           int32_t id,
           const void *payload,
           size_t len)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    uint8_t header[9];

    put_header(header, len, type, flags, id);
    for (size_t i = 0; i < n; i++) {
        g_byte_array_append(bytes, header, sizeof(header));
        g_byte_array_append(bytes, payload, (guint)len);
    }
    peer_raw(peer, bytes->data, bytes->len);
}

void
peer_data(Peer *peer, int32_t id, const void *bytes, size_t len, bool is_last)
{
    peer_frame(peer, NGHTTP2_DATA, is_last ? NGHTTP2_FLAG_END_STREAM : 0, id, bytes,
               len);
}

static ssize_t
on_pour(nghttp2_session *session,
        int32_t id,
        uint8_t *buffer,
        size_t size,
        uint32_t *flags,
        nghttp2_data_source *source,
        void *data)
{
    PeerStream *stream = source->ptr;
    size_t n = MIN(size, stream->to_pour - stream->n_poured);

    memset(buffer, 'x', n);
    stream->n_poured += n;
    if (stream->n_poured == stream->to_pour)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

void
peer_pour(Peer *peer, int32_t id, size_t len)
{
    nghttp2_data_provider provider = { .source.ptr = get_stream(peer, id),
                                       .read_callback = on_pour };

    get_stream(peer, id)->to_pour = len;
    nghttp2_submit_data(peer->session, NGHTTP2_FLAG_END_STREAM, id, &provider);
    peer_flush(peer);
}

void
peer_reset(Peer *peer, int32_t id, uint32_t code)
{
    nghttp2_submit_rst_stream(peer->session, NGHTTP2_FLAG_NONE, id, code);
    peer_flush(peer);
}

void
peer_offer_tunnels(Peer *peer)
{
    submit_offer(peer);
    peer_flush(peer);
}

/* Whether all of it went: the engine may have closed. */
static bool
write_all(const Peer *peer, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = peer->flow->ssl != NULL
                        ? SSL_write(peer->flow->ssl, bytes, (int)len)
                        : send(peer->flow->fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

void
peer_raw(Peer *peer, const void *bytes, size_t len)
{
    peer_flush(peer);
    write_all(peer, bytes, len);
}

void
peer_flush(Peer *peer)
{
    const uint8_t *bytes;
    ssize_t n;

    while ((n = nghttp2_session_mem_send(peer->session, &bytes)) > 0)
        if (!write_all(peer, bytes, (size_t)n))
            return;
}

/* Returns: whether anything came. */
static bool
read_some(Peer *peer)
{
    uint8_t buffer[16384];
    ssize_t n = peer->flow->ssl != NULL
                    ? SSL_read(peer->flow->ssl, buffer, sizeof(buffer))
                    : recv(peer->flow->fd, buffer, sizeof(buffer), 0);

    if (n <= 0) {
        peer->is_over = true;
        return false;
    }
    g_assert_cmpint(nghttp2_session_mem_recv(peer->session, buffer, (size_t)n), ==, n);
    return true;
}

void
peer_until(Peer *peer, bool (*condition)(const Peer *peer, int32_t id), int32_t id)
{
    peer_flush(peer);
    while (!condition(peer, id)) {
        if (!read_some(peer))
            g_error("the connection ended too early");
        peer_flush(peer);
    }
}

void
peer_until_over(Peer *peer)
{
    peer_flush(peer);
    while (read_some(peer))
        peer_flush(peer);
}

/* --- conditions --- */

bool
peer_has_head(const Peer *peer, int32_t id)
{
    const PeerStream *stream = peer_stream(peer, id);

    return stream != NULL && stream->has_head;
}

bool
peer_has_body(const Peer *peer, int32_t id)
{
    const PeerStream *stream = peer_stream(peer, id);

    return stream != NULL && stream->body->len > 0;
}

bool
peer_is_ended(const Peer *peer, int32_t id)
{
    const PeerStream *stream = peer_stream(peer, id);

    return stream != NULL && stream->is_ended;
}

bool
peer_is_closed(const Peer *peer, int32_t id)
{
    const PeerStream *stream = peer_stream(peer, id);

    return stream != NULL && stream->is_closed;
}

bool
peer_has_streams(const Peer *peer, int32_t count)
{
    return peer->order->len >= (guint)count;
}

bool
peer_has_settings(const Peer *peer, int32_t count)
{
    return peer->n_settings >= (unsigned)count;
}

bool
peer_is_offered_tunnels(const Peer *peer, int32_t any)
{
    return nghttp2_session_get_remote_settings(
               peer->session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

bool
peer_has_goaway(const Peer *peer, int32_t any)
{
    return peer->has_goaway;
}

static bool
has_acks(const Peer *peer, int32_t count)
{
    return peer->n_acks >= (unsigned)count;
}

void
peer_ping(Peer *peer)
{
    nghttp2_submit_ping(peer->session, NGHTTP2_FLAG_NONE, NULL);
    peer_until(peer, has_acks, (int32_t)peer->n_acks + 1);
}
