/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link's nghttp2 session: its settings, and what its callbacks mean.
 */
#include "netstack/gateway/http2_private.h"

/* CONTINUATION frames of one section (CVE-2024-28182): with 16 KiB each they hold twice
 * what BNS_HTTP_HEAD_MAX lets through uncompressed. nghttp2's default. */
#define CONTINUATIONS_MAX 8
/* Of PING and SETTINGS that wait to be sent: nothing is read while the peer does not
 * read, so that one read's worth is the most. */
#define ACKS_MAX 4096
/* Entries of one SETTINGS frame; nine are defined. nghttp2's default. */
#define SETTINGS_MAX 32
/* What a section may take when it is sent, as nghttp2 estimates it beforehand. */
#define SENT_SECTION_MAX (4 * BNS_HTTP_HEAD_MAX)

/* RFC 9113 4.1 */
#define FRAME_HEADER_BYTES 9
#define FRAME_TYPE_AT      3

/* --- budgets --- */

void
bns_http2_link_spend_reset(BnsHttp2Link *link)
{
    if (!bns_http2_budget_reset(&link->budget, bns_loop_now_us(link->loop)))
        bns_http2_link_fail(link, NGHTTP2_ENHANCE_YOUR_CALM,
                            "too many streams were reset");
}

static void
spend_idle_frame(BnsHttp2Link *link)
{
    if (!bns_http2_budget_idle_frame(&link->budget, bns_loop_now_us(link->loop)))
        bns_http2_link_fail(link, NGHTTP2_ENHANCE_YOUR_CALM,
                            "too many frames without content");
}

/* --- header sections --- */

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    BnsHttp2Link *link = data;

    g_clear_pointer(&link->section, bns_http2_fields_free);
    link->section = bns_http2_fields_new();
    return 0;
}

