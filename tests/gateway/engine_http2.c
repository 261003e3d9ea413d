/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 through the engine: each stream decided for itself, and every message passed as
 * it came.
 */
#include "base/fd.h"
#include "tests/gateway/http2_front.h"
#include "tests/support/test.h"

#include <string.h>

#define PSEUDO(method, path)                                                           \
    ":method: " method "\n:scheme: http\n:authority: origin.test\n:path: " path "\n"

static void
expect_field(const Peer *peer, int32_t id, const char *name, const char *expected)
{
    g_autofree char *value = peer_field(peer, id, name);

    g_assert_cmpstr(value, ==, expected);
}

/* --- both sides by side --- */

static void
test_passed(void)
{
    Http2Front f;
    int32_t id, asked;
    const BnsRecord *record;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/a?q=1", &asked);
    g_assert_cmpstr(peer_stream(&f.origin, asked)->head->str, ==,
                    ":authority: origin.test\n:method: GET\n:scheme: http\n"
                    ":path: /a?q=1\n");
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /a");
    g_assert_cmpstr(record->http, ==, "2");
    g_assert_cmpuint(record->request, ==, 1);
    g_assert_cmpstr(record->addr, ==, "127.0.0.1");

    peer_respond(&f.origin, asked, ":status: 200\nx-own: yes\nalt-svc: h3=\":443\"\n",
                 false);
    peer_data(&f.origin, asked, "hello", 5, true);
    peer_until(&f.client, peer_is_ended, id);
    g_assert_cmpstr(peer_stream(&f.client, id)->head->str, ==,
                    ":status: 200\nx-own: yes\n");
    g_assert_cmpstr(peer_stream(&f.client, id)->body->str, ==, "hello");
    record = rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 GET /a");
    g_assert_cmpuint(record->bytes_received, ==, 5);
    g_assert_null(record->error);
    http2_front_clear(&f);
}

static void
test_side_by_side(void)
{
    Http2Front f;
    int32_t allowed[3], asked[3];

    http2_front_init(&f, NULL);
    for (int i = 0; i < 3; i++) {
        int32_t refused;

        allowed[i] = http2_front_pass(&f, "/ok", &asked[i]);
        refused = peer_get(&f.client, "http", "origin.test", "/secret/x");
        peer_until(&f.client, peer_is_ended, refused);
        expect_field(&f.client, refused, ":status", "403");
        g_assert_nonnull(strstr(peer_stream(&f.client, refused)->body->str,
                                "Request Blocked by Boundary"));
        rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /ok");
        g_assert_cmpuint(
            rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 GET /secret/x")
                ->request,
            ==, 2 * (unsigned)i + 2);
    }
    /* The answers in another order. */
    for (int i = 2; i >= 0; i--) {
        peer_respond(&f.origin, asked[i], ":status: 204\n", true);
        peer_until(&f.client, peer_is_ended, allowed[i]);
        expect_field(&f.client, allowed[i], ":status", "204");
    }
    g_assert_true(rig_nobody_came(f.listener));
    http2_front_clear(&f);
}

/* No rule allows it: nobody is dialled, and HTTP/2 carries the answer. */
static void
test_refused_host(void)
{
    Http2Front f;
    int32_t id;

    http2_front_init(&f, NULL);
    id = peer_get(&f.client, "http", "other.test", "/");
    peer_until(&f.client, peer_is_ended, id);
    expect_field(&f.client, id, ":status", "403");
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 GET /");
    g_assert_true(rig_nobody_came(f.listener));
    http2_front_clear(&f);
}

/* Two flows, one connection to the origin. */
static void
test_shared(void)
{
    Http2Front f;
    RigFlow flow;
    Peer second;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    http2_front_pass(&f, "/first", &asked);
    flow = rig_open(f.rig, "origin.test", 80);
    peer_init(&second, &flow, false);
    id = peer_get(&second, "http", "origin.test", "/second");
    peer_until(&f.origin, peer_has_streams, 2);
    asked = http2_front_last(&f);
    expect_field(&f.origin, asked, ":path", "/second");
    peer_respond(&f.origin, asked, ":status: 200\n", true);
    peer_until(&second, peer_is_ended, id);
    g_assert_true(rig_nobody_came(f.listener));
    rig_close(f.rig, &flow);
    peer_clear(&second);
    http2_front_clear(&f);
}

