/* SPDX-License-Identifier: Apache-2.0 */
/* A chunked body, all at once and in pieces of the first byte's size: the same comes out. */
#include "netstack/gateway/http1.h"
#include "tests/fuzz/fuzz.h"

typedef struct {
    BnsParse result;
    GByteArray *out; /* owned */
    BnsHttpBody body;
    size_t used;
} Decoded;

static void
decode(const char *bytes, size_t len, size_t piece, Decoded *decoded)
{
    const BnsHttpHead head = { .body = BNS_HTTP_BODY_CHUNKED };

    *decoded = (Decoded){ .result = BNS_PARSE_MORE, .out = g_byte_array_new() };
    bns_http1_body_init(&decoded->body, &head);
    while (decoded->result == BNS_PARSE_MORE && decoded->used < len) {
        BnsSlice data;
        size_t used;

        decoded->result =
            bns_http1_body_step(&decoded->body, bytes + decoded->used,
                                MIN(piece, len - decoded->used), &data, &used);
        g_byte_array_append(decoded->out, (const guint8 *)data.at, (guint)data.len);
        decoded->used += used;
    }
}

static void
clear(Decoded *decoded)
{
    g_byte_array_unref(decoded->out);
    bns_http1_body_clear(&decoded->body);
}

/* What was read, written anew, reads as the same body and trailers. */
static void
check_again(const Decoded *first)
{
    g_autoptr(GByteArray) wire = g_byte_array_new();
    Decoded again;

    bns_http1_write_chunk(wire,
                          (BnsSlice){ (char *)first->out->data, first->out->len });
    bns_http1_write_last_chunk(wire, first->body.trailers);
    decode((const char *)wire->data, wire->len, wire->len, &again);
    g_assert_cmpint(again.result, ==, BNS_PARSE_DONE);
    g_assert_cmpuint(again.used, ==, wire->len);
    g_assert_cmpmem(again.out->data, again.out->len, first->out->data, first->out->len);
    g_assert_cmpuint(again.body.n_trailers, ==, first->body.n_trailers);
    clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data + 1;
    Decoded whole, pieces;

    if (size < 2)
        return 0;
    decode(bytes, size - 1, size - 1, &whole);
    decode(bytes, size - 1, 1 + data[0] % 16, &pieces);
    g_assert_cmpint(whole.result, ==, pieces.result);
    g_assert_cmpuint(whole.used, ==, pieces.used);
    g_assert_cmpstr(whole.body.error, ==, pieces.body.error);
    g_assert_cmpmem(whole.out->data, whole.out->len, pieces.out->data, pieces.out->len);
    if (whole.result == BNS_PARSE_DONE)
        check_again(&whole);
    clear(&whole);
    clear(&pieces);
    return 0;
}
