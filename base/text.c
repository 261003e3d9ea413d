/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <string.h>

char *
bns_text_escape(const char *bytes, gssize len)
{
    GString *text = g_string_new(NULL);
    size_t count;

    if (bytes == NULL)
        return g_string_free(g_string_assign(text, "-"), FALSE);
    count = len < 0 ? strlen(bytes) : (size_t)len;
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte < 0x20 || byte > 0x7e || byte == '\\')
            g_string_append_printf(text, "\\x%02x", byte);
        else
            g_string_append_c(text, (char)byte);
    }
    return g_string_free(text, FALSE);
}

char *
bns_text_shell_quote(const char *text)
{
    return g_shell_quote(text);
}

char *
bns_text_digits(uint64_t value, char *buffer)
{
    char *at = buffer + BNS_TEXT_DIGITS_MAX;

    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return at;
}

int
bns_text_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}
