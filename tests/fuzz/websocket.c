/* SPDX-License-Identifier: Apache-2.0 */
/* A request, and behind it its answer. What is forwarded of both is judged as they were:
 * nobody behind us may see a WebSocket where we saw none, or the other way round. */
#include "netstack/gateway/websocket.h"
#include "tests/fuzz/fuzz.h"

static void
check_offer(const BnsHttpHead *head, const BnsWebsocketOffer *offer)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    BnsWebsocketOffer again_offer;
    BnsHttpTarget target;
    BnsHttpHead again;

    if (bns_http1_target(head, &target) != NULL ||
        head->n_fields == BNS_HTTP_FIELDS_MAX)
        return;
    bns_http1_write_request(out, head, &target, "host.test", true);
    if (out->len >= BNS_HTTP_HEAD_MAX)
        return;
    g_assert_cmpint(bns_http1_parse_request((const char *)out->data, out->len, &again),
                    ==, BNS_PARSE_DONE);
    g_assert_true(bns_websocket_is_request(&again));
    bns_websocket_offer(&again, &again_offer);
    g_assert_cmpstr(again_offer.accept, ==, offer->accept);
    g_assert_cmpstr(again_offer.protocols, ==, offer->protocols);
    g_assert_cmpstr(again_offer.extensions, ==, offer->extensions);
    bns_websocket_offer_clear(&again_offer);
}

static void
check_switch(const BnsHttpHead *head, const BnsWebsocketOffer *offer)
{
    static const BnsWebsocketOffer other = { .accept = "AAAALMBiTxaQ9kYGzzhZRbK+xOo=" };
    g_autoptr(GByteArray) out = g_byte_array_new();
    BnsHttpHead again;

    g_assert_cmpuint(head->status, ==, 101);
    g_assert_nonnull(bns_websocket_check_response(head, &other));
    if (head->n_fields == BNS_HTTP_FIELDS_MAX ||
        head->head_len >= BNS_HTTP_HEAD_MAX / 2)
        return;
    bns_http1_write_response(out, head, BNS_HTTP_BODY_NONE, true, true);
    g_assert_cmpint(bns_http1_parse_response((const char *)out->data, out->len,
                                             (BnsSlice){ "GET", 3 }, &again),
                    ==, BNS_PARSE_DONE);
    g_assert_cmpuint(again.head_len, ==, out->len);
    g_assert_null(bns_websocket_check_response(&again, offer));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    BnsHttpHead request, response;
    BnsWebsocketOffer offer;

    if (bns_http1_parse_request(bytes, size, &request) != BNS_PARSE_DONE ||
        !bns_websocket_is_request(&request))
        return 0;
    bns_websocket_offer(&request, &offer);
    check_offer(&request, &offer);
    if (bns_http1_parse_response(bytes + request.head_len, size - request.head_len,
                                 request.method, &response) == BNS_PARSE_DONE &&
        bns_websocket_check_response(&response, &offer) == NULL)
        check_switch(&response, &offer);
    bns_websocket_offer_clear(&offer);
    return 0;
}
