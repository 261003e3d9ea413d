/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/import.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
check(const BnsImport *import)
{
    g_assert_true(g_str_is_ascii(import->yaml));
    for (char **loss = import->losses; *loss != NULL; loss++) {
        g_assert_true(g_str_has_prefix(*loss, "file:"));
        g_assert_true(g_str_is_ascii(*loss));
        g_assert_null(strchr(*loss, '\n'));
        g_assert_true(g_str_has_suffix(*loss, "the result is wider") ||
                      g_str_has_suffix(*loss, "the result is narrower"));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int kind = 0; kind < BNS_N_IMPORT_KINDS; kind++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BnsImport) import =
            bns_import((BnsImportKind)kind, "file", (const char *)data, size, &error);

        g_assert_true((import == NULL) == (error != NULL));
        if (import != NULL)
            check(import);
        else
            g_assert_true(g_str_has_prefix(error->message, "file:"));
    }
    return 0;
}
