/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/toml.h"
#include "base/text.h"
#include "policy/toml_string.h"

#include <string.h>

typedef struct {
    BnsTextReader text;
    GHashTable *values; /* owned; "table:key" -> its value, borrowed: a table may have
                         * as many keys as a file has room for */
    GHashTable *closed; /* owned; a set of borrowed nodes: what nothing may be added to,
                         * since it was written as a whole or has had its header */
} Reader;

static BnsYaml *read_value(Reader *reader, GError **error);

static void
skip_blanks(BnsTextReader *text)
{
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\t'))
        text->at++;
}

static bool
is_line_end(const BnsTextReader *text)
{
    return text->at == text->end || *text->at == '\n' ||
           (*text->at == '\r' && bns_text_reader_peek(text, 1) == '\n');
}

static void
skip_comment(BnsTextReader *text)
{
    skip_blanks(text);
    if (bns_text_reader_peek(text, 0) == '#')
        while (!is_line_end(text))
            text->at++;
}

/* Between the items of an array. */
static void
skip_lines(BnsTextReader *text)
{
    skip_comment(text);
    while (text->at < text->end && is_line_end(text)) {
        while (*text->at != '\n')
            text->at++;
        bns_text_reader_skip(text);
        skip_comment(text);
    }
}

static char *
slot(const BnsYaml *table, const char *key)
{
    return g_strdup_printf("%p:%s", (const void *)table, key);
}

static BnsYaml *
find(const Reader *reader, const BnsYaml *table, const char *key)
{
    g_autofree char *name = slot(table, key);

    return g_hash_table_lookup(reader->values, name);
}

static void
add(Reader *reader, BnsYaml *table, BnsYaml *take_key, BnsYaml *take_value)
{
    g_hash_table_insert(reader->values, slot(table, take_key->text), take_value);
    g_ptr_array_add(table->children, take_key);
    g_ptr_array_add(table->children, take_value);
}

static bool
fail_twice(const Reader *reader, const BnsYaml *key, GError **error)
{
    g_autofree char *shown = bns_text_escape(key->text, -1);

    return bns_yaml_fail(error, reader->text.file, key,
                         "\"%s\" is given twice: remove one", shown);
}

/* Returns: (transfer full): one part of a dotted key, or %NULL. */
static BnsYaml *
read_key_part(Reader *reader, GError **error)
{
    g_autoptr(BnsYaml) key = bns_text_reader_node(&reader->text, BNS_YAML_SCALAR);
    char first = bns_text_reader_peek(&reader->text, 0);
    const char *start = reader->text.at;

    if (first == '"' || first == '\'') {
        key->text = bns_toml_string(&reader->text, false, error);
        return key->text != NULL ? g_steal_pointer(&key) : NULL;
    }
    while (reader->text.at < reader->text.end &&
           (g_ascii_isalnum(*reader->text.at) || *reader->text.at == '-' ||
            *reader->text.at == '_'))
        reader->text.at++;
    if (reader->text.at == start) {
        bns_text_reader_fail(&reader->text, error,
                             "no key: one of other characters than letters, digits, - "
                             "and _ is written in quotation marks");
        return NULL;
    }
    key->text = g_strndup(start, (size_t)(reader->text.at - start));
    return g_steal_pointer(&key);
}

/* Returns: (transfer full): the parts of "a.'b c'.d", or %NULL. */
static GPtrArray *
read_key(Reader *reader, GError **error)
{
    g_autoptr(GPtrArray) parts =
        g_ptr_array_new_with_free_func((GDestroyNotify)bns_yaml_free);

    do {
        BnsYaml *part;

        skip_blanks(&reader->text);
        part = read_key_part(reader, error);
        if (part == NULL)
            return NULL;
        g_ptr_array_add(parts, part);
        skip_blanks(&reader->text);
        if (reader->text.depth + parts->len > BNS_TEXT_DEPTH_MAX) {
            bns_text_reader_fail(&reader->text, error, "nested too deep");
            return NULL;
        }
    } while (bns_text_reader_take(&reader->text, "."));
    return g_steal_pointer(&parts);
}

/* Returns: the table @key of @table, made if it is not there; the last one of an array of
 * tables; or %NULL with @error. */
