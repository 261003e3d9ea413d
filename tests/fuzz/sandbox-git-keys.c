/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/git_keys.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* What was found is found again in it: nothing is half a setting. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *once = bns_git_keys((const char *)data, size);
    g_autofree char *twice = NULL;

    /* A last line that says it goes on would, in the other's place, go on. */
    if (size > 0 && data[size - 1] == '\\')
        return 0;
    twice = bns_git_keys(once, strlen(once));
    g_assert_cmpstr(once, ==, twice);
    return 0;
}
