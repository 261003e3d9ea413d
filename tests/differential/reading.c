/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/differential/reading.h"

#include "netstack/gateway/http1.h"
#include "netstack/gateway/request.h"

#include <string.h>

/* --- lines --- */

static void
put_hex(GString *line, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        g_string_append_printf(line, "%02x", (unsigned)(unsigned char)bytes[i]);
}

static bool
is_compared(BnsSlice name)
{
    static const char *const apart[] = { "host", "content-length", "transfer-encoding",
                                         "trailer", "connection" };

    for (size_t i = 0; i < G_N_ELEMENTS(apart); i++)
        if (bns_slice_equal_case(name, apart[i]))
            return false;
    return true;
}

static int
compare_lines(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static void
put_fields(GString *line, const BnsHttpHead *head)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < head->n_fields; i++) {
        const BnsHttpField *field = &head->fields[i];
        g_autofree char *name =
            g_ascii_strdown(field->name.at, (gssize)field->name.len);

        if (is_compared(field->name))
            g_ptr_array_add(lines,
                            g_strdup_printf("%s: %.*s\n", name, (int)field->value.len,
                                            field->value.at));
    }
    g_ptr_array_sort(lines, compare_lines);
    for (guint i = 0; i < lines->len; i++)
        put_hex(line, lines->pdata[i], strlen(lines->pdata[i]));
}

static void
put_message(GString *line,
            BnsSlice first,
            BnsSlice second,
            BnsSlice host,
            const BnsHttpHead *fields,
            const GString *body)
{
    g_string_append_c(line, ' ');
    put_hex(line, first.at, first.len);
    g_string_append_c(line, '|');
    put_hex(line, second.at, second.len);
    g_string_append_c(line, '|');
    put_hex(line, host.at, host.len);
    g_string_append_c(line, '|');
    put_fields(line, fields);
    g_string_append_c(line, '|');
    put_hex(line, body->str, body->len);
}

static BnsSlice
host_of(const BnsHttpHead *head)
{
    const BnsHttpField *host = bns_http1_field(head, "host");

    return host == NULL ? (BnsSlice){ NULL, 0 } : host->value;
}

/* --- bodies --- */

typedef struct {
    GString *bytes;
    GByteArray *sent; /* the same, encoded anew as @kind */
    BnsHttpBodyKind kind;
} Body;

static Body
body_new(BnsHttpBodyKind kind)
{
    return (Body){ g_string_new(NULL), g_byte_array_new(), kind };
}

static void
body_clear(Body *body)
{
    g_string_free(body->bytes, TRUE);
    g_byte_array_unref(body->sent);
}

static void
encode(Body *body, BnsSlice data)
{
    g_string_append_len(body->bytes, data.at, (gssize)data.len);
    if (body->kind == BNS_HTTP_BODY_CHUNKED)
        bns_http1_write_chunk(body->sent, data);
    else if (data.len > 0)
        g_byte_array_append(body->sent, (const guint8 *)data.at, (guint)data.len);
}

/* As pipe.c does it. */
static BnsParse
read_body(
    Body *body, const BnsHttpHead *head, const char *bytes, size_t len, size_t *at)
{
    BnsHttpBody decoder;
    BnsParse parse;
    bool is_over;

    bns_http1_body_init(&decoder, head);
    do {
        BnsSlice data;
        size_t used;

        parse = bns_http1_body_step(&decoder, bytes + *at, len - *at, &data, &used);
        encode(body, data);
        *at += used;
    } while (parse == BNS_PARSE_MORE && *at < len);
    if (parse == BNS_PARSE_MORE && head->body == BNS_HTTP_BODY_UNTIL_CLOSE)
        parse = BNS_PARSE_DONE;
    is_over = parse == BNS_PARSE_DONE;
    if (is_over && body->kind == BNS_HTTP_BODY_CHUNKED)
        bns_http1_write_last_chunk(body->sent, decoder.trailers);
    bns_http1_body_clear(&decoder);
    return parse;
}

