/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/dns.h"

#include "tests/support/test.h"
#include "tests/tap/dns_query.h"
#include "tests/tap/packets.h"

#include <string.h>

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"

/* --- EDNS --- */

static void
test_edns(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Query query = query_for("github.com", A);
    Answer answer;

    query_add_opt(&query, 0, 0x8000, "\0\12\0\10cookie..");
    answer = dns_ask(names, &query);
    g_assert_cmpuint(answer.rcode, ==, NOERROR);
    g_assert_cmpuint(answer.n_additional, ==, 1);
    g_assert_cmpmem(dns_record(&answer) + 16, 11, "\0\0\51\4\320\0\0\200\0\0\0", 11);
}

static void
test_edns_version(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Query query = query_for("github.com", A);
    Answer answer;

    query_add_opt(&query, 1, 0, "");
    answer = dns_ask(names, &query);
    g_assert_cmpuint(answer.rcode, ==, 0); /* 16 is in the OPT record */
    g_assert_cmpuint(answer.n_answers, ==, 0);
    g_assert_cmpmem(dns_record(&answer), 11, "\0\0\51\4\320\1\0\0\0\0\0", 11);
    g_assert_cmpint(answer.result.news, ==, BNS_DNS_OLD);
}

/* --- what is no good question --- */

typedef struct {
    const char *name;
    void (*make)(Query *query);
    int rcode; /* -1: no answer */
} Bad;

static void
make_header_of_11_bytes(Query *query)
{
    query->len = 11;
}

static void
make_nothing(Query *query)
{
    query->len = 0;
}

static void
make_an_answer(Query *query)
{
    query->bytes[2] |= 0x80;
}

static void
make_a_notify(Query *query)
{
    query->bytes[2] |= 4 << 3;
}

static void
make_no_question(Query *query)
{
    *query = query_head(0, 0, 0, 0);
}

static void
make_two_questions(Query *query)
{
    query->bytes[5] = 2;
    query_add(query, query->bytes + 12, query->len - 12);
}

static void
make_a_missing_question(Query *query)
{
    query->len = 12;
}

static void
make_an_answer_section(Query *query)
{
    query->bytes[7] = 1;
    query_add(query, "\0\0\1\0\1\0\0\0\0\0\0", 11);
}

static void
make_an_authority_section(Query *query)
{
    query->bytes[9] = 1;
    query_add(query, "\0\0\1\0\1\0\0\0\0\0\0", 11);
}

static void
make_a_pointer(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    query_add(query, "\300\14\0\1\0\1", 6);
}

static void
make_a_pointer_to_itself(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    query_add(query, "\1a\300\14\0\1\0\1", 8);
}

static void
make_a_label_of_64(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    query_add(query, "\100" L63 "a\0\0\1\0\1", 70);
}

static void
make_a_label_over_the_end(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    query_add(query, "\77abc", 4);
}

static void
make_128_labels(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    for (int i = 0; i < 128; i++)
        query_add(query, "\1a", 2);
    query_add(query, "\0\0\1\0\1", 5);
}

static void
make_a_name_without_end(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    while (query->len + 2 < sizeof(query->bytes))
        query_add(query, "\1a", 2);
}

static void
make_no_class(Query *query)
{
    query->len -= 2;
}

static void
make_chaos(Query *query)
{
    query->bytes[query->len - 1] = 3;
}

static void
make_any_class(Query *query)
{
    query->bytes[query->len - 1] = 255;
}

static void
make_rubbish_behind(Query *query)
{
    query_add(query, "x", 1);
}

static void
make_two_opts(Query *query)
{
    query_add_opt(query, 0, 0, "");
    query_add_opt(query, 0, 0, "");
}

static void
make_an_opt_of_a_name(Query *query)
{
    query->bytes[11] = 1;
    query_add(query, "\1a\0\0\51\4\320\0\0\0\0\0\0", 13);
}

static void
make_an_opt_over_the_end(Query *query)
{
    query->bytes[11] = 1;
    query_add(query, "\0\0\51\4\320\0\0\0\0\0\1", 11);
}

static void
make_a_cut_opt(Query *query)
{
    query->bytes[11] = 1;
    query_add(query, "\0\0\51\4\320\0\0\0\0\0", 10);
}

static void
make_a_missing_additional(Query *query)
{
    query->bytes[10] = 0xff;
    query->bytes[11] = 0xff;
}

