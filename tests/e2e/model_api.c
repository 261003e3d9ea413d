/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/model_api.h"

#include "audit/json.h"
#include "tests/support/origin_conn.h"

#include <string.h>

/* A model says one word after the other. */
static const char *const pieces[] = { "The ", "boundary ", "stood." };

/* Where events go: chunks of an SSE response, or WebSocket messages. */
typedef struct {
    OriginConn *conn;
    bool is_websocket;
    bool is_named; /* SSE: each event has its "type" as name, too */
} Events;

/* @type: of the event; @rest: what follows in the object, with its comma */
static bool G_GNUC_PRINTF(3, 4)
    send_event(const Events *events, const char *type, const char *rest, ...)
{
    g_autofree char *fields = NULL;
    g_autofree char *json = NULL;
    g_autofree char *event = NULL;
    va_list args;

    va_start(args, rest);
    fields = g_strdup_vprintf(rest, args);
    va_end(args);
    json = type != NULL ? g_strdup_printf("{\"type\":\"%s\"%s}", type, fields)
                        : g_strdup_printf("{%s}", fields);
    if (events->is_websocket)
        return origin_write_frame(events->conn, BNS_FRAME_TEXT, true, json,
                                  strlen(json));
    event = events->is_named ? g_strdup_printf("event: %s\ndata: %s\n\n", type, json)
                             : g_strdup_printf("data: %s\n\n", json);
    return origin_printf(events->conn, "%zx\r\n%s\r\n", strlen(event), event);
}

static bool
begin_sse(OriginConn *conn)
{
    return origin_printf(conn, "HTTP/1.1 200 OK\r\n"
                               "Content-Type: text/event-stream\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n");
}

static bool
end_sse(OriginConn *conn)
{
    return origin_printf(conn, "0\r\n\r\n");
}

/* --- a call of a tool --- */

/* Comes back with the call's result. */
#define CALL_ID "call_of_the_stand_in"

/*
 * Looks for a prompt to edit a file that was not answered yet.
 *
 * @said: what the agent sent
 * Returns: (transfer full) (nullable): the path of the file
 */
static char *
file_to_edit(const char *said)
{
    const char *prompt = strstr(said, MODEL_API_EDIT);
    const char *path;

    if (prompt == NULL || strstr(said, CALL_ID) != NULL)
        return NULL;
    path = prompt + strlen(MODEL_API_EDIT);
    return g_strndup(path, strcspn(path, " "));
}

/* Whether @tool is in the list of those that can be called. */
static bool
is_offered(const char *said, const char *tool)
{
    g_autofree char *name = g_strdup_printf("\"name\":\"%s\"", tool);

    return strstr(said, name) != NULL;
}

/* Returns: (transfer full): a JSON string. */
static char *
json_string(const char *text)
{
    g_autoptr(GString) json = g_string_new(NULL);

    bns_json_append_string(json, text);
    return g_string_free(g_steal_pointer(&json), FALSE);
}

/* Returns: (transfer full): the arguments of a tool that writes files, in JSON.
 * @path_key: the name of the path among them */
static char *
write_arguments(const char *path_key, const char *path)
{
    g_autofree char *file = json_string(path);
    g_autofree char *content = json_string(MODEL_API_NOTE);

    return g_strdup_printf("{\"%s\":%s,\"content\":%s}", path_key, file, content);
}

/* --- Anthropic: claude and opencode --- */

/* Those with which one of them writes files. */
static const struct {
    const char *name;
    const char *path_key;
} message_tools[] = {
    { "Write", "file_path" }, /* claude */
    { "write", "filePath" },  /* opencode */
};

static bool
send_text(const Events *events)
{
    bool is_sent =
        send_event(events, "content_block_start",
                   ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}");

    for (size_t i = 0; i < G_N_ELEMENTS(pieces) && is_sent; i++)
        is_sent = send_event(
            events, "content_block_delta",
            ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}",
            pieces[i]);
    return is_sent;
}

/* @arguments: JSON, in a string of it */
static bool
send_tool_use(const Events *events, const char *tool, const char *arguments)
{
    return send_event(events, "content_block_start",
                      ",\"index\":0,\"content_block\":{\"type\":\"tool_use\","
                      "\"id\":\"" CALL_ID "\",\"name\":\"%s\",\"input\":{}}",
                      tool) &&
           send_event(events, "content_block_delta",
                      ",\"index\":0,\"delta\":{\"type\":\"input_json_delta\","
                      "\"partial_json\":%s}",
                      arguments);
}

