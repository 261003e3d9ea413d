/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/record.h"

#include "audit/field.h"
#include "tests/support/test.h"

#include <string.h>

static const BnsRecord full = {
    .event = BNS_EVENT_HTTP_RESPONSE,
    .decision = BNS_DECIDED_WOULD_DENY,
    .reason = "no rule",
    .rule = "/etc/p.yaml:7",
    .flow = UINT64_MAX,
    .request = 2,
    .host = "github.com",
    .addr = "140.82.121.4",
    .port = UINT16_MAX,
    .scheme = "https",
    .method = "GET",
    .path = "/a\xff\x01",
    .http = "1.1",
    .status = 599,
    .error = "",
    .pid = 7,
    .exe = "/usr/bin/git",
    .argv = "git\x1epush\x1e",
    .cwd = "/home/u",
    .parent = 6,
    .count = 1,
    .bytes_sent = 1,
    .bytes_received = UINT64_MAX,
    .duration_us = 12,
    .dns_us = 13,
    .connect_us = 14,
    .tls_us = 15,
    .first_byte_us = UINT64_MAX,
    .kept = "/state/x.kept/home/me/.claude.json",
    .policy_digest = "0123",
    .policy_before = "4567",
    .mode = "observe",
    .system_mode = "enforce",
};

static void
assert_same(const BnsRecord *a, const BnsRecord *b)
{
    g_assert_cmpint(a->event, ==, b->event);
    g_assert_cmpint(a->decision, ==, b->decision);
    for (size_t i = 0; i < BNS_N_FIELDS; i++) {
        const BnsField *field = &bns_fields[i];

        if (field->kind == BNS_FIELD_STRING)
            g_assert_cmpstr(bns_field_string(field, a), ==, bns_field_string(field, b));
        else
            g_assert_cmpuint(bns_field_number(field, a), ==,
                             bns_field_number(field, b));
    }
}

static void
assert_round_trip(const BnsRecord *record)
{
    g_autoptr(GBytes) bytes = bns_record_encode(record);
    size_t len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    BnsRecord decoded;

    g_assert_cmpuint(len, <=, BNS_RECORD_MAX);
    g_assert_true(bns_record_decode(data, len, &decoded));
    assert_same(record, &decoded);
}

static void
test_all_fields(void)
{
    /* The table has every field: the struct's last one is the only one beside it. */
    for (size_t i = 0; i < BNS_N_FIELDS; i++)
        if (bns_fields[i].kind == BNS_FIELD_STRING)
            g_assert_nonnull(bns_field_string(&bns_fields[i], &full));
        else
            g_assert_cmpuint(bns_field_number(&bns_fields[i], &full), !=, 0);
    assert_round_trip(&full);
}

static void
test_each_field_alone(void)
{
    for (size_t i = 0; i < BNS_N_FIELDS; i++) {
        const BnsField *field = &bns_fields[i];
        BnsRecord record = { .event = BNS_EVENT_TCP_OPEN };

        if (field->kind == BNS_FIELD_STRING)
            bns_field_set_string(field, &record, "x");
        else
            g_assert_true(bns_field_set_number(field, &record, 65535));
        assert_round_trip(&record);
    }
}

static void
test_each_event(void)
{
    for (int event = 0; event < BNS_N_EVENTS; event++)
        for (int decision = 0; decision < BNS_N_DECIDED; decision++) {
            const BnsRecord record = { .event = (BnsEvent)event,
                                       .decision = (BnsDecided)decision };

            g_assert_nonnull(bns_event_name(record.event));
            assert_round_trip(&record);
        }
}

static void
test_truncations(void)
{
    g_autoptr(GBytes) bytes = bns_record_encode(&full);
    size_t len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    BnsRecord record;

    for (size_t cut = 0; cut < len; cut++) {
        g_autofree uint8_t *exact = g_memdup2(data, cut);

        if (bns_record_decode(exact, cut, &record))
            g_error("%zu of %zu bytes were taken for a record", cut, len);
    }
}

/* A message of these fields, with a right head. */
static bool
decodes(const char *fields, size_t len)
{
    g_autofree uint8_t *message = g_malloc0(8 + len);
    uint32_t total = (uint32_t)(8 + len);
    BnsRecord record;

    memcpy(message, &total, sizeof(total));
    message[4] = 1;
    memcpy(message + 8, fields, len);
    return bns_record_decode(message, total, &record);
}

