/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket: a tunnel only behind the right 101; a request as others until then.
 */
#include "base/fd.h"
#include "tests/gateway/engine_front.h"
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* The example of RFC 6455 1.3. */
#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define REQUEST_WITH(fields)                                                           \
    "GET /ws HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\n"                 \
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY       \
    "\r\n" fields "\r\n"
#define REQUEST REQUEST_WITH("")
#define SWITCH(fields)                                                                 \
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"                      \
    "Upgrade: websocket\r\n" fields "\r\n"
#define NEXT "GET /next HTTP/1.1\r\nHost: origin.test\r\n\r\n"

/* Opens the tunnel. */
static void
open_tunnel(Front *f, const char *yaml)
{
    front_init(f, yaml);
    g_free(front_pass(f, REQUEST));
    rig_say(&f->origin, SWITCH(ACCEPT));
    g_free(rig_hear(&f->flow, "\r\n\r\n"));
}

static void
assert_passes(RigFlow *from, RigFlow *to, const char *text)
{
    rig_say(from, text);
    g_free(rig_hear(to, text));
}

/* --- the tunnel --- */

static void
test_tunnel(void)
{
    Front f;
    g_autofree char *request = NULL;
    g_autofree char *response = NULL;
    const BnsRecord *record;
    bool is_broken;

    front_init(&f, NULL);
    request = front_pass(&f, REQUEST);
    g_assert_nonnull(strstr(request, "Upgrade: websocket\r\n"));
    /* Its first bytes come right behind the head. */
    rig_say(&f.origin, SWITCH(ACCEPT) "first");
    response = rig_hear(&f.flow, "\r\n\r\nfirst");
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 101 "));
    assert_passes(&f.flow, &f.origin, "GET /not-http HTTP/1.1\r\n\r\n");
    rig_say_end(&f.origin);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_false(is_broken);
    rig_say_end(&f.flow);
    record = rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 101 GET /ws");
    g_assert_cmpuint(record->bytes_received, ==, strlen("first"));
    g_assert_cmpstr(record->error, ==, NULL);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 1), ==, 1);
    front_clear(&f);
}

/* A command that has said all still hears, and the other way round. */
static void
test_half_close(void)
{
    Front f;
    bool is_broken;

    open_tunnel(&f, NULL);
    rig_say_end(&f.flow);
    g_free(rig_hear_end(&f.origin, &is_broken));
    g_assert_false(is_broken);
    assert_passes(&f.origin, &f.flow, "last words");
    rig_say_end(&f.origin);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_false(is_broken);
    g_assert_null(rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 101 GET /ws")->error);
    front_clear(&f);
}

static void
test_reset(void)
{
    Front f;
    bool is_broken;

    open_tunnel(&f, NULL);
    front_end_origin(&f, true);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_true(is_broken);
    g_assert_nonnull(rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE)->error);
    front_clear(&f);
}

/* --- no tunnel --- */

typedef struct {
    const char *name;
    const char *request;
    const char *answer;
    const char *why; /* in the answer of ours */
} Wrong;

static const Wrong wrongs[] = {
    { "wrong-accept", REQUEST,
      SWITCH("Sec-WebSocket-Accept: AAAALMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "Accept" },
    { "no-accept", REQUEST, SWITCH(""), "Accept" },
    { "two-accepts", REQUEST, SWITCH(ACCEPT ACCEPT), "Accept" },
    { "other-upgrade", REQUEST,
      "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" ACCEPT "\r\n",
      "does not upgrade" },
    { "no-connection", REQUEST,
      "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n" ACCEPT "\r\n", "does not upgrade" },
    { "connection-closes", REQUEST,
      "HTTP/1.1 101 S\r\nConnection: close\r\nUpgrade: websocket\r\n" ACCEPT "\r\n",
      "does not upgrade" },
    { "unasked-protocol", REQUEST, SWITCH(ACCEPT "Sec-WebSocket-Protocol: chat\r\n"),
      "subprotocol" },
    { "other-protocol", REQUEST_WITH("Sec-WebSocket-Protocol: chat\r\n"),
      SWITCH(ACCEPT "Sec-WebSocket-Protocol: other\r\n"), "subprotocol" },
    { "unasked-extension", REQUEST,
      SWITCH(ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n"), "extension" },
    { "with-a-length", REQUEST, SWITCH(ACCEPT "Content-Length: 0\r\n"), "body" },
    { "without-a-question", NEXT, SWITCH(ACCEPT), "not asked for" },
    { "to-http-1.0",
      "GET /ws HTTP/1.0\r\nHost: origin.test\r\nConnection: Upgrade\r\n"
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY
      "\r\n\r\n",
      SWITCH(ACCEPT), "not asked for" },
    { "to-another-upgrade",
      "GET / HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\n"
      "Upgrade: TLS/1.0\r\n\r\n",
      "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n",
      "not asked for" },
    { "to-an-upgrade-with-a-body",
      "POST /ws HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\n"
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY
      "\r\nContent-Length: 0\r\n\r\n",
      SWITCH(ACCEPT), "not asked for" },
};

/* 502, nothing of what stands behind the 101 arrives, and the origin's connection ends. */
static void
test_wrong_answer(gconstpointer data)
{
    const Wrong *wrong = data;
    g_autofree char *answer = g_strconcat(wrong->answer, "poison", NULL);
    g_autofree char *response = NULL;
    bool is_broken;
    Front f;

    front_init(&f, NULL);
    g_free(front_pass(&f, wrong->request));
    rig_say(&f.origin, answer);
    response = rig_hear_response(&f.flow, false);
    if (!g_str_has_prefix(response, "HTTP/1.1 502 ") ||
        strstr(response, wrong->why) == NULL)
        g_test_fail_printf("%s: %s", wrong->name, response);
    g_free(rig_hear_end(&f.origin, &is_broken));
    g_assert_nonnull(rig_record(f.rig, BNS_EVENT_UPSTREAM_ERROR)->error);
    g_assert_nonnull(rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE)->error);
    front_clear(&f);
}

/* Anything but 101 is an answer as others, and the origin's connection serves on. The
 * command's does not: what stands behind an upgrade may not be HTTP. */
static void
test_refused(void)
{
    Front f;
    RigFlow second;
    g_autofree char *response = NULL;

    front_init(&f, NULL);
    g_free(front_pass(&f, REQUEST NEXT));
    rig_say(&f.origin, "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n");
    response = rig_hear_end(&f.flow, NULL);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 426 "));
    g_assert_nonnull(strstr(response, "Connection: close\r\n"));
    second = rig_open(f.rig, "origin.test", 80);
    rig_say(&second, NEXT);
    g_free(rig_hear(&f.origin, "GET /next HTTP/1.1\r\nHost: origin.test\r\n\r\n"));
    rig_close(f.rig, &second);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 2), ==, 2);
    front_clear(&f);
}

/* The policy's no is a 403 as any other: nothing is dialled. */
static void
test_denied(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, "allow: [\"origin.test/other\"]\n");
    rig_say(&f.flow, REQUEST);
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 403 "));
    g_assert_null(strstr(response, "Upgrade"));
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 GET /ws");
    g_assert_true(rig_nobody_came(f.listener));
    front_clear(&f);
}

