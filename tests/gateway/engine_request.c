/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request after another on plain HTTP: what is allowed, what is refused and how.
 */
#include "tests/gateway/engine_front.h"
#include "tests/gateway/hello_bytes.h"
#include "tests/support/origin.h"
#include "tests/support/test.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: origin.test\r\n\r\n"

static const char policy[] =
    "allow:\n"
    "  - GET,HEAD,POST,PUT,OPTIONS origin.test/*\n"
    "  - loop.test\n"
    "  - private.test\n"
    "  - mixed.test\n"
    "  - nowhere.test\n"
    "  - silent.test\n"
    "  - 127.0.0.1\n"
    "  - { domain: sealed.test, inspect: false }\n"
    "  - { domain: second.test, private: true }\n"
    "  - { domain: closed.test, private: true }\n"
    "deny:\n"
    "  - { domain: origin.test, path: /secret/**, reason: not that }\n";

/* --- allowed --- */

static void
test_allowed(void)
{
    Front f;
    g_autofree char *request = NULL;
    g_autofree char *response = NULL;
    const BnsRecord *record;

    front_init(&f, policy);
    rig_say(&f.flow, GET("/x?token=1"));
    f.origin = rig_accept(f.listener);
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /x");
    g_assert_cmpstr(record->host, ==, "origin.test");
    g_assert_cmpstr(record->addr, ==, "127.0.0.1");
    g_assert_cmpstr(record->scheme, ==, "http");
    g_assert_cmpstr(record->http, ==, "1.1");
    g_assert_cmpuint(record->port, ==, 80);
    g_assert_cmpuint(record->flow, ==, f.flow.id);
    g_assert_cmpuint(record->request, ==, 1);
    g_assert_nonnull(record->rule);
    request = rig_hear(&f.origin, "\r\n\r\n");
    g_assert_cmpstr(request, ==,
                    "GET /x?token=1 HTTP/1.1\r\nHost: origin.test\r\n\r\n");
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 200 OK\r\n"));
    g_assert_true(g_str_has_suffix(response, "\r\n\r\nabc"));
    record = rig_expect(f.rig, BNS_EVENT_HTTP_RESPONSE, "- 200 GET /x");
    g_assert_cmpuint(record->bytes_received, ==, 3);
    g_assert_cmpuint(record->bytes_sent, ==, 0);
    g_assert_cmpstr(record->error, ==, NULL);
    front_clear(&f);
}

/* The record comes before the first byte: at a recorder that does not answer nothing
 * leaves, and the engine ends. */
static void
test_unrecorded(void)
{
    Front f;
    char byte;

    front_init(&f, policy);
    rig_break_recorder(f.rig);
    rig_say(&f.flow, GET("/x"));
    f.origin = rig_accept(f.listener);
    g_assert_cmpint(read(f.origin.fd, &byte, 1), <=, 0);
    close(f.flow.fd);
    close(f.origin.fd);
    rig_free_failed(f.rig);
    close(f.listener);
}

static void
test_keep_alive(void)
{
    g_autoptr(BnsOrigin) origin = bns_origin_new(NULL);
    g_autofree char *resolves =
        g_strdup_printf("origin.test:80:%u", bns_origin_port(origin));
    Rig *rig = rig_new(policy, resolves, NULL);
    RigFlow first = rig_open(rig, "origin.test", 80);
    RigFlow second = rig_open(rig, "origin.test", 80);

    for (int i = 0; i < 50; i++) {
        RigFlow *flow = i % 2 == 0 ? &first : &second;
        g_autofree char *response = rig_ask(flow, GET("/hello"));

        g_assert_true(g_str_has_suffix(response, "\r\n\r\nhello\n"));
        rig_record(rig, BNS_EVENT_HTTP_RESPONSE);
    }
    /* One connection served both flows: the pool hands it over. */
    g_assert_cmpuint(bns_origin_connections(origin), ==, 1);
    g_assert_cmpuint(rig_count(rig, BNS_EVENT_HTTP_REQUEST, 50), ==, 50);
    rig_close(rig, &first);
    rig_close(rig, &second);
    rig_free(rig);
}

