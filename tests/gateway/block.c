/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/block.h"

#include "tests/support/test.h"

#include <string.h>

/* A request that lets a whole answer be read back. */
static const BnsSlice get = { "GET", 3 };

static const BnsBlock denied = {
    .status = 403,
    .reason = "no rule allows it",
    .method = "GET",
    .host = "example.com",
    .path = "/a",
    .suggestion = "GET example.com/a",
};

/* Reads the answer's head as any client does, and checks that its length is that of the
 * body. Returns: (transfer full): the body */
static char *
read_back(const BnsBlock *block, BnsHttpHead *out_head)
{
    GBytes *bytes = bns_block_response(block);
    gsize len;
    /* The head's slices stay valid to the end of the program. */
    char *data = g_bytes_unref_to_data(bytes, &len);

    g_test_queue_free(data);
    if (bns_http1_parse_response(data, len, get, out_head) != BNS_PARSE_DONE)
        g_error("%s", out_head->error);
    g_assert_cmpuint(out_head->status, ==, block->status);
    g_assert_cmpint(out_head->body, ==, BNS_HTTP_BODY_LENGTH);
    if (!block->is_head)
        g_assert_cmpuint(out_head->body_len, ==, len - out_head->head_len);
    else
        g_assert_cmpuint(len, ==, out_head->head_len);
    return g_strndup(data + out_head->head_len, len - out_head->head_len);
}

static void
assert_field(const BnsHttpHead *head, const char *name, const char *value)
{
    const BnsHttpField *field = bns_http1_field(head, name);

    g_assert_nonnull(field);
    g_assert_true(bns_slice_equal(field->value, value));
}

static void
test_text(void)
{
    BnsHttpHead head;
    g_autofree char *body = read_back(&denied, &head);

    assert_field(&head, "Content-Type", "text/plain; charset=utf-8");
    assert_field(&head, "X-Content-Type-Options", "nosniff");
    assert_field(&head, "Connection", "close");
    g_assert_true(bns_slice_equal(head.reason, "Forbidden"));
    g_assert_cmpstr(body, ==,
                    "🚫 Request Blocked by Boundary\n"
                    "\n"
                    "Network request blocked by Agent Boundaries policy.\n"
                    "\n"
                    "Request: GET /a\n"
                    "Host: example.com\n"
                    "Reason: no rule allows it\n"
                    "\n"
                    "If you need it, ask the user to allow it. A rule that would:\n"
                    "  --allow 'GET example.com/a'\n");
}

/* A place, and not the way there. */
static void
test_rules(void)
{
    BnsBlock block = denied;
    BnsHttpHead head;
    g_autofree char *near = NULL;
    g_autofree char *decides = NULL;
    g_autofree char *unreachable = NULL;

    block.near = "/home/user/work/p\n.yaml:3";
    near = read_back(&block, &head);
    g_assert_nonnull(strstr(near, "Reason: no rule allows it\n"
                                  "Nearest rule: p\\x0a.yaml:3\n\n"));
    block.rule = "preset:npm:7";
    decides = read_back(&block, &head);
    g_assert_nonnull(
        strstr(decides, "Reason: no rule allows it\nRule: preset:npm:7\n"));
    g_assert_null(strstr(decides, "Nearest"));
    block.status = 502;
    unreachable = read_back(&block, &head);
    g_assert_null(strstr(unreachable, "npm"));
}

static void
test_json(void)
{
    BnsBlock block = denied;
    BnsHttpHead head;
    g_autofree char *body = NULL;

    block.form = BNS_BLOCK_JSON;
    block.reason = "a \"quoted\" \\ reason";
    body = read_back(&block, &head);
    assert_field(&head, "Content-Type", "application/json");
    g_assert_cmpstr(body, ==,
                    "{\"error\":{\"type\":\"boundary_denied\",\"message\":\""
                    "🚫 Request Blocked by Boundary\\n\\n"
                    "Network request blocked by Agent Boundaries policy.\\n\\n"
                    "Request: GET /a\\nHost: example.com\\n"
                    "Reason: a \\\"quoted\\\" \\\\x5c reason\\n\\n"
                    "If you need it, ask the user to allow it. A rule that would:\\n"
                    "  --allow 'GET example.com/a'\\n\"}}\n");
}

static void
test_npm(void)
{
    BnsBlock block = denied;
    BnsHttpHead head;
    g_autofree char *body = NULL;

    block.form = BNS_BLOCK_JSON_NPM;
    body = read_back(&block, &head);
    assert_field(&head, "Content-Type", "application/json");
    g_assert_true(
        g_str_has_prefix(body, "{\"error\":\"🚫 Request Blocked by Boundary\\n"));
    g_assert_true(g_str_has_suffix(body, "--allow 'GET example.com/a'\\n\"}\n"));
}

static void
test_head(void)
{
    BnsBlock block = denied;
    BnsHttpHead with_body, without;
    g_autofree char *body = read_back(&block, &with_body);
    g_autofree char *nothing = NULL;

    block.is_head = true;
    nothing = read_back(&block, &without);
    g_assert_cmpstr(nothing, ==, "");
    g_assert_cmpuint(without.body_len, ==, strlen(body));
}

static void
test_keep_alive(void)
{
    BnsBlock block = denied;
    BnsHttpHead head;
    g_autofree char *body = NULL;

    block.keep_alive = true;
    body = read_back(&block, &head);
    assert_field(&head, "Connection", "keep-alive");
}

