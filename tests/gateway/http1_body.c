/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies: each row is decoded in one go, byte by byte and in random pieces, with the same
 * result.
 */
#include "tests/gateway/http1_cases.h"
#include "tests/support/test.h"

#include <string.h>

#define RANDOM_SPLITS 50

typedef struct {
    const char *name;
    const char *bytes;
    size_t len;
    BnsParse result;
    const char *body;     /* DONE and MORE: what comes out */
    const char *trailers; /* DONE: or NULL */
    size_t extra;         /* DONE: bytes of the next message in @bytes */
} BodyCase;

static const BodyCase chunked[] = {
    { "empty", BYTES("0\r\n\r\n"), BNS_PARSE_DONE, "" },
    { "one", BYTES("5\r\nhello\r\n0\r\n\r\n"), BNS_PARSE_DONE, "hello" },
    { "rfc-9112-7.1",
      BYTES("4\r\nWiki\r\n7\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\n\r\n"),
      BNS_PARSE_DONE, "Wikipedia in \r\nchunks." },
    { "size-in-any-case", BYTES("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"),
      BNS_PARSE_DONE, "01234567890123456789" },
    { "leading-zeros", BYTES("0000000000000001\r\nx\r\n000\r\n\r\n"), BNS_PARSE_DONE,
      "x" },
    { "framing-as-data", BYTES("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"), BNS_PARSE_DONE,
      "\r\n0\r\n\r\n" },
    { "next-message-is-left", BYTES("1\r\nx\r\n0\r\n\r\nGET /"), BNS_PARSE_DONE, "x",
      NULL, 5 },
    { "extension", BYTES("1;a\r\nx\r\n0;b;c\r\n\r\n"), BNS_PARSE_DONE, "x" },
    { "extension-with-value", BYTES("1;a=b;c=d\r\nx\r\n0\r\n\r\n"), BNS_PARSE_DONE,
      "x" },
    { "extension-quoted", BYTES("1;a=\"b;\\\"=\t\xff\\\\\";c\r\nx\r\n0\r\n\r\n"),
      BNS_PARSE_DONE, "x" },
    { "extension-quoted-empty", BYTES("1;a=\"\"\r\nx\r\n0\r\n\r\n"), BNS_PARSE_DONE,
      "x" },
    { "trailer", BYTES("0\r\nX: y\r\n\r\n"), BNS_PARSE_DONE, "", "X: y\r\n" },
    { "two-trailers", BYTES("1\r\nx\r\n0\r\nX-Sum:1\r\nE: \t\r\n\r\nZ"), BNS_PARSE_DONE,
      "x", "X-Sum:1\r\nE: \t\r\n", 1 },
    { "grpc-trailers", BYTES("0\r\ngrpc-status: 0\r\ngrpc-message:\r\n\r\n"),
      BNS_PARSE_DONE, "", "grpc-status: 0\r\ngrpc-message:\r\n" },
    { "nothing", BYTES(""), BNS_PARSE_MORE, "" },
    { "cut-in-size", BYTES("5"), BNS_PARSE_MORE, "" },
    { "cut-in-data", BYTES("5\r\nhel"), BNS_PARSE_MORE, "hel" },
    { "cut-after-data", BYTES("5\r\nhello\r"), BNS_PARSE_MORE, "hello" },
    { "cut-before-last-chunk", BYTES("5\r\nhello\r\n"), BNS_PARSE_MORE, "hello" },
    { "cut-in-end", BYTES("0\r\n\r"), BNS_PARSE_MORE, "" },
    { "cut-in-trailers", BYTES("0\r\nX: y\r\n"), BNS_PARSE_MORE, "" },
    { "largest", BYTES("7fffffffffffffff\r\n"), BNS_PARSE_MORE, "" },
    { "larger-than-signed", BYTES("8000000000000000\r\n"), BNS_PARSE_BAD },
    { "largest-unsigned", BYTES("ffffffffffffffff\r\n"), BNS_PARSE_BAD },
    { "seventeen-digits", BYTES("00000000000000001\r\n"), BNS_PARSE_BAD },
    { "wraps-to-zero", BYTES("10000000000000000\r\n"), BNS_PARSE_BAD },
    { "no-size", BYTES("\r\n"), BNS_PARSE_BAD },
    { "not-a-digit", BYTES("g\r\n"), BNS_PARSE_BAD },
    { "hexadecimal-prefix", BYTES("0x1\r\nx"), BNS_PARSE_BAD },
    { "sign", BYTES("+1\r\nx"), BNS_PARSE_BAD },
    { "space-first", BYTES(" 1\r\nx"), BNS_PARSE_BAD },
    { "space-after", BYTES("1 \r\nx"), BNS_PARSE_BAD },
    { "tab-after", BYTES("1\t\r\nx"), BNS_PARSE_BAD },
    { "bare-lf", BYTES("1\nx"), BNS_PARSE_BAD },
    { "bare-cr", BYTES("1\rx"), BNS_PARSE_BAD },
    { "cr-cr-lf", BYTES("1\r\r\nx"), BNS_PARSE_BAD },
    { "nul-in-size", BYTES("1\0\r\nx"), BNS_PARSE_BAD },
    { "data-too-long", BYTES("1\r\nxy\r\n"), BNS_PARSE_BAD },
    { "data-without-crlf", BYTES("1\r\nx0\r\n\r\n"), BNS_PARSE_BAD },
    { "data-with-lf", BYTES("1\r\nx\n0\r\n\r\n"), BNS_PARSE_BAD },
    { "data-with-cr-only", BYTES("1\r\nx\r0\r\n\r\n"), BNS_PARSE_BAD },
    { "extension-without-name", BYTES("1;\r\nx"), BNS_PARSE_BAD },
    { "extension-two-semicolons", BYTES("1;;a\r\nx"), BNS_PARSE_BAD },
    { "extension-without-value", BYTES("1;a=\r\nx"), BNS_PARSE_BAD },
    { "extension-two-equals", BYTES("1;a==b\r\nx"), BNS_PARSE_BAD },
    { "extension-space-before", BYTES("1 ;a\r\nx"), BNS_PARSE_BAD },
    { "extension-space-after-semicolon", BYTES("1; a\r\nx"), BNS_PARSE_BAD },
    { "extension-space-around-equals", BYTES("1;a = b\r\nx"), BNS_PARSE_BAD },
    { "extension-space-at-end", BYTES("1;a \r\nx"), BNS_PARSE_BAD },
    { "extension-name-not-a-token", BYTES("1;a(b\r\nx"), BNS_PARSE_BAD },
    { "extension-value-not-a-token", BYTES("1;a=b(c\r\nx"), BNS_PARSE_BAD },
    { "extension-lf", BYTES("1;a\nx"), BNS_PARSE_BAD },
    { "extension-bare-cr", BYTES("1;a\rx"), BNS_PARSE_BAD },
    { "extension-quoted-lf", BYTES("1;a=\"\n\"\r\nx"), BNS_PARSE_BAD },
    { "extension-quoted-cr", BYTES("1;a=\"\r\n\"\r\nx"), BNS_PARSE_BAD },
    { "extension-quoted-nul", BYTES("1;a=\"\0\"\r\nx"), BNS_PARSE_BAD },
    { "extension-quoted-pair-lf", BYTES("1;a=\"\\\n\"\r\nx"), BNS_PARSE_BAD },
    { "extension-after-quote", BYTES("1;a=\"b\"c\r\nx"), BNS_PARSE_BAD },
    { "trailer-lf", BYTES("0\r\nX: y\n\r\n"), BNS_PARSE_BAD },
    { "trailer-cr", BYTES("0\r\nX: y\rz\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-lf-at-end", BYTES("0\r\n\n"), BNS_PARSE_BAD },
    { "trailer-cr-at-end", BYTES("0\r\n\rx"), BNS_PARSE_BAD },
    { "trailer-folded", BYTES("0\r\nX: y\r\n z\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-without-colon", BYTES("0\r\nGET / HTTP/1.1\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-space-before-colon", BYTES("0\r\nX : y\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-nul", BYTES("0\r\nX: \0\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-transfer-encoding", BYTES("0\r\nTransfer-Encoding: chunked\r\n\r\n"),
      BNS_PARSE_BAD },
    { "trailer-content-length", BYTES("0\r\ncontent-length: 1\r\n\r\n"),
      BNS_PARSE_BAD },
    { "trailer-disguised-length", BYTES("0\r\nContent_Length: 1\r\n\r\n"),
      BNS_PARSE_BAD },
    { "trailer-host", BYTES("0\r\nHOST: a\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-connection", BYTES("0\r\nConnection: close\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-authorization", BYTES("0\r\nAuthorization: a\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-cookie", BYTES("0\r\nX: y\r\nCookie: a\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-set-cookie", BYTES("0\r\nSet-Cookie: a\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-trailer", BYTES("0\r\nTrailer: a\r\n\r\n"), BNS_PARSE_BAD },
    { "trailer-alt-svc", BYTES("0\r\nAlt-Svc: h3\r\n\r\n"), BNS_PARSE_BAD },
};

static const BodyCase lengths[] = {
    { "five", BYTES("hello"), BNS_PARSE_DONE, "hello" },
    { "next-message-is-left", BYTES("helloGET /"), BNS_PARSE_DONE, "hello", NULL, 5 },
    { "cut", BYTES("hell"), BNS_PARSE_MORE, "hell" },
};

static const BodyCase until_close[] = {
    { "all", BYTES("hello\r\n0\r\n\r\n"), BNS_PARSE_MORE, "hello\r\n0\r\n\r\n" },
    { "none", BYTES(""), BNS_PARSE_MORE, "" },
};

static const BodyCase none[] = {
    { "all-is-left", BYTES("GET /"), BNS_PARSE_DONE, "", NULL, 5 },
    { "nothing", BYTES(""), BNS_PARSE_DONE, "" },
};

static void
init(BnsHttpBody *body, BnsHttpBodyKind kind, uint64_t len)
{
    BnsHttpHead head = { .body = kind, .body_len = len };

    bns_http1_body_init(body, &head);
}

/* Feeds @bytes in pieces of 1 to @max bytes, @max if @random is %NULL.
 * Returns: the last result, with all that came out in @out and what was used. */
static BnsParse
decode(BnsHttpBody *body,
       const char *bytes,
       size_t len,
       size_t max,
       GRand *random,
       GString *out,
       size_t *out_used)
{
    BnsSlice data;
    size_t used, total = 0;
    BnsParse result = bns_http1_body_step(body, "", 0, &data, &used);

    while (result == BNS_PARSE_MORE && total < len) {
        size_t piece =
            random != NULL ? (size_t)g_rand_int_range(random, 1, (gint32)max + 1) : max;
        size_t shown = MIN(piece, len - total);
        g_autofree char *copy = g_memdup2(bytes + total, shown);

        result = bns_http1_body_step(body, copy, shown, &data, &used);
        g_assert_cmpuint(used, <=, shown);
        if (result == BNS_PARSE_MORE)
            g_assert_cmpuint(used, >, 0);
        if (data.len > 0) {
            g_assert_true(data.at >= copy && data.at + data.len <= copy + used);
            g_string_append_len(out, data.at, (gssize)data.len);
        }
        total += used;
    }
    *out_used = total;
    return result;
}

static void
check(const BodyCase *row, BnsHttpBodyKind kind, size_t max, GRand *random)
{
    g_autoptr(GString) out = g_string_new(NULL);
    BnsHttpBody body;
    BnsSlice data;
    size_t used;
    BnsParse result;

    init(&body, kind, strlen("hello"));
    result = decode(&body, row->bytes, row->len, max, random, out, &used);
    if (result != row->result)
        g_error("%s: result %u, expected %u (%s)", row->name, result, row->result,
                body.error);
    if (result == BNS_PARSE_BAD)
        g_assert_nonnull(body.error);
    else
        g_assert_cmpstr(out->str, ==, row->body);
    if (result == BNS_PARSE_DONE) {
        g_autofree char *trailers =
            body.trailers != NULL && body.trailers->len > 0
                ? g_strndup((const char *)body.trailers->data, body.trailers->len)
                : NULL;

        g_assert_cmpuint(used, ==, row->len - row->extra);
        g_assert_cmpstr(trailers, ==, row->trailers);
    }
    /* Done and bad are for good. */
    if (result != BNS_PARSE_MORE) {
        g_assert_cmpint(bns_http1_body_step(&body, "0", 1, &data, &used), ==, result);
        g_assert_cmpuint(used + data.len, ==, 0);
    }
    bns_http1_body_clear(&body);
}

static void
check_all_ways(const BodyCase *row, BnsHttpBodyKind kind)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(g_str_hash(row->name));

    check(row, kind, row->len + 1, NULL);
    check(row, kind, 1, NULL);
    for (size_t i = 0; i < RANDOM_SPLITS; i++)
        check(row, kind, 1 + i % 7, random);
}

static void
test_chunked(gconstpointer data)
{
    check_all_ways(data, BNS_HTTP_BODY_CHUNKED);
}

static void
test_length(gconstpointer data)
{
    check_all_ways(data, BNS_HTTP_BODY_LENGTH);
}

static void
test_until_close(gconstpointer data)
{
    check_all_ways(data, BNS_HTTP_BODY_UNTIL_CLOSE);
}

static void
test_none(gconstpointer data)
{
    check_all_ways(data, BNS_HTTP_BODY_NONE);
}

static void
test_length_zero(void)
{
    BnsHttpBody body;
    BnsSlice data;
    size_t used;

    init(&body, BNS_HTTP_BODY_LENGTH, 0);
    g_assert_cmpint(bns_http1_body_step(&body, "x", 1, &data, &used), ==,
                    BNS_PARSE_DONE);
    g_assert_cmpuint(used, ==, 0);
    bns_http1_body_clear(&body);
}

/* Whether a chunked body of @head, @count times @filler, and @tail is read to its end. */
static BnsParse
decode_filled(const char *head, const char *filler, size_t count, const char *tail)
{
    g_autoptr(GString) text = g_string_new(head);
    g_autoptr(GString) out = g_string_new(NULL);
    BnsHttpBody body;
    BnsParse result;
    size_t used;

    for (size_t i = 0; i < count; i++)
        g_string_append(text, filler);
    g_string_append(text, tail);
    init(&body, BNS_HTTP_BODY_CHUNKED, 0);
    result = decode(&body, text->str, text->len, text->len, NULL, out, &used);
    bns_http1_body_clear(&body);
    return result;
}

static void
test_limits(void)
{
    /* "0;" and CRLF are part of the line, CRLF and the last CRLF of the trailers. */
    size_t ext = BNS_HTTP_CHUNK_LINE_MAX - 4;
    size_t trailer = BNS_HTTP_TRAILERS_MAX - strlen("A:") - 4;
    size_t fields = BNS_HTTP_FIELDS_MAX;

    g_assert_cmpint(decode_filled("0;", "a", ext, "\r\n\r\n"), ==, BNS_PARSE_DONE);
    g_assert_cmpint(decode_filled("0;", "a", ext + 1, "\r\n\r\n"), ==, BNS_PARSE_BAD);
    g_assert_cmpint(decode_filled("0\r\nA:", "a", trailer, "\r\n\r\n"), ==,
                    BNS_PARSE_DONE);
    g_assert_cmpint(decode_filled("0\r\nA:", "a", trailer + 1, "\r\n\r\n"), ==,
                    BNS_PARSE_BAD);
    g_assert_cmpint(decode_filled("0\r\n", "A:\r\n", fields, "\r\n"), ==,
                    BNS_PARSE_DONE);
    g_assert_cmpint(decode_filled("0\r\n", "A:\r\n", fields + 1, "\r\n"), ==,
                    BNS_PARSE_BAD);
    /* Each chunk has its own line. */
    g_assert_cmpint(decode_filled("", "1;abc\r\nx\r\n", 5000, "0\r\n\r\n"), ==,
                    BNS_PARSE_DONE);
}

/* What is written is read as the same, whatever the pieces. */
static void
test_round_trip(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(9112);

    for (size_t round = 0; round < 200; round++) {
        g_autoptr(GByteArray) wire = g_byte_array_new();
        g_autoptr(GByteArray) trailers = g_byte_array_new();
        g_autoptr(GString) sent = g_string_new(NULL);
        g_autoptr(GString) out = g_string_new(NULL);
        BnsHttpBody body;
        size_t used;

        for (gint32 i = g_rand_int_range(random, 0, 6); i > 0; i--) {
            char data[300];
            size_t len = (size_t)g_rand_int_range(random, 0, sizeof data);

            for (size_t j = 0; j < len; j++)
                data[j] = "\r\n0;:a"[g_rand_int_range(random, 0, 6)];
            g_string_append_len(sent, data, (gssize)len);
            bns_http1_write_chunk(wire, (BnsSlice){ data, len });
        }
        g_byte_array_append(trailers, (const guint8 *)"X: y\r\n", 6);
        bns_http1_write_last_chunk(wire, round % 2 == 0 ? trailers : NULL);
        init(&body, BNS_HTTP_BODY_CHUNKED, 0);
        g_assert_cmpint(
            decode(&body, (char *)wire->data, wire->len, 1 + round, random, out, &used),
            ==, BNS_PARSE_DONE);
        g_assert_cmpmem(out->str, out->len, sent->str, sent->len);
        g_assert_cmpuint(used, ==, wire->len);
        g_assert_cmpuint(body.n_trailers, ==, round % 2 == 0 ? 1 : 0);
        bns_http1_body_clear(&body);
    }
}

static void
add_cases(const char *prefix,
          const BodyCase *cases,
          size_t n,
          void (*func)(gconstpointer))
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *path = g_strconcat(prefix, "/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], func);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    add_cases("/gateway/http1/chunked", chunked, G_N_ELEMENTS(chunked), test_chunked);
    add_cases("/gateway/http1/length-body", lengths, G_N_ELEMENTS(lengths),
              test_length);
    add_cases("/gateway/http1/until-close", until_close, G_N_ELEMENTS(until_close),
              test_until_close);
    add_cases("/gateway/http1/no-body", none, G_N_ELEMENTS(none), test_none);
    bns_test_add("/gateway/http1/body/length-0-is-done-at-once", test_length_zero);
    bns_test_add("/gateway/http1/body/limits-hold-on-both-sides", test_limits);
    bns_test_add("/gateway/http1/body/written-chunks-read-the-same", test_round_trip);
    return g_test_run();
}