/* Returns: the reason why the message ends, or NULL if it was not sent. */
static const char *
send_content(const Events *events, const char *said)
{
    g_autofree char *path = file_to_edit(said);

    for (size_t i = 0; i < G_N_ELEMENTS(message_tools) && path != NULL; i++)
        if (is_offered(said, message_tools[i].name)) {
            g_autofree char *arguments =
                write_arguments(message_tools[i].path_key, path);
            g_autofree char *quoted = json_string(arguments);

            return send_tool_use(events, message_tools[i].name, quoted) ? "tool_use"
                                                                        : NULL;
        }
    return send_text(events) ? "end_turn" : NULL;
}

static bool
answer_messages(OriginConn *conn, const OriginRequest *request)
{
    const Events events = { .conn = conn, .is_named = true };
    g_autofree char *said = origin_read_text(conn, request);
    const char *reason = NULL;

    if (said != NULL && begin_sse(conn) &&
        send_event(&events, "message_start",
                   ",\"message\":{\"id\":\"msg_1\",\"type\":\"message\","
                   "\"role\":\"assistant\",\"model\":\"claude-stand-in\","
                   "\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,"
                   "\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}"))
        reason = send_content(&events, said);
    return reason != NULL &&
           send_event(&events, "content_block_stop", ",\"index\":0") &&
           send_event(&events, "message_delta",
                      ",\"delta\":{\"stop_reason\":\"%s\",\"stop_sequence\":null},"
                      "\"usage\":{\"output_tokens\":3}",
                      reason) &&
           send_event(&events, "message_stop", "%s", "") && end_sse(conn);
}

/* --- OpenAI: codex --- */

#define MESSAGE(content)                                                               \
    "{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":"       \
    "[" content "]}"
#define TEXT(text) "{\"type\":\"output_text\",\"text\":\"" text "\",\"annotations\":[]}"

static bool
send_message(const Events *events)
{
    bool is_sent = send_event(events, "response.output_item.added",
                              ",\"output_index\":0,\"item\":" MESSAGE(""));

    for (size_t i = 0; i < G_N_ELEMENTS(pieces) && is_sent; i++)
        is_sent = send_event(events, "response.output_text.delta",
                             ",\"item_id\":\"msg_1\",\"output_index\":0,"
                             "\"content_index\":0,\"delta\":\"%s\"",
                             pieces[i]);
    return is_sent &&
           send_event(events, "response.output_item.done",
                      ",\"output_index\":0,\"item\":" MESSAGE(TEXT(MODEL_API_ANSWER)));
}

/* Its one tool is a script that calls others. This one needs both that change files, each
 * of which codex confines on its own: a patch and a command. */
static bool
send_exec(const Events *events, const char *path)
{
    g_autofree char *patch = g_strdup_printf("*** Begin Patch\n*** Add File: %s.draft\n"
                                             "+" MODEL_API_NOTE "*** End Patch\n",
                                             path);
    g_autofree char *command = g_strdup_printf("mv '%s.draft' '%s'", path, path);
    g_autofree char *quoted_patch = json_string(patch);
    g_autofree char *quoted_command = json_string(command);
    g_autofree char *script =
        g_strdup_printf("await tools.apply_patch(%s);\n"
                        "text(await tools.exec_command({ cmd: %s }));\n",
                        quoted_patch, quoted_command);
    g_autofree char *input = json_string(script);

    return send_event(events, "response.output_item.done",
                      ",\"output_index\":0,\"item\":{\"type\":\"custom_tool_call\","
                      "\"id\":\"ctc_1\",\"call_id\":\"" CALL_ID "\","
                      "\"name\":\"exec\",\"input\":%s}",
                      input);
}

static bool
send_output(const Events *events, const char *said)
{
    g_autofree char *path = file_to_edit(said);

    /* The agent only opens the conversation. */
    if (strstr(said, "\"generate\":false") != NULL)
        return true;
    if (path != NULL && is_offered(said, "exec"))
        return send_exec(events, path);
    return send_message(events);
}

