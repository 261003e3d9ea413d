/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/edit.h"

#include "base/text.h"
#include "policy/config.h"
#include "policy/yaml.h"

#include <stdbool.h>
#include <string.h>
#include <yaml.h>

/* Of a list that is made, and of one that is empty. */
#define INDENT 2

/* What is found of the list. Places are in bytes. */
typedef struct {
    bool has_key;      /* allow: is there */
    bool is_list;      /* and has a list; else nothing */
    bool is_flow;      /* in brackets */
    bool is_empty;     /* no item */
    size_t key_end;    /* behind the key */
    size_t list_begin; /* of its bracket, or first dash */
    size_t item_end;   /* behind the last byte of the last item */
} Found;

/* A walk along the parser's events. */
typedef struct {
    const char *text;
    size_t len;
    size_t mark_index; /* of the mark that was placed last */
    size_t mark_at;    /* where that is */
    unsigned depth;    /* of sequences and mappings that are open */
    bool is_key;       /* the next node in the top mapping is a key */
    bool is_allow;     /* the key was allow */
    bool is_in_list;   /* its list is open, at depth 2 */
    Found found;
} Walk;

/* --- places --- */

/* libyaml counts characters, a byte order mark too, since it was told the encoding. Marks
 * mostly go forward, so that the text is gone through once. */
static size_t
to_bytes(Walk *walk, const yaml_mark_t *mark)
{
    if (mark->index < walk->mark_index)
        walk->mark_index = walk->mark_at = 0;
    for (; walk->mark_index < mark->index && walk->mark_at < walk->len;
         walk->mark_index++)
        do
            walk->mark_at++;
        while (walk->mark_at < walk->len &&
               ((unsigned char)walk->text[walk->mark_at] & 0xc0) == 0x80);
    return walk->mark_at;
}

static size_t
line_begin(const Walk *walk, size_t at)
{
    while (at > 0 && walk->text[at - 1] != '\n')
        at--;
    return at;
}

/* Behind the line that @at is in. */
static size_t
line_end(const Walk *walk, size_t at)
{
    const char *end = memchr(walk->text + at, '\n', walk->len - at);

    return end != NULL ? (size_t)(end - walk->text) + 1 : walk->len;
}

/* --- finding --- */

static bool
is_word(const yaml_event_t *event, const char *word)
{
    return event->data.scalar.length == strlen(word) &&
           memcmp(event->data.scalar.value, word, strlen(word)) == 0;
}

/* A node of the top mapping: a key, or what it has. */
static void
on_top_node(Walk *walk, const yaml_event_t *event)
{
    bool is_scalar = event->type == YAML_SCALAR_EVENT;

    if (walk->is_key) {
        walk->is_allow = is_scalar && is_word(event, "allow");
        if (walk->is_allow) {
            walk->found.has_key = true;
            walk->found.key_end = to_bytes(walk, &event->end_mark);
        }
    } else if (walk->is_allow && event->type == YAML_SEQUENCE_START_EVENT) {
        walk->is_in_list = true;
        walk->found.is_list = true;
        walk->found.is_empty = true;
        walk->found.is_flow =
            event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        /* The bracket, or the first dash. */
        walk->found.list_begin = to_bytes(walk, &event->start_mark);
    }
    walk->is_key = !walk->is_key;
}

/* Ends of what has bytes of its own: those of block lists and mappings are where the next
 * thing begins, after comments. */
static void
note_end(Walk *walk, const yaml_event_t *event, bool has_bytes)
{
    if (walk->is_in_list && has_bytes)
        walk->found.item_end = to_bytes(walk, &event->end_mark);
}

static bool
is_flow_end(Walk *walk, const yaml_event_t *event)
{
    size_t begin = to_bytes(walk, &event->start_mark);

    return begin < walk->len && event->end_mark.index > event->start_mark.index &&
           (walk->text[begin] == ']' || walk->text[begin] == '}');
}

static void
on_begin(Walk *walk, const yaml_event_t *event)
{
    if (walk->depth == 1)
        on_top_node(walk, event);
    else if (walk->is_in_list)
        walk->found.is_empty = false;
    if (walk->depth == 0)
        walk->is_key = true;
}

static void
on_event(Walk *walk, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        on_begin(walk, event);
        note_end(walk, event, true);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        on_begin(walk, event);
        walk->depth++;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        walk->depth--;
        if (walk->depth == 1)
            walk->is_in_list = false;
        note_end(walk, event, is_flow_end(walk, event));
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_ALIAS_EVENT:
        break;
    }
}

