/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/json.h"
#include "base/text.h"
#include "policy/text_reader.h"

#include <string.h>

static BnsYaml *read_value(BnsTextReader *reader, GError **error);

static void
skip_blanks(BnsTextReader *reader)
{
    while (reader->at < reader->end && *reader->at != '\0' &&
           strchr(" \t\r\n", *reader->at) != NULL)
        bns_text_reader_skip(reader);
}

/* "\uD83D\uDE00" is one character. */
static bool
read_unicode(BnsTextReader *reader, GString *text, GError **error)
{
    gunichar c;
    gunichar low;

    if (!bns_text_reader_hex(reader, 4, &c, error))
        return false;
    if (c >= 0xd800 && c < 0xdc00) {
        if (!bns_text_reader_take(reader, "\\u") ||
            !bns_text_reader_hex(reader, 4, &low, NULL) || low < 0xdc00 || low > 0xdfff)
            return bns_text_reader_fail(reader, error, "half a character");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    if (c == 0 || !g_unichar_validate(c))
        return bns_text_reader_fail(reader, error, "%s",
                                    c == 0 ? "a NUL character" : "half a character");
    g_string_append_unichar(text, c);
    return true;
}

static bool
read_escape(BnsTextReader *reader, GString *text, GError **error)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char letter = bns_text_reader_peek(reader, 0);
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;

    if (letter == 'u') {
        reader->at++;
        return read_unicode(reader, text, error);
    }
    if (found == NULL)
        return bns_text_reader_fail(reader, error,
                                    "no such escape: write \\\\ for one \\");
    reader->at++;
    g_string_append_c(text, meanings[found - letters]);
    return true;
}

