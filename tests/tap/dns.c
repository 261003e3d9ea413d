/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/dns.h"

#include "netstack/tap/tap.h"
#include "tests/support/test.h"
#include "tests/tap/packets.h"

#include <string.h>

#define A     1
#define NS    2
#define SOA   6
#define PTR   12
#define MX    15
#define TXT   16
#define AAAA  28
#define SRV   33
#define OPT   41
#define SVCB  64
#define HTTPS 65
#define AXFR  252
#define ANY   255

#define NOERROR  0
#define FORMERR  1
#define SERVFAIL 2
#define NXDOMAIN 3
#define NOTIMP   4
#define REFUSED  5

/* --- questions --- */

typedef struct {
    uint8_t bytes[BNS_DNS_QUERY_MAX];
    size_t len;
} Query;

static void
add(Query *query, const void *bytes, size_t len)
{
    memcpy(query->bytes + query->len, bytes, len);
    query->len += len;
}

static void
add16(Query *query, unsigned value)
{
    const uint8_t bytes[] = { (uint8_t)(value >> 8), (uint8_t)value };

    add(query, bytes, sizeof(bytes));
}

static void
add_name(Query *query, const char *name)
{
    while (*name != '\0') {
        uint8_t label = (uint8_t)strcspn(name, ".");

        add(query, &label, 1);
        add(query, name, label);
        name += label + (name[label] == '.');
    }
    add(query, "", 1);
}

/* RD set, id 0xabcd; @counts: QD, AN, NS, AR. */
static Query
query_head(unsigned qd, unsigned an, unsigned ns, unsigned ar)
{
    Query query = { .bytes = { 0xab, 0xcd, 0x01, 0x00 }, .len = 4 };

    add16(&query, qd);
    add16(&query, an);
    add16(&query, ns);
    add16(&query, ar);
    return query;
}

static Query
query_for(const char *name, unsigned type)
{
    Query query = query_head(1, 0, 0, 0);

    add_name(&query, name);
    add16(&query, type);
    add16(&query, 1);
    return query;
}

static void
add_opt(Query *query, uint8_t version, unsigned flags, const char *options)
{
    query->bytes[11]++;
    add(query, "", 1);
    add16(query, OPT);
    add16(query, 4096);
    add16(query, version);
    add16(query, flags);
    add16(query, (unsigned)strlen(options));
    add(query, options, strlen(options));
}

/* --- answers --- */

typedef struct {
    uint8_t bytes[BNS_DNS_ANSWER_MAX];
    BnsDnsResult result;
    unsigned rcode;
    unsigned n_answers;
    unsigned n_authorities;
    unsigned n_additional;
    size_t record_at; /* behind the question */
} Answer;

/* Asks with a copy that ends where the query does. */
static Answer
ask(BnsNames *names, const Query *query)
{
    g_autofree uint8_t *bytes = g_memdup2(query->bytes, query->len);
    Answer answer = { 0 };
    size_t at = 12;

    answer.result = bns_dns_answer(names, bytes, query->len, answer.bytes);
    if (answer.result.len == 0)
        return answer;
    g_assert_cmpuint(answer.result.len, >=, 12);
    g_assert_cmpmem(answer.bytes, 2, query->bytes, 2);
    g_assert_cmpuint(answer.bytes[2] & 0x82, ==, 0x80); /* an answer, never cut */
    answer.rcode = answer.bytes[3] & 0xf;
    answer.n_answers = packet_get16(answer.bytes + 6);
    answer.n_authorities = packet_get16(answer.bytes + 8);
    answer.n_additional = packet_get16(answer.bytes + 10);
    if (packet_get16(answer.bytes + 4) == 1) {
        while (answer.bytes[at] != 0)
            at += answer.bytes[at] + 1u;
        at += 5;
    }
    answer.record_at = at;
    return answer;
}

static const uint8_t *
record_of(const Answer *answer)
{
    return answer->bytes + answer->record_at;
}

