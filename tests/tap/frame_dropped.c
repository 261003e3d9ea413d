/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/frame.h"

#include "netstack/tap/tap.h"
#include "tests/support/test.h"
#include "tests/tap/packets.h"

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

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *path = g_strdup_printf("/tap/frame/drops-%s", refused[i].name);

        bns_test_add_data(path, &refused[i], test_refused);
    }
    bns_test_add("/tap/frame/every-cut-is-malformed", test_every_cut);
    return g_test_run();
}