/* Tags: 0 reason, 1 rule, 2 flow, 9 port. */
static void
test_malformed(void)
{
    static const char unknown[] = { BNS_N_FIELDS, 1, 0, 0, 0, 0, 0, 0, 0 };

#define DECODES(fields) decodes(fields, sizeof(fields) - 1)
    g_assert_true(DECODES(""));
    g_assert_true(DECODES("\0\1\0x\0"));
    g_assert_true(DECODES("\0\1\0x\0\1\0\0\0"));
    g_assert_true(DECODES("\2\1\0\0\0\0\0\0\0"));
    /* a string without its NUL, one too early, one that is longer than the message */
    g_assert_false(DECODES("\0\1\0xx"));
    g_assert_false(DECODES("\0\2\0x\0\0"));
    g_assert_false(DECODES("\0\2\0x\0"));
    g_assert_false(DECODES("\0\xff\xffx\0"));
    /* twice, out of order, unknown */
    g_assert_false(DECODES("\0\1\0x\0\0\1\0x\0"));
    g_assert_false(DECODES("\1\0\0\0\0\1\0x\0"));
    g_assert_false(decodes(unknown, sizeof(unknown)));
    g_assert_false(DECODES("\xff\1\0\0\0\0\0\0\0"));
    /* a number that is zero, a port that is none, a cut number */
    g_assert_false(DECODES("\2\0\0\0\0\0\0\0\0"));
    g_assert_true(DECODES("\11\xff\xff\0\0\0\0\0\0"));
    g_assert_false(DECODES("\11\0\0\1\0\0\0\0\0"));
    g_assert_false(DECODES("\2\1\0\0\0\0\0\0"));
#undef DECODES
}

static void
test_head(void)
{
    g_autoptr(GBytes) bytes = bns_record_encode(&full);
    size_t len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = { { 0, 0 },
                  { 3, 1 },
                  { 4, 0 },
                  { 4, 2 },
                  { 5, BNS_N_EVENTS },
                  { 5, 255 },
                  { 6, BNS_N_DECIDED },
                  { 7, 1 } };
    BnsRecord record;

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree uint8_t *copy = g_memdup2(data, len);

        g_assert_cmpint(copy[wrong[i].at], !=, wrong[i].value);
        copy[wrong[i].at] = wrong[i].value;
        if (bns_record_decode(copy, len, &record))
            g_error("byte %zu may not be %u", wrong[i].at, wrong[i].value);
    }
}

static void
test_longest_first(void)
{
    g_autofree char *path = g_strnfill(200000, 'p');
    g_autofree char *host = g_strnfill(100000, 'h');
    const BnsRecord record = {
        .event = BNS_EVENT_HTTP_REQUEST, .host = host, .path = path, .reason = "short"
    };
    g_autoptr(GBytes) bytes = bns_record_encode(&record);
    size_t len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    BnsRecord decoded;

    g_assert_cmpuint(len, <=, BNS_RECORD_MAX);
    g_assert_cmpuint(len, >, BNS_RECORD_MAX - 8);
    g_assert_true(bns_record_decode(data, len, &decoded));
    g_assert_cmpstr(decoded.reason, ==, "short");
    g_assert_cmpuint(strlen(decoded.host), ==, strlen(decoded.path));
    g_assert_true(g_str_has_suffix(decoded.host, "hh..."));
    g_assert_true(g_str_has_suffix(decoded.path, "pp..."));
}

static void
test_cut_keeps_utf8(void)
{
    g_autoptr(GString) path = g_string_new(NULL);
    BnsRecord record = { .event = BNS_EVENT_HTTP_REQUEST }, decoded;

    for (int i = 0; i < 30000; i++)
        g_string_append(path, "\xe2\x82\xac");
    /* Each of the three places in a sequence where the cut may fall. */
    for (int i = 0; i < 3; i++) {
        g_autoptr(GBytes) bytes = NULL;
        const uint8_t *data;
        size_t len;

        g_string_prepend_c(path, '/');
        record.path = path->str;
        bytes = bns_record_encode(&record);
        data = g_bytes_get_data(bytes, &len);
        g_assert_true(bns_record_decode(data, len, &decoded));
        g_assert_true(g_utf8_validate(decoded.path, -1, NULL));
        g_assert_true(g_str_has_suffix(decoded.path, "\xe2\x82\xac..."));
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/audit/record/all-fields-come-back", test_all_fields);
    bns_test_add("/audit/record/each-field-alone-comes-back", test_each_field_alone);
    bns_test_add("/audit/record/each-event-and-decision-comes-back", test_each_event);
    bns_test_add("/audit/record/every-truncation-is-refused", test_truncations);
    bns_test_add("/audit/record/malformed-fields-are-refused", test_malformed);
    bns_test_add("/audit/record/malformed-heads-are-refused", test_head);
    bns_test_add("/audit/record/too-much-is-cut-longest-first", test_longest_first);
    bns_test_add("/audit/record/a-cut-is-not-inside-a-character", test_cut_keeps_utf8);
    return g_test_run();
}
