/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/reply.h"

#include "netstack/tap/bytes.h"
#include "netstack/tap/tap.h"

#include <glib.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define TTL              64
#define IP_DONT_FRAGMENT 0x4000
#define ICMP_BYTES       8
#define MSS_OPTION_BYTES 4
#define SYN_OPTION_MSS   2

/* What of a packet a reply writes: addresses are in host order. */
typedef struct {
    uint32_t from;
    uint32_t to;
    uint8_t protocol;
} Route;

static Route
route_to_guest(const BnsEnds *ends, uint8_t protocol)
{
    return (Route){ ntohl(ends->addr), BNS_TAP_GUEST_ADDR, protocol };
}

static Route
route_from_guest(const BnsEnds *ends, uint8_t protocol)
{
    return (Route){ BNS_TAP_GUEST_ADDR, ntohl(ends->addr), protocol };
}

static void
put_ethernet(uint8_t *out, const uint8_t *to, const uint8_t *from)
{
    memcpy(out, to, BNS_FRAME_MAC_BYTES);
    memcpy(out + BNS_FRAME_MAC_BYTES, from, BNS_FRAME_MAC_BYTES);
    bns_put16(out + 12, ETHERTYPE_IP);
}

/* Writes the IPv4 header for @len bytes behind it. */
static void
put_ip(uint8_t *ip, const Route *route, size_t len)
{
    memset(ip, 0, BNS_FRAME_IP_BYTES);
    ip[0] = 0x45;
    bns_put16(ip + 2, (uint16_t)(BNS_FRAME_IP_BYTES + len));
    bns_put16(ip + 6, IP_DONT_FRAGMENT);
    ip[8] = TTL;
    ip[9] = route->protocol;
    bns_put32(ip + 12, route->from);
    bns_put32(ip + 16, route->to);
    bns_put16(ip + 10, bns_sum_finish(bns_sum_add(0, ip, BNS_FRAME_IP_BYTES)));
}

static uint16_t
transport_checksum(const uint8_t *ip, size_t len)
{
    uint32_t sum = bns_sum_add(0, ip + 12, 8);

    sum += ip[9] + (uint32_t)len;
    return bns_sum_finish(bns_sum_add(sum, ip + BNS_FRAME_IP_BYTES, len));
}

typedef struct {
    uint16_t from_port;
    uint16_t to_port;
    uint32_t seq;
    uint32_t ack;
    uint8_t flags;
    uint16_t window;
    uint16_t mss; /* 0: no option */
} Segment;

/* Returns: the length of the packet, IPv4 header included. */
static size_t
put_segment(uint8_t *ip, const Route *route, const Segment *segment)
{
    uint8_t *tcp = ip + BNS_FRAME_IP_BYTES;
    size_t len = BNS_FRAME_TCP_BYTES + (segment->mss != 0 ? MSS_OPTION_BYTES : 0);

    put_ip(ip, route, len);
    memset(tcp, 0, len);
    bns_put16(tcp, segment->from_port);
    bns_put16(tcp + 2, segment->to_port);
    bns_put32(tcp + 4, segment->seq);
    bns_put32(tcp + 8, segment->ack);
    tcp[12] = (uint8_t)(len / 4 << 4);
    tcp[13] = segment->flags;
    bns_put16(tcp + 14, segment->window);
    if (segment->mss != 0) {
        tcp[20] = SYN_OPTION_MSS;
        tcp[21] = MSS_OPTION_BYTES;
        bns_put16(tcp + 22, segment->mss);
    }
    bns_put16(tcp + 16, transport_checksum(ip, len));
    return BNS_FRAME_IP_BYTES + len;
}

/* A frame with @segment. Returns: its length. */
static size_t
put_to_guest(uint8_t *out, const BnsEnds *ends, const Segment *segment)
{
    const Route route = route_to_guest(ends, IPPROTO_TCP);

    put_ethernet(out, ends->guest_mac, ends->our_mac);
    return BNS_FRAME_ETH_BYTES +
           put_segment(out + BNS_FRAME_ETH_BYTES, &route, segment);
}

/* The same as if the guest had sent it. */
static size_t
put_from_guest(uint8_t *out, const BnsEnds *ends, const Segment *segment)
{
    const Route route = route_from_guest(ends, IPPROTO_TCP);

    put_ethernet(out, ends->our_mac, ends->guest_mac);
    return BNS_FRAME_ETH_BYTES +
           put_segment(out + BNS_FRAME_ETH_BYTES, &route, segment);
}

/* Puts an ICMP "destination unreachable" around the quoted packet of @len bytes that
 * already lies behind both headers. Returns: the length of the frame. */
static size_t
put_unreachable(uint8_t *out, uint32_t from, uint8_t code, size_t len)
{
    uint8_t *ip = out + BNS_FRAME_ETH_BYTES;
    uint8_t *icmp = ip + BNS_FRAME_IP_BYTES;
    const Route route = { from, BNS_TAP_GUEST_ADDR, IPPROTO_ICMP };

    memset(icmp, 0, ICMP_BYTES);
    icmp[0] = ICMP_DEST_UNREACH;
    icmp[1] = code;
    bns_put16(icmp + 2, bns_sum_finish(bns_sum_add(0, icmp, ICMP_BYTES + len)));
    put_ip(ip, &route, ICMP_BYTES + len);
    return BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES + ICMP_BYTES + len;
}

