/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/text_reader.h"
#include "base/text.h"
#include "policy/policy.h"

#include <string.h>

bool
bns_text_reader_fail(const BnsTextReader *reader,
                     GError **error,
                     const char *format,
                     ...)
{
    const BnsYaml place = { .line = reader->line,
                            .column = (unsigned)(reader->at - reader->line_start) + 1 };
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    return bns_yaml_fail(error, reader->file, &place, "%s", what);
}

/* What is wrong with the character at @at, or %NULL. */
static const char *
find_fault(const char *at, size_t len, size_t *out_len)
{
    gunichar c = g_utf8_get_char_validated(at, (gssize)len);

    *out_len = 1;
    if (*at == '\0')
        return "a NUL byte";
    if (c == (gunichar)-1 || c == (gunichar)-2)
        return "not UTF-8: save the file in that encoding";
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0))
        return "a control character";
    *out_len = (size_t)g_unichar_to_utf8(c, NULL);
    return NULL;
}

static bool
check(BnsTextReader *reader, GError **error)
{
    while (reader->at < reader->end) {
        size_t len;
        const char *fault =
            find_fault(reader->at, (size_t)(reader->end - reader->at), &len);

        if (fault != NULL)
            return bns_text_reader_fail(reader, error, "%s", fault);
        if (len == 1)
            bns_text_reader_skip(reader);
        else
            reader->at += len;
    }
    return true;
}

bool
bns_text_reader_init(BnsTextReader *reader,
                     const char *file,
                     const char *bytes,
                     size_t len,
                     GError **error)
{
    static const char mark[] = "\xef\xbb\xbf";
    /* The bytes of an empty file may be NULL. */
    const char *text = len > 0 ? bytes : "";
    const BnsTextReader start = {
        .file = file, .at = text, .end = text + len, .line_start = text, .line = 1
    };

    *reader = start;
    if (len > BNS_TEXT_BYTES_MAX)
        return bns_text_reader_fail(reader, error, "larger than 1 MiB");
    if (len > 0 && !check(reader, error))
        return false;
    *reader = start;
    bns_text_reader_take(reader, mark);
    return true;
}

char
bns_text_reader_peek(const BnsTextReader *reader, size_t ahead)
{
    return ahead < (size_t)(reader->end - reader->at) ? reader->at[ahead] : '\0';
}

void
bns_text_reader_skip(BnsTextReader *reader)
{
    if (*reader->at++ != '\n')
        return;
    reader->line++;
    reader->line_start = reader->at;
}

bool
bns_text_reader_take(BnsTextReader *reader, const char *literal)
{
    size_t len = strlen(literal);

    if ((size_t)(reader->end - reader->at) < len ||
        memcmp(reader->at, literal, len) != 0)
        return false;
    reader->at += len;
    return true;
}

bool
bns_text_reader_enter(BnsTextReader *reader, GError **error)
{
    if (reader->depth >= BNS_TEXT_DEPTH_MAX)
        return bns_text_reader_fail(reader, error, "nested too deep");
    reader->depth++;
    return true;
}

void
bns_text_reader_leave(BnsTextReader *reader)
{
    reader->depth--;
}

BnsYaml *
bns_text_reader_node(const BnsTextReader *reader, BnsYamlKind kind)
{
    BnsYaml *node = g_new0(BnsYaml, 1);

    node->kind = kind;
    node->line = reader->line;
    node->column = (unsigned)(reader->at - reader->line_start) + 1;
    if (kind != BNS_YAML_SCALAR)
        node->children = g_ptr_array_new_with_free_func((GDestroyNotify)bns_yaml_free);
    return node;
}

bool
bns_text_reader_hex(BnsTextReader *reader,
                    unsigned n_digits,
                    gunichar *out,
                    GError **error)
{
    *out = 0;
    for (unsigned i = 0; i < n_digits; i++) {
        int digit = g_ascii_xdigit_value(bns_text_reader_peek(reader, 0));

        if (digit < 0)
            return bns_text_reader_fail(reader, error, "not a hexadecimal digit");
        *out = *out * 16 + (gunichar)digit;
        reader->at++;
    }
    return true;
}
