/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile client costs: floods end the connection after a number of
 * frames that is known, and nobody's slowness is another's.
 */
#include "base/fd.h"
#include "netstack/gateway/http2_budget.h"
#include "netstack/gateway/http2_link.h"
#include "netstack/gateway/http2_stream.h"
#include "tests/gateway/http2_front.h"
#include "tests/support/test.h"

#include <string.h>

/* Far more than any account holds. */
#define FLOOD 5000

#define PSEUDO(method, path)                                                           \
    ":method: " method "\n:scheme: http\n:authority: origin.test\n:path: " path "\n"

/* --- frames without content --- */

typedef struct {
    const char *name;
    uint8_t type;
    uint8_t flags;
    size_t len;
    bool of_stream;
} Flood;

static const Flood floods[] = {
    { "ping", NGHTTP2_PING, 0, 8, false },
    { "ping-answers", NGHTTP2_PING, NGHTTP2_FLAG_ACK, 8, false },
    { "settings", NGHTTP2_SETTINGS, 0, 0, false },
    { "window-updates", NGHTTP2_WINDOW_UPDATE, 0, 4, false },
    { "priority", NGHTTP2_PRIORITY, 0, 5, true },
    { "empty-data", NGHTTP2_DATA, 0, 0, true },
};

static void
test_flood(gconstpointer data)
{
    static const uint8_t payload[8] = { 0, 0, 0, 1 };
    const Flood *flood = data;
    Http2Front f;
    int32_t id;

    http2_front_init(&f, NULL);
    id = peer_ask(&f.client, PSEUDO("POST", "/secret/x"), "");
    peer_flood(&f.client, FLOOD, flood->type, flood->flags, flood->of_stream ? id : 0,
               payload, flood->len);
    http2_front_expect_calm(&f, "too many frames without content");
    g_assert_cmpuint(f.client.n_acks, <=, BNS_HTTP2_IDLE_FRAMES_MAX + 100);
    http2_front_clear(&f);
}

/* Frames with content pay for them: a client that updates windows at each piece. */
static void
test_paid_frames(void)
{
    static const uint8_t one[4] = { 0, 0, 0, 1 };
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    id = http2_front_pass(&f, "/x", &asked);
    peer_respond(&f.origin, asked, ":status: 200\n", false);
    for (size_t i = 0; i < FLOOD; i++) {
        peer_data(&f.origin, asked, "x", 1, false);
        peer_until(&f.client, peer_has_body, id);
        g_string_truncate(peer_stream(&f.client, id)->body, 0);
        peer_frame(&f.client, NGHTTP2_WINDOW_UPDATE, 0, 0, one, 4);
        peer_frame(&f.client, NGHTTP2_WINDOW_UPDATE, 0, id, one, 4);
    }
    peer_data(&f.origin, asked, "", 0, true);
    peer_until(&f.client, peer_is_ended, id);
    g_assert_cmpuint(peer_stream(&f.client, id)->n_body, ==, FLOOD);
    http2_front_clear(&f);
}

/* --- header sections --- */

/* CVE-2024-28182: they never end. */
static void
test_continuations(void)
{
    Http2Front f;

    http2_front_init(&f, NULL);
    peer_until(&f.client, peer_has_settings, 1);
    peer_frame(&f.client, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, "\x82", 1);
    peer_flood(&f.client, FLOOD, NGHTTP2_CONTINUATION, 0, 1, "", 0);
    peer_until_over(&f.client);
    rig_record(f.rig, BNS_EVENT_FLOW_REFUSED);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 0), ==, 0);
    http2_front_clear(&f);
}

static void
test_too_large(void)
{
    g_autofree char *value = g_strnfill(BNS_HTTP_HEAD_MAX - 300, 'v');
    g_autofree char *good =
        g_strconcat(PSEUDO("GET", "/secret"), "x: ", value, "\n", NULL);
    g_autofree char *bad = g_strconcat(
        good, "y: ",
        "0123456789012345678901234567890123456789012345678901234567890123456789\n"
        "z: 0123456789012345678901234567890123456789012345678901234567890123456789\n",
        NULL);
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    Http2Front f;
    int32_t id;

    http2_front_init(&f, "allow: [origin.test/ok]\n");
    nghttp2_session_set_local_window_size(f.client.session, 0, 0, 1 << 20);
    id = peer_ask(&f.client, good, NULL);
    peer_until(&f.client, peer_is_ended, id);
    first = peer_field(&f.client, id, ":status");
    g_assert_cmpstr(first, ==, "403");
    id = peer_ask(&f.client, bad, NULL);
    peer_until(&f.client, peer_is_ended, id);
    second = peer_field(&f.client, id, ":status");
    g_assert_cmpstr(second, ==, "431");
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 GET /secret");
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 431 GET /secret");
    http2_front_clear(&f);
}