/* Tells of a request that nobody will see. */
static void
drop_section(BnsHttp2Link *link, const nghttp2_frame *frame)
{
    g_clear_pointer(&link->section, bns_http2_fields_free);
    bns_http2_link_spend_reset(link);
    if (link->is_server && bns_http2_link_find(link, frame->hd.stream_id) == NULL)
        link->events->on_malformed(link->data);
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
    BnsHttp2Link *link = data;

    if (link->section == NULL)
        return 0;
    bns_http2_fields_add(link->section, (BnsSlice){ (const char *)name, name_len },
                         (BnsSlice){ (const char *)value, value_len },
                         (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0);
    if (!bns_http2_fields_is_excessive(link->section))
        return 0;
    /* The rest is decoded, as the compression's state needs, and nothing else. */
    drop_section(link, frame);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* A field with forbidden bytes: by default nghttp2 would leave it out. */
static int
on_invalid_header(nghttp2_session *session,
                  const nghttp2_frame *frame,
                  nghttp2_rcbuf *name,
                  nghttp2_rcbuf *value,
                  uint8_t flags,
                  void *data)
{
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void
receive_section(BnsHttp2Link *link, const nghttp2_frame *frame)
{
    BnsHttp2End *end = bns_http2_link_find(link, frame->hd.stream_id);
    bool is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    BnsHttp2Fields *section = g_steal_pointer(&link->section);

    bns_http2_budget_earn(&link->budget);
    if (section == NULL)
        return;
    if (end != NULL)
        link->events->on_fields(end, section, is_last);
    else if (link->is_server && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        link->events->on_request(link->data, frame->hd.stream_id, section, is_last);
    else
        bns_http2_fields_free(section);
}

/* --- frames --- */

static void
receive_data_frame(BnsHttp2Link *link, const nghttp2_frame *frame)
{
    BnsHttp2End *end = bns_http2_link_find(link, frame->hd.stream_id);
    bool is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

    if (!is_last && frame->hd.length - frame->data.padlen == 0)
        spend_idle_frame(link);
    if (is_last && end != NULL)
        link->events->on_last(end);
}

/* Whether a reset takes away what was under way. Behind a complete response it only says
 * that the rest of the request is not wanted, or does not come: gRPC ends each streaming
 * call so that its server finishes first. And a stream that is gone was reset while its
 * end was on its way here. */
static bool
is_untimely(const BnsHttp2Link *link, int32_t id)
{
    return (link->is_server
                ? nghttp2_session_get_stream_local_close(link->session, id)
                : nghttp2_session_get_stream_remote_close(link->session, id)) == 0;
}

static void
receive_reset(BnsHttp2Link *link, const nghttp2_frame *frame)
{
    BnsHttp2End *end = bns_http2_link_find(link, frame->hd.stream_id);

    if (is_untimely(link, frame->hd.stream_id))
        bns_http2_link_spend_reset(link);
    else
        spend_idle_frame(link);
    if (end != NULL)
        end->is_reset = true;
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    BnsHttp2Link *link = data;

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        receive_section(link, frame);
        break;
    case NGHTTP2_DATA:
        receive_data_frame(link, frame);
        break;
    case NGHTTP2_RST_STREAM:
        receive_reset(link, frame);
        break;
    case NGHTTP2_GOAWAY:
        link->is_left = true;
        spend_idle_frame(link);
        break;
    case NGHTTP2_PRIORITY:
        break;
    case NGHTTP2_SETTINGS:
        link->has_settings =
            link->has_settings || (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0;
        spend_idle_frame(link);
        break;
    default:
        spend_idle_frame(link);
        break;
    }
    return 0;
}

/* Of frames that are ignored there is nothing else to be seen. */
static int
on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *header, void *data)
{
    if (header->type == NGHTTP2_PRIORITY)
        spend_idle_frame(data);
    return 0;
}

static int
on_data_chunk(nghttp2_session *session,
              uint8_t flags,
              int32_t id,
              const uint8_t *bytes,
              size_t len,
              void *data)
{
    BnsHttp2Link *link = data;
    BnsHttp2End *end = bns_http2_link_find(link, id);

    if (end == NULL) {
        nghttp2_session_consume(session, id, len);
        return 0;
    }
    bns_http2_budget_earn(&link->budget);
    end->unused += (uint32_t)len;
    link->events->on_data(end, bytes, len);
    return 0;
}

/* nghttp2 has refused the frame and resets its stream. More streams than are allowed are
 * no fault of the request: the client may not have heard of the limit yet. */
static int
on_invalid_frame(nghttp2_session *session,
                 const nghttp2_frame *frame,
                 int error,
                 void *data)
{
    BnsHttp2Link *link = data;

    if (frame->hd.type != NGHTTP2_HEADERS ||
        bns_http2_link_find(link, frame->hd.stream_id) != NULL)
        return 0;
    if (error == NGHTTP2_ERR_REFUSED_STREAM)
        bns_http2_link_spend_reset(link);
    else
        drop_section(link, frame);
    return 0;
}

static void
send_last(BnsHttp2Link *link, BnsHttp2End *end)
{
    end->is_sent = true;
    link->events->on_sent(end);
}

static int
on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    BnsHttp2Link *link = data;
    bool is_message =
        frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    BnsHttp2End *end = NULL;

    if (frame->hd.stream_id != 0)
        end = bns_http2_link_find(link, frame->hd.stream_id);
    /* Of those that are ours only one that waited for its turn still has its end. */
    if (frame->hd.type == NGHTTP2_RST_STREAM && end != NULL &&
        end->ending != BNS_HTTP2_BREAK)
        bns_http2_link_spend_reset(link);
    if (frame->hd.type == NGHTTP2_GOAWAY && link->fault == NULL &&
        frame->goaway.error_code != NGHTTP2_NO_ERROR)
        link->fault = nghttp2_http2_strerror(frame->goaway.error_code);
    if (is_message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && end != NULL)
        send_last(link, end);
    return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *data)
{
    BnsHttp2Link *link = data;
    BnsHttp2End *end = bns_http2_link_find(link, id);

    if (end == NULL)
        return 0;
    bns_http2_end_detach(end);
    link->events->on_closed(end, code, NULL);
    return 0;
}

/* --- the session --- */

static nghttp2_session_callbacks *
callbacks_new(void)
{
    nghttp2_session_callbacks *callbacks;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        g_error("Could not allocate HTTP/2 callbacks");
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
                                                            on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks,
                                                              on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks,
                                                                 on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    return callbacks;
}

static nghttp2_option *
options_new(void)
{
    nghttp2_option *options;

    if (nghttp2_option_new(&options) != 0)
        g_error("Could not allocate HTTP/2 options");
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_peer_max_concurrent_streams(options, BNS_HTTP2_STREAMS_MAX);
    /* Our own budget counts instead: more kinds, and none that is_untimely() excuses. */
    nghttp2_option_set_stream_reset_rate_limit(options, UINT64_MAX, UINT64_MAX);
    nghttp2_option_set_max_continuations(options, CONTINUATIONS_MAX);
    nghttp2_option_set_max_outbound_ack(options, ACKS_MAX);
    nghttp2_option_set_max_settings(options, SETTINGS_MAX);
    nghttp2_option_set_max_send_header_block_length(options, SENT_SECTION_MAX);
    return options;
}

static void
session_new(BnsHttp2Link *link)
{
    nghttp2_session_callbacks *callbacks = callbacks_new();
    nghttp2_option *options = options_new();
    nghttp2_mem memory = bns_http2_memory_functions(&link->memory);
    int r = link->is_server ? nghttp2_session_server_new3(&link->session, callbacks,
                                                          link, options, &memory)
                            : nghttp2_session_client_new3(&link->session, callbacks,
                                                          link, options, &memory);

    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    if (r != 0)
        g_error("Could not allocate an HTTP/2 session");
}

/* HPACK tables stay at their initial 4 KiB in both directions. */
static void
begin(BnsHttp2Link *link)
{
    static const nghttp2_settings_entry server_settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, BNS_HTTP2_STREAMS_MAX },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, BNS_HTTP_HEAD_MAX },
        { NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
        /* The last: bns_http2_link_greet(). */
        { NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
    };
    static const nghttp2_settings_entry client_settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, BNS_HTTP_HEAD_MAX },
    };

    if (link->is_server)
        nghttp2_submit_settings(link->session, NGHTTP2_FLAG_NONE, server_settings,
                                G_N_ELEMENTS(server_settings));
    else
        nghttp2_submit_settings(link->session, NGHTTP2_FLAG_NONE, client_settings,
                                G_N_ELEMENTS(client_settings));
    nghttp2_session_set_local_window_size(link->session, NGHTTP2_FLAG_NONE, 0,
                                          BNS_HTTP2_CONNECTION_WINDOW);
    link->is_greeted = !link->is_server;
}

