/* SPDX-License-Identifier: Apache-2.0 */
#include "base/star.h"

static char
fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_same(char a, char b, bool fold_case)
{
    return fold_case ? fold(a) == fold(b) : a == b;
}

bool
bns_star_matches(const char *pattern,
                 size_t pattern_len,
                 const char *text,
                 size_t len,
                 bool fold_case)
{
    const char *end = pattern + pattern_len;
    const char *star = NULL; /* the last one that was passed */
    size_t resume = 0;       /* where it goes on if its rest does not fit */
    size_t at = 0;

    while (at < len) {
        if (pattern < end && *pattern == '*') {
            star = pattern++;
            resume = at;
        } else if (pattern < end && is_same(*pattern, text[at], fold_case)) {
            pattern++;
            at++;
        } else if (star != NULL) {
            pattern = star + 1;
            at = ++resume;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}