static void
find(Walk *walk)
{
    yaml_parser_t parser;
    yaml_event_t event;
    bool is_over = false;

    yaml_parser_initialize(&parser);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)walk->text, walk->len);
    while (!is_over && yaml_parser_parse(&parser, &event)) {
        on_event(walk, &event);
        is_over = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

/* --- writing --- */

static const char *
newline_of(const Walk *walk)
{
    const char *first = memchr(walk->text, '\n', walk->len);

    return first != NULL && first > walk->text && first[-1] == '\r' ? "\r\n" : "\n";
}

/* Puts the line "- RULE" at @at, where one begins. */
static void
put_line(const Walk *walk, GString *out, size_t at, size_t indent, const char *rule)
{
    g_string_append_len(out, walk->text, (gssize)at);
    if (at > 0 && walk->text[at - 1] != '\n')
        g_string_append(out, newline_of(walk));
    if (!walk->found.has_key)
        g_string_append_printf(out, "allow:%s", newline_of(walk));
    g_string_append_printf(out, "%*s- %s%s", (int)indent, "", rule, newline_of(walk));
    g_string_append_len(out, walk->text + at, (gssize)(walk->len - at));
}

static void
put_in_brackets(const Walk *walk, GString *out, const char *rule)
{
    const Found *found = &walk->found;
    size_t at = found->is_empty ? found->list_begin + 1 : found->item_end;

    g_string_append_len(out, walk->text, (gssize)at);
    g_string_append_printf(out, "%s%s", found->is_empty ? "" : ", ", rule);
    g_string_append_len(out, walk->text + at, (gssize)(walk->len - at));
}

/* The end of a text in several lines (| and >) is the beginning of the next line. */
static size_t
behind_item(const Walk *walk)
{
    size_t end = walk->found.item_end;

    return end > 0 && walk->text[end - 1] == '\n' ? end : line_end(walk, end);
}

/* Returns: (transfer full): the text with @rule, which is quoted. */
static GString *
put(const Walk *walk, const char *rule)
{
    const Found *found = &walk->found;
    GString *out = g_string_sized_new(walk->len + strlen(rule) + 32);

    if (found->is_list && found->is_flow)
        put_in_brackets(walk, out, rule);
    else if (found->is_list)
        put_line(walk, out, behind_item(walk),
                 found->list_begin - line_begin(walk, found->list_begin), rule);
    else if (found->has_key)
        put_line(walk, out, line_end(walk, found->key_end), INDENT, rule);
    else
        put_line(walk, out, walk->len, INDENT, rule);
    return out;
}

/* --- what it means --- */

static GPtrArray *
forms_of(const BnsConfig *config)
{
    GPtrArray *forms = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < config->rules->len; i++) {
        const BnsRule *rule = config->rules->pdata[i];
        g_autofree char *form = bns_rule_to_string(rule);

        g_ptr_array_add(
            forms, g_strdup_printf("%s %s", bns_verdict_name(rule->verdict), form));
    }
    return forms;
}

/* Whether @after has what @before has, in its order, and one rule more. */
static bool
has_one_more(const BnsConfig *before, const BnsConfig *after, const char *wanted)
{
    g_autoptr(GPtrArray) old = forms_of(before);
    g_autoptr(GPtrArray) new = forms_of(after);
    bool is_found = false;
    guint i = 0;

    if (new->len != old->len + 1 || before->extends->len != after->extends->len ||
        before->profiles->len != after->profiles->len ||
        g_hash_table_size(after->origins) - g_hash_table_size(before->origins) > 1)
        return false;
    for (guint j = 0; j < new->len; j++) {
        if (i < old->len && g_str_equal(old->pdata[i], new->pdata[j]))
            i++;
        else if (!is_found && g_str_equal(new->pdata[j], wanted))
            is_found = true;
        else
            return false;
    }
    return true;
}

static char *
canonical_form(const char *rule, GError **error)
{
    g_autoptr(BnsRule) parsed =
        bns_rule_parse(BNS_VERDICT_ALLOW, "allow", rule, NULL, error);
    g_autofree char *form = parsed != NULL ? bns_rule_to_string(parsed) : NULL;

    return form != NULL ? g_strconcat("allow ", form, NULL) : NULL;
}

char *
bns_policy_edit_allow(const char *file,
                      const char *text,
                      size_t len,
                      const char *rule,
                      size_t *out_len,
                      GError **error)
{
    Walk walk = { .text = text != NULL ? text : "", .len = len };
    g_autoptr(BnsConfig) before = bns_config_parse(file, walk.text, len, error);
    g_autoptr(BnsConfig) after = NULL;
    g_autofree char *wanted = before != NULL ? canonical_form(rule, error) : NULL;
    g_autofree char *quoted = NULL;
    g_autofree char *shown = bns_text_escape(file, -1);
    GString *edited;

    if (wanted == NULL)
        return NULL;
    find(&walk);
    quoted = bns_yaml_quote_double(rule);
    edited = put(&walk, quoted);
    after = bns_config_parse(file, edited->str, edited->len, NULL);
    if (after == NULL || !has_one_more(before, after, wanted)) {
        g_string_free(edited, TRUE);
        g_set_error(
            error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
            "%s: no place is found for the rule; write it below allow: by hand, "
            "as - %s",
            shown, quoted);
        return NULL;
    }
    if (out_len != NULL)
        *out_len = edited->len;
    return g_string_free(edited, FALSE);
}