static BnsYaml *
descend(Reader *reader, BnsYaml *table, BnsYaml *key, bool is_header, GError **error)
{
    BnsYaml *child = find(reader, table, key->text);

    if (child == NULL) {
        BnsYaml *name = bns_text_reader_node(&reader->text, BNS_YAML_SCALAR);

        name->text = g_strdup(key->text);
        name->line = key->line;
        name->column = key->column;
        child = bns_text_reader_node(&reader->text, BNS_YAML_MAPPING);
        child->line = key->line;
        child->column = key->column;
        add(reader, table, name, child);
        return child;
    }
    if (is_header && child->kind == BNS_YAML_SEQUENCE && child->children->len > 0 &&
        !g_hash_table_contains(reader->closed, child))
        return child->children->pdata[child->children->len - 1];
    if (child->kind == BNS_YAML_MAPPING &&
        (is_header || !g_hash_table_contains(reader->closed, child)))
        return child;
    fail_twice(reader, key, error);
    return NULL;
}

/* All but the last of @parts. */
static BnsYaml *
descend_all(Reader *reader,
            BnsYaml *table,
            const GPtrArray *parts,
            bool is_header,
            GError **error)
{
    for (guint i = 0; table != NULL && i + 1 < parts->len; i++)
        table = descend(reader, table, parts->pdata[i], is_header, error);
    return table;
}

/* key = value */
static bool
read_pair(Reader *reader, BnsYaml *table, GError **error)
{
    g_autoptr(GPtrArray) parts = read_key(reader, error);
    BnsYaml *key;
    BnsYaml *value;

    if (parts == NULL)
        return false;
    table = descend_all(reader, table, parts, false, error);
    if (table == NULL)
        return false;
    key = parts->pdata[parts->len - 1];
    if (find(reader, table, key->text) != NULL)
        return fail_twice(reader, key, error);
    if (!bns_text_reader_take(&reader->text, "="))
        return bns_text_reader_fail(&reader->text, error, "a = is missing");
    skip_blanks(&reader->text);
    value = read_value(reader, error);
    if (value == NULL)
        return false;
    add(reader, table, g_ptr_array_steal_index(parts, parts->len - 1), value);
    return true;
}

static bool
read_array(Reader *reader, BnsYaml *array, GError **error)
{
    BnsTextReader *text = &reader->text;

    for (;;) {
        BnsYaml *item;

        skip_lines(text);
        if (bns_text_reader_take(text, "]"))
            return true;
        item = read_value(reader, error);
        if (item == NULL)
            return false;
        g_ptr_array_add(array->children, item);
        skip_lines(text);
        if (bns_text_reader_take(text, "]"))
            return true;
        if (!bns_text_reader_take(text, ","))
            return bns_text_reader_fail(text, error, "a , or ] is missing");
    }
}

static bool
read_inline_table(Reader *reader, BnsYaml *table, GError **error)
{
    BnsTextReader *text = &reader->text;

    skip_blanks(text);
    if (bns_text_reader_take(text, "}"))
        return true;
    for (;;) {
        if (!read_pair(reader, table, error))
            return false;
        skip_blanks(text);
        if (bns_text_reader_take(text, "}"))
            return true;
        if (!bns_text_reader_take(text, ","))
            return bns_text_reader_fail(text, error, "a , or } is missing");
    }
}

static BnsYaml *
read_collection(Reader *reader, GError **error)
{
    bool is_array = *reader->text.at == '[';
    g_autoptr(BnsYaml) node = bns_text_reader_node(
        &reader->text, is_array ? BNS_YAML_SEQUENCE : BNS_YAML_MAPPING);
    bool is_read;

    if (!bns_text_reader_enter(&reader->text, error))
        return NULL;
    reader->text.at++;
    is_read = is_array ? read_array(reader, node, error)
                       : read_inline_table(reader, node, error);
    bns_text_reader_leave(&reader->text);
    if (!is_read)
        return NULL;
    g_hash_table_add(reader->closed, node);
    return g_steal_pointer(&node);
}

/* true, false, a number or a date. */
static BnsYaml *
read_word(Reader *reader, GError **error)
{
    BnsTextReader *text = &reader->text;
    g_autoptr(BnsYaml) node = bns_text_reader_node(text, BNS_YAML_SCALAR);
    const char *end = text->at;

    while (end < text->end && *end != '\0' &&
           (g_ascii_isalnum(*end) || strchr("+-._:", *end) != NULL))
        end++;
    node->text = g_strndup(text->at, (size_t)(end - text->at));
    node->type = BNS_YAML_INTEGER;
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0) {
        node->type = BNS_YAML_BOOLEAN;
    } else if (!g_ascii_isdigit(node->text[strspn(node->text, "+-")]) &&
               strstr(node->text, "inf") == NULL && strstr(node->text, "nan") == NULL) {
        bns_text_reader_fail(text, error, "no value: a string has quotation marks");
        return NULL;
    }
    /* "1979-05-27 07:32:00" is one value. */
    if (strlen(node->text) == strlen("1979-05-27") && node->text[4] == '-' &&
        end + 1 < text->end && end[0] == ' ' && g_ascii_isdigit(end[1])) {
        end++;
        while (end < text->end && *end != '\0' &&
               (g_ascii_isalnum(*end) || strchr("+-.:", *end) != NULL))
            end++;
        g_free(node->text);
        node->text = g_strndup(text->at, (size_t)(end - text->at));
    }
    text->at = end;
    return g_steal_pointer(&node);
}

