/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages (RFC 1035, RFC 6891): reading a query, writing an answer.
 *
 * Pure, for hostile bytes: a query is read whole before anything of it is believed.
 */
#pragma once

#include "netstack/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BNS_DNS_HEADER_BYTES 12

typedef enum {
    BNS_DNS_NOERROR = 0,
    BNS_DNS_FORMERR = 1,
    BNS_DNS_SERVFAIL = 2,
    BNS_DNS_NXDOMAIN = 3,
    BNS_DNS_NOTIMP = 4,
    BNS_DNS_REFUSED = 5,
    BNS_DNS_BADVERS = 16, /* its upper bits are in the OPT record */
} BnsDnsRcode;

typedef enum {
    BNS_DNS_TYPE_A = 1,
    BNS_DNS_TYPE_SOA = 6,
    BNS_DNS_TYPE_PTR = 12,
    BNS_DNS_TYPE_AAAA = 28,
    BNS_DNS_TYPE_OPT = 41,
} BnsDnsType;

/**
 * BnsDnsQuery:
 * @question_len: bytes of the question section, from the header's end; 0 if it could not
 *                be read
 * @name: lower-case, dots between labels; only if is_text, else the same with bytes that
 *        no host name has
 * @is_text: no label holds a dot or a NUL, so that @name is unambiguous
 */
typedef struct {
    uint16_t id;
    uint8_t flags_high; /* as sent: opcode, RD */
    uint8_t flags_low;
    size_t question_len;
    char name[BNS_WIRE_NAME_MAX + 1];
    bool is_text;
    uint16_t type;
    uint16_t class;
    bool has_opt;
    bool wants_dnssec; /* the DO bit, to be copied (RFC 3225) */
} BnsDnsQuery;

/**
 * bns_dns_read:
 * @out_rcode: NOERROR, or what to answer instead: FORMERR, NOTIMP, REFUSED, BADVERS
 *
 * Returns: false if the message must not be answered: no header, or itself an answer.
 */
bool bns_dns_read(const uint8_t *bytes,
                  size_t len,
                  BnsDnsQuery *out_query,
                  BnsDnsRcode *out_rcode);

/* An answer under construction. Its buffer has BNS_DNS_ANSWER_MAX bytes, which the
 * longest answer that bns_dns_write_*() make of one query cannot exceed. */
typedef struct {
    uint8_t *bytes;
    size_t len;
} BnsDnsAnswer;

/* Header and question, as the query spelled it (clients check the case: 0x20). */
void bns_dns_write_head(BnsDnsAnswer *answer,
                        const BnsDnsQuery *query,
                        const uint8_t *query_bytes,
                        BnsDnsRcode rcode);
/* One record about the name that was asked. */
void bns_dns_write_record(BnsDnsAnswer *answer,
                          uint16_t type,
                          uint32_t ttl_s,
                          const void *data,
                          uint16_t len);
/* A PTR record to @name. */
void bns_dns_write_ptr(BnsDnsAnswer *answer, uint32_t ttl_s, const char *name);
/* The SOA of a negative answer (RFC 2308), in the authority section. */
void bns_dns_write_soa(BnsDnsAnswer *answer, uint32_t ttl_s);
/* Our OPT record, if the query had one; last. */
void
bns_dns_write_opt(BnsDnsAnswer *answer, const BnsDnsQuery *query, BnsDnsRcode rcode);
