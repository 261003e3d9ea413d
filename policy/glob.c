/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/glob.h"

#define ANY (-2)

int
bns_text_next(BnsText *text)
{
    const char *at = text->at;

    if (at == text->end)
        return -1;
    text->at++;
    if (text->is_form && *at == '+')
        return ' ';
    if (!text->is_escaped || *at != '%' || text->end - at < 3 ||
        !g_ascii_isxdigit(at[1]) || !g_ascii_isxdigit(at[2]))
        return (unsigned char)*at;
    text->at += 2;
    return g_ascii_xdigit_value(at[1]) << 4 | g_ascii_xdigit_value(at[2]);
}

static bool
is_same(int a, int b, bool fold_case)
{
    return a == b || (fold_case && a >= 0 && b >= 0 &&
                      g_ascii_tolower((char)a) == g_ascii_tolower((char)b));
}

bool
bns_text_equals(BnsText text, const char *word)
{
    for (; *word != '\0'; word++)
        if (bns_text_next(&text) != (unsigned char)*word)
            return false;
    return text.at == text.end;
}

const char *
bns_glob_check(const char *glob)
{
    for (const char *p = glob; *p != '\0'; p++) {
        if (*p < 0x20 || *p > 0x7e)
            return "only printable ASCII is compared: write a * for the rest";
        if (*p != '\\')
            continue;
        p++;
        if (*p != '*' && *p != '\\')
            return "a backslash is for a star: write \\* or \\\\";
    }
    return NULL;
}

/* Takes the next element of a glob: a byte, ANY, or -1 at the end. */
static int
next_element(const char **glob)
{
    if (**glob == '\0')
        return -1;
    if (**glob == '*') {
        (*glob)++;
        return ANY;
    }
    if (**glob == '\\')
        (*glob)++;
    return (unsigned char)*(*glob)++;
}

/* The last star takes one byte more whenever what follows it does not fit, which
 * suffices: an earlier one could not find a better place for what lies between them. */
bool
bns_glob_matches(const char *glob, BnsText text, BnsGlobFlags flags)
{
    const char *retry_glob = NULL;
    BnsText retry_text = text;

    for (;;) {
        BnsText rest = text;
        int element = next_element(&glob);
        int byte = bns_text_next(&rest);

        if (element == ANY) {
            retry_glob = glob;
            retry_text = text;
            continue;
        }
        if (element == -1 && byte == -1)
            return true;
        if (element >= 0 && is_same(element, byte, (flags & BNS_GLOB_FOLD_CASE) != 0)) {
            text = rest;
            continue;
        }
        if (retry_glob == NULL)
            return false;
        byte = bns_text_next(&retry_text);
        if (byte == -1 || (byte == ',' && (flags & BNS_GLOB_NO_COMMA) != 0))
            return false;
        glob = retry_glob;
        text = retry_text;
    }
}
