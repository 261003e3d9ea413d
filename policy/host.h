/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts: the one canonical form of a name or address literal.
 *
 * Decided, dialled, verified and sent are all this form; nothing parses a host twice.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 1035 name length, or an IPv6 literal. */
#define BNS_HOST_MAX 253

typedef enum {
    BNS_HOST_NAME,
    BNS_HOST_IPV4,
    BNS_HOST_IPV6,
} BnsHostKind;

typedef struct {
    BnsHostKind kind;
    char text[BNS_HOST_MAX + 1]; /* lower-case, no trailing dot; IPv6 RFC 5952, no [] */
    struct in_addr v4;           /* kind IPV4 */
    struct in6_addr v6;          /* kind IPV6 */
} BnsHost;

/**
 * bns_host_canonical:
 * @bytes: a host as a client sent it, without port: name, IPv4, or [IPv6] with brackets
 *
 * Labels are LDH and '_', at most 63 octets. A host whose last label is all digits or
 * begins with 0x must be a strict dotted quad. Anything else (NUL, '%', '@', zone ids,
 * empty labels, non-ASCII, ...) is refused. Pure. Returns: whether it is a host.
 */
bool bns_host_canonical(const char *bytes, size_t len, BnsHost *out_host);

/**
 * bns_host_split_port:
 * @bytes: host or host:port or [v6]:port, as in a Host header or authority
 * @out_port: the port, or 0 if there is none ("host:" is refused)
 *
 * Pure. Returns: whether both parts are valid (port 1-65535, decimal, no sign, no
 * leading zero).
 */
bool bns_host_split_port(const char *bytes,
                         size_t len,
                         BnsHost *out_host,
                         uint16_t *out_port);

/* @canonical as it stands before ":PORT": an IPv6 literal in brackets (RFC 3986, 3.2.2).
 * (transfer full). */
char *bns_host_bracket(const char *canonical);

/* "localhost" and below: the sandbox's own loopback. */
bool bns_host_is_localhost(const char *canonical);
/* "boundary.internal" and below: ours, never asked upstream. */
bool bns_host_is_internal(const char *canonical);
