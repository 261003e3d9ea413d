/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header sections, as nghttp2 never lets some of them through: what decides is checked
 * here without it.
 */
#include "netstack/gateway/http2_fields.h"
#include "tests/support/test.h"

#include <string.h>

#define GOOD ":method: GET\n:scheme: https\n:authority: a.test\n:path: /x?q\n"
#define TUNNEL(protocol)                                                               \
    ":method: CONNECT\n:protocol: " protocol                                           \
    "\n:scheme: https\n:authority: a.test\n:path: /ws\n"
#define POST ":method: POST\n:scheme: https\n:authority: a.test\n:path: /\n"

/* "name: value\n" each. */
static BnsHttp2Fields *
fields_of(const char *text)
{
    BnsHttp2Fields *fields = bns_http2_fields_new();

    while (*text != '\0') {
        const char *colon = strstr(text + 1, ": ");
        const char *end = strchr(text, '\n');

        bns_http2_fields_add(fields, (BnsSlice){ text, (size_t)(colon - text) },
                             (BnsSlice){ colon + 2, (size_t)(end - colon - 2) }, false);
        text = end + 1;
    }
    return fields;
}

static char *
text_of(const GArray *nva)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < nva->len; i++) {
        const nghttp2_nv *nv = &g_array_index(nva, nghttp2_nv, i);

        g_string_append_printf(text, "%.*s: %.*s%s\n", (int)nv->namelen, nv->name,
                               (int)nv->valuelen, nv->value,
                               nv->flags & NGHTTP2_NV_FLAG_NO_INDEX ? " (secret)" : "");
    }
    return g_string_free(text, FALSE);
}

/* --- requests --- */

typedef struct {
    const char *name;
    const char *fields;
    bool is_last;
    uint16_t status; /* 0: good */
} Row;

