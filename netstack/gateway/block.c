/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/block.h"

#include "base/text.h"
#include "netstack/gateway/http1_private.h"

#include <string.h>

typedef struct {
    uint16_t status;
    const char *phrase;
    const char *meaning; /* what went wrong, for a person; NULL: not ours */
} Status;

static const Status statuses[] = {
    { 400, "Bad Request",
      "The request cannot be read in one way only, so it was not sent." },
    { 403, "Forbidden", NULL },
    { 414, "URI Too Long", "The request's target is too long, so it was not sent." },
    { 417, "Expectation Failed",
      "The request expects something unknown; it was not sent." },
    { 421, "Misdirected Request",
      "The request is for another host than the connection; it was not sent." },
    { 431, "Request Header Fields Too Large",
      "The request's header is too large, so it was not sent." },
    { 501, "Not Implemented",
      "The request needs what boundary-ns does not implement." },
    { 502, "Bad Gateway",
      "The host could not be reached safely, or its answer not read." },
    { 504, "Gateway Timeout", "The host did not answer in time." },
    { 505, "HTTP Version Not Supported",
      "The request's HTTP version is not supported, so it was not sent." },
};

static const Status *
find_status(uint16_t status)
{
    static const Status unknown = { 0, "Error",
                                    "boundary-ns could not serve the request." };

    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++)
        if (statuses[i].status == status)
            return &statuses[i];
    return &unknown;
}

/* "application/json; charset=utf-8" is JSON, and so is "application/problem+json". */
static bool
is_json_type(BnsSlice element)
{
    const char *semicolon =
        element.len > 0 ? memchr(element.at, ';', element.len) : NULL;
    BnsSlice type = element;

    if (semicolon != NULL)
        type.len = (size_t)(semicolon - element.at);
    type = bns_http1_trim(type);
    if (type.len > 5 &&
        bns_slice_equal_case(bns_http1_skip(type, type.len - 5), "+json"))
        return true;
    return bns_slice_equal_case(type, "application/json");
}

static bool
wants_json(const BnsHttpField *field)
{
    BnsSlice rest = field->value;
    BnsSlice type;

    if (!bns_slice_equal_case(field->name, "accept") &&
        !bns_slice_equal_case(field->name, "content-type"))
        return false;
    while (bns_http1_next_element(&rest, &type))
        if (is_json_type(type))
            return true;
    return false;
}

/* npm names its command in each request to a registry, whose errors are strings: it
 * would show an object as "[object Object]". */
BnsBlockForm
bns_block_form(const BnsHttpHead *head)
{
    bool is_json = false;
    bool is_npm = false;

    for (size_t i = 0; i < head->n_fields; i++) {
        is_json |= wants_json(&head->fields[i]);
        is_npm |= bns_slice_equal_case(head->fields[i].name, "npm-command");
    }
    if (!is_json)
        return BNS_BLOCK_TEXT;
    return is_npm ? BNS_BLOCK_JSON_NPM : BNS_BLOCK_JSON;
}

static void
append_line(GString *text, const char *label, const char *foreign)
{
    g_autofree char *escaped = bns_text_escape(foreign, -1);

    if (foreign != NULL)
        g_string_append_printf(text, "%s: %s\n", label, escaped);
}

/* "/home/user/work/p.yaml:3" is "p.yaml:3"; "preset:npm:3" and "--allow#1" are as they are. */
static const char *
hide_directory(const char *origin)
{
    return origin != NULL && origin[0] == '/' ? strrchr(origin, '/') + 1 : origin;
}

static void
append_request(GString *text, const BnsBlock *block)
{
    g_autofree char *request = NULL;

    if (block->method != NULL && block->path != NULL)
        request = g_strconcat(block->method, " ", block->path, NULL);
    append_line(text, "Request", request != NULL ? request : block->method);
    append_line(text, "Host", block->host);
    append_line(text, "Reason", block->reason);
    if (block->status == 403)
        append_line(text, "Rule", hide_directory(block->rule));
    if (block->status == 403 && block->rule == NULL)
        append_line(text, "Nearest rule", hide_directory(block->near));
}

static void
append_suggestion(GString *text, const char *suggestion)
{
    g_autofree char *escaped = bns_text_escape(suggestion, -1);
    g_autofree char *quoted = bns_text_shell_quote(escaped);

    g_string_append_printf(
        text,
        "\nIf you need it, ask the user to allow it. A rule that would:\n"
        "  --allow %s\n",
        quoted);
}

/* What a person reads, in either form. */
static GString *
explain(const BnsBlock *block, const Status *status)
{
    GString *text = g_string_new(NULL);

    if (block->status == 403)
        g_string_append(text,
                        "🚫 Request Blocked by Boundary\n\n"
                        "Network request blocked by Agent Boundaries policy.\n\n");
    else
        g_string_append_printf(
            text,
            "%u %s\n\n%s\n"
            "This answer comes from boundary-ns, not from the host.\n\n",
            (unsigned)block->status, status->phrase, status->meaning);
    append_request(text, block);
    if (block->status == 403 && block->suggestion != NULL)
        append_suggestion(text, block->suggestion);
    return text;
}

/* @text: valid UTF-8 whose only control byte is LF */
static void
append_json_string(GString *json, const GString *text)
{
    g_string_append_c(json, '"');
    for (size_t i = 0; i < text->len; i++) {
        char byte = text->str[i];

        if (byte == '\n') {
            g_string_append(json, "\\n");
            continue;
        }
        if (byte == '"' || byte == '\\')
            g_string_append_c(json, '\\');
        g_string_append_c(json, byte);
    }
    g_string_append_c(json, '"');
}

static GString *
as_json(const BnsBlock *block, const GString *text)
{
    bool is_npm = block->form == BNS_BLOCK_JSON_NPM;
    GString *json = g_string_new("{\"error\":");

    if (!is_npm)
        g_string_append_printf(json, "{\"type\":\"%s\",\"message\":",
                               block->status == 403 ? "boundary_denied"
                                                    : "boundary_error");
    append_json_string(json, text);
    g_string_append(json, is_npm ? "}\n" : "}}\n");
    return json;
}

GBytes *
bns_block_body(const BnsBlock *block, const char **out_type)
{
    GString *text = explain(block, find_status(block->status));
    GString *json;

    *out_type = "text/plain; charset=utf-8";
    if (block->form == BNS_BLOCK_TEXT)
        return g_string_free_to_bytes(text);
    *out_type = "application/json";
    json = as_json(block, text);
    g_string_free(text, TRUE);
    return g_string_free_to_bytes(json);
}

GBytes *
bns_block_response(const BnsBlock *block)
{
    const char *type;
    g_autoptr(GBytes) body = bns_block_body(block, &type);
    GString *response = g_string_new(NULL);

    g_string_append_printf(response,
                           "HTTP/1.1 %u %s\r\n"
                           "Content-Type: %s\r\n"
                           "Content-Length: %zu\r\n"
                           "X-Content-Type-Options: nosniff\r\n"
                           "Cache-Control: no-store\r\n"
                           "Connection: %s\r\n\r\n",
                           (unsigned)block->status, find_status(block->status)->phrase,
                           type, g_bytes_get_size(body),
                           block->keep_alive ? "keep-alive" : "close");
    if (!block->is_head)
        g_string_append_len(response, g_bytes_get_data(body, NULL),
                            (gssize)g_bytes_get_size(body));
    return g_string_free_to_bytes(response);
}