/* --- what passes --- */

static void
test_bodies_and_trailers(void)
{
    Http2Front f;
    int32_t id, asked;
    const BnsRecord *record;

    http2_front_init(&f, NULL);
    id = peer_ask(&f.client, PSEUDO("POST", "/up") "te: trailers\n", "");
    http2_front_accept(&f);
    peer_until(&f.origin, peer_has_streams, 1);
    asked = http2_front_last(&f);
    expect_field(&f.origin, asked, "te", "trailers");
    /* Both directions at the same time. */
    peer_data(&f.client, id, "one", 3, false);
    peer_respond(&f.origin, asked, ":status: 200\n", false);
    peer_data(&f.origin, asked, "two", 3, false);
    peer_until(&f.client, peer_has_head, id);
    peer_data(&f.client, id, "three", 5, false);
    peer_fields(&f.client, id, "x-sum: 8\n", true);
    peer_until(&f.origin, peer_is_ended, asked);
    g_assert_cmpstr(peer_stream(&f.origin, asked)->body->str, ==, "onethree");
    g_assert_cmpstr(peer_stream(&f.origin, asked)->trailers->str, ==, "x-sum: 8\n");
    peer_fields(&f.origin, asked, "grpc-status: 0\n", true);
    peer_until(&f.client, peer_is_ended, id);
    g_assert_cmpstr(peer_stream(&f.client, id)->body->str, ==, "two");
    g_assert_cmpstr(peer_stream(&f.client, id)->trailers->str, ==, "grpc-status: 0\n");
    record = rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 POST /up");
    g_assert_cmpuint(record->bytes_sent, ==, 8);
    g_assert_cmpuint(record->bytes_received, ==, 3);
    http2_front_clear(&f);
}

static void
test_interim(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/hints", &asked);
    peer_fields(&f.origin, asked, ":status: 103\nlink: </x>\n", false);
    peer_fields(&f.origin, asked, ":status: 100\n", false);
    peer_respond(&f.origin, asked, ":status: 200\n", true);
    peer_until(&f.client, peer_is_ended, id);
    g_assert_cmpstr(peer_stream(&f.client, id)->interim->str, ==,
                    ":status: 103\nlink: </x>\n:status: 100\n");
    expect_field(&f.client, id, ":status", "200");
    http2_front_clear(&f);
}

/* The origin has answered, and wants no more of the request. */
static void
test_early_response(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = peer_ask(&f.client, PSEUDO("POST", "/up"), "");
    http2_front_accept(&f);
    peer_until(&f.origin, peer_has_streams, 1);
    asked = http2_front_last(&f);
    peer_respond(&f.origin, asked, ":status: 413\n", false);
    peer_data(&f.origin, asked, "no", 2, true);
    peer_reset(&f.origin, asked, NGHTTP2_NO_ERROR);
    peer_until(&f.client, peer_is_closed, id);
    g_assert_true(peer_stream(&f.client, id)->is_ended);
    g_assert_cmpstr(peer_stream(&f.client, id)->body->str, ==, "no");
    g_assert_true(peer_stream(&f.client, id)->is_reset);
    g_assert_cmpuint(peer_stream(&f.client, id)->code, ==, NGHTTP2_NO_ERROR);
    g_assert_null(rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 413 POST /up")->error);
    http2_front_clear(&f);
}

/* --- resets and ends --- */

static void
test_client_resets(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/long", &asked);
    peer_reset(&f.client, id, NGHTTP2_ENHANCE_YOUR_CALM);
    peer_until(&f.origin, peer_is_closed, asked);
    g_assert_cmpuint(peer_stream(&f.origin, asked)->code, ==,
                     NGHTTP2_ENHANCE_YOUR_CALM);
    g_assert_cmpstr(rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 0 GET /long")->error,
                    ==, "the command broke the request off");
    http2_front_clear(&f);
}

static void
test_origin_resets(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/no", &asked);
    peer_reset(&f.origin, asked, NGHTTP2_INADEQUATE_SECURITY);
    peer_until(&f.client, peer_is_closed, id);
    g_assert_cmpuint(peer_stream(&f.client, id)->code, ==, NGHTTP2_INADEQUATE_SECURITY);
    g_assert_nonnull(
        strstr(rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 0 GET /no")->error,
               "INADEQUATE_SECURITY"));
    http2_front_clear(&f);
}

/* The origin says that it has not looked at it: it is asked once more, not twice. */
static void
test_origin_refuses(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/no", &asked);
    peer_reset(&f.origin, asked, NGHTTP2_REFUSED_STREAM);
    peer_until(&f.origin, peer_has_streams, 2);
    asked = http2_front_last(&f);
    expect_field(&f.origin, asked, ":path", "/no");
    peer_reset(&f.origin, asked, NGHTTP2_REFUSED_STREAM);
    peer_until(&f.client, peer_is_closed, id);
    g_assert_cmpuint(peer_stream(&f.client, id)->code, ==, NGHTTP2_REFUSED_STREAM);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 1), ==, 1);
    http2_front_clear(&f);
}

