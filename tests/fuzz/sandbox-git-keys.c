/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/git_keys.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* The same bytes say the same, wherever they lie: nothing beyond them is read. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *once = bns_git_keys((const char *)data, size);
    g_autofree char *copy = g_memdup2(data, size);
    g_autofree char *again = bns_git_keys(size > 0 ? copy : "", size);

    g_assert_cmpstr(once, ==, again);
    return 0;
}