static const Row requests[] = {
    { "good", GOOD, true, 0 },
    { "host-agrees", GOOD "host: A.TEST\n", true, 0 },
    { "host-alone", ":method: GET\n:scheme: https\n:path: /\nhost: a.test\n", true, 0 },
    { "te-trailers", GOOD "te: trailers\n", true, 0 },
    { "empty-value", GOOD "x: \n", true, 0 },
    { "no-method", ":scheme: https\n:authority: a.test\n:path: /\n", true, 400 },
    { "no-scheme", ":method: GET\n:authority: a.test\n:path: /\n", true, 400 },
    { "no-path", ":method: GET\n:scheme: https\n:authority: a.test\n", true, 400 },
    { "empty-path", ":method: GET\n:scheme: https\n:authority: a.test\n:path: \n", true,
      400 },
    { "no-host", ":method: GET\n:scheme: https\n:path: /\n", true, 400 },
    { "empty-host", ":method: GET\n:scheme: https\n:authority: \n:path: /\n", true,
      400 },
    { "method-twice", GOOD ":method: GET\n", true, 400 },
    { "authority-twice", GOOD ":authority: a.test\n", true, 400 },
    { "status", GOOD ":status: 200\n", true, 400 },
    { "late", ":method: GET\n:scheme: https\nx: y\n:authority: a.test\n:path: /\n",
      true, 400 },
    { "host-contradicts", GOOD "host: b.test\n", true, 400 },
    { "host-names-a-port", GOOD "host: a.test:443\n", true, 400 },
    { "two-hosts", GOOD "host: a.test\nhost: a.test\n", true, 400 },
    { "upper-case", GOOD "X-Y: z\n", true, 400 },
    { "no-token", GOOD "x y: z\n", true, 400 },
    { "empty-name", GOOD ": : z\n", true, 400 },
    { "line-feed", GOOD "x: a\rb\n", true, 400 },
    { "space-before", GOOD "x:  a\n", true, 400 },
    { "space-behind", GOOD "x: a \n", true, 400 },
    { "connection", GOOD "connection: x\n", true, 400 },
    { "keep-alive", GOOD "keep-alive: x\n", true, 400 },
    { "proxy-connection", GOOD "proxy-connection: x\n", true, 400 },
    { "transfer-encoding", POST "transfer-encoding: chunked\n", false, 400 },
    { "upgrade", GOOD "upgrade: h2c\n", true, 400 },
    { "http2-settings", GOOD "http2-settings: x\n", true, 400 },
    { "te-gzip", GOOD "te: gzip\n", true, 400 },
    { "disguised", POST "content_length: 1\n", false, 400 },
    { "absolute",
      ":method: GET\n:scheme: https\n:authority: a.test\n:path: https://a\n", true,
      400 },
    { "relative", ":method: GET\n:scheme: https\n:authority: a.test\n:path: x\n", true,
      400 },
    { "space-in-path",
      ":method: GET\n:scheme: https\n:authority: a.test\n:path: /a b\n", true, 400 },
    { "protocol", GOOD ":protocol: websocket\n", true, 400 },
    { "websocket", TUNNEL("websocket"), false, 0 },
    { "websocket-that-ends", TUNNEL("websocket"), true, 0 },
    { "websocket-of-other-case", TUNNEL("WebSocket"), false, 501 },
    { "connect-udp", TUNNEL("connect-udp"), false, 501 },
    { "empty-protocol", TUNNEL(""), false, 501 },
    { "protocol-twice", TUNNEL("websocket") ":protocol: websocket\n", false, 400 },
    { "websocket-with-length", TUNNEL("websocket") "content-length: 5\n", false, 400 },
    { "websocket-without-authority",
      ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:path: /\nhost: a\n",
      false, 400 },
    { "websocket-without-scheme",
      ":method: CONNECT\n:protocol: websocket\n:authority: a\n:path: /\n", false, 400 },
    { "websocket-without-path",
      ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:authority: a\n", false,
      400 },
    { "length", POST "content-length: 5\n", false, 0 },
    { "length-zero-and-last", POST "content-length: 0\n", true, 0 },
    { "length-and-last", POST "content-length: 5\n", true, 400 },
    { "length-twice", POST "content-length: 5\ncontent-length: 5\n", false, 400 },
    { "length-of-no-number", POST "content-length: +5\n", false, 400 },
    { "length-of-no-digit", POST "content-length: \n", false, 400 },
    { "longest-length", POST "content-length: 9223372036854775807\n", false, 0 },
    { "longer-length", POST "content-length: 9223372036854775808\n", false, 400 },
    { "expect", POST "expect: 100-Continue\n", false, 0 },
    { "expect-else", POST "expect: 200-ok\n", false, 417 },
    { "longest-method",
      ":method: ABCDEFGHIJKLMNOPQRSTUVWX\n:scheme: https\n:authority: a\n:path: /\n",
      true, 0 },
    { "longer-method",
      ":method: ABCDEFGHIJKLMNOPQRSTUVWXY\n:scheme: https\n:authority: a\n:path: /\n",
      true, 501 },
};

#define POISON 0x5a

static void
test_request(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(BnsHttp2Fields) fields = fields_of(row->fields);
    BnsHttpHead head;
    BnsSlice scheme;
    bool is_good;

    /* Bad or good, what is counted was written. */
    memset(&head, POISON, sizeof(head));
    is_good = bns_http2_read_request(fields, row->is_last, &head, &scheme);
    for (size_t i = 0; i < head.n_fields; i++)
        g_assert_cmpuint(head.fields[i].name.len, <=, strlen(row->fields));
    g_assert_cmpint(is_good, ==, row->status == 0);
    if (row->status == 0)
        return;
    g_assert_cmpuint(head.error_status, ==, row->status);
    g_assert_nonnull(head.error);
}