/* What came before the reset comes before it here, too. */
static void
test_origin_resets_late(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/half", &asked);
    peer_respond(&f.origin, asked, ":status: 200\n", false);
    peer_data(&f.origin, asked, "half", 4, false);
    peer_reset(&f.origin, asked, NGHTTP2_INTERNAL_ERROR);
    peer_until(&f.client, peer_is_closed, id);
    g_assert_cmpstr(peer_stream(&f.client, id)->body->str, ==, "half");
    g_assert_false(peer_stream(&f.client, id)->is_ended);
    g_assert_cmpuint(peer_stream(&f.client, id)->code, ==, NGHTTP2_INTERNAL_ERROR);
    http2_front_clear(&f);
}

/* A request with a body, of which nobody can know how far it came. */
static int32_t
pass_upload(Http2Front *f, const char *path)
{
    g_autofree char *fields = g_strdup_printf(
        ":method: POST\n:scheme: http\n:authority: origin.test\n:path: %s\n", path);
    guint n_before = f->origin.order->len;
    int32_t id = peer_ask(&f->client, fields, "body");

    peer_until(&f->origin, peer_has_streams, (int32_t)n_before + 1);
    return id;
}

static void
test_origin_dies(void)
{
    Http2Front f;
    int32_t half, upload, repeated, asked;

    http2_front_init(&f, NULL);
    half = http2_front_pass(&f, "/half", &asked);
    peer_respond(&f.origin, asked, ":status: 200\n", false);
    peer_until(&f.client, peer_has_head, half);
    upload = pass_upload(&f, "/upload");
    repeated = http2_front_pass(&f, "/repeated", &asked);
    bns_fd_clear(&f.origin_flow.fd);
    peer_until(&f.client, peer_is_closed, half);
    g_assert_true(peer_stream(&f.client, half)->is_reset);
    peer_until(&f.client, peer_is_ended, upload);
    expect_field(&f.client, upload, ":status", "502");
    /* The connection had served another request: this one may have met its end. */
    http2_front_accept(&f);
    peer_until(&f.origin, peer_has_streams, 1);
    expect_field(&f.origin, 1, ":path", "/repeated");
    peer_respond(&f.origin, 1, ":status: 204\n", true);
    peer_until(&f.client, peer_is_ended, repeated);
    expect_field(&f.client, repeated, ":status", "204");
    http2_front_clear(&f);
}

/* A connection that is new has no excuse. */
static void
test_new_origin_dies(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/first", &asked);
    bns_fd_clear(&f.origin_flow.fd);
    peer_until(&f.client, peer_is_ended, id);
    expect_field(&f.client, id, ":status", "502");
    g_assert_true(rig_nobody_came(f.listener));
    http2_front_clear(&f);
}

/* Streams above the last one were not looked at: they are sent again, here or, where the
 * body has gone, by the client. */
static void
test_origin_goes_away(void)
{
    Http2Front f;
    int32_t first, second, upload, asked, late;

    http2_front_init(&f, NULL);
    first = http2_front_pass(&f, "/first", &asked);
    second = http2_front_pass(&f, "/second", &late);
    upload = pass_upload(&f, "/upload");
    nghttp2_submit_goaway(f.origin.session, NGHTTP2_FLAG_NONE, asked, NGHTTP2_NO_ERROR,
                          NULL, 0);
    peer_flush(&f.origin);
    peer_until(&f.client, peer_is_closed, upload);
    g_assert_cmpuint(peer_stream(&f.client, upload)->code, ==, NGHTTP2_REFUSED_STREAM);
    peer_respond(&f.origin, asked, ":status: 200\n", true);
    peer_until(&f.client, peer_is_ended, first);
    expect_field(&f.client, first, ":status", "200");
    peer_until_over(&f.origin);
    http2_front_accept(&f);
    peer_until(&f.origin, peer_has_streams, 1);
    expect_field(&f.origin, 1, ":path", "/second");
    peer_respond(&f.origin, 1, ":status: 204\n", true);
    peer_until(&f.client, peer_is_ended, second);
    http2_front_clear(&f);
}

