/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/git_keys.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* What was found is found again in it: nothing is half a setting. And the same bytes say
 * the same, wherever they lie: nothing beyond them is read. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *once = bns_git_keys((const char *)data, size);
    g_autofree char *copy = g_memdup2(data, size);
    g_autofree char *again = bns_git_keys(size > 0 ? copy : "", size);
    g_autofree char *twice = NULL;

    g_assert_cmpstr(once, ==, again);
    /* A last line that says it goes on would, in the other's place, go on. */
    if (g_str_has_suffix(once, "\\\n") || g_str_has_suffix(once, "\\\r\n"))
        return 0;
    twice = bns_git_keys(once, strlen(once));
    g_assert_cmpstr(once, ==, twice);
    return 0;
}
