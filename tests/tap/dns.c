/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/dns.h"

#include "tests/support/test.h"
#include "tests/tap/dns_query.h"
#include "tests/tap/packets.h"

#include <string.h>

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
    Answer answer = dns_ask_name(names, row->host, row->type);

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
    Answer answer = dns_ask_name(names, "GitHub.com", A);
    static const uint8_t head[] = { 0xc0, 12, 0, A, 0, 1, 0, 0, 0, 60, 0, 4 };

    g_assert_cmpmem(dns_record(&answer), 12, head, sizeof(head));
    g_assert_cmpuint(packet_get32(dns_record(&answer) + 12), ==,
                     bns_names_candidate("github.com"));
    g_assert_true(answer.bytes + answer.result.len == dns_record(&answer) + 16);
    g_assert_cmpstr(answer.result.name, ==, "github.com");
    /* The question comes back as it was spelled (0x20). */
    g_assert_cmpmem(answer.bytes + 12, 12, "\6GitHub\3com", 12);
    g_assert_cmpuint(answer.bytes[2] & 1, ==, 1);
    /* The second time is no news. */
    g_assert_cmpint(dns_ask_name(names, "github.COM", A).result.news, ==, BNS_DNS_OLD);
}

static void
test_soa_is_short(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Answer answer = dns_ask_name(names, "github.com", AAAA);
    const uint8_t *soa = dns_record(&answer);
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

    g_assert_cmpuint(dns_ask_name(names, reverse, PTR).rcode, ==, NXDOMAIN);
    dns_ask_name(names, "www.example.org", A);
    answer = dns_ask_name(names, reverse, PTR);
    g_assert_cmpuint(answer.rcode, ==, NOERROR);
    g_assert_cmpuint(packet_get16(dns_record(&answer) + 10), ==, 17);
    g_assert_cmpmem(dns_record(&answer) + 12, 17, "\3www\7example\3org", 17);
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

    query_add_opt(&query, 0, 0, "");
    answer = dns_ask(names, &query);
    g_assert_cmpuint(answer.rcode, ==, NOERROR);
    g_assert_cmpstr(answer.result.name, ==, N253);
    query = query_for(reverse, PTR);
    query_add_opt(&query, 0, 0, "");
    answer = dns_ask(names, &query);
    g_assert_cmpuint(answer.n_answers, ==, 1);
    g_assert_cmpuint(packet_get16(dns_record(&answer) + 10), ==, 255);
}

/* The host's name, where it offers a port, is there from the beginning. */
static void
test_host(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    Answer answer;
    uint32_t addr;
    bool is_new;

    bns_names_address(names, "host.boundary.internal", &addr, &is_new);
    answer = dns_ask_name(names, "host.Boundary.internal", A);
    g_assert_cmpuint(answer.rcode, ==, NOERROR);
    g_assert_cmpuint(packet_get32(dns_record(&answer) + 12), ==, addr);
    g_assert_cmpint(answer.result.news, ==, BNS_DNS_OLD);
    g_assert_cmpuint(dns_ask_name(names, "boundary.internal", A).rcode, ==, NXDOMAIN);
    g_assert_cmpuint(dns_ask_name(names, "x.host.boundary.internal", A).rcode, ==,
                     NXDOMAIN);
}

static void
test_limit(void)
{
    g_autoptr(BnsNames) names = bns_names_new(1);
    Answer answer;

    dns_ask_name(names, "a.example", A);
    answer = dns_ask_name(names, "b.example", A);
    g_assert_cmpuint(answer.rcode, ==, SERVFAIL);
    g_assert_cmpint(answer.result.news, ==, BNS_DNS_REFUSED_LIMIT);
    g_assert_cmpstr(answer.result.name, ==, "b.example");
    g_assert_cmpuint(dns_ask_name(names, "a.example", A).rcode, ==, NOERROR);
    g_assert_cmpuint(dns_ask_name(names, "localhost", A).rcode, ==, NOERROR);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/tap/dns/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/tap/dns/an-address-lives-60-seconds", test_a_record);
    bns_test_add("/tap/dns/what-is-not-there-lives-5-seconds", test_soa_is_short);
    bns_test_add("/tap/dns/ptr-of-ours-is-the-name", test_ptr);
    bns_test_add("/tap/dns/the-longest-answers-fit", test_longest);
    bns_test_add("/tap/dns/the-host-s-name-is-there-if-offered", test_host);
    bns_test_add("/tap/dns/beyond-the-limit-is-servfail", test_limit);
    return g_test_run();
}
