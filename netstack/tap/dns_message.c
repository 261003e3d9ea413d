/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/dns_message.h"

#include "netstack/tap/bytes.h"
#include "netstack/tap/dns.h"

#include <glib.h>
#include <string.h>

/* First flag byte: QR, opcode, AA, TC, RD; second: RA, Z, AD, CD, rcode. */
#define FLAG_RESPONSE  0x80
#define OPCODE_MASK    0x78
#define FLAG_RECURSION 0x01
#define FLAG_AVAILABLE 0x80
#define FLAG_CHECKING  0x10

#define CLASS_IN            1
#define LABEL_MAX           63
#define WIRE_NAME_MAX       255
#define POINTER_BITS        0xc0
#define POINTER_TO_QUESTION 0xc00c
#define RECORD_BYTES        10 /* behind its name: type, class, TTL, length */
#define QUESTION_TAIL_BYTES 4
#define OPT_BYTES           11
#define OPT_DNSSEC_OK       0x8000
/* Offered to the client; fits one frame of any link (DNS flag day 2020). */
#define OPT_UDP_BYTES 1232

#define SOA_SERVER "ns.boundary.internal"
#define SOA_PERSON "root.boundary.internal"
/* On the wire a name is two bytes longer than its text. */
#define SOA_BYTES                                                                      \
    (sizeof(SOA_SERVER) + 1 + sizeof(SOA_PERSON) + 1 + 5 * sizeof(uint32_t))

/* The longest answers: a question of any length with an SOA; a PTR, whose question is
 * short, to a name of any length. */
G_STATIC_ASSERT(BNS_DNS_HEADER_BYTES + WIRE_NAME_MAX + QUESTION_TAIL_BYTES + 2 +
                    RECORD_BYTES + SOA_BYTES + OPT_BYTES <=
                BNS_DNS_ANSWER_MAX);

/* --- reading --- */

typedef struct {
    const uint8_t *bytes;
    size_t len;
    size_t at;
} Reader;

static size_t
left(const Reader *reader)
{
    return reader->len - reader->at;
}

/* Reads a name of which nothing may be compressed, into @query if it is not NULL. */
static bool
read_name(Reader *reader, BnsDnsQuery *query)
{
    size_t start = reader->at;
    size_t text_len = 0;

    for (;;) {
        size_t label = left(reader) > 0 ? reader->bytes[reader->at] : POINTER_BITS;

        if (label > LABEL_MAX || label + 1 > left(reader) ||
            reader->at + label + 1 - start > WIRE_NAME_MAX)
            return false;
        reader->at++;
        if (label == 0)
            break;
        if (query != NULL && text_len > 0)
            query->name[text_len++] = '.';
        for (size_t i = 0; query != NULL && i < label; i++) {
            char c = g_ascii_tolower((char)reader->bytes[reader->at + i]);

            query->is_text &= c != '.' && c != '\0';
            query->name[text_len++] = c;
        }
        reader->at += label;
    }
    if (query != NULL)
        query->name[text_len] = '\0';
    return true;
}

static bool
read_question(Reader *reader, BnsDnsQuery *query)
{
    query->is_text = true;
    if (!read_name(reader, query) || left(reader) < QUESTION_TAIL_BYTES)
        return false;
    query->type = bns_get16(reader->bytes + reader->at);
    query->class = bns_get16(reader->bytes + reader->at + 2);
    reader->at += QUESTION_TAIL_BYTES;
    query->question_len = reader->at - BNS_DNS_HEADER_BYTES;
    return true;
}

/* Reads one record of the additional section; only OPT means anything to us. */
static bool
read_additional(Reader *reader, BnsDnsQuery *query, BnsDnsRcode *rcode)
{
    size_t name_at = reader->at;
    const uint8_t *record;

    if (!read_name(reader, NULL) || left(reader) < RECORD_BYTES)
        return false;
    record = reader->bytes + reader->at;
    reader->at += RECORD_BYTES;
    if (left(reader) < bns_get16(record + 8))
        return false;
    reader->at += bns_get16(record + 8);
    if (bns_get16(record) != BNS_DNS_TYPE_OPT)
        return true;
    /* RFC 6891, 6.1.1: once, and of the root. */
    if (query->has_opt || reader->bytes[name_at] != 0)
        return false;
    query->has_opt = true;
    query->wants_dnssec = (bns_get16(record + 6) & OPT_DNSSEC_OK) != 0;
    if (record[5] != 0)
        *rcode = BNS_DNS_BADVERS;
    return true;
}

static bool
read_sections(Reader *reader, BnsDnsQuery *query, BnsDnsRcode *rcode)
{
    const uint8_t *counts = reader->bytes + 4;

    /* One question, no answer, no authority. */
    if (bns_get16(counts) != 1 || bns_get16(counts + 2) != 0 ||
        bns_get16(counts + 4) != 0 || !read_question(reader, query))
        return false;
    for (unsigned i = bns_get16(counts + 6); i > 0; i--)
        if (!read_additional(reader, query, rcode))
            return false;
    return left(reader) == 0;
}

