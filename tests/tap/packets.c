/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap/packets.h"

#include "netstack/tap/tap.h"

#include <arpa/inet.h>
#include <glib.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

static const uint8_t guest_mac[] = { 2, 0, 0, 0, 0, 3 };
static const uint8_t our_mac[] = { 0x52, 0x55, 198, 18, 0, 1 };

uint16_t
packet_get16(const uint8_t *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof(value));
    return ntohs(value);
}

uint32_t
packet_get32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return ntohl(value);
}

/* In native order, as RFC 1071 allows: another way than the code under test goes. */
static uint16_t
checksum(const uint8_t *bytes, size_t len, uint64_t sum)
{
    for (size_t i = 0; i < len; i += 2) {
        uint16_t word = 0;

        memcpy(&word, bytes + i, MIN(2, len - i));
        sum += word;
    }
    while (sum > 0xffff)
        sum = sum / 0x10000 + sum % 0x10000;
    return (uint16_t)~sum;
}

static uint16_t
transport_sum(const uint8_t *ip, size_t len)
{
    uint64_t sum = (uint16_t)~checksum(ip + 12, 8, 0);

    sum += htons(ip[9]) + (uint64_t)htons((uint16_t)len);
    return checksum(ip + 20, len, sum);
}

static size_t
sum_offset(uint8_t protocol)
{
    return protocol == IPPROTO_TCP   ? offsetof(struct tcphdr, check)
           : protocol == IPPROTO_UDP ? offsetof(struct udphdr, check)
                                     : offsetof(struct icmphdr, checksum);
}

void
packet_fix(Packet *packet)
{
    uint8_t *ip = packet->bytes + 14;
    uint8_t *at = ip + 20 + sum_offset(ip[9]);
    uint16_t sum;

    memset(ip + 10, 0, 2);
    sum = checksum(ip, (size_t)(ip[0] & 0xf) * 4, 0);
    memcpy(ip + 10, &sum, 2);
    memset(at, 0, 2);
    sum = ip[9] == IPPROTO_ICMP ? checksum(ip + 20, packet->len - 34, 0)
                                : transport_sum(ip, packet->len - 34);
    memcpy(at, &sum, 2);
}

void
packet_assert_sums(const uint8_t *bytes, size_t len)
{
    const uint8_t *ip = bytes + 14;

    g_assert_cmpuint(len, >=, 34);
    g_assert_cmpuint(packet_get16(bytes + 12), ==, ETHERTYPE_IP);
    g_assert_cmpuint(packet_get16(ip + 2), ==, len - 14);
    g_assert_cmpuint(checksum(ip, 20, 0), ==, 0);
    if (ip[9] == IPPROTO_ICMP)
        g_assert_cmpuint(checksum(ip + 20, len - 34, 0), ==, 0);
    else
        g_assert_cmpuint(transport_sum(ip, len - 34), ==, 0);
}

static uint8_t *
start(Packet *packet, const char *from, const char *to, uint8_t protocol, size_t len)
{
    struct iphdr ip = { .version = 4,
                        .ihl = 5,
                        .tot_len = htons((uint16_t)(20 + len)),
                        .ttl = 64,
                        .protocol = protocol,
                        .saddr = inet_addr(from != NULL ? from : BNS_TAP_GUEST),
                        .daddr = inet_addr(to) };

    memset(packet, 0, sizeof(*packet));
    memcpy(packet->bytes, our_mac, 6);
    memcpy(packet->bytes + 6, guest_mac, 6);
    packet->bytes[12] = ETHERTYPE_IP >> 8;
    memcpy(packet->bytes + 14, &ip, sizeof(ip));
    packet->len = 34 + len;
    return packet->bytes + 34;
}

void
packet_tcp(Packet *packet, const PacketTcp *tcp)
{
    size_t header = 20 + tcp->options_len;
    uint8_t *at =
        start(packet, tcp->from, tcp->to, IPPROTO_TCP, header + tcp->data_len);
    struct tcphdr head = { .source = htons(tcp->from_port),
                           .dest = htons(tcp->to_port),
                           .seq = htonl(tcp->seq),
                           .ack_seq = htonl(tcp->ack),
                           .window = htons(tcp->window),
                           .urg_ptr = htons(tcp->urgent) };

    memcpy(at, &head, sizeof(head));
    at[12] = (uint8_t)(header / 4 << 4);
    at[13] = tcp->flags;
    if (tcp->options_len > 0)
        memcpy(at + 20, tcp->options, tcp->options_len);
    if (tcp->data_len > 0)
        memcpy(at + header, tcp->data, tcp->data_len);
    packet_fix(packet);
}

void
packet_udp(Packet *packet,
           const char *to,
           uint16_t from_port,
           uint16_t to_port,
           const void *data,
           size_t len)
{
    uint8_t *at = start(packet, NULL, to, IPPROTO_UDP, 8 + len);
    struct udphdr head = { .source = htons(from_port),
                           .dest = htons(to_port),
                           .len = htons((uint16_t)(8 + len)) };

    memcpy(at, &head, sizeof(head));
    if (len > 0)
        memcpy(at + 8, data, len);
    packet_fix(packet);
}

void
packet_arp(Packet *packet)
{
    static const uint8_t arp[] = { 0, 1, 8, 0, 6,   4,  0, 1, /* sender */ 2, 0,
                                   0, 0, 0, 3, 198, 18, 0, 3, /* target */ 0, 0,
                                   0, 0, 0, 0, 198, 18, 0, 1 };

    memset(packet, 0, sizeof(*packet));
    memset(packet->bytes, 0xff, 6);
    memcpy(packet->bytes + 6, guest_mac, 6);
    packet->bytes[12] = ETHERTYPE_ARP >> 8;
    packet->bytes[13] = ETHERTYPE_ARP & 0xff;
    memcpy(packet->bytes + 14, arp, sizeof(arp));
    packet->len = 14 + sizeof(arp);
}
