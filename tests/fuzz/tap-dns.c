/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/dns.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(BnsNames) names = bns_names_new(1);
    uint8_t answer[BNS_DNS_ANSWER_MAX];
    BnsDnsResult result = bns_dns_answer(names, data, size, answer);

    if (result.len == 0) {
        g_assert_true(size < 12 || (data[2] & 0x80) != 0);
        return 0;
    }
    /* An answer to this query, whole, and itself never answered. */
    g_assert_cmpuint(result.len, >=, 12);
    g_assert_cmpuint(result.len, <=, sizeof(answer));
    g_assert_cmpmem(answer, 2, data, 2);
    g_assert_cmpuint(answer[2] & 0x82, ==, 0x80);
    g_assert_cmpuint(bns_dns_answer(names, answer, result.len, answer).len, ==, 0);
    if (result.news == BNS_DNS_NEW_NAME) {
        g_assert_cmpuint(strlen(result.name), >, 0);
        g_assert_cmpuint(strspn(result.name, "abcdefghijklmnopqrstuvwxyz0123456789-_."),
                         ==, strlen(result.name));
    }
    return 0;
}
