/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record as bytes: a head, then the fields that are present, by ascending tag.
 *
 *     u32 length of all    u8 form    u8 event    u8 decision    u8 zero
 *     u8 tag    u16 length    bytes    NUL                       a string
 *     u8 tag    u64                                              a number
 *
 * A tag is the field's place in bns_fields; integers are in this machine's order, since
 * both ends are. There is one encoding of a record: what is absent is not sent, and the
 * decoder refuses a zero number, a string with a NUL inside, a tag out of order, and a
 * length that is not the message's (so every truncation is refused).
 */
#include "audit/record.h"

#include "audit/field.h"

#include <string.h>

/* Two builds that do not understand each other must not try. */
#define FORM         1
#define HEAD_BYTES   8
#define NUMBER_BYTES (1 + sizeof(uint64_t))
/* Tag, length and NUL. */
#define STRING_BYTES (1 + sizeof(uint16_t) + 1)

static const char *const event_names[] = {
    [BNS_EVENT_SESSION_START] = "session.start",
    [BNS_EVENT_SESSION_END] = "session.end",
    [BNS_EVENT_TLS_OPEN] = "tls.open",
    [BNS_EVENT_HTTP_REQUEST] = "http.request",
    [BNS_EVENT_HTTP_RESPONSE] = "http.response",
    [BNS_EVENT_TCP_OPEN] = "tcp.open",
    [BNS_EVENT_TCP_CLOSE] = "tcp.close",
    [BNS_EVENT_FLOW_REFUSED] = "flow.refused",
    [BNS_EVENT_UDP_REFUSED] = "udp.refused",
    [BNS_EVENT_DNS_NAME] = "dns.name",
    [BNS_EVENT_DNS_REFUSED] = "dns.refused",
    [BNS_EVENT_TLS_ERROR] = "tls.error",
    [BNS_EVENT_UPSTREAM_ERROR] = "upstream.error",
    [BNS_EVENT_PUBLISH_OPEN] = "publish.open",
    [BNS_EVENT_PUBLISH_CLOSE] = "publish.close",
    [BNS_EVENT_PUBLISH_ERROR] = "publish.error",
    [BNS_EVENT_EXEC] = "exec",
    [BNS_EVENT_SOCKET_MASKED] = "socket.masked",
    [BNS_EVENT_FRAMES_DROPPED] = "frames.dropped",
    [BNS_EVENT_FILE_PERSIST] = "file.persist",
    [BNS_EVENT_FILE_CHANGED] = "file.changed",
    [BNS_EVENT_FILE_QUARANTINE] = "file.quarantine",
    [BNS_EVENT_LIMIT_REACHED] = "limit.reached",
    [BNS_EVENT_REVIEW_APPLIED] = "review.applied",
    [BNS_EVENT_REVIEW_KEPT] = "review.kept",
    [BNS_EVENT_REVIEW_DISCARDED] = "review.discarded",
    [BNS_EVENT_POLICY_RELOAD] = "policy.reload",
    [BNS_EVENT_POLICY_ALLOW] = "policy.allow",
};
G_STATIC_ASSERT(G_N_ELEMENTS(event_names) == BNS_N_EVENTS);

static const char *const decision_names[] = {
    [BNS_DECIDED_NOT] = NULL,
    [BNS_DECIDED_ALLOW] = "allow",
    [BNS_DECIDED_DENY] = "deny",
    [BNS_DECIDED_WOULD_DENY] = "would_deny",
};
G_STATIC_ASSERT(G_N_ELEMENTS(decision_names) == BNS_N_DECIDED);

const char *
bns_event_name(BnsEvent event)
{
    return event_names[event];
}

const char *
bns_decided_name(BnsDecided decision)
{
    return decision_names[decision];
}

/* --- encoding --- */

/* Bytes of the record's fields when no string is longer than @limit. */
static size_t
fields_size(const BnsRecord *record, size_t limit)
{
    size_t size = 0;

    for (size_t tag = 0; tag < BNS_N_FIELDS; tag++) {
        const BnsField *field = &bns_fields[tag];

        if (field->kind != BNS_FIELD_STRING)
            size += bns_field_number(field, record) != 0 ? NUMBER_BYTES : 0;
        else if (bns_field_string(field, record) != NULL)
            size += STRING_BYTES + MIN(strlen(bns_field_string(field, record)), limit);
    }
    return size;
}

/* The highest limit for strings with which the record fits: only the longest are cut. */
static size_t
string_limit(const BnsRecord *record)
{
    size_t fits = 0, too_much = BNS_RECORD_MAX;

    if (HEAD_BYTES + fields_size(record, too_much) <= BNS_RECORD_MAX)
        return too_much;
    while (too_much - fits > 1) {
        size_t middle = (fits + too_much) / 2;

        if (HEAD_BYTES + fields_size(record, middle) <= BNS_RECORD_MAX)
            fits = middle;
        else
            too_much = middle;
    }
    return fits;
}

