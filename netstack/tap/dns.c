/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/dns.h"

#include "netstack/tap/bytes.h"
#include "netstack/tap/dns_message.h"

#include <glib.h>
#include <netinet/in.h>
#include <string.h>

/* The address stands for the name all session long; a client that forgets it asks
 * again at no cost. */
#define NAME_TTL_S 60
/* What is not there may be there in a moment: a name past the limit, a later release. */
#define NEGATIVE_TTL_S 5

#define ARPA         "in-addr.arpa"
#define ARPA_SUFFIX  "." ARPA
#define ARPA6_SUFFIX ".ip6.arpa"

typedef struct {
    BnsNames *names; /* borrowed */
    BnsDnsQuery query;
    const uint8_t *query_bytes; /* borrowed */
    BnsDnsAnswer answer;
    BnsDnsResult result;
} Exchange;

/* --- what kind of name --- */

static bool
is_at_or_below(const char *name, const char *top)
{
    size_t len = strlen(name);
    size_t top_len = strlen(top);

    return len >= top_len && strcmp(name + len - top_len, top) == 0 &&
           (len == top_len || name[len - top_len - 1] == '.');
}

/* A label that inet_aton(3) would read as a number at a name's end. */
static bool
is_numeric(const char *label)
{
    return g_str_has_prefix(label, "0x") || label[strspn(label, "0123456789")] == '\0';
}

/* The rules of policy/host.h, which the gateway applies to the same name: letters,
 * digits, '-' (not at a label's end) and '_', and no number at the end. Label and name
 * lengths were checked on the wire. */
static bool
is_host_name(const char *name)
{
    const char *label = name;

    for (;;) {
        size_t len = strcspn(label, ".");

        if (len == 0 || label[0] == '-' || label[len - 1] == '-')
            return false;
        for (size_t i = 0; i < len; i++)
            if (!g_ascii_isalnum(label[i]) && label[i] != '-' && label[i] != '_')
                return false;
        if (label[len] == '\0')
            return !is_numeric(label);
        label += len + 1;
    }
}

/* Reads "4.3.2.1.in-addr.arpa". Returns: whether it is one; the address is in host
 * order. */
static bool
read_reverse(const char *name, uint32_t *out_addr)
{
    const char *at = name;

    *out_addr = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        size_t digits = strspn(at, "0123456789");
        guint64 value;

        if (digits == 0 || digits > 3 || (digits > 1 && at[0] == '0') ||
            at[digits] != '.')
            return false;
        value = g_ascii_strtoull(at, NULL, 10);
        if (value > 255)
            return false;
        *out_addr |= (uint32_t)value << shift;
        at += digits + 1;
    }
    return strcmp(at, ARPA) == 0;
}

/* --- answers --- */

static void
reply(Exchange *exchange, BnsDnsRcode rcode)
{
    bns_dns_write_head(&exchange->answer, &exchange->query, exchange->query_bytes,
                       rcode);
}

/* The name exists but has nothing of this type, or does not exist. */
static void
reply_negative(Exchange *exchange, BnsDnsRcode rcode)
{
    reply(exchange, rcode);
    bns_dns_write_soa(&exchange->answer, NEGATIVE_TTL_S);
}

static void
reply_address(Exchange *exchange, uint32_t addr)
{
    uint8_t bytes[4];

    bns_put32(bytes, addr);
    reply(exchange, BNS_DNS_NOERROR);
    bns_dns_write_record(&exchange->answer, BNS_DNS_TYPE_A, NAME_TTL_S, bytes,
                         sizeof(bytes));
}

static void
answer_localhost(Exchange *exchange)
{
    if (exchange->query.type == BNS_DNS_TYPE_A) {
        reply_address(exchange, INADDR_LOOPBACK);
    } else if (exchange->query.type == BNS_DNS_TYPE_AAAA) {
        reply(exchange, BNS_DNS_NOERROR);
        bns_dns_write_record(&exchange->answer, BNS_DNS_TYPE_AAAA, NAME_TTL_S,
                             &in6addr_loopback, sizeof(in6addr_loopback));
    } else {
        reply_negative(exchange, BNS_DNS_NOERROR);
    }
}

static void
answer_reverse(Exchange *exchange)
{
    uint32_t addr;
    const char *name = NULL;

    if (read_reverse(exchange->query.name, &addr))
        name = addr == INADDR_LOOPBACK ? "localhost"
                                       : bns_names_name(exchange->names, addr);
    if (name == NULL) {
        reply_negative(exchange, BNS_DNS_NXDOMAIN);
    } else if (exchange->query.type != BNS_DNS_TYPE_PTR) {
        reply_negative(exchange, BNS_DNS_NOERROR);
    } else {
        reply(exchange, BNS_DNS_NOERROR);
        bns_dns_write_ptr(&exchange->answer, NAME_TTL_S, name);
    }
}

static void
set_news(Exchange *exchange, BnsDnsNews news)
{
    exchange->result.news = news;
    g_strlcpy(exchange->result.name, exchange->query.name,
              sizeof(exchange->result.name));
}

static void
answer_host(Exchange *exchange)
{
    uint32_t addr;
    bool is_new;

    if (!exchange->query.is_text || !is_host_name(exchange->query.name)) {
        set_news(exchange, BNS_DNS_REFUSED_INVALID);
        reply(exchange, BNS_DNS_SERVFAIL);
        return;
    }
    if (!bns_names_address(exchange->names, exchange->query.name, &addr, &is_new)) {
        set_news(exchange, BNS_DNS_REFUSED_LIMIT);
        reply(exchange, BNS_DNS_SERVFAIL);
        return;
    }
    if (is_new)
        set_news(exchange, BNS_DNS_NEW_NAME);
    if (exchange->query.type == BNS_DNS_TYPE_A)
        reply_address(exchange, addr);
    else
        reply_negative(exchange, BNS_DNS_NOERROR);
}

static void
answer_question(Exchange *exchange)
{
    const char *name = exchange->query.name;

    if (name[0] == '\0') /* the root: it is there, and we say nothing about it */
        reply_negative(exchange, BNS_DNS_NOERROR);
    else if (exchange->query.is_text && is_at_or_below(name, "localhost"))
        answer_localhost(exchange);
    else if (exchange->query.is_text && is_at_or_below(name, "boundary.internal") &&
             !bns_names_has(exchange->names, name))
        reply_negative(exchange, BNS_DNS_NXDOMAIN);
    else if (exchange->query.is_text && (g_str_has_suffix(name, ARPA_SUFFIX) ||
                                         g_str_has_suffix(name, ARPA6_SUFFIX)))
        answer_reverse(exchange);
    else
        answer_host(exchange);
}

BnsDnsResult
bns_dns_answer(BnsNames *names, const uint8_t *query, size_t len, uint8_t *out)
{
    Exchange exchange = { .names = names, .query_bytes = query, .answer.bytes = out };
    BnsDnsRcode rcode;

    if (!bns_dns_read(query, len, &exchange.query, &rcode))
        return exchange.result;
    if (rcode == BNS_DNS_NOERROR)
        answer_question(&exchange);
    else
        reply(&exchange, rcode);
    bns_dns_write_opt(&exchange.answer, &exchange.query, rcode);
    exchange.result.len = exchange.answer.len;
    return exchange.result;
}
