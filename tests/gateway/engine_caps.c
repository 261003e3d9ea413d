/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caps: not a byte more than they say leaves, however it comes.
 */
#include "base/fd.h"
#include "tests/gateway/engine_front.h"
#include "tests/support/test.h"

#include <string.h>

#define HOST    "Host: origin.test\r\n"
#define OK      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define CHUNKED "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
#define TEN     "allow: [{ domain: origin.test, max_request_bytes: 10 }]\n"
#define REASON  "the request's body is larger than 10 (max_request_bytes)"

static char *
post(const char *body)
{
    return g_strdup_printf("POST /x HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s",
                           strlen(body), body);
}

static void
assert_status(const char *response, const char *status)
{
    if (!g_str_has_prefix(response, "HTTP/1.1 ") ||
        !g_str_has_prefix(response + strlen("HTTP/1.1 "), status))
        g_error("not %s: %s", status, response);
}

/* The origin answers what has come. */
static void
serve(Front *f, const char *last)
{
    g_autofree char *response = NULL;

    if (f->origin.fd < 0)
        f->origin = rig_accept(f->listener);
    g_free(rig_hear(&f->origin, last));
    rig_say(&f->origin, OK);
    response = rig_hear_response(&f->flow, false);
    assert_status(response, "200");
}

/* --- a length that is said --- */

static void
test_length(void)
{
    g_autofree char *within = post("0123456789");
    g_autofree char *beyond = post("0123456789x");
    g_autofree char *refusal = NULL;
    const BnsRecord *record;
    Front f;

    front_init(&f, TEN);
    rig_say(&f.flow, within);
    serve(&f, "0123456789");
    rig_record(f.rig, BNS_EVENT_HTTP_REQUEST);
    /* The connection goes on. */
    rig_say(&f.flow, beyond);
    refusal = rig_hear_response(&f.flow, false);
    assert_status(refusal, "403");
    g_assert_nonnull(strstr(refusal, REASON));
    g_assert_null(strstr(refusal, "--allow"));
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 POST /x");
    g_assert_cmpstr(record->reason, ==, REASON);
    g_assert_nonnull(strstr(record->rule, ":1"));
    rig_say(&f.flow, within);
    serve(&f, "0123456789");
    front_clear(&f);
}

/* Nothing was dialled for it, and nobody says 100. */
static void
test_expect(void)
{
    g_autofree char *refusal = NULL;
    Front f;

    front_init(&f, TEN);
    rig_say(&f.flow, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 11\r\n"
                     "Expect: 100-continue\r\n\r\n");
    refusal = rig_hear_response(&f.flow, false);
    assert_status(refusal, "403");
    g_assert_true(rig_nobody_came(f.listener));
    front_clear(&f);
}

static void
test_nothing(void)
{
    g_autofree char *empty = post("");
    g_autofree char *one = post("1");
    g_autofree char *refusal = NULL;
    Front f;

    front_init(&f, "allow: [{ domain: origin.test, max_request_bytes: 0 }]\n");
    rig_say(&f.flow, empty);
    serve(&f, "\r\n\r\n");
    rig_say(&f.flow, CHUNKED "0\r\n\r\n");
    serve(&f, "0\r\n\r\n");
    rig_say(&f.flow, one);
    refusal = rig_hear_response(&f.flow, false);
    assert_status(refusal, "403");
    front_clear(&f);
}

/* --- chunks --- */

static void
test_chunks_within(void)
{
    Front f;

    front_init(&f, TEN);
    rig_say(&f.flow, CHUNKED "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n");
    serve(&f, "0\r\n\r\n");
    rig_say(&f.flow, CHUNKED "a\r\n0123456789\r\n0\r\n\r\n");
    serve(&f, "0\r\n\r\n");
    front_clear(&f);
}

/* The origin sees that the request is not whole, and nothing beyond the cap. */
static void
assert_cut(Front *f)
{
    g_autofree char *refusal = rig_hear_response(&f->flow, false);
    g_autofree char *rest = rig_hear_end(&f->origin, NULL);
    const BnsRecord *record;

    assert_status(refusal, "403");
    g_assert_nonnull(strstr(refusal, REASON));
    g_assert_null(strstr(rest, "z"));
    g_assert_null(strstr(rest, "0\r\n\r\n"));
    rig_expect(f->rig, BNS_EVENT_HTTP_REQUEST, "allow 0 POST /x");
    record = rig_expect(f->rig, BNS_EVENT_HTTP_RESPONSE, "deny 403 POST /x");
    g_assert_cmpstr(record->reason, ==, REASON);
    g_assert_cmpstr(record->error, ==, REASON);
    g_assert_nonnull(record->rule);
    g_assert_cmpuint(record->bytes_sent, <=, 10);
}

