/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/clipboard.h"

#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *in;
    const char *out;
    bool is_latin; /* the terminal reads bytes, not UTF-8 */
} Case;

#define MAX_HELD_DIGITS                                                                \
    "00000000000000000000000000000000000000000000000000000000000000000"

static const Case cases[] = {
    { "plain-text", "all as it is\r\n\t\a\b", "all as it is\r\n\t\a\b" },
    { "set-ended-by-bell", "a\033]52;c;Zm9v\ab", "ab" },
    { "set-ended-by-st", "a\033]52;c;Zm9v\033\\b", "ab" },
    { "set-ended-by-c1-st", "a\033]52;c;Zm9v\302\234b", "ab" },
    { "read", "\033]52;c;?\a", "" },
    { "all-selections", "\033]52;pqs0;Zm9v\a\033]52;;Zm9v\a", "" },
    { "without-parameters", "a\033]52\ab\033]52\033\\c", "abc" },
    { "kitty", "a\033]5522;type=write\ab", "ab" },
    { "iterm2", "a\033]1337;Copy=:Zm9v\ab\033]50;Copy\001ToClipboard=x\033\\c", "abc" },
    { "iterm2-without-a-name", "a\033]1337;Copy\ab", "ab" },
    { "iterm2-interrupted", "a\033]50;Copy\033[mb", "a\033[mb" },
    { "iterm2-in-tmux", "\033Ptmux;\033\033]1337;Copy=:x\a\033\\", "\033Ptmux;\033\\" },
    { "iterm2-divided-between-strings",
      "\033Ptmux;\033\033]1337;Co\033\\\033Ptmux;py=:x\a\033\\",
      "\033Ptmux;\033\\\033Ptmux;py=:x\a\033\\" },
    { "iterm2s-other-keys",
      "\033]1337;File=:x\a\033]1337;Cop\a\033]50;fixed\a\033]1337\a\033]2;Copy\a"
      "\033]1337;1Copy=:x\a\033]1337;Co=py\033\\",
      "\033]1337;File=:x\a\033]1337;Cop\a\033]50;fixed\a\033]1337\a\033]2;Copy\a"
      "\033]1337;1Copy=:x\a\033]1337;Co=py\033\\" },
    { "iterm2-interrupted-by-another", "a\033]1337;Co\033]52;c;x\ab", "ab" },
    { "macro", "a\033P1;0;1!z1B5D3532\033\\\033[1*zb", "a\033[1*zb" },
    { "macro-without-parameters", "a\033P!zx\033\\b", "ab" },
    { "macro-with-controls", "a\033P\0011\n!\177z1B\033\\b", "ab" },
    { "macro-by-c1", "a\302\2201!z1B\302\234b", "ab" },
    { "macro-in-tmux", "\033Ptmux;\033\033P1!z1B\033\033\\\033\\", "\033Ptmux;\033\\" },
    { "macro-divided-between-strings",
      "\033Ptmux;\033\033P\033\\\033Ptmux;1!z1B\033\033\\\033\\",
      "\033Ptmux;\033\\\033Ptmux;1!z1B\033\033\\\033\\" },
    { "macro-with-too-many-digits", "\033P" MAX_HELD_DIGITS "1!z1B\033\\a", "a" },
    { "letter-where-bytes-are-read", "\320\220\n", "\320\220\n", true },
    { "strings-that-are-no-macro", "\033P0;1|17/x\033\\\033P1zx\033\\\033P!x\033\\",
      "\033P0;1|17/x\033\\\033P1zx\033\\\033P!x\033\\" },
    { "another-coding-system", "a\033%@b\033%/Gc\033\033%\n!8d", "abcd" },
    { "another-coding-system-in-tmux", "\033Ptmux;\033\033%@\033\\",
      "\033Ptmux;\033\\" },
    { "another-coding-system-cut-short", "a\033%\033[mb\033%\030c", "a\033[mb\030c" },
    { "another-coding-system-divided-between-strings", "\033P\033%\033\\\033P@\033\\",
      "\033P\033\\\033P@\033\\" },
    { "c1-in-utf-8", "a\302\23552;c;Zm9v\ab", "ab" },
    { "c1-of-one-byte", "a\23552;c;Zm9v\234b", "ab", true },
    { "c1-of-one-byte-where-utf-8-is-read", "a\23552;c;Zm9v\ab", "ab" },
    { "c1-in-utf-8-where-bytes-are-read", "a\302\23552;c;Zm9v\ab", "a\302b", true },
    { "last-byte-of-a-quotation-mark", "say \342\200\23552;c;x\a",
      "say \342\200\23552;c;x\a" },
    { "character-with-two-forms", "a\340\202\23552;c;Zm9v\ab", "a\340\202b" },
    { "character-that-is-not-completed", "a\342\20052;\342\033]52;c;x\ab",
      "a\342\20052;\342b" },
    { "leading-zeros", "a\033]0052;c;Zm9v\ab", "ab" },
    { "controls-in-the-number", "a\033]\0015\r\n2\177;c;Zm9v\ab", "ab" },
    { "bytes-that-are-no-text-in-the-number", "a\033]5\3772;c;Zm9v\ab", "ab" },
    { "control-after-escape", "a\033\n]52;c;Zm9v\ab", "ab" },
    { "controls-in-the-text", "a\033]52;c;Zm\n9v\ab", "ab" },
    { "number-too-long-for-any-terminal", "a\033]" MAX_HELD_DIGITS "52;c;x\ab", "ab" },
    { "other-numbers",
      "\033]0;title\a\033]8;;http://x\033\\\033]5;2;c\a\033]520;c;x\a\033]152;c;x\a"
      "\033]2;52;c;x\a\033];52;c\a\033]4;1;?\a\033]104\a\033]104\033\\",
      "\033]0;title\a\033]8;;http://x\033\\\033]5;2;c\a\033]520;c;x\a\033]152;c;x\a"
      "\033]2;52;c;x\a\033];52;c\a\033]4;1;?\a\033]104\a\033]104\033\\" },
    { "other-sequences", "\033[1;52;31m\033(0\033[?2004h\033P1$r0m\033\\\033c\0337",
      "\033[1;52;31m\033(0\033[?2004h\033P1$r0m\033\\\033c\0337" },
    { "interrupted-by-another-sequence", "a\033]52;c;Zm9v\033[1mb", "a\033[1mb" },
    { "interrupted-by-itself", "a\033]52;c;Zm\033]52;c;9v\ab", "ab" },
    { "interrupted-by-cancel", "a\033]52;c;Zm9v\030b", "a\030b" },
    { "interrupted-by-substitute", "a\033]52;c;Zm9v\032b", "a\032b" },
    { "number-interrupted-by-cancel", "a\033]5\0302;c;Zm9v\ab",
      "a\033]5\0302;c;Zm9v\ab" },
    { "number-interrupted-by-escape", "a\033]5\033[2;c;Zm9v\ab",
      "a\033]5\033[2;c;Zm9v\ab" },
    { "what-stands-around-it-joins-to-nothing",
      "a\033\302\23552;x\a]52;c;Zm9v\ab\033]5\033]52;x\a2;c;Zm9v\ac",
      "a]52;c;Zm9v\ab2;c;Zm9v\ac" },
    { "in-a-title", "\033]0;ti\033]52;c;Zm9v\atle\a", "\033]0;title\a" },
    { "tmux-with-bell", "a\033Ptmux;\033\033]52;c;Zm9v\a\033\\b",
      "a\033Ptmux;\033\\b" },
    { "tmux-with-st", "a\033Ptmux;\033\033]52;c;Zm9v\033\033\\\033\\b",
      "a\033Ptmux;\033\\b" },
    { "tmux-without-end", "a\033Ptmux;\033\033]52;c;Zm9v\033\\b",
      "a\033Ptmux;\033\\b" },
    { "tmux-in-tmux",
      "a\033Ptmux;\033\033Ptmux;\033\033\033\033]52;c;Zm9v\a\033\033\\\033\\b",
      "a\033Ptmux;\033\033Ptmux;\033\033\\\033\\b" },
    { "tmux-with-another-sequence", "a\033Ptmux;\033\033]0;x\033\033\\\033\\b",
      "a\033Ptmux;\033\033]0;x\033\033\\\033\\b" },
    { "screen", "a\033P\033]52;c;Zm9v\a\033\\b", "a\033P\033\\b" },
    { "screen-in-pieces", "a\033P\033]52;c;Zm\033\\\033P9v\a\033\\b", "a\033P\033\\b" },
    { "image-after-it", "a\033]52;c;Zm9v\033\\\033Pqimage\033\\b",
      "a\033Pqimage\033\\b" },
    { "number-divided-between-strings", "a\033P\033]5\033\\\033P2;c;Zm9v\a\033\\b",
      "a\033P\033\\\033P2;c;Zm9v\a\033\\b" },
    { "number-divided-between-strings-of-tmux",
      "a\033Ptmux;\033\033]5\033\\\033[m\033Ptmux;2;c;Zm9v\a\033\\b",
      "a\033Ptmux;\033\\\033[m\033Ptmux;2;c;Zm9v\a\033\\b" },
    { "introducer-divided-between-strings-of-tmux",
      "a\033Ptmux;x\033\033\033\\\033Ptmux;]52;c;Zm9v\a\033\\b",
      "a\033Ptmux;x\033\\\033Ptmux;]52;c;Zm9v\a\033\\b" },
    { "escape-at-the-end-of-a-divided-number",
      "a\033Ptmux;\033\033]5\033\033\033\\\033Ptmux;2;c;x\a\033\\b",
      "a\033Ptmux;\033\\\033Ptmux;2;c;x\a\033\\b" },
    { "end-after-escape", "a\033", "a" },
    { "end-without-a-number", "a\033]", "a" },
    { "end-within-a-number", "a\033]5", "a" },
    { "end-after-a-multiplexers-string", "a\033P\033]52;c;x\033\\\033",
      "a\033P\033\\" },
    { "end-in-a-quotation-mark-where-bytes-are-read", "a\342\200\235\n",
      "a\342\200\235\n", true },
    { "end-after-the-number", "a\033]52", "a" },
    { "end-within-a-character", "a\302", "a\302" },
    { "end-within-the-sequence", "a\033]52;c;Zm", "a" },
};