static void
test_client_leaves(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/x", &asked);
    nghttp2_submit_goaway(f.client.session, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR,
                          NULL, 0);
    peer_flush(&f.client);
    peer_respond(&f.origin, asked, ":status: 200\n", true);
    peer_until(&f.client, peer_is_ended, id);
    peer_until_over(&f.client);
    http2_front_clear(&f);
}

static void
test_idle(void)
{
    Http2Front f;

    http2_front_init(&f, NULL);
    peer_until(&f.client, peer_has_settings, 1);
    rig_advance(f.rig, 5 * 60 + 1);
    peer_until_over(&f.client);
    g_assert_true(f.client.has_goaway);
    g_assert_cmpuint(f.client.goaway, ==, NGHTTP2_NO_ERROR);
    http2_front_clear(&f);
}

static void
test_silent_origin(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/slow", &asked);
    rig_advance(f.rig, 10 * 60 + 1);
    peer_until(&f.client, peer_is_ended, id);
    expect_field(&f.client, id, ":status", "504");
    peer_until(&f.origin, peer_is_closed, asked);
    http2_front_clear(&f);
}

/* --- malformed requests --- */

typedef struct {
    const char *name;
    const char *fields;
    const char *status; /* NULL: reset with PROTOCOL_ERROR */
    const char *body;
} Malformed;

static const Malformed malformed[] = {
    { "no-method", ":scheme: http\n:authority: origin.test\n:path: /\n", NULL, NULL },
    { "no-scheme", ":method: GET\n:authority: origin.test\n:path: /\n", NULL, NULL },
    { "no-path", ":method: GET\n:scheme: http\n:authority: origin.test\n", NULL, NULL },
    { "no-authority", ":method: GET\n:scheme: http\n:path: /\n", NULL, NULL },
    { "two-methods", ":method: GET\n" PSEUDO("GET", "/"), NULL, NULL },
    { "two-paths", PSEUDO("GET", "/") ":path: /secret\n", NULL, NULL },
    { "unknown-pseudo", ":status: 200\n" PSEUDO("GET", "/"), NULL, NULL },
    { "late-pseudo", ":method: GET\n:scheme: http\nx: y\n:path: /\n", NULL, NULL },
    { "host-contradicts", PSEUDO("GET", "/") "host: other.test\n", "400", NULL },
    { "two-hosts", PSEUDO("GET", "/") "host: origin.test\nhost: origin.test\n", NULL,
      NULL },
    { "other-port",
      ":method: GET\n:scheme: http\n:authority: origin.test:81\n:path: /\n", "400",
      NULL },
    { "other-scheme",
      ":method: GET\n:scheme: https\n:authority: origin.test\n:path: /\n", "400",
      NULL },
    { "user-info", ":method: GET\n:scheme: http\n:authority: a@origin.test\n:path: /\n",
      "400", NULL },
    { "upper-case", PSEUDO("GET", "/") "X-Upper: y\n", NULL, NULL },
    { "connection", PSEUDO("GET", "/") "connection: close\n", NULL, NULL },
    { "transfer-encoding", PSEUDO("POST", "/") "transfer-encoding: chunked\n", NULL,
      NULL },
    { "upgrade", PSEUDO("GET", "/") "upgrade: websocket\n", NULL, NULL },
    { "http2-settings", PSEUDO("GET", "/") "http2-settings: AAMAAABk\n", "400", NULL },
    { "te", PSEUDO("GET", "/") "te: gzip\n", NULL, NULL },
    { "disguised", PSEUDO("POST", "/") "content_length: 5\n", "400", NULL },
    { "forbidden-byte", PSEUDO("GET", "/") "x: a\rb\n", NULL, NULL },
    { "space-around", PSEUDO("GET", "/") "x:  a\n", NULL, NULL },
    { "absolute-path", PSEUDO("GET", "http://origin.test/"), NULL, NULL },
    { "star", PSEUDO("OPTIONS", "*"), "400", NULL },
    { "encoded-nul", PSEUDO("GET", "/a%00"), "400", NULL },
    { "fragment", PSEUDO("GET", "/a#b"), "400", NULL },
    { "connect", ":method: CONNECT\n:authority: origin.test:80\n", "400", NULL },
    { "extended-connect", PSEUDO("CONNECT", "/") ":protocol: websocket\n", "400",
      NULL },
    { "expect", PSEUDO("POST", "/") "expect: magic\n", "417", NULL },
    { "two-lengths", PSEUDO("POST", "/") "content-length: 1\ncontent-length: 1\n", NULL,
      NULL },
    { "no-number", PSEUDO("POST", "/") "content-length: 1x\n", NULL, NULL },
    { "length-without-body", PSEUDO("POST", "/") "content-length: 1\n", NULL, NULL },
    { "long-method", PSEUDO("ABCDEFGHIJKLMNOPQRSTUVWXY", "/"), "501", NULL },
};