static void
test_pipelined(void)
{
    Front f;
    static const char *const paths[] = { "/1", "/2", "/3" };

    front_init(&f, policy);
    rig_say(&f.flow, GET("/1") GET("/secret/2") GET("/2") GET("/3"));
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *expected = g_strdup_printf("GET %s HTTP/1.1\r\n", paths[i]);
        g_autofree char *answer =
            g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%s", paths[i]);
        g_autofree char *request = NULL;
        g_autofree char *response = NULL;

        if (i == 0)
            f.origin = rig_accept(f.listener);
        if (i == 1) {
            g_autofree char *refusal = rig_hear_response(&f.flow, false);

            g_assert_true(g_str_has_prefix(refusal, "HTTP/1.1 403 "));
        }
        request = rig_hear(&f.origin, "\r\n\r\n");
        g_assert_true(g_str_has_prefix(request, expected));
        rig_say(&f.origin, answer);
        response = rig_hear_response(&f.flow, false);
        g_assert_true(g_str_has_suffix(response, paths[i]));
    }
    front_clear(&f);
}

/* A whole buffer of refused requests must not nest, grow or stop. */
static void
test_pipelined_many(void)
{
    Front f;
    const int count = 3000;

    front_init(&f, policy);
    for (int i = 0; i < count; i += 100) {
        GString *requests = g_string_new(NULL);

        for (int j = 0; j < 100; j++)
            g_string_append(requests,
                            "HEAD /secret/a HTTP/1.1\r\nHost: origin.test\r\n\r\n");
        rig_say(&f.flow, requests->str);
        g_string_free(requests, TRUE);
        for (int j = 0; j < 100; j++) {
            g_autofree char *response = rig_hear_response(&f.flow, true);

            g_assert_true(g_str_has_prefix(response, "HTTP/1.1 403 "));
        }
    }
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, (guint)count), ==,
                     (guint)count);
    front_clear(&f);
}

/* One that never pauses shares the loop: each turn serves some of its requests, and the
 * others' too. */
static void
test_pipelined_fairly(void)
{
    Front f;
    RigFlow still;
    RigFlow many;
    RigFlow other;
    GString *requests = g_string_new(NULL);
    GByteArray *hello = hello_by_openssl("sealed.test", 0);

    front_init(&f, policy);
    still = rig_open(f.rig, "sealed.test", 443);
    many = rig_open(f.rig, "origin.test", 80);
    other = rig_open(f.rig, "origin.test", 80);
    /* Few enough that all answers fit the socket: nothing but its turn stops it. */
    for (int i = 0; i < 200; i++)
        g_string_append(requests, "HEAD /secret HTTP/1.1\r\nHost: origin.test\r\n\r\n");
    /* While the engine stands still at a sealed flow's tls.open, both say theirs. */
    rig_hold_recorder(f.rig);
    rig_say_bytes(&still, hello->data, hello->len);
    rig_wait_held(f.rig);
    g_byte_array_unref(hello);
    rig_say(&many, requests->str);
    rig_say(&other, GET("/secret/other"));
    rig_release_recorder(f.rig);
    g_string_free(requests, TRUE);
    while (strcmp(rig_record(f.rig, BNS_EVENT_HTTP_REQUEST)->path, "/secret/other") !=
           0)
        ;
    /* It was served between them, not after them all. */
    g_assert_cmpstr(rig_record(f.rig, BNS_EVENT_HTTP_REQUEST)->path, ==, "/secret");
    for (int i = 0; i < 200; i++)
        g_free(rig_hear_response(&many, true));
    rig_close(f.rig, &still);
    rig_close(f.rig, &other);
    rig_close(f.rig, &many);
    front_clear(&f);
}

