/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 bodies: a machine that eats one byte of framing at a time.
 *
 * Body bytes are handed out in whole pieces; only the lines around them, which are
 * short, go through the states below. No line is kept but the trailers, which are
 * counted before they are stored.
 */
#include "base/token.h"
#include "netstack/gateway/http1_private.h"

#include <string.h>

/**
 * State:
 * @DATA: body->left bytes of body or chunk follow
 * @DATA_CR, @DATA_LF: the end of a chunk's data
 * @SIZE: a hexadecimal digit, or the end of the size
 * @EXT_NAME .. @EXT_VALUE_END: chunk extensions: ;name, ;name=token, ;name="quoted"
 * @SIZE_LF: the end of the chunk line
 * @TRAILER, @TRAILER_LF: the lines after the last chunk, the last one empty
 * @DONE, @BAD: for good
 */
typedef enum {
    DATA,
    DATA_CR,
    DATA_LF,
    SIZE,
    EXT_NAME_START,
    EXT_NAME,
    EXT_VALUE_START,
    EXT_TOKEN,
    EXT_QUOTED,
    EXT_QUOTED_PAIR,
    EXT_VALUE_END,
    SIZE_LF,
    TRAILER,
    TRAILER_LF,
    DONE,
    BAD,
} State;

/* 16 hex digits are 64 bits. */
#define CHUNK_DIGITS_MAX 16

void
bns_http1_body_init(BnsHttpBody *body, const BnsHttpHead *head)
{
    *body = (BnsHttpBody){ .kind = head->body, .state = DATA };
    switch (head->body) {
    case BNS_HTTP_BODY_NONE:
        body->state = DONE;
        break;
    case BNS_HTTP_BODY_LENGTH:
        body->left = head->body_len;
        body->state = body->left == 0 ? DONE : DATA;
        break;
    case BNS_HTTP_BODY_CHUNKED:
        body->state = SIZE;
        break;
    case BNS_HTTP_BODY_UNTIL_CLOSE:
        body->left = UINT64_MAX;
        break;
    }
}

void
bns_http1_body_clear(BnsHttpBody *body)
{
    g_clear_pointer(&body->trailers, g_byte_array_unref);
}

static State
bad(BnsHttpBody *body, const char *error)
{
    body->error = error;
    return BAD;
}

/* The byte after a chunk's size, an extension's name or value. */
static State
end_of_part(BnsHttpBody *body, unsigned char byte)
{
    if (byte == ';')
        return EXT_NAME_START;
    if (byte == '\r')
        return SIZE_LF;
    return bad(body, "a chunk line holds a forbidden byte");
}

static State
on_size(BnsHttpBody *body, unsigned char byte)
{
    if (!g_ascii_isxdigit((char)byte)) {
        if (body->digits == 0)
            return bad(body, "a chunk size is missing");
        return end_of_part(body, byte);
    }
    if (body->digits == CHUNK_DIGITS_MAX || body->left > (INT64_MAX >> 4))
        return bad(body, "a chunk size is too large");
    body->digits++;
    body->left = body->left << 4 | (uint64_t)g_ascii_xdigit_value((char)byte);
    return SIZE;
}

static State
on_size_lf(BnsHttpBody *body, unsigned char byte)
{
    bool is_last = body->left == 0;

    if (byte != '\n')
        return bad(body, "a bare carriage return in a chunk line");
    body->line_len = 0;
    body->digits = 0;
    return is_last ? TRAILER : DATA;
}

/* RFC 9110 5.6.4 */
static State
on_quoted(BnsHttpBody *body, unsigned char byte)
{
    if (byte == '"')
        return EXT_VALUE_END;
    if (byte == '\\')
        return EXT_QUOTED_PAIR;
    if (!bns_http1_is_text((BnsSlice){ (const char *)&byte, 1 }))
        return bad(body, "a chunk extension holds a control byte");
    return EXT_QUOTED;
}

static State
on_extension(BnsHttpBody *body, unsigned char byte)
{
    bool is_token = bns_token_has_byte(byte);

    switch (body->state) {
    case EXT_NAME_START:
        return is_token ? EXT_NAME : bad(body, "a chunk extension has no name");
    case EXT_NAME:
        if (is_token)
            return EXT_NAME;
        return byte == '=' ? EXT_VALUE_START : end_of_part(body, byte);
    case EXT_VALUE_START:
        if (byte == '"')
            return EXT_QUOTED;
        return is_token ? EXT_TOKEN : bad(body, "a chunk extension has no value");
    case EXT_TOKEN:
        return is_token ? EXT_TOKEN : end_of_part(body, byte);
    case EXT_QUOTED:
        return on_quoted(body, byte);
    case EXT_QUOTED_PAIR:
        if (!bns_http1_is_text((BnsSlice){ (const char *)&byte, 1 }))
            return bad(body, "a chunk extension holds a control byte");
        return EXT_QUOTED;
    default:
        return end_of_part(body, byte);
    }
}

