/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request smuggling: streams in which two readers could see different requests.
 *
 * Each stream is read as the gateway does it, message after message. It passes if a fault
 * is found before anything of the hidden request, which all of them spell "GET /hidden",
 * is taken for a request.
 */
#include "tests/gateway/http1_cases.h"
#include "tests/support/test.h"

#include <string.h>

#define START   "POST / HTTP/1.1\r\nHost: a\r\n"
#define HIDDEN  "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
#define CHUNKED START "Transfer-Encoding: chunked\r\n\r\n"
/* A server that takes it for chunked sees the end, then HIDDEN. */
#define CHUNKED_END   "0\r\n\r\n" HIDDEN
#define TE(line)      BYTES(START "Content-Length: 44\r\n" line "\r\n\r\n" CHUNKED_END)
#define LONE_TE(line) BYTES(START line "\r\n\r\n" CHUNKED_END)
#define CL(line)      BYTES(START line "\r\n\r\nabcd" HIDDEN)
#define CHUNK(bytes)  BYTES(CHUNKED bytes HIDDEN)

typedef struct {
    const char *name;
    const char *bytes;
    size_t len;
} Stream;

static const Stream streams[] = {
    { "cl-te",
      BYTES(START
            "Content-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKED_END) },
    { "te-cl",
      BYTES(START
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" CHUNKED_END) },
    { "te-lower-case", TE("transfer-encoding: chunked") },
    { "te-space-before-colon", TE("Transfer-Encoding : chunked") },
    { "te-tab-before-colon", TE("Transfer-Encoding\t: chunked") },
    { "te-leading-space", TE(" Transfer-Encoding: chunked") },
    { "te-leading-tab", TE("\tTransfer-Encoding: chunked") },
    { "te-vertical-tab", TE("Transfer-Encoding:\vchunked") },
    { "te-form-feed", TE("Transfer-Encoding:\fchunked") },
    { "te-nul", TE("Transfer-Encoding: chunked\0") },
    { "te-nul-in-name", TE("Transfer-Encoding\0: chunked") },
    { "te-underscore", TE("Transfer_Encoding: chunked") },
    { "te-underscore-alone", LONE_TE("Transfer_Encoding: chunked") },
    { "te-dot-alone", LONE_TE("Transfer.Encoding: chunked") },
    { "te-space-in-name", TE("Transfer Encoding: chunked") },
    { "te-bare-cr-before", TE("X: y\rTransfer-Encoding: chunked") },
    { "te-bare-lf-before", TE("X: y\nTransfer-Encoding: chunked") },
    { "te-bare-cr-after", TE("Transfer-Encoding: chunked\r") },
    { "te-folded-value", TE("Transfer-Encoding:\r\n chunked") },
    { "te-folded-with-tab", TE("Transfer-Encoding:\r\n\tchunked") },
    { "te-no-break-space", TE("Transfer-Encoding: \xa0"
                              "chunked") },
    { "te-next-line", TE("Transfer-Encoding: \x85"
                         "chunked") },
    { "te-no-break-space-alone", LONE_TE("Transfer-Encoding: \xa0"
                                         "chunked") },
    { "te-high-byte-alone", LONE_TE("Transfer-Encoding: chunked\xff") },
    { "te-quoted-alone", LONE_TE("Transfer-Encoding: \"chunked\"") },
    { "te-single-quoted-alone", LONE_TE("Transfer-Encoding: 'chunked'") },
    { "te-list-alone", LONE_TE("Transfer-Encoding: identity, chunked") },
    { "te-list-chunked-first-alone", LONE_TE("Transfer-Encoding: chunked, identity") },
    { "te-comma-first-alone", LONE_TE("Transfer-Encoding: , chunked") },
    { "te-x-chunked-alone", LONE_TE("Transfer-Encoding: xchunked") },
    { "te-chunk-alone", LONE_TE("Transfer-Encoding: chunk") },
    { "te-cow-alone", LONE_TE("Transfer-Encoding: cow") },
    { "te-twice-alone",
      LONE_TE("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow") },
    { "te-twice-reversed",
      LONE_TE("Transfer-Encoding: cow\r\nTransfer-Encoding: chunked") },
    { "te-colon-twice-alone", LONE_TE("Transfer-Encoding: :chunked") },
    { "te-parameter-alone", LONE_TE("Transfer-Encoding: chunked;q=1") },
    { "te-null-in-value-alone", LONE_TE("Transfer-Encoding: \0chunked") },
    { "te-dotless-i", LONE_TE("Transfer-Encod\xc4\xb1ng: chunked") },
    { "te-kelvin-sign", LONE_TE("Transfer-Encoding: chun\xe2\x84\xaa"
                                "ed") },
    { "te-in-1.0", BYTES("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: "
                         "chunked\r\n\r\n" CHUNKED_END) },
    { "te-identity-with-length", TE("Transfer-Encoding: identity") },
    { "cl-twice", CL("Content-Length: 4\r\nContent-Length: 44") },
    { "cl-list", CL("Content-Length: 4, 44") },
    { "cl-plus", CL("Content-Length: +4") },
    { "cl-minus", CL("Content-Length: -4") },
    { "cl-hexadecimal", CL("Content-Length: 0x4") },
    { "cl-space-inside", CL("Content-Length: 4 4") },
    { "cl-underscore", CL("Content_Length: 4") },
    { "cl-underscore-and-dash", CL("Content-Length: 0\r\nContent_Length: 4") },
    { "cl-tilde", CL("Content~Length: 4") },
    { "cl-space-before-colon", CL("Content-Length : 4") },
    { "cl-folded", CL("Content-Length:\r\n 4") },
    { "cl-folded-digits", CL("Content-Length: 4\r\n 4") },
    { "cl-vertical-tab", CL("Content-Length: \v4") },
    { "cl-nul", CL("Content-Length: 4\0") },
    { "cl-wraps", CL("Content-Length: 18446744073709551620") },
    { "cl-bare-cr", CL("X: y\rContent-Length: 4") },
    { "cl-bare-lf", CL("X: y\nContent-Length: 4") },
    { "cl-semicolon", CL("Content-Length: 4;") },
    { "cl-empty", CL("Content-Length:") },
    { "cl-no-break-space", CL("Content-Length: 4\xa0") },
    { "chunk-bare-lf-size", CHUNK("0\n\r\n") },
    { "chunk-bare-lf-everywhere", CHUNK("0\n\n") },
    { "chunk-bare-cr-size", CHUNK("0\r\r\n") },
    { "chunk-lf-after-data", CHUNK("1\r\na\n0\r\n\r\n") },
    { "chunk-nothing-after-data", CHUNK("1\r\na0\r\n\r\n") },
    { "chunk-longer-than-size", CHUNK("1\r\nab\r\n0\r\n\r\n") },
    { "chunk-other-bytes-after-data", CHUNK("1\r\naXX0\r\n\r\n") },
    { "chunk-0x", CHUNK("0x0\r\n\r\n") },
    { "chunk-plus", CHUNK("+0\r\n\r\n") },
    { "chunk-minus", CHUNK("-0\r\n\r\n") },
    { "chunk-underscore", CHUNK("0_0\r\n\r\n") },
    { "chunk-leading-space", CHUNK(" 0\r\n\r\n") },
    { "chunk-trailing-space", CHUNK("0 \r\n\r\n") },
    { "chunk-trailing-tab", CHUNK("0\t\r\n\r\n") },
    { "chunk-space-before-extension", CHUNK("0 ;a=b\r\n\r\n") },
    { "chunk-empty-size", CHUNK("\r\n\r\n") },
    { "chunk-extension-without-size", CHUNK(";a\r\n\r\n") },
    { "chunk-wraps", CHUNK("10000000000000000\r\n\r\n") },
    { "chunk-negative-as-unsigned", CHUNK("ffffffffffffffff\r\n\r\n") },
    { "chunk-nul", CHUNK("0\0\r\n\r\n") },
    { "chunk-extension-with-lf", CHUNK("0;a\nb\r\n\r\n") },
    { "chunk-extension-quoted-lf", CHUNK("0;a=\"\n\"\r\n\r\n") },
    { "chunk-extension-quoted-crlf", CHUNK("0;a=\"\r\n\r\n\"\r\n\r\n") },
    { "chunk-extension-bare-cr", CHUNK("0;a\rb\r\n\r\n") },
    { "chunk-extension-open-quote", CHUNK("0;a=\"b\r\n\r\n") },
    { "chunk-extension-empty", CHUNK("0;\r\n\r\n") },
    { "trailer-framing", CHUNK("0\r\nContent-Length: 44\r\n\r\n") },
    { "trailer-coding", CHUNK("0\r\nTransfer-Encoding: chunked\r\n\r\n") },
    { "trailer-host", CHUNK("0\r\nHost: b\r\n\r\n") },
    { "trailer-bare-lf", CHUNK("0\r\nX: y\n\n") },
    { "trailer-bare-lf-end", CHUNK("0\r\nX: y\r\n\n") },
    { "trailer-end-without-lf", CHUNK("0\r\n\r") },
    { "trailer-folded", CHUNK("0\r\nX: y\r\n z\r\n\r\n") },
    { "trailer-is-a-request", CHUNK("0\r\n") },
    { "line-cr-only", BYTES("POST / HTTP/1.1\rHost: a\r\r" HIDDEN) },
    { "line-lf-only", BYTES("POST / HTTP/1.1\nHost: a\n\n" HIDDEN) },
    { "line-cr-in-version", BYTES("POST / HTTP/1.1\r \r\nHost: a\r\n\r\n" HIDDEN) },
    { "http-0.9", BYTES("GET /\r\n" HIDDEN) },
    { "http-0.9-with-spaces", BYTES("GET / \r\n" HIDDEN) },
    { "three-spaces", BYTES("GET /  HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN) },
    { "request-in-request-line",
      BYTES("GET / HTTP/1.1 GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN) },
    { "target-with-crlf-percent",
      BYTES("GET /\x0d\x0aHost:b HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN) },
    { "empty-line-first", BYTES("\r\n" HIDDEN) },
    { "absolute-other-host", BYTES("GET http://b/hidden HTTP/1.1\r\nHost: a\r\n\r\n") },
    { "absolute-userinfo", BYTES("GET http://a@b/hidden HTTP/1.1\r\nHost: b\r\n\r\n") },
    { "absolute-other-port",
      BYTES("GET http://a:81/hidden HTTP/1.1\r\nHost: a\r\n\r\n") },
    { "absolute-backslash",
      BYTES("GET http://a\\@b/hidden HTTP/1.1\r\nHost: a\r\n\r\n") },
    { "connect", BYTES("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n" HIDDEN) },
    { "connection-strips-length",
      CL("Connection: Content-Length\r\nContent-Length: 38") },
    { "connection-strips-host",
      BYTES("GET /hidden HTTP/1.1\r\nHost: a\r\nConnection: host\r\n\r\n") },
    { "host-twice", BYTES("GET /hidden HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") },
    { "host-space-before-colon",
      BYTES("GET /hidden HTTP/1.1\r\nHost : b\r\nHost: a\r\n\r\n") },
    { "host-folded",
      BYTES("GET /hidden HTTP/1.1\r\nX: y\r\n Host: b\r\nHost: a\r\n\r\n") },
};

/* Reads one message off @rest. Returns: whether it was whole and good; it is then checked
 * not to be the hidden request. */
static bool
read_message(BnsSlice *rest)
{
    BnsHttpHead head;
    BnsHttpTarget target;
    BnsHttpBody body;
    BnsParse result;

    if (bns_http1_parse_request(rest->at, rest->len, &head) != BNS_PARSE_DONE ||
        bns_http1_target(&head, &target) != NULL)
        return false;
    if (bns_slice_equal(target.path, "/hidden"))
        g_error("the hidden request was taken for one");
    *rest = (BnsSlice){ rest->at + head.head_len, rest->len - head.head_len };
    bns_http1_body_init(&body, &head);
    do {
        BnsSlice data;
        size_t used;

        result = bns_http1_body_step(&body, rest->at, rest->len, &data, &used);
        *rest = (BnsSlice){ rest->at + used, rest->len - used };
    } while (result == BNS_PARSE_MORE && rest->len > 0);
    bns_http1_body_clear(&body);
    return result == BNS_PARSE_DONE;
}

static void
test_stream(gconstpointer data)
{
    const Stream *row = data;
    BnsSlice rest = { row->bytes, row->len };

    while (read_message(&rest))
        continue;
    g_assert_cmpuint(rest.len, >, 0);
}

/* The check itself sees a request that is there. */
static void
test_honest(void)
{
    BnsSlice plain = { BYTES(START "Content-Length: 4\r\n\r\nabcd" START "\r\n") };
    BnsSlice chunked = { BYTES(CHUNKED "4;a=\"b\"\r\nabcd\r\n0\r\nX: y\r\n\r\n" START
                                       "\r\n") };

    g_assert_true(read_message(&plain));
    g_assert_true(read_message(&plain));
    g_assert_cmpuint(plain.len, ==, 0);
    g_assert_true(read_message(&chunked));
    g_assert_true(read_message(&chunked));
    g_assert_cmpuint(chunked.len, ==, 0);
}

static void
test_hidden_is_seen(void)
{
    if (g_test_subprocess()) {
        BnsSlice stream = { BYTES(CHUNKED CHUNKED_END) };

        while (read_message(&stream))
            continue;
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/http1/smuggling/honest-streams-pass", test_honest);
    bns_test_add("/gateway/http1/smuggling/the-check-sees-a-hidden-request",
                 test_hidden_is_seen);
    for (size_t i = 0; i < G_N_ELEMENTS(streams); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/http1/smuggling/", streams[i].name, NULL);

        bns_test_add_data(path, &streams[i], test_stream);
    }
    return g_test_run();
}
