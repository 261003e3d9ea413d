/* SPDX-License-Identifier: Apache-2.0 */
/* Start lines, field lines and limits. Framing has its own program. */
#include "tests/gateway/http1_cases.h"
#include "tests/support/test.h"

#include <string.h>

#define H "Host: a\r\n"

static const HeadCase request_lines[] = {
    { "plain", BYTES("GET / HTTP/1.1\r\n" H "\r\n"), 0 },
    { "version-1.0", BYTES("GET / HTTP/1.0\r\n" H "\r\n"), 0 },
    { "any-token-is-a-method", BYTES("!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\n" H "\r\n"),
      0 },
    { "method-of-24-bytes", BYTES("ABCDEFGHIJKLMNOPQRSTUVWX / HTTP/1.1\r\n" H "\r\n"),
      0 },
    { "method-of-25-bytes", BYTES("ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1\r\n" H "\r\n"),
      501 },
    { "endless-method", BYTES("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF"), 501 },
    { "method-with-slash", BYTES("GE/T / HTTP/1.1\r\n" H "\r\n"), 400 },
    { "method-with-colon", BYTES("GET: / HTTP/1.1\r\n" H "\r\n"), 400 },
    { "method-with-nul", BYTES("G\0T / HTTP/1.1\r\n" H "\r\n"), 400 },
    { "method-not-ascii", BYTES("G\xc3\x89T / HTTP/1.1\r\n" H "\r\n"), 400 },
    { "leading-space", BYTES(" GET / HTTP/1.1\r\n" H "\r\n"), 400 },
    { "leading-empty-line", BYTES("\r\nGET / HTTP/1.1\r\n" H "\r\n"), 400 },
    { "leading-line-feed", BYTES("\nGET / HTTP/1.1\r\n" H "\r\n"), 400 },
    { "two-spaces-before-target", BYTES("GET  / HTTP/1.1\r\n" H "\r\n"), 400 },
    { "two-spaces-after-target", BYTES("GET /  HTTP/1.1\r\n" H "\r\n"), 400 },
    { "tab-before-target", BYTES("GET\t/ HTTP/1.1\r\n" H "\r\n"), 400 },
    { "tab-after-target", BYTES("GET /\tHTTP/1.1\r\n" H "\r\n"), 400 },
    { "trailing-space", BYTES("GET / HTTP/1.1 \r\n" H "\r\n"), 400 },
    { "four-words", BYTES("GET / x HTTP/1.1\r\n" H "\r\n"), 400 },
    { "two-versions", BYTES("GET / HTTP/1.1 HTTP/1.1\r\n" H "\r\n"), 400 },
    { "method-alone", BYTES("GET\r\n" H "\r\n"), 400 },
    { "http-0.9", BYTES("GET /\r\n"), 400 },
    { "http-0.9-with-fields", BYTES("GET /\r\n" H "\r\n"), 400 },
    { "target-missing", BYTES("GET HTTP/1.1\r\n" H "\r\n"), 400 },
    { "version-2.0", BYTES("GET / HTTP/2.0\r\n" H "\r\n"), 505 },
    { "version-1.2", BYTES("GET / HTTP/1.2\r\n" H "\r\n"), 505 },
    { "version-0.9", BYTES("GET / HTTP/0.9\r\n" H "\r\n"), 505 },
    { "http2-preface", BYTES("PRI * HTTP/2.0\r\n\r\n"), 505 },
    { "version-lower-case", BYTES("GET / http/1.1\r\n" H "\r\n"), 400 },
    { "version-without-minor", BYTES("GET / HTTP/1\r\n" H "\r\n"), 400 },
    { "version-with-leading-zero", BYTES("GET / HTTP/01.1\r\n" H "\r\n"), 400 },
    { "version-with-more-digits", BYTES("GET / HTTP/1.10\r\n" H "\r\n"), 400 },
    { "version-of-another-protocol", BYTES("GET / ICAP/1.1\r\n" H "\r\n"), 400 },
    { "target-with-nul", BYTES("GET /\0 HTTP/1.1\r\n" H "\r\n"), 400 },
    { "target-with-delete", BYTES("GET /\x7f HTTP/1.1\r\n" H "\r\n"), 400 },
    { "target-not-ascii", BYTES("GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"), 400 },
    { "target-with-vertical-tab", BYTES("GET /\v HTTP/1.1\r\n" H "\r\n"), 400 },
    { "tls-record", BYTES("\x16\x03\x01\x02\x00\x01"), 400 },
};