/* In pieces of @piece bytes. Returns: what is shown. */
static char *
filter(const Case *item, size_t piece)
{
    BnsClipboard clipboard = { .symbols = { .is_utf8 = !item->is_latin } };
    GString *out = g_string_new(NULL);
    size_t len = strlen(item->in);
    g_autofree uint8_t *buffer = g_malloc(len + BNS_CLIPBOARD_HELD_MAX + 2);
    size_t n;

    for (size_t i = 0; i < len; i += piece) {
        n = bns_clipboard_filter(&clipboard, (const uint8_t *)item->in + i,
                                 MIN(piece, len - i), buffer);
        g_string_append_len(out, (const char *)buffer, (gssize)n);
    }
    n = bns_clipboard_finish(&clipboard, buffer);
    g_string_append_len(out, (const char *)buffer, (gssize)n);
    return g_string_free(out, FALSE);
}

static void
test_case(gconstpointer data)
{
    const Case *item = data;

    for (size_t piece = 1; piece <= strlen(item->in); piece++) {
        g_autofree char *out = filter(item, piece);
        g_autofree char *got = g_strescape(out, NULL);
        g_autofree char *wanted = g_strescape(item->out, NULL);

        g_assert_cmpstr(got, ==, wanted);
    }
}

/* What a person sees at once must not wait for the next byte. */
static void
test_nothing_visible_is_held(void)
{
    static const char *const texts[] = { "50%\r", "\033[1mx", "caf\303\251",
                                         "\033]0;t\a", "\342\200\235" };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        BnsClipboard clipboard = { .symbols = { .is_utf8 = true } };
        uint8_t out[128];
        size_t n = bns_clipboard_filter(&clipboard, (const uint8_t *)texts[i],
                                        strlen(texts[i]), out);

        g_assert_cmpmem(out, n, texts[i], strlen(texts[i]));
    }
}

/* Fed for ever, it neither grows nor hides all that comes after it. */
static void
test_sequence_without_end(void)
{
    BnsClipboard clipboard = { .symbols = { .is_utf8 = true } };
    static const char begin[] = "\033]52;c;";
    uint8_t in[4096], out[sizeof(in) + BNS_CLIPBOARD_HELD_MAX + 2];
    size_t shown = 0;

    memset(in, 'A', sizeof(in));
    g_assert_cmpuint(
        bns_clipboard_filter(&clipboard, (const uint8_t *)begin, strlen(begin), out),
        ==, 0);
    for (size_t i = 0; i < BNS_CLIPBOARD_SEQUENCE_MAX / sizeof(in) + 2; i++)
        shown += bns_clipboard_filter(&clipboard, in, sizeof(in), out);
    g_assert_cmpuint(shown, >=, sizeof(in));
    g_assert_cmpuint(shown, <, 3 * sizeof(in));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sandbox/clipboard/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/sandbox/clipboard/nothing-visible-is-held",
                 test_nothing_visible_is_held);
    bns_test_add("/sandbox/clipboard/a-sequence-without-end-is-bounded",
                 test_sequence_without_end);
    return g_test_run();
}
