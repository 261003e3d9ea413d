/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While http.request is on its way to the recorder: nothing of the request leaves, and
 * everybody else is served. The same of tls.open: nobody is dialled.
 */
#include "base/fd.h"
#include "tests/gateway/engine_front.h"
#include "tests/gateway/hello_bytes.h"
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: origin.test\r\n\r\n"
#define BROKEN_OFF "the command broke the request off"
#define RESPONSE   "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static const char policy[] = "allow: [origin.test]\n"
                             "deny: [origin.test/secret]\n";

/* The request for /held waits for its record, on a connection that is there. */
static void
hold(Front *f, const char *request)
{
    front_init(f, policy);
    rig_hold_recorder(f->rig);
    rig_say(&f->flow, request);
    rig_wait_held(f->rig);
    f->origin = rig_accept(f->listener);
}

static void
assert_nothing_left(const Front *f)
{
    char byte;

    g_assert_cmpint(recv(f->origin.fd, &byte, 1, MSG_DONTWAIT), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
}

/* The origin hears the end and not a byte before. */
static void
assert_nothing_came(const Front *f)
{
    char byte;

    g_assert_cmpint(recv(f->origin.fd, &byte, 1, 0), <=, 0);
}

static void
test_others(void)
{
    Front f;
    RigFlow other;
    g_autofree char *refused = NULL;
    g_autofree char *heard = NULL;
    g_autofree char *response = NULL;

    hold(&f, GET("/held"));
    other = rig_open(f.rig, "origin.test", 80);
    refused = rig_ask(&other, GET("/secret"));
    g_assert_true(g_str_has_prefix(refused, "HTTP/1.1 403 "));
    rig_sync(f.rig);
    assert_nothing_left(&f);
    rig_release_recorder(f.rig);
    heard = rig_hear(&f.origin, "\r\n\r\n");
    g_assert_true(g_str_has_prefix(heard, "GET /held HTTP/1.1\r\n"));
    rig_say(&f.origin, RESPONSE);
    response = rig_hear_response(&f.flow, false);
    g_assert_cmpstr(
        rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 GET /held")->error, ==, NULL);
    rig_close(f.rig, &other);
    front_clear(&f);
}

/* A body that comes meanwhile waits, and the engine does not turn round it. */
static void
test_body(void)
{
    Front f;
    g_autofree char *heard = NULL;
    g_autofree char *response = NULL;

    hold(&f, "POST /up HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 4\r\n\r\n");
    rig_say(&f.flow, "body");
    rig_sync(f.rig);
    g_assert_cmpuint(rig_turns(f.rig, 50), <, 5);
    assert_nothing_left(&f);
    rig_release_recorder(f.rig);
    heard = rig_hear(&f.origin, "body");
    rig_say(&f.origin, RESPONSE);
    response = rig_hear_response(&f.flow, false);
    g_assert_cmpuint(rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE)->bytes_sent, ==, 4);
    front_clear(&f);
}

/* The second request of a pipeline has its turn behind the first one's response. */
static void
test_pipelined(void)
{
    Front f;

    hold(&f, GET("/1") GET("/2"));
    rig_sync(f.rig);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 1), ==, 1);
    rig_release_recorder(f.rig);
    for (int i = 1; i <= 2; i++) {
        g_autofree char *heard = rig_hear(&f.origin, "\r\n\r\n");
        g_autofree char *start = g_strdup_printf("GET /%d HTTP/1.1\r\n", i);
        g_autofree char *response = NULL;

        g_assert_true(g_str_has_prefix(heard, start));
        g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, (guint)i), ==,
                         (guint)i);
        rig_say(&f.origin, RESPONSE);
        response = rig_hear_response(&f.flow, false);
        rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE);
    }
    front_clear(&f);
}

static void
expect_broken_off(Front *f)
{
    rig_expect(f->rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /held");
    g_assert_cmpstr(rig_expect(f->rig, BNS_EVENT_HTTP_RESPONSE, "- 0 GET /held")->error,
                    ==, BROKEN_OFF);
    g_assert_cmpuint(rig_count(f->rig, BNS_EVENT_HTTP_REQUEST, 1), ==, 1);
}

/* The flow dies: its record is there, and says by a second one that nothing came of it. */
static void
test_abandoned(void)
{
    Front f;

    hold(&f, GET("/held"));
    rig_reset(f.rig, f.flow.id);
    rig_wait_closed(f.rig, f.flow.id);
    assert_nothing_came(&f);
    rig_release_recorder(f.rig);
    expect_broken_off(&f);
    front_clear(&f);
}

/* The same by a client that closes. */
static void
test_closed(void)
{
    Front f;

    hold(&f, GET("/held"));
    close(f.flow.fd);
    f.flow.fd = -1;
    rig_wait_closed(f.rig, f.flow.id);
    assert_nothing_came(&f);
    rig_release_recorder(f.rig);
    expect_broken_off(&f);
    front_clear(&f);
}

/* The origin closes a new connection before it has seen anything. */
static void
test_origin_closes(void)
{
    Front f;
    g_autofree char *response = NULL;

    hold(&f, GET("/held"));
    front_end_origin(&f, false);
    rig_sync(f.rig);
    rig_release_recorder(f.rig);
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 502 "));
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 1), ==, 1);
    rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 502 GET /held");
    front_clear(&f);
}

