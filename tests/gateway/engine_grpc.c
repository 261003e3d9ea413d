/* SPDX-License-Identifier: Apache-2.0 */
/* What a gRPC call through the engine has that another stream has not. */
#include "tests/gateway/http2_front.h"
#include "tests/support/test.h"

#define GRPC(path)                                                                     \
    ":method: POST\n:scheme: http\n:authority: origin.test\n:path: " path              \
    "\ncontent-type: application/grpc\n"

static void
test_refused_grpc(void)
{
    Http2Front f;
    int32_t id;

    http2_front_init(&f, NULL);
    id = peer_ask(&f.client, GRPC("/secret/Method"), "");
    peer_until(&f.client, peer_is_ended, id);
    g_assert_cmpstr(peer_stream(&f.client, id)->head->str, ==,
                    ":status: 200\ncontent-type: application/grpc\ngrpc-status: 7\n"
                    "grpc-message: blocked by boundary-ns: a deny rule matches\n");
    g_assert_cmpuint(peer_stream(&f.client, id)->n_body, ==, 0);
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 POST /secret/Method");
    http2_front_clear(&f);
}

/* A call may be silent as long as a WebSocket may. */
static void
test_silent_grpc(void)
{
    Http2Front f;
    int32_t id, asked;

    http2_front_init(&f, NULL);
    http2_front_pass(&f, "/first", &asked);
    id = peer_ask(&f.client, GRPC("/Watch"), NULL);
    peer_flush(&f.client);
    peer_until(&f.origin, peer_has_streams, 2);
    asked = http2_front_last(&f);
    rig_advance(f.rig, 7440 - 1);
    peer_ping(&f.client);
    g_assert_false(peer_is_ended(&f.client, id));
    rig_advance(f.rig, 2);
    peer_until(&f.client, peer_is_ended, id);
    g_assert_cmpstr(peer_stream(&f.client, id)->head->str, ==,
                    ":status: 200\ncontent-type: application/grpc\ngrpc-status: 14\n"
                    "grpc-message: boundary-ns: the upstream did not answer in time\n");
    peer_until(&f.origin, peer_is_closed, asked);
    http2_front_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/grpc/refused", test_refused_grpc);
    bns_test_add("/gateway/grpc/silent", test_silent_grpc);
    return g_test_run();
}