static bool
send_response(const Events *events, const char *said)
{
    return send_event(events, "response.created",
                      ",\"response\":{\"id\":\"resp_1\"}") &&
           send_output(events, said) &&
           send_event(events, "response.completed",
                      ",\"response\":{\"id\":\"resp_1\",\"output\":[],\"usage\":{"
                      "\"input_tokens\":1,\"input_tokens_details\":null,"
                      "\"output_tokens\":3,\"output_tokens_details\":null,"
                      "\"total_tokens\":4}}");
}

/* Takes a frame of a conversation. Returns: whether it goes on. */
static bool
take_frame(OriginConn *conn, GString *message)
{
    const Events events = { .conn = conn, .is_websocket = true };
    BnsFrame frame;
    g_autofree uint8_t *payload = origin_read_frame(conn, &frame);

    if (payload == NULL || frame.opcode == BNS_FRAME_CLOSE)
        return false;
    if (frame.opcode == BNS_FRAME_PING)
        return origin_write_frame(conn, BNS_FRAME_PONG, true, payload, frame.len);
    if (frame.opcode == BNS_FRAME_PONG)
        return true;
    g_string_append_len(message, (const char *)payload, (gssize)frame.len);
    if (!frame.is_final)
        return true;
    if (!send_response(&events, message->str))
        return false;
    g_string_truncate(message, 0);
    return true;
}

static bool
answer_websocket(OriginConn *conn, const OriginRequest *request)
{
    g_autoptr(GString) message = g_string_new(NULL);

    if (!origin_accept_websocket(conn, request))
        return false;
    while (take_frame(conn, message))
        ;
    return false;
}

static bool
answer_responses(OriginConn *conn, const OriginRequest *request)
{
    const Events events = { .conn = conn, .is_named = true };
    g_autofree char *said = origin_read_text(conn, request);

    return said != NULL && begin_sse(conn) && send_response(&events, said) &&
           end_sse(conn);
}

/* --- Gemini --- */

#define GEMINI_TOOL "write_file"
#define CANDIDATE(part, finish)                                                        \
    "\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[" part    \
    "]}" finish "}],\"usageMetadata\":{\"promptTokenCount\":1,"                        \
    "\"candidatesTokenCount\":3,\"totalTokenCount\":4}"

static bool
send_function_call(const Events *events, const char *arguments)
{
    return send_event(events, NULL,
                      CANDIDATE("{\"functionCall\":{\"id\":\"" CALL_ID "\","
                                "\"name\":\"%s\",\"args\":%s}}",
                                ",\"finishReason\":\"STOP\""),
                      GEMINI_TOOL, arguments);
}

static bool
send_words(const Events *events)
{
    bool is_sent = true;

    for (size_t i = 0; i < G_N_ELEMENTS(pieces) && is_sent; i++)
        is_sent = send_event(
            events, NULL, CANDIDATE("{\"text\":\"%s\"}", "%s"), pieces[i],
            i + 1 < G_N_ELEMENTS(pieces) ? "" : ",\"finishReason\":\"STOP\"");
    return is_sent;
}

static bool
answer_content(OriginConn *conn, const OriginRequest *request)
{
    const Events events = { .conn = conn };
    g_autofree char *said = origin_read_text(conn, request);
    g_autofree char *path = said != NULL ? file_to_edit(said) : NULL;
    g_autofree char *arguments = NULL;

    if (said == NULL || !begin_sse(conn))
        return false;
    if (path != NULL && is_offered(said, GEMINI_TOOL))
        arguments = write_arguments("file_path", path);
    return (arguments != NULL ? send_function_call(&events, arguments)
                              : send_words(&events)) &&
           end_sse(conn);
}

static bool
answer_not_found(OriginConn *conn, const OriginRequest *request)
{
    uint64_t len;

    return origin_read_body(conn, request, NULL, &len) &&
           origin_printf(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

static const struct {
    const char *method;
    const char *path; /* a part of it */
    BnsOriginAnswer answer;
} answers[] = {
    { "POST", "/v1/messages", answer_messages },
    { "GET", "/v1/responses", answer_websocket },
    { "POST", "/v1/responses", answer_responses },
    { "POST", ":streamGenerateContent", answer_content },
};

bool
model_api_answer(OriginConn *conn, const OriginRequest *request)
{
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
        if (strcmp(request->method, answers[i].method) == 0 &&
            strstr(request->target, answers[i].path) != NULL)
            return answers[i].answer(conn, request) && request->keep_alive;
    return answer_not_found(conn, request) && request->keep_alive;
}