/* As HTTP/1.1's handshake; and it is written as it came. */
static void
test_tunnel(void)
{
    g_autoptr(BnsHttp2Fields) fields =
        fields_of(TUNNEL("websocket") "sec-websocket-protocol: chat\n");
    g_autoptr(GArray) written = NULL;
    BnsHttpHead head;
    BnsSlice scheme;

    g_assert_true(bns_http2_read_request(fields, false, &head, &scheme));
    g_assert_true(bns_slice_equal(head.method, "GET"));
    g_assert_true(bns_slice_equal(head.target, "/ws"));
    g_assert_true(head.has_upgrade);
    g_assert_cmpint(head.body, ==, BNS_HTTP_BODY_CHUNKED);
    written = bns_http2_write_request(fields, "a.test");
    g_assert_cmpuint(written->len, ==, 6);

    bns_http2_copy_fields(fields, &head);
    g_assert_cmpuint(head.n_fields, ==, 1);
    g_assert_true(bns_slice_equal(head.fields[0].value, "chat"));
}

static void
test_head(void)
{
    g_autoptr(BnsHttp2Fields) fields =
        fields_of(GOOD "x: 1\nhost: a.test\ncontent-length: 7\n");
    BnsHttpHead head;
    BnsSlice scheme;

    g_assert_true(bns_http2_read_request(fields, false, &head, &scheme));
    g_assert_true(bns_slice_equal(head.method, "GET"));
    g_assert_true(bns_slice_equal(head.target, "/x?q"));
    g_assert_true(bns_slice_equal(scheme, "https"));
    g_assert_cmpuint(head.n_fields, ==, 3);
    g_assert_true(bns_slice_equal(bns_http1_field(&head, "host")->value, "a.test"));
    g_assert_cmpint(head.body, ==, BNS_HTTP_BODY_LENGTH);
    g_assert_cmpuint(head.body_len, ==, 7);
}

/* --- limits --- */

static void
add_many(BnsHttp2Fields *fields, size_t n, size_t value_len)
{
    g_autofree char *value = g_strnfill(value_len, 'v');

    for (size_t i = 0; i < n; i++)
        bns_http2_fields_add(fields, (BnsSlice){ "x", 1 },
                             (BnsSlice){ value, value_len }, false);
}

static void
test_count(void)
{
    g_autoptr(BnsHttp2Fields) fields = bns_http2_fields_new();

    add_many(fields, BNS_HTTP_FIELDS_MAX, 1);
    g_assert_false(bns_http2_fields_is_too_large(fields));
    add_many(fields, 1, 1);
    g_assert_true(bns_http2_fields_is_too_large(fields));
    /* Whatever more comes takes no memory. */
    add_many(fields, 1000, 1000);
    g_assert_cmpuint(bns_http2_fields_count(fields), ==, BNS_HTTP_FIELDS_MAX);
}

static void
test_size(gconstpointer data)
{
    size_t too_many = GPOINTER_TO_SIZE(data);
    g_autoptr(BnsHttp2Fields) fields = fields_of(GOOD);
    BnsHttpHead head;
    BnsSlice scheme;
    size_t left = BNS_HTTP_HEAD_MAX;

    left -= strlen(":method"
                   "GET"
                   ":scheme"
                   "https"
                   ":authority"
                   "a.test"
                   ":path"
                   "/x?q");
    left -= 5 * BNS_HTTP2_FIELD_OVERHEAD + strlen("x");
    add_many(fields, 1, left + too_many);
    g_assert_cmpint(bns_http2_read_request(fields, true, &head, &scheme), ==,
                    too_many == 0);
    g_assert_cmpuint(head.error_status, ==, too_many == 0 ? 0 : 431);
    /* The record still names the request. */
    g_assert_true(bns_slice_equal(head.target, "/x?q"));
}

/* --- responses and trailers --- */

