/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap/flows_fixture.h"

#include <arpa/inet.h>

Fixture
flows_fixture_new(size_t max)
{
    return flows_fixture_new_with_rate(max, 0);
}

Fixture
flows_fixture_new_with_rate(size_t max, uint32_t per_second)
{
    return (Fixture){ .flows = bns_flows_new(max, per_second), .now_us = 1 };
}

void
flows_fixture_clear(Fixture *f)
{
    bns_flows_free(f->flows);
}

BnsFrame
flows_frame_of(uint16_t guest_port)
{
    return (BnsFrame){ .kind = BNS_FRAME_TCP,
                       .flags = BNS_TCP_ACK,
                       .seq = ISN + 1,
                       .ends = { .addr = inet_addr("198.18.3.7"),
                                 .port = 443,
                                 .guest_port = guest_port } };
}

unsigned
flows_syn(Fixture *f, uint16_t guest_port, uint32_t isn)
{
    BnsFrame frame = flows_frame_of(guest_port);

    frame.kind = BNS_FRAME_SYN;
    frame.flags = BNS_TCP_SYN;
    frame.seq = isn;
    return bns_flows_on_syn(f->flows, &frame, false, f->now_us, &f->flow);
}

unsigned
flows_segment(
    Fixture *f, uint16_t guest_port, uint8_t flags, uint32_t seq, uint32_t ack)
{
    BnsFrame frame = flows_frame_of(guest_port);

    frame.flags = flags;
    frame.seq = seq;
    frame.ack = ack;
    return bns_flows_on_segment(f->flows, &frame, &f->flow);
}

unsigned
flows_message(Fixture *f, uint64_t id, BnsWireType type, BnsWireVerdict verdict)
{
    BnsWire wire = { .type = (uint8_t)type, .verdict = (uint8_t)verdict, .flow = id };

    return bns_flows_on_message(f->flows, &wire, f->now_us, &f->flow);
}

unsigned
flows_verdict(Fixture *f, uint64_t id, BnsWireVerdict what)
{
    return flows_message(f, id, BNS_WIRE_VERDICT, what);
}

unsigned
flows_closed(Fixture *f, uint64_t id)
{
    return flows_message(f, id, BNS_WIRE_CLOSED, 0);
}

unsigned
flows_expire(Fixture *f, unsigned *out_actions)
{
    g_autoptr(GArray) ids = bns_flows_expired(f->flows, f->now_us);

    *out_actions = 0;
    for (guint i = 0; i < ids->len; i++)
        *out_actions =
            bns_flows_on_expiry(f->flows, g_array_index(ids, uint64_t, i), &f->flow);
    return ids->len;
}

uint64_t
flows_handshake(Fixture *f, uint16_t guest_port)
{
    g_assert_cmpuint(flows_syn(f, guest_port, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(flows_verdict(f, f->flow.id, BNS_WIRE_ACCEPT), ==, BNS_FLOW_ADMIT);
    return f->flow.id;
}

uint64_t
flows_opened(Fixture *f, uint16_t guest_port)
{
    uint64_t id = flows_handshake(f, guest_port);

    g_assert_cmpuint(flows_segment(f, guest_port, BNS_TCP_ACK, ISN + 1, 1), ==,
                     BNS_FLOW_PASS);
    g_assert_cmpint(f->flow.state, ==, BNS_FLOW_HANDSHAKE);
    g_assert_cmpuint(bns_flows_on_stream(f->flows, id, BACKEND + guest_port), ==,
                     BNS_FLOW_RELEASE);
    return id;
}

void
flows_our_fin(Fixture *f, uint16_t guest_port, uint32_t end)
{
    BnsFrame frame = flows_frame_of(guest_port);

    bns_flows_on_our_fin(f->flows, &frame.ends, end, f->now_us);
}

unsigned
flows_gone(Fixture *f, uint16_t guest_port)
{
    return bns_flows_on_gone(f->flows, BACKEND + guest_port, &f->flow);
}
