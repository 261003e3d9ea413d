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

/* --- what is refused --- */

typedef struct {
    const char *name;
    void (*make)(Packet *packet);
    BnsDrop drop;
} Refused;

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

static void
make_syn_to(Packet *packet, const char *to)
{
    PacketTcp tcp = syn;

    tcp.to = to;
    packet_tcp(packet, &tcp);
}

static void
make_syn_with_flags(Packet *packet, uint8_t flags)
{
    PacketTcp tcp = syn;

    tcp.flags |= flags;
    packet_tcp(packet, &tcp);
}

static void
make_empty(Packet *packet)
{
    packet->len = 0;
}

static void
make_13_bytes(Packet *packet)
{
    make_syn(packet);
    packet->len = 13;
}

static void
make_too_long(Packet *packet)
{
    make_syn(packet);
    packet->len = ETH + BNS_TAP_MTU + 1;
}

static void
make_ipv6(Packet *packet)
{
    make_syn(packet);
    packet->bytes[12] = 0x86;
    packet->bytes[13] = 0xdd;
}

static void
make_ncsi(Packet *packet)
{
    make_syn(packet);
    packet->bytes[12] = 0x88;
    packet->bytes[13] = 0xf8;
}

static void
make_vlan(Packet *packet)
{
    make_syn(packet);
    packet->bytes[12] = 0x81;
    packet->bytes[13] = 0x00;
}

static void
make_ip_of_19_bytes(Packet *packet)
{
    make_syn(packet);
    packet->len = ETH + 19;
}

static void
make_version_5(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP] = 0x55;
    packet_fix(packet);
}

static void
make_header_of_16_bytes(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP] = 0x44;
    packet_fix(packet);
}

static void
make_total_below_header(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP + 2] = 0;
    packet->bytes[IP + 3] = 19;
    packet_fix(packet);
}

static void
make_total_above_frame(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP + 3] = 41;
    packet_fix(packet);
}

static void
make_ip_options(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP] = 0x46;
    packet_fix(packet);
}

static void
make_bad_ip_checksum(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP + 10] ^= 1;
}

static void
make_first_fragment(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP + 6] = 0x20;
    packet_fix(packet);
}

static void
make_last_fragment(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP + 7] = 1;
    packet_fix(packet);
}

static void
make_foreign_source(Packet *packet)
{
    PacketTcp tcp = syn;

    tcp.from = "198.18.0.4";
    packet_tcp(packet, &tcp);
}

static void
make_udp_of_nobody(Packet *packet)
{
    packet_udp(packet, "8.8.8.8", 5000, 5001, "x", 1);
    memset(packet->bytes + IP + 12, 0, 4);
    packet_fix(packet);
}

static void
make_icmp(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP + 9] = 1;
    packet_fix(packet);
}

static void
make_sctp(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP + 9] = 132;
    packet_fix(packet);
}

static void
make_tcp_of_19_bytes(Packet *packet)
{
    make_syn(packet);
    packet->bytes[IP + 3] = 39;
    packet->len--;
    packet_fix(packet);
}

static void
make_tcp_header_of_16_bytes(Packet *packet)
{
    make_syn(packet);
    packet->bytes[TCP + 12] = 0x40;
    packet_fix(packet);
}

static void
make_tcp_header_above_segment(Packet *packet)
{
    make_syn(packet);
    packet->bytes[TCP + 12] = 0x60;
    packet_fix(packet);
}

static void
make_port_zero(Packet *packet)
{
    PacketTcp tcp = syn;

    tcp.to_port = 0;
    packet_tcp(packet, &tcp);
}

static void
make_source_port_zero(Packet *packet)
{
    PacketTcp tcp = syn;

    tcp.from_port = 0;
    packet_tcp(packet, &tcp);
}

static void
make_bad_syn_checksum(Packet *packet)
{
    make_syn(packet);
    packet->bytes[TCP + 16] ^= 1;
}

static void
make_bad_rst_checksum(Packet *packet)
{
    PacketTcp tcp = syn;

    tcp.flags = BNS_TCP_RST;
    packet_tcp(packet, &tcp);
    packet->bytes[TCP + 16] ^= 1;
}

static void
make_syn_ack(Packet *packet)
{
    make_syn_with_flags(packet, BNS_TCP_ACK);
}