static uint8_t *
put(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static uint8_t *
put_string(uint8_t *at, uint8_t tag, const char *string, size_t limit)
{
    static const char mark[] = "...";
    size_t len = strlen(string), kept = len;
    uint16_t sent;

    if (len > limit) {
        kept = limit - strlen(mark);
        /* A cut inside a UTF-8 sequence would leave half of it. */
        while (kept > 0 && ((uint8_t)string[kept] & 0xc0) == 0x80)
            kept--;
        len = kept + strlen(mark);
    }
    sent = (uint16_t)len;
    at = put(at, &tag, 1);
    at = put(at, &sent, sizeof(sent));
    at = put(at, string, kept);
    at = put(at, mark, len - kept);
    return put(at, "", 1);
}

static uint8_t *
put_number(uint8_t *at, uint8_t tag, uint64_t number)
{
    at = put(at, &tag, 1);
    return put(at, &number, sizeof(number));
}

/* @limit: string_limit() */
static size_t
write_record(const BnsRecord *record, size_t limit, uint8_t *out_message)
{
    const uint8_t head[HEAD_BYTES] = {
        [4] = FORM, [5] = (uint8_t)record->event, [6] = (uint8_t)record->decision
    };
    uint8_t *at = put(out_message, head, sizeof(head));
    uint32_t len;

    for (uint8_t tag = 0; tag < BNS_N_FIELDS; tag++) {
        const BnsField *field = &bns_fields[tag];

        if (field->kind == BNS_FIELD_STRING) {
            if (bns_field_string(field, record) != NULL)
                at = put_string(at, tag, bns_field_string(field, record), limit);
        } else if (bns_field_number(field, record) != 0) {
            at = put_number(at, tag, bns_field_number(field, record));
        }
    }
    len = (uint32_t)(at - out_message);
    put(out_message, &len, sizeof(len));
    return len;
}

size_t
bns_record_write(const BnsRecord *record, uint8_t out_message[BNS_RECORD_MAX])
{
    return write_record(record, string_limit(record), out_message);
}

GBytes *
bns_record_encode(const BnsRecord *record)
{
    size_t limit = string_limit(record);
    uint8_t *message = g_malloc(HEAD_BYTES + fields_size(record, limit));

    return g_bytes_new_take(message, write_record(record, limit, message));
}

/* --- decoding --- */

typedef struct {
    const uint8_t *at;
    size_t left;
} Cursor;

static bool
take(Cursor *cursor, void *out, size_t len)
{
    if (cursor->left < len)
        return false;
    memcpy(out, cursor->at, len);
    cursor->at += len;
    cursor->left -= len;
    return true;
}

static bool
take_string(Cursor *cursor, const char **out_string)
{
    uint16_t len;

    if (!take(cursor, &len, sizeof(len)) || cursor->left < (size_t)len + 1)
        return false;
    /* The first NUL must be the one behind the string. */
    if (memchr(cursor->at, '\0', (size_t)len + 1) != cursor->at + len)
        return false;
    *out_string = (const char *)cursor->at;
    cursor->at += len + 1;
    cursor->left -= (size_t)len + 1;
    return true;
}

static bool
take_field(Cursor *cursor, const BnsField *field, BnsRecord *record)
{
    const char *string;
    uint64_t number;

    if (field->kind == BNS_FIELD_STRING) {
        if (!take_string(cursor, &string))
            return false;
        bns_field_set_string(field, record, string);
        return true;
    }
    return take(cursor, &number, sizeof(number)) &&
           bns_field_set_number(field, record, number);
}

static bool
take_head(Cursor *cursor, size_t len, BnsRecord *record)
{
    uint8_t head[HEAD_BYTES];
    uint32_t said;

    if (!take(cursor, head, sizeof(head)))
        return false;
    memcpy(&said, head, sizeof(said));
    if (said != len || head[4] != FORM || head[7] != 0)
        return false;
    if (head[5] >= BNS_N_EVENTS || head[6] >= BNS_N_DECIDED)
        return false;
    record->event = (BnsEvent)head[5];
    record->decision = (BnsDecided)head[6];
    return true;
}

size_t
bns_record_length(const uint8_t *data, size_t len)
{
    uint32_t said;

    if (len < HEAD_BYTES)
        return 0;
    memcpy(&said, data, sizeof(said));
    return said >= HEAD_BYTES && said <= len ? said : 0;
}

bool
bns_record_decode(const uint8_t *data, size_t len, BnsRecord *out_record)
{
    Cursor cursor = { data, len };
    uint8_t tag, next = 0;

    *out_record = (BnsRecord){ 0 };
    if (len > BNS_RECORD_MAX || !take_head(&cursor, len, out_record))
        return false;
    while (cursor.left > 0) {
        if (!take(&cursor, &tag, 1) || tag < next || tag >= BNS_N_FIELDS)
            return false;
        if (!take_field(&cursor, &bns_fields[tag], out_record))
            return false;
        next = (uint8_t)(tag + 1);
    }
    return true;
}