static void
test_malformed(gconstpointer data)
{
    const Malformed *c = data;
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = peer_ask(&f.client, c->fields, c->body);
    if (c->status == NULL) {
        peer_until(&f.client, peer_is_closed, id);
        g_assert_cmpuint(peer_stream(&f.client, id)->code, ==, NGHTTP2_PROTOCOL_ERROR);
    } else {
        peer_until(&f.client, peer_is_ended, id);
        expect_field(&f.client, id, ":status", c->status);
    }
    g_assert_cmpint(rig_record(f.rig, BNS_EVENT_HTTP_REQUEST)->decision, ==,
                    BNS_DECIDED_DENY);
    g_assert_true(rig_nobody_came(f.listener));
    /* The connection serves on. */
    http2_front_pass(&f, "/good", &asked);
    http2_front_clear(&f);
}

/* The body contradicts its length: what was sent is broken off, never completed. */
static void
test_length(gconstpointer data)
{
    bool is_long = GPOINTER_TO_INT(data) != 0;
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = peer_ask(&f.client, PSEUDO("POST", "/up") "content-length: 4\n", "");
    http2_front_accept(&f);
    peer_until(&f.origin, peer_has_streams, 1);
    asked = http2_front_last(&f);
    peer_data(&f.client, id, "12345", is_long ? 5 : 3, true);
    peer_until(&f.client, peer_is_closed, id);
    g_assert_cmpuint(peer_stream(&f.client, id)->code, ==, NGHTTP2_PROTOCOL_ERROR);
    peer_until(&f.origin, peer_is_closed, asked);
    g_assert_false(peer_stream(&f.origin, asked)->is_ended);
    g_assert_cmpuint(peer_stream(&f.origin, asked)->code, ==, NGHTTP2_CANCEL);
    g_assert_nonnull(rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE)->error);
    http2_front_clear(&f);
}

static void
test_bad_trailers(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = peer_ask(&f.client, PSEUDO("POST", "/up"), "");
    http2_front_accept(&f);
    peer_until(&f.origin, peer_has_streams, 1);
    asked = http2_front_last(&f);
    peer_fields(&f.client, id, "authorization: Bearer x\n", true);
    peer_until(&f.client, peer_is_closed, id);
    peer_until(&f.origin, peer_is_closed, asked);
    g_assert_false(peer_stream(&f.origin, asked)->is_ended);
    http2_front_clear(&f);
}

/* --- malformed responses --- */

static const Malformed bad_responses[] = {
    { "no-status", "x: y\n", "502", NULL },
    { "switching-protocols", ":status: 101\n", "502", NULL },
    { "connection", ":status: 200\nconnection: close\n", "502", NULL },
    { "upper-case", ":status: 200\nX-Upper: y\n", "502", NULL },
    { "disguised", ":status: 200\ncontent_length: 3\n", "502", NULL },
    { "two-lengths", ":status: 200\ncontent-length: 3\ncontent-length: 4\n", "502",
      NULL },
};

static void
test_bad_response(gconstpointer data)
{
    const Malformed *c = data;
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/x", &asked);
    peer_respond(&f.origin, asked, c->fields, true);
    peer_until(&f.client, peer_is_ended, id);
    expect_field(&f.client, id, ":status", c->status);
    peer_until(&f.origin, peer_is_closed, asked);
    http2_front_clear(&f);
}

