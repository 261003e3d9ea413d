/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/proxy_reply.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* Whatever a proxy answers: what is open has nothing to explain, what is not is explained
 * in one printable line, and bytes behind a whole reply change nothing. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BnsProxyReply reply;
    BnsProxyReply again;
    g_autofree char *why = NULL;

    if (bns_proxy_reply_parse((const char *)data, size, &reply) != BNS_PARSE_DONE)
        return 0;
    g_assert_cmpuint(reply.len, <=, size);
    g_assert_cmpint(bns_proxy_reply_parse((const char *)data, reply.len, &again), ==,
                    BNS_PARSE_DONE);
    g_assert_cmpuint(again.len, ==, reply.len);
    g_assert_cmpuint(again.head.status, ==, reply.head.status);
    if (bns_proxy_reply_is_open(&reply))
        return 0;
    why = bns_proxy_reply_explain(&reply, size % 2 == 0);
    g_assert_cmpuint(strlen(why), <, 512);
    for (const char *at = why; *at != '\0'; at++)
        g_assert_true(*at >= 0x20 && *at <= 0x7e);
    return 0;
}
