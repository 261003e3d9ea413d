/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/json.h"

#include "audit/json_read.h"
#include "tests/support/test.h"

#include <string.h>

static const struct {
    const char *name;
    const char *text;
    const char *json;
} strings[] = {
    { "empty", "", "\"\"" },
    { "ascii-is-itself", "a b/c?d'", "\"a b/c?d'\"" },
    { "quote-and-backslash", "\"\\", "\"\\\"\\\\\"" },
    { "named-controls", "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"" },
    { "other-controls", "\x01\x1f\x1b[2J", "\"\\u0001\\u001f\\u001b[2J\"" },
    { "del-and-c1", "\x7f\xc2\x80\xc2\x9b", "\"\\u007f\\u0080\\u009b\"" },
    { "utf8-is-itself", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xab",
      "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xab\"" },
    { "bidi-and-line-separators", "\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa6",
      "\"\\u202e\\u2028\\u2066\"" },
    { "each-wrong-byte-is-replaced",
      "a\xff\xfe"
      "b",
      "\"a\xef\xbf\xbd\xef\xbf\xbd"
      "b\"" },
    { "overlong-form", "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
    { "surrogate", "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    { "cut-at-the-end", "x\xe2\x82", "\"x\xef\xbf\xbd\xef\xbf\xbd\"" },
    { "beyond-unicode", "\xf4\x90\x80\x80",
      "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
};

static void
test_strings(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_autoptr(GString) line = g_string_new(NULL);

        g_test_message("%s", strings[i].name);
        bns_json_append_string(line, strings[i].text);
        g_assert_cmpstr(line->str, ==, strings[i].json);
    }
}

static void
test_line(void)
{
    const BnsRecord record = {
        .event = BNS_EVENT_HTTP_RESPONSE,
        .decision = BNS_DECIDED_ALLOW,
        .reason = "r",
        .rule = "--allow#1",
        .flow = 3,
        .request = 1,
        .host = "h",
        .addr = "192.0.2.1",
        .port = 443,
        .scheme = "https",
        .method = "GET",
        .path = "/p",
        .http = "1.1",
        .status = 200,
        .bytes_sent = 0,
        .bytes_received = 12,
        .duration_us = 5,
        .error = "e",
        .count = 7,
        .dns_us = 8,
        .connect_us = 9,
        .tls_us = 10,
        .first_byte_us = 11,
    };
    g_autoptr(BnsArguments) arguments = bns_arguments_new();
    g_autoptr(GString) line = g_string_new(NULL);

    bns_json_begin(line, 42, 1795503600000007, "5f1c", record.event);
    bns_json_append_record(line, &record, arguments);
    g_assert_cmpstr(
        line->str, ==,
        "{\"v\":1,\"seq\":42,\"ts\":\"2026-11-24T07:00:00.000007Z\",\"session\":"
        "\"5f1c\","
        "\"event\":\"http.response\",\"decision\":\"allow\",\"reason\":\"r\","
        "\"rule\":\"--allow#1\",\"flow\":3,\"request\":1,\"host\":\"h\","
        "\"addr\":\"192.0.2.1\",\"port\":443,\"scheme\":\"https\",\"method\":\"GET\","
        "\"path\":\"/p\",\"http\":\"1.1\",\"status\":200,\"bytes_sent\":0,"
        "\"bytes_received\":12,\"duration_us\":5,\"error\":\"e\",\"count\":\"7\","
        "\"dns_us\":\"8\",\"connect_us\":\"9\",\"tls_us\":\"10\","
        "\"first_byte_us\":\"11\"");
}

/* A process is an object; secrets in its arguments are masked, and what was cut says so. */
static void
test_process(void)
{
    const BnsRecord record = { .event = BNS_EVENT_EXEC,
                               .decision = BNS_DECIDED_DENY,
                               .request = 1,
                               .pid = 7,
                               .exe = "/bin/x\"",
                               .argv = "x\x1e--token=abc\x1e\x1e"
                                       "cut...",
                               .host = "h",
                               .cwd = "/w",
                               .parent = 6 };
    const BnsRecord nameless = { .event = BNS_EVENT_EXEC, .pid = 7, .argv = "" };
    g_autoptr(BnsArguments) arguments = bns_arguments_new();
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GString) other = g_string_new(NULL);

    bns_json_append_record(line, &record, arguments);
    g_assert_cmpstr(line->str, ==,
                    ",\"decision\":\"deny\",\"request\":1,\"process\":{\"pid\":7,"
                    "\"exe\":\"/bin/x\\\"\",\"argv\":[\"x\",\"--token=***\",\"\","
                    "\"cut...\"]},\"host\":\"h\",\"cwd\":\"/w\",\"parent\":\"6\"");
    bns_json_append_record(other, &nameless, arguments);
    g_assert_cmpstr(other->str, ==, ",\"process\":{\"pid\":7,\"argv\":[]}");
}

/* Of each row the first is made and the others are remembered; nobody gets another's. */
static void
test_rows_of_arguments(void)
{
    static const char *const rows[] = {
        "", "", "a\036", "a\036", "a\036b\036", "a\036", "-p\036s\036", "-p\036s\036",
        ""
    };
    static const char *const jsons[] = { "[]",
                                         "[]",
                                         "[\"a\"]",
                                         "[\"a\"]",
                                         "[\"a\",\"b\"]",
                                         "[\"a\"]",
                                         "[\"-p\",\"s\"]",
                                         "[\"-p\",\"s\"]",
                                         "[]" };
    g_autoptr(BnsArguments) arguments = bns_arguments_new();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) line = g_string_new(NULL);
        g_autofree char *wanted = g_strconcat(",\"argv\":", jsons[i], NULL);

        bns_arguments_append(arguments, line, rows[i]);
        g_assert_cmpstr(line->str, ==, wanted);
    }
}