/* --- readings --- */

typedef struct {
    const char *end;
    GString *line;
    GString *meant;
    GString *sent;
    unsigned n_whole;
} Draft;

static Draft
draft_new(void)
{
    return (Draft){ "end", g_string_new(NULL), g_string_new(NULL), g_string_new(NULL),
                    0 };
}

static void
draft_finish(Draft *draft, Reading *out_reading)
{
    g_string_prepend(draft->line, draft->end);
    g_string_prepend(draft->meant, "end");
    *out_reading = (Reading){ .line = g_string_free(draft->line, FALSE),
                              .sent = draft->sent,
                              .meant = g_string_free(draft->meant, FALSE),
                              .n_whole = draft->n_whole };
}

void
reading_clear(Reading *reading)
{
    g_free(reading->line);
    g_free(reading->meant);
    g_string_free(reading->sent, TRUE);
}

static bool
stop(Draft *draft, BnsParse parse)
{
    draft->end = parse == BNS_PARSE_MORE ? "more" : "bad";
    return false;
}

/* What goes on, and what is meant by it: the value that was decided on, not the bytes
 * that it came from. */
static void
send_request(Draft *draft,
             const BnsHttpRequest *request,
             const Body *body,
             BnsSlice query)
{
    g_autofree char *target =
        g_strdup_printf("%s%.*s", request->path, (int)query.len, query.at);
    g_autofree char *host = g_strdup_printf(
        request->host.kind == BNS_HOST_IPV6 ? "[%s]" : "%s", request->host.text);
    BnsHttpHead head;

    g_assert_cmpint(bns_http1_parse_request((const char *)request->head->data,
                                            request->head->len, &head),
                    ==, BNS_PARSE_DONE);
    put_message(draft->meant, (BnsSlice){ request->method, strlen(request->method) },
                (BnsSlice){ target, strlen(target) }, (BnsSlice){ host, strlen(host) },
                &head, body->bytes);
    g_string_append_len(draft->sent, (const char *)request->head->data,
                        request->head->len);
    g_string_append_len(draft->sent, (const char *)body->sent->data, body->sent->len);
}

/* Returns: whether the connection may bring another. */
static bool
read_request(Draft *draft, const char *bytes, size_t len, size_t *at)
{
    static const BnsHost flow_host = { .text = "h.test" };
    static const BnsRequestContext context = { .host = &flow_host, .port = 80 };
    BnsHttpRequest request = { 0 };
    BnsHttpTarget target;
    BnsHttpHead head;
    BnsParse parse = bns_http1_parse_request(bytes + *at, len - *at, &head);
    Body body = body_new(head.body);

    if (parse == BNS_PARSE_DONE &&
        bns_request_read(&head, &context, &request).status != 0)
        parse = BNS_PARSE_BAD;
    if (parse == BNS_PARSE_DONE) {
        *at += head.head_len;
        parse = read_body(&body, &head, bytes, len, at);
    }
    if (parse == BNS_PARSE_DONE) {
        g_assert_null(bns_http1_target(&head, &target));
        put_message(draft->line, head.method, head.target, host_of(&head), &head,
                    body.bytes);
        send_request(draft, &request, &body, target.query);
        draft->n_whole++;
        if (!request.keep_alive || request.is_websocket)
            draft->end = "stop";
    }
    body_clear(&body);
    bns_request_clear(&request);
    return parse == BNS_PARSE_DONE ? strcmp(draft->end, "stop") != 0
                                   : stop(draft, parse);
}

void
reading_of_requests(Reading *reading, const char *bytes, size_t len)
{
    Draft draft = draft_new();
    size_t at = 0;

    while (at < len && read_request(&draft, bytes, len, &at))
        ;
    draft_finish(&draft, reading);
}

