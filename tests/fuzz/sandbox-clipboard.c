/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses how the terminal reads, and the pieces. Whatever comes out holds
 * no clipboard sequence as a simple reader of the whole finds them, and is the same in any
 * pieces; what has no byte that could begin one comes out as it went in.
 */
#include "sandbox/clipboard.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <string.h>

static GByteArray *
filter(const uint8_t *data, size_t size, bool is_utf8, size_t piece)
{
    BnsClipboard clipboard = { .symbols = { .is_utf8 = is_utf8 } };
    GByteArray *all = g_byte_array_sized_new((guint)size + 1); /* never NULL */
    g_autofree uint8_t *out = g_malloc(piece + BNS_CLIPBOARD_HELD_MAX + 2);
    size_t n;

    for (size_t i = 0; i < size; i += piece) {
        n = bns_clipboard_filter(&clipboard, data + i, MIN(piece, size - i), out);
        g_assert_cmpuint(n, <=, MIN(piece, size - i) + BNS_CLIPBOARD_HELD_MAX + 2);
        g_byte_array_append(all, out, (guint)n);
    }
    n = bns_clipboard_finish(&clipboard, out);
    g_byte_array_append(all, out, (guint)n);
    return all;
}

/* The bytes after an introducer. NULL: none begins at @at. */
static const uint8_t *
after_introducer(const uint8_t *at, const uint8_t *end, bool is_utf8)
{
    if (end - at >= 2 && memcmp(at, "\033]", 2) == 0)
        return at + 2;
    if (is_utf8 && end - at >= 2 && memcmp(at, "\302\235", 2) == 0)
        return at + 2;
    return !is_utf8 && *at == 0x9d ? at + 1 : NULL;
}

static bool
is_clipboard_at(const uint8_t *at, const uint8_t *end, bool is_utf8)
{
    const uint8_t *next = after_introducer(at, end, is_utf8);
    unsigned number = 0;

    while (next != NULL && next < end && g_ascii_isdigit(*next) && number < 100000)
        number = number * 10 + (*next++ - '0');
    if (next == NULL || next == end || *next != ';')
        return false;
    if (number == 1337 || number == 50)
        return end - next >= 5 && memcmp(next, ";Copy", 5) == 0;
    return number == 52 || number == 5522;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_utf8 = size > 0 && data[0] % 2 == 0;
    size_t piece = size > 0 ? 1 + data[0] / 2 % 16 : 1;
    g_autoptr(GByteArray) whole = filter(data, size, is_utf8, size + 1);
    g_autoptr(GByteArray) pieces = filter(data, size, is_utf8, piece);
    const uint8_t *end = whole->data + whole->len;
    bool is_plain = true;

    g_assert_cmpmem(whole->data, whole->len, pieces->data, pieces->len);
    for (const uint8_t *at = whole->data; at < end; at++)
        g_assert_false(is_clipboard_at(at, end, is_utf8));
    for (size_t i = 0; i < size; i++)
        is_plain = is_plain && data[i] != 0x1b && data[i] < 0x80;
    if (is_plain)
        g_assert_cmpmem(whole->data, whole->len, data, size);
    g_assert_cmpuint(whole->len, <=, size);
    return 0;
}