static void
test_absent(void)
{
    for (int event = 0; event < BNS_N_EVENTS; event++) {
        const BnsRecord record = { .event = (BnsEvent)event };
        g_autoptr(BnsArguments) arguments = bns_arguments_new();
        g_autoptr(GString) line = g_string_new(NULL);
        bool ends = event == BNS_EVENT_HTTP_RESPONSE || event == BNS_EVENT_TCP_CLOSE ||
                    event == BNS_EVENT_PUBLISH_CLOSE;

        bns_json_append_record(line, &record, arguments);
        g_assert_cmpstr(
            line->str, ==,
            ends ? ",\"bytes_sent\":0,\"bytes_received\":0,\"duration_us\":0" : "");
    }
}

static void
test_time(void)
{
    static const struct {
        int64_t time_us;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000000Z" },
        { 951782399999999, "2000-02-28T23:59:59.999999Z" },
        { 951782400000000, "2000-02-29T00:00:00.000000Z" },
        { 4107542400000000, "2100-03-01T00:00:00.000000Z" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = g_string_new(NULL);

        bns_json_append_time(text, cases[i].time_us);
        g_assert_cmpstr(text->str, ==, cases[i].text);
    }
}

static void
test_list(void)
{
    static const char *const items[] = { "a", "", "b\"", NULL };
    g_autoptr(GString) line = g_string_new(NULL);

    bns_json_append_list(line, "x", items);
    bns_json_append_list(line, "y", NULL);
    g_assert_cmpstr(line->str, ==, ",\"x\":[\"a\",\"\",\"b\\\"\"],\"y\":[]");
}

/* The worst that a list can be: every byte becomes six, every item is empty. */
static void
test_list_limit(void)
{
    g_autofree char *item = g_strnfill(100000, '\x01');
    const char *const one[] = { item, "behind", NULL };
    g_autofree const char **many = g_new0(const char *, 100001);
    g_autoptr(GString) line = g_string_new("{\"v\":1");
    g_autoptr(BnsJson) json = NULL;

    for (int i = 0; i < 100000; i++)
        many[i] = "";
    bns_json_append_list(line, "one", one);
    bns_json_append_list(line, "many", many);
    g_string_append_c(line, '}');
    g_assert_cmpuint(line->len, <, BNS_JSON_LINE_MAX);
    g_assert_null(strstr(line->str, "behind"));
    json = bns_json_parse(line->str, line->len);
    g_assert_nonnull(json);
    g_assert_cmpuint(bns_json_member(json, "one", BNS_JSON_LIST)->items->len, ==, 1);
}

static void
test_longest_line(void)
{
    g_autofree char *path = g_strnfill(BNS_RECORD_MAX, '\x01');
    const BnsRecord record = { .event = BNS_EVENT_HTTP_REQUEST, .path = path };
    g_autoptr(GBytes) bytes = bns_record_encode(&record);
    g_autoptr(BnsArguments) arguments = bns_arguments_new();
    g_autoptr(GString) line = g_string_new(NULL);
    BnsRecord decoded;

    g_assert_true(bns_record_decode(g_bytes_get_data(bytes, NULL),
                                    g_bytes_get_size(bytes), &decoded));
    bns_json_append_record(line, &decoded, arguments);
    g_assert_cmpuint(line->len, >, 6 * 65000);
    g_assert_cmpuint(line->len, <, BNS_JSON_LINE_MAX - 1024);
}

/* --- reading --- */

static void
test_read_back(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_autofree char *line = g_strdup_printf("{\"x\":%s}", strings[i].json);
        g_autoptr(BnsJson) json = bns_json_parse(line, strlen(line));

        g_test_message("%s", strings[i].name);
        g_assert_nonnull(json);
        if (g_utf8_validate(strings[i].text, -1, NULL))
            g_assert_cmpstr(bns_json_text(json, "x"), ==, strings[i].text);
        else
            g_assert_nonnull(strstr(bns_json_text(json, "x"), "\xef\xbf\xbd"));
    }
}

