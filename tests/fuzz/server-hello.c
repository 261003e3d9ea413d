/* SPDX-License-Identifier: Apache-2.0 */
/* A verdict stays when more bytes come, and there always is one. */
#include "netstack/gateway/server_hello.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BnsServerHello last = BNS_SERVER_HELLO_MORE;

    for (size_t len = 0; len <= MIN(size, BNS_SERVER_HELLO_BYTES_MAX); len++) {
        BnsServerHello result = bns_server_hello_read(data, len);

        g_assert_true(last == BNS_SERVER_HELLO_MORE || result == last);
        last = result;
    }
    g_assert_true(size < BNS_SERVER_HELLO_BYTES_MAX || last != BNS_SERVER_HELLO_MORE);
    return 0;
}