/* A connection that was there before is no excuse for what is malformed. */
static void
test_bad_response_is_final(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/good", &asked);
    peer_respond(&f.origin, asked, ":status: 204\n", true);
    peer_until(&f.client, peer_is_ended, id);
    id = http2_front_pass(&f, "/bad", &asked);
    peer_respond(&f.origin, asked, "x: y\n", true);
    peer_until(&f.client, peer_is_ended, id);
    expect_field(&f.client, id, ":status", "502");
    g_assert_cmpuint(f.origin.order->len, ==, 2);
    http2_front_clear(&f);
}

/* A body without a head. */
static void
test_body_alone(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/x", &asked);
    peer_data(&f.origin, asked, "body", 4, true);
    peer_until(&f.client, peer_is_ended, id);
    expect_field(&f.client, id, ":status", "502");
    http2_front_clear(&f);
}

/* An origin that answers in HTTP/1.1. */
static void
test_no_http2_origin(void)
{
    static const char answer[] =
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    Http2Front f;
    RigFlow origin;
    int32_t id;

    http2_front_init(&f, NULL);
    id = peer_get(&f.client, "http", "origin.test", "/");
    origin = rig_accept(f.listener);
    rig_record(f.rig, BNS_EVENT_HTTP_REQUEST);
    rig_sync(f.rig);
    rig_say(&origin, answer);
    peer_until(&f.client, peer_is_ended, id);
    expect_field(&f.client, id, ":status", "502");
    bns_fd_clear(&origin.fd);
    http2_front_clear(&f);
}

static void
add_table(const char *path, const Malformed *rows, size_t n, GTestDataFunc func)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *name = g_strconcat(path, rows[i].name, NULL);

        bns_test_add_data(name, &rows[i], func);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/gateway/http2/request-and-response-pass", test_passed);
    bns_test_add("/gateway/http2/each-stream-is-decided-for-itself", test_side_by_side);
    bns_test_add("/gateway/http2/refused-host-is-not-dialled", test_refused_host);
    bns_test_add("/gateway/http2/flows-share-a-connection", test_shared);
    bns_test_add("/gateway/http2/bodies-and-trailers-pass", test_bodies_and_trailers);
    bns_test_add("/gateway/http2/interim-responses-pass", test_interim);
    bns_test_add("/gateway/http2/early-response-ends-the-request", test_early_response);
    bns_test_add("/gateway/http2/client's-reset-passes", test_client_resets);
    bns_test_add("/gateway/http2/origin's-reset-passes", test_origin_resets);
    bns_test_add("/gateway/http2/reset-follows-what-came-before",
                 test_origin_resets_late);
    bns_test_add("/gateway/http2/refused-stream-is-tried-again", test_origin_refuses);
    bns_test_add("/gateway/http2/origin-dies", test_origin_dies);
    bns_test_add("/gateway/http2/new-origin-dies", test_new_origin_dies);
    bns_test_add("/gateway/http2/origin-goes-away", test_origin_goes_away);
    bns_test_add("/gateway/http2/client-leaves", test_client_leaves);
    bns_test_add("/gateway/http2/idle-connection-is-ended", test_idle);
    bns_test_add("/gateway/http2/silent-origin-is-504", test_silent_origin);
    add_table("/gateway/http2/refused/", malformed, G_N_ELEMENTS(malformed),
              test_malformed);
    bns_test_add_data("/gateway/http2/body-beyond-its-length", GINT_TO_POINTER(1),
                      test_length);
    bns_test_add_data("/gateway/http2/body-below-its-length", GINT_TO_POINTER(0),
                      test_length);
    bns_test_add("/gateway/http2/trailers-that-authenticate", test_bad_trailers);
    add_table("/gateway/http2/bad-response/", bad_responses,
              G_N_ELEMENTS(bad_responses), test_bad_response);
    bns_test_add("/gateway/http2/bad-response-is-not-asked-for-again",
                 test_bad_response_is_final);
    bns_test_add("/gateway/http2/body-without-a-head", test_body_alone);
    bns_test_add("/gateway/http2/origin-without-http2-is-502", test_no_http2_origin);
    return g_test_run();
}
