/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/elf_loader.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];

    memset(path, 'x', sizeof(path));
    if (!bns_elf_loader_find(data, size, path, sizeof(path)))
        return 0;
    g_assert_cmpint(path[0], ==, '/');
    g_assert_nonnull(memchr(path, '\0', sizeof(path)));
    g_assert_nonnull(memmem(data, size, path, strlen(path) + 1));
    return 0;
}
