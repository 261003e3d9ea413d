/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/frame.h"

#include "netstack/tap/bytes.h"
#include "netstack/tap/tap.h"

#include <arpa/inet.h>
#include <glib.h>
#include <net/ethernet.h>
#include <string.h>

#define IP_MORE_FRAGMENTS  0x2000
#define IP_FRAGMENT_OFFSET 0x1fff

#define PORT_DNS         53
#define PORT_DHCP_SERVER 67
#define PORT_DHCP_CLIENT 68
#define PORT_TFTP        69

#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2

static const char *const drop_names[] = {
    [BNS_DROP_NOT] = "not",
    [BNS_DROP_MALFORMED] = "malformed",
    [BNS_DROP_TOO_LONG] = "too long",
    [BNS_DROP_ETHERTYPE] = "ethertype",
    [BNS_DROP_IPV6] = "ipv6",
    [BNS_DROP_OPTIONS] = "ip options",
    [BNS_DROP_FRAGMENT] = "fragment",
    [BNS_DROP_CHECKSUM] = "checksum",
    [BNS_DROP_SOURCE] = "source address",
    [BNS_DROP_DESTINATION] = "destination address",
    [BNS_DROP_ICMP] = "icmp",
    [BNS_DROP_DHCP] = "dhcp",
    [BNS_DROP_TFTP] = "tftp",
    [BNS_DROP_PROTOCOL] = "ip protocol",
    [BNS_DROP_FLAGS] = "tcp flags",
    [BNS_DROP_LINK] = "link",
};
G_STATIC_ASSERT(G_N_ELEMENTS(drop_names) == BNS_N_DROPS);

const char *
bns_drop_name(BnsDrop drop)
{
    return drop_names[drop];
}

/* The sum of the pseudo header (RFC 9293, 3.1) and @len bytes behind it. */
static uint16_t
transport_checksum(const uint8_t *ip, const uint8_t *segment, size_t len)
{
    uint32_t sum = bns_sum_add(0, ip + 12, 8);

    sum += ip[9] + (uint32_t)len;
    return bns_sum_finish(bns_sum_add(sum, segment, len));
}

static bool
is_group(uint32_t addr)
{
    return IN_MULTICAST(ntohl(addr)) || addr == INADDR_BROADCAST;
}

/* Not what a TCP connection can go to (RFC 1122, 3.2.1.3). */
static bool
is_no_host(uint32_t addr)
{
    uint32_t host = ntohl(addr);

    return host >> 24 == 0 || host >> 24 == IN_LOOPBACKNET || host >> 28 >= 0xe;
}

/* --- TCP --- */

/* The urgent pointer is data of an extension that no program here needs, and libslirp
 * reads past its buffer for it. RFC 1624 gives the checksum after the change; a wrong
 * one stays wrong. */
static void
clear_urgent(uint8_t *tcp)
{
    uint32_t sum = (uint16_t)~bns_get16(tcp + 16);

    sum += (uint16_t)~bns_get16(tcp + 12) + (uint32_t)(uint16_t)~bns_get16(tcp + 18);
    tcp[13] &= (uint8_t)~BNS_TCP_URG;
    bns_put16(tcp + 18, 0);
    sum += bns_get16(tcp + 12);
    bns_put16(tcp + 16, bns_sum_finish(sum));
}

static uint16_t
read_mss(const uint8_t *options, size_t len)
{
    for (size_t at = 0; at < len && options[at] != TCP_OPTION_END;) {
        size_t size = 1;

        if (options[at] != TCP_OPTION_NOP) {
            if (len - at < 2 || options[at + 1] < 2 || options[at + 1] > len - at)
                return 0;
            size = options[at + 1];
        }
        if (options[at] == TCP_OPTION_MSS && size == 4)
            return bns_get16(options + at + 2);
        at += size;
    }
    return 0;
}