size_t
bns_reply_refusal(const BnsEnds *ends, uint32_t isn, uint8_t *out)
{
    const Segment segment = { .from_port = ends->port,
                              .to_port = ends->guest_port,
                              .ack = isn + 1,
                              .flags = BNS_TCP_RST | BNS_TCP_ACK };

    return put_to_guest(out, ends, &segment);
}

size_t
bns_reply_reset(const BnsEnds *ends, uint32_t seq, uint8_t *out)
{
    const Segment segment = { .from_port = ends->port,
                              .to_port = ends->guest_port,
                              .seq = seq,
                              .flags = BNS_TCP_RST };

    return put_to_guest(out, ends, &segment);
}

size_t
bns_reply_host_unreachable(const BnsEnds *ends, uint32_t isn, uint8_t *out)
{
    const Route route = route_from_guest(ends, IPPROTO_TCP);
    const Segment quoted = { .from_port = ends->guest_port,
                             .to_port = ends->port,
                             .seq = isn,
                             .flags = BNS_TCP_SYN };
    uint8_t *packet = out + BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES + ICMP_BYTES;

    put_ethernet(out, ends->guest_mac, ends->our_mac);
    return put_unreachable(out, BNS_TAP_ROUTER_ADDR, ICMP_HOST_UNREACH,
                           put_segment(packet, &route, &quoted));
}

size_t
bns_reply_port_unreachable(const BnsEnds *ends,
                           const uint8_t *frame,
                           size_t len,
                           uint8_t *out)
{
    uint8_t *packet = out + BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES + ICMP_BYTES;
    size_t room = BNS_REPLY_MAX - (size_t)(packet - out);
    size_t quoted = MIN(len - BNS_FRAME_ETH_BYTES, room);

    put_ethernet(out, ends->guest_mac, ends->our_mac);
    memcpy(packet, frame + BNS_FRAME_ETH_BYTES, quoted);
    return put_unreachable(out, ntohl(ends->addr), ICMP_PORT_UNREACH, quoted);
}

size_t
bns_reply_datagram(const BnsEnds *ends,
                   const uint8_t *payload,
                   size_t len,
                   uint8_t *out)
{
    const Route route = route_to_guest(ends, IPPROTO_UDP);
    uint8_t *ip = out + BNS_FRAME_ETH_BYTES;
    uint8_t *udp = ip + BNS_FRAME_IP_BYTES;
    uint16_t checksum;

    put_ethernet(out, ends->guest_mac, ends->our_mac);
    put_ip(ip, &route, BNS_FRAME_UDP_BYTES + len);
    bns_put16(udp, ends->port);
    bns_put16(udp + 2, ends->guest_port);
    bns_put16(udp + 4, (uint16_t)(BNS_FRAME_UDP_BYTES + len));
    bns_put16(udp + 6, 0);
    memcpy(udp + BNS_FRAME_UDP_BYTES, payload, len);
    checksum = transport_checksum(ip, BNS_FRAME_UDP_BYTES + len);
    /* RFC 768: zero means that there is none. */
    bns_put16(udp + 6, checksum != 0 ? checksum : 0xffff);
    return BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES + BNS_FRAME_UDP_BYTES + len;
}

size_t
bns_reply_announce(const uint8_t *guest_mac, uint8_t *out)
{
    /* Ethernet and IPv4, a request for the own address (RFC 5227, 3). */
    static const uint8_t head[] = { 0, 1, 8, 0, 6, 4, 0, ARPOP_REQUEST };
    uint8_t *arp = out + BNS_FRAME_ETH_BYTES;

    memset(out, 0xff, BNS_FRAME_MAC_BYTES);
    memcpy(out + BNS_FRAME_MAC_BYTES, guest_mac, BNS_FRAME_MAC_BYTES);
    bns_put16(out + 12, ETHERTYPE_ARP);
    memset(arp, 0, BNS_FRAME_ARP_BYTES);
    memcpy(arp, head, sizeof(head));
    memcpy(arp + 8, guest_mac, BNS_FRAME_MAC_BYTES);
    bns_put32(arp + 14, BNS_TAP_GUEST_ADDR);
    bns_put32(arp + 24, BNS_TAP_GUEST_ADDR);
    return BNS_FRAME_ETH_BYTES + BNS_FRAME_ARP_BYTES;
}

size_t
bns_reply_syn(
    const BnsEnds *ends, uint32_t isn, uint16_t window, uint16_t mss, uint8_t *out)
{
    const Segment segment = { .from_port = ends->guest_port,
                              .to_port = ends->port,
                              .seq = isn,
                              .flags = BNS_TCP_SYN,
                              .window = window,
                              .mss = mss };

    return put_from_guest(out, ends, &segment);
}

size_t
bns_reply_cut(const BnsEnds *ends, uint32_t seq, uint8_t *out)
{
    const Segment segment = { .from_port = ends->guest_port,
                              .to_port = ends->port,
                              .seq = seq,
                              .flags = BNS_TCP_RST };

    return put_from_guest(out, ends, &segment);
}