static Answer
ask_name(BnsNames *names, const char *name, unsigned type)
{
    Query query = query_for(name, type);

    return ask(names, &query);
}

/* --- by name and type --- */

typedef struct {
    const char *name;
    const char *host;
    unsigned type;
    unsigned rcode;
    unsigned n_answers;
    BnsDnsNews news;
} Case;

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define N253                                                                           \
    L63 "." L63 "." L63 "."                                                            \
        "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwx"

static const Case cases[] = {
    { "a-has-an-address", "github.com", A, NOERROR, 1, BNS_DNS_NEW_NAME },
    { "one-label-has-an-address", "db", A, NOERROR, 1, BNS_DNS_NEW_NAME },
    { "underscore-is-fine", "_dmarc.example.org", A, NOERROR, 1, BNS_DNS_NEW_NAME },
    { "253-octets-have-an-address", N253, A, NOERROR, 1, BNS_DNS_NEW_NAME },
    { "254-octets-are-malformed", N253 "y", A, FORMERR, 0, BNS_DNS_OLD },
    { "aaaa-is-empty", "github.com", AAAA, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "https-is-empty", "github.com", HTTPS, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "svcb-is-empty", "github.com", SVCB, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "txt-is-empty", "github.com", TXT, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "mx-is-empty", "github.com", MX, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "srv-is-empty", "_x._tcp.github.com", SRV, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "soa-is-empty", "github.com", SOA, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "any-is-empty", "github.com", ANY, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "axfr-is-empty", "github.com", AXFR, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "type-zero-is-empty", "github.com", 0, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "ptr-of-a-host-is-empty", "github.com", PTR, NOERROR, 0, BNS_DNS_NEW_NAME },
    { "the-root-is-empty", "", NS, NOERROR, 0, BNS_DNS_OLD },
    { "localhost-is-loopback", "localhost", A, NOERROR, 1, BNS_DNS_OLD },
    { "below-localhost-is-loopback", "x.LocalHost", A, NOERROR, 1, BNS_DNS_OLD },
    { "localhost-has-ipv6", "localhost", AAAA, NOERROR, 1, BNS_DNS_OLD },
    { "localhost-has-no-text", "localhost", TXT, NOERROR, 0, BNS_DNS_OLD },
    { "notlocalhost-is-a-host", "notlocalhost", A, NOERROR, 1, BNS_DNS_NEW_NAME },
    { "boundary.internal-is-not-there", "boundary.internal", A, NXDOMAIN, 0,
      BNS_DNS_OLD },
    { "below-boundary.internal-nothing", "host.Boundary.internal", A, NXDOMAIN, 0,
      BNS_DNS_OLD },
    { "xboundary.internal-is-a-host", "xboundary.internal", A, NOERROR, 1,
      BNS_DNS_NEW_NAME },
    { "ptr-of-a-stranger", "4.4.8.8.in-addr.arpa", PTR, NXDOMAIN, 0, BNS_DNS_OLD },
    { "ptr-of-loopback", "1.0.0.127.in-addr.arpa", PTR, NOERROR, 1, BNS_DNS_OLD },
    { "a-of-a-reverse-name", "1.0.0.127.in-addr.arpa", A, NOERROR, 0, BNS_DNS_OLD },
    { "ptr-of-ipv6", "1.0.0.0.ip6.arpa", PTR, NXDOMAIN, 0, BNS_DNS_OLD },
    { "ptr-of-three-numbers", "1.2.3.in-addr.arpa", PTR, NXDOMAIN, 0, BNS_DNS_OLD },
    { "ptr-of-five-numbers", "1.2.3.4.5.in-addr.arpa", PTR, NXDOMAIN, 0, BNS_DNS_OLD },
    { "ptr-of-256", "256.0.0.127.in-addr.arpa", PTR, NXDOMAIN, 0, BNS_DNS_OLD },
    { "ptr-with-a-leading-zero", "01.0.0.127.in-addr.arpa", PTR, NXDOMAIN, 0,
      BNS_DNS_OLD },
    { "ptr-of-four-digits", "0001.0.0.127.in-addr.arpa", PTR, NXDOMAIN, 0,
      BNS_DNS_OLD },
    { "space-is-no-host", "a b.example", A, SERVFAIL, 0, BNS_DNS_REFUSED_INVALID },
    { "at-is-no-host", "a@b.example", A, SERVFAIL, 0, BNS_DNS_REFUSED_INVALID },
    { "percent-is-no-host", "a%2e.example", A, SERVFAIL, 0, BNS_DNS_REFUSED_INVALID },
    { "utf-8-is-no-host",
      "b\xc3\xbc"
      "cher.example",
      A, SERVFAIL, 0, BNS_DNS_REFUSED_INVALID },
    { "star-is-no-host", "*.example", A, SERVFAIL, 0, BNS_DNS_REFUSED_INVALID },
    { "slash-is-no-host", "a/b", A, SERVFAIL, 0, BNS_DNS_REFUSED_INVALID },
    { "hyphen-first-is-no-host", "-a.example", A, SERVFAIL, 0,
      BNS_DNS_REFUSED_INVALID },
    { "hyphen-last-is-no-host", "a-.example", A, SERVFAIL, 0, BNS_DNS_REFUSED_INVALID },
    { "numbers-are-no-host", "1.2.3.4", A, SERVFAIL, 0, BNS_DNS_REFUSED_INVALID },
    { "number-last-is-no-host", "example.7", A, SERVFAIL, 0, BNS_DNS_REFUSED_INVALID },
    { "hex-last-is-no-host", "example.0X7f", A, SERVFAIL, 0, BNS_DNS_REFUSED_INVALID },
    { "hex-word-last-is-no-host", "example.0xyz", A, SERVFAIL, 0,
      BNS_DNS_REFUSED_INVALID },
    { "number-first-is-a-host", "4.example", A, NOERROR, 1, BNS_DNS_NEW_NAME },
    { "digits-and-letters-last-is-a-host", "example.7z", A, NOERROR, 1,
      BNS_DNS_NEW_NAME },
};

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    g_autoptr(BnsNames) names = bns_names_new(10);
    Answer answer = ask_name(names, row->host, row->type);

    g_assert_cmpuint(answer.rcode, ==, row->rcode);
    g_assert_cmpuint(answer.n_answers, ==, row->n_answers);
    g_assert_cmpint(answer.result.news, ==, row->news);
    /* What is not there says how long. */
    g_assert_cmpuint(answer.n_authorities, ==,
                     row->n_answers == 0 &&
                         (row->rcode == NOERROR || row->rcode == NXDOMAIN));
    g_assert_cmpuint(answer.n_additional, ==, 0);
}

