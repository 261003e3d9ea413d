/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 heads and chunks, written anew for the next hop.
 *
 * Nothing here can fail: what could not be forwarded was refused when it was read. Field
 * values hold no CR, LF or NUL, so that a line written is a line read.
 */
#include "base/text.h"
#include "netstack/gateway/http1_private.h"

#include <string.h>

static void
put(GByteArray *out, BnsSlice slice)
{
    if (slice.len > 0)
        g_byte_array_append(out, (const guint8 *)slice.at, (guint)slice.len);
}

static void
put_text(GByteArray *out, const char *text)
{
    put(out, (BnsSlice){ text, strlen(text) });
}

/* A head has twenty: room for one is made once, not for each of its parts. */
static void
put_field(GByteArray *out, const BnsHttpField *field)
{
    guint start = out->len;
    guint8 *at;

    g_byte_array_set_size(out, start + (guint)(field->name.len + field->value.len) + 4);
    at = mempcpy(out->data + start, field->name.at, field->name.len);
    at = mempcpy(at, ": ", 2);
    at = mempcpy(at, field->value.at, field->value.len);
    memcpy(at, "\r\n", 2);
}

/* @number in decimal, which lies in @buffer. */
static BnsSlice
digits_of(uint64_t number, char (*buffer)[BNS_TEXT_DIGITS_MAX])
{
    const char *at = bns_text_digits(number, *buffer);

    return (BnsSlice){ at, (size_t)(*buffer + sizeof(*buffer) - at) };
}

static void
put_length(GByteArray *out, uint64_t length)
{
    char buffer[BNS_TEXT_DIGITS_MAX];
    const BnsHttpField field = {
        .name = { "Content-Length", strlen("Content-Length") },
        .value = digits_of(length, &buffer),
    };

    put_field(out, &field);
}

static void
put_framing(GByteArray *out, BnsHttpBodyKind body, uint64_t body_len)
{
    if (body == BNS_HTTP_BODY_LENGTH)
        put_length(out, body_len);
    else if (body == BNS_HTTP_BODY_CHUNKED)
        put_text(out, "Transfer-Encoding: chunked\r\n");
}

/* Fields that go on as they are; framing and Host are written by the callers. */
static void
put_fields(GByteArray *out, const BnsHttpHead *head, bool is_response, bool upgrade)
{
    for (size_t i = 0; i < head->n_fields; i++) {
        const BnsHttpField *field = &head->fields[i];
        bool is_upgrade = bns_slice_equal_case(field->name, "upgrade");

        if (bns_slice_equal_case(field->name, "content-length") ||
            bns_slice_equal_case(field->name, "transfer-encoding"))
            continue;
        /* Alt-Svc would lead the client to a port or protocol that nobody reads. */
        if (bns_slice_equal_case(field->name, is_response ? "alt-svc" : "host"))
            continue;
        if (field->hop_by_hop && !(upgrade && is_upgrade))
            continue;
        put_field(out, field);
    }
}

void
bns_http1_write_request(GByteArray *out,
                        const BnsHttpHead *head,
                        const BnsHttpTarget *target,
                        const char *host,
                        bool upgrade)
{
    put(out, head->method);
    put_text(out, " ");
    put(out, target->path);
    put(out, target->query);
    put_text(out, " HTTP/1.1\r\nHost: ");
    put_text(out, host);
    put_text(out, "\r\n");
    put_fields(out, head, false, upgrade);
    put_framing(out, head->body, head->body_len);
    if (head->wants_trailers)
        put_text(out, "TE: trailers\r\n");
    if (upgrade)
        put_text(out, head->wants_trailers ? "Connection: TE, Upgrade\r\n"
                                           : "Connection: Upgrade\r\n");
    else if (head->wants_trailers)
        put_text(out, "Connection: TE\r\n");
    put_text(out, "\r\n");
}

/* The length that a body would have had: HEAD and 304. */
static void
put_absent_length(GByteArray *out, const BnsHttpHead *head)
{
    if (head->status >= 200 && head->status != 204 && head->has_content_length)
        put_length(out, head->content_length);
}

void
bns_http1_write_response(GByteArray *out,
                         const BnsHttpHead *head,
                         BnsHttpBodyKind body,
                         bool keep_alive,
                         bool upgrade)
{
    char buffer[BNS_TEXT_DIGITS_MAX];

    /* Always three digits. */
    put_text(out, "HTTP/1.1 ");
    put(out, digits_of(head->status, &buffer));
    put_text(out, " ");
    put(out, head->reason);
    put_text(out, "\r\n");
    put_fields(out, head, true, upgrade);
    put_framing(out, body, head->body_len);
    if (body == BNS_HTTP_BODY_NONE)
        put_absent_length(out, head);
    /* An interim answer says nothing about the connection, but for the change that 101
     * is. */
    if (upgrade)
        put_text(out, "Connection: Upgrade\r\n");
    else if (head->status >= 200)
        put_text(out, keep_alive && body != BNS_HTTP_BODY_UNTIL_CLOSE
                          ? "Connection: keep-alive\r\n"
                          : "Connection: close\r\n");
    put_text(out, "\r\n");
}

void
bns_http1_write_chunk(GByteArray *out, BnsSlice data)
{
    char line[32];

    if (data.len == 0)
        return;
    g_snprintf(line, sizeof line, "%zx\r\n", data.len);
    put_text(out, line);
    put(out, data);
    put_text(out, "\r\n");
}

void
bns_http1_write_last_chunk(GByteArray *out, const GByteArray *trailers)
{
    put_text(out, "0\r\n");
    if (trailers != NULL && trailers->len > 0)
        g_byte_array_append(out, trailers->data, trailers->len);
    put_text(out, "\r\n");
}
