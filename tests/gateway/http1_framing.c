/* SPDX-License-Identifier: Apache-2.0 */
/* What the fields of a head mean: body, Host, Connection, Expect, Upgrade, TE. */
#include "tests/gateway/http1_cases.h"
#include "tests/support/test.h"

#include <string.h>

#define GET(fields)  BYTES("GET / HTTP/1.1\r\n" fields "\r\n")
#define POST(fields) BYTES("POST / HTTP/1.1\r\nHost: a\r\n" fields "\r\n")
#define OLD(fields)  BYTES("POST / HTTP/1.0\r\nHost: a\r\n" fields "\r\n")
#define OK(fields)   BYTES("HTTP/1.1 200 OK\r\n" fields "\r\n")
#define NINE_OPTIONS "a,b,c,d,e,f,g,h,i,"

static const HeadCase hosts[] = {
    { "name", GET("Host: example.com\r\n"), 0 },
    { "name-and-port", GET("Host: example.com:8080\r\n"), 0 },
    { "ipv6", GET("Host: [::1]:80\r\n"), 0 },
    { "missing", GET(""), 400 },
    { "missing-in-1.0", BYTES("GET / HTTP/1.0\r\n\r\n"), 400 },
    { "twice", GET("Host: a\r\nHost: b\r\n"), 400 },
    { "twice-the-same", GET("Host: a\r\nhost: a\r\n"), 400 },
    { "empty", GET("Host:\r\n"), 400 },
    { "list", GET("Host: a,b\r\n"), 400 },
    { "two-words", GET("Host: a b\r\n"), 400 },
    { "tab-inside", GET("Host: a\tb\r\n"), 400 },
    { "userinfo", GET("Host: u@a\r\n"), 400 },
    { "slash", GET("Host: a/b\r\n"), 400 },
    { "backslash", GET("Host: a\\b\r\n"), 400 },
    { "query", GET("Host: a?b\r\n"), 400 },
    { "fragment", GET("Host: a#b\r\n"), 400 },
    { "quoted", GET("Host: \"a\"\r\n"), 400 },
    { "non-ascii", GET("Host: \xc3\xa4\r\n"), 400 },
    { "folded", GET("Host: a\r\n b\r\n"), 400 },
    { "space-behind", GET("Host: a \r\n"), 400 },
    { "tab-behind", GET("Host: a\t\r\n"), 400 },
};

static const HeadCase lengths[] = {
    { "zero", POST("Content-Length: 0\r\n"), 0 },
    { "leading-zeros", POST("Content-Length: 0010\r\n"), 0 },
    { "largest", POST("Content-Length: 9223372036854775807\r\n"), 0 },
    { "one-too-large", POST("Content-Length: 9223372036854775808\r\n"), 400 },
    { "wraps-around", POST("Content-Length: 18446744073709551617\r\n"), 400 },
    { "too-many-digits", POST("Content-Length: 99999999999999999999999999\r\n"), 400 },
    { "empty", POST("Content-Length:\r\n"), 400 },
    { "plus", POST("Content-Length: +1\r\n"), 400 },
    { "minus", POST("Content-Length: -1\r\n"), 400 },
    { "minus-zero", POST("Content-Length: -0\r\n"), 400 },
    { "hexadecimal", POST("Content-Length: 0x10\r\n"), 400 },
    { "letter", POST("Content-Length: 1a\r\n"), 400 },
    { "decimal-point", POST("Content-Length: 1.0\r\n"), 400 },
    { "exponent", POST("Content-Length: 1e1\r\n"), 400 },
    { "underscore", POST("Content-Length: 1_0\r\n"), 400 },
    { "space-inside", POST("Content-Length: 1 0\r\n"), 400 },
    { "quoted", POST("Content-Length: \"1\"\r\n"), 400 },
    { "list", POST("Content-Length: 1, 1\r\n"), 400 },
    { "trailing-comma", POST("Content-Length: 1,\r\n"), 400 },
    { "parameter", POST("Content-Length: 1;a=b\r\n"), 400 },
    { "twice", POST("Content-Length: 1\r\nContent-Length: 2\r\n"), 400 },
    { "twice-the-same", POST("Content-Length: 1\r\nContent-Length: 1\r\n"), 400 },
    { "twice-in-other-case", POST("Content-Length: 1\r\ncontent-length: 1\r\n"), 400 },
    { "superscript", POST("Content-Length: \xc2\xb2\r\n"), 400 },
};

