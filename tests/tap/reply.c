/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/reply.h"

#include "netstack/tap/tap.h"
#include "tests/support/test.h"
#include "tests/tap/packets.h"

#include <arpa/inet.h>
#include <string.h>

static BnsEnds
some_ends(void)
{
    BnsEnds ends = { .guest_mac = { 2, 0, 0, 0, 0, 3 },
                     .our_mac = { 2, 0, 0, 0, 0, 1 },
                     .addr = inet_addr("198.18.3.7"),
                     .port = 443,
                     .guest_port = 40000 };

    return ends;
}

/* Address, ports and MAC addresses of a frame, whose sums must be right. */
static void
assert_route(const uint8_t *frame,
             size_t len,
             const char *from,
             uint16_t from_port,
             const char *to,
             uint16_t to_port)
{
    packet_assert_sums(frame, len);
    g_assert_cmpuint(packet_get32(frame + 26), ==, ntohl(inet_addr(from)));
    g_assert_cmpuint(packet_get32(frame + 30), ==, ntohl(inet_addr(to)));
    g_assert_cmpuint(packet_get16(frame + 34), ==, from_port);
    g_assert_cmpuint(packet_get16(frame + 36), ==, to_port);
    g_assert_cmpuint(frame[5], ==, strcmp(to, BNS_TAP_GUEST) == 0 ? 3 : 1);
    g_assert_cmpuint(frame[11], ==, strcmp(from, BNS_TAP_GUEST) == 0 ? 3 : 1);
}

static void
test_refusal(void)
{
    BnsEnds ends = some_ends();
    uint8_t frame[BNS_REPLY_MAX];
    size_t len = bns_reply_refusal(&ends, UINT32_MAX, frame);

    assert_route(frame, len, "198.18.3.7", 443, BNS_TAP_GUEST, 40000);
    g_assert_cmpuint(frame[47], ==, BNS_TCP_RST | BNS_TCP_ACK);
    g_assert_cmpuint(packet_get32(frame + 42), ==, 0);
}

static void
test_reset(void)
{
    BnsEnds ends = some_ends();
    uint8_t frame[BNS_REPLY_MAX];
    size_t len = bns_reply_reset(&ends, 77, frame);

    assert_route(frame, len, "198.18.3.7", 443, BNS_TAP_GUEST, 40000);
    g_assert_cmpuint(frame[47], ==, BNS_TCP_RST);
    g_assert_cmpuint(packet_get32(frame + 38), ==, 77);
}

static void
test_cut(void)
{
    BnsEnds ends = some_ends();
    uint8_t frame[BNS_REPLY_MAX];
    size_t len = bns_reply_cut(&ends, 78, frame);

    assert_route(frame, len, BNS_TAP_GUEST, 40000, "198.18.3.7", 443);
    g_assert_cmpuint(frame[47], ==, BNS_TCP_RST);
    g_assert_cmpuint(packet_get32(frame + 38), ==, 78);
}

/* It asks for its own address, from there, and nobody has to answer. */
static void
test_announce(void)
{
    BnsEnds ends = some_ends();
    uint8_t bytes[BNS_REPLY_MAX];
    size_t len = bns_reply_announce(ends.guest_mac, bytes);
    BnsFrame frame;

    bns_frame_read(bytes, len, &frame);
    g_assert_cmpint(frame.kind, ==, BNS_FRAME_ARP);
    g_assert_cmpmem(frame.ends.guest_mac, BNS_FRAME_MAC_BYTES, ends.guest_mac,
                    BNS_FRAME_MAC_BYTES);
    g_assert_cmpuint(packet_get16(bytes + 20), ==, 1);
    g_assert_cmpmem(bytes + 22, BNS_FRAME_MAC_BYTES, ends.guest_mac,
                    BNS_FRAME_MAC_BYTES);
    g_assert_cmpuint(packet_get32(bytes + 28), ==, BNS_TAP_GUEST_ADDR);
    g_assert_cmpuint(packet_get32(bytes + 38), ==, BNS_TAP_GUEST_ADDR);
}