/* Returns: whether another head follows. */
static bool
read_answer(Draft *draft, const char *bytes, size_t len, size_t *at, bool is_head)
{
    BnsSlice method = is_head ? (BnsSlice){ "HEAD", 4 } : (BnsSlice){ "GET", 3 };
    char status[8];
    BnsHttpHead head;
    BnsParse parse = bns_http1_parse_response(bytes + *at, len - *at, method, &head);
    g_autoptr(GByteArray) out = g_byte_array_new();
    BnsHttpBodyKind kind =
        head.body == BNS_HTTP_BODY_UNTIL_CLOSE ? BNS_HTTP_BODY_CHUNKED : head.body;
    Body body;

    if (parse != BNS_PARSE_DONE || head.status == 101)
        return stop(draft, parse == BNS_PARSE_DONE ? BNS_PARSE_BAD : parse);
    *at += head.head_len;
    bns_http1_write_response(out, &head, kind, true, false);
    g_string_append_len(draft->sent, (const char *)out->data, out->len);
    if (head.status < 200)
        return true;

    body = body_new(kind);
    parse = read_body(&body, &head, bytes, len, at);
    g_snprintf(status, sizeof(status), "%u", (unsigned)head.status);
    if (parse == BNS_PARSE_DONE) {
        BnsHttpHead again;

        put_message(draft->line, (BnsSlice){ status, strlen(status) }, head.reason,
                    (BnsSlice){ NULL, 0 }, &head, body.bytes);
        g_assert_cmpint(
            bns_http1_parse_response((const char *)out->data, out->len, method, &again),
            ==, BNS_PARSE_DONE);
        put_message(draft->meant, (BnsSlice){ status, strlen(status) }, head.reason,
                    (BnsSlice){ NULL, 0 }, &again, body.bytes);
        g_string_append_len(draft->sent, (const char *)body.sent->data, body.sent->len);
        draft->n_whole++;
        draft->end = "stop";
    } else {
        stop(draft, parse);
    }
    body_clear(&body);
    return false;
}

void
reading_of_response(Reading *reading, const char *bytes, size_t len, bool is_head)
{
    Draft draft = draft_new();
    size_t at = 0;
    unsigned n_heads = 0;

    while (read_answer(&draft, bytes, len, &at, is_head))
        if (++n_heads > BNS_HTTP_INTERIMS_MAX) {
            draft.end = "bad";
            break;
        }
    draft_finish(&draft, reading);
}

/* --- comparison --- */

static bool
is_same_message(const char *a, const char *b)
{
    g_auto(GStrv) ours = g_strsplit(a, "|", 0);
    g_auto(GStrv) theirs = g_strsplit(b, "|", 0);

    if (g_strv_length(ours) != 5 || g_strv_length(theirs) != 5)
        return false;
    for (size_t i = 0; i < 5; i++)
        if (strcmp(theirs[i], "*") != 0 && strcmp(ours[i], theirs[i]) != 0)
            return false;
    return true;
}

/* Whether a reader that ended with @end may know of fewer messages than another. */
static bool
may_know_less(const char *end)
{
    return strcmp(end, "bad") == 0 || strcmp(end, "stop") == 0;
}

/* What we wait for more of goes nowhere: its connection ended here. */
static bool
may_we_know_less(const char *end)
{
    return may_know_less(end) || strcmp(end, "more") == 0;
}

const char *
reading_differs(const char *ours, const char *theirs)
{
    g_auto(GStrv) a = g_strsplit(ours, " ", 0);
    g_auto(GStrv) b = g_strsplit(theirs, " ", 0);
    size_t n_ours = g_strv_length(a), n_theirs = g_strv_length(b);

    if (n_ours == 0 || n_theirs == 0)
        return "there is no reading";
    for (size_t i = 1; i < n_ours && i < n_theirs; i++)
        if (!is_same_message(a[i], b[i]))
            return "a message is another";
    if (n_theirs < n_ours && !may_know_less(b[0]))
        return "they wait for more of a message that we take for whole";
    if (n_theirs > n_ours && !may_we_know_less(a[0]))
        return "they know of a message that we do not";
    return NULL;
}
