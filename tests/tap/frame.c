/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/frame.h"

#include "netstack/tap/tap.h"
#include "tests/support/test.h"
#include "tests/tap/packets.h"

#include <arpa/inet.h>
#include <string.h>

#define ETH 14
#define IP  ETH
#define TCP (ETH + 20)
#define UDP (ETH + 20)

static const PacketTcp syn = { .to = "198.18.3.7",
                               .from_port = 40000,
                               .to_port = 443,
                               .seq = 1000,
                               .flags = BNS_TCP_SYN,
                               .window = 64240 };

static void
make_syn(Packet *packet)
{
    packet_tcp(packet, &syn);
}

/* Reads a copy that ends where the frame does, so that sanitizers see every step over. */
static BnsFrame
read_exactly(const Packet *packet)
{
    g_autofree uint8_t *bytes = g_memdup2(packet->bytes, packet->len);
    BnsFrame frame;

    bns_frame_read(bytes, packet->len, &frame);
    return frame;
}

static void
test_syn(void)
{
    static const uint8_t options[] = { 4, 2, 1, 1, 2, 4, 0x51, 0xe0, 3, 3, 7, 0 };
    PacketTcp tcp = syn;
    Packet packet;
    BnsFrame frame;

    tcp.options = options;
    tcp.options_len = sizeof(options);
    packet_tcp(&packet, &tcp);
    frame = read_exactly(&packet);
    g_assert_cmpint(frame.kind, ==, BNS_FRAME_SYN);
    g_assert_cmpuint(frame.len, ==, packet.len);
    g_assert_cmpuint(frame.seq, ==, 1000);
    g_assert_cmpuint(frame.window, ==, 64240);
    g_assert_cmpuint(frame.mss, ==, 0x51e0);
    g_assert_cmpuint(frame.ends.addr, ==, inet_addr("198.18.3.7"));
    g_assert_cmpuint(frame.ends.port, ==, 443);
    g_assert_cmpuint(frame.ends.guest_port, ==, 40000);
    g_assert_cmpmem(frame.ends.guest_mac, 6, packet.bytes + 6, 6);
    g_assert_cmpmem(frame.ends.our_mac, 6, packet.bytes, 6);
}

typedef struct {
    const char *name;
    uint8_t options[8];
    uint16_t mss;
} Options;

static const Options options_cases[] = {
    { "none", { 0 }, 0 },
    { "mss-first", { 2, 4, 5, 0xb4 }, 1460 },
    { "mss-after-no-operation", { 1, 1, 2, 4, 5, 0xb4 }, 1460 },
    { "mss-after-the-end-is-none", { 0, 2, 4, 5, 0xb4 }, 0 },
    { "mss-of-another-size-is-none", { 2, 3, 5, 1, 1, 1, 1, 1 }, 0 },
    { "option-of-length-zero-ends", { 8, 0, 2, 4, 5, 0xb4 }, 0 },
    { "option-of-length-one-ends", { 8, 1, 2, 4, 5, 0xb4 }, 0 },
    { "option-over-the-header-ends", { 1, 1, 1, 1, 1, 2, 4, 5 }, 0 },
    { "option-without-a-length-ends", { 1, 1, 1, 1, 1, 1, 1, 2 }, 0 },
};

static void
test_options(gconstpointer data)
{
    const Options *row = data;
    PacketTcp tcp = syn;
    Packet packet;

    tcp.options = row->options;
    tcp.options_len = sizeof(row->options);
    packet_tcp(&packet, &tcp);
    g_assert_cmpuint(read_exactly(&packet).mss, ==, row->mss);
}

/* All carries of the checksum: the segment is compared with one made without URG. */
static void
test_urgent(void)
{
    for (unsigned i = 0; i < 4096; i++) {
        char text[] = "\0\0data";
        PacketTcp tcp = { .to = "93.184.216.34",
                          .from_port = 40000,
                          .to_port = 80,
                          .seq = i * 7919,
                          .flags = BNS_TCP_ACK | BNS_TCP_URG,
                          .urgent = (uint16_t)(i * 31),
                          .data = text,
                          .data_len = sizeof(text) };
        Packet urgent;
        Packet plain;
        BnsFrame frame;

        text[0] = (char)i;
        text[1] = (char)(i >> 8);
        packet_tcp(&urgent, &tcp);
        tcp.flags = BNS_TCP_ACK;
        tcp.urgent = 0;
        packet_tcp(&plain, &tcp);
        bns_frame_read(urgent.bytes, urgent.len, &frame);
        g_assert_cmpint(frame.kind, ==, BNS_FRAME_TCP);
        g_assert_cmpuint(frame.flags, ==, BNS_TCP_ACK);
        g_assert_cmpmem(urgent.bytes, urgent.len, plain.bytes, plain.len);
    }
}

static void
test_urgent_pointer_without_flag(void)
{
    PacketTcp tcp = { .to = "93.184.216.34",
                      .from_port = 1,
                      .to_port = 80,
                      .flags = BNS_TCP_ACK,
                      .urgent = 0xffff };
    Packet packet;
    BnsFrame frame;

    packet_tcp(&packet, &tcp);
    bns_frame_read(packet.bytes, packet.len, &frame);
    g_assert_cmpuint(packet_get16(packet.bytes + TCP + 18), ==, 0);
    packet_assert_sums(packet.bytes, packet.len);
}

static void
test_wrong_checksum_stays_wrong(void)
{
    PacketTcp tcp = { .to = "93.184.216.34",
                      .from_port = 1,
                      .to_port = 80,
                      .flags = BNS_TCP_ACK | BNS_TCP_URG,
                      .urgent = 9 };
    Packet right;
    Packet wrong;
    BnsFrame frame;

    packet_tcp(&right, &tcp);
    packet_tcp(&wrong, &tcp);
    wrong.bytes[TCP + 16] ^= 0x40;
    bns_frame_read(right.bytes, right.len, &frame);
    bns_frame_read(wrong.bytes, wrong.len, &frame);
    g_assert_cmpuint(packet_get16(wrong.bytes + TCP + 16), !=,
                     packet_get16(right.bytes + TCP + 16));
}

