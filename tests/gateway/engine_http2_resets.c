/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that are reset: before their time they cost their peer, and only then. */
#include "netstack/gateway/http2_budget.h"
#include "tests/gateway/http2_front.h"
#include "tests/support/test.h"

/* Far more than the account holds. */
#define FLOOD 5000
/* More than it holds, of what takes a round trip each. */
#define MANY (BNS_HTTP2_RESETS_MAX + 500)

#define PSEUDO(method, path)                                                           \
    ":method: " method "\n:scheme: http\n:authority: origin.test\n:path: " path "\n"

/* CVE-2023-44487. */
static void
test_rapid_reset(void)
{
    Http2Front f;
    int32_t asked;

    http2_front_init(&f, NULL);
    http2_front_pass(&f, "/first", &asked);
    for (int i = 0; i < FLOOD; i++) {
        int32_t id = peer_get(&f.client, "http", "origin.test", "/x");

        peer_reset(&f.client, id, NGHTTP2_CANCEL);
    }
    http2_front_expect_calm(&f, "too many streams were reset");
    /* The last ones may come while the account fills again. */
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 1), <=,
                     BNS_HTTP2_RESETS_MAX + 100);
    http2_front_clear(&f);
}

/* CVE-2025-8671: it is we who reset, since the client provokes it. */
static void
test_made_to_reset(void)
{
    static const uint8_t too_much[4] = { 0x7f, 0xff, 0xff, 0xff };
    Http2Front f;
    int32_t asked;

    http2_front_init(&f, NULL);
    http2_front_pass(&f, "/first", &asked);
    for (int i = 0; i < FLOOD; i++) {
        int32_t id = peer_get(&f.client, "http", "origin.test", "/x");

        peer_frame(&f.client, NGHTTP2_WINDOW_UPDATE, 0, id, too_much, 4);
    }
    http2_front_expect_calm(&f, "too many streams were reset");
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 1), <=,
                     BNS_HTTP2_RESETS_MAX + 100);
    http2_front_clear(&f);
}

/* The same by what we, not nghttp2, find wrong in a request that is on its way. */
static void
test_made_to_reset_by_trailers(void)
{
    Http2Front f;
    int32_t asked;

    http2_front_init(&f, NULL);
    http2_front_pass(&f, "/first", &asked);
    for (int i = 0; i < FLOOD; i++) {
        int32_t id = peer_ask(&f.client, PSEUDO("POST", "/x"), "");

        peer_fields(&f.client, id, "authorization: Bearer x\n", true);
    }
    http2_front_expect_calm(&f, "too many streams were reset");
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 1), <=,
                     BNS_HTTP2_RESETS_MAX + 100);
    http2_front_clear(&f);
}

/* A reset stream is not worked on: it is reset at the origin too. */
static void
test_provoked_reset_passes(void)
{
    static const uint8_t too_much[4] = { 0x7f, 0xff, 0xff, 0xff };
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/x", &asked);
    peer_frame(&f.client, NGHTTP2_WINDOW_UPDATE, 0, id, too_much, 4);
    peer_until(&f.origin, peer_is_closed, asked);
    g_assert_cmpuint(peer_stream(&f.origin, asked)->code, ==, NGHTTP2_CANCEL);
    peer_until(&f.client, peer_is_closed, id);
    g_assert_cmpuint(peer_stream(&f.client, id)->code, ==, NGHTTP2_FLOW_CONTROL_ERROR);
    http2_front_clear(&f);
}

/* Malformed ones are resets too. */
static void
test_malformed_flood(void)
{
    Http2Front f;

    http2_front_init(&f, NULL);
    for (int i = 0; i < FLOOD; i++)
        peer_ask(&f.client, ":method: GET\n", NULL);
    http2_front_expect_calm(&f, "too many streams were reset");
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 1), <=,
                     BNS_HTTP2_RESETS_MAX + 100);
    http2_front_clear(&f);
}

