/* SPDX-License-Identifier: Apache-2.0 */
/* Files read record by record, whole, changed, torn; and a line as a record again. */
#include "audit/reader.h"

#include "audit/field.h"
#include "audit/json.h"
#include "tests/audit/sample.h"
#include "tests/support/test.h"

#include <string.h>

typedef struct {
    char *dir;
    char *path; /* of one whole session: start, three requests, end */
    GString *seen;
} Fixture;

static void
set_up(Fixture *f)
{
    BnsAuditFile *file;

    f->dir = sample_dir();
    f->path = g_build_filename(f->dir, "audit.jsonl", NULL);
    f->seen = g_string_new(NULL);
    file = sample_open(f->path);
    sample_session(file, 3, true);
    bns_audit_file_free(file);
}

static void
tear_down(Fixture *f)
{
    g_free(f->path);
    g_string_free(f->seen, TRUE);
    sample_remove(f->dir);
}

static void
on_record(const BnsJson *json, const BnsRecord *record, void *data)
{
    g_assert_nonnull(bns_json_text(json, "event"));
    g_string_append_printf(data, "%s %s;", bns_event_name(record->event),
                           record->host != NULL ? record->host : "-");
}

#define REQUEST "http.request github.com;"

static void
assert_seen(Fixture *f, const char *seen, const char *broken, bool is_torn)
{
    g_auto(BnsReading) reading = { 0 };
    GError *error = NULL;

    g_string_truncate(f->seen, 0);
    g_assert_true(bns_reader_read(f->path, on_record, f->seen, &reading, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(f->seen->str, ==, seen);
    g_assert_cmpstr(reading.broken, ==, broken);
    g_assert_true(reading.is_torn == is_torn);
}

static void
test_whole(void)
{
    Fixture f;

    set_up(&f);
    assert_seen(&f, "session.start -;" REQUEST REQUEST REQUEST "session.end -;", NULL,
                false);
    tear_down(&f);
}

/* What was changed is read, and what comes behind it. */
static void
test_changed(void)
{
    Fixture f;
    g_autofree char *bytes = NULL;
    gsize len;

    set_up(&f);
    bytes = sample_read(f.path, &len);
    memcpy(strstr(bytes, "github.com\",\"port"), "gothub", strlen("gothub"));
    sample_write(f.path, bytes, len);
    assert_seen(
        &f, "session.start -;http.request gothub.com;" REQUEST REQUEST "session.end -;",
        "broken at seq 2: the line is not what its hash says", false);
    tear_down(&f);
}

static void
test_torn(void)
{
    Fixture f;
    g_autofree char *bytes = NULL;
    gsize len;

    set_up(&f);
    bytes = sample_read(f.path, &len);
    sample_write(f.path, bytes, len - 1);
    assert_seen(&f, "session.start -;" REQUEST REQUEST REQUEST, NULL, true);
    tear_down(&f);
}

static void
test_strange(void)
{
    Fixture f;
    g_autofree char *line = g_strnfill(BNS_JSON_LINE_MAX + 10, 'x');
    g_autofree char *bytes = g_strconcat("\n{}\n{\"event\":\"no.such\"}\n", line, "\n",
                                         "{\"event\":\"tcp.open\",\"host\":7}\n", NULL);

    set_up(&f);
    sample_write(f.path, bytes, strlen(bytes));
    assert_seen(&f, "tcp.open -;", "broken at seq 1: the line is not a record", false);
    tear_down(&f);
}

static void
test_unreadable(void)
{
    g_auto(BnsReading) reading = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_false(bns_reader_read("/no/such\n", on_record, NULL, &reading, &error));
    g_assert_cmpstr(error->message, ==,
                    "Could not open \"/no/such\\x0a\": No such file or directory");
    g_clear_error(&error);
    g_assert_false(bns_reader_read("/", on_record, NULL, &reading, &error));
    g_assert_cmpstr(error->message, ==, "Could not read \"/\": Is a directory");
}

/* Every field comes back but the arguments, which masking changes. */
static void
test_comes_back(void)
{
    const BnsRecord record = { .event = BNS_EVENT_HTTP_RESPONSE,
                               .decision = BNS_DECIDED_WOULD_DENY,
                               .reason = "r\n",
                               .rule = "/p.yaml:3",
                               .flow = 3,
                               .request = 4,
                               .pid = 5,
                               .exe = "/bin/x",
                               .host = "h",
                               .addr = "192.0.2.1",
                               .port = 443,
                               .scheme = "https",
                               .method = "GET",
                               .path = "/p",
                               .http = "2",
                               .status = 200,
                               .bytes_sent = 6,
                               .duration_us = UINT64_MAX,
                               .error = "e",
                               .count = 7,
                               .dns_us = 8 };
    g_autoptr(BnsArguments) arguments = bns_arguments_new();
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(BnsJson) json = NULL;
    BnsRecord again;

    bns_json_begin(line, 1, 0, "s", record.event);
    bns_json_append_record(line, &record, arguments);
    g_string_append_c(line, '}');
    json = bns_json_parse(line->str, line->len);
    g_assert_nonnull(json);
    g_assert_true(bns_record_from_json(json, &again));
    g_assert_cmpint(again.event, ==, record.event);
    g_assert_cmpint(again.decision, ==, record.decision);
    for (size_t i = 0; i < BNS_N_FIELDS; i++) {
        const BnsField *field = &bns_fields[i];

        if (field->kind == BNS_FIELD_STRING)
            g_assert_cmpstr(bns_field_string(field, &again), ==,
                            bns_field_string(field, &record));
        else
            g_assert_cmpuint(bns_field_number(field, &again), ==,
                             bns_field_number(field, &record));
    }
}

/* Of another kind, out of range, unknown: absent, or no record at all. */
static void
test_refuses(void)
{
    static const struct {
        const char *line;
        bool is_record;
    } rows[] = {
        { "{\"event\":\"http.request\",\"port\":65536,\"host\":7,\"path\":[\"/\"],"
          "\"process\":\"x\",\"count\":3}",
          true },
        { "{\"event\":\"http.request\",\"count\":\"-3\",\"status\":0}", true },
        { "{\"event\":\"http.request\",\"decision\":\"maybe\"}", false },
        { "{\"event\":\"http.requests\"}", false },
        { "{\"decision\":\"allow\"}", false },
        { "{\"event\":1}", false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(BnsJson) json = bns_json_parse(rows[i].line, strlen(rows[i].line));
        const BnsRecord empty = { .event = BNS_EVENT_HTTP_REQUEST };
        BnsRecord record;

        g_assert_nonnull(json);
        g_assert_cmpint(bns_record_from_json(json, &record), ==, rows[i].is_record);
        if (rows[i].is_record)
            g_assert_cmpmem(&record, sizeof record, &empty, sizeof empty);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/audit/reader/a-whole-file", test_whole);
    bns_test_add("/audit/reader/a-changed-line", test_changed);
    bns_test_add("/audit/reader/a-last-line-without-end", test_torn);
    bns_test_add("/audit/reader/lines-that-are-no-records", test_strange);
    bns_test_add("/audit/reader/what-cannot-be-read", test_unreadable);
    bns_test_add("/audit/reader/every-field-comes-back", test_comes_back);
    bns_test_add("/audit/reader/fields-of-another-kind", test_refuses);
    return g_test_run();
}