static void
test_read_values(void)
{
    static const char text[] =
        "{\"s\":\"\\u00e4\\ud83d\\udeab\\/\",\"n\":18446744073709551615,\"z\":0,"
        "\"l\":[\"a\",1,[]],\"o\":{\"pid\":7},\"e\":{}}";
    g_autoptr(BnsJson) json = bns_json_parse(text, strlen(text));
    uint64_t number;

    g_assert_nonnull(json);
    g_assert_cmpstr(bns_json_text(json, "s"), ==, "\xc3\xa4\xf0\x9f\x9a\xab/");
    g_assert_true(bns_json_number(json, "n", &number));
    g_assert_cmpuint(number, ==, UINT64_MAX);
    g_assert_true(bns_json_number(json, "z", &number));
    g_assert_cmpuint(number, ==, 0);
    g_assert_cmpuint(bns_json_member(json, "l", BNS_JSON_LIST)->items->len, ==, 3);
    g_assert_true(
        bns_json_number(bns_json_member(json, "o", BNS_JSON_OBJECT), "pid", &number));
    g_assert_cmpuint(number, ==, 7);
    /* another kind, and none */
    g_assert_null(bns_json_text(json, "n"));
    g_assert_false(bns_json_number(json, "s", &number));
    g_assert_null(bns_json_text(json, "missing"));
}

static const char *const refused[] = {
    "",
    "1",
    "\"x\"",
    "[]",
    "{",
    "{}x",
    "{} ",
    " {}",
    "{\"a\":1,}",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{a:1}",
    "{\"a\": 1}",
    "{\"a\":1 }",
    "{\"a\":01}",
    "{\"a\":-1}",
    "{\"a\":1.5}",
    "{\"a\":1e3}",
    "{\"a\":18446744073709551616}",
    "{\"a\":true}",
    "{\"a\":null}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":[1,]}",
    "{\"a\":[1 2]}",
    "{\"a\":[1}",
    "{\"a\":\"x}",
    "{\"a\":\"\\x\"}",
    "{\"a\":\"\\",
    "{\"a\":\"\\u12",
    "{\"a\":\"\\u12g4\"}",
    "{\"a\":\"\\u0000\"}",
    "{\"a\":\"\\ud800\"}",
    "{\"a\":\"\\ud800\\u0041\"}",
    "{\"a\":\"\\udc00\"}",
    "{\"a\":\"\n\"}",
    "{\"a\":\"\xff\"}",
    "{\"a\":[[[[]]]]}",
};

static void
test_read_refused(void)
{
    static const char deepest[] = "{\"a\":[[[]]]}";
    g_autoptr(BnsJson) taken = bns_json_parse(deepest, strlen(deepest));

    g_assert_nonnull(taken);
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        size_t len = strlen(refused[i]);
        /* In a block of just its size: a read past the end is seen by ASan. */
        g_autofree char *exact = g_memdup2(refused[i], len);
        g_autoptr(BnsJson) json = bns_json_parse(exact, len);

        if (json != NULL)
            g_error("taken for a record: %s", refused[i]);
    }
    g_assert_null(bns_json_parse("{\"a\":\"\0\"}", 9));
}

static void
test_read_limits(void)
{
    g_autoptr(GString) members = g_string_new("{\"m0\":0");
    g_autoptr(GString) values = g_string_new("{\"v\":[0");
    g_autoptr(BnsJson) most = NULL;

    for (int i = 1; i < BNS_JSON_MEMBERS_MAX; i++)
        g_string_append_printf(members, ",\"m%d\":0", i);
    g_string_append_c(members, '}');
    most = bns_json_parse(members->str, members->len);
    g_assert_nonnull(most);
    g_string_insert(members, 1, "\"x\":0,");
    g_assert_null(bns_json_parse(members->str, members->len));

    for (int i = 0; i < BNS_JSON_VALUES_MAX; i++)
        g_string_append(values, ",0");
    g_string_append(values, "]}");
    g_assert_null(bns_json_parse(values->str, values->len));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/audit/json/strings-are-escaped", test_strings);
    bns_test_add("/audit/json/fields-have-their-order", test_line);
    bns_test_add("/audit/json/a-process-is-an-object", test_process);
    bns_test_add("/audit/json/arguments-of-rows", test_rows_of_arguments);
    bns_test_add("/audit/json/absent-is-not-written-but-at-a-transfers-end",
                 test_absent);
    bns_test_add("/audit/json/times-are-utc-with-microseconds", test_time);
    bns_test_add("/audit/json/lists-of-strings", test_list);
    bns_test_add("/audit/json/a-list-has-a-limit", test_list_limit);
    bns_test_add("/audit/json/the-longest-record-fits-a-line", test_longest_line);
    bns_test_add("/audit/json-read/what-is-written-is-read-back", test_read_back);
    bns_test_add("/audit/json-read/values-of-each-kind", test_read_values);
    bns_test_add("/audit/json-read/what-we-never-write-is-refused", test_read_refused);
    bns_test_add("/audit/json-read/numbers-of-values-have-limits", test_read_limits);
    return g_test_run();
}
