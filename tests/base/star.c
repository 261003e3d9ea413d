/* SPDX-License-Identifier: Apache-2.0 */
#include "base/star.h"
#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *pattern;
    const char *text;
    bool fold_case;
    bool matches;
} Case;

static const Case cases[] = {
    { "", "", false, true },
    { "", "a", false, false },
    { "a", "", false, false },
    { "*", "", false, true },
    { "*", "abc", false, true },
    { "**", "abc", false, true },
    { "a*", "a", false, true },
    { "a*", "ba", false, false },
    { "*a", "ba", false, true },
    { "*a", "ab", false, false },
    { "*ab", "aab", false, true },
    { "a*b*c", "axbxbxc", false, true },
    { "a*b*c", "axbxbx", false, false },
    { "abc", "abcd", false, false },
    { "A?", "AB", false, false },
    { "a", "A", false, false },
    { "a", "A", true, true },
    { "*_TOKEN", "npm_token", true, true },
    { "[", "{", true, false },
    { "@", "`", true, false },
};

static void
test_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *row = &cases[i];
        bool matches = bns_star_matches(row->pattern, strlen(row->pattern), row->text,
                                        strlen(row->text), row->fold_case);

        if (matches != row->matches)
            g_error("\"%s\" and \"%s\": %d", row->pattern, row->text, matches);
    }
}

/* Neither is read beyond its length. */
static void
test_lengths(void)
{
    g_assert_true(bns_star_matches("ab*c", 2, "abx", 2, false));
    g_assert_false(bns_star_matches("a*", 1, "ab", 2, false));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/base/star/a-star-is-any-characters", test_cases);
    bns_test_add("/base/star/lengths-are-ends", test_lengths);
    return g_test_run();
}