static void
test_padding(void)
{
    Packet packet;
    BnsFrame frame;

    make_syn(&packet);
    packet.len += 6;
    frame = read_exactly(&packet);
    g_assert_cmpint(frame.kind, ==, BNS_FRAME_SYN);
    g_assert_cmpuint(frame.len, ==, 54);
    g_assert_cmpuint(frame.payload_len, ==, 0);
}

static void
test_longest(void)
{
    static uint8_t data[BNS_TAP_MTU - 40];
    PacketTcp tcp = { .to = "198.18.0.16",
                      .from_port = 1,
                      .to_port = 80,
                      .seq = 5,
                      .flags = BNS_TCP_ACK,
                      .data = data,
                      .data_len = sizeof(data) };
    Packet packet;
    BnsFrame frame;

    packet_tcp(&packet, &tcp);
    frame = read_exactly(&packet);
    g_assert_cmpint(frame.kind, ==, BNS_FRAME_TCP);
    g_assert_cmpuint(frame.payload_len, ==, sizeof(data));
}

static void
test_dns_of_any_address(void)
{
    Packet packet;
    BnsFrame frame;

    packet_udp(&packet, "8.8.8.8", 5000, 53, "query", 5);
    frame = read_exactly(&packet);
    g_assert_cmpint(frame.kind, ==, BNS_FRAME_DNS);
    bns_frame_read(packet.bytes, packet.len, &frame);
    g_assert_cmpmem(frame.payload, frame.payload_len, "query", 5);
}

static void
test_udp(void)
{
    Packet packet;
    BnsFrame frame;

    packet_udp(&packet, "8.8.8.8", 5000, 443, "quic", 4);
    frame = read_exactly(&packet);
    g_assert_cmpint(frame.kind, ==, BNS_FRAME_UDP);
    g_assert_false(frame.is_group);
    packet_udp(&packet, "224.0.0.251", 5353, 5353, "mdns", 4);
    g_assert_true(read_exactly(&packet).is_group);
    packet_udp(&packet, "224.0.0.251", 5353, 53, "mdns", 4);
    g_assert_cmpint(read_exactly(&packet).kind, ==, BNS_FRAME_UDP);
}

static void
test_udp_without_checksum(void)
{
    Packet packet;

    packet_udp(&packet, "8.8.8.8", 5000, 53, "query", 5);
    packet.bytes[UDP + 6] = packet.bytes[UDP + 7] = 0;
    g_assert_cmpint(read_exactly(&packet).kind, ==, BNS_FRAME_DNS);
}

static void
test_arp(void)
{
    Packet packet;
    BnsFrame frame;

    packet_arp(&packet);
    packet.len += 18;
    frame = read_exactly(&packet);
    g_assert_cmpint(frame.kind, ==, BNS_FRAME_ARP);
    g_assert_cmpuint(frame.len, ==, 42);
}

static void
test_fin_of_libslirp(void)
{
    PacketTcp tcp = { .from = "198.18.3.7",
                      .to = BNS_TAP_GUEST,
                      .from_port = 443,
                      .to_port = 40000,
                      .seq = 0xfffffffe,
                      .flags = BNS_TCP_ACK,
                      .data = "four",
                      .data_len = 4 };
    Packet packet;
    BnsOwnSegment own;

    packet_tcp(&packet, &tcp);
    g_assert_true(bns_frame_read_own(packet.bytes, packet.len, &own));
    g_assert_cmpuint(own.flags & BNS_TCP_FIN, ==, 0);
    tcp.flags |= BNS_TCP_FIN;
    packet_tcp(&packet, &tcp);
    g_assert_true(bns_frame_read_own(packet.bytes, packet.len, &own));
    g_assert_cmpuint(own.flags & BNS_TCP_FIN, ==, BNS_TCP_FIN);
    g_assert_cmpuint(own.fin_end, ==, 3);
    g_assert_cmpuint(own.ends.addr, ==, inet_addr("198.18.3.7"));
    g_assert_cmpuint(own.ends.port, ==, 443);
    g_assert_cmpuint(own.ends.guest_port, ==, 40000);
    g_assert_false(bns_frame_read_own(packet.bytes, 53, &own));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(options_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/tap/frame/options/%s", options_cases[i].name);

        bns_test_add_data(path, &options_cases[i], test_options);
    }
    bns_test_add("/tap/frame/syn-is-read", test_syn);
    bns_test_add("/tap/frame/urgent-is-cleared-and-the-checksum-right", test_urgent);
    bns_test_add("/tap/frame/urgent-pointer-without-flag-is-cleared",
                 test_urgent_pointer_without_flag);
    bns_test_add("/tap/frame/wrong-checksum-stays-wrong",
                 test_wrong_checksum_stays_wrong);
    bns_test_add("/tap/frame/padding-is-cut", test_padding);
    bns_test_add("/tap/frame/a-frame-of-the-mtu-passes", test_longest);
    bns_test_add("/tap/frame/dns-is-dns-at-any-address", test_dns_of_any_address);
    bns_test_add("/tap/frame/other-udp-is-udp", test_udp);
    bns_test_add("/tap/frame/udp-needs-no-checksum", test_udp_without_checksum);
    bns_test_add("/tap/frame/arp-passes-without-padding", test_arp);
    bns_test_add("/tap/frame/fin-of-libslirp-is-seen", test_fin_of_libslirp);
    return g_test_run();
}
