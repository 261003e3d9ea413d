/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte picks HEAD or GET; a good head is written as one that reads the same. */
#include "netstack/gateway/http1.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    BnsHttpHead head, again;
    BnsSlice method;
    BnsParse result;

    if (size == 0)
        return 0;
    method = data[0] == 'H' ? (BnsSlice){ "HEAD", 4 } : (BnsSlice){ "GET", 3 };
    result = bns_http1_parse_response((const char *)data + 1, size - 1, method, &head);
    if (result == BNS_PARSE_BAD)
        g_assert_cmpuint(head.error_status, ==, 502);
    if (result != BNS_PARSE_DONE)
        return 0;
    g_assert_cmpuint(head.head_len, <, size);
    /* Writing may add bytes and Connection: far from the limits it cannot pass them. */
    if (head.head_len >= BNS_HTTP_HEAD_MAX / 2 || head.n_fields == BNS_HTTP_FIELDS_MAX)
        return 0;
    bns_http1_write_response(out, &head, head.body, true, false);
    g_assert_cmpint(
        bns_http1_parse_response((const char *)out->data, out->len, method, &again), ==,
        BNS_PARSE_DONE);
    g_assert_cmpuint(again.head_len, ==, out->len);
    g_assert_cmpuint(again.status, ==, head.status);
    g_assert_cmpint(again.body, ==, head.body);
    g_assert_cmpuint(again.body_len, ==, head.body_len);
    g_assert_null(bns_http1_field(&again, "alt-svc"));
    g_assert_false(again.has_upgrade);
    return 0;
}
