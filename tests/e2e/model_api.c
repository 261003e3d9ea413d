/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/model_api.h"

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
begin_sse(OriginConn *conn, const OriginRequest *request)
{
    uint64_t len;

    return origin_read_body(conn, request, NULL, &len) &&
           origin_printf(conn, "HTTP/1.1 200 OK\r\n"
                               "Content-Type: text/event-stream\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n");
}

static bool
end_sse(OriginConn *conn)
{
    return origin_printf(conn, "0\r\n\r\n");
}

/* --- Anthropic: claude and opencode --- */

static bool
answer_messages(OriginConn *conn, const OriginRequest *request)
{
    const Events events = { .conn = conn, .is_named = true };
    bool is_sent =
        begin_sse(conn, request) &&
        send_event(&events, "message_start",
                   ",\"message\":{\"id\":\"msg_1\",\"type\":\"message\","
                   "\"role\":\"assistant\",\"model\":\"claude-stand-in\","
                   "\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,"
                   "\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}") &&
        send_event(&events, "content_block_start",
                   ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}");

    for (size_t i = 0; i < G_N_ELEMENTS(pieces) && is_sent; i++)
        is_sent = send_event(
            &events, "content_block_delta",
            ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}",
            pieces[i]);
    return is_sent && send_event(&events, "content_block_stop", ",\"index\":0") &&
           send_event(&events, "message_delta",
                      ",\"delta\":{\"stop_reason\":\"end_turn\","
                      "\"stop_sequence\":null},\"usage\":{\"output_tokens\":3}") &&
           send_event(&events, "message_stop", "%s", "") && end_sse(conn);
}

/* --- OpenAI: codex --- */

#define MESSAGE(content)                                                               \
    "{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":"       \
    "[" content "]}"
#define TEXT(text) "{\"type\":\"output_text\",\"text\":\"" text "\",\"annotations\":[]}"

/* @is_warm_up: the agent only opens the conversation. */
static bool
send_response(const Events *events, bool is_warm_up)
{
    bool is_sent =
        send_event(events, "response.created", ",\"response\":{\"id\":\"resp_1\"}");

    if (!is_warm_up && is_sent)
        is_sent = send_event(events, "response.output_item.added",
                             ",\"output_index\":0,\"item\":" MESSAGE(""));
    for (size_t i = 0; i < G_N_ELEMENTS(pieces) && is_sent && !is_warm_up; i++)
        is_sent = send_event(events, "response.output_text.delta",
                             ",\"item_id\":\"msg_1\",\"output_index\":0,"
                             "\"content_index\":0,\"delta\":\"%s\"",
                             pieces[i]);
    if (!is_warm_up && is_sent)
        is_sent =
            send_event(events, "response.output_item.done",
                       ",\"output_index\":0,\"item\":" MESSAGE(TEXT(MODEL_API_ANSWER)));
    return is_sent &&
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
    if (!send_response(&events, strstr(message->str, "\"generate\":false") != NULL))
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

    return begin_sse(conn, request) && send_response(&events, false) && end_sse(conn);
}

/* --- Gemini --- */

#define CANDIDATE(text, finish)                                                        \
    "\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{"        \
    "\"text\":\"" text "\"}]}" finish "}],\"usageMetadata\":{\"promptTokenCount\":1,"  \
    "\"candidatesTokenCount\":3,\"totalTokenCount\":4}"

static bool
answer_content(OriginConn *conn, const OriginRequest *request)
{
    const Events events = { .conn = conn };
    bool is_sent = begin_sse(conn, request);

    for (size_t i = 0; i < G_N_ELEMENTS(pieces) && is_sent; i++)
        is_sent = send_event(
            &events, NULL, CANDIDATE("%s", "%s"), pieces[i],
            i + 1 < G_N_ELEMENTS(pieces) ? "" : ",\"finishReason\":\"STOP\"");
    return is_sent && end_sse(conn);
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
