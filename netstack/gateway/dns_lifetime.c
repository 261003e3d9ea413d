/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/dns_lifetime.h"

#include <string.h>

#define HEADER_BYTES 12
/* Type, class, TTL, length of the data. */
#define RECORD_BYTES 10
#define TYPE_A       1
#define TYPE_AAAA    28
#define CLASS_IN     1

typedef struct {
    const uint8_t *at;
    size_t left;
} Cursor;

static bool
skip(Cursor *cursor, size_t len)
{
    if (cursor->left < len)
        return false;
    cursor->at += len;
    cursor->left -= len;
    return true;
}

static uint16_t
read_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* RFC 2181, 8: a TTL with its highest bit set is 0. */
static uint32_t
read_ttl(const uint8_t *at)
{
    uint32_t ttl = (uint32_t)read_u16(at) << 16 | read_u16(at + 2);

    return ttl > INT32_MAX ? 0 : ttl;
}

/* A name ends with its root label, or where it goes on elsewhere: nothing is followed. */
static bool
skip_name(Cursor *cursor)
{
    while (cursor->left > 0) {
        uint8_t label = *cursor->at;

        if (label == 0)
            return skip(cursor, 1);
        if (label >= 0xc0)
            return skip(cursor, 2);
        if (label > 63 || !skip(cursor, 1U + label))
            return false;
    }
    return false;
}

/* Marks the address of @answer that the data is, if it is one. */
static uint32_t
find(const BnsResolverAnswer *answer, uint16_t family, const uint8_t *data, size_t len)
{
    size_t wanted = family == AF_INET ? 4 : 16;

    for (uint32_t i = 0; i < answer->n_addresses; i++)
        if (answer->addresses[i].family == family && len == wanted &&
            memcmp(answer->addresses[i].bytes, data, wanted) == 0)
            return UINT32_C(1) << i;
    return 0;
}

static uint32_t
wanted_mask(const BnsResolverAnswer *answer, uint16_t family)
{
    uint32_t mask = 0;

    for (uint32_t i = 0; i < answer->n_addresses; i++)
        if (answer->addresses[i].family == family)
            mask |= UINT32_C(1) << i;
    return mask;
}

/* A response without error that is whole. */
static bool
read_header(Cursor *cursor, uint16_t *out_questions, uint16_t *out_records)
{
    const uint8_t *header = cursor->at;

    if (!skip(cursor, HEADER_BYTES) || (header[2] & 0x80) == 0 ||
        (header[2] & 0x02) != 0 || (header[3] & 0x0f) != 0)
        return false;
    *out_questions = read_u16(header + 4);
    *out_records = read_u16(header + 6);
    return true;
}

bool
bns_dns_lifetime(const uint8_t *message,
                 size_t len,
                 const BnsResolverAnswer *answer,
                 uint16_t family,
                 uint32_t *io_lifetime_s)
{
    G_STATIC_ASSERT(BNS_RESOLVER_ADDRESSES_MAX <= 32);
    uint16_t type = family == AF_INET ? TYPE_A : TYPE_AAAA;
    uint32_t wanted = wanted_mask(answer, family);
    uint32_t lifetime_s = *io_lifetime_s;
    Cursor cursor = { message, len };
    uint16_t n_questions, n_records;
    uint32_t found = 0;

    if (!read_header(&cursor, &n_questions, &n_records))
        return false;
    for (; n_questions > 0; n_questions--)
        if (!skip_name(&cursor) || !skip(&cursor, 4))
            return false;
    for (; n_records > 0; n_records--) {
        const uint8_t *record;
        uint16_t data_len;

        if (!skip_name(&cursor))
            return false;
        record = cursor.at;
        if (!skip(&cursor, RECORD_BYTES))
            return false;
        data_len = read_u16(record + 8);
        if (!skip(&cursor, data_len))
            return false;
        lifetime_s = MIN(lifetime_s, read_ttl(record + 4));
        if (read_u16(record) == type && read_u16(record + 2) == CLASS_IN)
            found |= find(answer, family, record + RECORD_BYTES, data_len);
    }
    if (wanted == 0 || found != wanted)
        return false;
    *io_lifetime_s = lifetime_s;
    return true;
}