/* A kept connection is ended meanwhile, with a status that would answer anything. */
static void
test_kept_ends(void)
{
    static const char late[] = "HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n";
    Front f;
    g_autofree char *first = NULL;
    g_autofree char *heard = NULL;
    g_autofree char *response = NULL;

    front_init(&f, policy);
    g_free(front_pass(&f, GET("/1")));
    rig_say(&f.origin, RESPONSE);
    first = rig_hear_response(&f.flow, false);
    rig_sync(f.rig);
    rig_hold_recorder(f.rig);
    rig_say(&f.flow, GET("/held"));
    rig_wait_held(f.rig);
    rig_say(&f.origin, late);
    front_end_origin(&f, false);
    rig_sync(f.rig);
    rig_release_recorder(f.rig);
    f.origin = rig_accept(f.listener);
    heard = rig_hear(&f.origin, "\r\n\r\n");
    g_assert_true(g_str_has_prefix(heard, "GET /held HTTP/1.1\r\n"));
    rig_say(&f.origin, RESPONSE);
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 200 "));
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 2), ==, 2);
    front_clear(&f);
}

/* The recorder dies in the middle: the request is refused, and the session is over. */
static void
test_recorder_dies(void)
{
    Front f;
    g_autofree char *answer = NULL;

    hold(&f, GET("/held"));
    rig_break_recorder(f.rig);
    assert_nothing_came(&f);
    answer = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(answer, "HTTP/1.1 503 "));
    close(f.flow.fd);
    close(f.origin.fd);
    rig_free_failed(f.rig);
    close(f.listener);
}

/* The gateway ends in the middle. */
static void
test_session_ends(void)
{
    Front f;

    hold(&f, GET("/held"));
    rig_free_early(f.rig);
    assert_nothing_came(&f);
    close(f.flow.fd);
    close(f.origin.fd);
    close(f.listener);
}

/* --- tls.open --- */

/* The ClientHello of f->flow waits for its record. */
static void
hold_hello(Front *f)
{
    g_autoptr(GByteArray) hello = hello_by_openssl("origin.test", 0);

    front_init_hosts(f, policy, "origin.test:443 origin.test:80");
    f->flow = rig_open(f->rig, "origin.test", 443);
    rig_hold_recorder(f->rig);
    rig_say_bytes(&f->flow, hello->data, hello->len);
    rig_wait_held(f->rig);
}

static void
test_hello(void)
{
    Front f;
    RigFlow other;
    g_autofree char *refused = NULL;

    hold_hello(&f);
    other = rig_open(f.rig, "origin.test", 80);
    refused = rig_ask(&other, GET("/secret"));
    g_assert_true(g_str_has_prefix(refused, "HTTP/1.1 403 "));
    rig_close(f.rig, &other);
    rig_sync(f.rig);
    g_assert_true(rig_nobody_came(f.listener));
    rig_release_recorder(f.rig);
    f.origin = rig_accept(f.listener);
    g_assert_cmpint(rig_record(f.rig, BNS_EVENT_TLS_OPEN)->decision, ==,
                    BNS_DECIDED_ALLOW);
    front_clear(&f);
}

/* What was allowed when the ClientHello came is not any more when that is written. */
static void
test_hello_reload(void)
{
    Front f;
    char byte;

    hold_hello(&f);
    rig_reload_begin(f.rig, "deny: [origin.test]\n");
    rig_release_recorder(f.rig);
    g_assert_cmpuint(rig_reload_end(f.rig), ==, 0);
    g_assert_cmpint(rig_record(f.rig, BNS_EVENT_TLS_OPEN)->decision, ==,
                    BNS_DECIDED_ALLOW);
    rig_record(f.rig, BNS_EVENT_POLICY_RELOAD);
    /* A handshake, for the page that says why not. */
    g_assert_cmpint(recv(f.flow.fd, &byte, 1, 0), ==, 1);
    rig_sync(f.rig);
    g_assert_true(rig_nobody_came(f.listener));
    rig_close(f.rig, &f.flow);
    front_clear(&f);
}

static void
test_hello_abandoned(void)
{
    Front f;

    hold_hello(&f);
    rig_reset(f.rig, f.flow.id);
    rig_wait_closed(f.rig, f.flow.id);
    rig_release_recorder(f.rig);
    rig_record(f.rig, BNS_EVENT_TLS_OPEN);
    rig_sync(f.rig);
    g_assert_true(rig_nobody_came(f.listener));
    close(f.flow.fd);
    f.flow.fd = -1;
    front_clear(&f);
}

/* Not a byte was answered. */
static void
assert_flow_ends(const Front *f)
{
    char byte;

    g_assert_cmpint(recv(f->flow.fd, &byte, 1, 0), <=, 0);
}

static void
test_hello_recorder_dies(void)
{
    Front f;

    hold_hello(&f);
    rig_break_recorder(f.rig);
    assert_flow_ends(&f);
    g_assert_true(rig_nobody_came(f.listener));
    close(f.flow.fd);
    rig_free_failed(f.rig);
    close(f.listener);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/record/others-are-served-meanwhile", test_others);
    bns_test_add("/gateway/record/a-body-waits", test_body);
    bns_test_add("/gateway/record/a-pipeline-keeps-its-order", test_pipelined);
    bns_test_add("/gateway/record/the-command-breaks-off", test_abandoned);
    bns_test_add("/gateway/record/the-command-closes", test_closed);
    bns_test_add("/gateway/record/the-origin-closes", test_origin_closes);
    bns_test_add("/gateway/record/a-kept-connection-ends", test_kept_ends);
    bns_test_add("/gateway/record/the-recorder-dies", test_recorder_dies);
    bns_test_add("/gateway/record/the-session-ends", test_session_ends);
    bns_test_add("/gateway/record/a-hello-waits", test_hello);
    bns_test_add("/gateway/record/the-policy-changes-at-a-hello", test_hello_reload);
    bns_test_add("/gateway/record/the-command-breaks-its-hello-off",
                 test_hello_abandoned);
    bns_test_add("/gateway/record/the-recorder-dies-at-a-hello",
                 test_hello_recorder_dies);
    return g_test_run();
}
