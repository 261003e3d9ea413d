/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/path.h"
#include "policy/reading.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = g_strndup((const char *)data, size);
    g_auto(BnsReadings) readings = { 0 };

    if (bns_path_check((const char *)data, size) != NULL)
        return 0;
    g_assert_cmpuint(strlen(path), ==, size);
    bns_readings_init(&readings, path);
    g_assert_cmpstr(bns_readings_get(&readings, 0), ==, path);
    for (guint i = 0; i < bns_readings_count(&readings); i++)
        g_assert_cmpint(bns_readings_get(&readings, i)[0], ==, '/');
    return 0;
}