static void
test_a_record(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Answer answer = ask_name(names, "GitHub.com", A);
    static const uint8_t head[] = { 0xc0, 12, 0, A, 0, 1, 0, 0, 0, 60, 0, 4 };

    g_assert_cmpmem(record_of(&answer), 12, head, sizeof(head));
    g_assert_cmpuint(packet_get32(record_of(&answer) + 12), ==,
                     bns_names_candidate("github.com"));
    g_assert_true(answer.bytes + answer.result.len == record_of(&answer) + 16);
    g_assert_cmpstr(answer.result.name, ==, "github.com");
    /* The question comes back as it was spelled (0x20). */
    g_assert_cmpmem(answer.bytes + 12, 12, "\6GitHub\3com", 12);
    g_assert_cmpuint(answer.bytes[2] & 1, ==, 1);
    /* The second time is no news. */
    g_assert_cmpint(ask_name(names, "github.COM", A).result.news, ==, BNS_DNS_OLD);
}

static void
test_soa_is_short(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Answer answer = ask_name(names, "github.com", AAAA);
    const uint8_t *soa = record_of(&answer);
    const uint8_t *end = answer.bytes + answer.result.len;

    g_assert_cmpuint(packet_get16(soa), ==, 0xc00c);
    g_assert_cmpuint(packet_get16(soa + 2), ==, SOA);
    g_assert_cmpuint(packet_get32(soa + 6), ==, 5);
    g_assert_true(soa + 12 + packet_get16(soa + 10) == end);
    g_assert_cmpuint(packet_get32(end - 4), ==, 5);
    g_assert_cmpmem(soa + 12, 22, "\2ns\10boundary\10internal", 22);
}

