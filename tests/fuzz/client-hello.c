/* SPDX-License-Identifier: Apache-2.0 */
/* A verdict stays when more bytes come, and a ClientHello that is read has one name that
 * is its own canonical form. */
#include "netstack/gateway/client_hello.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BnsClientHello whole;
    BnsClientHelloResult last = bns_client_hello_read(data, size, &whole);
    BnsHost again;

    g_assert_true(size < BNS_CLIENT_HELLO_BYTES_MAX || last != BNS_CLIENT_HELLO_MORE);
    g_assert_cmpint(whole.fault.reason != NULL, ==, last == BNS_CLIENT_HELLO_BAD);
    /* A prefix is at a loss, or knows already; every one would take too long. */
    for (size_t len = size / 2; len < size; len += size / 16 + 1) {
        BnsClientHello hello;
        BnsClientHelloResult result = bns_client_hello_read(data, len, &hello);

        g_assert_true(result == BNS_CLIENT_HELLO_MORE || result == last);
    }
    if (last != BNS_CLIENT_HELLO_DONE)
        return 0;
    g_assert_cmpuint(whole.len, <=, size);
    if (whole.has_name) {
        g_assert_true(
            bns_host_canonical(whole.name.text, strlen(whole.name.text), &again));
        g_assert_cmpstr(again.text, ==, whole.name.text);
    }
    return 0;
}