bool
bns_dns_read(const uint8_t *bytes,
             size_t len,
             BnsDnsQuery *out_query,
             BnsDnsRcode *out_rcode)
{
    Reader reader = { bytes, len, BNS_DNS_HEADER_BYTES };

    memset(out_query, 0, sizeof(*out_query));
    *out_rcode = BNS_DNS_NOERROR;
    if (len < BNS_DNS_HEADER_BYTES || (bytes[2] & FLAG_RESPONSE) != 0)
        return false;
    out_query->id = bns_get16(bytes);
    out_query->flags_high = bytes[2];
    out_query->flags_low = bytes[3];
    if ((bytes[2] & OPCODE_MASK) != 0)
        *out_rcode = BNS_DNS_NOTIMP;
    else if (!read_sections(&reader, out_query, out_rcode))
        *out_rcode = BNS_DNS_FORMERR;
    else if (*out_rcode == BNS_DNS_NOERROR && out_query->class != CLASS_IN)
        *out_rcode = BNS_DNS_REFUSED;
    return true;
}

/* --- writing --- */

static void
put(BnsDnsAnswer *answer, const void *bytes, size_t len)
{
    g_assert(answer->len + len <= BNS_DNS_ANSWER_MAX);
    memcpy(answer->bytes + answer->len, bytes, len);
    answer->len += len;
}

static void
put16(BnsDnsAnswer *answer, uint16_t value)
{
    uint8_t bytes[2];

    bns_put16(bytes, value);
    put(answer, bytes, sizeof(bytes));
}

static void
put32(BnsDnsAnswer *answer, uint32_t value)
{
    put16(answer, (uint16_t)(value >> 16));
    put16(answer, (uint16_t)value);
}

/* Counts one more record in a section: 6 answers, 8 authorities, 10 additional. */
static void
count(BnsDnsAnswer *answer, size_t section_at)
{
    uint8_t *at = answer->bytes + section_at;

    bns_put16(at, (uint16_t)(bns_get16(at) + 1));
}

static void
put_record_head(BnsDnsAnswer *answer, uint16_t type, uint32_t ttl_s, size_t len)
{
    put16(answer, POINTER_TO_QUESTION);
    put16(answer, type);
    put16(answer, CLASS_IN);
    put32(answer, ttl_s);
    put16(answer, (uint16_t)len);
}

/* Writes a valid name of text; one byte longer than its text and its end. */
static void
put_name(BnsDnsAnswer *answer, const char *name)
{
    while (*name != '\0') {
        uint8_t label = (uint8_t)strcspn(name, ".");

        put(answer, &label, 1);
        put(answer, name, label);
        name += label + (name[label] == '.');
    }
    put(answer, "", 1);
}

void
bns_dns_write_head(BnsDnsAnswer *answer,
                   const BnsDnsQuery *query,
                   const uint8_t *query_bytes,
                   BnsDnsRcode rcode)
{
    uint8_t *head = answer->bytes;

    memset(head, 0, BNS_DNS_HEADER_BYTES);
    bns_put16(head, query->id);
    head[2] =
        (uint8_t)(FLAG_RESPONSE | (query->flags_high & (OPCODE_MASK | FLAG_RECURSION)));
    head[3] =
        (uint8_t)(FLAG_AVAILABLE | (query->flags_low & FLAG_CHECKING) | (rcode & 0xf));
    answer->len = BNS_DNS_HEADER_BYTES;
    if (query->question_len > 0) {
        bns_put16(head + 4, 1);
        put(answer, query_bytes + BNS_DNS_HEADER_BYTES, query->question_len);
    }
}

void
bns_dns_write_record(
    BnsDnsAnswer *answer, uint16_t type, uint32_t ttl_s, const void *data, uint16_t len)
{
    put_record_head(answer, type, ttl_s, len);
    put(answer, data, len);
    count(answer, 6);
}

void
bns_dns_write_ptr(BnsDnsAnswer *answer, uint32_t ttl_s, const char *name)
{
    put_record_head(answer, BNS_DNS_TYPE_PTR, ttl_s, strlen(name) + 2);
    put_name(answer, name);
    count(answer, 6);
}

void
bns_dns_write_soa(BnsDnsAnswer *answer, uint32_t ttl_s)
{
    put_record_head(answer, BNS_DNS_TYPE_SOA, ttl_s, SOA_BYTES);
    put_name(answer, SOA_SERVER);
    put_name(answer, SOA_PERSON);
    /* Serial, refresh, retry, expire: nobody transfers it. The last is what counts. */
    for (size_t i = 0; i < 4; i++)
        put32(answer, 1);
    put32(answer, ttl_s);
    count(answer, 8);
}

void
bns_dns_write_opt(BnsDnsAnswer *answer, const BnsDnsQuery *query, BnsDnsRcode rcode)
{
    if (!query->has_opt)
        return;
    put(answer, "", 1);
    put16(answer, BNS_DNS_TYPE_OPT);
    put16(answer, OPT_UDP_BYTES);
    put16(answer, (uint16_t)(rcode >> 4 << 8)); /* extended rcode, version 0 */
    put16(answer, query->wants_dnssec ? OPT_DNSSEC_OK : 0);
    put16(answer, 0);
    count(answer, 10);
}