static void
make_syn_fin(Packet *packet)
{
    make_syn_with_flags(packet, BNS_TCP_FIN);
}

static void
make_syn_rst(Packet *packet)
{
    make_syn_with_flags(packet, BNS_TCP_RST);
}

static void
make_tcp_to_multicast(Packet *packet)
{
    make_syn_to(packet, "224.0.0.1");
}

static void
make_tcp_to_broadcast(Packet *packet)
{
    make_syn_to(packet, "255.255.255.255");
}

static void
make_tcp_to_zero(Packet *packet)
{
    make_syn_to(packet, "0.0.0.0");
}

static void
make_tcp_to_loopback(Packet *packet)
{
    make_syn_to(packet, "127.0.0.1");
}

static void
make_udp_of_7_bytes(Packet *packet)
{
    packet_udp(packet, "8.8.8.8", 5000, 5001, NULL, 0);
    packet->bytes[IP + 3]--;
    packet->len--;
    packet_fix(packet);
}

static void
make_udp_length_7(Packet *packet)
{
    packet_udp(packet, "8.8.8.8", 5000, 5001, "xy", 2);
    packet->bytes[UDP + 5] = 7;
    packet_fix(packet);
}

static void
make_udp_length_above(Packet *packet)
{
    packet_udp(packet, "8.8.8.8", 5000, 5001, "xy", 2);
    packet->bytes[UDP + 5] = 11;
    packet_fix(packet);
}

static void
make_bad_udp_checksum(Packet *packet)
{
    packet_udp(packet, "8.8.8.8", 5000, 53, "xy", 2);
    packet->bytes[UDP + 6] ^= 1;
}

static void
make_dhcp(Packet *packet)
{
    packet_udp(packet, "255.255.255.255", 68, 67, "xy", 2);
    memset(packet->bytes + IP + 12, 0, 4);
    packet_fix(packet);
}

static void
make_dhcp_client_port(Packet *packet)
{
    packet_udp(packet, "198.18.0.1", 67, 68, "xy", 2);
}

static void
make_tftp(Packet *packet)
{
    packet_udp(packet, "198.18.0.1", 5000, 69, "xy", 2);
}

static void
make_short_arp(Packet *packet)
{
    packet_arp(packet);
    packet->len--;
}

static void
make_arp_of_tokens(Packet *packet)
{
    packet_arp(packet);
    packet->bytes[ETH + 1] = 6;
}

static void
make_rarp(Packet *packet)
{
    packet_arp(packet);
    packet->bytes[ETH + 7] = 3;
}

static void
make_arp_of_the_router(Packet *packet)
{
    packet_arp(packet);
    packet->bytes[ETH + 17] = 1;
}