static BnsDrop
read_tcp(uint8_t *ip, uint8_t *tcp, size_t len, BnsFrame *frame)
{
    size_t header;

    if (len < BNS_FRAME_TCP_BYTES)
        return BNS_DROP_MALFORMED;
    header = (size_t)(tcp[12] >> 4) * 4;
    frame->ends.guest_port = bns_get16(tcp);
    frame->ends.port = bns_get16(tcp + 2);
    if (header < BNS_FRAME_TCP_BYTES || header > len || frame->ends.guest_port == 0 ||
        frame->ends.port == 0)
        return BNS_DROP_MALFORMED;
    if (is_no_host(frame->ends.addr))
        return BNS_DROP_DESTINATION;
    /* What we act on ourselves is verified here, the rest by libslirp. */
    if ((tcp[13] & (BNS_TCP_SYN | BNS_TCP_RST | BNS_TCP_FIN)) != 0 &&
        transport_checksum(ip, tcp, len) != 0)
        return BNS_DROP_CHECKSUM;
    if ((tcp[13] & BNS_TCP_SYN) != 0 &&
        (tcp[13] & (BNS_TCP_FIN | BNS_TCP_RST | BNS_TCP_ACK)) != 0)
        return BNS_DROP_FLAGS;
    if ((tcp[13] & BNS_TCP_URG) != 0 || bns_get16(tcp + 18) != 0)
        clear_urgent(tcp);
    frame->flags = tcp[13];
    frame->kind = (frame->flags & BNS_TCP_SYN) != 0 ? BNS_FRAME_SYN : BNS_FRAME_TCP;
    frame->seq = bns_get32(tcp + 4);
    frame->ack = bns_get32(tcp + 8);
    frame->window = bns_get16(tcp + 14);
    if (frame->kind == BNS_FRAME_SYN)
        frame->mss = read_mss(tcp + BNS_FRAME_TCP_BYTES, header - BNS_FRAME_TCP_BYTES);
    frame->payload = tcp + header;
    frame->payload_len = len - header;
    return BNS_DROP_NOT;
}

/* --- UDP --- */

static BnsDrop
read_udp(const uint8_t *ip, const uint8_t *udp, size_t len, BnsFrame *frame)
{
    size_t length;

    if (len < BNS_FRAME_UDP_BYTES)
        return BNS_DROP_MALFORMED;
    length = bns_get16(udp + 4);
    if (length < BNS_FRAME_UDP_BYTES || length > len)
        return BNS_DROP_MALFORMED;
    if (bns_get16(udp + 6) != 0 && transport_checksum(ip, udp, length) != 0)
        return BNS_DROP_CHECKSUM;
    frame->ends.guest_port = bns_get16(udp);
    frame->ends.port = bns_get16(udp + 2);
    if (frame->ends.port == PORT_DHCP_SERVER || frame->ends.port == PORT_DHCP_CLIENT)
        return BNS_DROP_DHCP;
    if (frame->ends.port == PORT_TFTP)
        return BNS_DROP_TFTP;
    frame->is_group = is_group(frame->ends.addr);
    frame->kind = frame->ends.port == PORT_DNS && !frame->is_group ? BNS_FRAME_DNS
                                                                   : BNS_FRAME_UDP;
    frame->payload = udp + BNS_FRAME_UDP_BYTES;
    frame->payload_len = length - BNS_FRAME_UDP_BYTES;
    return bns_get32(ip + 12) == BNS_TAP_GUEST_ADDR ? BNS_DROP_NOT : BNS_DROP_SOURCE;
}

/* --- IPv4, ARP, Ethernet --- */

static BnsDrop
read_ipv4(uint8_t *ip, size_t len, BnsFrame *frame)
{
    size_t total;

    if (len < BNS_FRAME_IP_BYTES || ip[0] >> 4 != 4)
        return BNS_DROP_MALFORMED;
    total = bns_get16(ip + 2);
    if ((ip[0] & 0xf) < 5 || total < (size_t)(ip[0] & 0xf) * 4 || total > len)
        return BNS_DROP_MALFORMED;
    if ((ip[0] & 0xf) > 5)
        return BNS_DROP_OPTIONS;
    if (bns_sum_finish(bns_sum_add(0, ip, BNS_FRAME_IP_BYTES)) != 0)
        return BNS_DROP_CHECKSUM;
    if ((bns_get16(ip + 6) & (IP_MORE_FRAGMENTS | IP_FRAGMENT_OFFSET)) != 0)
        return BNS_DROP_FRAGMENT;
    /* DHCP asks from 0.0.0.0: named as what it is. */
    if (bns_get32(ip + 12) != BNS_TAP_GUEST_ADDR &&
        !(bns_get32(ip + 12) == INADDR_ANY && ip[9] == IPPROTO_UDP))
        return BNS_DROP_SOURCE;
    memcpy(&frame->ends.addr, ip + 16, 4);
    frame->len = BNS_FRAME_ETH_BYTES + total;
    if (ip[9] == IPPROTO_TCP)
        return read_tcp(ip, ip + BNS_FRAME_IP_BYTES, total - BNS_FRAME_IP_BYTES, frame);
    if (ip[9] == IPPROTO_UDP)
        return read_udp(ip, ip + BNS_FRAME_IP_BYTES, total - BNS_FRAME_IP_BYTES, frame);
    return ip[9] == IPPROTO_ICMP ? BNS_DROP_ICMP : BNS_DROP_PROTOCOL;
}

