/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte picks the family, and whose addresses the response should hold. */
#include "netstack/gateway/dns_lifetime.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BnsResolverAnswer answer = { .n_addresses = 2 };
    uint16_t family;
    uint32_t lifetime_s = 60;

    if (size == 0)
        return 0;
    family = data[0] & 1 ? AF_INET6 : AF_INET;
    answer.addresses[0] =
        (BnsResolverAddress){ .family = AF_INET, .bytes = { 192, 0, 2, 5 } };
    answer.addresses[1] =
        (BnsResolverAddress){ .family = AF_INET6,
                              .bytes = { 0x20, 1, 0x0d, 0xb8, [15] = 9 } };
    if (bns_dns_lifetime(data + 1, size - 1, &answer, family, &lifetime_s))
        g_assert_cmpuint(lifetime_s, <=, 60);
    else
        g_assert_cmpuint(lifetime_s, ==, 60);
    return 0;
}
