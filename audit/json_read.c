/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/json_read.h"

#include <string.h>

typedef struct {
    const char *at;
    const char *end;
    int values; /* read so far */
} Reader;

static BnsJson *read_value(Reader *reader, int depth);

static BnsJson *
json_new(BnsJsonKind kind)
{
    BnsJson *json = g_new0(BnsJson, 1);

    json->kind = kind;
    if (kind == BNS_JSON_LIST || kind == BNS_JSON_OBJECT)
        json->items = g_ptr_array_new_with_free_func((GDestroyNotify)bns_json_free);
    return json;
}

void
bns_json_free(BnsJson *json)
{
    if (json == NULL)
        return;
    g_free(json->name);
    g_free(json->text);
    if (json->items != NULL)
        g_ptr_array_unref(json->items);
    g_free(json);
}

static bool
skip(Reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

/* --- strings --- */

static bool
read_hex4(Reader *reader, gunichar *out_unit)
{
    gunichar unit = 0;

    if (reader->end - reader->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(*reader->at++);

        if (digit < 0)
            return false;
        unit = unit << 4 | (gunichar)digit;
    }
    *out_unit = unit;
    return true;
}

/* Behind "\u": one UTF-16 unit, or a pair of them. */
static bool
read_unicode(Reader *reader, GString *text)
{
    gunichar high, low;

    if (!read_hex4(reader, &high) || high == 0 || (high >= 0xdc00 && high <= 0xdfff))
        return false;
    if (high >= 0xd800 && high <= 0xdbff) {
        if (!skip(reader, '\\') || !skip(reader, 'u') || !read_hex4(reader, &low) ||
            low < 0xdc00 || low > 0xdfff)
            return false;
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
    g_string_append_unichar(text, high);
    return true;
}

static bool
read_escape(Reader *reader, GString *text)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char named[] = "\"\\/\b\f\n\r\t";
    const char *found;
    char letter;

    if (reader->at == reader->end)
        return false;
    letter = *reader->at++;
    if (letter == 'u')
        return read_unicode(reader, text);
    found = letter != '\0' ? strchr(letters, letter) : NULL;
    if (found == NULL)
        return false;
    g_string_append_c(text, named[found - letters]);
    return true;
}

/* Returns: (transfer full) (nullable): the string, decoded. */
static char *
read_text(Reader *reader)
{
    g_autoptr(GString) text = NULL;

    if (!skip(reader, '"'))
        return NULL;
    text = g_string_new(NULL);
    while (!skip(reader, '"')) {
        if (reader->at == reader->end || (unsigned char)*reader->at < 0x20)
            return NULL;
        if (skip(reader, '\\')) {
            if (!read_escape(reader, text))
                return NULL;
            continue;
        }
        g_string_append_c(text, *reader->at++);
    }
    if (!g_utf8_validate(text->str, (gssize)text->len, NULL))
        return NULL;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static BnsJson *
read_string(Reader *reader)
{
    char *text = read_text(reader);
    BnsJson *json;

    if (text == NULL)
        return NULL;
    json = json_new(BNS_JSON_STRING);
    json->text = text;
    return json;
}

/* --- the rest --- */

static BnsJson *
read_number(Reader *reader)
{
    const char *start = reader->at;
    uint64_t number = 0;
    BnsJson *json;

    while (reader->at < reader->end && g_ascii_isdigit(*reader->at)) {
        uint64_t digit = (uint64_t)(*reader->at++ - '0');

        if (number > (UINT64_MAX - digit) / 10)
            return NULL;
        number = number * 10 + digit;
    }
    if (reader->at == start || (*start == '0' && reader->at - start > 1))
        return NULL;
    json = json_new(BNS_JSON_NUMBER);
    json->number = number;
    return json;
}

static BnsJson *
read_member(Reader *reader, const BnsJson *object, int depth)
{
    g_autofree char *name = read_text(reader);
    BnsJson *json;

    if (name == NULL || !skip(reader, ':') ||
        object->items->len >= BNS_JSON_MEMBERS_MAX)
        return NULL;
    for (guint i = 0; i < object->items->len; i++)
        if (strcmp(((BnsJson *)g_ptr_array_index(object->items, i))->name, name) == 0)
            return NULL;
    json = read_value(reader, depth);
    if (json != NULL)
        json->name = g_steal_pointer(&name);
    return json;
}

/* A list or an object, behind its opening bracket. */
static BnsJson *
read_items(Reader *reader, BnsJsonKind kind, int depth)
{
    g_autoptr(BnsJson) json = json_new(kind);
    const char close = kind == BNS_JSON_LIST ? ']' : '}';

    if (depth > BNS_JSON_DEPTH_MAX)
        return NULL;
    if (skip(reader, close))
        return g_steal_pointer(&json);
    do {
        BnsJson *item = kind == BNS_JSON_LIST ? read_value(reader, depth)
                                              : read_member(reader, json, depth);

        if (item == NULL)
            return NULL;
        g_ptr_array_add(json->items, item);
    } while (skip(reader, ','));
    return skip(reader, close) ? g_steal_pointer(&json) : NULL;
}

static BnsJson *
read_value(Reader *reader, int depth)
{
    if (++reader->values > BNS_JSON_VALUES_MAX)
        return NULL;
    if (skip(reader, '{'))
        return read_items(reader, BNS_JSON_OBJECT, depth + 1);
    if (skip(reader, '['))
        return read_items(reader, BNS_JSON_LIST, depth + 1);
    if (reader->at < reader->end && *reader->at == '"')
        return read_string(reader);
    return read_number(reader);
}

BnsJson *
bns_json_parse(const char *text, size_t len)
{
    Reader reader = { .at = text, .end = text + len };
    g_autoptr(BnsJson) json = read_value(&reader, 0);

    if (json == NULL || json->kind != BNS_JSON_OBJECT || reader.at != reader.end)
        return NULL;
    return g_steal_pointer(&json);
}

const BnsJson *
bns_json_member(const BnsJson *object, const char *name, BnsJsonKind kind)
{
    for (guint i = 0; i < object->items->len; i++) {
        const BnsJson *member = g_ptr_array_index(object->items, i);

        if (member->kind == kind && strcmp(member->name, name) == 0)
            return member;
    }
    return NULL;
}

const char *
bns_json_text(const BnsJson *object, const char *name)
{
    const BnsJson *member = bns_json_member(object, name, BNS_JSON_STRING);

    return member != NULL ? member->text : NULL;
}

bool
bns_json_number(const BnsJson *object, const char *name, uint64_t *out_number)
{
    const BnsJson *member = bns_json_member(object, name, BNS_JSON_NUMBER);

    if (member == NULL)
        return false;
    *out_number = member->number;
    return true;
}