static const Refused refused[] = {
    { "empty", make_empty, BNS_DROP_MALFORMED },
    { "13-bytes", make_13_bytes, BNS_DROP_MALFORMED },
    { "one-byte-over-the-mtu", make_too_long, BNS_DROP_TOO_LONG },
    { "ipv6", make_ipv6, BNS_DROP_IPV6 },
    { "ncsi", make_ncsi, BNS_DROP_ETHERTYPE },
    { "vlan", make_vlan, BNS_DROP_ETHERTYPE },
    { "ipv4-of-19-bytes", make_ip_of_19_bytes, BNS_DROP_MALFORMED },
    { "ip-version-5", make_version_5, BNS_DROP_MALFORMED },
    { "ip-header-of-16-bytes", make_header_of_16_bytes, BNS_DROP_MALFORMED },
    { "ip-length-below-its-header", make_total_below_header, BNS_DROP_MALFORMED },
    { "ip-length-above-the-frame", make_total_above_frame, BNS_DROP_MALFORMED },
    { "ip-options", make_ip_options, BNS_DROP_OPTIONS },
    { "bad-ip-checksum", make_bad_ip_checksum, BNS_DROP_CHECKSUM },
    { "first-fragment", make_first_fragment, BNS_DROP_FRAGMENT },
    { "last-fragment", make_last_fragment, BNS_DROP_FRAGMENT },
    { "foreign-source", make_foreign_source, BNS_DROP_SOURCE },
    { "udp-from-0.0.0.0", make_udp_of_nobody, BNS_DROP_SOURCE },
    { "icmp", make_icmp, BNS_DROP_ICMP },
    { "sctp", make_sctp, BNS_DROP_PROTOCOL },
    { "tcp-of-19-bytes", make_tcp_of_19_bytes, BNS_DROP_MALFORMED },
    { "tcp-header-of-16-bytes", make_tcp_header_of_16_bytes, BNS_DROP_MALFORMED },
    { "tcp-header-above-the-segment", make_tcp_header_above_segment,
      BNS_DROP_MALFORMED },
    { "port-zero", make_port_zero, BNS_DROP_MALFORMED },
    { "source-port-zero", make_source_port_zero, BNS_DROP_MALFORMED },
    { "bad-syn-checksum", make_bad_syn_checksum, BNS_DROP_CHECKSUM },
    { "bad-rst-checksum", make_bad_rst_checksum, BNS_DROP_CHECKSUM },
    { "syn-with-ack", make_syn_ack, BNS_DROP_FLAGS },
    { "syn-with-fin", make_syn_fin, BNS_DROP_FLAGS },
    { "syn-with-rst", make_syn_rst, BNS_DROP_FLAGS },
    { "tcp-to-multicast", make_tcp_to_multicast, BNS_DROP_DESTINATION },
    { "tcp-to-broadcast", make_tcp_to_broadcast, BNS_DROP_DESTINATION },
    { "tcp-to-0.0.0.0", make_tcp_to_zero, BNS_DROP_DESTINATION },
    { "tcp-to-loopback", make_tcp_to_loopback, BNS_DROP_DESTINATION },
    { "udp-of-7-bytes", make_udp_of_7_bytes, BNS_DROP_MALFORMED },
    { "udp-length-below-its-header", make_udp_length_7, BNS_DROP_MALFORMED },
    { "udp-length-above-the-packet", make_udp_length_above, BNS_DROP_MALFORMED },
    { "bad-udp-checksum", make_bad_udp_checksum, BNS_DROP_CHECKSUM },
    { "dhcp", make_dhcp, BNS_DROP_DHCP },
    { "dhcp-client-port", make_dhcp_client_port, BNS_DROP_DHCP },
    { "tftp", make_tftp, BNS_DROP_TFTP },
    { "short-arp", make_short_arp, BNS_DROP_MALFORMED },
    { "arp-of-another-hardware", make_arp_of_tokens, BNS_DROP_MALFORMED },
    { "reverse-arp", make_rarp, BNS_DROP_MALFORMED },
    { "arp-in-the-routers-name", make_arp_of_the_router, BNS_DROP_SOURCE },
};

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
test_refused(gconstpointer data)
{
    const Refused *row = data;
    Packet packet;
    BnsFrame frame;

    row->make(&packet);
    frame = read_exactly(&packet);
    g_assert_cmpint(frame.kind, ==, BNS_FRAME_DROP);
    g_assert_cmpstr(bns_drop_name(frame.drop), ==, bns_drop_name(row->drop));
}

/* Whatever is cut off a good frame, it is refused and nothing behind it is read. */
static void
test_every_cut(void)
{
    Packet packet;

    make_syn(&packet);
    for (size_t len = packet.len; len-- > 0;) {
        packet.len = len;
        g_assert_cmpint(read_exactly(&packet).drop, ==, BNS_DROP_MALFORMED);
    }
}

/* --- what goes on --- */

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
    BnsEnds ends;
    uint32_t end;

    packet_tcp(&packet, &tcp);
    g_assert_false(bns_frame_read_fin(packet.bytes, packet.len, &ends, &end));
    tcp.flags |= BNS_TCP_FIN;
    packet_tcp(&packet, &tcp);
    g_assert_true(bns_frame_read_fin(packet.bytes, packet.len, &ends, &end));
    g_assert_cmpuint(end, ==, 3);
    g_assert_cmpuint(ends.addr, ==, inet_addr("198.18.3.7"));
    g_assert_cmpuint(ends.port, ==, 443);
    g_assert_cmpuint(ends.guest_port, ==, 40000);
    g_assert_false(bns_frame_read_fin(packet.bytes, 53, &ends, &end));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *path = g_strdup_printf("/tap/frame/drops-%s", refused[i].name);

        bns_test_add_data(path, &refused[i], test_refused);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(options_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/tap/frame/options/%s", options_cases[i].name);

        bns_test_add_data(path, &options_cases[i], test_options);
    }
    bns_test_add("/tap/frame/every-cut-is-malformed", test_every_cut);
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
