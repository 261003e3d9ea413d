/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends: what is sent on a stream, and the windows for what arrives on it.
 */
#include "netstack/gateway/http2_private.h"

#include <string.h>

/* --- which --- */

BnsHttp2End *
bns_http2_link_any_end(BnsHttp2Link *link)
{
    GHashTableIter iter;
    gpointer end;

    g_hash_table_iter_init(&iter, link->ends);
    return g_hash_table_iter_next(&iter, &end, NULL) ? end : NULL;
}

BnsHttp2End *
bns_http2_link_find(BnsHttp2Link *link, int32_t id)
{
    return nghttp2_session_get_stream_user_data(link->session, id);
}

static void
attach(BnsHttp2Link *link, BnsHttp2End *end, int32_t id)
{
    end->link = link;
    end->id = id;
    end->window = BNS_HTTP2_STREAM_WINDOW;
    nghttp2_session_set_stream_user_data(link->session, id, end);
    g_hash_table_add(link->ends, end);
}

void
bns_http2_end_detach(BnsHttp2End *end)
{
    BnsHttp2Link *link = g_steal_pointer(&end->link);

    nghttp2_session_set_stream_user_data(link->session, end->id, NULL);
    nghttp2_session_consume_connection(link->session, end->unused);
    end->unused = 0;
    link->spare_window += end->window - BNS_HTTP2_STREAM_WINDOW;
    g_hash_table_remove(link->ends, end);
    bns_http2_link_wake(link);
}

/* --- windows --- */

/* Twice the window for a stream whose bytes do not pile up: it is the window that holds
 * its sender back. */
static void
enlarge(BnsHttp2End *end, const BnsHttp2End *sink)
{
    if (end->in_order < end->window || end->window > BNS_HTTP2_STREAM_WINDOW_MAX / 2 ||
        end->window > end->link->spare_window ||
        bns_buffer_len(&sink->waiting) > end->window / 4)
        return;
    end->link->spare_window -= end->window;
    end->window *= 2;
    end->in_order = 0;
    nghttp2_session_set_local_window_size(end->link->session, NGHTTP2_FLAG_NONE,
                                          end->id, (int32_t)end->window);
}

/* @len bytes of @end have gone where they were to go. */
static void
use(BnsHttp2End *end, size_t len)
{
    g_return_if_fail(len <= end->unused);

    end->unused -= (uint32_t)len;
    end->in_order += (uint32_t)len;
    nghttp2_session_consume(end->link->session, end->id, len);
    bns_http2_link_wake(end->link);
}

void
bns_http2_end_forget(BnsHttp2End *end, size_t len)
{
    if (end->link != NULL)
        use(end, MIN(len, end->unused));
}

static void
use_source(BnsHttp2End *sink, size_t len)
{
    BnsHttp2End *source = sink->source;

    if (source == NULL || source->link == NULL || len == 0)
        return;
    use(source, MIN(len, source->unused));
    enlarge(source, sink);
}

/* --- sending --- */

bool
bns_http2_end_is_sent(const BnsHttp2End *end)
{
    return end->is_sent;
}

static void
send_trailers(BnsHttp2End *end)
{
    g_autoptr(GArray) fields = bns_http2_write_trailers(end->trailers);

    nghttp2_submit_trailer(end->link->session, end->id,
                           (const nghttp2_nv *)(const void *)fields->data, fields->len);
}

/* All that waited has been taken. */
static ssize_t
read_end(BnsHttp2End *end, ssize_t n, uint32_t *io_flags)
{
    switch (end->ending) {
    case BNS_HTTP2_OPEN:
        return n > 0 ? n : NGHTTP2_ERR_DEFERRED;
    case BNS_HTTP2_BREAK:
        if (n > 0)
            return n;
        nghttp2_submit_rst_stream(end->link->session, NGHTTP2_FLAG_NONE, end->id,
                                  end->break_code);
        return NGHTTP2_ERR_DEFERRED;
    case BNS_HTTP2_TRAILERS:
        *io_flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        send_trailers(end);
        return n;
    case BNS_HTTP2_LAST:
        *io_flags |= NGHTTP2_DATA_FLAG_EOF;
        return n;
    }
    g_return_val_if_reached(NGHTTP2_ERR_DEFERRED);
}