static void
test_chunks_beyond(void)
{
    Front f;

    front_init(&f, TEN);
    g_free(front_pass(&f, CHUNKED));
    rig_say(&f.flow, "5\r\n01234\r\n");
    g_free(rig_hear(&f.origin, "01234"));
    rig_say(&f.flow, "5\r\n56789\r\n");
    g_free(rig_hear(&f.origin, "56789"));
    rig_say(&f.flow, "1\r\nz\r\n");
    assert_cut(&f);
    front_clear(&f);
}

/* In one piece, all of it, before anything is dialled. */
static void
test_chunks_at_once(void)
{
    Front f;

    front_init(&f, TEN);
    rig_say(&f.flow, CHUNKED "b\r\nzzzzzzzzzzz\r\n0\r\n\r\n");
    f.origin = rig_accept(f.listener);
    assert_cut(&f);
    front_clear(&f);
}

static void
test_trailers(void)
{
    Front f;

    front_init(&f, TEN);
    rig_say(&f.flow, CHUNKED "5\r\n01234\r\n0\r\nX-Longer: z\r\n\r\n");
    f.origin = rig_accept(f.listener);
    assert_cut(&f);
    front_clear(&f);
}

/* The response has begun: it is broken off. */
static void
test_chunks_behind_response(void)
{
    const BnsRecord *record;
    bool is_broken;
    Front f;

    front_init(&f, TEN);
    g_free(front_pass(&f, CHUNKED));
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na");
    g_free(rig_hear(&f.flow, "\r\n\r\na"));
    rig_say(&f.flow, "b\r\nzzzzzzzzzzz\r\n");
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_true(is_broken);
    g_free(rig_hear_end(&f.origin, NULL));
    record = rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "deny 200 POST /x");
    g_assert_cmpstr(record->error, ==, REASON);
    front_clear(&f);
}

/* Each request has a cap of its own. */
static void
test_pipelined(void)
{
    g_autofree char *within = post("0123456789");
    g_autofree char *beyond = post("0123456789x");
    g_autofree char *all = g_strconcat(within, beyond, within, NULL);
    g_autofree char *refusal = NULL;
    Front f;

    front_init(&f, TEN);
    rig_say(&f.flow, all);
    serve(&f, "0123456789");
    refusal = rig_hear_response(&f.flow, false);
    assert_status(refusal, "403");
    serve(&f, "0123456789");
    front_clear(&f);
}

/* --- WebSocket --- */

