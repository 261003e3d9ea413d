/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tally.h"

#include "base/ready.h"
#include "tests/support/test.h"

#include <string.h>

static void
add(BnsTally *tally, BnsEvent event, BnsDecided decision, const char *path)
{
    const BnsRecord record = { .event = event,
                               .decision = decision,
                               .scheme = "https",
                               .host = "h",
                               .port = 443,
                               .method = "GET",
                               .path = path };

    bns_tally_add(tally, &record);
}

static void
assert_summary(const BnsTally *tally, const char *expected)
{
    g_autofree char *summary = bns_tally_summary(tally);

    g_assert_cmpstr(summary, ==, expected);
}

static void
test_what_counts(void)
{
    g_autoptr(BnsTally) tally = bns_tally_new();

    for (int event = 0; event < BNS_N_EVENTS; event++)
        for (int decision = 0; decision < BNS_N_DECIDED; decision++)
            add(tally, (BnsEvent)event, (BnsDecided)decision, "/");
    /* three events; of two ends deny */
    g_assert_cmpuint(bns_tally_allowed(tally), ==, 3);
    g_assert_cmpuint(bns_tally_denied(tally), ==, 5);
    g_assert_cmpuint(bns_tally_would_deny(tally), ==, 3);
    assert_summary(tally, "3 5 3\n5\thttps\th\t443\tGET\t/\trefused\t-\n");
}

static void
test_nothing(void)
{
    g_autoptr(BnsTally) tally = bns_tally_new();

    assert_summary(tally, "0 0 0\n");
}

static void
test_order(void)
{
    g_autoptr(BnsTally) tally = bns_tally_new();
    static const char *const paths[] = { "/a", "/b", "/c", "/d", "/e",
                                         "/f", "/f", "/d", "/f" };

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        add(tally, BNS_EVENT_HTTP_REQUEST, BNS_DECIDED_DENY, paths[i]);
    assert_summary(tally, "0 9 0\n"
                          "3\thttps\th\t443\tGET\t/f\trefused\t-\n"
                          "2\thttps\th\t443\tGET\t/d\trefused\t-\n"
                          "1\thttps\th\t443\tGET\t/a\trefused\t-\n"
                          "1\thttps\th\t443\tGET\t/b\trefused\t-\n"
                          "1\thttps\th\t443\tGET\t/c\trefused\t-\n");
}

static void
test_absent(void)
{
    g_autoptr(BnsTally) tally = bns_tally_new();
    const BnsRecord record = { .event = BNS_EVENT_FLOW_REFUSED,
                               .decision = BNS_DECIDED_DENY,
                               .addr = "192.0.2.1" };

    bns_tally_add(tally, &record);
    assert_summary(tally, "0 1 0\n1\t-\t192.0.2.1\t-\t-\t-\trefused\t-\n");
}

/* A sealed flow's tls.open is its refusal; allowed, its tcp.open follows. */
static void
test_sealed(void)
{
    g_autoptr(BnsTally) tally = bns_tally_new();

    for (int decision = 0; decision < BNS_N_DECIDED; decision++) {
        const BnsRecord record = { .event = BNS_EVENT_TLS_OPEN,
                                   .decision = (BnsDecided)decision,
                                   .scheme = "tls",
                                   .host = "h",
                                   .port = 443,
                                   .reason = "why" };

        bns_tally_add(tally, &record);
    }
    assert_summary(tally, "0 1 0\n1\ttls\th\t443\t-\t-\trefused\twhy\n");
}

static void
test_kinds(void)
{
    g_autoptr(BnsTally) tally = bns_tally_new();
    static const uint16_t statuses[] = { 400, 421, 403 };

    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
        const BnsRecord record = { .event = BNS_EVENT_HTTP_REQUEST,
                                   .decision = BNS_DECIDED_DENY,
                                   .reason = "why",
                                   .host = "h",
                                   .status = statuses[i] };

        bns_tally_add(tally, &record);
    }
    assert_summary(tally, "0 3 0\n2\t-\th\t-\t-\t-\tmalformed\twhy\n"
                          "1\t-\th\t-\t-\t-\trefused\twhy\n");
}