/* In plain HTTP the Host decides, whatever name is behind the address. */
static void
test_host_decides(void)
{
    g_autoptr(BnsOrigin) origin = bns_origin_new(NULL);
    g_autofree char *resolves =
        g_strdup_printf("origin.test:80:%u", bns_origin_port(origin));
    Rig *rig = rig_new(policy, resolves, NULL);
    RigFlow flow = rig_open(rig, "loop.test", 80);
    g_autofree char *response =
        rig_ask(&flow, "GET /echo HTTP/1.1\r\nHost: ORIGIN.test.:80\r\n\r\n");
    const BnsRecord *record =
        rig_expect(rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /echo");

    g_assert_cmpstr(record->host, ==, "origin.test");
    g_assert_nonnull(strstr(response, "Host: origin.test"));
    rig_close(rig, &flow);
    rig_free(rig);
}

static void
test_head_and_empty(void)
{
    g_autoptr(BnsOrigin) origin = bns_origin_new(NULL);
    g_autofree char *resolves =
        g_strdup_printf("origin.test:80:%u", bns_origin_port(origin));
    Rig *rig = rig_new(policy, resolves, NULL);
    RigFlow flow = rig_open(rig, "origin.test", 80);
    static const char *const requests[][2] = {
        { "HEAD /bytes/1000 HTTP/1.1\r\nHost: origin.test\r\n\r\n", "HTTP/1.1 200 " },
        { GET("/status/204"), "HTTP/1.1 204 " },
        { GET("/status/304"), "HTTP/1.1 304 " },
        { GET("/hello"), "HTTP/1.1 200 " },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autofree char *response = NULL;

        rig_say(&flow, requests[i][0]);
        response = rig_hear_response(&flow, i < 3);
        g_assert_true(g_str_has_prefix(response, requests[i][1]));
    }
    g_assert_cmpuint(bns_origin_connections(origin), ==, 1);
    rig_close(rig, &flow);
    rig_free(rig);
}

/* --- refused --- */

typedef struct {
    const char *name;
    const char *request;
    const char *status;
    const char *record; /* NULL: none expected */
    bool is_kept;       /* the connection serves another request */
    const char *body;   /* part of the response; NULL: any */
} Refusal;

static const Refusal refusals[] = {
    { "no-rule", "GET / HTTP/1.1\r\nHost: other.test\r\n\r\n", "403", "deny 403 GET /",
      true, "Request Blocked by Boundary" },
    { "method", "DELETE /x HTTP/1.1\r\nHost: origin.test\r\n\r\n", "403",
      "deny 403 DELETE /x", true, "DELETE" },
    { "deny-rule", GET("/secret/x"), "403", "deny 403 GET /secret/x", true,
      "not that" },
    { "deny-rule-by-another-reading", GET("/a/..%2fsecret/x"), "403",
      "deny 403 GET /a/..%2fsecret/x", true, NULL },
    { "json",
      "POST / HTTP/1.1\r\nHost: other.test\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\n\r\n{}",
      "403", "deny 403 POST /", true, "\"boundary_denied\"" },
    { "small-body-is-drained",
      "POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: 5\r\n\r\nabcde", "403",
      "deny 403 POST /", true, NULL },
    { "chunked-body-is-drained",
      "POST / HTTP/1.1\r\nHost: other.test\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\n\r\n",
      "403", "deny 403 POST /", true, NULL },
    { "large-body-ends-the-connection",
      "POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: 2000000\r\n\r\nabcde",
      "403", "deny 403 POST /", false, NULL },
    { "no-100-for-it",
      "POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: 5\r\n"
      "Expect: 100-continue\r\n\r\n",
      "403", "deny 403 POST /", false, NULL },
    { "close-is-heard",
      "GET / HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n", "403",
      "deny 403 GET /", false, NULL },
    { "http-1.0", "GET / HTTP/1.0\r\nHost: other.test\r\n\r\n", "403", "deny 403 GET /",
      false, NULL },
    { "websocket",
      "GET /ws HTTP/1.1\r\nHost: other.test\r\nConnection: Upgrade\r\n"
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      "403", "deny 403 GET /ws", false, NULL },
    { "localhost", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "403", "deny 403 GET /",
      true, NULL },
    { "ours", "GET / HTTP/1.1\r\nHost: host.boundary.internal\r\n\r\n", "403",
      "deny 403 GET /", true, NULL },
    { "literal-is-guarded", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "403",
      "deny 403 GET /", true, NULL },
    { "name-is-guarded", "GET / HTTP/1.1\r\nHost: private.test\r\n\r\n", "403",
      "deny 403 GET /", true, NULL },
    { "all-addresses-are-guarded", "GET / HTTP/1.1\r\nHost: mixed.test\r\n\r\n", "403",
      "deny 403 GET /", true, NULL },
    { "another-port", "GET / HTTP/1.1\r\nHost: origin.test:81\r\n\r\n", "400",
      "deny 400 GET /", false, NULL },
    { "odd-host", "GET / HTTP/1.1\r\nHost: a_b%.test\r\n\r\n", "400", "deny 400 GET /",
      false, NULL },
    { "absolute-against-host",
      "GET http://other.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n", "400", NULL,
      false, NULL },
    { "absolute-https",
      "GET https://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n", "400",
      "deny 400 GET /", false, NULL },
    { "connect", "CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n",
      "400", "deny 400 CONNECT origin.test:443", false, "proxy" },
    { "password-is-not-recorded",
      "GET http://user:pw@origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n", "400",
      "deny 400 GET -", false, NULL },
    { "server-wide", "OPTIONS * HTTP/1.1\r\nHost: origin.test\r\n\r\n", "400",
      "deny 400 OPTIONS *", false, NULL },
    { "path", GET("/a%00b"), "400", "deny 400 GET /a%00b", false, NULL },
    { "two-lengths",
      "POST /x HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 3\r\n"
      "Transfer-Encoding: chunked\r\n\r\n",
      "400", "deny 400 POST /x", false, NULL },
    { "no-host", "GET /x HTTP/1.1\r\n\r\n", "400", "deny 400 GET /x", false, NULL },
};

static void
test_refusal(gconstpointer data)
{
    const Refusal *refusal = data;
    g_autofree char *status = g_strdup_printf("HTTP/1.1 %s ", refusal->status);
    g_autofree char *response = NULL;
    Front f;

    front_init(&f, policy);
    response = rig_ask(&f.flow, refusal->request);
    if (!g_str_has_prefix(response, status) ||
        (refusal->body != NULL && strstr(response, refusal->body) == NULL))
        g_error("the response is: %s", response);
    if (refusal->record != NULL)
        rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, refusal->record);
    if (refusal->is_kept) {
        g_autofree char *next = rig_ask(&f.flow, GET("/secret/again"));

        g_assert_true(g_str_has_prefix(next, "HTTP/1.1 403 "));
    } else {
        bool is_broken;
        g_autofree char *rest = rig_hear_end(&f.flow, &is_broken);

        g_assert_nonnull(strstr(response, "\r\nConnection: close\r\n"));
        g_assert_cmpstr(rest, ==, "");
        g_assert_false(is_broken);
    }
    g_assert_true(rig_nobody_came(f.listener));
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_RESPONSE, 0), ==, 0);
    front_clear(&f);
}

