/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/yaml.h"
#include "base/text.h"
#include "policy/policy.h"

#include <string.h>
#include <yaml.h>

typedef struct {
    yaml_parser_t parser;
    const char *file;
} Reader;

static bool fail_at(GError **error,
                    const char *file,
                    size_t line,
                    size_t column,
                    const char *format,
                    ...) G_GNUC_PRINTF(5, 6);

static bool fail_valist(GError **error,
                        const char *file,
                        size_t line,
                        size_t column,
                        const char *format,
                        va_list args) G_GNUC_PRINTF(5, 0);

static bool
fail_valist(GError **error,
            const char *file,
            size_t line,
            size_t column,
            const char *format,
            va_list args)
{
    g_autofree char *shown = bns_text_escape(file, -1);
    g_autofree char *what = g_strdup_vprintf(format, args);

    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID, "%s:%zu:%zu: %s",
                shown, line, column, what);
    return false;
}

static bool
fail_at(GError **error,
        const char *file,
        size_t line,
        size_t column,
        const char *format,
        ...)
{
    va_list args;

    va_start(args, format);
    fail_valist(error, file, line, column, format, args);
    va_end(args);
    return false;
}

bool
bns_yaml_fail(
    GError **error, const char *file, const BnsYaml *node, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail_valist(error, file, node->line, node->column, format, args);
    va_end(args);
    return false;
}

void
bns_yaml_free(BnsYaml *node)
{
    if (node == NULL)
        return;
    g_clear_pointer(&node->children, g_ptr_array_unref);
    g_free(node->text);
    g_free(node);
}

/* What is wrong with the character at @bytes, or NULL. */
static const char *
check_character(const char *bytes, size_t len, size_t *out_len)
{
    gunichar c;

    *out_len = 1;
    if (*bytes == '\n' || (*bytes >= 0x20 && *bytes < 0x7f))
        return NULL;
    c = g_utf8_get_char_validated(bytes, (gssize)len);
    if (*bytes == '\0')
        return "a NUL byte: save the file as UTF-8 text";
    if (c == (gunichar)-1 || c == (gunichar)-2)
        return "not UTF-8: save the file in that encoding";
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0) ||
        c == 0xfffe || c == 0xffff)
        return "a control character: remove it";
    /* libyaml ends a line, and so a comment, where an editor may not show it. */
    if (c == 0x2028 || c == 0x2029 || (c == '\r' && (len < 2 || bytes[1] != '\n')))
        return "a hidden line break: write an ordinary one";
    *out_len = (size_t)g_unichar_to_utf8(c, NULL);
    return NULL;
}

