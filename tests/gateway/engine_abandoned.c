/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are given up while they wait for an upstream: not a byte of them has left,
 * but a name may have been resolved and an origin dialled for them, so each is recorded.
 */
#include "tests/gateway/http2_front.h"
#include "tests/support/test.h"

static const char policy[] = "allow: [origin.test, silent.test]\n";

static void
expect_unsent(Rig *rig, const char *expected, const char *error)
{
    const BnsRecord *record = rig_expect(rig, BNS_EVENT_HTTP_REQUEST, expected);

    g_assert_cmpstr(record->host, ==, "silent.test");
    g_assert_cmpstr(record->error, ==, error);
    g_assert_cmpuint(rig_count(rig, BNS_EVENT_HTTP_REQUEST, 1), ==, 1);
    g_assert_cmpuint(rig_count(rig, BNS_EVENT_HTTP_RESPONSE, 0), ==, 0);
}

static void
test_http1(void)
{
    Rig *rig = rig_new(policy, NULL, NULL);
    RigFlow flow = rig_open(rig, "silent.test", 80);

    rig_say(&flow, "GET /n HTTP/1.1\r\nHost: silent.test\r\n\r\n");
    rig_sync(rig);
    rig_reset(rig, flow.id);
    expect_unsent(rig, "allow 0 GET /n", "the command broke the request off");
    rig_close(rig, &flow);
    rig_free(rig);
}

static int32_t
wait_in_http2(Http2Front *f)
{
    int32_t id;

    http2_front_init(f, policy);
    id = peer_ask(&f->client,
                  ":method: POST\n:scheme: http\n:authority: silent.test\n:path: /n\n",
                  "");
    peer_ping(&f->client);
    return id;
}

static void
test_http2_reset(void)
{
    Http2Front f;
    int32_t id = wait_in_http2(&f);

    peer_reset(&f.client, id, NGHTTP2_CANCEL);
    peer_ping(&f.client);
    expect_unsent(f.rig, "allow 0 POST /n", "the command broke the request off");
    http2_front_clear(&f);
}

static void
test_http2_connection(void)
{
    Http2Front f;

    wait_in_http2(&f);
    rig_reset(f.rig, f.flow.id);
    expect_unsent(f.rig, "allow 0 POST /n", "the command broke the request off");
    http2_front_clear(&f);
}

/* Refused by us, and by nghttp2 before us. */
static void
test_http2_trailers(gconstpointer data)
{
    Http2Front f;
    int32_t id = wait_in_http2(&f);

    peer_fields(&f.client, id, data, true);
    peer_until(&f.client, peer_is_closed, id);
    g_assert_nonnull(
        rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 POST /n")->error);
    http2_front_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/gateway/abandoned/http1", test_http1);
    bns_test_add("/gateway/abandoned/http2-reset", test_http2_reset);
    bns_test_add("/gateway/abandoned/http2-connection", test_http2_connection);
    bns_test_add_data("/gateway/abandoned/http2-trailers-that-authenticate",
                      "authorization: Bearer x\n", test_http2_trailers);
    bns_test_add_data("/gateway/abandoned/http2-trailers-of-a-head", ":path: /secret\n",
                      test_http2_trailers);
    return g_test_run();
}