/* What it asks for is suggested only where no rule stands against it. */
static void
test_suggestion(void)
{
    Front f;
    g_autofree char *without = NULL;
    g_autofree char *denied = NULL;

    front_init(&f, policy);
    without = rig_ask(&f.flow, "GET /a HTTP/1.1\r\nHost: other.test\r\n\r\n");
    denied = rig_ask(&f.flow, GET("/secret/a"));
    g_assert_nonnull(strstr(without, "--allow"));
    g_assert_null(strstr(denied, "--allow"));
    front_clear(&f);
}

/* --- dialling --- */

static void
test_unresolved(void)
{
    Front f;
    g_autofree char *response = NULL;
    const BnsRecord *record;

    front_init(&f, policy);
    response = rig_ask(&f.flow, "GET /n HTTP/1.1\r\nHost: nowhere.test\r\n\r\n");
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 502 "));
    g_assert_nonnull(strstr(response, "nowhere.test: the name could not be resolved"));
    record = rig_expect(f.rig, BNS_EVENT_UPSTREAM_ERROR, "- 0 GET /n");
    g_assert_nonnull(record->error);
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 502 GET /n");
    g_assert_nonnull(record->error);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_RESPONSE, 0), ==, 0);
    front_clear(&f);
}

static void
test_resolver_is_silent(void)
{
    Front f;
    g_autofree char *response = NULL;

    front_init(&f, policy);
    rig_say(&f.flow, "GET /n HTTP/1.1\r\nHost: silent.test\r\n\r\n");
    rig_advance(f.rig, 31);
    response = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 504 "));
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 504 GET /n");
    front_clear(&f);
}

/* 127.0.0.2 refuses, the second address is tried. */
static void
test_second_address(void)
{
    Rig *rig;
    RigFlow flow;
    RigFlow origin;
    uint16_t port;
    int listener = rig_listen(&port);
    g_autofree char *yaml = g_strdup_printf(
        "allow: [{ domain: second.test, private: true, port: %u }]\n", port);
    g_autofree char *request =
        g_strdup_printf("GET / HTTP/1.1\r\nHost: second.test:%u\r\n\r\n", port);

    rig = rig_new(yaml, NULL, NULL);
    flow = rig_open(rig, "second.test", port);
    rig_say(&flow, request);
    origin = rig_accept(listener);
    g_free(rig_hear(&origin, "\r\n\r\n"));
    g_assert_cmpstr(rig_record(rig, BNS_EVENT_HTTP_REQUEST)->addr, ==, "127.0.0.1");
    rig_close(rig, &flow);
    rig_free(rig);
    close(origin.fd);
    close(listener);
}

