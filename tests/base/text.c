/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "tests/support/test.h"

#include <stdlib.h>

static void
test_escape(void)
{
    g_autofree char *plain = bns_text_escape("a b~", -1);
    g_autofree char *nasty = bns_text_escape("\x1b[2J\n\\\xc3\xa9", -1);
    g_autofree char *nul = bns_text_escape("a\0b", 3);
    g_autofree char *absent = bns_text_escape(NULL, -1);

    g_assert_cmpstr(plain, ==, "a b~");
    g_assert_cmpstr(nasty, ==, "\\x1b[2J\\x0a\\x5c\\xc3\\xa9");
    g_assert_cmpstr(nul, ==, "a\\x00b");
    g_assert_cmpstr(absent, ==, "-");
}

static void
test_quote(void)
{
    g_autofree char *quoted = bns_text_shell_quote("a'b $(c)");

    g_assert_cmpstr(quoted, ==, "'a'\\''b $(c)'");
}

static void
test_compare(void)
{
    const char *words[] = { "b", "B", "", "ab", "a" };

    qsort(words, G_N_ELEMENTS(words), sizeof(words[0]), bns_text_compare);
    g_assert_cmpstr(words[0], ==, "");
    g_assert_cmpstr(words[1], ==, "B");
    g_assert_cmpstr(words[2], ==, "a");
    g_assert_cmpstr(words[3], ==, "ab");
    g_assert_cmpstr(words[4], ==, "b");
}

static void
test_digits(void)
{
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = {
        { 0, "0" },
        { 9, "9" },
        { 10, "10" },
        { 1024, "1024" },
        { UINT64_MAX, "18446744073709551615" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char buffer[BNS_TEXT_DIGITS_MAX];
        const char *at = bns_text_digits(rows[i].value, buffer);
        g_autofree char *text = g_strndup(at, (gsize)(buffer + sizeof(buffer) - at));

        g_assert_cmpstr(text, ==, rows[i].text);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/base/text/escape-leaves-only-printable-ascii", test_escape);
    bns_test_add("/base/text/quote-keeps-the-shell-out", test_quote);
    bns_test_add("/base/text/sorts-by-bytes", test_compare);
    bns_test_add("/base/text/numbers-in-decimal", test_digits);
    return g_test_run();
}