static void
make_a_signature(Query *query)
{
    query->bytes[11] = 1;
    query_add(query, "\1k\0\0\372\0\377\0\0\0\0\0\1s", 14);
}

static const Bad bad[] = {
    { "nothing", make_nothing, -1 },
    { "a-header-of-11-bytes", make_header_of_11_bytes, -1 },
    { "an-answer", make_an_answer, -1 },
    { "a-notify", make_a_notify, NOTIMP },
    { "no-question", make_no_question, FORMERR },
    { "two-questions", make_two_questions, FORMERR },
    { "a-missing-question", make_a_missing_question, FORMERR },
    { "an-answer-section", make_an_answer_section, FORMERR },
    { "an-authority-section", make_an_authority_section, FORMERR },
    { "a-pointer", make_a_pointer, FORMERR },
    { "a-pointer-to-itself", make_a_pointer_to_itself, FORMERR },
    { "a-label-of-64", make_a_label_of_64, FORMERR },
    { "a-label-over-the-end", make_a_label_over_the_end, FORMERR },
    { "128-labels", make_128_labels, FORMERR },
    { "a-name-without-end", make_a_name_without_end, FORMERR },
    { "no-class", make_no_class, FORMERR },
    { "class-chaos", make_chaos, REFUSED },
    { "class-any", make_any_class, REFUSED },
    { "rubbish-behind", make_rubbish_behind, FORMERR },
    { "two-opts", make_two_opts, FORMERR },
    { "an-opt-of-a-name", make_an_opt_of_a_name, FORMERR },
    { "an-opt-over-the-end", make_an_opt_over_the_end, FORMERR },
    { "a-cut-opt", make_a_cut_opt, FORMERR },
    { "a-missing-additional", make_a_missing_additional, FORMERR },
    { "a-signature-is-passed-over", make_a_signature, NOERROR },
};

static void
test_bad(gconstpointer data)
{
    const Bad *row = data;
    g_autoptr(BnsNames) names = bns_names_new(10);
    Query query = query_for("github.com", A);
    Answer answer;

    row->make(&query);
    answer = dns_ask(names, &query);
    g_assert_cmpint(answer.result.len > 0 ? (int)answer.rcode : -1, ==, row->rcode);
    g_assert_cmpuint(answer.n_answers, ==, row->rcode == NOERROR);
}

static void
test_every_cut(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Query query = query_for("github.com", A);

    query_add_opt(&query, 0, 0, "cookie");
    while (query.len-- > 12) {
        Answer answer = dns_ask(names, &query);

        g_assert_cmpuint(answer.rcode, ==, FORMERR);
        g_assert_cmpint(answer.result.news, ==, BNS_DNS_OLD);
    }
}

/* A dot or a NUL inside a label cannot make another name. */
static void
test_dot_in_a_label(void)
{
    static const char *const labels[] = { "\12github.com", "\12github\0com" };

    for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
        g_autoptr(BnsNames) names = bns_names_new(10);
        Query query = query_head(1, 0, 0, 0);
        Answer answer;

        query_add(&query, labels[i], 11);
        query_add(&query, "\0\0\1\0\1", 5);
        answer = dns_ask(names, &query);
        g_assert_cmpuint(answer.rcode, ==, SERVFAIL);
        g_assert_cmpint(answer.result.news, ==, BNS_DNS_REFUSED_INVALID);
    }
}

static void
test_127_labels(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Query query = query_head(1, 0, 0, 0);

    for (int i = 0; i < 127; i++)
        query_add(&query, "\1a", 2);
    query_add(&query, "\0\0\1\0\1", 5);
    g_assert_cmpuint(dns_ask(names, &query).rcode, ==, NOERROR);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = g_strdup_printf("/tap/dns/message/%s", bad[i].name);

        bns_test_add_data(path, &bad[i], test_bad);
    }
    bns_test_add("/tap/dns/edns-is-answered-in-kind", test_edns);
    bns_test_add("/tap/dns/edns-of-another-version-is-badvers", test_edns_version);
    bns_test_add("/tap/dns/every-cut-is-malformed", test_every_cut);
    bns_test_add("/tap/dns/a-dot-in-a-label-is-no-host", test_dot_in_a_label);
    bns_test_add("/tap/dns/127-labels-are-a-host", test_127_labels);
    return g_test_run();
}