/* One field of 4,000 bytes, then its index 10,000 times: 40 MB out of 14 kB. */
static void
test_hpack_bomb(void)
{
    g_autoptr(GByteArray) section = g_byte_array_new();
    static const uint8_t name[] = { 0x40, 1, 'x', 0x7f, 0xa1, 0x1e };
    uint8_t value[4000];
    Http2Front f;
    int32_t id, asked;

    memset(value, 'v', sizeof(value));
    g_byte_array_append(section, name, sizeof(name));
    g_byte_array_append(section, value, sizeof(value));
    g_byte_array_set_size(section, section->len + 10000);
    memset(section->data + section->len - 10000, 0xbe, 10000);
    http2_front_init(&f, NULL);
    peer_until(&f.client, peer_has_settings, 1);
    /* The peer opens the stream, so that it knows it; the flood are its trailers. */
    id = peer_ask(&f.client, PSEUDO("POST", "/up"), "");
    http2_front_accept(&f);
    peer_until(&f.origin, peer_has_streams, 1);
    asked = http2_front_last(&f);
    peer_frame(&f.client, NGHTTP2_HEADERS,
               NGHTTP2_FLAG_END_STREAM | NGHTTP2_FLAG_END_HEADERS, id, section->data,
               section->len);
    peer_until(&f.client, peer_is_closed, id);
    peer_until(&f.origin, peer_is_closed, asked);
    g_assert_false(peer_stream(&f.origin, asked)->is_ended);
    http2_front_clear(&f);
}

/* --- streams --- */

static void
test_streams(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    http2_front_pass(&f, "/0", &asked);
    for (int i = 1; i < BNS_HTTP2_STREAMS_MAX; i++)
        peer_get(&f.client, "http", "origin.test", "/x");
    id = peer_get(&f.client, "http", "origin.test", "/beyond");
    peer_until(&f.client, peer_is_closed, id);
    g_assert_cmpuint(peer_stream(&f.client, id)->code, ==, NGHTTP2_REFUSED_STREAM);
    peer_until(&f.origin, peer_has_streams, BNS_HTTP2_STREAMS_MAX);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 1), ==,
                     BNS_HTTP2_STREAMS_MAX);
    http2_front_clear(&f);
}

/* On as many connections as that takes. */
static void
test_requests(void)
{
    enum {
        CONNECTIONS = BNS_HTTP2_REQUESTS_MAX / BNS_HTTP2_STREAMS_MAX + 1
    };
    Http2Front f;
    RigFlow *flows = g_new0(RigFlow, CONNECTIONS);
    Peer *clients = g_new0(Peer, CONNECTIONS);
    Peer *last = &clients[CONNECTIONS - 1];
    g_autofree char *status = NULL;
    int n = 0;
    int32_t id = 0;

    http2_front_init(&f, "allow: [silent.test]\n");
    for (int i = 0; i < CONNECTIONS; i++) {
        flows[i] = rig_open(f.rig, "silent.test", 80);
        peer_init(&clients[i], &flows[i], false);
        for (int j = 0; j < BNS_HTTP2_STREAMS_MAX && n <= BNS_HTTP2_REQUESTS_MAX;
             j++, n++)
            id = peer_get(&clients[i], "http", "silent.test", "/x");
        peer_ping(&clients[i]);
    }
    peer_until(last, peer_is_ended, id);
    status = peer_field(last, id, ":status");
    g_assert_cmpstr(status, ==, "503");
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 503 GET /x");
    for (int i = 0; i < CONNECTIONS; i++) {
        rig_close(f.rig, &flows[i]);
        peer_clear(&clients[i]);
    }
    g_free(clients);
    g_free(flows);
    http2_front_clear(&f);
}

/* --- slow readers --- */

/* The client has room in its connection, not in this stream. What waits is no more than
 * a window, and other streams pass. */
static void
test_slow_reader(void)
{
    enum {
        BODY = 8 * 1024 * 1024
    };
    Http2Front f;
    int32_t slow, quick, asked;
    size_t poured;

    http2_front_init(&f, NULL);
    nghttp2_session_set_local_window_size(f.client.session, NGHTTP2_FLAG_NONE, 0,
                                          1 << 30);
    slow = http2_front_pass(&f, "/slow", &asked);
    peer_respond(&f.origin, asked, ":status: 200\n", false);
    peer_pour(&f.origin, asked, BODY);
    do {
        poured = peer_stream(&f.origin, asked)->n_poured;
        peer_ping(&f.client);
        peer_ping(&f.origin);
    } while (poured != peer_stream(&f.origin, asked)->n_poured);
    g_assert_cmpuint(peer_stream(&f.client, slow)->n_body, ==, 65535);
    g_assert_cmpuint(poured, >=, 65535 + BNS_HTTP2_STREAM_WINDOW);
    g_assert_cmpuint(poured, <=, 65535 + 2 * BNS_HTTP2_STREAM_WINDOW);
    quick = http2_front_pass(&f, "/quick", &asked);
    peer_respond(&f.origin, asked, ":status: 200\n", false);
    peer_data(&f.origin, asked, "quick", 5, true);
    peer_until(&f.client, peer_is_ended, quick);
    g_assert_cmpstr(peer_stream(&f.client, quick)->body->str, ==, "quick");
    http2_front_clear(&f);
}

