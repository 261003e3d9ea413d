/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both messages on their way: framing, interim responses, early ones, and what breaks off.
 */
#include "base/fd.h"
#include "tests/gateway/engine_front.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET          "GET /x HTTP/1.1\r\nHost: origin.test\r\n\r\n"
#define POST(fields) "POST /x HTTP/1.1\r\nHost: origin.test\r\n" fields "\r\n"

/* The command's connection still works: its next request gets its response. */
static void
check_usable(Front *f)
{
    g_autofree char *response = NULL;

    g_free(front_pass(f, GET));
    rig_say(&f->origin, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
    response = rig_hear_response(&f->flow, false);
    g_assert_true(g_str_has_suffix(response, "\r\n\r\nnext"));
}

/* The command's connection ends after what it has heard. @broken: by an RST */
static void
check_ended(Front *f, bool broken)
{
    bool is_broken;
    g_autofree char *rest = rig_hear_end(&f->flow, &is_broken);

    g_assert_cmpstr(rest, ==, "");
    g_assert_cmpint(is_broken, ==, broken);
    rig_say_end(&f->flow);
    g_assert_cmpint(rig_wait_closed(f->rig, f->flow.id), ==, broken);
}

/* What the origin hears to the end of its connection. @expected: NULL: anything, since an
 * RST may overtake what was said before it. */
static void
check_origin_ended(Front *f, const char *expected, bool broken)
{
    bool is_broken;
    g_autofree char *heard = rig_hear_end(&f->origin, &is_broken);

    if (expected != NULL)
        g_assert_cmpstr(heard, ==, expected);
    g_assert_cmpint(is_broken, ==, broken);
}

/* --- framing --- */

static void
test_chunked_response(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    g_free(front_pass(&f, GET));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3;name=value\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n");
    response = rig_hear(&f.flow, "X-Sum: 3\r\n\r\n");
    g_assert_true(
        g_str_has_suffix(response, "\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n"));
    g_assert_cmpuint(
        rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 GET /x")->bytes_received, ==,
        3);
    check_usable(&f);
    front_clear(&f);
}

static void
test_chunked_request(void)
{
    Front f;
    g_autofree char *request = NULL;
    g_autofree char *body = NULL;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    request =
        front_pass(&f, POST("Transfer-Encoding: chunked\r\n") "4;x\r\nwxyz\r\n"
                                                              "0\r\nX-T: 1\r\n\r\n");
    body = rig_hear(&f.origin, "X-T: 1\r\n\r\n");
    g_assert_nonnull(strstr(request, "Transfer-Encoding: chunked\r\n"));
    g_assert_cmpstr(body, ==, "4\r\nwxyz\r\n0\r\nX-T: 1\r\n\r\n");
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    response = rig_hear_response(&f.flow, false);
    g_assert_cmpuint(
        rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 POST /x")->bytes_sent, ==, 4);
    check_usable(&f);
    front_clear(&f);
}

/* A response that ends with the connection has an end that an HTTP/1.1 client can see. */
static void
test_until_close(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    g_free(front_pass(&f, GET));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\n\r\nabc");
    front_end_origin(&f, false);
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_suffix(response, "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
    check_usable(&f);
    front_clear(&f);
}

static void
test_old_client(void)
{
    Front f;
    g_autofree char *response = NULL;
    bool is_broken;

    front_init(&f, NULL);
    g_free(front_pass(&f, "GET /x HTTP/1.0\r\nHost: origin.test\r\n\r\n"));
    rig_say(&f.origin, "HTTP/1.1 103 Early Hints\r\n\r\n"
                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n0\r\n\r\n");
    response = rig_hear_end(&f.flow, &is_broken);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 200 OK\r\n"));
    g_assert_true(g_str_has_suffix(response, "\r\n\r\nabc"));
    g_assert_false(is_broken);
    front_clear(&f);
}

/* An event is heard before the next one is said. */
static void
test_events(void)
{
    Front f;

    front_init(&f, NULL);
    g_free(front_pass(&f, GET));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n");
    g_free(rig_hear(&f.flow, "\r\n\r\n"));
    for (int i = 0; i < 20; i++) {
        g_autofree char *event = g_strdup_printf("data: %02d\n\n", i);
        g_autofree char *chunk = g_strdup_printf("a\r\n%s\r\n", event);

        rig_say(&f.origin, chunk);
        g_free(rig_hear(&f.flow, chunk));
    }
    front_clear(&f);
}

/* --- interim --- */

static void
test_continue(void)
{
    Front f;
    g_autofree char *request = NULL;
    g_autofree char *interim = NULL;
    g_autofree char *body = NULL;

    front_init(&f, NULL);
    request = front_pass(&f, POST("Content-Length: 3\r\nExpect: 100-continue\r\n"));
    g_assert_nonnull(strstr(request, "Expect: 100-continue\r\n"));
    rig_say(&f.origin, "HTTP/1.1 100 Continue\r\n\r\n");
    interim = rig_hear(&f.flow, "\r\n\r\n");
    g_assert_cmpstr(interim, ==, "HTTP/1.1 100 Continue\r\n\r\n");
    rig_say(&f.flow, "abc");
    body = rig_hear(&f.origin, "abc");
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    g_free(rig_hear_response(&f.flow, false));
    check_usable(&f);
    front_clear(&f);
}

/* The client may or may not send its body now: nothing after it can be understood. */
static void
test_not_continued(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    g_free(front_pass(&f, POST("Content-Length: 3\r\nExpect: 100-continue\r\n")));
    rig_say(&f.origin, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
    response = rig_hear_response(&f.flow, false);
    g_assert_nonnull(strstr(response, "Connection: close\r\n"));
    check_ended(&f, false);
    check_origin_ended(&f, "", true);
    front_clear(&f);
}

static void
test_early_hints(void)
{
    Front f;
    g_autofree char *request = NULL;
    g_autofree char *interim = NULL;

    front_init(&f, NULL);
    request = front_pass(&f, GET);
    rig_say(&f.origin, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    interim = rig_hear(&f.flow, "\r\n\r\n");
    g_assert_cmpstr(interim, ==, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    g_free(rig_hear_response(&f.flow, false));
    check_usable(&f);
    front_clear(&f);
}

/* --- early responses --- */

/* Response and request flow at the same time; both end; the connections stay. */
static void
test_duplex(void)
{
    Front f;

    front_init(&f, NULL);
    g_free(front_pass(&f, POST("Transfer-Encoding: chunked\r\n")));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    g_free(rig_hear(&f.flow, "\r\n\r\n"));
    for (int i = 0; i < 10; i++) {
        rig_say(&f.flow, "2\r\nup\r\n");
        g_free(rig_hear(&f.origin, "2\r\nup\r\n"));
        rig_say(&f.origin, "4\r\ndown\r\n");
        g_free(rig_hear(&f.flow, "4\r\ndown\r\n"));
    }
    rig_say(&f.origin, "0\r\n\r\n");
    g_free(rig_hear(&f.flow, "0\r\n\r\n"));
    rig_say(&f.flow, "2\r\nup\r\n0\r\n\r\n");
    g_free(rig_hear(&f.origin, "2\r\nup\r\n0\r\n\r\n"));
    check_usable(&f);
    front_clear(&f);
}

/* The origin has enough and closes: the command hears why, whatever it still sends. */
static void
test_early_refusal(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    g_free(front_pass(&f, POST("Content-Length: 500000\r\n")));
    rig_say(&f.origin, "HTTP/1.1 413 Too Large\r\nConnection: close\r\n"
                       "Content-Length: 3\r\n\r\nbig");
    front_end_origin(&f, false);
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 413 "));
    g_assert_nonnull(strstr(response, "Connection: close\r\n"));
    rig_say(&f.flow, "and more of the body");
    check_ended(&f, false);
    front_clear(&f);
}

/* --- the origin breaks off --- */

typedef struct {
    const char *name;
    const char *response; /* what it says before it closes */
    bool by_reset;
    const char *heard; /* how the command's response begins */
    enum {
        GOES_ON,
        IS_CUT, /* ends in order, without the rest */
        IS_BROKEN,
    } then;
    const char *error; /* in the record upstream.error */
} Break;

static const Break breaks[] = {
    { "before-a-head", "", false, "HTTP/1.1 502 ", GOES_ON, "sent no response" },
    { "before-a-head-by-reset", "", true, "HTTP/1.1 502 ", GOES_ON,
      "Connection reset" },
    { "within-the-head", "HTTP/1.1 200 OK\r\nContent-L", false, "HTTP/1.1 502 ",
      GOES_ON, "sent no response" },
    { "after-an-interim-head", "HTTP/1.1 103 Hints\r\n\r\n", false,
      "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 502 ", GOES_ON, "sent no response" },
    { "within-a-length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false,
      "HTTP/1.1 200 OK\r\n", IS_CUT, "ended before its response" },
    { "within-a-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
      false, "HTTP/1.1 200 OK\r\n", IS_CUT, "ended before its response" },
    { "before-the-last-chunk",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", false,
      "HTTP/1.1 200 OK\r\n", IS_CUT, "ended before its response" },
    { "a-bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxy\r\n",
      false, "HTTP/1.1 200 OK\r\n", IS_BROKEN, "chunk" },
    { "two-lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      false, "HTTP/1.1 502 ", GOES_ON, "is invalid" },
    { "no-http", "220 mail ready\r\n\r\n", false, "HTTP/1.1 502 ", GOES_ON,
      "is invalid" },
    { "101-unasked",
      "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", false,
      "HTTP/1.1 502 ", GOES_ON, "101" },
};

static void
test_break(gconstpointer data)
{
    const Break *row = data;
    Front f;
    g_autofree char *heard = NULL;
    const BnsRecord *record;

    front_init(&f, NULL);
    g_free(front_pass(&f, GET));
    rig_say(&f.origin, row->response);
    front_end_origin(&f, row->by_reset);
    if (row->then != GOES_ON) {
        bool is_broken;

        heard = rig_hear_end(&f.flow, &is_broken);
        g_assert_cmpint(is_broken, ==, row->then == IS_BROKEN);
        g_assert_null(strstr(heard, "\r\n0\r\n"));
    } else {
        heard = rig_hear(&f.flow, "Content-Length: ");
    }
    if (!g_str_has_prefix(heard, row->heard))
        g_error("the command hears: %s", heard);
    record = rig_record(f.rig, BNS_EVENT_UPSTREAM_ERROR);
    if (strstr(record->error, row->error) == NULL)
        g_error("the error is: %s", record->error);
    record = rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE);
    g_assert_cmpuint(record->status, ==, row->then == GOES_ON ? 502 : 200);
    g_assert_nonnull(record->error);
    front_clear(&f);
}

/* An RST in the middle of a response without a length is no end of it. */
static void
test_until_reset(void)
{
    Front f;
    g_autofree char *rest = NULL;
    bool is_broken;

    front_init(&f, NULL);
    g_free(front_pass(&f, GET));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\n\r\nabc");
    g_free(rig_hear(&f.flow, "abc\r\n"));
    front_end_origin(&f, true);
    rest = rig_hear_end(&f.flow, &is_broken);
    g_assert_cmpstr(rest, ==, "");
    g_assert_true(is_broken);
    front_clear(&f);
}

static void
test_interim_flood(void)
{
    Front f;

    front_init(&f, NULL);
    g_free(front_pass(&f, GET));
    for (int i = 0; i < 21; i++)
        rig_say(&f.origin, "HTTP/1.1 103 Hints\r\n\r\n");
    g_free(rig_hear(&f.flow, "HTTP/1.1 502 "));
    rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 502 GET /x");
    front_clear(&f);
}

/* --- the command breaks off --- */

typedef struct {
    const char *name;
    const char *fields;
    const char *body;
    bool by_reset; /* netstack says RESET; else the command ends its direction */
} Cut;

static const Cut cuts[] = {
    { "length-by-end", "Content-Length: 10\r\n", "abc", false },
    { "length-by-reset", "Content-Length: 10\r\n", "abc", true },
    { "chunked-by-end", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n", false },
    { "chunked-by-reset", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n", true },
};

static void
test_cut(gconstpointer data)
{
    const Cut *cut = data;
    Front f;
    g_autofree char *head = g_strdup_printf(
        "POST /x HTTP/1.1\r\nHost: origin.test\r\n%s\r\n%s", cut->fields, cut->body);
    g_autofree char *request = NULL;
    g_autofree char *body = NULL;

    front_init(&f, NULL);
    request = front_pass(&f, head);
    body = rig_hear(&f.origin, cut->body);
    if (cut->by_reset)
        rig_reset(f.rig, f.flow.id);
    else
        rig_say_end(&f.flow);
    check_origin_ended(&f, "", true);
    g_assert_nonnull(rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 0 POST /x")->error);
    front_clear(&f);
}

/* A request's framing that breaks when its head has left. */
static void
test_bad_chunk(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    g_free(front_pass(&f, POST("Transfer-Encoding: chunked\r\n")));
    rig_say(&f.flow, "3\r\nabcd\r\n0\r\n\r\n");
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 400 "));
    check_ended(&f, false);
    check_origin_ended(&f, NULL, true);
    front_clear(&f);
}

/* The same when the response has begun: no status can tell it any more. */
static void
test_bad_chunk_late(void)
{
    Front f;
    g_autofree char *request = NULL;

    front_init(&f, NULL);
    request = front_pass(&f, POST("Transfer-Encoding: chunked\r\n"));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    g_free(rig_hear(&f.flow, "abc"));
    rig_say(&f.flow, "zz\r\n");
    check_ended(&f, true);
    check_origin_ended(&f, NULL, true);
    front_clear(&f);
}

/* A refused request whose chunks do not end within what is drained. */
static void
test_endless_rest(void)
{
    Front f;
    g_autofree char *response = NULL;
    g_autofree char *chunk = g_strnfill(64 * 1024, 'x');
    bool is_broken;

    front_init(&f, NULL);
    rig_say(&f.flow, "POST / HTTP/1.1\r\nHost: other.test\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n");
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 403 "));
    while (rig_try(&f.flow, "10000\r\n") && rig_try(&f.flow, chunk) &&
           rig_try(&f.flow, "\r\n"))
        ;
    g_free(rig_hear_end(&f.flow, &is_broken));
    rig_wait_closed(f.rig, f.flow.id);
    front_clear(&f);
}

/* The origin stops reading, says why, and goes: what it said is heard. */
static void
test_stuck_upload(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    g_free(front_pass(&f, POST("Content-Length: 100000\r\n")));
    rig_say(&f.origin, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 413 "));
    front_end_origin(&f, true);
    rig_sync(f.rig);
    /* The rest is small enough to be drained; the connection serves on. */
    for (int i = 0; i < 1000; i++)
        rig_say(&f.flow,
                "0123456789012345678901234567890123456789"
                "012345678901234567890123456789012345678901234567890123456789");
    check_usable(&f);
    front_clear(&f);
}

static void
test_gone_while_waiting(void)
{
    Front f;

    front_init(&f, NULL);
    g_free(front_pass(&f, GET));
    rig_close(f.rig, &f.flow);
    check_origin_ended(&f, "", true);
    rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 0 GET /x");
    f.flow = rig_open(f.rig, "origin.test", 80);
    front_clear(&f);
}

/* A client that has said all may end its direction and still hears its response. */
static void
test_half_closed(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    g_free(front_pass(&f, GET));
    rig_say_end(&f.flow);
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_suffix(response, "abc"));
    check_ended(&f, false);
    front_clear(&f);
}

/* --- time --- */

static void
test_origin_is_silent(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    g_free(front_pass(&f, GET));
    rig_advance(f.rig, 601);
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 504 "));
    rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 504 GET /x");
    front_clear(&f);
}

static void
test_response_stalls(void)
{
    Front f;

    front_init(&f, NULL);
    g_free(front_pass(&f, GET));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    g_free(rig_hear(&f.flow, "abc"));
    rig_advance(f.rig, 601);
    check_ended(&f, true);
    front_clear(&f);
}

static void
test_dripped_head(void)
{
    Front f;

    front_init(&f, NULL);
    rig_say(&f.flow, "GET /x HTTP/1.1\r\n");
    rig_advance(f.rig, 29);
    rig_say(&f.flow, "Host: origin");
    rig_advance(f.rig, 2);
    check_ended(&f, false);
    front_clear(&f);
}

static void
test_idle(void)
{
    Front f;

    front_init(&f, NULL);
    check_usable(&f);
    rig_advance(f.rig, 51);
    /* The pool's connection first, ... */
    check_origin_ended(&f, "", false);
    rig_advance(f.rig, 250);
    check_ended(&f, false);
    front_clear(&f);
}

static void
add_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(breaks); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/relay/origin-breaks-off/%s", breaks[i].name);

        bns_test_add_data(path, &breaks[i], test_break);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cuts); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/relay/cut-upload-looks-cut/%s", cuts[i].name);

        bns_test_add_data(path, &cuts[i], test_cut);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/relay/chunked-response-and-trailers", test_chunked_response);
    bns_test_add("/gateway/relay/chunked-request-and-trailers", test_chunked_request);
    bns_test_add("/gateway/relay/until-close-becomes-chunked", test_until_close);
    bns_test_add("/gateway/relay/http-1.0-gets-no-chunks", test_old_client);
    bns_test_add("/gateway/relay/events-pass-one-by-one", test_events);
    bns_test_add("/gateway/relay/100-continue-end-to-end", test_continue);
    bns_test_add("/gateway/relay/final-instead-of-100-closes", test_not_continued);
    bns_test_add("/gateway/relay/early-hints-pass", test_early_hints);
    bns_test_add("/gateway/relay/request-and-response-overlap", test_duplex);
    bns_test_add("/gateway/relay/early-refusal-is-heard", test_early_refusal);
    bns_test_add("/gateway/relay/reset-is-no-end-of-a-body", test_until_reset);
    bns_test_add("/gateway/relay/interim-flood-is-502", test_interim_flood);
    bns_test_add("/gateway/relay/bad-request-chunk-is-400", test_bad_chunk);
    bns_test_add("/gateway/relay/bad-request-chunk-behind-a-response",
                 test_bad_chunk_late);
    bns_test_add("/gateway/relay/endless-rest-is-not-drained", test_endless_rest);
    bns_test_add("/gateway/relay/stuck-upload-is-drained", test_stuck_upload);
    bns_test_add("/gateway/relay/command-gone-while-waiting", test_gone_while_waiting);
    bns_test_add("/gateway/relay/half-closed-client-hears-its-response",
                 test_half_closed);
    bns_test_add("/gateway/relay/silent-origin-is-504", test_origin_is_silent);
    bns_test_add("/gateway/relay/stalled-response-is-cut", test_response_stalls);
    bns_test_add("/gateway/relay/head-cannot-be-dripped", test_dripped_head);
    bns_test_add("/gateway/relay/idle-connections-end", test_idle);
    add_rows();
    return g_test_run();
}