static const Row responses[] = {
    { "good", ":status: 200\nx: y\n", false, 0 },
    { "interim", ":status: 103\n", false, 0 },
    { "lowest", ":status: 100\n", false, 0 },
    { "highest", ":status: 599\n", false, 0 },
    { "too-low", ":status: 099\n", false, 502 },
    { "too-high", ":status: 600\n", false, 502 },
    { "no-status", "x: y\n", false, 502 },
    { "nothing", "", false, 502 },
    { "two-digits", ":status: 20\n", false, 502 },
    { "four-digits", ":status: 2000\n", false, 502 },
    { "switching", ":status: 101\n", false, 502 },
    { "twice", ":status: 200\n:status: 200\n", false, 502 },
    { "request's", ":status: 200\n:path: /\n", false, 502 },
    { "connection", ":status: 200\nconnection: close\n", false, 502 },
    { "upper-case", ":status: 200\nX: y\n", false, 502 },
};

static void
test_response(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(BnsHttp2Fields) fields = fields_of(row->fields);
    uint16_t status;

    g_assert_cmpint(bns_http2_read_response(fields, &status) == NULL, ==,
                    row->status == 0);
}

static const Row trailers[] = {
    { "good", "grpc-status: 0\ngrpc-message: \n", true, 0 },
    { "none", "", true, 0 },
    { "pseudo", ":status: 200\n", true, 400 },
    { "length", "content-length: 1\n", true, 400 },
    { "authorization", "authorization: x\n", true, 400 },
    { "host", "host: a\n", true, 400 },
    { "te", "te: trailers\n", true, 400 },
    { "upper-case", "X: y\n", true, 400 },
};

static void
test_trailers(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(BnsHttp2Fields) fields = fields_of(row->fields);

    g_assert_cmpint(bns_http2_read_trailers(fields) == NULL, ==, row->status == 0);
}

/* --- writing --- */

static void
test_written(void)
{
    g_autoptr(BnsHttp2Fields) request =
        fields_of(GOOD "host: a.test\nte: trailers\nproxy-authorization: x\nx: y\n");
    g_autoptr(BnsHttp2Fields) response =
        fields_of(":status: 200\nalt-svc: h3\nproxy-authenticate: x\nx: y\n");
    g_autoptr(GArray) sent = NULL;
    g_autoptr(GArray) passed = NULL;
    g_autofree char *sent_text = NULL;
    g_autofree char *passed_text = NULL;

    bns_http2_fields_add(request, (BnsSlice){ "cookie", 6 }, (BnsSlice){ "c", 1 },
                         true);
    sent = bns_http2_write_request(request, "a.test:8443");
    sent_text = text_of(sent);
    g_assert_cmpstr(sent_text, ==,
                    ":authority: a.test:8443\n:method: GET\n:scheme: https\n"
                    ":path: /x?q\nte: trailers\nx: y\ncookie: c (secret)\n");
    passed = bns_http2_write_response(response);
    passed_text = text_of(passed);
    g_assert_cmpstr(passed_text, ==, ":status: 200\nx: y\n");
}

static void
add_table(const char *path, const Row *rows, size_t n, GTestDataFunc func)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *name = g_strconcat(path, rows[i].name, NULL);

        bns_test_add_data(name, &rows[i], func);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 10);
    add_table("/gateway/http2-fields/request/", requests, G_N_ELEMENTS(requests),
              test_request);
    bns_test_add("/gateway/http2-fields/request-becomes-a-head", test_head);
    bns_test_add("/gateway/http2-fields/tunnel-becomes-a-handshake", test_tunnel);
    bns_test_add("/gateway/http2-fields/number-is-limited", test_count);
    bns_test_add_data("/gateway/http2-fields/largest-size", GSIZE_TO_POINTER(0),
                      test_size);
    bns_test_add_data("/gateway/http2-fields/larger-size", GSIZE_TO_POINTER(1),
                      test_size);
    add_table("/gateway/http2-fields/response/", responses, G_N_ELEMENTS(responses),
              test_response);
    add_table("/gateway/http2-fields/trailers/", trailers, G_N_ELEMENTS(trailers),
              test_trailers);
    bns_test_add("/gateway/http2-fields/written-without-the-connection's",
                 test_written);
    return g_test_run();
}