static void
test_ptr(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    uint32_t addr = bns_names_candidate("www.example.org");
    g_autofree char *reverse =
        g_strdup_printf("%u.%u.%u.%u.in-addr.arpa", addr & 0xff, addr >> 8 & 0xff,
                        addr >> 16 & 0xff, addr >> 24);
    Answer answer;

    g_assert_cmpuint(ask_name(names, reverse, PTR).rcode, ==, NXDOMAIN);
    ask_name(names, "www.example.org", A);
    answer = ask_name(names, reverse, PTR);
    g_assert_cmpuint(answer.rcode, ==, NOERROR);
    g_assert_cmpuint(packet_get16(record_of(&answer) + 10), ==, 17);
    g_assert_cmpmem(record_of(&answer) + 12, 17, "\3www\7example\3org", 17);
}

/* The longest name fits a PTR, an SOA and an OPT in 512 bytes. */
static void
test_longest(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    uint32_t addr = bns_names_candidate(N253);
    g_autofree char *reverse =
        g_strdup_printf("%u.%u.%u.%u.in-addr.arpa", addr & 0xff, addr >> 8 & 0xff,
                        addr >> 16 & 0xff, addr >> 24);
    Query query = query_for(N253, AAAA);
    Answer answer;

    add_opt(&query, 0, 0, "");
    answer = ask(names, &query);
    g_assert_cmpuint(answer.rcode, ==, NOERROR);
    g_assert_cmpstr(answer.result.name, ==, N253);
    query = query_for(reverse, PTR);
    add_opt(&query, 0, 0, "");
    answer = ask(names, &query);
    g_assert_cmpuint(answer.n_answers, ==, 1);
    g_assert_cmpuint(packet_get16(record_of(&answer) + 10), ==, 255);
}

static void
test_limit(void)
{
    g_autoptr(BnsNames) names = bns_names_new(1);
    Answer answer;

    ask_name(names, "a.example", A);
    answer = ask_name(names, "b.example", A);
    g_assert_cmpuint(answer.rcode, ==, SERVFAIL);
    g_assert_cmpint(answer.result.news, ==, BNS_DNS_REFUSED_LIMIT);
    g_assert_cmpstr(answer.result.name, ==, "b.example");
    g_assert_cmpuint(ask_name(names, "a.example", A).rcode, ==, NOERROR);
    g_assert_cmpuint(ask_name(names, "localhost", A).rcode, ==, NOERROR);
}

/* --- EDNS --- */

static void
test_edns(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Query query = query_for("github.com", A);
    Answer answer;

    add_opt(&query, 0, 0x8000, "\0\12\0\10cookie..");
    answer = ask(names, &query);
    g_assert_cmpuint(answer.rcode, ==, NOERROR);
    g_assert_cmpuint(answer.n_additional, ==, 1);
    g_assert_cmpmem(record_of(&answer) + 16, 11, "\0\0\51\4\320\0\0\200\0\0\0", 11);
}

static void
test_edns_version(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Query query = query_for("github.com", A);
    Answer answer;

    add_opt(&query, 1, 0, "");
    answer = ask(names, &query);
    g_assert_cmpuint(answer.rcode, ==, 0); /* 16 is in the OPT record */
    g_assert_cmpuint(answer.n_answers, ==, 0);
    g_assert_cmpmem(record_of(&answer), 11, "\0\0\51\4\320\1\0\0\0\0\0", 11);
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
    add(query, query->bytes + 12, query->len - 12);
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
    add(query, "\0\0\1\0\1\0\0\0\0\0\0", 11);
}

