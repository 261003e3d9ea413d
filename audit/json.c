/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/json.h"

#include "audit/field.h"
#include "base/text.h"

#include <string.h>

/* 1970-01-01 in GLib's count of days, which begins with 1 at 0001-01-01. */
#define EPOCH_JULIAN    719163
#define SECONDS_PER_DAY 86400

/* g_string_append_len() for a record's forty short pieces: its call would cost more than
 * the bytes. */
static inline void
put(GString *line, const char *bytes, size_t len)
{
    if (line->allocated_len - line->len <= len) {
        g_string_append_len(line, bytes, (gssize)len);
        return;
    }
    memcpy(line->str + line->len, bytes, len);
    line->len += len;
    line->str[line->len] = '\0';
}

static inline void
put_text(GString *line, const char *text)
{
    put(line, text, strlen(text));
}

static bool
must_escape(gunichar c)
{
    return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7f && c <= 0x9f) ||
           c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

static void
append_escape(GString *line, gunichar c)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = c < 0x80 && c != 0 ? strchr(named, (int)c) : NULL;

    if (found != NULL)
        g_string_append_printf(line, "\\%c", letters[found - named]);
    else
        g_string_append_printf(line, "\\u%04x", c);
}

/* How many bytes stand for themselves: most texts have no others. */
static size_t
plain_len(const char *text)
{
    size_t len = 0;

    while (text[len] >= 0x20 && text[len] < 0x7f && text[len] != '"' &&
           text[len] != '\\')
        len++;
    return len;
}

void
bns_json_append_string(GString *line, const char *text)
{
    g_string_append_c(line, '"');
    for (;;) {
        size_t plain = plain_len(text);
        gunichar c;

        put(line, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        c = g_utf8_get_char_validated(text, -1);
        /* (gunichar)-1 and -2: not UTF-8, or cut off. */
        if (c > 0x10ffff) {
            put_text(line, "\xef\xbf\xbd");
            text++;
            continue;
        }
        if (must_escape(c))
            append_escape(line, c);
        else
            put(line, text, (size_t)g_utf8_skip[(guchar)*text]);
        text += g_utf8_skip[(guchar)*text];
    }
    g_string_append_c(line, '"');
}

static void
append_name(GString *line, const char *name)
{
    put_text(line, ",\"");
    put_text(line, name);
    put_text(line, "\":");
}

/* At least @width digits. */
static void
append_digits(GString *line, uint64_t value, unsigned width)
{
    char digits[BNS_TEXT_DIGITS_MAX];
    char *end = digits + sizeof(digits);
    char *at = bns_text_digits(value, digits);

    while (at > digits && end - at < (ptrdiff_t)width)
        *--at = '0';
    put(line, at, (size_t)(end - at));
}

void
bns_json_append_text(GString *line, const char *name, const char *value)
{
    if (value == NULL)
        return;
    append_name(line, name);
    bns_json_append_string(line, value);
}

void
bns_json_append_number(GString *line, const char *name, uint64_t value)
{
    append_name(line, name);
    append_digits(line, value, 1);
}

void
bns_json_append_count(GString *line, const char *name, uint64_t value)
{
    append_name(line, name);
    g_string_append_c(line, '"');
    append_digits(line, value, 1);
    g_string_append_c(line, '"');
}

/* The beginning of @item, not ending inside a UTF-8 sequence, with a mark. */
static void
append_cut_string(GString *line, const char *item, size_t len)
{
    g_autofree char *cut = NULL;
    g_autofree char *marked = NULL;

    while (len > 0 && ((guchar)item[len] & 0xc0) == 0x80)
        len--;
    cut = g_strndup(item, len);
    marked = g_strconcat(cut, "...", NULL);
    bns_json_append_string(line, marked);
}

void
bns_json_append_list(GString *line, const char *name, const char *const *items)
{
    size_t left = BNS_JSON_LIST_MAX;

    append_name(line, name);
    g_string_append_c(line, '[');
    for (size_t i = 0; items != NULL && items[i] != NULL; i++) {
        size_t len = strlen(items[i]);

        if (i > 0)
            g_string_append_c(line, ',');
        /* Two for the quotes and one for the comma: a million empty items have an end. */
        if (len + 3 > left) {
            append_cut_string(line, items[i], MIN(len, left));
            break;
        }
        bns_json_append_string(line, items[i]);
        left -= len + 3;
    }
    g_string_append_c(line, ']');
}

/* A part of a time and what follows it. */
static void
append_part(GString *text, unsigned number, unsigned width, char end)
{
    append_digits(text, number, width);
    g_string_append_c(text, end);
}

void
bns_json_append_time(GString *text, int64_t time_us)
{
    int64_t seconds = time_us / G_USEC_PER_SEC;
    unsigned in_day = (unsigned)(seconds % SECONDS_PER_DAY);
    GDate date;

    /* Not gmtime_r(3): its first call reads /etc/localtime, which a locked-down process
     * cannot. */
    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)(EPOCH_JULIAN + seconds / SECONDS_PER_DAY));
    append_part(text, g_date_get_year(&date), 4, '-');
    append_part(text, (unsigned)g_date_get_month(&date), 2, '-');
    append_part(text, g_date_get_day(&date), 2, 'T');
    append_part(text, in_day / 3600, 2, ':');
    append_part(text, in_day / 60 % 60, 2, ':');
    append_part(text, in_day % 60, 2, '.');
    append_part(text, (unsigned)(time_us % G_USEC_PER_SEC), 6, 'Z');
}

void
bns_json_begin(
    GString *line, uint64_t seq, int64_t time_us, const char *session, BnsEvent event)
{
    put_text(line, "{\"v\":1");
    bns_json_append_number(line, "seq", seq);
    append_name(line, "ts");
    g_string_append_c(line, '"');
    bns_json_append_time(line, time_us);
    g_string_append_c(line, '"');
    bns_json_append_text(line, "session", session);
    bns_json_append_text(line, "event", bns_event_name(event));
}

static bool
ends_transfer(BnsEvent event)
{
    return event == BNS_EVENT_HTTP_RESPONSE || event == BNS_EVENT_TCP_CLOSE ||
           event == BNS_EVENT_PUBLISH_CLOSE;
}

static void
append_field(GString *line, const BnsField *field, const BnsRecord *record)
{
    uint64_t number;

    if (field->kind == BNS_FIELD_STRING) {
        bns_json_append_text(line, field->name, bns_field_string(field, record));
        return;
    }
    number = bns_field_number(field, record);
    if (number == 0 &&
        (field->kind != BNS_FIELD_TRANSFER || !ends_transfer(record->event)))
        return;
    if (field->kind == BNS_FIELD_COUNT)
        bns_json_append_count(line, field->name, number);
    else
        bns_json_append_number(line, field->name, number);
}

static void
append_process(GString *line, const BnsRecord *record, BnsArguments *arguments)
{
    if (record->pid == 0)
        return;
    put_text(line, ",\"process\":{\"pid\":");
    append_digits(line, record->pid, 1);
    bns_json_append_text(line, "exe", record->exe);
    if (record->argv != NULL)
        bns_arguments_append(arguments, line, record->argv);
    g_string_append_c(line, '}');
}

void
bns_json_append_record(GString *line, const BnsRecord *record, BnsArguments *arguments)
{
    bns_json_append_text(line, "decision", bns_decided_name(record->decision));
    for (size_t i = 0; i < BNS_N_FIELDS; i++) {
        if (!bns_fields[i].is_process)
            append_field(line, &bns_fields[i], record);
        else if (bns_fields[i].offset == offsetof(BnsRecord, pid))
            append_process(line, record, arguments);
    }
}
