/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/mask.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* Lines are arguments. Masking keeps their number, and masks nothing but values: what is
 * masked already is masked again to the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text =
        size > 0 ? g_strndup((const char *)data, size) : g_strdup("");
    g_auto(GStrv) argv = g_strsplit(text, "\n", -1);
    g_auto(GStrv) once = bns_mask_argv((const char *const *)argv);
    g_auto(GStrv) twice = bns_mask_argv((const char *const *)once);

    g_assert_cmpuint(g_strv_length(once), ==, g_strv_length(argv));
    for (size_t i = 0; once[i] != NULL; i++)
        g_assert_cmpstr(once[i], ==, twice[i]);
    return 0;
}
