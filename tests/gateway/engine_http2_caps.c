/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions and caps by HTTP/2: fields as they arrive, DATA as it comes.
 */
#include "tests/gateway/http2_front.h"
#include "tests/support/test.h"

#include <string.h>

#define PSEUDO(method, path)                                                           \
    ":method: " method "\n:scheme: http\n:authority: origin.test\n:path: " path "\n"
#define TEN     "allow: [{ domain: origin.test, max_request_bytes: 10 }]\n"
#define REASON  "the request's body is larger than 10 (max_request_bytes)"
#define SESSION "(max_session_bytes)"

static void
assert_status(const Peer *peer, int32_t id, const char *expected)
{
    g_autofree char *status = peer_field(peer, id, ":status");

    g_assert_cmpstr(status, ==, expected);
}

/* Asks, and waits until the origin has the request. Returns: the client's stream. */
static int32_t
pass(Http2Front *f, const char *fields, const char *body, int32_t *out_origin)
{
    int32_t id = peer_ask(&f->client, fields, body);
    guint n_before;

    peer_flush(&f->client);
    if (f->origin_flow.fd < 0)
        http2_front_accept(f);
    n_before = f->origin.order->len;
    peer_until(&f->origin, peer_has_streams, (int32_t)n_before + 1);
    *out_origin = http2_front_last(f);
    return id;
}

static void
answer(Http2Front *f, int32_t id, int32_t origin)
{
    peer_respond(&f->origin, origin, ":status: 200\n", true);
    peer_flush(&f->origin);
    peer_until(&f->client, peer_is_ended, id);
    assert_status(&f->client, id, "200");
}

static bool
has_ten(const Peer *peer, int32_t id)
{
    return peer_stream(peer, id)->n_body >= 10;
}

/* --- conditions --- */

typedef struct {
    const char *name;
    const char *fields;
    const char *body;
    bool is_allowed;
} Case;

static const char policy[] =
    "allow:\n"
    "  - { domain: origin.test, path: /q, query: { a: '1' } }\n"
    "  - { domain: origin.test, path: /c, headers: { cookie: 'a=1; b=2' } }\n"
    "  - { domain: origin.test, path: /h, headers: { x-v: '1*' } }\n"
    "  - { domain: origin.test, path: /t, content_type: text/plain }\n";

static const Case cases[] = {
    { "query", PSEUDO("GET", "/q?a=1"), NULL, true },
    { "another-query", PSEUDO("GET", "/q?a=2"), NULL, false },
    { "crumbs", PSEUDO("GET", "/c") "cookie: a=1\nx: y\ncookie: b=2\n", NULL, true },
    { "a-crumb-too-many", PSEUDO("GET", "/c") "cookie: a=1\ncookie: b=2\ncookie: c\n",
      NULL, false },
    { "field", PSEUDO("GET", "/h") "x-v: 12\n", NULL, true },
    { "another-field", PSEUDO("GET", "/h") "x-v: 2\n", NULL, false },
    { "type", PSEUDO("POST", "/t") "content-type: text/plain\n", "x", true },
    { "no-type", PSEUDO("POST", "/t"), "x", false },
    { "no-type-and-no-body", PSEUDO("POST", "/t"), NULL, true },
};

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    Http2Front f;
    int32_t id, origin;

    http2_front_init(&f, policy);
    if (c->is_allowed) {
        id = pass(&f, c->fields, c->body, &origin);
        answer(&f, id, origin);
    } else {
        id = peer_ask(&f.client, c->fields, c->body);
        peer_until(&f.client, peer_has_head, id);
        assert_status(&f.client, id, "403");
        g_assert_true(rig_nobody_came(f.listener));
    }
    http2_front_clear(&f);
}

/* --- caps --- */

static void
test_length(void)
{
    Http2Front f;
    int32_t id, origin;

    http2_front_init(&f, TEN);
    id = peer_ask(&f.client, PSEUDO("POST", "/x") "content-length: 11\n", "");
    peer_until(&f.client, peer_has_head, id);
    assert_status(&f.client, id, "403");
    g_assert_true(rig_nobody_came(f.listener));
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 POST /x");
    peer_reset(&f.client, id, NGHTTP2_CANCEL);
    id = pass(&f, PSEUDO("POST", "/x") "content-length: 10\n", "0123456789", &origin);
    answer(&f, id, origin);
    http2_front_clear(&f);
}