static const HeadCase line_ends[] = {
    { "bare-lf-after-request-line", BYTES("GET / HTTP/1.1\n" H "\r\n"), 400 },
    { "bare-lf-after-field", BYTES("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400 },
    { "bare-lf-at-the-end", BYTES("GET / HTTP/1.1\r\n" H "\n"), 400 },
    { "two-bare-lf-at-the-end", BYTES("GET / HTTP/1.1\r\nHost: a\n\n"), 400 },
    { "bare-lf-everywhere", BYTES("GET / HTTP/1.1\nHost: a\n\n"), 400 },
    { "bare-cr-after-request-line", BYTES("GET / HTTP/1.1\rHost: a\r\n\r\n"), 400 },
    { "bare-cr-in-value", BYTES("GET / HTTP/1.1\r\n" H "A: b\rc\r\n\r\n"), 400 },
    { "bare-cr-hides-a-field", BYTES("GET / HTTP/1.1\r\n" H "A: b\rC: d\r\n\r\n"),
      400 },
    { "cr-cr-lf", BYTES("GET / HTTP/1.1\r\r\n" H "\r\n"), 400 },
    { "cr-cr-lf-after-field", BYTES("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"), 400 },
    { "lf-cr", BYTES("GET / HTTP/1.1\n\rHost: a\n\r\n\r"), 400 },
    { "cr-in-name", BYTES("GET / HTTP/1.1\r\n" H "A\rB: c\r\n\r\n"), 400 },
    { "folded-value", BYTES("GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n"), 400 },
    { "folded-with-tab", BYTES("GET / HTTP/1.1\r\n" H "A: b\r\n\tc\r\n\r\n"), 400 },
    { "folded-to-nothing", BYTES("GET / HTTP/1.1\r\n" H "A: b\r\n \r\n\r\n"), 400 },
    { "space-before-first-field", BYTES("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400 },
    { "next-line-byte-is-text",
      BYTES("GET / HTTP/1.1\r\n" H "A: b\x85"
            "c\r\n\r\n"),
      0 },
};

static const HeadCase fields[] = {
    { "no-space-after-colon", BYTES("GET / HTTP/1.1\r\nHost:a\r\n\r\n"), 0 },
    { "tabs-and-spaces-before", BYTES("GET / HTTP/1.1\r\nHost:\t a\r\n\r\n"), 0 },
    { "tabs-and-spaces-behind", BYTES("GET / HTTP/1.1\r\n" H "A: b \t\r\n\r\n"), 0 },
    { "space-behind-host", BYTES("GET / HTTP/1.1\r\nHost: a \r\n\r\n"), 400 },
    { "empty-value", BYTES("GET / HTTP/1.1\r\n" H "A:\r\n\r\n"), 0 },
    { "blank-value", BYTES("GET / HTTP/1.1\r\n" H "A: \t \r\n\r\n"), 0 },
    { "colon-in-value", BYTES("GET / HTTP/1.1\r\n" H "A: b:c\r\n\r\n"), 0 },
    { "tab-in-value", BYTES("GET / HTTP/1.1\r\n" H "A: b\tc\r\n\r\n"), 0 },
    { "obs-text-in-value", BYTES("GET / HTTP/1.1\r\n" H "A: \x80\xff\r\n\r\n"), 0 },
    { "any-token-is-a-name", BYTES("GET / HTTP/1.1\r\n" H "!#$%&'*+-.^_`|~: b\r\n\r\n"),
      0 },
    { "underscore-in-other-names", BYTES("GET / HTTP/1.1\r\n" H "X_Y: b\r\n\r\n"), 0 },
    { "space-before-colon", BYTES("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400 },
    { "tab-before-colon", BYTES("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n"), 400 },
    { "no-colon", BYTES("GET / HTTP/1.1\r\n" H "A\r\n\r\n"), 400 },
    { "no-name", BYTES("GET / HTTP/1.1\r\n" H ": b\r\n\r\n"), 400 },
    { "space-in-name", BYTES("GET / HTTP/1.1\r\n" H "A B: c\r\n\r\n"), 400 },
    { "nul-in-name", BYTES("GET / HTTP/1.1\r\n" H "A\0: c\r\n\r\n"), 400 },
    { "non-ascii-name", BYTES("GET / HTTP/1.1\r\n" H "\xc3\xa4: c\r\n\r\n"), 400 },
    { "quote-in-name", BYTES("GET / HTTP/1.1\r\n" H "\"A\": c\r\n\r\n"), 400 },
    { "brackets-in-name", BYTES("GET / HTTP/1.1\r\n" H "A[0]: c\r\n\r\n"), 400 },
    { "nul-in-value", BYTES("GET / HTTP/1.1\r\n" H "A: b\0c\r\n\r\n"), 400 },
    { "bell-in-value", BYTES("GET / HTTP/1.1\r\n" H "A: b\ac\r\n\r\n"), 400 },
    { "escape-in-value", BYTES("GET / HTTP/1.1\r\n" H "A: \x1b[2J\r\n\r\n"), 400 },
    { "delete-in-value", BYTES("GET / HTTP/1.1\r\n" H "A: b\x7f\r\n\r\n"), 400 },
    { "vertical-tab-in-value", BYTES("GET / HTTP/1.1\r\n" H "A: \vb\r\n\r\n"), 400 },
    { "form-feed-in-value", BYTES("GET / HTTP/1.1\r\n" H "A: b\f\r\n\r\n"), 400 },
};

static const HeadCase status_lines[] = {
    { "plain", BYTES("HTTP/1.1 200 OK\r\n\r\n"), 0 },
    { "version-1.0", BYTES("HTTP/1.0 200 OK\r\n\r\n"), 0 },
    { "empty-reason", BYTES("HTTP/1.1 200 \r\n\r\n"), 0 },
    { "no-space-no-reason", BYTES("HTTP/1.1 200\r\n\r\n"), 0 },
    { "reason-with-obs-text", BYTES("HTTP/1.1 404 Pas trouv\xe9\r\n\r\n"), 0 },
    { "unknown-code", BYTES("HTTP/1.1 999 Odd\r\n\r\n"), 0 },
    { "code-99", BYTES("HTTP/1.1 099 Odd\r\n\r\n"), 502 },
    { "code-of-two-digits", BYTES("HTTP/1.1 20 OK\r\n\r\n"), 502 },
    { "code-of-four-digits", BYTES("HTTP/1.1 2000 OK\r\n\r\n"), 502 },
    { "code-with-sign", BYTES("HTTP/1.1 +20 OK\r\n\r\n"), 502 },
    { "code-with-letter", BYTES("HTTP/1.1 2x0 OK\r\n\r\n"), 502 },
    { "no-code", BYTES("HTTP/1.1 OK\r\n\r\n"), 502 },
    { "two-spaces", BYTES("HTTP/1.1  200 OK\r\n\r\n"), 502 },
    { "version-1.2", BYTES("HTTP/1.2 200 OK\r\n\r\n"), 502 },
    { "version-2", BYTES("HTTP/2 200 OK\r\n\r\n"), 502 },
    { "version-lower-case", BYTES("http/1.1 200 OK\r\n\r\n"), 502 },
    { "icy", BYTES("ICY 200 OK\r\n\r\n"), 502 },
    { "http-0.9-body", BYTES("<html>hello</html>"), 502 },
    { "ssh-banner", BYTES("SSH-2.0-OpenSSH_9.2\r\n"), 502 },
    { "reason-with-escape", BYTES("HTTP/1.1 200 \x1b[2J\r\n\r\n"), 502 },
    { "reason-with-nul", BYTES("HTTP/1.1 200 O\0K\r\n\r\n"), 502 },
    { "bare-lf", BYTES("HTTP/1.1 200 OK\n\n"), 502 },
    { "folded-field", BYTES("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), 502 },
    { "space-before-colon", BYTES("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"), 502 },
    { "leading-empty-line", BYTES("\r\nHTTP/1.1 200 OK\r\n\r\n"), 502 },
};

static void
test_values(void)
{
    static const char text[] = "POST /a?b=c HTTP/1.1\r\nhOsT: \t example.com:80\r\n"
                               "X: \r\nY: a  b\t\xff \r\n\r\nbody";
    BnsHttpHead head;
    BnsParse result = bns_http1_parse_request(text, strlen(text), &head);

    g_assert_cmpint(result, ==, BNS_PARSE_DONE);
    assert_slice(head.method, "POST");
    assert_slice(head.target, "/a?b=c");
    g_assert_cmpint(head.minor, ==, 1);
    g_assert_cmpuint(head.n_fields, ==, 3);
    assert_slice(head.fields[0].name, "hOsT");
    assert_slice(head.fields[0].value, "example.com:80");
    assert_slice(head.fields[1].value, "");
    assert_slice(head.fields[2].value, "a  b\t\xff");
    g_assert_cmpuint(head.head_len, ==, strlen(text) - strlen("body"));
    g_assert_true(bns_http1_field(&head, "HOST") == &head.fields[0]);
    g_assert_null(bns_http1_field(&head, "absent"));
}

static void
test_status_values(void)
{
    static const char text[] = "HTTP/1.0 404 Not  Found\r\nA: 1\r\na: 2\r\n\r\n";
    BnsHttpHead head;
    BnsParse result =
        bns_http1_parse_response(text, strlen(text), (BnsSlice){ "GET", 3 }, &head);

    g_assert_cmpint(result, ==, BNS_PARSE_DONE);
    g_assert_cmpuint(head.status, ==, 404);
    assert_slice(head.reason, "Not  Found");
    g_assert_cmpint(head.minor, ==, 0);
    g_assert_null(bns_http1_field(&head, "a"));
}

/* For the record of a refused request. */
static void
test_bad_keeps_what_was_read(void)
{
    static const char text[] = "GET /secret HTTP/1.1\r\nHost: a\r\nB : c\r\n\r\n";
    BnsHttpHead head;
    BnsParse result = bns_http1_parse_request(text, strlen(text), &head);

    g_assert_cmpint(result, ==, BNS_PARSE_BAD);
    assert_slice(head.method, "GET");
    assert_slice(head.target, "/secret");
    assert_slice(bns_http1_field(&head, "host")->value, "a");
}

/* "GET /aaa... HTTP/1.1" with a target of @target_len, @n_fields, one of them filled up so
 * that the head has @head_len bytes (0: as it comes). */
static HeadCase
big_request(const char *name,
            size_t target_len,
            size_t n_fields,
            size_t head_len,
            uint16_t status)
{
    GString *text = g_string_new("GET /");
    size_t len;

    while (text->len < strlen("GET ") + target_len)
        g_string_append_c(text, 'a');
    g_string_append(text, " HTTP/1.1\r\nHost: a\r\n");
    for (size_t i = 2; i < n_fields; i++)
        g_string_append(text, "A: b\r\n");
    g_string_append(text, "Filler: ");
    while (text->len + 4 < head_len)
        g_string_append_c(text, 'x');
    g_string_append(text, "\r\n\r\n");
    len = text->len;
    return (HeadCase){ name, g_string_free(text, FALSE), len, status };
}

static void
test_limits(void)
{
    const HeadCase cases[] = {
        big_request("target-as-long-as-allowed", BNS_HTTP_TARGET_MAX, 2, 0, 0),
        big_request("target-one-too-long", BNS_HTTP_TARGET_MAX + 1, 2, 0, 414),
        big_request("fields-as-many-as-allowed", 1, BNS_HTTP_FIELDS_MAX, 0, 0),
        big_request("fields-one-too-many", 1, BNS_HTTP_FIELDS_MAX + 1, 0, 431),
        big_request("head-as-long-as-allowed", 1, 2, BNS_HTTP_HEAD_MAX, 0),
        big_request("head-one-too-long", 1, 2, BNS_HTTP_HEAD_MAX + 1, 431),
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        check_request_case(&cases[i]);
        g_free((char *)(uintptr_t)cases[i].bytes);
    }
}

/* A peer that never ends a line is told as soon as the limit is passed. */
static void
test_endless(void)
{
    g_autofree char *line = g_strnfill(BNS_HTTP_HEAD_MAX, 'a');
    BnsHttpHead head;

    memcpy(line, "GET /", 5);
    g_assert_cmpint(bns_http1_parse_request(line, BNS_HTTP_TARGET_MAX + 4, &head), ==,
                    BNS_PARSE_MORE);
    g_assert_cmpint(bns_http1_parse_request(line, BNS_HTTP_TARGET_MAX + 5, &head), ==,
                    BNS_PARSE_BAD);
    g_assert_cmpuint(head.error_status, ==, 414);
    memcpy(line, "GET / HTTP/1.1\r\nA:", 18);
    g_assert_cmpint(bns_http1_parse_request(line, BNS_HTTP_HEAD_MAX - 1, &head), ==,
                    BNS_PARSE_MORE);
    g_assert_cmpint(bns_http1_parse_request(line, BNS_HTTP_HEAD_MAX, &head), ==,
                    BNS_PARSE_BAD);
    g_assert_cmpuint(head.error_status, ==, 431);
    memcpy(line, "HTTP/1.1 200 OK   ", 18);
    g_assert_cmpint(bns_http1_parse_response(line, BNS_HTTP_HEAD_MAX,
                                             (BnsSlice){ "GET", 3 }, &head),
                    ==, BNS_PARSE_BAD);
    g_assert_cmpuint(head.error_status, ==, 502);
}

/* Faults that need not wait for the end of the head. */
static void
test_early(void)
{
    static const char *const early[] = {
        "\x16",
        " ",
        "\r\n",
        "GET\t",
        "GET  ",
        "GET /\x01",
        "GET / HTTP/1.1x",
        "GET / HTTP/1.1\r\nHost: a\n",
        "GET / HTTP/1.1\r\nHost: a\rb",
        "GET /\r\n",
        "GET / HTTP/3.0\r\n",
    };
    BnsHttpHead head;

    for (size_t i = 0; i < G_N_ELEMENTS(early); i++)
        if (bns_http1_parse_request(early[i], strlen(early[i]), &head) != BNS_PARSE_BAD)
            g_error("\"%s\" is not refused at once", early[i]);
    g_assert_cmpint(
        bns_http1_parse_response("HTTP/2", 6, (BnsSlice){ "GET", 3 }, &head), ==,
        BNS_PARSE_BAD);
}

/* A person who debugs must learn which rule it was. */
static void
test_sentences(void)
{
    static const char *const cases[][2] = {
        { "GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", "folding" },
        { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "before a field's colon" },
        { "GET /\r\n\r\n", "no HTTP version" },
        { "GET  / HTTP/1.1\r\n\r\n", "two spaces" },
        { "GET / HTTP/1.1\nHost: a\n\n", "bare line feed" },
    };
    BnsHttpHead head;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        (void)bns_http1_parse_request(cases[i][0], strlen(cases[i][0]), &head);
        if (head.error == NULL || strstr(head.error, cases[i][1]) == NULL)
            g_error("\"%s\" does not say \"%s\"", head.error, cases[i][1]);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    add_request_cases("/gateway/http1/request-line", request_lines,
                      G_N_ELEMENTS(request_lines));
    add_request_cases("/gateway/http1/line-end", line_ends, G_N_ELEMENTS(line_ends));
    add_request_cases("/gateway/http1/field", fields, G_N_ELEMENTS(fields));
    add_response_cases("/gateway/http1/status-line", status_lines,
                       G_N_ELEMENTS(status_lines));
    bns_test_add("/gateway/http1/head/values-are-trimmed-slices", test_values);
    bns_test_add("/gateway/http1/head/status-and-reason-are-read", test_status_values);
    bns_test_add("/gateway/http1/head/bad-keeps-what-was-read",
                 test_bad_keeps_what_was_read);
    bns_test_add("/gateway/http1/head/limits-hold-on-both-sides", test_limits);
    bns_test_add("/gateway/http1/head/endless-lines-end-at-the-limit", test_endless);
    bns_test_add("/gateway/http1/head/strangers-are-told-early", test_early);
    bns_test_add("/gateway/http1/head/error-names-the-fault", test_sentences);
    return g_test_run();
}
