/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames as the command's kernel would send them, for tests; and a reader of answers that
 * checks every checksum. Written without netstack/tap/bytes.h, so that a mistake there
 * does not cancel itself out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX 22000

typedef struct {
    uint8_t bytes[PACKET_MAX];
    size_t len;
} Packet;

typedef struct {
    const char *from; /* dotted; NULL: the command's address */
    const char *to;
    uint16_t from_port;
    uint16_t to_port;
    uint32_t seq;
    uint32_t ack;
    uint8_t flags;
    uint16_t window;
    uint16_t urgent;
    const uint8_t *options; /* a multiple of four bytes */
    size_t options_len;
    const void *data;
    size_t data_len;
} PacketTcp;

/* Good frames; change bytes, then packet_fix() to make the sums good again. */
void packet_tcp(Packet *packet, const PacketTcp *tcp);
void packet_udp(Packet *packet,
                const char *to,
                uint16_t from_port,
                uint16_t to_port,
                const void *data,
                size_t len);
void packet_arp(Packet *packet);
/* Computes the IPv4 header's and the transport's checksum of an IPv4 frame again. */
void packet_fix(Packet *packet);

/* Fails the test if a checksum of the IPv4 frame (TCP, UDP, ICMP) is wrong. */
void packet_assert_sums(const uint8_t *bytes, size_t len);

uint16_t packet_get16(const uint8_t *at);
uint32_t packet_get32(const uint8_t *at);
