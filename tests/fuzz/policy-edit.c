/* SPDX-License-Identifier: Apache-2.0 */
/* A rule is added to a policy's text: bytes are put in at one place, and none are lost. */
#include "policy/edit.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* Whether @len bytes at @edited are the @size at @data with something put in. */
static bool
is_put_in(const char *edited, size_t len, const char *data, size_t size)
{
    size_t begin = 0;

    if (len <= size)
        return false;
    while (begin < size && edited[begin] == data[begin])
        begin++;
    return memcmp(edited + len - (size - begin), data + begin, size - begin) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    size_t len = 0;
    g_autofree char *edited = bns_policy_edit_allow("/p.yaml", (const char *)data, size,
                                                    "GET new.test/*", &len, &error);

    g_assert_true((edited == NULL) == (error != NULL));
    if (edited != NULL) {
        g_assert_cmpuint(strlen(edited), ==, len);
        g_assert_true(is_put_in(edited, len, (const char *)data, size));
    }
    return 0;
}