static void
test_escapes(void)
{
    g_autoptr(BnsTally) tally = bns_tally_new();
    const BnsRecord record = { .event = BNS_EVENT_HTTP_REQUEST,
                               .decision = BNS_DECIDED_DENY,
                               .host = "a\tb\n",
                               .method = "G\x1b",
                               .path = "/\xff\\" };

    bns_tally_add(tally, &record);
    assert_summary(tally,
                   "0 1 0\n1\t-\ta\\x09b\\x0a\t-\tG\\x1b\t/\\xff\\x5c\trefused\t-\n");
}

/* All columns at their longest, each byte escaped: it is one message still, no escape
 * is cut, and what is cut can be seen. */
static void
test_longest(void)
{
    g_autoptr(BnsTally) tally = bns_tally_new();
    g_autofree char *summary = NULL;
    g_auto(GStrv) lines = NULL;

    for (int i = 0; i < 8; i++) {
        g_autofree char *text = g_strnfill(4000 + i, (char)(0x80 + i));
        const BnsRecord record = { .event = BNS_EVENT_HTTP_REQUEST,
                                   .decision = BNS_DECIDED_DENY,
                                   .host = text,
                                   .scheme = text,
                                   .method = text,
                                   .path = text,
                                   .reason = text,
                                   .port = 65535 };

        bns_tally_add(tally, &record);
    }
    summary = bns_tally_summary(tally);
    g_assert_cmpuint(strlen(summary), <, BNS_READY_TEXT_MAX);
    lines = g_strsplit(summary, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 7);
    for (int i = 1; i <= 5; i++) {
        g_auto(GStrv) columns = g_strsplit(lines[i], "\t", -1);

        g_assert_cmpuint(g_strv_length(columns), ==, 8);
        g_assert_true(
            g_str_has_suffix(columns[2], "0*") || g_str_has_suffix(columns[2], "1*") ||
            g_str_has_suffix(columns[2], "2*") || g_str_has_suffix(columns[2], "3*") ||
            g_str_has_suffix(columns[2], "4*"));
        g_assert_cmpuint((strlen(columns[5]) - 1) % 4, ==, 0);
    }
}

static void
test_many(void)
{
    g_autoptr(BnsTally) tally = bns_tally_new();

    for (int i = 0; i < 3 * BNS_TALLY_DESTINATIONS_MAX; i++) {
        g_autofree char *path = g_strdup_printf("/%d", i);

        add(tally, BNS_EVENT_HTTP_REQUEST, BNS_DECIDED_DENY, path);
    }
    /* the last known one, and the first that is not */
    add(tally, BNS_EVENT_HTTP_REQUEST, BNS_DECIDED_DENY, "/1023");
    add(tally, BNS_EVENT_HTTP_REQUEST, BNS_DECIDED_DENY, "/1024");
    g_assert_cmpuint(bns_tally_denied(tally), ==, 3 * BNS_TALLY_DESTINATIONS_MAX + 2);
    assert_summary(tally, "0 3074 0\n"
                          "2\thttps\th\t443\tGET\t/1023\trefused\t-\n"
                          "1\thttps\th\t443\tGET\t/0\trefused\t-\n"
                          "1\thttps\th\t443\tGET\t/1\trefused\t-\n"
                          "1\thttps\th\t443\tGET\t/2\trefused\t-\n"
                          "1\thttps\th\t443\tGET\t/3\trefused\t-\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/audit/tally/sealed-tls-is-refused-at-its-hello", test_sealed);
    bns_test_add("/audit/tally/one-refused-thing-counts-once", test_what_counts);
    bns_test_add("/audit/tally/nothing-is-a-summary-too", test_nothing);
    bns_test_add("/audit/tally/the-most-refused-come-first", test_order);
    bns_test_add("/audit/tally/absent-columns-are-dashes", test_absent);
    bns_test_add("/audit/tally/malformed-ones-are-told-apart", test_kinds);
    bns_test_add("/audit/tally/foreign-text-is-escaped", test_escapes);
    bns_test_add("/audit/tally/the-longest-summary-is-one-message", test_longest);
    bns_test_add("/audit/tally/destinations-have-a-limit", test_many);
    return g_test_run();
}
