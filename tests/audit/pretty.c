/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/pretty.h"

#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *line; /* the members behind v, seq, ts and session */
    const char *text;
} Case;

#define WORD_49 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeee"
#define WORD_50 WORD_49 "e"

static const Case cases[] = {
    { "allowed-request",
      "\"event\":\"http.request\",\"decision\":\"allow\",\"rule\":\"--allow#1\","
      "\"host\":\"github.com\",\"addr\":\"192.0.2.1\",\"port\":443,\"scheme\":"
      "\"https\","
      "\"method\":\"GET\",\"path\":\"/a\"",
      "07:00:01.234  allow       http.request    GET https://github.com/a  rule "
      "--allow#1\n" },
    { "denied-request",
      "\"event\":\"http.request\",\"decision\":\"deny\",\"reason\":\"no rule allows "
      "it\","
      "\"host\":\"h\",\"port\":8080,\"scheme\":\"http\",\"method\":\"POST\",\"path\":"
      "\"/\","
      "\"status\":403",
      "07:00:01.234  DENY        http.request    POST http://h:8080/  status 403, no "
      "rule "
      "allows it\n" },
    { "process",
      "\"event\":\"tcp.open\",\"process\":{\"pid\":12,\"exe\":\"/usr/bin/curl\","
      "\"argv\":[\"curl\",\"a b\",\"\\u001b\"]},\"host\":\"h\"",
      "07:00:01.234              tcp.open        h  by curl 'a b' '\\x1b' [12]\n" },
    { "process-without-arguments",
      "\"event\":\"tcp.open\",\"process\":{\"pid\":12,\"exe\":\"/bin/a\"}",
      "07:00:01.234              tcp.open        by /bin/a [12]\n" },
    { "process-of-long-arguments",
      "\"event\":\"tcp.open\",\"process\":{\"pid\":12,\"argv\":[\"" WORD_50
      "\",\"" WORD_50 "\"]}",
      "07:00:01.234              tcp.open        by " WORD_50 " " WORD_49
      "... [12]\n" },
    { "would-deny",
      "\"event\":\"tcp.open\",\"decision\":\"would_deny\",\"host\":\"h\",\"port\":22,"
      "\"scheme\":\"tcp\"",
      "07:00:01.234  WOULD DENY  tcp.open        tcp://h:22\n" },
    { "response",
      "\"event\":\"http.response\",\"host\":\"h\",\"port\":443,\"scheme\":\"https\","
      "\"status\":200,\"bytes_sent\":0,\"bytes_received\":12,\"duration_us\":34250",
      "07:00:01.234              http.response   https://h  status 200, sent 0 B, "
      "received "
      "12 B, 34.2 ms\n" },
    { "steps",
      "\"event\":\"http.response\",\"duration_us\":1500000,\"dns_us\":\"999\","
      "\"connect_us\":\"1500\",\"tls_us\":\"x\",\"first_byte_us\":\"2000000\"",
      "07:00:01.234              http.response   1.50 s, dns 999 us, connect 1.5 ms, "
      "first byte 2.00 s\n" },
    { "times",
      "\"event\":\"tcp.close\",\"bytes_sent\":1,\"bytes_received\":2,\"duration_us\":"
      "999",
      "07:00:01.234              tcp.close       sent 1 B, received 2 B, 999 us\n" },
    { "seconds", "\"event\":\"tcp.close\",\"duration_us\":1500000",
      "07:00:01.234              tcp.close       1.50 s\n" },
    { "address-without-name",
      "\"event\":\"flow.refused\",\"decision\":\"deny\",\"addr\":\"::1\",\"port\":22",
      "07:00:01.234  DENY        flow.refused    [::1]:22\n" },
    { "exec",
      "\"event\":\"exec\",\"decision\":\"deny\",\"reason\":\"ask\",\"rule\":\"/p:1\","
      "\"process\":{\"pid\":7,\"exe\":\"/bin/git\",\"argv\":[\"git\",\"a b\"]},"
      "\"cwd\":\"/w\",\"parent\":\"6\"",
      "07:00:01.234  DENY        exec            git 'a b'  pid 7 of 6, in /w  ask, "
      "rule "
      "/p:1\n" },
    { "exec-without-process", "\"event\":\"exec\"",
      "07:00:01.234              exec\n" },
    { "error", "\"event\":\"upstream.error\",\"host\":\"h\",\"error\":\"expired\"",
      "07:00:01.234              upstream.error  h  error: expired\n" },
    { "count",
      "\"event\":\"udp.refused\",\"addr\":\"8.8.8.8\",\"port\":53,\"count\":\"7\"",
      "07:00:01.234              udp.refused     8.8.8.8:53  count 7\n" },
    { "start",
      "\"event\":\"session.start\",\"version\":\"0.1.0\",\"command\":[\"sh\",\"-c\","
      "\"a b\","
      "\"\",\"\\u001b\"]",
      "07:00:01.234              session.start   2026-11-24 session 5f1c: sh -c 'a b' "
      "'' "
      "'\\x1b'\n" },
    { "end",
      "\"event\":\"session.end\",\"exit\":\"0\",\"allowed\":\"3\",\"denied\":\"1\"",
      "07:00:01.234              session.end     exit 0, allowed 3, denied 1\n" },
    { "foreign-bytes",
      "\"event\":\"http.request\",\"decision\":\"deny\\u001b\",\"host\":"
      "\"a\\nb\xc3\xa4\","
      "\"method\":\"G\\t\",\"path\":\"/\\u001b[2J\\\\\"",
      "07:00:01.234  deny\\x1b    http.request    G\\x09 "
      "a\\x0ab\\xc3\\xa4/\\x1b[2J\\x5c\n" },
    { "unknown-event", "\"event\":\"new.thing\",\"host\":\"h\"",
      "07:00:01.234              new.thing       h\n" },
    { "no-event", "\"host\":\"h\"", "07:00:01.234              -               h\n" },
    { "members-of-other-kinds",
      "\"event\":[\"x\"],\"host\":1,\"port\":\"x\",\"command\":{\"a\":1},\"status\":"
      "\"\"",
      "07:00:01.234              -\n" },
};

