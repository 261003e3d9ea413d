/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reload and HTTP/2: of the streams of one connection only a WebSocket that is no longer
 * allowed is reset.
 */
#include "base/fd.h"
#include "netstack/gateway/reload.h"
#include "tests/gateway/http2_front.h"
#include "tests/support/test.h"

#define WEBSOCKET                                                                      \
    ":method: CONNECT\n:protocol: websocket\n:scheme: http\n:authority: origin.test\n" \
    ":path: /ws\nsec-websocket-version: 13\n"

static void
test_websocket(void)
{
    Http2Front f;
    int32_t first, asked, request, tunnel, tunnel_asked;
    g_autofree char *status = NULL;

    http2_front_init(&f, NULL);
    first = http2_front_pass(&f, "/first", &asked);
    peer_until(&f.client, peer_has_settings, 1);
    peer_offer_tunnels(&f.origin);
    peer_until(&f.client, peer_is_offered_tunnels, 0);
    peer_respond(&f.origin, asked, ":status: 204\n", true);
    peer_until(&f.client, peer_is_ended, first);
    request = http2_front_pass(&f, "/under-way", &asked);
    tunnel = peer_ask(&f.client, WEBSOCKET, "");
    peer_until(&f.origin, peer_has_streams, 3);
    tunnel_asked = http2_front_last(&f);
    peer_respond(&f.origin, tunnel_asked, ":status: 200\n", false);
    peer_until(&f.client, peer_has_head, tunnel);
    rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 204 GET /first");

    g_assert_cmpuint(rig_reload(f.rig, "allow: [origin.test]\n"), ==, 0);
    g_assert_cmpuint(rig_reload(f.rig, "allow: [\"origin.test/first\"]\n"), ==, 1);
    peer_until(&f.client, peer_is_closed, tunnel);
    peer_until(&f.origin, peer_is_closed, tunnel_asked);
    g_assert_cmpstr(rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 GET /ws")->error,
                    ==, BNS_RELOAD_ERROR);
    peer_respond(&f.origin, asked, ":status: 200\n", true);
    peer_until(&f.client, peer_is_ended, request);
    rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 GET /under-way");

    request = peer_ask(&f.client,
                       ":method: GET\n:scheme: http\n:authority: origin.test\n"
                       ":path: /under-way\n",
                       NULL);
    peer_until(&f.client, peer_has_head, request);
    status = peer_field(&f.client, request, ":status");
    g_assert_cmpstr(status, ==, "403");
    http2_front_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/http2-reload/resets-a-websocket-alone", test_websocket);
    return g_test_run();
}