/* Before libyaml, whose own message has no line. */
static bool
check_characters(const char *file, const char *bytes, size_t len, GError **error)
{
    size_t line = 1;
    size_t column = 1;
    size_t step = 1;

    for (size_t i = 0; i < len; i += step) {
        const char *problem = check_character(bytes + i, len - i, &step);

        /* libyaml passes over it, and nobody sees it. */
        if (problem == NULL && i > 0 && strncmp(bytes + i, "\xef\xbb\xbf", step) == 0 &&
            step == strlen("\xef\xbb\xbf"))
            problem = "a byte order mark: remove it";

        if (problem != NULL)
            return fail_at(error, file, line, column, "%s", problem);
        column++;
        if (bytes[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return true;
}

/* Instead of libyaml's words, which say what its scanner did not find. */
static const struct {
    const char *context; /* NULL: any */
    const char *problem; /* how it begins; NULL: any */
    const char *advice;
} problems[] = {
    /* What a first policy gets wrong: *.example.org is an alias. */
    { "while scanning an alias", NULL, "a value that begins with * must be in quotes" },
    { "while scanning an anchor", NULL,
      "a value that begins with & must be in quotes" },
    { "while scanning a tag", NULL, "a value that begins with ! must be in quotes" },
    { "while parsing a tag", NULL, "a value that begins with ! must be in quotes" },
    { "while scanning a directive", NULL,
      "directives (%) have no use here: remove it" },
    { "while scanning a %", NULL, "directives (%) have no use here: remove it" },
    { "while scanning a block scalar", NULL,
      "text behind | or > must be indented with spaces, in lines of its own" },
    { NULL, "found character that cannot start any token",
      "a value cannot begin like this: indent with spaces, not tabs, and quote what "
      "begins with @, ` or %" },
    { NULL, "found a tab character", "indent with spaces, not tabs" },
    { NULL, "mapping values are not allowed",
      "a : too many, or a line indented too far: quote a value that holds \": \"" },
    { NULL, "block sequence entries are not allowed",
      "a - must begin a line: write a list as [a, b] or each item in its line" },
    { NULL, "did not find expected '-' indicator",
      "every item of this list begins with - at the same column" },
    { NULL, "did not find expected key",
      "every key of this mapping begins at the same column and ends in :, and every "
      "bracket has another" },
    { NULL, "could not find expected ':'", "a key must end in : and a space" },
    { NULL, "did not find expected ',' or ']'",
      "a list in [ ] has commas and ends in ]" },
    { NULL, "did not find expected ',' or '}'",
      "a mapping in { } has commas and ends in }" },
    { NULL, "did not find expected node content", "a value is missing: write one" },
    { NULL, "found unexpected end of stream",
      "a string has no end: close its quotation marks" },
    { NULL, "found unexpected document indicator",
      "a string has no end: close its quotation marks" },
    { "while parsing a quoted scalar", NULL,
      "no such escape: write \\\\ for one \\, or use single quotation marks" },
    { NULL, "did not find expected hexdecimal number",
      "no such escape: \\x, \\u and \\U have 2, 4 and 8 hexadecimal digits" },
    { NULL, "found invalid Unicode character escape code",
      "no such character: write another escape" },
    { NULL, "did not find expected <document start>",
      "something behind the end of the policy: remove it" },
    { NULL, "found duplicate %YAML directive",
      "directives (%) have no use here: remove it" },
    { NULL, "found incompatible YAML document",
      "directives (%) have no use here: remove it" },
};

static const char *
explain_problem(const yaml_parser_t *parser)
{
    const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
    const char *context = parser->context != NULL ? parser->context : "";

    for (size_t i = 0; i < G_N_ELEMENTS(problems); i++)
        if ((problems[i].context == NULL ||
             g_str_has_prefix(context, problems[i].context)) &&
            (problems[i].problem == NULL ||
             g_str_has_prefix(problem, problems[i].problem)))
            return problems[i].advice;
    return problem;
}

static bool
next_event(Reader *reader, yaml_event_t *event, GError **error)
{
    const yaml_parser_t *parser = &reader->parser;

    if (yaml_parser_parse(&reader->parser, event))
        return true;
    return fail_at(error, reader->file, parser->problem_mark.line + 1,
                   parser->problem_mark.column + 1, "%s", explain_problem(parser));
}

static bool
fail_on_event(Reader *reader,
              const yaml_event_t *event,
              const char *what,
              GError **error)
{
    return fail_at(error, reader->file, event->start_mark.line + 1,
                   event->start_mark.column + 1, "%s", what);
}

static bool
check_properties(Reader *reader, const yaml_event_t *event, GError **error)
{
    const void *anchor = NULL;
    const void *tag = NULL;

    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    } else {
        return fail_on_event(reader, event,
                             "aliases (*) are not allowed here: write the value out",
                             error);
    }
    if (anchor != NULL)
        return fail_on_event(reader, event,
                             "anchors (&) are not allowed here: leave it out", error);
    if (tag != NULL)
        return fail_on_event(reader, event,
                             "tags (!) are not allowed here: leave it out", error);
    return true;
}

static BnsYamlType
resolve(const char *text)
{
    static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
    static const char *const booleans[] = { "true",  "True",  "TRUE", "false",
                                            "False", "FALSE", NULL };

    if (g_strv_contains(nulls, text))
        return BNS_YAML_NULL;
    if (g_strv_contains(booleans, text))
        return BNS_YAML_BOOLEAN;
    text += *text == '-' || *text == '+';
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0' ? BNS_YAML_INTEGER
                                                                     : BNS_YAML_STRING;
}

static BnsYaml *
new_node(const yaml_event_t *event, BnsYamlKind kind)
{
    BnsYaml *node = g_new0(BnsYaml, 1);

    node->kind = kind;
    node->line = (unsigned)event->start_mark.line + 1;
    node->column = (unsigned)event->start_mark.column + 1;
    if (kind != BNS_YAML_SCALAR)
        node->children = g_ptr_array_new_with_free_func((GDestroyNotify)bns_yaml_free);
    return node;
}

static BnsYaml *
read_scalar(Reader *reader, const yaml_event_t *event, GError **error)
{
    const char *text = (const char *)event->data.scalar.value;
    BnsYaml *node;

    if (strlen(text) != event->data.scalar.length) {
        fail_on_event(reader, event, "a NUL character: leave it out", error);
        return NULL;
    }
    node = new_node(event, BNS_YAML_SCALAR);
    node->text = g_strdup(text);
    if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        node->type = resolve(text);
    return node;
}

static BnsYaml *
read_node(Reader *reader, const yaml_event_t *event, unsigned depth, GError **error);

/* The next child of @parent, or @out_child NULL at its end. */
static bool
read_child(Reader *reader, unsigned depth, BnsYaml **out_child, GError **error)
{
    yaml_event_t event;

    *out_child = NULL;
    if (!next_event(reader, &event, error))
        return false;
    if (event.type != YAML_SEQUENCE_END_EVENT && event.type != YAML_MAPPING_END_EVENT) {
        *out_child = read_node(reader, &event, depth, error);
        yaml_event_delete(&event);
        return *out_child != NULL;
    }
    yaml_event_delete(&event);
    return true;
}

static bool
check_key(Reader *reader, GHashTable *keys, BnsYaml *key, GError **error)
{
    const BnsYaml *first;

    if (key->kind != BNS_YAML_SCALAR)
        return bns_yaml_fail(error, reader->file, key,
                             "a key must be a word: write KEY: VALUE");
    first = g_hash_table_lookup(keys, key->text);
    if (first != NULL) {
        g_autofree char *shown = bns_text_escape(key->text, -1);

        return bns_yaml_fail(
            error, reader->file, key,
            "key \"%s\" is given twice, first in line %u: write it once", shown,
            first->line);
    }
    g_hash_table_insert(keys, key->text, key);
    return true;
}

static bool
read_children(Reader *reader, BnsYaml *parent, unsigned depth, GError **error)
{
    g_autoptr(GHashTable) keys = parent->kind == BNS_YAML_MAPPING
                                     ? g_hash_table_new(g_str_hash, g_str_equal)
                                     : NULL;
    BnsYaml *child;

    for (;;) {
        if (!read_child(reader, depth + 1, &child, error))
            return false;
        if (child == NULL)
            return true;
        g_ptr_array_add(parent->children, child);
        if (keys != NULL && parent->children->len % 2 == 1 &&
            !check_key(reader, keys, child, error))
            return false;
    }
}

static BnsYaml *
read_node(Reader *reader, const yaml_event_t *event, unsigned depth, GError **error)
{
    g_autoptr(BnsYaml) node = NULL;

    if (!check_properties(reader, event, error))
        return NULL;
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(reader, event, error);
    if (depth > BNS_YAML_DEPTH_MAX) {
        fail_on_event(reader, event,
                      "nested too deep: a policy has at most " G_STRINGIFY(
                          BNS_YAML_DEPTH_MAX) " levels",
                      error);
        return NULL;
    }
    node = new_node(event, event->type == YAML_SEQUENCE_START_EVENT ? BNS_YAML_SEQUENCE
                                                                    : BNS_YAML_MAPPING);
    return read_children(reader, node, depth, error) ? g_steal_pointer(&node) : NULL;
}

/* Reads what comes before, in and after the one document. */
static bool
read_stream(Reader *reader, BnsYaml **out_root, GError **error)
{
    yaml_event_type_t type = YAML_NO_EVENT;

    while (type != YAML_STREAM_END_EVENT) {
        yaml_event_t event;
        bool is_fine = true;

        if (!next_event(reader, &event, error))
            return false;
        type = event.type;
        switch (type) {
        case YAML_NO_EVENT:
        case YAML_STREAM_START_EVENT:
        case YAML_STREAM_END_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (*out_root != NULL)
                is_fine = fail_on_event(
                    reader, &event,
                    "a second document: write all of it into one, without ---", error);
            break;
        case YAML_ALIAS_EVENT:
        case YAML_SCALAR_EVENT:
        case YAML_SEQUENCE_START_EVENT:
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_START_EVENT:
        case YAML_MAPPING_END_EVENT:
        default:
            *out_root = read_node(reader, &event, 1, error);
            is_fine = *out_root != NULL;
        }
        yaml_event_delete(&event);
        if (!is_fine)
            return false;
    }
    return true;
}

static BnsYaml *
new_empty_mapping(void)
{
    static const yaml_event_t at_start = { 0 };

    return new_node(&at_start, BNS_YAML_MAPPING);
}

BnsYaml *
bns_yaml_parse(const char *file, const char *bytes, size_t len, GError **error)
{
    Reader reader = { .file = file };
    g_autoptr(BnsYaml) root = NULL;
    bool is_read;

    if (!check_characters(file, bytes, len, error))
        return NULL;
    if (!yaml_parser_initialize(&reader.parser))
        g_error("out of memory");
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    /* libyaml takes no NULL, which the bytes of an empty file may be. */
    yaml_parser_set_input_string(&reader.parser,
                                 (const unsigned char *)(len > 0 ? bytes : ""), len);
    is_read = read_stream(&reader, &root, error);
    yaml_parser_delete(&reader.parser);
    if (!is_read)
        return NULL;
    if (root == NULL || (root->kind == BNS_YAML_SCALAR && root->type == BNS_YAML_NULL))
        return new_empty_mapping();
    return g_steal_pointer(&root);
}

char *
bns_yaml_quote_double(const char *text)
{
    g_autoptr(GString) quoted = g_string_new("\"");

    while (*text != '\0') {
        gunichar c = g_utf8_get_char(text);

        text += g_unichar_to_utf8(c, NULL);
        if (c < 0x20 || c > 0x7e)
            g_string_append_printf(quoted, "\\U%08X", c);
        else if (c == '"' || c == '\\')
            g_string_append_printf(quoted, "\\%c", (char)c);
        else
            g_string_append_c(quoted, (char)c);
    }
    g_string_append_c(quoted, '"');
    return g_string_free(g_steal_pointer(&quoted), FALSE);
}

char *
bns_yaml_quote(const char *text)
{
    bool is_plain = g_ascii_isalnum(text[0]) && resolve(text) == BNS_YAML_STRING;

    for (const char *p = text; *p != '\0'; p++)
        is_plain = is_plain && (g_ascii_isalnum(*p) || strchr("-_./", *p) != NULL);
    return is_plain ? g_strdup(text) : bns_yaml_quote_double(text);
}
