/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS queries, byte by byte, and answers taken apart, for tests.
 */
#pragma once

#include "netstack/tap/dns.h"

#define A     1
#define NS    2
#define SOA   6
#define PTR   12
#define MX    15
#define TXT   16
#define AAAA  28
#define SRV   33
#define OPT   41
#define SVCB  64
#define HTTPS 65
#define AXFR  252
#define ANY   255

#define NOERROR  0
#define FORMERR  1
#define SERVFAIL 2
#define NXDOMAIN 3
#define NOTIMP   4
#define REFUSED  5

typedef struct {
    uint8_t bytes[BNS_DNS_QUERY_MAX];
    size_t len;
} Query;

typedef struct {
    uint8_t bytes[BNS_DNS_ANSWER_MAX];
    BnsDnsResult result;
    unsigned rcode;
    unsigned n_answers;
    unsigned n_authorities;
    unsigned n_additional;
    size_t record_at; /* behind the question */
} Answer;

void query_add(Query *query, const void *bytes, size_t len);
void query_add16(Query *query, unsigned value);
/* RD set, id 0xabcd. */
Query query_head(unsigned qd, unsigned an, unsigned ns, unsigned ar);
Query query_for(const char *name, unsigned type);
void query_add_opt(Query *query, uint8_t version, unsigned flags, const char *options);

/* Asks with a copy that ends where the query does. */
Answer dns_ask(BnsNames *names, const Query *query);
Answer dns_ask_name(BnsNames *names, const char *name, unsigned type);
/* The first record of @answer. */
const uint8_t *dns_record(const Answer *answer);
