/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/toml_string.h"

#include <string.h>

static bool
read_unicode(BnsTextReader *reader, unsigned n_digits, GString *text, GError **error)
{
    gunichar c;

    if (!bns_text_reader_hex(reader, n_digits, &c, error))
        return false;
    if (c == 0 || !g_unichar_validate(c))
        return bns_text_reader_fail(reader, error, "%s",
                                    c == 0 ? "a NUL character" : "no character");
    g_string_append_unichar(text, c);
    return true;
}

/* A backslash at the end of a line: what follows it up to the next text is left out.
 * Returns: whether it is one. */
static bool
skip_line_end(BnsTextReader *reader)
{
    const char *p = reader->at;

    while (p < reader->end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    if (p == reader->end || *p != '\n')
        return false;
    while (reader->at < reader->end && g_ascii_isspace(*reader->at))
        bns_text_reader_skip(reader);
    return true;
}

/* Behind the backslash. */
static bool
read_escape(BnsTextReader *reader, bool has_lines, GString *text, GError **error)
{
    static const char letters[] = "btnfr\"\\e";
    static const char meanings[] = "\b\t\n\f\r\"\\\033";
    char letter = bns_text_reader_peek(reader, 0);
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;

    if (has_lines && skip_line_end(reader))
        return true;
    if (letter == 'u' || letter == 'U') {
        reader->at++;
        return read_unicode(reader, letter == 'u' ? 4 : 8, text, error);
    }
    if (found == NULL)
        return bns_text_reader_fail(reader, error,
                                    "no such escape: write \\\\ for one \\, or the "
                                    "string in single quotation marks");
    reader->at++;
    g_string_append_c(text, meanings[found - letters]);
    return true;
}

/* Up to two quotation marks may stand before the closing three. */
static bool
take_end(BnsTextReader *reader, const char *mark, GString *text)
{
    char quote[] = { mark[0], '\0' };

    if (!bns_text_reader_take(reader, mark))
        return false;
    for (int i = 0; mark[1] != '\0' && i < 2 && bns_text_reader_take(reader, quote);
         i++)
        g_string_append_c(text, mark[0]);
    return true;
}

static char *
read_until(BnsTextReader *reader, const char *mark, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool has_lines = mark[1] != '\0';
    bool is_basic = mark[0] == '"';

    while (!take_end(reader, mark, text)) {
        if (reader->at == reader->end || (!has_lines && *reader->at == '\n')) {
            bns_text_reader_fail(reader, error, "a string has no end");
            return NULL;
        }
        if (is_basic && *reader->at == '\\') {
            reader->at++;
            if (!read_escape(reader, has_lines, text, error))
                return NULL;
            continue;
        }
        g_string_append_c(text, *reader->at);
        bns_text_reader_skip(reader);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *
bns_toml_string(BnsTextReader *reader, bool may_span_lines, GError **error)
{
    static const char *const marks[] = { "\"\"\"", "'''", "\"", "'" };

    for (size_t i = may_span_lines ? 0 : 2; i < G_N_ELEMENTS(marks); i++) {
        if (!bns_text_reader_take(reader, marks[i]))
            continue;
        /* A line break right behind the opening is none. */
        if (marks[i][1] != '\0' && bns_text_reader_peek(reader, 0) == '\r' &&
            bns_text_reader_peek(reader, 1) == '\n')
            reader->at++;
        if (marks[i][1] != '\0' && bns_text_reader_peek(reader, 0) == '\n')
            bns_text_reader_skip(reader);
        return read_until(reader, marks[i], error);
    }
    bns_text_reader_fail(reader, error, "no string");
    return NULL;
}