/* The SYN that libslirp gets says what the held one said. */
static void
test_syn(void)
{
    BnsEnds ends = some_ends();
    uint8_t bytes[BNS_REPLY_MAX];
    BnsFrame frame;
    size_t len;

    for (unsigned mss = 0; mss <= 1460; mss += 1460) {
        len = bns_reply_syn(&ends, 5, 64240, (uint16_t)mss, bytes);
        assert_route(bytes, len, BNS_TAP_GUEST, 40000, "198.18.3.7", 443);
        bns_frame_read(bytes, len, &frame);
        g_assert_cmpint(frame.kind, ==, BNS_FRAME_SYN);
        g_assert_cmpuint(frame.seq, ==, 5);
        g_assert_cmpuint(frame.window, ==, 64240);
        g_assert_cmpuint(frame.mss, ==, mss);
    }
}

static void
test_host_unreachable(void)
{
    BnsEnds ends = some_ends();
    uint8_t frame[BNS_REPLY_MAX];
    size_t len = bns_reply_host_unreachable(&ends, 1234, frame);
    const uint8_t *quoted = frame + 42;

    packet_assert_sums(frame, len);
    g_assert_cmpuint(packet_get32(frame + 26), ==, BNS_TAP_ROUTER_ADDR);
    g_assert_cmpuint(packet_get32(frame + 30), ==, BNS_TAP_GUEST_ADDR);
    g_assert_cmpuint(packet_get16(frame + 34), ==, 0x0301);
    g_assert_cmpuint(packet_get32(quoted + 12), ==, BNS_TAP_GUEST_ADDR);
    g_assert_cmpuint(packet_get16(quoted + 20), ==, 40000);
    g_assert_cmpuint(packet_get16(quoted + 22), ==, 443);
    g_assert_cmpuint(packet_get32(quoted + 24), ==, 1234);
}

static void
test_port_unreachable(void)
{
    static uint8_t data[BNS_TAP_MTU - 28];
    uint8_t reply[BNS_REPLY_MAX];
    static const size_t sizes[] = { 0, 1, 519, 520, 521, sizeof(data) };
    Packet packet;
    BnsFrame frame;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        size_t len;

        packet_udp(&packet, "8.8.8.8", 5000, 443, data, sizes[i]);
        bns_frame_read(packet.bytes, packet.len, &frame);
        len = bns_reply_port_unreachable(&frame.ends, packet.bytes, frame.len, reply);
        packet_assert_sums(reply, len);
        g_assert_cmpuint(packet_get16(reply + 34), ==, 0x0303);
        g_assert_cmpuint(packet_get32(reply + 26), ==, 0x08080808);
        g_assert_cmpuint(len, ==, MIN(BNS_REPLY_MAX, 42 + packet.len - 14));
        g_assert_cmpmem(reply + 42, len - 42, packet.bytes + 14, len - 42);
    }
}

static void
test_datagram(void)
{
    BnsEnds ends = some_ends();
    uint8_t frame[BNS_REPLY_MAX];
    size_t len = bns_reply_datagram(&ends, (const uint8_t *)"answer!", 7, frame);

    assert_route(frame, len, "198.18.3.7", 443, BNS_TAP_GUEST, 40000);
    g_assert_cmpmem(frame + 42, len - 42, "answer!", 7);
    g_assert_cmpuint(packet_get16(frame + 38), ==, 15);
}

/* A sum of zero is written as 0xffff: zero would say that there is none. */
static void
test_checksum_zero(void)
{
    BnsEnds ends = some_ends();
    uint8_t frame[BNS_REPLY_MAX];
    uint8_t payload[2] = { 0, 0 };
    uint16_t sum;

    bns_reply_datagram(&ends, payload, sizeof(payload), frame);
    sum = packet_get16(frame + 40);
    payload[0] = (uint8_t)(sum >> 8);
    payload[1] = (uint8_t)sum;
    bns_reply_datagram(&ends, payload, sizeof(payload), frame);
    g_assert_cmpuint(packet_get16(frame + 40), ==, 0xffff);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/tap/reply/refusal-acknowledges-the-syn", test_refusal);
    bns_test_add("/tap/reply/reset-has-the-number-given", test_reset);
    bns_test_add("/tap/reply/cut-comes-from-the-command", test_cut);
    bns_test_add("/tap/reply/announcement-asks-for-its-own-address", test_announce);
    bns_test_add("/tap/reply/syn-says-what-was-held", test_syn);
    bns_test_add("/tap/reply/host-unreachable-quotes-the-syn", test_host_unreachable);
    bns_test_add("/tap/reply/port-unreachable-quotes-what-fits", test_port_unreachable);
    bns_test_add("/tap/reply/datagram-goes-back", test_datagram);
    bns_test_add("/tap/reply/checksum-of-zero-is-written-as-ones", test_checksum_zero);
    return g_test_run();
}