/* The settings must be the first frame, but nghttp2 acknowledges the peer's as it reads
 * them. So ours are queued before anything is read, and what they say of extended CONNECT
 * is put in when it is known: nghttp2 takes it for offered, we do not. */
void
bns_http2_link_greet(BnsHttp2Link *link, bool has_tunnels)
{
    const uint8_t *bytes;
    ssize_t n;
    uint8_t value = has_tunnels ? 1 : 0;

    if (link->is_greeted)
        return;
    link->is_greeted = true;
    link->offers_tunnels = has_tunnels;
    n = nghttp2_session_mem_send(link->session, &bytes);
    if (n < FRAME_HEADER_BYTES || bytes[FRAME_TYPE_AT] != NGHTTP2_SETTINGS) {
        link->is_broken = true;
        return;
    }
    bns_buffer_append(&link->channel->out, bytes, (size_t)n - 1);
    bns_buffer_append(&link->channel->out, &value, 1);
    bns_http2_link_wake(link);
}

void
bns_http2_link_offer_tunnels(BnsHttp2Link *link)
{
    static const nghttp2_settings_entry offer = {
        NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1
    };

    if (!link->is_greeted || link->offers_tunnels)
        return;
    link->offers_tunnels = true;
    nghttp2_submit_settings(link->session, NGHTTP2_FLAG_NONE, &offer, 1);
    bns_http2_link_wake(link);
}

BnsHttp2Link *
bns_http2_link_new(BnsLoop *loop,
                   BnsChannel *channel,
                   bool is_server,
                   const BnsHttp2Events *events,
                   BnsLoopFunc on_turn,
                   void *data)
{
    BnsHttp2Link *link = g_new0(BnsHttp2Link, 1);

    link->loop = loop;
    link->channel = channel;
    link->is_server = is_server;
    link->events = events;
    link->data = data;
    link->turn = bns_loop_timer(loop, on_turn, data);
    link->ends = g_hash_table_new(NULL, NULL);
    link->end = "the connection was closed";
    link->spare_window = BNS_HTTP2_WINDOW_SPARE;
    bns_http2_budget_init(&link->budget, bns_loop_now_us(loop));
    session_new(link);
    begin(link);
    return link;
}

void
bns_http2_link_free(BnsHttp2Link *link)
{
    BnsHttp2End *end;

    if (link == NULL)
        return;
    while ((end = bns_http2_link_any_end(link)) != NULL)
        bns_http2_end_detach(end);
    nghttp2_session_del(link->session);
    bns_http2_memory_clear(&link->memory);
    g_hash_table_unref(link->ends);
    bns_http2_fields_free(link->section);
    bns_timer_free(link->turn);
    g_free(link);
}
