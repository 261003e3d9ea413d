/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS: the only name server that the command can reach, and it asks nobody.
 *
 * Every valid name has an address of ours (names.h); the name itself travels with the
 * flow to the gateway, which decides and resolves. So nothing leaves by DNS, and what a
 * name resolves to outside is not known here: types other than A are empty.
 *
 * Answers by question: A, the synthetic address, TTL 60; AAAA, HTTPS, TXT, MX, SRV and
 * all others, NOERROR without data; PTR of an address of ours, its name; of any other,
 * NXDOMAIN. localhost is the sandbox's own; of boundary.internal there is only what has
 * an address from the beginning (the host, where it offers a port). A name that is no host name (policy/host.h has the same rules), or beyond the limit,
 * gets SERVFAIL. Negative answers carry an SOA that keeps them for seconds only.
 */
#pragma once

#include "netstack/tap/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest question that is read, in bytes: more than any client sends. */
#define BNS_DNS_QUERY_MAX 4096
/* Longest answer: what every client takes without EDNS (RFC 1035, 4.2.1). */
#define BNS_DNS_ANSWER_MAX 512

/**
 * BnsDnsNews:
 * @BNS_DNS_OLD: nothing to record
 * @BNS_DNS_NEW_NAME: asked for the first time in this session
 * @BNS_DNS_REFUSED_INVALID: no host name
 * @BNS_DNS_REFUSED_LIMIT: too many names
 */
typedef enum {
    BNS_DNS_OLD,
    BNS_DNS_NEW_NAME,
    BNS_DNS_REFUSED_INVALID,
    BNS_DNS_REFUSED_LIMIT,
} BnsDnsNews;

typedef struct {
    size_t len; /* of the answer; 0: the query deserves none */
    BnsDnsNews news;
    /* The name that was asked, lower-case, dots between labels; bytes of an invalid name
     * as they came, cut at a NUL. Empty unless there is news. */
    char name[BNS_WIRE_NAME_MAX + 1];
} BnsDnsResult;

/**
 * bns_dns_answer:
 * @query: one message, without the length that TCP puts before it
 * @out: BNS_DNS_ANSWER_MAX bytes
 *
 * Changes nothing but @names.
 */
BnsDnsResult
bns_dns_answer(BnsNames *names, const uint8_t *query, size_t len, uint8_t *out);