/* Behind a complete response it is the end that streaming calls of gRPC have. */
static void
test_answered_reset(void)
{
    Http2Front f;

    http2_front_init(&f, NULL);
    for (int i = 0; i < MANY; i++) {
        int32_t id = peer_ask(
            &f.client, PSEUDO("POST", "/secret/x") "content-type: application/grpc\n",
            "");

        peer_until(&f.client, peer_is_ended, id);
        peer_reset(&f.client, id, NGHTTP2_NO_ERROR);
    }
    peer_ping(&f.client);
    http2_front_clear(&f);
}

/* The same of an origin: it has answered, and wants no more of the request. */
static void
test_origin_has_enough(void)
{
    Http2Front f;
    int32_t asked;

    http2_front_init(&f, NULL);
    http2_front_pass(&f, "/first", &asked);
    for (int i = 0; i < MANY; i++) {
        int32_t id = peer_ask(&f.client, PSEUDO("POST", "/x"), "");

        peer_flush(&f.client);
        peer_until(&f.origin, peer_has_streams, i + 2);
        asked = http2_front_last(&f);
        peer_respond(&f.origin, asked, ":status: 200\n", true);
        peer_reset(&f.origin, asked, NGHTTP2_NO_ERROR);
        peer_flush(&f.origin);
        peer_until(&f.client, peer_is_closed, id);
        g_assert_true(peer_stream(&f.client, id)->is_ended);
        g_assert_cmpuint(peer_stream(&f.client, id)->code, ==, NGHTTP2_NO_ERROR);
    }
    http2_front_clear(&f);
}

/* A reset of what is gone already is a frame without content. */
static void
test_reset_of_the_gone(void)
{
    static const uint8_t cancel[4] = { 0, 0, 0, NGHTTP2_CANCEL };
    Http2Front f;
    int32_t id;

    http2_front_init(&f, NULL);
    id = peer_ask(&f.client, PSEUDO("GET", "/secret/x"), NULL);
    peer_until(&f.client, peer_is_ended, id);
    peer_flood(&f.client, FLOOD, NGHTTP2_RST_STREAM, 0, id, cancel, 4);
    http2_front_expect_calm(&f, "too many frames without content");
    http2_front_clear(&f);
}

/* While its http.request is on its way to the recorder a stream is reset: nothing of it
 * leaves, and the streams beside it are served. */
static void
test_recording(void)
{
    Http2Front f;
    const BnsRecord *record;
    int32_t held, refused, origin;

    http2_front_init(&f, NULL);
    rig_hold_recorder(f.rig);
    held = peer_get(&f.client, "http", "origin.test", "/held");
    peer_flush(&f.client);
    rig_wait_held(f.rig);
    refused = peer_get(&f.client, "http", "origin.test", "/secret/x");
    peer_until(&f.client, peer_is_ended, refused);
    peer_reset(&f.client, held, NGHTTP2_CANCEL);
    rig_sync(f.rig);
    rig_release_recorder(f.rig);
    record = rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE);
    g_assert_cmpstr(record->path, ==, "/held");
    g_assert_cmpstr(record->error, ==, "the command broke the request off");
    /* The connection that it was to take serves on; it has seen no other stream. */
    http2_front_pass(&f, "/next", &origin);
    g_assert_cmpint(origin, ==, 1);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 3), ==, 3);
    http2_front_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/http2-resets/rapid", test_rapid_reset);
    bns_test_add("/gateway/http2-resets/made-by-us", test_made_to_reset);
    bns_test_add("/gateway/http2-resets/made-by-trailers",
                 test_made_to_reset_by_trailers);
    bns_test_add("/gateway/http2-resets/reach-the-origin", test_provoked_reset_passes);
    bns_test_add("/gateway/http2-resets/malformed-requests", test_malformed_flood);
    bns_test_add("/gateway/http2-resets/of-the-answered", test_answered_reset);
    bns_test_add("/gateway/http2-resets/origin-has-enough", test_origin_has_enough);
    bns_test_add("/gateway/http2-resets/of-the-gone", test_reset_of_the_gone);
    bns_test_add("/gateway/http2-resets/while-recorded", test_recording);
    return g_test_run();
}
