/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/http1_cases.h"

#include "tests/support/test.h"

#include <string.h>

/* Longer heads are cut at every place near both ends and now and then between. */
#define ALL_CUTS_LEN 600
#define CUT_STEP     997

typedef BnsParse (*Parse)(const char *buffer, size_t len, BnsHttpHead *out_head);

static BnsParse
parse_answer(const char *buffer, size_t len, BnsHttpHead *out_head)
{
    return bns_http1_parse_response(buffer, len, (BnsSlice){ "GET", 3 }, out_head);
}

/* A copy of exactly @len bytes, so that a sanitizer sees a read past its end. */
static BnsParse
parse_prefix(Parse parse, const HeadCase *row, size_t len, BnsHttpHead *out_head)
{
    g_autofree char *copy = g_memdup2(row->bytes, len);

    return parse(copy, len, out_head);
}

static void
check_cuts(Parse parse, const HeadCase *row)
{
    bool was_bad = false;

    for (size_t len = 0; len < row->len; len++) {
        BnsHttpHead head;
        BnsParse result;

        if (len > ALL_CUTS_LEN && len + ALL_CUTS_LEN < row->len && len % CUT_STEP != 0)
            continue;
        result = parse_prefix(parse, row, len, &head);
        if (result == BNS_PARSE_DONE || (was_bad && result != BNS_PARSE_BAD))
            g_error("%s: %zu bytes give %u", row->name, len, result);
        if (result == BNS_PARSE_BAD && row->status == 0)
            g_error("%s: %zu bytes are bad: %s", row->name, len, head.error);
        was_bad = result == BNS_PARSE_BAD;
    }
}

static void
check_end(const HeadCase *row, BnsParse result, const BnsHttpHead *head)
{
    if (row->status == 0) {
        if (result != BNS_PARSE_DONE)
            g_error("%s: refused with %u: %s", row->name, head->error_status,
                    head->error);
        g_assert_cmpuint(head->head_len, ==, row->len);
        g_assert_null(head->error);
        return;
    }
    if (result != BNS_PARSE_BAD || head->error_status != row->status)
        g_error("%s: result %u, status %u (%s), expected %u", row->name, result,
                head->error_status, head->error, row->status);
    g_assert_nonnull(head->error);
}

static void
check(Parse parse, const HeadCase *row)
{
    g_autofree char *more = g_malloc(row->len + 4);
    BnsHttpHead head;

    check_cuts(parse, row);
    check_end(row, parse_prefix(parse, row, row->len, &head), &head);
    memcpy(more, row->bytes, row->len);
    memcpy(more + row->len, "\r\n\rx", 4);
    check_end(row, parse(more, row->len + 4, &head), &head);
}

void
check_request_case(gconstpointer data)
{
    check(bns_http1_parse_request, data);
}

void
check_response_case(gconstpointer data)
{
    check(parse_answer, data);
}

static void
add_cases(const char *prefix,
          const HeadCase *cases,
          size_t n,
          void (*func)(gconstpointer))
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *path = g_strconcat(prefix, "/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], func);
    }
}

void
add_request_cases(const char *prefix, const HeadCase *cases, size_t n_cases)
{
    add_cases(prefix, cases, n_cases, check_request_case);
}

void
add_response_cases(const char *prefix, const HeadCase *cases, size_t n_cases)
{
    add_cases(prefix, cases, n_cases, check_response_case);
}