static void
test_escapes(void)
{
    const BnsBlock block = {
        .status = 403,
        .reason = "r\x1b[2J",
        .method = "M\r\n",
        .host = "h\n\xc3\xa4",
        .path = "/\r\n\r\nHTTP/1.1 200 OK",
        .suggestion = "h'$(id)\n",
    };
    BnsHttpHead head;
    g_autofree char *body = read_back(&block, &head);

    g_assert_nonnull(
        strstr(body, "Request: M\\x0d\\x0a /\\x0d\\x0a\\x0d\\x0aHTTP/1.1 200 OK\n"));
    g_assert_nonnull(strstr(body, "Host: h\\x0a\\xc3\\xa4\n"));
    g_assert_nonnull(strstr(body, "Reason: r\\x1b[2J\n"));
    g_assert_nonnull(strstr(body, "  --allow 'h'\\''$(id)\\x0a'\n"));
}

/* Not to be taken for the origin's answer, and not for a denial. */
static void
test_others_say_who_speaks(void)
{
    static const uint16_t statuses[] = { 400, 414, 417, 421, 431, 501, 502, 504, 505 };

    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
        BnsBlock block = { .status = statuses[i], .reason = "why it is so" };
        BnsHttpHead head;
        g_autofree char *body = read_back(&block, &head);
        g_autofree char *json = NULL;
        g_autofree char *begin = g_strdup_printf("%u ", (unsigned)statuses[i]);

        g_assert_true(g_str_has_prefix(body, begin));
        g_assert_cmpuint(head.reason.len, >, strlen("Error"));
        g_assert_nonnull(strstr(body, "This answer comes from boundary-ns"));
        g_assert_nonnull(strstr(body, "Reason: why it is so\n"));
        g_assert_null(strstr(body, "Blocked"));
        g_assert_null(strstr(body, "Host:"));
        block.form = BNS_BLOCK_JSON;
        json = read_back(&block, &head);
        g_assert_true(
            g_str_has_prefix(json, "{\"error\":{\"type\":\"boundary_error\","));
    }
}

static void
test_suggestion_is_for_403_only(void)
{
    const BnsBlock block = { .status = 502, .reason = "r", .suggestion = "h" };
    BnsHttpHead head;
    g_autofree char *body = read_back(&block, &head);

    g_assert_null(strstr(body, "--allow"));
}

typedef struct {
    const char *name;
    const char *fields;
    BnsBlockForm form;
} JsonCase;

static const JsonCase json_cases[] = {
    { "no-field", "", BNS_BLOCK_TEXT },
    { "accept", "Accept: application/json\r\n", BNS_BLOCK_JSON },
    { "accept-in-a-list", "Accept: text/plain, application/json;q=0.9, */*\r\n",
      BNS_BLOCK_JSON },
    { "accept-in-a-second-field", "Accept: text/html\r\nAccept: Application/JSON\r\n",
      BNS_BLOCK_JSON },
    { "accept-anything", "Accept: */*\r\n", BNS_BLOCK_TEXT },
    { "accept-event-stream", "Accept: text/event-stream\r\n", BNS_BLOCK_TEXT },
    { "accept-problem", "Accept: application/problem+json\r\n", BNS_BLOCK_JSON },
    { "content-type", "Content-Type: application/json\r\n", BNS_BLOCK_JSON },
    { "content-type-with-charset", "Content-Type: application/json ; charset=utf-8\r\n",
      BNS_BLOCK_JSON },
    { "content-type-api", "Content-Type: application/vnd.api+JSON\r\n",
      BNS_BLOCK_JSON },
    { "content-type-form", "Content-Type: application/x-www-form-urlencoded\r\n",
      BNS_BLOCK_TEXT },
    { "json-as-parameter", "Content-Type: text/plain; a=application/json\r\n",
      BNS_BLOCK_TEXT },
    { "json-as-prefix", "Accept: application/jsonp\r\n", BNS_BLOCK_TEXT },
    { "plus-json-alone", "Accept: +json\r\n", BNS_BLOCK_TEXT },
    { "other-field", "X-Accept: application/json\r\n", BNS_BLOCK_TEXT },
    { "npm", "Accept: application/json\r\nNPM-Command: install\r\n",
      BNS_BLOCK_JSON_NPM },
    { "npm-for-anything", "npm-command: install\r\nAccept: */*\r\n", BNS_BLOCK_TEXT },
};

static void
test_wants_json(gconstpointer data)
{
    const JsonCase *row = data;
    g_autofree char *text =
        g_strdup_printf("GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", row->fields);
    BnsHttpHead head;

    g_assert_cmpint(bns_http1_parse_request(text, strlen(text), &head), ==,
                    BNS_PARSE_DONE);
    g_assert_cmpint(bns_block_form(&head), ==, (int)row->form);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/gateway/block/403-as-text", test_text);
    bns_test_add("/gateway/block/403-names-the-rule-and-not-its-directory", test_rules);
    bns_test_add("/gateway/block/403-as-json", test_json);
    bns_test_add("/gateway/block/403-as-npm-shows-it", test_npm);
    bns_test_add("/gateway/block/head-has-length-but-no-body", test_head);
    bns_test_add("/gateway/block/connection-stays-open-when-told", test_keep_alive);
    bns_test_add("/gateway/block/foreign-text-is-escaped", test_escapes);
    bns_test_add("/gateway/block/other-answers-say-who-speaks",
                 test_others_say_who_speaks);
    bns_test_add("/gateway/block/suggestion-is-for-403-only",
                 test_suggestion_is_for_403_only);
    for (size_t i = 0; i < G_N_ELEMENTS(json_cases); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/block/json-", json_cases[i].name, NULL);

        bns_test_add_data(path, &json_cases[i], test_wants_json);
    }
    return g_test_run();
}