/* An IPv6 address, of a name and as a literal. */
static void
test_ipv6(void)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6,
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static const char *const hosts[] = { "six.test", "[::1]" };
    g_autofree char *yaml = NULL;
    uint16_t port;
    RigFlow flow;
    Rig *rig;

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 ||
        listen(listener, 4) < 0) {
        bns_test_skip("there is no IPv6 here");
        return;
    }
    getsockname(listener, (struct sockaddr *)&address, &len);
    port = ntohs(address.sin6_port);
    yaml = g_strdup_printf("allow:\n"
                           "  - { domain: six.test, private: true, port: %u }\n"
                           "  - { cidr: \"::1/128\", port: %u }\n",
                           port, port);
    rig = rig_new(yaml, NULL, NULL);
    flow = rig_open(rig, "six.test", port);
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autofree char *host = g_strdup_printf("Host: %s:%u\r\n", hosts[i], port);
        g_autofree char *request = g_strdup_printf("GET / HTTP/1.1\r\n%s\r\n", host);
        g_autofree char *heard = NULL;
        RigFlow origin;

        rig_say(&flow, request);
        origin = rig_accept(listener);
        heard = rig_hear(&origin, "\r\n\r\n");
        g_assert_nonnull(strstr(heard, host));
        rig_say(&origin, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        g_free(rig_hear_response(&flow, true));
        g_assert_cmpstr(rig_record(rig, BNS_EVENT_HTTP_REQUEST)->addr, ==, "::1");
        close(origin.fd);
    }
    rig_close(rig, &flow);
    rig_free(rig);
    close(listener);
}

static void
test_refused_upstream(void)
{
    uint16_t port;
    int listener = rig_listen(&port);
    g_autofree char *resolves = g_strdup_printf("closed.test:80:%u", port);
    Rig *rig;
    RigFlow flow;
    g_autofree char *response = NULL;

    rig_stop_listening(&listener);
    rig = rig_new(policy, resolves, NULL);
    flow = rig_open(rig, "closed.test", 80);
    response = rig_ask(&flow, "GET / HTTP/1.1\r\nHost: closed.test\r\n\r\n");
    g_assert_true(g_str_has_prefix(response, "HTTP/1.1 502 "));
    g_assert_nonnull(strstr(response, "Connection refused"));
    rig_expect(rig, BNS_EVENT_HTTP_REQUEST, "allow 502 GET /");
    rig_close(rig, &flow);
    rig_free(rig);
    close(listener);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/request/allowed-is-recorded-then-sent", test_allowed);
    bns_test_add("/gateway/request/unrecorded-is-not-sent", test_unrecorded);
    bns_test_add("/gateway/request/upstream-connection-is-reused", test_keep_alive);
    bns_test_add("/gateway/request/pipelined-is-served-in-order", test_pipelined);
    bns_test_add("/gateway/request/thousands-pipelined-are-served",
                 test_pipelined_many);
    bns_test_add("/gateway/request/pipelined-takes-turns", test_pipelined_fairly);
    bns_test_add("/gateway/request/host-decides-not-the-address", test_host_decides);
    bns_test_add("/gateway/request/head-204-304-have-no-body", test_head_and_empty);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/request/refused/%s", refusals[i].name);

        bns_test_add_data(path, &refusals[i], test_refusal);
    }
    bns_test_add("/gateway/request/suggests-a-rule-only-if-none-denies",
                 test_suggestion);
    bns_test_add("/gateway/request/unknown-name-is-502", test_unresolved);
    bns_test_add("/gateway/request/silent-resolver-is-504", test_resolver_is_silent);
    bns_test_add("/gateway/request/second-address-is-tried", test_second_address);
    bns_test_add("/gateway/request/ipv6-names-and-literals", test_ipv6);
    bns_test_add("/gateway/request/refused-connection-is-502", test_refused_upstream);
    return g_test_run();
}