static BnsDrop
read_arp(const uint8_t *arp, size_t len, BnsFrame *frame)
{
    /* Ethernet and IPv4, a request or a reply. */
    static const uint8_t head[] = { 0, 1, 8, 0, 6, 4, 0 };

    if (len < BNS_FRAME_ARP_BYTES || memcmp(arp, head, sizeof(head)) != 0 ||
        arp[7] < 1 || arp[7] > 2)
        return BNS_DROP_MALFORMED;
    if (bns_get32(arp + 14) != BNS_TAP_GUEST_ADDR)
        return BNS_DROP_SOURCE;
    frame->kind = BNS_FRAME_ARP;
    frame->len = BNS_FRAME_ETH_BYTES + BNS_FRAME_ARP_BYTES;
    return BNS_DROP_NOT;
}

static BnsDrop
read_ethernet(uint8_t *bytes, size_t len, BnsFrame *frame)
{
    uint8_t *packet;

    if (len < BNS_FRAME_ETH_BYTES)
        return BNS_DROP_MALFORMED;
    if (len > BNS_FRAME_ETH_BYTES + BNS_TAP_MTU)
        return BNS_DROP_TOO_LONG;
    packet = bytes + BNS_FRAME_ETH_BYTES;
    memcpy(frame->ends.our_mac, bytes, BNS_FRAME_MAC_BYTES);
    memcpy(frame->ends.guest_mac, bytes + BNS_FRAME_MAC_BYTES, BNS_FRAME_MAC_BYTES);
    switch (bns_get16(bytes + 12)) {
    case ETHERTYPE_ARP:
        return read_arp(packet, len - BNS_FRAME_ETH_BYTES, frame);
    case ETHERTYPE_IP:
        return read_ipv4(packet, len - BNS_FRAME_ETH_BYTES, frame);
    case ETHERTYPE_IPV6:
        return BNS_DROP_IPV6;
    default:
        return BNS_DROP_ETHERTYPE;
    }
}

void
bns_frame_read(uint8_t *bytes, size_t len, BnsFrame *out_frame)
{
    memset(out_frame, 0, sizeof(*out_frame));
    out_frame->drop = read_ethernet(bytes, len, out_frame);
    if (out_frame->drop != BNS_DROP_NOT)
        out_frame->kind = BNS_FRAME_DROP;
}

bool
bns_frame_read_own(const uint8_t *bytes, size_t len, BnsOwnSegment *out_segment)
{
    const uint8_t *ip = bytes + BNS_FRAME_ETH_BYTES;
    const uint8_t *tcp = ip + BNS_FRAME_IP_BYTES;
    uint32_t header, data;

    if (len < BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES + BNS_FRAME_TCP_BYTES ||
        bns_get16(bytes + 12) != ETHERTYPE_IP || ip[0] != 0x45 || ip[9] != IPPROTO_TCP)
        return false;
    memset(out_segment, 0, sizeof(*out_segment));
    memcpy(&out_segment->ends.addr, ip + 12, 4);
    out_segment->ends.port = bns_get16(tcp);
    out_segment->ends.guest_port = bns_get16(tcp + 2);
    out_segment->flags = tcp[13];
    header = (uint32_t)(tcp[12] >> 4) * 4;
    data = bns_get16(ip + 2) - (uint32_t)BNS_FRAME_IP_BYTES - header;
    out_segment->fin_end = bns_get32(tcp + 4) + data + 1;
    out_segment->is_bare = header == BNS_FRAME_TCP_BYTES && data == 0;
    return true;
}
