/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/host.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <string.h>

/* A canonical host holds nothing that means something elsewhere, and is canonical. */
static void
assert_canonical(const BnsHost *host)
{
    g_autofree char *bracketed = g_strdup_printf("[%s]", host->text);
    const char *again = host->kind == BNS_HOST_IPV6 ? bracketed : host->text;
    BnsHost second;

    g_assert_cmpuint(strlen(host->text), >, 0);
    g_assert_cmpuint(strlen(host->text), <=, BNS_HOST_MAX);
    g_assert_cmpuint(strspn(host->text, "abcdefghijklmnopqrstuvwxyz0123456789-_.:"), ==,
                     strlen(host->text));
    g_assert_true(bns_host_canonical(again, strlen(again), &second));
    g_assert_cmpint(second.kind, ==, host->kind);
    g_assert_cmpstr(second.text, ==, host->text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BnsHost host;
    uint16_t port;

    if (bns_host_canonical((const char *)data, size, &host))
        assert_canonical(&host);
    if (bns_host_split_port((const char *)data, size, &host, &port))
        assert_canonical(&host);
    return 0;
}
