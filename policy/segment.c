/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/segment.h"

#include <glib.h>
#include <string.h>

/* Shorter ones are words too often: "face", "dead", "decade". With a digit they are not. */
#define HEX_MIN 7
/* Letters and digits mixed: a token. Names of packages are shorter, or have no digits
 * between letters. */
#define TOKEN_MIN        20
#define TOKEN_DIGITS_MIN 3
/* Numbers below it are chapters and versions of an interface as well. */
#define NUMBER_MIN 3

/* As patterns; of two that fit the longer stands first. */
static const char *const files[] = {
    "*.tar.bz2", "*.tar.gz", "*.tar.xz", "*.tar.zst", "*.whl.metadata", "*.apk",
    "*.crate",   "*.deb",    "*.dsc",    "*.gem",     "*.jar",          "*.mod",
    "*.info",    "*.pom",    "*.rpm",    "*.tgz",     "*.whl",          "*.zip",
};

static bool
is_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (strlen(text) != strlen(shape))
        return false;
    for (size_t i = 0; shape[i] != '\0'; i++)
        if (shape[i] == 'x' ? !g_ascii_isxdigit(text[i]) : text[i] != '-')
            return false;
    return true;
}

static bool
is_hex(const char *text)
{
    size_t len = strlen(text);

    return len >= HEX_MIN && strspn(text, "0123456789abcdefABCDEF") == len &&
           strpbrk(text, "0123456789") != NULL;
}

/* "1.2", "v1.2.3-rc1", "2026-11-24": a number, a dot or dash, a number, and whatever
 * such things are made of. */
static bool
is_version(const char *text)
{
    size_t len;

    if (*text == 'v' || *text == 'V')
        text++;
    len = strspn(text, "0123456789");
    if (len == 0 || (text[len] != '.' && text[len] != '-') ||
        !g_ascii_isdigit(text[len + 1]))
        return false;
    return text[strspn(text,
                       "0123456789.-+_~:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
                       "RSTUVWXYZ")] == '\0';
}

/* "sha256:…", "sha512-…" */
static bool
is_digest(const char *text)
{
    return g_str_has_prefix(text, "sha") && g_ascii_isdigit(text[3]) &&
           strlen(text) >= TOKEN_MIN;
}

static bool
is_token(const char *text)
{
    size_t len = strlen(text);
    size_t digits = 0;

    if (len < TOKEN_MIN)
        return false;
    for (size_t i = 0; i < len; i++) {
        digits += g_ascii_isdigit(text[i]);
        if (!g_ascii_isalnum(text[i]) && strchr("-_=+", text[i]) == NULL)
            return false;
    }
    return digits >= TOKEN_DIGITS_MIN;
}

/* Returns: the pattern of such files, or NULL. */
static const char *
file_pattern(const char *segment)
{
    if (strpbrk(segment, "0123456789") == NULL)
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        if (g_str_has_suffix(segment, files[i] + 1) &&
            strlen(segment) >= strlen(files[i]))
            return files[i];
    return NULL;
}

BnsSegmentKind
bns_segment_kind(const char *segment, const char **out_pattern)
{
    size_t digits = strspn(segment, "0123456789");
    const char *pattern = file_pattern(segment);
    BnsSegmentKind kind = BNS_SEGMENT_NAME;

    if (pattern != NULL) {
        kind = BNS_SEGMENT_ID;
    } else if (digits > 0 && segment[digits] == '\0') {
        kind = digits < NUMBER_MIN ? BNS_SEGMENT_MAYBE : BNS_SEGMENT_ID;
    } else if (is_uuid(segment) || is_hex(segment) || is_version(segment) ||
               is_digest(segment) || is_token(segment)) {
        kind = BNS_SEGMENT_ID;
    }
    if (out_pattern != NULL)
        *out_pattern = kind == BNS_SEGMENT_NAME ? NULL
                       : pattern != NULL        ? pattern
                                                : "*";
    return kind;
}