/* Ten bytes without a length pass; the eleventh ends the request at the origin. */
static void
test_data(void)
{
    const BnsRecord *record;
    Http2Front f;
    int32_t id, origin;

    http2_front_init(&f, TEN);
    id = pass(&f, PSEUDO("POST", "/x"), "", &origin);
    peer_data(&f.client, id, "0123456789", 10, false);
    peer_flush(&f.client);
    peer_until(&f.origin, has_ten, origin);
    peer_data(&f.client, id, "z", 1, false);
    peer_until(&f.client, peer_has_head, id);
    assert_status(&f.client, id, "403");
    peer_until(&f.origin, peer_is_closed, origin);
    g_assert_true(peer_stream(&f.origin, origin)->is_reset);
    g_assert_cmpuint(peer_stream(&f.origin, origin)->n_body, ==, 10);
    record = rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "deny 403 POST /x");
    g_assert_cmpstr(record->reason, ==, REASON);
    g_assert_cmpuint(record->bytes_sent, ==, 10);
    /* The connection serves others. */
    peer_reset(&f.client, id, NGHTTP2_CANCEL);
    id = pass(&f, PSEUDO("GET", "/y"), NULL, &origin);
    answer(&f, id, origin);
    http2_front_clear(&f);
}

/* While nobody has taken the request yet, it is refused whole. */
static void
test_data_before_the_origin(void)
{
    Http2Front f;
    int32_t id;

    http2_front_init(&f, "allow: [{ domain: silent.test, max_request_bytes: 10 }, "
                         "{ domain: origin.test, max_request_bytes: 10 }]\n");
    id = peer_ask(&f.client, PSEUDO("POST", "/x"), "");
    peer_data(&f.client, id, "zzzzzzzzzzz", 11, true);
    peer_until(&f.client, peer_has_head, id);
    assert_status(&f.client, id, "403");
    http2_front_clear(&f);
}

static void
test_trailers(void)
{
    Http2Front f;
    int32_t id, origin;

    http2_front_init(&f, TEN);
    id = pass(&f, PSEUDO("POST", "/x"), "", &origin);
    peer_fields(&f.client, id, "x-long: zzzzzzzzzzz\n", true);
    peer_until(&f.client, peer_has_head, id);
    assert_status(&f.client, id, "403");
    peer_until(&f.origin, peer_is_closed, origin);
    g_assert_true(peer_stream(&f.origin, origin)->is_reset);
    http2_front_clear(&f);
}

/* The response has begun: both sides are reset. */
static void
test_data_behind_the_response(void)
{
    Http2Front f;
    int32_t id, origin;

    http2_front_init(&f, TEN);
    id = pass(&f, PSEUDO("POST", "/x"), "", &origin);
    peer_respond(&f.origin, origin, ":status: 200\n", false);
    peer_flush(&f.origin);
    peer_until(&f.client, peer_has_head, id);
    peer_data(&f.client, id, "zzzzzzzzzzz", 11, false);
    peer_until(&f.client, peer_is_closed, id);
    g_assert_true(peer_stream(&f.client, id)->is_reset);
    peer_until(&f.origin, peer_is_closed, origin);
    rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "deny 200 POST /x");
    http2_front_clear(&f);
}

/* Streams of one connection and those of others have one count. */
static void
test_session(void)
{
    g_autofree char *letters = g_strnfill(600, 'x');
    Http2Front f;
    int32_t id, origin;

    http2_front_init(&f, "allow: [{ domain: origin.test, max_session_bytes: 2000 }]\n");
    for (int i = 0; i < 2; i++) {
        id = pass(&f, PSEUDO("POST", "/x"), letters, &origin);
        answer(&f, id, origin);
        rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 POST /x");
        rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE);
    }
    /* Its head and body come at once: nothing of it is sent. */
    id = peer_ask(&f.client, PSEUDO("POST", "/x"), letters);
    peer_until(&f.client, peer_has_head, id);
    assert_status(&f.client, id, "403");
    g_assert_cmpuint(f.origin.order->len, ==, 2);
    g_assert_nonnull(
        strstr(rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "deny 403 POST /x")->reason,
               SESSION));
    http2_front_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name =
            g_strconcat("/gateway/engine/http2-conditions/", cases[i].name, NULL);

        bns_test_add_data(name, &cases[i], test_case);
    }
    bns_test_add("/gateway/engine/http2-caps/a-length-within-and-beyond", test_length);
    bns_test_add("/gateway/engine/http2-caps/data-beyond-is-cut", test_data);
    bns_test_add("/gateway/engine/http2-caps/data-beyond-before-it-leaves",
                 test_data_before_the_origin);
    bns_test_add("/gateway/engine/http2-caps/trailers-count", test_trailers);
    bns_test_add("/gateway/engine/http2-caps/a-response-that-began-is-reset",
                 test_data_behind_the_response);
    bns_test_add("/gateway/engine/http2-caps/a-session-of-streams", test_session);
    return g_test_run();
}
