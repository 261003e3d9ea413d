/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ClientHello of a flow, before anybody answers it.
 *
 * Its name decides, also against the name behind the address: whether the flow is sealed,
 * whom it is dialled to, and what the policy says. What has no one reading is refused here
 * for both kinds.
 */
#include "netstack/gateway/flow.h"

#include "netstack/gateway/hello.h"

static BnsStep
refuse(BnsFlow *flow, const BnsClientHelloFault *fault)
{
    bns_flow_note_tls_error(flow, fault->reason);
    bns_flow_alert(flow, fault->alert);
    return BNS_STEP_ON;
}

static BnsStep
inspect(BnsFlow *flow)
{
    bns_stream_start_tls(flow->client.stream, bns_hello_server(flow->engine->hello));
    bns_flow_enter(flow, BNS_FLOW_HANDSHAKE);
    return BNS_STEP_ON;
}

static BnsStep
open_flow(BnsFlow *flow, const BnsClientHello *hello)
{
    if (hello->has_name)
        flow->tls_host = hello->name;
    if (bns_policy_is_sealed(flow->engine->policy, flow->tls_host.text, flow->port))
        return bns_flow_seal(flow, hello);
    return inspect(flow);
}

BnsStep
bns_flow_opening(BnsFlow *flow)
{
    BnsStream *stream = flow->client.stream;
    ssize_t n = bns_stream_peek(stream, NULL, BNS_CLIENT_HELLO_BYTES_MAX);
    BnsClientHello hello;
    const uint8_t *bytes;
    size_t len;

    if (n <= 0 && n != BNS_STREAM_AGAIN) {
        bns_flow_note_tls_error(
            flow, "client closed the connection during the TLS handshake");
        bns_flow_close(flow);
        return BNS_STEP_ON;
    }
    bytes = bns_stream_peeked(stream, &len);
    switch (bns_client_hello_read(bytes, len, &hello)) {
    case BNS_CLIENT_HELLO_DONE:
        return open_flow(flow, &hello);
    case BNS_CLIENT_HELLO_BAD:
        return refuse(flow, &hello.fault);
    case BNS_CLIENT_HELLO_MORE:
        break;
    }
    bns_stream_want(stream, true, false);
    return BNS_STEP_WAIT;
}
