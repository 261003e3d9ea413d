/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sock_diag.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <string.h>

typedef struct {
    size_t n;
    uint64_t sum;
} Seen;

static void
on_found(void *data, const BnsHostSocket *found)
{
    Seen *seen = data;

    g_assert_cmpuint(strnlen(found->name, sizeof(found->name)), <, sizeof(found->name));
    seen->n++;
    seen->sum = seen->sum * 31 + found->cookie + found->inode + found->minor;
}

/* The same bytes say the same; what is told fits into them; the kernel's own refusal is
 * an errno. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Seen seen = { 0 }, again = { 0 };
    int error, error_again;
    BnsSockDiag result = bns_sock_diag_parse(data, size, on_found, &seen, &error);

    g_assert_cmpint(bns_sock_diag_parse(data, size, on_found, &again, &error_again), ==,
                    result);
    g_assert_cmpint(error, ==, error_again);
    g_assert_cmpuint(seen.n, ==, again.n);
    g_assert_cmpuint(seen.sum, ==, again.sum);
    /* A header, a message and where it lies. */
    g_assert_cmpuint(seen.n, <=, size / (16 + 16 + 12));
    g_assert_true(error >= 0 && error <= 4095);
    g_assert_true(error == 0 || result == BNS_SOCK_DIAG_DONE);
    return 0;
}
