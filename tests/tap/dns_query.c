/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap/dns_query.h"

#include "tests/tap/packets.h"

#include <string.h>

void
query_add(Query *query, const void *bytes, size_t len)
{
    memcpy(query->bytes + query->len, bytes, len);
    query->len += len;
}

void
query_add16(Query *query, unsigned value)
{
    const uint8_t bytes[] = { (uint8_t)(value >> 8), (uint8_t)value };

    query_add(query, bytes, sizeof(bytes));
}

static void
query_add_name(Query *query, const char *name)
{
    while (*name != '\0') {
        uint8_t label = (uint8_t)strcspn(name, ".");

        query_add(query, &label, 1);
        query_add(query, name, label);
        name += label + (name[label] == '.');
    }
    query_add(query, "", 1);
}

Query
query_head(unsigned qd, unsigned an, unsigned ns, unsigned ar)
{
    Query query = { .bytes = { 0xab, 0xcd, 0x01, 0x00 }, .len = 4 };

    query_add16(&query, qd);
    query_add16(&query, an);
    query_add16(&query, ns);
    query_add16(&query, ar);
    return query;
}

Query
query_for(const char *name, unsigned type)
{
    Query query = query_head(1, 0, 0, 0);

    query_add_name(&query, name);
    query_add16(&query, type);
    query_add16(&query, 1);
    return query;
}

void
query_add_opt(Query *query, uint8_t version, unsigned flags, const char *options)
{
    query->bytes[11]++;
    query_add(query, "", 1);
    query_add16(query, OPT);
    query_add16(query, 4096);
    query_add16(query, version);
    query_add16(query, flags);
    query_add16(query, (unsigned)strlen(options));
    query_add(query, options, strlen(options));
}

Answer
dns_ask(BnsNames *names, const Query *query)
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

const uint8_t *
dns_record(const Answer *answer)
{
    return answer->bytes + answer->record_at;
}

Answer
dns_ask_name(BnsNames *names, const char *name, unsigned type)
{
    Query query = query_for(name, type);

    return dns_ask(names, &query);
}
