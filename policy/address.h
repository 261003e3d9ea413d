/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and networks of them, both families in one type.
 *
 * An IPv4-mapped IPv6 address is the IPv4 address in it: the kernel dials the same.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct {
    bool is_ipv4;
    uint8_t bytes[16]; /* network order; IPv4 uses the first four, the rest is 0 */
} BnsAddress;

typedef struct {
    BnsAddress address; /* no bit set below the prefix */
    unsigned prefix;    /* in bits: 0-32, or 0-128 */
} BnsNetwork;

/* @text: dotted quad, or IPv6 without []. Returns: whether it is one. */
bool bns_address_parse(const char *text, BnsAddress *out_address);
/* Returns: false for other families than AF_INET and AF_INET6. */
bool
bns_address_from_sockaddr(const struct sockaddr *sockaddr, BnsAddress *out_address);

bool bns_address_equal(const BnsAddress *a, const BnsAddress *b);

/* Whether a packet to @address may end at an IPv4 address that it carries: NAT64
 * (RFC 6052, the well-known prefix) and 6to4 (RFC 3056). */
bool bns_address_get_embedded(const BnsAddress *address, BnsAddress *out_ipv4);

/**
 * bns_network_parse:
 * @text: "10.0.0.0/8" or "fd00::/8"
 *
 * Returns: whether it is a network; if not, @error says what to write instead
 *          (BNS_POLICY_ERROR_INVALID).
 */
bool bns_network_parse(const char *text, BnsNetwork *out_network, GError **error);
/* Returns: the network of @prefix bits that @address is in. */
BnsNetwork bns_network_around(const BnsAddress *address, unsigned prefix);
bool bns_network_contains(const BnsNetwork *network, const BnsAddress *address);
/* Returns: (transfer full): as bns_network_parse() reads it. */
char *bns_network_to_string(const BnsNetwork *network);
