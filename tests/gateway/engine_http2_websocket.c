/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket over HTTP/2 (RFC 8441) through the engine: a request like any other, and then
 * a tunnel of which both directions pass as they come.
 */
#include "base/fd.h"
#include "tests/gateway/http2_front.h"
#include "tests/support/test.h"

#include <sys/socket.h>

#define ASK(protocol, path)                                                            \
    ":method: CONNECT\n:protocol: " protocol                                           \
    "\n:scheme: http\n:authority: origin.test\n:path: " path                           \
    "\nsec-websocket-version: 13\n"

static void
expect_status(Http2Front *f, int32_t id, const char *expected)
{
    g_autofree char *value = NULL;

    peer_until(&f->client, peer_has_head, id);
    value = peer_field(&f->client, id, ":status");
    g_assert_cmpstr(value, ==, expected);
}

/* A client that was offered tunnels: later than its own settings came, since a plain
 * origin is dialled for its first request. */
static void
front_init(Http2Front *f, const char *yaml)
{
    int32_t id, asked;

    http2_front_init(f, yaml);
    id = http2_front_pass(f, "/first", &asked);
    peer_until(&f->client, peer_has_settings, 1);
    g_assert_false(peer_is_offered_tunnels(&f->client, 0));
    peer_offer_tunnels(&f->origin);
    peer_until(&f->client, peer_is_offered_tunnels, 0);
    peer_respond(&f->origin, asked, ":status: 204\n", true);
    peer_until(&f->client, peer_is_ended, id);
    rig_expect(f->rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /first");
    rig_expect(f->rig, BNS_EVENT_HTTP_RESPONSE, "- 204 GET /first");
}

/* Asks for one with more @fields; the origin has got it. */
static int32_t
ask(Http2Front *f, const char *fields, int32_t *out_origin)
{
    g_autofree char *all = g_strconcat(ASK("websocket", "/ws"), fields, NULL);
    guint n_before = f->origin.order->len;
    int32_t id = peer_ask(&f->client, all, "");

    peer_until(&f->origin, peer_has_streams, (int32_t)n_before + 1);
    *out_origin = http2_front_last(f);
    return id;
}

static int32_t
open_tunnel(Http2Front *f, int32_t *out_origin)
{
    int32_t id = ask(f, "", out_origin);

    peer_respond(&f->origin, *out_origin, ":status: 200\n", false);
    expect_status(f, id, "200");
    return id;
}

static void
test_passed(void)
{
    Http2Front f;
    int32_t id, asked;
    const BnsRecord *record;

    front_init(&f, NULL);
    id = ask(&f, "sec-websocket-protocol: chat, talk\n", &asked);
    g_assert_cmpstr(peer_stream(&f.origin, asked)->head->str, ==,
                    ":authority: origin.test\n:method: CONNECT\n:protocol: websocket\n"
                    ":scheme: http\n:path: /ws\nsec-websocket-version: 13\n"
                    "sec-websocket-protocol: chat, talk\n");
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /ws");
    peer_respond(&f.origin, asked, ":status: 200\nsec-websocket-protocol: chat\n",
                 false);
    expect_status(&f, id, "200");

    peer_data(&f.client, id, "\x81\x02hi", 4, false);
    peer_until(&f.origin, peer_has_body, asked);
    g_assert_cmpstr(peer_stream(&f.origin, asked)->body->str, ==, "\x81\x02hi");
    peer_data(&f.origin, asked, "\x81\x03", 2, false);
    peer_until(&f.client, peer_has_body, id);

    /* Half of it is closed, the other goes on. */
    peer_data(&f.client, id, "", 0, true);
    peer_until(&f.origin, peer_is_ended, asked);
    peer_data(&f.origin, asked, "you", 3, true);
    peer_until(&f.client, peer_is_ended, id);
    g_assert_cmpstr(peer_stream(&f.client, id)->body->str, ==, "\x81\x03you");
    record = rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 GET /ws");
    g_assert_cmpuint(record->bytes_sent, ==, 4);
    g_assert_cmpuint(record->bytes_received, ==, 5);
    g_assert_null(record->error);
    http2_front_clear(&f);
}

/* The origin closes its half first. */
static void
test_half_closed_by_origin(void)
{
    Http2Front f;
    int32_t id, asked;

    front_init(&f, NULL);
    id = open_tunnel(&f, &asked);
    peer_data(&f.origin, asked, "bye", 3, true);
    peer_until(&f.client, peer_is_ended, id);
    g_assert_false(peer_is_closed(&f.client, id));
    peer_data(&f.client, id, "still here", 10, true);
    peer_until(&f.origin, peer_is_ended, asked);
    g_assert_cmpstr(peer_stream(&f.origin, asked)->body->str, ==, "still here");
    g_assert_cmpuint(
        rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 GET /ws")->bytes_sent, ==,
        10);
    http2_front_clear(&f);
}

static void
test_reset_by_client(void)
{
    Http2Front f;
    int32_t id, asked;

    front_init(&f, NULL);
    id = open_tunnel(&f, &asked);
    peer_reset(&f.client, id, NGHTTP2_CONNECT_ERROR);
    peer_until(&f.origin, peer_is_closed, asked);
    g_assert_cmpuint(peer_stream(&f.origin, asked)->code, ==, NGHTTP2_CONNECT_ERROR);
    g_assert_nonnull(
        rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 GET /ws")->error);
    http2_front_clear(&f);
}

static void
test_reset_by_origin(void)
{
    Http2Front f;
    int32_t id, asked;

    front_init(&f, NULL);
    id = open_tunnel(&f, &asked);
    peer_data(&f.origin, asked, "last words", 10, false);
    peer_reset(&f.origin, asked, NGHTTP2_CONNECT_ERROR);
    peer_until(&f.client, peer_is_closed, id);
    g_assert_cmpuint(peer_stream(&f.client, id)->code, ==, NGHTTP2_CONNECT_ERROR);
    g_assert_cmpstr(peer_stream(&f.client, id)->body->str, ==, "last words");
    http2_front_clear(&f);
}

/* --- refusals --- */

typedef struct {
    const char *name;
    const char *fields;
    const char *status;
    const char *record;
} Refused;

static const Refused refused[] = {
    { "by-rule", ASK("websocket", "/secret/x"), "403", "deny 403 GET /secret/x" },
    { "other-protocol", ASK("connect-udp", "/ws"), "501", "deny 501 CONNECT /ws" },
    /* gRPC's form of a refusal would be a 200. */
    { "as-grpc", ASK("websocket", "/secret/x") "content-type: application/grpc\n",
      "403", "deny 403 GET /secret/x" },
};

static void
test_refused(gconstpointer data)
{
    const Refused *c = data;
    Http2Front f;
    int32_t id, asked;

    front_init(&f, NULL);
    id = peer_ask(&f.client, c->fields, "");
    expect_status(&f, id, c->status);
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, c->record);
    /* The connection serves on, and the origin has seen nothing in between. */
    open_tunnel(&f, &asked);
    g_assert_cmpuint(f.origin.order->len, ==, 2);
    http2_front_clear(&f);
}

/* --- answers --- */

static const Refused answers[] = {
    { "subprotocol-not-offered", ":status: 200\nsec-websocket-protocol: news\n", "502",
      NULL },
    { "extension-not-offered", ":status: 200\nsec-websocket-extensions: x\n", "502",
      NULL },
    { "extension", ":status: 200\nsec-websocket-extensions: deflate; bits=9\n", "200",
      NULL },
    { "no-tunnel", ":status: 404\nsec-websocket-protocol: news\n", "404", NULL },
    { "switching-protocols", ":status: 101\n", "502", NULL },
};

static void
test_answer(gconstpointer data)
{
    const Refused *c = data;
    Http2Front f;
    int32_t id, asked;

    front_init(&f, NULL);
    id = ask(&f,
             "sec-websocket-protocol: chat\nsec-websocket-extensions: deflate; bits\n",
             &asked);
    peer_respond(&f.origin, asked, c->fields, false);
    expect_status(&f, id, c->status);
    http2_front_clear(&f);
}

/* --- another connection to the origin --- */

/* The one that offered tunnels is gone; the next has not said anything yet. */
static int32_t
ask_anew(Http2Front *f)
{
    int32_t id;

    bns_fd_clear(&f->origin_flow.fd);
    rig_sync(f->rig);
    id = peer_ask(&f->client, ASK("websocket", "/ws"), "");
    peer_clear(&f->origin);
    f->origin_flow = rig_accept(f->listener);
    return id;
}

static void
test_waits_for_settings(void)
{
    Http2Front f;
    int32_t id;

    front_init(&f, NULL);
    id = ask_anew(&f);
    peer_init_offering(&f.origin, &f.origin_flow);
    peer_until(&f.origin, peer_has_streams, 1);
    peer_respond(&f.origin, http2_front_last(&f), ":status: 200\n", false);
    expect_status(&f, id, "200");
    http2_front_clear(&f);
}

static void
test_without_tunnels(void)
{
    Http2Front f;
    int32_t id;

    front_init(&f, NULL);
    id = ask_anew(&f);
    peer_init(&f.origin, &f.origin_flow, true);
    peer_flush(&f.origin);
    expect_status(&f, id, "502");
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 502 GET /ws");
    peer_ping(&f.origin);
    g_assert_cmpuint(f.origin.order->len, ==, 0);
    http2_front_clear(&f);
}

static void
test_ends_without_settings(void)
{
    Http2Front f;
    int32_t id;

    front_init(&f, NULL);
    id = ask_anew(&f);
    peer_init(&f.origin, &f.origin_flow, true);
    bns_fd_clear(&f.origin_flow.fd);
    expect_status(&f, id, "502");
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 502 GET /ws");
    http2_front_clear(&f);
}

/* It says nothing, and the client gives up. */
static void
test_given_up(void)
{
    Http2Front f;
    int32_t id;
    char byte;

    front_init(&f, NULL);
    id = ask_anew(&f);
    /* The connection is made, and what waits are the settings. */
    g_assert_cmpint(recv(f.origin_flow.fd, &byte, 1, MSG_PEEK), ==, 1);
    peer_reset(&f.client, id, NGHTTP2_CANCEL);
    peer_ping(&f.client);
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /ws");
    peer_init_offering(&f.origin, &f.origin_flow);
    peer_ping(&f.origin);
    g_assert_cmpuint(f.origin.order->len, ==, 0);
    http2_front_clear(&f);
}

/* --- time --- */

/* Longer than a request may be silent, and no longer than limits.idle. */
static void
test_idle(void)
{
    Http2Front f;
    int32_t id, asked;

    front_init(&f, "allow: [origin.test]\nlimits: {idle: 3600}\n");
    id = open_tunnel(&f, &asked);
    rig_advance(f.rig, 3500);
    peer_ping(&f.client);
    g_assert_false(peer_is_closed(&f.client, id));
    rig_advance(f.rig, 101);
    peer_until(&f.client, peer_is_closed, id);
    peer_until(&f.origin, peer_is_closed, asked);
    g_assert_nonnull(
        rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 GET /ws")->error);
    http2_front_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/http2/websocket/passed", test_passed);
    bns_test_add("/gateway/http2/websocket/half-closed-by-origin",
                 test_half_closed_by_origin);
    bns_test_add("/gateway/http2/websocket/reset-by-client", test_reset_by_client);
    bns_test_add("/gateway/http2/websocket/reset-by-origin", test_reset_by_origin);
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/http2/websocket/refused/", refused[i].name, NULL);

        bns_test_add_data(path, &refused[i], test_refused);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/http2/websocket/answer/", answers[i].name, NULL);

        bns_test_add_data(path, &answers[i], test_answer);
    }
    bns_test_add("/gateway/http2/websocket/waits-for-settings",
                 test_waits_for_settings);
    bns_test_add("/gateway/http2/websocket/without-tunnels", test_without_tunnels);
    bns_test_add("/gateway/http2/websocket/ends-without-settings",
                 test_ends_without_settings);
    bns_test_add("/gateway/http2/websocket/given-up", test_given_up);
    bns_test_add("/gateway/http2/websocket/idle", test_idle);
    return g_test_run();
}