/* Other upgrades are not passed on (RFC 9110 7.8 lets a server ignore them). */
static void
test_other_upgrade(void)
{
    static const char *const fields[] = {
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n",
        "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n",
        "Connection: Upgrade\r\nUpgrade: unheard-of/7\r\n",
        "Upgrade: websocket\r\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *asked =
            g_strdup_printf("GET / HTTP/1.1\r\nHost: origin.test\r\n%s\r\n", fields[i]);
        g_autofree char *request = NULL;
        Front f;

        front_init(&f, NULL);
        request = front_pass(&f, asked);
        g_assert_cmpstr(request, ==, "GET / HTTP/1.1\r\nHost: origin.test\r\n\r\n");
        front_clear(&f);
    }
}

/* --- bytes before their time --- */

static bool
has_heard_nothing(RigFlow *flow)
{
    char byte;

    return recv(flow->fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* What a client says before it knows goes nowhere until the 101. */
static void
test_early_bytes(void)
{
    Front f;

    front_init(&f, NULL);
    g_free(front_pass(&f, REQUEST "early"));
    rig_sync(f.rig);
    g_assert_true(has_heard_nothing(&f.origin));
    rig_say(&f.origin, SWITCH(ACCEPT));
    g_free(rig_hear(&f.flow, "\r\n\r\n"));
    g_free(rig_hear(&f.origin, "early"));
    front_clear(&f);
}

/* --- time --- */

/* Any byte of either side puts the end off. */
static void
test_idle(void)
{
    Front f;
    bool is_broken;

    open_tunnel(&f, NULL);
    rig_advance(f.rig, 7200);
    assert_passes(&f.origin, &f.flow, "still here");
    rig_advance(f.rig, 7200);
    assert_passes(&f.flow, &f.origin, "me too");
    rig_advance(f.rig, 7500);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_true(is_broken);
    front_clear(&f);
}

static void
test_idle_limit(void)
{
    Front f;
    bool is_broken;

    open_tunnel(&f, "limits: { idle: 60 }\nallow: [origin.test]\n");
    rig_advance(f.rig, 50);
    assert_passes(&f.origin, &f.flow, "ping");
    rig_advance(f.rig, 50);
    assert_passes(&f.flow, &f.origin, "pong");
    rig_advance(f.rig, 70);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_true(is_broken);
    g_assert_cmpstr(rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE)->error, ==,
                    "nothing was said for too long");
    front_clear(&f);
}

static void
test_no_idle_limit(void)
{
    Front f;

    open_tunnel(&f, "limits: { idle: 0 }\nallow: [origin.test]\n");
    rig_advance(f.rig, INT64_C(365) * 24 * 3600);
    assert_passes(&f.origin, &f.flow, "a year later");
    front_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(wrongs); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/websocket/wrong-answer/", wrongs[i].name, NULL);

        bns_test_add_data(path, &wrongs[i], test_wrong_answer);
    }
    bns_test_add("/gateway/websocket/is-a-tunnel", test_tunnel);
    bns_test_add("/gateway/websocket/directions-end-alone", test_half_close);
    bns_test_add("/gateway/websocket/reset-stays-a-reset", test_reset);
    bns_test_add("/gateway/websocket/refused-is-an-answer-as-others", test_refused);
    bns_test_add("/gateway/websocket/denied-is-403", test_denied);
    bns_test_add("/gateway/websocket/other-upgrades-are-stripped", test_other_upgrade);
    bns_test_add("/gateway/websocket/early-bytes-wait-for-101", test_early_bytes);
    bns_test_add("/gateway/websocket/idle-ones-are-cut", test_idle);
    bns_test_add("/gateway/websocket/idle-limit-is-the-policys", test_idle_limit);
    bns_test_add("/gateway/websocket/idle-limit-can-be-none", test_no_idle_limit);
    return g_test_run();
}
