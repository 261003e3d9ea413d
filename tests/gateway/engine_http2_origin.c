/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an HTTP/2 origin may do to the connection that many requests share: say how many
 * streams it takes, and flood it.
 */
#include "base/fd.h"
#include "tests/gateway/http2_front.h"
#include "tests/support/test.h"

/* Far more than any account holds. */
#define FLOOD 5000

/* --- how many streams it takes --- */

static void
allow_streams(Http2Front *f, uint32_t n)
{
    nghttp2_settings_entry max = { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, n };

    nghttp2_submit_settings(f->origin.session, NGHTTP2_FLAG_NONE, &max, 1);
    peer_ping(&f->origin);
}

/* The client's next request comes on a connection of its own. */
static void
expect_second(Http2Front *f)
{
    RigFlow flow;
    Peer second;

    peer_get(&f->client, "http", "origin.test", "/second");
    flow = rig_accept(f->listener);
    peer_init(&second, &flow, true);
    peer_until(&second, peer_has_streams, 1);
    g_assert_cmpuint(f->origin.order->len, ==, 1);
    peer_clear(&second);
    bns_fd_clear(&flow.fd);
}

/* An origin that takes one stream at a time gets a few connections, no more. */
static void
test_one_stream(void)
{
    Http2Front f;
    int32_t asked;

    http2_front_init(&f, NULL);
    http2_front_pass(&f, "/first", &asked);
    allow_streams(&f, 1);
    expect_second(&f);
    http2_front_clear(&f);
}

/* Requests that are never answered, on one connection of the command after the other, keep
 * nobody from his own: one more than the few that one connection would get. */
static void
test_busy_streams(void)
{
    enum {
        N = 7
    };
    Http2Front f;
    RigFlow flows[N];
    RigFlow origins[N];
    Peer clients[N];
    Peer peers[N];

    http2_front_init(&f, NULL);
    for (int i = 0; i < N; i++) {
        const nghttp2_settings_entry one = { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                             1 };

        flows[i] = rig_open(f.rig, "origin.test", 80);
        peer_init(&clients[i], &flows[i], false);
        peer_get(&clients[i], "http", "origin.test", "/x");
        origins[i] = rig_accept(f.listener);
        peer_init(&peers[i], &origins[i], true);
        nghttp2_submit_settings(peers[i].session, NGHTTP2_FLAG_NONE, &one, 1);
        peer_until(&peers[i], peer_has_streams, 1);
        peer_ping(&peers[i]);
    }
    for (int i = 0; i < N; i++) {
        rig_close(f.rig, &flows[i]);
        peer_clear(&clients[i]);
        peer_clear(&peers[i]);
        bns_fd_clear(&origins[i].fd);
    }
    http2_front_clear(&f);
}

/* One that takes none any more, and is silent about it, is not waited for. */
static void
test_no_stream(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/first", &asked);
    peer_respond(&f.origin, asked, ":status: 200\n", true);
    peer_until(&f.client, peer_is_ended, id);
    allow_streams(&f, 0);
    expect_second(&f);
    http2_front_clear(&f);
}

/* --- floods --- */

static void
test_interim_flood(void)
{
    Http2Front f;
    g_autofree char *status = NULL;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/x", &asked);
    for (int i = 0; i < 100; i++)
        peer_fields(&f.origin, asked, ":status: 103\n", false);
    peer_until(&f.client, peer_is_ended, id);
    status = peer_field(&f.client, id, ":status");
    g_assert_cmpstr(status, ==, "502");
    http2_front_clear(&f);
}

static void
test_origin_floods(void)
{
    Http2Front f;
    g_autofree char *status = NULL;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/x", &asked);
    peer_flood(&f.origin, FLOOD, NGHTTP2_PING, 0, 0, "01234567", 8);
    peer_until(&f.client, peer_is_ended, id);
    status = peer_field(&f.client, id, ":status");
    g_assert_cmpstr(status, ==, "502");
    peer_until_over(&f.origin);
    g_assert_cmpuint(f.origin.goaway, ==, NGHTTP2_ENHANCE_YOUR_CALM);
    http2_front_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/http2-origin/takes-one-stream", test_one_stream);
    bns_test_add("/gateway/http2-origin/busy-streams-are-nobody-else's",
                 test_busy_streams);
    bns_test_add("/gateway/http2-origin/takes-no-stream", test_no_stream);
    bns_test_add("/gateway/http2-origin/interim-responses", test_interim_flood);
    bns_test_add("/gateway/http2-origin/floods", test_origin_floods);
    return g_test_run();
}