static void
make_an_authority_section(Query *query)
{
    query->bytes[9] = 1;
    add(query, "\0\0\1\0\1\0\0\0\0\0\0", 11);
}

static void
make_a_pointer(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    add(query, "\300\14\0\1\0\1", 6);
}

static void
make_a_pointer_to_itself(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    add(query, "\1a\300\14\0\1\0\1", 8);
}

static void
make_a_label_of_64(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    add(query, "\100" L63 "a\0\0\1\0\1", 70);
}

static void
make_a_label_over_the_end(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    add(query, "\77abc", 4);
}

static void
make_128_labels(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    for (int i = 0; i < 128; i++)
        add(query, "\1a", 2);
    add(query, "\0\0\1\0\1", 5);
}

static void
make_a_name_without_end(Query *query)
{
    *query = query_head(1, 0, 0, 0);
    while (query->len + 2 < sizeof(query->bytes))
        add(query, "\1a", 2);
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
    add(query, "x", 1);
}

static void
make_two_opts(Query *query)
{
    add_opt(query, 0, 0, "");
    add_opt(query, 0, 0, "");
}

static void
make_an_opt_of_a_name(Query *query)
{
    query->bytes[11] = 1;
    add(query, "\1a\0\0\51\4\320\0\0\0\0\0\0", 13);
}

static void
make_an_opt_over_the_end(Query *query)
{
    query->bytes[11] = 1;
    add(query, "\0\0\51\4\320\0\0\0\0\0\1", 11);
}

static void
make_a_cut_opt(Query *query)
{
    query->bytes[11] = 1;
    add(query, "\0\0\51\4\320\0\0\0\0\0", 10);
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
    add(query, "\1k\0\0\372\0\377\0\0\0\0\0\1s", 14);
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
    answer = ask(names, &query);
    g_assert_cmpint(answer.result.len > 0 ? (int)answer.rcode : -1, ==, row->rcode);
    g_assert_cmpuint(answer.n_answers, ==, row->rcode == NOERROR);
}

static void
test_every_cut(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Query query = query_for("github.com", A);

    add_opt(&query, 0, 0, "cookie");
    while (query.len-- > 12) {
        Answer answer = ask(names, &query);

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

        add(&query, labels[i], 11);
        add(&query, "\0\0\1\0\1", 5);
        answer = ask(names, &query);
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
        add(&query, "\1a", 2);
    add(&query, "\0\0\1\0\1", 5);
    g_assert_cmpuint(ask(names, &query).rcode, ==, NOERROR);
}

static void
add_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/tap/dns/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_case);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = g_strdup_printf("/tap/dns/message/%s", bad[i].name);

        bns_test_add_data(path, &bad[i], test_bad);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    add_cases();
    bns_test_add("/tap/dns/an-address-lives-60-seconds", test_a_record);
    bns_test_add("/tap/dns/what-is-not-there-lives-5-seconds", test_soa_is_short);
    bns_test_add("/tap/dns/ptr-of-ours-is-the-name", test_ptr);
    bns_test_add("/tap/dns/the-longest-answers-fit", test_longest);
    bns_test_add("/tap/dns/beyond-the-limit-is-servfail", test_limit);
    bns_test_add("/tap/dns/edns-is-answered-in-kind", test_edns);
    bns_test_add("/tap/dns/edns-of-another-version-is-badvers", test_edns_version);
    bns_test_add("/tap/dns/every-cut-is-malformed", test_every_cut);
    bns_test_add("/tap/dns/a-dot-in-a-label-is-no-host", test_dot_in_a_label);
    bns_test_add("/tap/dns/127-labels-are-a-host", test_127_labels);
    return g_test_run();
}