static char *
pretty(const char *line, bool colour)
{
    g_autoptr(BnsJson) json = bns_json_parse(line, strlen(line));
    GString *text = g_string_new(NULL);

    g_assert_nonnull(json);
    bns_pretty_record(text, json, colour);
    return g_string_free(text, FALSE);
}

static void
test_case(gconstpointer data)
{
    const Case *test = data;
    g_autofree char *line =
        g_strdup_printf("{\"v\":1,\"seq\":1,\"ts\":\"2026-11-24T07:00:01.234567Z\","
                        "\"session\":\"5f1c\",%s}",
                        test->line);
    g_autofree char *text = pretty(line, false);

    g_assert_cmpstr(text, ==, test->text);
}

static void
test_colour(void)
{
    g_autofree char *deny = pretty("{\"event\":\"e\",\"decision\":\"deny\"}", true);
    g_autofree char *would =
        pretty("{\"event\":\"e\",\"decision\":\"would_deny\"}", true);
    g_autofree char *allow = pretty("{\"event\":\"e\",\"decision\":\"allow\"}", true);

    g_assert_cmpstr(deny, ==, "-  \033[1;31mDENY      \033[0m  e\n");
    g_assert_cmpstr(would, ==, "-  \033[33mWOULD DENY\033[0m  e\n");
    g_assert_cmpstr(allow, ==, "-  allow       e\n");
}

static void
test_strange_times(void)
{
    g_autofree char *escape = pretty("{\"ts\":\"\\u001b[2J\",\"event\":\"e\"}", false);
    g_autofree char *length = pretty(
        "{\"ts\":\"2026-11-24T07:00:01.2345x7Z\",\"event\":\"session.start\"}", false);

    g_assert_cmpstr(escape, ==, "\\x1b[2J              e\n");
    g_assert_true(g_str_has_prefix(length, "2026-11-24T07:00:01.2345x7Z  "));
}

static void
test_strange(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *line = g_strnfill(500, '\a');

    bns_pretty_strange(text, "not a record", "a\0\x1b", 3);
    g_assert_cmpstr(text->str, ==, "(not a record: a\\x00\\x1b)\n");
    g_string_truncate(text, 0);
    bns_pretty_strange(text, "x", line, 500);
    g_assert_cmpuint(text->len, ==, strlen("(x: ...)\n") + 120 * 4);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/audit/pretty/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/audit/pretty/refusals-are-coloured", test_colour);
    bns_test_add("/audit/pretty/a-strange-time-is-escaped", test_strange_times);
    bns_test_add("/audit/pretty/what-is-no-record-is-escaped-and-short", test_strange);
    return g_test_run();
}