static BnsYaml *
read_value(Reader *reader, GError **error)
{
    char first = bns_text_reader_peek(&reader->text, 0);
    g_autoptr(BnsYaml) node = NULL;

    if (first == '[' || first == '{')
        return read_collection(reader, error);
    if (first != '"' && first != '\'')
        return read_word(reader, error);
    node = bns_text_reader_node(&reader->text, BNS_YAML_SCALAR);
    node->text = bns_toml_string(&reader->text, true, error);
    return node->text != NULL ? g_steal_pointer(&node) : NULL;
}

/* Returns: a new last table of the array @key of @table, or %NULL with @error. */
static BnsYaml *
append_table(Reader *reader, BnsYaml *table, GPtrArray *parts, GError **error)
{
    BnsYaml *key = parts->pdata[parts->len - 1];
    BnsYaml *array = find(reader, table, key->text);
    BnsYaml *item;

    if (array == NULL) {
        array = bns_text_reader_node(&reader->text, BNS_YAML_SEQUENCE);
        add(reader, table, g_ptr_array_steal_index(parts, parts->len - 1), array);
    } else if (array->kind != BNS_YAML_SEQUENCE ||
               g_hash_table_contains(reader->closed, array)) {
        fail_twice(reader, key, error);
        return NULL;
    }
    item = bns_text_reader_node(&reader->text, BNS_YAML_MAPPING);
    g_ptr_array_add(array->children, item);
    return item;
}

/* Returns: the table that "[a.b]" or "[[a.b]]" begins, or %NULL with @error. */
static BnsYaml *
read_header(Reader *reader, BnsYaml *root, GError **error)
{
    bool is_item = bns_text_reader_take(&reader->text, "[[");
    g_autoptr(GPtrArray) parts = NULL;
    BnsYaml *table;
    BnsYaml *last;

    if (!is_item)
        reader->text.at++;
    parts = read_key(reader, error);
    if (parts == NULL)
        return NULL;
    if (!bns_text_reader_take(&reader->text, is_item ? "]]" : "]")) {
        bns_text_reader_fail(&reader->text, error, "a %s is missing",
                             is_item ? "]]" : "]");
        return NULL;
    }
    table = descend_all(reader, root, parts, true, error);
    if (table == NULL || is_item)
        return table != NULL ? append_table(reader, table, parts, error) : NULL;
    last = parts->pdata[parts->len - 1];
    table = descend(reader, table, last, false, error);
    if (table != NULL)
        g_hash_table_add(reader->closed, table);
    return table;
}

static bool
read_lines(Reader *reader, BnsYaml *root, GError **error)
{
    BnsYaml *table = root;

    for (;;) {
        skip_lines(&reader->text);
        if (reader->text.at == reader->text.end)
            return true;
        if (*reader->text.at == '[') {
            table = read_header(reader, root, error);
            if (table == NULL)
                return false;
        } else if (!read_pair(reader, table, error)) {
            return false;
        }
        skip_comment(&reader->text);
        if (!is_line_end(&reader->text))
            return bns_text_reader_fail(&reader->text, error,
                                        "something behind the end of the value");
    }
}

BnsYaml *
bns_toml_tree(const char *file, const char *bytes, size_t len, GError **error)
{
    Reader reader = { 0 };
    g_autoptr(BnsYaml) root = NULL;
    bool is_read;

    if (!bns_text_reader_init(&reader.text, file, bytes, len, error))
        return NULL;
    reader.values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    reader.closed = g_hash_table_new(NULL, NULL);
    root = bns_text_reader_node(&reader.text, BNS_YAML_MAPPING);
    is_read = read_lines(&reader, root, error);
    g_hash_table_unref(reader.values);
    g_hash_table_unref(reader.closed);
    return is_read ? g_steal_pointer(&root) : NULL;
}