/* Behind the opening quotation mark. */
static char *
read_text(BnsTextReader *reader, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    while (reader->at < reader->end && *reader->at != '"') {
        if (*reader->at == '\\') {
            reader->at++;
            if (!read_escape(reader, text, error))
                return NULL;
            continue;
        }
        if ((unsigned char)*reader->at < 0x20) {
            bns_text_reader_fail(reader, error,
                                 "a string ends in its line: write \\n or \\t");
            return NULL;
        }
        g_string_append_c(text, *reader->at++);
    }
    if (!bns_text_reader_take(reader, "\"")) {
        bns_text_reader_fail(reader, error, "a string has no end");
        return NULL;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static BnsYaml *
read_string(BnsTextReader *reader, GError **error)
{
    g_autoptr(BnsYaml) node = bns_text_reader_node(reader, BNS_YAML_SCALAR);

    reader->at++;
    node->text = read_text(reader, error);
    return node->text != NULL ? g_steal_pointer(&node) : NULL;
}

static size_t
count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* RFC 8259, 6. */
static bool
is_number(const char *text)
{
    text += *text == '-';
    if (count_digits(text) == 0 || (text[0] == '0' && g_ascii_isdigit(text[1])))
        return false;
    text += count_digits(text);
    if (*text == '.') {
        text++;
        if (count_digits(text) == 0)
            return false;
        text += count_digits(text);
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        if (count_digits(text) == 0)
            return false;
        text += count_digits(text);
    }
    return *text == '\0';
}

/* A number or one of three words. */
static BnsYaml *
read_word(BnsTextReader *reader, GError **error)
{
    g_autoptr(BnsYaml) node = bns_text_reader_node(reader, BNS_YAML_SCALAR);
    const char *start = reader->at;
    const char *end = start;
    g_autofree char *shown = NULL;

    while (end < reader->end && *end != '\0' &&
           (g_ascii_isalnum(*end) || strchr("+-._", *end) != NULL))
        end++;
    node->text = g_strndup(start, (size_t)(end - start));
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
        node->type = BNS_YAML_BOOLEAN;
    else if (strcmp(node->text, "null") == 0)
        node->type = BNS_YAML_NULL;
    else if (is_number(node->text))
        node->type = BNS_YAML_INTEGER;
    else if (start < reader->end && (*start == '/' || *start == '#')) {
        bns_text_reader_fail(reader, error, "JSON has no comments: remove it");
        return NULL;
    } else {
        shown = bns_text_escape(start, MIN(end - start, 40));
        bns_text_reader_fail(reader, error,
                             "no JSON value%s%s: a string has quotation "
                             "marks",
                             *shown != '\0' ? ": " : "", shown);
        return NULL;
    }
    reader->at = end;
    return g_steal_pointer(&node);
}

static bool
read_item(BnsTextReader *reader, BnsYaml *parent, GError **error)
{
    BnsYaml *item = read_value(reader, error);

    if (item != NULL)
        g_ptr_array_add(parent->children, item);
    return item != NULL;
}

static bool
read_member(BnsTextReader *reader, BnsYaml *parent, GHashTable *names, GError **error)
{
    g_autofree char *shown = NULL;
    BnsYaml *name;

    if (bns_text_reader_peek(reader, 0) != '"')
        return bns_text_reader_fail(reader, error,
                                    "a name in quotation marks is missing");
    name = read_string(reader, error);
    if (name == NULL)
        return false;
    g_ptr_array_add(parent->children, name);
    if (!g_hash_table_add(names, name->text)) {
        shown = bns_text_escape(name->text, -1);
        return bns_yaml_fail(error, reader->file, name,
                             "\"%s\" is given twice: remove one", shown);
    }
    skip_blanks(reader);
    if (!bns_text_reader_take(reader, ":"))
        return bns_text_reader_fail(reader, error, "a : is missing");
    skip_blanks(reader);
    return read_item(reader, parent, error);
}

static bool
read_children(BnsTextReader *reader, BnsYaml *parent, GError **error)
{
    bool is_object = parent->kind == BNS_YAML_MAPPING;
    const char *close = is_object ? "}" : "]";
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    reader->at++;
    skip_blanks(reader);
    if (bns_text_reader_take(reader, close))
        return true;
    for (;;) {
        bool is_read = is_object ? read_member(reader, parent, names, error)
                                 : read_item(reader, parent, error);

        if (!is_read)
            return false;
        skip_blanks(reader);
        if (bns_text_reader_take(reader, close))
            return true;
        if (!bns_text_reader_take(reader, ","))
            return bns_text_reader_fail(reader, error, "a , or %s is missing", close);
        skip_blanks(reader);
        if (bns_text_reader_peek(reader, 0) == *close)
            return bns_text_reader_fail(reader, error, "a , before %s: remove it",
                                        close);
    }
}

static BnsYaml *
read_value(BnsTextReader *reader, GError **error)
{
    g_autoptr(BnsYaml) node = NULL;
    char first = bns_text_reader_peek(reader, 0);
    bool is_read;

    if (first == '"')
        return read_string(reader, error);
    if (first != '{' && first != '[')
        return read_word(reader, error);
    if (!bns_text_reader_enter(reader, error))
        return NULL;
    node = bns_text_reader_node(reader,
                                first == '{' ? BNS_YAML_MAPPING : BNS_YAML_SEQUENCE);
    is_read = read_children(reader, node, error);
    bns_text_reader_leave(reader);
    return is_read ? g_steal_pointer(&node) : NULL;
}

BnsYaml *
bns_json_tree(const char *file, const char *bytes, size_t len, GError **error)
{
    BnsTextReader reader;
    g_autoptr(BnsYaml) root = NULL;

    if (!bns_text_reader_init(&reader, file, bytes, len, error))
        return NULL;
    skip_blanks(&reader);
    root = read_value(&reader, error);
    if (root == NULL)
        return NULL;
    skip_blanks(&reader);
    if (reader.at < reader.end) {
        bns_text_reader_fail(&reader, error, "something behind the end of the value");
        return NULL;
    }
    return g_steal_pointer(&root);
}