ssize_t
bns_http2_end_read(nghttp2_session *session,
                   int32_t id,
                   uint8_t *buffer,
                   size_t size,
                   uint32_t *io_flags,
                   nghttp2_data_source *source,
                   void *data)
{
    BnsHttp2End *end = bns_http2_link_find(data, id);
    size_t n;

    /* It was reset; its frame is on its way. */
    if (end == NULL)
        return NGHTTP2_ERR_DEFERRED;
    n = MIN(size, bns_buffer_len(&end->waiting));
    if (n > 0) {
        memcpy(buffer, bns_buffer_at(&end->waiting), n);
        bns_buffer_consume(&end->waiting, n);
        use_source(end, n);
        bns_http2_budget_earn(&end->link->budget);
    }
    if (bns_buffer_len(&end->waiting) > 0)
        return (ssize_t)n;
    bns_buffer_release(&end->waiting);
    return read_end(end, (ssize_t)n, io_flags);
}

/* There is something to send, or an end. */
static void
resume(BnsHttp2End *end)
{
    /* Fails if it was not put off: then it is asked for anyway. */
    nghttp2_session_resume_data(end->link->session, end->id);
    bns_http2_link_wake(end->link);
}

void
bns_http2_link_accept(BnsHttp2Link *link, BnsHttp2End *end, int32_t id)
{
    attach(link, end, id);
}

static const nghttp2_data_provider body = { .read_callback = bns_http2_end_read };

bool
bns_http2_link_request(BnsHttp2Link *link,
                       BnsHttp2End *end,
                       const GArray *fields,
                       bool is_last)
{
    int32_t id = nghttp2_submit_request(link->session, NULL,
                                        (const nghttp2_nv *)(const void *)fields->data,
                                        fields->len, is_last ? NULL : &body, end);

    if (id < 0)
        return false;
    attach(link, end, id);
    bns_http2_link_wake(link);
    return true;
}

void
bns_http2_end_respond(BnsHttp2End *end, const GArray *fields, bool is_last)
{
    if (end->link == NULL)
        return;
    nghttp2_submit_response(end->link->session, end->id,
                            (const nghttp2_nv *)(const void *)fields->data, fields->len,
                            is_last ? NULL : &body);
    bns_http2_link_wake(end->link);
}

void
bns_http2_end_interim(BnsHttp2End *end, const GArray *fields)
{
    if (end->link == NULL)
        return;
    nghttp2_submit_headers(end->link->session, NGHTTP2_FLAG_NONE, end->id, NULL,
                           (const nghttp2_nv *)(const void *)fields->data, fields->len,
                           NULL);
    bns_http2_link_wake(end->link);
}

void
bns_http2_end_send(BnsHttp2End *end, const void *bytes, size_t len)
{
    bns_buffer_append(&end->waiting, bytes, len);
    if (end->link != NULL)
        resume(end);
}

void
bns_http2_end_finish(BnsHttp2End *end, BnsHttp2Fields *trailers)
{
    end->ending = trailers == NULL ? BNS_HTTP2_LAST : BNS_HTTP2_TRAILERS;
    end->trailers = trailers;
    if (end->link != NULL)
        resume(end);
}

void
bns_http2_end_break(BnsHttp2End *end, uint32_t code)
{
    end->ending = BNS_HTTP2_BREAK;
    end->break_code = code;
    if (end->link != NULL)
        resume(end);
}

void
bns_http2_end_reset(BnsHttp2End *end, uint32_t code)
{
    if (end->link == NULL)
        return;
    nghttp2_submit_rst_stream(end->link->session, NGHTTP2_FLAG_NONE, end->id, code);
    bns_http2_end_detach(end);
}

void
bns_http2_end_refuse(BnsHttp2End *end)
{
    if (end->link != NULL)
        bns_http2_link_spend_reset(end->link);
    bns_http2_end_reset(end, NGHTTP2_PROTOCOL_ERROR);
}

void
bns_http2_end_clear(BnsHttp2End *end, uint32_t code)
{
    bns_http2_end_reset(end, code);
    bns_buffer_clear(&end->waiting);
    g_clear_pointer(&end->trailers, bns_http2_fields_free);
}
