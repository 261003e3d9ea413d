/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/java_store.h"
#include "sandbox/pem.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *rest = text;
    size_t len = size;
    size_t store_size = BNS_JAVA_STORE_MAX(size);
    g_autofree uint8_t *buffer = g_malloc(store_size);
    size_t certificates = 0;
    size_t store_len;
    BnsPem pem;

    while (bns_pem_next(&rest, &len, &pem)) {
        g_assert_true(pem.text >= text && pem.text + pem.len == rest);
        g_assert_true(rest + len == text + size);
        g_assert_true(pem.body > pem.text && pem.body + pem.body_len < rest);
        certificates += bns_pem_decode(&pem, buffer);
    }
    store_len = bns_java_store_encode(text, size, buffer, store_size);
    g_assert_cmpuint(store_len, <=, store_size);
    g_assert_cmpuint(store_len, >, certificates);
    g_assert_cmpuint(buffer[store_size - store_len], ==, 0x30);
    return 0;
}