static const HeadCase codings[] = {
    { "chunked", POST("Transfer-Encoding: chunked\r\n"), 0 },
    { "any-case", POST("tRANSFER-eNCODING: cHUNKED\r\n"), 0 },
    { "white-space-before", POST("Transfer-Encoding: \tchunked\r\n"), 0 },
    { "white-space-behind", POST("Transfer-Encoding: chunked \r\n"), 400 },
    { "tab-behind", POST("Transfer-Encoding: chunked\t\r\n"), 400 },
    { "in-1.0", OLD("Transfer-Encoding: chunked\r\n"), 400 },
    { "with-length", POST("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 400 },
    { "after-length", POST("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
      400 },
    { "unknown-with-length", POST("Content-Length: 1\r\nTransfer-Encoding: x\r\n"),
      400 },
    { "twice", POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      400 },
    { "twice-odd", POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"),
      400 },
    { "empty", POST("Transfer-Encoding:\r\n"), 400 },
    { "comma", POST("Transfer-Encoding: ,chunked\r\n"), 400 },
    { "trailing-comma", POST("Transfer-Encoding: chunked,\r\n"), 400 },
    { "chunked-twice", POST("Transfer-Encoding: chunked, chunked\r\n"), 400 },
    { "chunked-not-last", POST("Transfer-Encoding: chunked, gzip\r\n"), 400 },
    { "parameter", POST("Transfer-Encoding: chunked;a=b\r\n"), 400 },
    { "quoted", POST("Transfer-Encoding: \"chunked\"\r\n"), 400 },
    { "two-words", POST("Transfer-Encoding: x chunked\r\n"), 400 },
    { "unknown", POST("Transfer-Encoding: gzip\r\n"), 501 },
    { "identity", POST("Transfer-Encoding: identity\r\n"), 501 },
    { "unknown-then-chunked", POST("Transfer-Encoding: gzip, chunked\r\n"), 501 },
    { "almost-chunked", POST("Transfer-Encoding: xchunked\r\n"), 501 },
    { "plural", POST("Transfer-Encoding: chunkeds\r\n"), 501 },
};

static const HeadCase connections[] = {
    { "own-field", GET("Host: a\r\nConnection: X-Hop\r\nX-Hop: b\r\n"), 0 },
    { "absent-field", GET("Host: a\r\nConnection: X-Hop\r\n"), 0 },
    { "empty", GET("Host: a\r\nConnection:\r\n"), 0 },
    { "empty-elements", GET("Host: a\r\nConnection: ,, close ,\r\n"), 0 },
    { "27-options",
      GET("Host: a\r\nConnection: " NINE_OPTIONS NINE_OPTIONS NINE_OPTIONS "\r\n"), 0 },
    { "37-options",
      GET("Host: a\r\nConnection: " NINE_OPTIONS NINE_OPTIONS
          "\r\nConnection: " NINE_OPTIONS NINE_OPTIONS "\r\n"),
      400 },
    { "not-a-token", GET("Host: a\r\nConnection: a b\r\n"), 400 },
    { "quoted", GET("Host: a\r\nConnection: \"close\"\r\n"), 400 },
    { "names-host", GET("Host: a\r\nConnection: close, Host\r\n"), 400 },
    { "names-length", POST("Connection: content-length\r\nContent-Length: 1\r\n"),
      400 },
    { "names-coding", POST("Connection: Transfer-Encoding\r\n"), 400 },
    { "names-authorization", GET("Host: a\r\nConnection: Authorization\r\n"), 400 },
    { "names-cookie", GET("Host: a\r\nConnection: cookie\r\n"), 400 },
    { "names-content-type", GET("Host: a\r\nConnection: Content-Type\r\n"), 400 },
    { "proxy", GET("Host: a\r\nProxy-Connection: Keep-Alive\r\n"), 0 },
    { "proxy-upgrade", GET("Host: a\r\nProxy-Connection: upgrade\r\n"), 400 },
    { "proxy-list", GET("Host: a\r\nProxy-Connection: close, upgrade\r\n"), 400 },
    { "proxy-empty", GET("Host: a\r\nProxy-Connection:\r\n"), 400 },
};

static const HeadCase expects[] = {
    { "continue", POST("Expect: 100-continue\r\nContent-Length: 1\r\n"), 0 },
    { "continue-in-other-case", POST("Expect: 100-Continue\r\nContent-Length: 1\r\n"),
      0 },
    { "continue-in-1.0", OLD("Expect: 100-continue\r\nContent-Length: 1\r\n"), 0 },
    { "something-else", POST("Expect: 200-ok\r\n"), 417 },
    { "empty", POST("Expect:\r\n"), 417 },
    { "list", POST("Expect: 100-continue, 100-continue\r\n"), 417 },
    { "twice", POST("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 417 },
};

static const HeadCase answers[] = {
    { "until-close", OK(""), 0 },
    { "length", OK("Content-Length: 1\r\n"), 0 },
    { "chunked", OK("Transfer-Encoding: chunked\r\n"), 0 },
    { "space-behind-length", OK("Content-Length: 1 \r\n"), 0 },
    { "space-behind-coding", OK("Transfer-Encoding: chunked \r\n"), 502 },
    { "connection-names-coding",
      OK("Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding\r\n"), 0 },
    { "204-without-length", BYTES("HTTP/1.1 204 No Content\r\n\r\n"), 0 },
    { "204-with-length-0", BYTES("HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n"), 0 },
    { "304-with-length", BYTES("HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n"), 0 },
    { "101-upgrade",
      BYTES("HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), 0 },
    { "both", OK("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 502 },
    { "two-lengths", OK("Content-Length: 1\r\nContent-Length: 1\r\n"), 502 },
    { "length-list", OK("Content-Length: 1, 1\r\n"), 502 },
    { "unknown-coding", OK("Transfer-Encoding: gzip\r\n"), 502 },
    { "coding-in-1.0", BYTES("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
      502 },
    { "204-with-length", BYTES("HTTP/1.1 204 N\r\nContent-Length: 1\r\n\r\n"), 502 },
    { "204-chunked", BYTES("HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n"),
      502 },
    { "304-with-both",
      BYTES(
          "HTTP/1.1 304 N\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"),
      502 },
    { "100-with-length", BYTES("HTTP/1.1 100 C\r\nContent-Length: 0\r\n\r\n"), 502 },
    { "101-with-length", BYTES("HTTP/1.1 101 S\r\nContent-Length: 5\r\n\r\n"), 502 },
    { "103-chunked", BYTES("HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\n"),
      502 },
    { "connection-names-cookie", OK("Connection: Set-Cookie\r\n"), 502 },
};

static BnsHttpHead
request(const char *text)
{
    BnsHttpHead head;

    if (bns_http1_parse_request(text, strlen(text), &head) != BNS_PARSE_DONE)
        g_error("%s: %s", text, head.error);
    return head;
}

static BnsHttpHead
response(const char *method, const char *text)
{
    BnsHttpHead head;
    BnsSlice slice = { method, strlen(method) };

    if (bns_http1_parse_response(text, strlen(text), slice, &head) != BNS_PARSE_DONE)
        g_error("%s: %s", text, head.error);
    return head;
}

static void
test_request_bodies(void)
{
    BnsHttpHead none = request("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
    BnsHttpHead zero =
        request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    BnsHttpHead some =
        request("GET / HTTP/1.0\r\nHost: a\r\nContent-Length: 0042\r\n\r\n");
    BnsHttpHead chunked =
        request("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n");

    g_assert_cmpint(none.body, ==, BNS_HTTP_BODY_NONE);
    g_assert_false(none.has_content_length);
    g_assert_cmpint(zero.body, ==, BNS_HTTP_BODY_LENGTH);
    g_assert_cmpuint(zero.body_len, ==, 0);
    g_assert_cmpint(some.body, ==, BNS_HTTP_BODY_LENGTH);
    g_assert_cmpuint(some.body_len, ==, 42);
    g_assert_cmpint(chunked.body, ==, BNS_HTTP_BODY_CHUNKED);
}

typedef struct {
    const char *name;
    const char *method;
    const char *text;
    BnsHttpBodyKind body;
    uint64_t body_len;
    bool keep_alive;
} AnswerCase;

/* RFC 9112 6.3, in its order. */
static const AnswerCase answer_bodies[] = {
    { "head", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
      BNS_HTTP_BODY_NONE, 0, true },
    { "head-chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      BNS_HTTP_BODY_NONE, 0, true },
    { "head-without-length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", BNS_HTTP_BODY_NONE, 0,
      true },
    { "head-is-case-sensitive", "head", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
      BNS_HTTP_BODY_LENGTH, 5, true },
    { "interim", "GET", "HTTP/1.1 103 Early Hints\r\n\r\n", BNS_HTTP_BODY_NONE, 0,
      true },
    { "204", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
      BNS_HTTP_BODY_NONE, 0, true },
    { "304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
      BNS_HTTP_BODY_NONE, 0, true },
    { "304-chunked", "GET",
      "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
      BNS_HTTP_BODY_NONE, 0, false },
    { "chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      BNS_HTTP_BODY_CHUNKED, 0, true },
    { "length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
      BNS_HTTP_BODY_LENGTH, 5, true },
    { "until-close", "GET", "HTTP/1.1 200 OK\r\n\r\n", BNS_HTTP_BODY_UNTIL_CLOSE, 0,
      false },
    { "until-close-whatever-it-says", "GET",
      "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", BNS_HTTP_BODY_UNTIL_CLOSE, 0,
      false },
    { "old", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n",
      BNS_HTTP_BODY_LENGTH, 5, false },
    { "old-kept", "GET",
      "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\n",
      BNS_HTTP_BODY_LENGTH, 5, true },
    { "closed", "GET",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
      BNS_HTTP_BODY_LENGTH, 5, false },
};

static void
test_answer_body(gconstpointer data)
{
    const AnswerCase *row = data;
    BnsHttpHead head = response(row->method, row->text);

    g_assert_cmpint(head.body, ==, row->body);
    g_assert_cmpuint(head.body_len, ==, row->body_len);
    g_assert_cmpint(head.keep_alive, ==, row->keep_alive);
}

/* What HEAD and 304 announce is not lost. */
static void
test_absent_length(void)
{
    BnsHttpHead head =
        response("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n");

    g_assert_true(head.has_content_length);
    g_assert_cmpuint(head.content_length, ==, 77);
}

static bool
keeps_alive(const char *version, const char *fields)
{
    g_autofree char *text =
        g_strdup_printf("GET / %s\r\nHost: a\r\n%s\r\n", version, fields);

    return request(text).keep_alive;
}

static void
test_keep_alive(void)
{
    g_assert_true(keeps_alive("HTTP/1.1", ""));
    g_assert_false(keeps_alive("HTTP/1.0", ""));
    g_assert_true(keeps_alive("HTTP/1.0", "Connection: keep-alive\r\n"));
    g_assert_true(keeps_alive("HTTP/1.0", "Connection: x,Keep-Alive\r\n"));
    g_assert_false(keeps_alive("HTTP/1.1", "Connection: close\r\n"));
    g_assert_false(keeps_alive("HTTP/1.1", "Connection: x, CLOSE\r\n"));
    g_assert_false(keeps_alive("HTTP/1.1", "Connection: close, keep-alive\r\n"));
    g_assert_false(
        keeps_alive("HTTP/1.0", "Connection: close\r\nConnection: keep-alive\r\n"));
    g_assert_true(keeps_alive("HTTP/1.1", "Connection: closed\r\n"));
    g_assert_true(keeps_alive("HTTP/1.1", "Proxy-Connection: close\r\n"));
    g_assert_true(keeps_alive("HTTP/1.1", "Upgrade: h2c\r\n"));
    g_assert_false(keeps_alive("HTTP/1.1", "Upgrade: h2c\r\nConnection: upgrade\r\n"));
    g_assert_false(
        keeps_alive("HTTP/1.0", "Upgrade: h2c\r\nConnection: upgrade, keep-alive\r\n"));
    g_assert_true(keeps_alive("HTTP/1.1", "Connection: upgrade\r\n"));
}

static bool
has_upgrade(const char *version, const char *fields)
{
    g_autofree char *text =
        g_strdup_printf("GET / %s\r\nHost: a\r\n%s\r\n", version, fields);

    return request(text).has_upgrade;
}

static void
test_upgrade(void)
{
    g_assert_true(has_upgrade("HTTP/1.1", "Upgrade: h2c\r\nConnection: upgrade\r\n"));
    g_assert_true(
        has_upgrade("HTTP/1.1", "Connection: keep-alive, Upgrade\r\nUPGRADE: x\r\n"));
    g_assert_false(has_upgrade("HTTP/1.1", "Upgrade: h2c\r\n"));
    g_assert_false(has_upgrade("HTTP/1.1", "Connection: upgrade\r\n"));
    g_assert_false(has_upgrade("HTTP/1.0", "Upgrade: h2c\r\nConnection: upgrade\r\n"));
}

static void
test_expect(void)
{
    BnsHttpHead body = request("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                               "Content-Length: 1\r\n\r\n");
    BnsHttpHead chunked =
        request("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    BnsHttpHead none =
        request("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
    BnsHttpHead old = request("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n"
                              "Content-Length: 1\r\n\r\n");

    g_assert_true(body.expects_continue);
    g_assert_false(body.fields[1].hop_by_hop);
    g_assert_true(chunked.expects_continue);
    g_assert_false(none.expects_continue);
    g_assert_true(none.fields[1].hop_by_hop);
    g_assert_false(old.expects_continue);
    g_assert_true(old.fields[1].hop_by_hop);
}

static void
test_te(void)
{
    g_assert_true(
        request("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n").wants_trailers);
    g_assert_true(request("GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=1, Trailers\r\n"
                          "Connection: TE\r\n\r\n")
                      .wants_trailers);
    g_assert_false(
        request("GET / HTTP/1.1\r\nHost: a\r\nTE: gzip\r\n\r\n").wants_trailers);
    g_assert_false(request("GET / HTTP/1.1\r\nHost: a\r\n\r\n").wants_trailers);
}

static void
test_hop_by_hop(void)
{
    BnsHttpHead head =
        request("GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-ONE: 2\r\nX-Two: 3\r\n"
                "Keep-Alive: 5\r\nConnection: x-one\r\nProxy-Authorization: b\r\n"
                "Cookie: c\r\n\r\n");
    const bool expected[] = { false, true, true, false, true, true, true, false };

    g_assert_cmpuint(head.n_fields, ==, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmpint(head.fields[i].hop_by_hop, ==, expected[i]);
}

static void
add_tables(void)
{
    add_request_cases("/gateway/http1/host", hosts, G_N_ELEMENTS(hosts));
    add_request_cases("/gateway/http1/length", lengths, G_N_ELEMENTS(lengths));
    add_request_cases("/gateway/http1/coding", codings, G_N_ELEMENTS(codings));
    add_request_cases("/gateway/http1/connection", connections,
                      G_N_ELEMENTS(connections));
    add_request_cases("/gateway/http1/expect", expects, G_N_ELEMENTS(expects));
    add_response_cases("/gateway/http1/answer", answers, G_N_ELEMENTS(answers));
    for (size_t i = 0; i < G_N_ELEMENTS(answer_bodies); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/http1/answer-body/", answer_bodies[i].name, NULL);

        bns_test_add_data(path, &answer_bodies[i], test_answer_body);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    add_tables();
    bns_test_add("/gateway/http1/framing/request-bodies", test_request_bodies);
    bns_test_add("/gateway/http1/framing/length-without-body-is-kept",
                 test_absent_length);
    bns_test_add("/gateway/http1/framing/keep-alive-by-version-and-connection",
                 test_keep_alive);
    bns_test_add("/gateway/http1/framing/upgrade-needs-both-fields", test_upgrade);
    bns_test_add("/gateway/http1/framing/expect-needs-a-body-and-1.1", test_expect);
    bns_test_add("/gateway/http1/framing/te-keeps-trailers-only", test_te);
    bns_test_add("/gateway/http1/framing/connection-marks-what-it-names",
                 test_hop_by_hop);
    return g_test_run();
}