/* As many as there can be: the last one passes nevertheless. */
static void
test_all_slow(void)
{
    Http2Front f;
    int32_t quick, asked;

    http2_front_init(&f, NULL);
    nghttp2_session_set_local_window_size(f.client.session, NGHTTP2_FLAG_NONE, 0,
                                          1 << 30);
    for (int i = 1; i < BNS_HTTP2_STREAMS_MAX; i++) {
        http2_front_pass(&f, "/slow", &asked);
        peer_respond(&f.origin, asked, ":status: 200\n", false);
        peer_pour(&f.origin, asked, 1024 * 1024);
        peer_ping(&f.client);
    }
    peer_ping(&f.origin);
    quick = http2_front_pass(&f, "/quick", &asked);
    peer_respond(&f.origin, asked, ":status: 200\n", false);
    peer_pour(&f.origin, asked, 1000);
    peer_until(&f.client, peer_is_ended, quick);
    g_assert_cmpuint(peer_stream(&f.client, quick)->n_body, ==, 1000);
    http2_front_clear(&f);
}

/* The same from the client: an origin that does not read holds up nobody. */
static void
test_slow_origin(void)
{
    Http2Front f;
    int32_t slow, quick, asked;

    http2_front_init(&f, NULL);
    slow = peer_ask(&f.client, PSEUDO("POST", "/slow"), "");
    http2_front_accept(&f);
    nghttp2_session_set_local_window_size(f.origin.session, NGHTTP2_FLAG_NONE, 0,
                                          1 << 30);
    peer_until(&f.origin, peer_has_streams, 1);
    asked = http2_front_last(&f);
    peer_pour(&f.client, slow, 8 * 1024 * 1024);
    for (int i = 0; i < 10; i++) {
        peer_ping(&f.client);
        peer_ping(&f.origin);
    }
    g_assert_cmpuint(peer_stream(&f.origin, asked)->n_body, ==, 65535);
    g_assert_cmpuint(peer_stream(&f.client, slow)->n_poured, <=,
                     65535 + 2 * BNS_HTTP2_STREAM_WINDOW);
    quick = http2_front_pass(&f, "/quick", &asked);
    peer_respond(&f.origin, asked, ":status: 204\n", true);
    peer_until(&f.client, peer_is_ended, quick);
    http2_front_clear(&f);
}

/* One that reads at once is given a larger window. */
static void
test_quick_reader(void)
{
    enum {
        BODY = 8 * 1024 * 1024
    };
    Http2Front f;
    int32_t id, asked;
    size_t largest = 0;

    http2_front_init(&f, NULL);
    nghttp2_session_set_local_window_size(f.client.session, NGHTTP2_FLAG_NONE, 0,
                                          1 << 30);
    id = http2_front_pass(&f, "/quick", &asked);
    nghttp2_session_set_local_window_size(f.client.session, NGHTTP2_FLAG_NONE, id,
                                          1 << 30);
    peer_ping(&f.client);
    peer_respond(&f.origin, asked, ":status: 200\n", false);
    peer_pour(&f.origin, asked, BODY);
    while (peer_stream(&f.origin, asked)->n_poured < BODY) {
        size_t before = peer_stream(&f.origin, asked)->n_poured;

        peer_ping(&f.client);
        peer_ping(&f.origin);
        largest = MAX(largest, peer_stream(&f.origin, asked)->n_poured - before);
    }
    g_assert_cmpuint(largest, >, 2 * BNS_HTTP2_STREAM_WINDOW);
    peer_until(&f.client, peer_is_ended, id);
    g_assert_cmpuint(peer_stream(&f.client, id)->n_body, ==, BODY);
    http2_front_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(floods); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/http2-limits/flood-of-", floods[i].name, NULL);

        bns_test_add_data(path, &floods[i], test_flood);
    }
    bns_test_add("/gateway/http2-limits/content-pays-for-updates", test_paid_frames);
    bns_test_add("/gateway/http2-limits/continuations", test_continuations);
    bns_test_add("/gateway/http2-limits/fields-too-large", test_too_large);
    bns_test_add("/gateway/http2-limits/hpack-bomb", test_hpack_bomb);
    bns_test_add("/gateway/http2-limits/concurrent-streams", test_streams);
    bns_test_add("/gateway/http2-limits/requests-of-all-connections", test_requests);
    bns_test_add("/gateway/http2-limits/slow-reader", test_slow_reader);
    bns_test_add("/gateway/http2-limits/all-slow-but-one", test_all_slow);
    bns_test_add("/gateway/http2-limits/slow-origin", test_slow_origin);
    bns_test_add("/gateway/http2-limits/quick-reader", test_quick_reader);
    return g_test_run();
}
