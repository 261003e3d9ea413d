/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/path.h"
#include "policy/pattern.h"
#include "policy/reading.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static const char *const patterns[] = {
    "/", "/*", "/**", "/a", "/a/**", "/*/b", "/**/b/*", "/a*b", "/a%2Fb", "/%2562/*",
};

/* What a prefix allows lies below it in every reading; a path is matched by itself. */
static void
match(const char *path, const BnsReadings *readings)
{
    g_autoptr(BnsPattern) itself =
        strpbrk(path, "*?") == NULL ? bns_pattern_new(path, NULL) : NULL;

    for (guint i = 0; i < bns_readings_count(readings); i++) {
        const char *reading = bns_readings_get(readings, i);

        g_assert_cmpint(reading[0], ==, '/');
        for (size_t j = 0; j < G_N_ELEMENTS(patterns); j++) {
            g_autoptr(BnsPattern) pattern = bns_pattern_new(patterns[j], NULL);

            if (bns_pattern_matches(pattern, reading, false))
                g_assert_true(bns_pattern_matches(pattern, reading, true));
            if (bns_pattern_matches(pattern, reading, false) && j == 4)
                g_assert_true(reading[1] == 'a' && strchr("/", reading[2]) != NULL);
        }
    }
    g_assert_true(itself == NULL || bns_pattern_matches(itself, path, false));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = g_strndup(size > 0 ? (const char *)data : "", size);
    g_auto(BnsReadings) readings = { 0 };

    if (bns_path_check((const char *)data, size) != NULL)
        return 0;
    g_assert_cmpuint(strlen(path), ==, size);
    bns_readings_init(&readings, path);
    g_assert_cmpstr(bns_readings_get(&readings, 0), ==, path);
    match(path, &readings);
    return 0;
}
