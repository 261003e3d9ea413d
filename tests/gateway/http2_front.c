/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/http2_front.h"

#include "base/fd.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

void
http2_front_init(Http2Front *front, const char *yaml)
{
    g_autofree char *resolves = NULL;
    uint16_t port;

    *front = (Http2Front){ .origin_flow.fd = -1 };
    front->listener = rig_listen(&port);
    resolves = g_strdup_printf("origin.test:80:%u other.test:80:%u", port, port);
    front->rig = rig_new(yaml == NULL ? "allow: [origin.test]\n"
                                        "deny: [origin.test/secret/**]\n"
                                      : yaml,
                         resolves, NULL);
    front->flow = rig_open(front->rig, "origin.test", 80);
    peer_init(&front->client, &front->flow, false);
}

void
http2_front_clear(Http2Front *front)
{
    rig_close(front->rig, &front->flow);
    peer_clear(&front->client);
    if (front->origin.session != NULL)
        peer_clear(&front->origin);
    bns_fd_clear(&front->origin_flow.fd);
    rig_free(front->rig);
    bns_fd_clear(&front->listener);
}

void
http2_front_accept(Http2Front *front)
{
    const int on = 1;

    if (front->origin.session != NULL)
        peer_clear(&front->origin);
    bns_fd_clear(&front->origin_flow.fd);
    front->origin_flow = rig_accept(front->listener);
    /* A frame behind another does not wait for the engine to acknowledge that. */
    g_assert_cmpint(
        setsockopt(front->origin_flow.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)),
        ==, 0);
    peer_init(&front->origin, &front->origin_flow, true);
}

int32_t
http2_front_last(const Http2Front *front)
{
    const GPtrArray *order = front->origin.order;

    return ((const PeerStream *)g_ptr_array_index(order, order->len - 1))->id;
}

int32_t
http2_front_pass(Http2Front *front, const char *path, int32_t *out_origin)
{
    guint n_before;
    int32_t id = peer_get(&front->client, "http", "origin.test", path);

    if (front->origin_flow.fd < 0)
        http2_front_accept(front);
    n_before = front->origin.order->len;
    peer_until(&front->origin, peer_has_streams, (int32_t)n_before + 1);
    *out_origin = http2_front_last(front);
    return id;
}

void
http2_front_expect_calm(Http2Front *front, const char *why)
{
    peer_until_over(&front->client);
    g_assert_true(front->client.has_goaway);
    g_assert_cmpuint(front->client.goaway, ==, NGHTTP2_ENHANCE_YOUR_CALM);
    g_assert_cmpstr(rig_record(front->rig, BNS_EVENT_FLOW_REFUSED)->error, ==, why);
}
