/* SPDX-License-Identifier: Apache-2.0 */
/* A verdict stays when more bytes come, and 32 bytes always give one. */
#include "netstack/gateway/sniff.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BnsSniff last = BNS_SNIFF_MORE;

    for (size_t len = 0; len <= MIN(size, BNS_SNIFF_BYTES + 1); len++) {
        BnsSniff result = bns_sniff(data, len);

        if (last != BNS_SNIFF_MORE)
            g_assert_cmpint(result, ==, last);
        if (len >= BNS_SNIFF_BYTES)
            g_assert_cmpint(result, !=, BNS_SNIFF_MORE);
        last = result;
    }
    return 0;
}
