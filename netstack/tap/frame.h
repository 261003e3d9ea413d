/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: what the command's kernel may say to libslirp.
 *
 * Every frame from the link passes through bns_frame_read() first. Only ARP and whole,
 * unfragmented IPv4 TCP of the command's own address go on; the rest is answered by us
 * (DNS, ICMP for other UDP) or dropped and counted. libslirp 4.7 has unfixed faults in
 * urgent data, reassembly, TFTP and IPv6 (its restricted mode does not hold there); what
 * is not passed cannot reach them.
 *
 * Pure: bytes in, value out. Nothing allocates, and no length field is trusted.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BNS_FRAME_MAC_BYTES 6
/* Ethernet, IPv4 and TCP headers as we write them. */
#define BNS_FRAME_ARP_BYTES 28
#define BNS_FRAME_ETH_BYTES 14
#define BNS_FRAME_IP_BYTES  20
#define BNS_FRAME_TCP_BYTES 20
#define BNS_FRAME_UDP_BYTES 8

/* TCP flags. */
#define BNS_TCP_FIN 0x01
#define BNS_TCP_SYN 0x02
#define BNS_TCP_RST 0x04
#define BNS_TCP_ACK 0x10
#define BNS_TCP_URG 0x20

/**
 * BnsFrameKind:
 * @BNS_FRAME_DROP: nothing may see it; the reason is in drop
 * @BNS_FRAME_ARP: for libslirp
 * @BNS_FRAME_SYN: opens a connection; held, never passed as it is
 * @BNS_FRAME_TCP: any other segment
 * @BNS_FRAME_DNS: UDP to port 53 of any address
 * @BNS_FRAME_UDP: other UDP: refused by ICMP, unless is_group
 */
typedef enum {
    BNS_FRAME_DROP,
    BNS_FRAME_ARP,
    BNS_FRAME_SYN,
    BNS_FRAME_TCP,
    BNS_FRAME_DNS,
    BNS_FRAME_UDP,
    BNS_N_FRAME_KINDS,
} BnsFrameKind;

typedef enum {
    BNS_DROP_NOT,
    BNS_DROP_MALFORMED, /* shorter than its own length fields say, and the like */
    BNS_DROP_TOO_LONG,  /* over the link's MTU */
    BNS_DROP_ETHERTYPE, /* neither IPv4, IPv6 nor ARP */
    BNS_DROP_IPV6,
    BNS_DROP_OPTIONS, /* IPv4 options */
    BNS_DROP_FRAGMENT,
    BNS_DROP_CHECKSUM,
    BNS_DROP_SOURCE,      /* not the command's address */
    BNS_DROP_DESTINATION, /* TCP to what is no host: multicast, 0.0.0.0/8, 127.0.0.0/8 */
    BNS_DROP_ICMP,
    BNS_DROP_DHCP,
    BNS_DROP_TFTP,
    BNS_DROP_PROTOCOL, /* another IPv4 protocol */
    BNS_DROP_FLAGS,    /* SYN together with FIN, RST or ACK */
    BNS_DROP_LINK,     /* the link could not take or give a frame */
    BNS_N_DROPS,
} BnsDrop;

/* "malformed", "too long", ... */
const char *bns_drop_name(BnsDrop drop);

/* Who talks to whom: the command's side is BNS_TAP_GUEST. */
typedef struct {
    uint8_t guest_mac[BNS_FRAME_MAC_BYTES];
    uint8_t our_mac[BNS_FRAME_MAC_BYTES]; /* the one that the command sent to */
    uint32_t addr;                        /* the other side's, network order */
    uint16_t port;                        /* the other side's, host order */
    uint16_t guest_port;                  /* host order */
} BnsEnds;

/* What no two connections have alike at a time: address and ports are 64 bits together. */
static inline uint64_t
bns_ends_key(const BnsEnds *ends)
{
    return (uint64_t)ends->addr << 32 | (uint32_t)ends->port << 16 | ends->guest_port;
}

/* A place for a connection among @n, a power of two. The upper half of a product with
 * 2^64 / phi depends on all bits. */
static inline size_t
bns_ends_place(uint64_t key, size_t n)
{
    return (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (n - 1));
}

typedef struct {
    BnsFrameKind kind;
    BnsDrop drop; /* NOT unless kind is DROP */
    size_t len;   /* bytes of the frame without padding */
    BnsEnds ends; /* of ARP the Ethernet addresses alone; not for DROP */
    /* SYN and TCP. */
    uint8_t flags;
    uint32_t seq;
    uint32_t ack;
    uint16_t window;
    uint16_t mss; /* SYN: its option, or 0 */
    /* DNS, UDP: the datagram; TCP: the segment's data. Points into the frame. */
    const uint8_t *payload;
    size_t payload_len;
    bool is_group; /* UDP: to a multicast or broadcast address: never answered */
} BnsFrame;

/**
 * bns_frame_read:
 * @bytes: one Ethernet frame; a TCP segment with URG is changed in place to one without
 *         (and its checksum with it)
 */
void bns_frame_read(uint8_t *bytes, size_t len, BnsFrame *out_frame);

/* A TCP segment that libslirp made. */
typedef struct {
    BnsEnds ends; /* no Ethernet addresses */
    uint8_t flags;
    uint32_t fin_end; /* with FIN: the sequence number that acknowledges it */
    bool is_bare;     /* it has neither options nor data */
} BnsOwnSegment;

/* @bytes: a frame that libslirp made. Returns: whether it is a TCP segment. */
bool bns_frame_read_own(const uint8_t *bytes, size_t len, BnsOwnSegment *out_segment);
