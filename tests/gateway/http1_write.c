/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/http1_cases.h"
#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *in;
    const char *host;
    bool upgrade;
    const char *out;
} RequestCase;

static const RequestCase requests[] = {
    { "order-and-case-stay",
      "GET /a?b=c HTTP/1.1\r\nX-b: 1\r\nHOST: A.example\r\nx-A:2\r\nx-A:\t3 \r\n\r\n",
      "a.example", false,
      "GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nX-b: 1\r\nx-A: 2\r\nx-A: 3\r\n\r\n" },
    { "absolute-becomes-origin-form",
      "GET http://h:8080?q HTTP/1.0\r\nHost: h:8080\r\n\r\n", "h:8080", false,
      "GET /?q HTTP/1.1\r\nHost: h:8080\r\n\r\n" },
    { "length-anew",
      "POST / HTTP/1.1\r\ncontent-length: 007\r\nHost: h\r\nA: b\r\n\r\n", "h", false,
      "POST / HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 7\r\n\r\n" },
    { "length-0-stays", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "h",
      false, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" },
    { "largest-length",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\n\r\n", "h",
      false,
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\n\r\n" },
    { "chunked-anew",
      "POST / HTTP/1.1\r\nHost: h\r\ntransfer-encoding:\tCHUNKED\r\nTrailer: X\r\n\r\n",
      "h", false,
      "POST / HTTP/1.1\r\nHost: h\r\nTrailer: X\r\nTransfer-Encoding: "
      "chunked\r\n\r\n" },
    { "hop-by-hop-dropped",
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\n"
      "x-hop: 1\r\nX-Hop: 2\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: "
      "Basic x\r\n"
      "X-Hop-Not: 3\r\nAuthorization: Basic y\r\n\r\n",
      "h", false,
      "GET / HTTP/1.1\r\nHost: h\r\nX-Hop-Not: 3\r\nAuthorization: Basic y\r\n\r\n" },
    { "te-trailers-stays",
      "GET / HTTP/1.1\r\nHost: h\r\nTE: gzip, trailers\r\nConnection: TE\r\nA: "
      "b\r\n\r\n",
      "h", false,
      "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nTE: trailers\r\nConnection: TE\r\n\r\n" },
    { "other-te-dropped",
      "GET / HTTP/1.1\r\nHost: h\r\nTE: gzip\r\nConnection: TE\r\n\r\n", "h", false,
      "GET / HTTP/1.1\r\nHost: h\r\n\r\n" },
    { "expect-stays",
      "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
      "h", false,
      "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
      "1\r\n\r\n" },
    { "expect-of-1.0-dropped",
      "PUT / HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
      "h", false, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n" },
    { "h2c-dropped",
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "
      "h2c\r\n"
      "HTTP2-Settings: AAMAAABk\r\n\r\n",
      "h", false, "GET / HTTP/1.1\r\nHost: h\r\n\r\n" },
    { "upgrade-kept-when-told",
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade, HTTP2-Settings\r\n"
      "UPGRADE: websocket\r\nHTTP2-Settings: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
      "h", true,
      "GET / HTTP/1.1\r\nHost: h\r\nUPGRADE: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Connection: Upgrade\r\n\r\n" },
    { "bytes-of-values-stay",
      "GET / HTTP/1.1\r\nHost: h\r\nA: \xff\tb  c\"\\\r\nEmpty:\r\n\r\n", "h", false,
      "GET / HTTP/1.1\r\nHost: h\r\nA: \xff\tb  c\"\\\r\nEmpty: \r\n\r\n" },
    { "alt-svc-of-a-request-stays", "GET / HTTP/1.1\r\nHost: h\r\nAlt-Svc: x\r\n\r\n",
      "h", false, "GET / HTTP/1.1\r\nHost: h\r\nAlt-Svc: x\r\n\r\n" },
};

typedef struct {
    const char *name;
    const char *method;
    const char *in;
    BnsHttpBodyKind body;
    bool keep_alive;
    bool upgrade;
    const char *out;
} ResponseCase;

static const ResponseCase responses[] = {
    { "length", "GET",
      "HTTP/1.0 200 OK\r\nA: b\r\nContent-Length: 05\r\nSet-Cookie: 1\r\nSet-Cookie: "
      "2\r\n\r\n",
      BNS_HTTP_BODY_LENGTH, true, false,
      "HTTP/1.1 200 OK\r\nA: b\r\nSet-Cookie: 1\r\nSet-Cookie: 2\r\nContent-Length: "
      "5\r\n"
      "Connection: keep-alive\r\n\r\n" },
    { "close", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
      BNS_HTTP_BODY_LENGTH, false, false,
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n" },
    { "chunked", "GET",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n",
      BNS_HTTP_BODY_CHUNKED, true, false,
      "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\nConnection: "
      "keep-alive\r\n\r\n" },
    { "until-close-becomes-chunked", "GET", "HTTP/1.0 200 OK\r\n\r\n",
      BNS_HTTP_BODY_CHUNKED, true, false,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: "
      "keep-alive\r\n\r\n" },
    { "chunked-becomes-until-close", "GET",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      BNS_HTTP_BODY_UNTIL_CLOSE, true, false,
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" },
    { "alt-svc-and-hop-by-hop-dropped", "GET",
      "HTTP/1.1 200 OK\r\nALT-SVC: h3=\":443\"\r\nConnection: close, X-Hop\r\nX-Hop: "
      "1\r\n"
      "Keep-Alive: 5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nContent-Length: "
      "0\r\n\r\n",
      BNS_HTTP_BODY_LENGTH, true, false,
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n" },
    { "head-keeps-its-length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n",
      BNS_HTTP_BODY_NONE, true, false,
      "HTTP/1.1 200 OK\r\nContent-Length: 77\r\nConnection: keep-alive\r\n\r\n" },
    { "head-without-length", "HEAD",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", BNS_HTTP_BODY_NONE, true,
      false, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n" },
    { "304-keeps-its-length", "GET",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n", BNS_HTTP_BODY_NONE,
      true, false,
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nConnection: "
      "keep-alive\r\n\r\n" },
    { "204-has-no-length", "GET",
      "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", BNS_HTTP_BODY_NONE, true,
      false, "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n" },
    { "interim-says-nothing-of-the-connection", "GET",
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close\r\n\r\n",
      BNS_HTTP_BODY_NONE, true, false,
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" },
    { "101-keeps-its-upgrade", "GET",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nupgrade: "
      "WebSocket\r\nA: b\r\n\r\n",
      BNS_HTTP_BODY_NONE, true, true,
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nA: b\r\nConnection: "
      "Upgrade\r\n\r\n" },
    { "no-reason", "GET", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
      BNS_HTTP_BODY_LENGTH, true, false,
      "HTTP/1.1 404 \r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n" },
    { "obs-text-reason-stays", "GET",
      "HTTP/1.1 404 Pas trouv\xe9\r\nContent-Length: 0\r\n\r\n", BNS_HTTP_BODY_LENGTH,
      true, false,
      "HTTP/1.1 404 Pas trouv\xe9\r\nContent-Length: 0\r\nConnection: "
      "keep-alive\r\n\r\n" },
};

static void
parse(const char *text, BnsHttpHead *head, BnsHttpTarget *target)
{
    const char *error;

    if (bns_http1_parse_request(text, strlen(text), head) != BNS_PARSE_DONE)
        g_error("%s: %s", text, head->error);
    error = bns_http1_target(head, target);
    g_assert_cmpstr(error, ==, NULL);
}

static char *
write_request(const BnsHttpHead *head,
              const BnsHttpTarget *target,
              const char *host,
              bool upgrade)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    bns_http1_write_request(out, head, target, host, upgrade);
    return g_strndup((const char *)out->data, out->len);
}

static void
test_request(gconstpointer data)
{
    const RequestCase *row = data;
    g_autofree char *text = NULL, *again_text = NULL;
    BnsHttpHead head, again;
    BnsHttpTarget target, again_target;

    parse(row->in, &head, &target);
    text = write_request(&head, &target, row->host, row->upgrade);
    g_assert_cmpstr(text, ==, row->out);

    /* It reads as the same message, and writing that changes nothing more. */
    parse(text, &again, &again_target);
    g_assert_cmpuint(again.head_len, ==, strlen(text));
    g_assert_cmpint(again.body, ==, head.body);
    g_assert_cmpuint(again.body_len, ==, head.body_len);
    g_assert_cmpint(again.expects_continue, ==, head.expects_continue);
    g_assert_cmpint(again.wants_trailers, ==, head.wants_trailers);
    again_text = write_request(&again, &again_target, row->host, row->upgrade);
    g_assert_cmpstr(again_text, ==, text);
}

static void
test_response(gconstpointer data)
{
    const ResponseCase *row = data;
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree char *text = NULL;
    BnsHttpHead head, again;
    BnsSlice method = { row->method, strlen(row->method) };

    g_assert_cmpint(bns_http1_parse_response(row->in, strlen(row->in), method, &head),
                    ==, BNS_PARSE_DONE);
    bns_http1_write_response(out, &head, row->body, row->keep_alive, row->upgrade);
    text = g_strndup((const char *)out->data, out->len);
    g_assert_cmpstr(text, ==, row->out);

    g_assert_cmpint(bns_http1_parse_response(text, strlen(text), method, &again), ==,
                    BNS_PARSE_DONE);
    g_assert_cmpint(again.status, ==, head.status);
    g_assert_cmpint(again.body, ==, row->body);
    if (row->body == BNS_HTTP_BODY_LENGTH)
        g_assert_cmpuint(again.body_len, ==, head.body_len);
    g_assert_cmpint(again.has_upgrade, ==, row->upgrade);
}

static void
append_random_field(GString *text, GRand *random)
{
    static const char *const names[] = { "A",      "x-hop",   "Connection", "TE",
                                         "Cookie", "Upgrade", "Keep-Alive", "Accept" };
    static const char *const values[] = {
        "", "x-hop", "close", "trailers", "a, b", "\xff\t\"", "keep-alive, x-hop", "te"
    };

    g_string_append_printf(text, "%s:%s%s \r\n",
                           names[g_rand_int_range(random, 0, G_N_ELEMENTS(names))],
                           g_rand_boolean(random) ? " " : "",
                           values[g_rand_int_range(random, 0, G_N_ELEMENTS(values))]);
}

/* Whether the fields of @out that are nobody's business but the ends' are those of @in, in
 * their order. */
static void
assert_same_fields(const BnsHttpHead *in, const BnsHttpHead *out)
{
    size_t j = 0;

    for (size_t i = 0; i < in->n_fields; i++) {
        if (in->fields[i].hop_by_hop ||
            bns_slice_equal_case(in->fields[i].name, "host"))
            continue;
        while (j < out->n_fields && (out->fields[j].hop_by_hop ||
                                     bns_slice_equal_case(out->fields[j].name, "host")))
            j++;
        g_assert_cmpuint(j, <, out->n_fields);
        g_assert_cmpmem(in->fields[i].name.at, in->fields[i].name.len,
                        out->fields[j].name.at, out->fields[j].name.len);
        g_assert_cmpmem(in->fields[i].value.at, in->fields[i].value.len,
                        out->fields[j].value.at, out->fields[j].value.len);
        j++;
    }
}

static void
test_random_fields(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(9110);
    size_t n_good = 0;

    for (size_t round = 0; round < 5000; round++) {
        g_autoptr(GString) text = g_string_new("GET /a HTTP/1.1\r\nHost: h\r\n");
        g_autofree char *written = NULL;
        BnsHttpHead head, again;
        BnsHttpTarget target;

        for (gint32 i = g_rand_int_range(random, 0, 6); i > 0; i--)
            append_random_field(text, random);
        g_string_append(text, "\r\n");
        if (bns_http1_parse_request(text->str, text->len, &head) != BNS_PARSE_DONE)
            continue;
        n_good++;
        g_assert_null(bns_http1_target(&head, &target));
        written = write_request(&head, &target, "h", false);
        parse(written, &again, &target);
        assert_same_fields(&head, &again);
        g_assert_false(again.has_upgrade);
        g_assert_true(again.keep_alive);
    }
    g_assert_cmpuint(n_good, >, 3000);
}

static void
test_chunks(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GByteArray) trailers = g_byte_array_new();

    g_byte_array_append(trailers, (const guint8 *)"X: y\r\n", 6);
    bns_http1_write_chunk(out, (BnsSlice){ "0123456789abcdef+", 17 });
    bns_http1_write_chunk(out, (BnsSlice){ "", 0 });
    bns_http1_write_last_chunk(out, trailers);
    bns_http1_write_last_chunk(out, NULL);
    g_byte_array_append(out, (const guint8 *)"", 1);
    g_assert_cmpstr((const char *)out->data, ==,
                    "11\r\n0123456789abcdef+\r\n0\r\nX: y\r\n\r\n0\r\n\r\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/http1/write-request/", requests[i].name, NULL);

        bns_test_add_data(path, &requests[i], test_request);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(responses); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/http1/write-response/", responses[i].name, NULL);

        bns_test_add_data(path, &responses[i], test_response);
    }
    bns_test_add("/gateway/http1/write/any-fields-read-the-same-again",
                 test_random_fields);
    bns_test_add("/gateway/http1/write/an-empty-chunk-is-not-the-last", test_chunks);
    return g_test_run();
}