/* A trailer line is whole: what @trailers has from @line_start on. */
static State
end_trailer_line(BnsHttpBody *body)
{
    size_t len = body->trailers != NULL ? body->trailers->len - body->line_start : 0;
    BnsHttpField field;
    const char *error;

    if (len == 0)
        return DONE;
    if (body->n_trailers == BNS_HTTP_FIELDS_MAX)
        return bad(body, "too many trailers");
    error = bns_http1_parse_field(
        (BnsSlice){ (const char *)body->trailers->data + body->line_start, len },
        &field);
    if (error != NULL)
        return bad(body, error);
    if (bns_http1_name_traits(field.name) & (BNS_NAME_NO_TRAILER | BNS_NAME_DISGUISED))
        return bad(body, "a trailer frames, routes or authenticates");
    g_byte_array_append(body->trailers, (const guint8 *)"\r\n", 2);
    body->line_start = body->trailers->len;
    body->n_trailers++;
    return TRAILER;
}

static State
on_trailer(BnsHttpBody *body, unsigned char byte)
{
    if (byte == '\r')
        return TRAILER_LF;
    if (byte == '\n')
        return bad(body, "a bare line feed in the trailers");
    if (body->trailers == NULL)
        body->trailers = g_byte_array_new();
    g_byte_array_append(body->trailers, &byte, 1);
    return TRAILER;
}

static State
on_trailer_lf(BnsHttpBody *body, unsigned char byte)
{
    if (byte != '\n')
        return bad(body, "a bare carriage return in the trailers");
    return end_trailer_line(body);
}

/* One byte of framing: any state but DATA, DONE and BAD. */
static State
next_state(BnsHttpBody *body, unsigned char byte)
{
    switch (body->state) {
    case DATA_CR:
        return byte == '\r' ? DATA_LF : bad(body, "a chunk is longer than its size");
    case DATA_LF:
        return byte == '\n' ? SIZE : bad(body, "a chunk is longer than its size");
    case SIZE:
        return on_size(body, byte);
    case SIZE_LF:
        return on_size_lf(body, byte);
    case TRAILER:
        return on_trailer(body, byte);
    case TRAILER_LF:
        return on_trailer_lf(body, byte);
    default:
        return on_extension(body, byte);
    }
}

static bool
is_framing(const BnsHttpBody *body)
{
    return body->state != DATA && body->state != DONE && body->state != BAD;
}

static State
eat_framing(BnsHttpBody *body, unsigned char byte)
{
    bool is_trailer = body->state == TRAILER || body->state == TRAILER_LF;

    /* Counted before anything is stored. */
    if (++body->line_len >
        (is_trailer ? BNS_HTTP_TRAILERS_MAX : BNS_HTTP_CHUNK_LINE_MAX))
        return bad(body, is_trailer ? "the trailers are too long"
                                    : "a chunk line is too long");
    return next_state(body, byte);
}

/* Takes what @buffer has of the body or chunk. */
static BnsSlice
take_data(BnsHttpBody *body, const char *buffer, size_t len)
{
    BnsSlice data = { buffer, len < body->left ? len : (size_t)body->left };

    if (body->kind == BNS_HTTP_BODY_UNTIL_CLOSE)
        return data;
    body->left -= data.len;
    if (body->left == 0)
        body->state = body->kind == BNS_HTTP_BODY_CHUNKED ? DATA_CR : DONE;
    return data;
}

BnsParse
bns_http1_body_step(BnsHttpBody *body,
                    const char *buffer,
                    size_t len,
                    BnsSlice *out_data,
                    size_t *out_used)
{
    size_t used = 0;

    *out_data = (BnsSlice){ buffer, 0 };
    while (used < len && is_framing(body))
        body->state = (uint8_t)eat_framing(body, (unsigned char)buffer[used++]);
    if (used < len && body->state == DATA) {
        *out_data = take_data(body, buffer + used, len - used);
        used += out_data->len;
    }
    *out_used = used;
    if (body->state == BAD)
        return BNS_PARSE_BAD;
    return body->state == DONE ? BNS_PARSE_DONE : BNS_PARSE_MORE;
}