static void
open_websocket(Front *f, const char *yaml)
{
    front_init(f, yaml);
    g_free(front_pass(f, "GET /ws HTTP/1.1\r\n" HOST
                         "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                         "Sec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    rig_say(&f->origin, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                        "Upgrade: websocket\r\n"
                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    g_free(rig_hear(&f->flow, "\r\n\r\n"));
}

static void
test_websocket(void)
{
    g_autofree char *rest = NULL;
    const BnsRecord *record;
    bool is_broken;
    Front f;

    open_websocket(&f, TEN);
    rig_say(&f.flow, "0123456789");
    g_free(rig_hear(&f.origin, "0123456789"));
    rig_say(&f.origin, "what is said to it does not count");
    g_free(rig_hear(&f.flow, "count"));
    rig_say(&f.flow, "x");
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_true(is_broken);
    rest = rig_hear_end(&f.origin, &is_broken);
    g_assert_cmpstr(rest, ==, "");
    record = rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "deny 101 GET /ws");
    g_assert_cmpstr(record->error, ==, REASON);
    g_assert_cmpuint(record->bytes_sent, ==, 10);
    front_clear(&f);
}

/* --- sessions --- */

/* What the origin hears of the request is what counts. */
static size_t
head_size(void)
{
    return strlen("POST /x HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n");
}

static char *
session_policy(size_t bytes)
{
    return g_strdup_printf("allow:\n"
                           "  - { domain: origin.test, max_session_bytes: %zu }\n"
                           "  - { domain: other.test, max_session_bytes: %zu }\n",
                           bytes, bytes);
}

/* Two requests fit to the byte, over two connections; a third has no room for its head. */
static void
test_session(void)
{
    g_autofree char *yaml = session_policy(2 * (head_size() + 10));
    g_autofree char *request = post("0123456789");
    g_autofree char *refusal = NULL;
    const BnsRecord *record;
    RigFlow second;
    Front f;

    front_init(&f, yaml);
    rig_say(&f.flow, request);
    serve(&f, "0123456789");
    rig_record(f.rig, BNS_EVENT_HTTP_REQUEST);
    second = rig_open(f.rig, "origin.test", 80);
    rig_say(&second, request);
    g_free(rig_hear(&f.origin, "0123456789"));
    rig_say(&f.origin, OK);
    g_free(rig_hear_response(&second, false));
    rig_record(f.rig, BNS_EVENT_HTTP_REQUEST);
    rig_say(&f.flow, "GET / HTTP/1.1\r\n" HOST "\r\n");
    refusal = rig_hear_response(&f.flow, false);
    assert_status(refusal, "403");
    g_assert_nonnull(strstr(refusal, "(max_session_bytes)"));
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 GET /");
    g_assert_nonnull(strstr(record->reason, "(max_session_bytes)"));
    rig_close(f.rig, &second);
    front_clear(&f);
}

/* A byte less, and the second is refused before it begins. */
static void
test_session_short(void)
{
    g_autofree char *yaml = session_policy(2 * (head_size() + 10) - 1);
    g_autofree char *request = post("0123456789");
    g_autofree char *refusal = NULL;
    Front f;

    front_init(&f, yaml);
    rig_say(&f.flow, request);
    serve(&f, "0123456789");
    rig_say(&f.flow, request);
    refusal = rig_hear_response(&f.flow, false);
    assert_status(refusal, "403");
    front_clear(&f);
}

/* The path and the fields of a GET count as well. */
static void
test_session_heads(void)
{
    g_autofree char *yaml = session_policy(1000);
    g_autofree char *letters = g_strnfill(600, 'x');
    g_autofree char *request =
        g_strdup_printf("GET /?%s HTTP/1.1\r\n" HOST "\r\n", letters);
    g_autofree char *refusal = NULL;
    Front f;

    front_init(&f, yaml);
    rig_say(&f.flow, request);
    serve(&f, "\r\n\r\n");
    rig_say(&f.flow, request);
    refusal = rig_hear_response(&f.flow, false);
    assert_status(refusal, "403");
    front_clear(&f);
}

/* A stream that is under way is cut when others have used the rest. */
static void
test_session_chunks(void)
{
    g_autofree char *yaml = session_policy(strlen(CHUNKED) + 10);
    g_autofree char *refusal = NULL;
    g_autofree char *rest = NULL;
    Front f;

    front_init(&f, yaml);
    g_free(front_pass(&f, CHUNKED));
    rig_say(&f.flow, "a\r\n0123456789\r\n");
    g_free(rig_hear(&f.origin, "0123456789"));
    rig_say(&f.flow, "1\r\nz\r\n");
    refusal = rig_hear_response(&f.flow, false);
    assert_status(refusal, "403");
    rest = rig_hear_end(&f.origin, NULL);
    g_assert_null(strstr(rest, "z"));
    front_clear(&f);
}

static void
test_session_websocket(void)
{
    g_autofree char *yaml = session_policy(1000);
    g_autofree char *letters = g_strnfill(900, 'x');
    bool is_broken;
    Front f;

    open_websocket(&f, yaml);
    rig_say(&f.flow, letters);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_true(is_broken);
    rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "deny 101 GET /ws");
    front_clear(&f);
}

/* --- opaque flows --- */

typedef struct {
    Rig *rig;
    int listener;
    RigFlow flow;
    RigFlow origin;
} Opaque;

static void
open_opaque(Opaque *o, const char *yaml)
{
    g_autofree char *resolves = NULL;
    uint16_t port;

    o->listener = rig_listen(&port);
    resolves = g_strdup_printf("db.test:5432:%u db.test:80:%u", port, port);
    o->rig = rig_new(yaml, resolves, NULL);
    o->flow = rig_open(o->rig, "db.test", 5432);
    o->origin = rig_accept(o->listener);
}

static void
test_opaque(void)
{
    Opaque o;
    g_autofree char *rest = NULL;
    const BnsRecord *record;
    bool is_broken;
    uint64_t id;

    open_opaque(&o, "allow: [{ domain: db.test, port: 5432, protocol: tcp, "
                    "max_session_bytes: 10 }]\n");
    rig_say(&o.flow, "0123456789");
    g_free(rig_hear(&o.origin, "0123456789"));
    rig_say(&o.flow, "x");
    g_free(rig_hear_end(&o.flow, &is_broken));
    g_assert_true(is_broken);
    rest = rig_hear_end(&o.origin, NULL);
    g_assert_cmpstr(rest, ==, "");
    record = rig_record(o.rig, BNS_EVENT_TCP_CLOSE);
    g_assert_cmpint(record->decision, ==, BNS_DECIDED_DENY);
    g_assert_nonnull(strstr(record->error, "(max_session_bytes)"));
    g_assert_nonnull(record->rule);
    g_assert_cmpuint(record->bytes_sent, ==, 10);
    /* The next one is refused, and nothing dialled. */
    id = rig_offer(o.rig, "db.test", 5432);
    g_assert_cmpint(rig_verdict(o.rig, id), ==, BNS_WIRE_REFUSE);
    record = rig_record(o.rig, BNS_EVENT_FLOW_REFUSED);
    g_assert_nonnull(strstr(record->reason, "(max_session_bytes)"));
    g_assert_true(rig_nobody_came(o.listener));
    rig_close(o.rig, &o.flow);
    bns_fd_clear(&o.origin.fd);
    rig_free(o.rig);
    bns_fd_clear(&o.listener);
}

/* One count for a host's requests and its other bytes; what it says comes back free. */
static void
test_opaque_and_requests(void)
{
    static const char yaml[] = "allow:\n"
                               "  - { domain: db.test, port: 5432, protocol: tcp }\n"
                               "  - { domain: db.test, port: 80, max_session_bytes: "
                               "100 }\n";
    g_autofree char *letters = g_strnfill(90, 'x');
    g_autofree char *refusal = NULL;
    RigFlow http;
    Opaque o;

    open_opaque(&o, yaml);
    rig_say(&o.flow, letters);
    g_free(rig_hear(&o.origin, letters));
    rig_say(&o.flow, letters);
    g_free(rig_hear(&o.origin, letters));
    http = rig_open(o.rig, "db.test", 80);
    rig_say(&http, "GET / HTTP/1.1\r\nHost: db.test\r\n\r\n");
    refusal = rig_hear_response(&http, false);
    assert_status(refusal, "403");
    rig_close(o.rig, &http);
    rig_close(o.rig, &o.flow);
    bns_fd_clear(&o.origin.fd);
    rig_free(o.rig);
    bns_fd_clear(&o.listener);
}

/* A policy that comes later holds for what is open, and forgets nothing. */
static void
test_reload(void)
{
    Opaque o;
    bool is_broken;

    open_opaque(&o, "allow: [{ domain: db.test, port: 5432, protocol: tcp }]\n");
    rig_say(&o.flow, "0123456789");
    g_free(rig_hear(&o.origin, "0123456789"));
    g_assert_cmpuint(rig_reload(o.rig,
                                "allow: [{ domain: db.test, port: 5432, protocol: "
                                "tcp, max_session_bytes: 12 }]\n"),
                     ==, 0);
    rig_say(&o.flow, "ab");
    g_free(rig_hear(&o.origin, "ab"));
    rig_say(&o.flow, "c");
    g_free(rig_hear_end(&o.flow, &is_broken));
    g_assert_true(is_broken);
    rig_close(o.rig, &o.flow);
    bns_fd_clear(&o.origin.fd);
    rig_free(o.rig);
    bns_fd_clear(&o.listener);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/engine/caps/a-length-within-and-beyond", test_length);
    bns_test_add("/gateway/engine/caps/nobody-is-told-to-continue", test_expect);
    bns_test_add("/gateway/engine/caps/no-body-at-all", test_nothing);
    bns_test_add("/gateway/engine/caps/chunks-within", test_chunks_within);
    bns_test_add("/gateway/engine/caps/chunks-beyond-are-cut", test_chunks_beyond);
    bns_test_add("/gateway/engine/caps/chunks-beyond-at-once", test_chunks_at_once);
    bns_test_add("/gateway/engine/caps/trailers-count", test_trailers);
    bns_test_add("/gateway/engine/caps/a-response-that-began-is-broken-off",
                 test_chunks_behind_response);
    bns_test_add("/gateway/engine/caps/each-of-a-pipeline", test_pipelined);
    bns_test_add("/gateway/engine/caps/websocket", test_websocket);
    bns_test_add("/gateway/engine/caps/session-to-the-byte", test_session);
    bns_test_add("/gateway/engine/caps/session-a-byte-short", test_session_short);
    bns_test_add("/gateway/engine/caps/session-counts-heads", test_session_heads);
    bns_test_add("/gateway/engine/caps/session-cuts-chunks", test_session_chunks);
    bns_test_add("/gateway/engine/caps/session-counts-websockets",
                 test_session_websocket);
    bns_test_add("/gateway/engine/caps/session-of-opaque-bytes", test_opaque);
    bns_test_add("/gateway/engine/caps/session-of-all-kinds", test_opaque_and_requests);
    bns_test_add("/gateway/engine/caps/a-later-policy-counts-on", test_reload);
    return g_test_run();
}
