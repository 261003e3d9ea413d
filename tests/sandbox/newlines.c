/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/newlines.h"

#include "tests/support/test.h"

#include <string.h>

static const struct {
    const char *in;
    const char *out;
} cases[] = {
    { "", "" },
    { "one\r\ntwo\r\n", "one\ntwo\n" },
    { "10%\r20%", "10%\r20%" },
    { "\r\r\n", "\r\n" },
    { "\r\r\r", "\r\r\r" },
    { "\n\r\n\n", "\n\n\n" },
};

/* What a terminal does. */
static char *
process(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    return g_strjoinv("\r\n", lines);
}

static char *
undo(const char *text, size_t piece)
{
    GString *out = g_string_new(NULL);
    bool has_return = false;
    uint8_t buffer[64];
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i += piece) {
        size_t n = MIN(piece, len - i);

        memcpy(buffer, text + i, n);
        n = bns_newlines_undo(&has_return, true, buffer, n);
        g_string_append_len(out, (const char *)buffer, (gssize)n);
    }
    /* As when the modes change, or at the end. */
    len = bns_newlines_undo(&has_return, false, buffer, 0);
    g_string_append_len(out, (const char *)buffer, (gssize)len);
    return g_string_free(out, FALSE);
}

static void
test_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (size_t piece = 1; piece <= 16; piece++) {
            g_autofree char *out = undo(cases[i].in, piece);

            g_assert_cmpstr(out, ==, cases[i].out);
        }
    }
}

/* Whatever a command writes: one terminal's processing is undone exactly. */
static void
test_round_trip(void)
{
    for (unsigned number = 0; number < 81 * 9; number++) {
        static const char letters[] = "a\r\n";
        char text[7] = "";
        g_autofree char *processed = NULL;
        g_autofree char *out = NULL;
        unsigned rest = number;

        for (int i = 0; i < 6; i++, rest /= 3)
            text[i] = letters[rest % 3];
        processed = process(text);
        out = undo(processed, 1 + number % 5);
        g_assert_cmpstr(out, ==, text);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/sandbox/newlines/a-return-before-a-newline-goes", test_cases);
    bns_test_add("/sandbox/newlines/what-a-terminal-adds-is-undone", test_round_trip);
    return g_test_run();
}
