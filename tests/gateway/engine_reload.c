/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reload: the next request meets the new policy; what is open and not decided request by
 * request is reset if it is no longer allowed, and nothing else is.
 */
#include "base/fd.h"
#include "netstack/gateway/reload.h"
#include "tests/gateway/engine_front.h"
#include "tests/support/certs.h"
#include "tests/support/origin.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>

#define GET "GET /x HTTP/1.1\r\nHost: web.test\r\n\r\n"
#define UPGRADE                                                                        \
    "GET /ws HTTP/1.1\r\nHost: web.test\r\nConnection: Upgrade\r\n"                    \
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                              \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define SWITCH                                                                         \
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"                      \
    "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

static const char policy[] = "allow:\n"
                             "  - web.test\n"
                             "  - tcp://db.test:5432\n"
                             "  - tcp://other.test:5433\n"
                             "  - { domain: sealed.test, inspect: false }\n";

static void
fixture_init(Front *f, const char *yaml)
{
    front_init_hosts(f, yaml,
                     "web.test:80 db.test:5432 other.test:5433 sealed.test:443");
}

static void
assert_passes(RigFlow *from, RigFlow *to, const char *text)
{
    rig_say(from, text);
    g_free(rig_hear(to, text));
}

static void
assert_reset(Front *f, BnsEvent event)
{
    bool is_broken;

    g_assert_true(rig_wait_closed(f->rig, f->flow.id));
    g_free(rig_hear_end(&f->origin, &is_broken));
    g_assert_true(is_broken);
    g_assert_cmpstr(rig_record(f->rig, event)->error, ==, BNS_RELOAD_ERROR);
}

/* --- requests --- */

static void
test_next_request(void)
{
    Front f;
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    const BnsRecord *record;

    fixture_init(&f, policy);
    f.flow = rig_open(f.rig, "web.test", 80);
    rig_say(&f.flow, GET);
    f.origin = rig_accept(f.listener);
    g_free(rig_hear(&f.origin, "\r\n\r\n"));
    /* It is under way: it finishes. */
    g_assert_cmpuint(rig_reload(f.rig, "deny: [web.test]\n"), ==, 0);
    rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    first = rig_hear_response(&f.flow, false);
    g_assert_true(g_str_has_suffix(first, "\r\n\r\nok"));
    second = rig_ask(&f.flow, GET);
    g_assert_true(g_str_has_prefix(second, "HTTP/1.1 403 "));

    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /x");
    record = rig_record(f.rig, BNS_EVENT_POLICY_RELOAD);
    g_assert_cmpstr(record->reason, ==, "test");
    g_assert_cmpuint(strlen(record->policy_digest), ==, 64);
    g_assert_cmpuint(strlen(record->policy_before), ==, 64);
    g_assert_cmpstr(record->policy_digest, !=, record->policy_before);
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 GET /x");
    g_assert_cmpstr(record->rule, ==, "/reloaded.yaml:1");
    front_clear(&f);
}

static void
test_wider(void)
{
    Front f;
    g_autofree char *refused = NULL;

    fixture_init(&f, "allow: [tcp://db.test:5432]\n");
    f.flow = rig_open(f.rig, "web.test", 80);
    refused = rig_ask(&f.flow, GET);
    g_assert_true(g_str_has_prefix(refused, "HTTP/1.1 403 "));
    g_assert_cmpuint(rig_reload(f.rig, policy), ==, 0);
    rig_say(&f.flow, GET);
    f.origin = rig_accept(f.listener);
    g_free(rig_hear(&f.origin, "\r\n\r\n"));
    front_clear(&f);
}

/* A thousand policies, and texts of one that is gone are in a record. */
static void
test_many(void)
{
    Front f;
    g_autofree char *answer = NULL;

    fixture_init(&f, policy);
    for (int i = 0; i < 1000; i++) {
        g_autofree char *yaml = g_strdup_printf(
            "deny: [ { domain: web.test, reason: \"number %d\" } ]\n", i);

        g_assert_cmpuint(rig_reload(f.rig, yaml), ==, 0);
    }
    f.flow = rig_open(f.rig, "web.test", 80);
    answer = rig_ask(&f.flow, GET);
    g_assert_nonnull(strstr(answer, "number 999"));
    front_clear(&f);
}

/* --- opaque flows --- */

static void
open_tcp(Front *f)
{
    fixture_init(f, policy);
    f->flow = rig_open(f->rig, "db.test", 5432);
    f->origin = rig_accept(f->listener);
    assert_passes(&f->flow, &f->origin, "before");
}

typedef struct {
    const char *name;
    const char *yaml;
    bool is_reset;
} After;

static const After tcp_cases[] = {
    { "same-rule", "allow: [tcp://db.test:5432]\n", false },
    { "another-rule", "allow: [tcp://*.test:5432]\n", false },
    { "no-rule", "allow: [web.test]\n", true },
    { "no-policy", "", true },
    { "deny", "allow: [tcp://db.test:5432]\ndeny: [db.test]\n", true },
    { "deny-of-its-address",
      "allow: [tcp://db.test:5432]\ndeny: [ { cidr: 127.0.0.0/8 } ]\n", true },
    { "deny-of-another-address",
      "allow: [tcp://db.test:5432]\ndeny: [ { cidr: 10.0.0.0/8 } ]\n", false },
    { "another-port", "allow: [tcp://db.test:5433]\n", true },
    { "inspected-now", "allow: [db.test:5432]\n", true },
};

static void
test_tcp(gconstpointer data)
{
    const After *after = data;
    Front f;

    open_tcp(&f);
    g_assert_cmpuint(rig_reload(f.rig, after->yaml), ==, after->is_reset);
    if (after->is_reset)
        assert_reset(&f, BNS_EVENT_TCP_CLOSE);
    else
        assert_passes(&f.origin, &f.flow, "after");
    front_clear(&f);
}

/* Those that stay do so whatever becomes of their neighbours. */
static void
test_many_flows(void)
{
    enum {
        N = 100
    };
    RigFlow flows[N], origins[N];
    Front f;

    fixture_init(&f, policy);
    for (int i = 0; i < N; i++) {
        flows[i] = i % 2 == 0 ? rig_open(f.rig, "db.test", 5432)
                              : rig_open(f.rig, "other.test", 5433);
        origins[i] = rig_accept(f.listener);
    }
    for (int round = 0; round < 10; round++)
        g_assert_cmpuint(rig_reload(f.rig, policy), ==, 0);
    g_assert_cmpuint(rig_reload(f.rig, "allow: [tcp://db.test:5432]\n"), ==, N / 2);
    for (int i = 0; i < N; i++) {
        if (i % 2 == 0)
            assert_passes(&flows[i], &origins[i], "still here");
        else
            g_assert_true(rig_wait_closed(f.rig, flows[i].id));
        rig_close(f.rig, &flows[i]);
        bns_fd_clear(&origins[i].fd);
    }
    front_clear(&f);
}

/* Accepted, but its stream has not come; refused before that is known. */
static void
test_accepted(void)
{
    Front f;
    uint64_t id;

    fixture_init(&f, policy);
    id = rig_offer(f.rig, "db.test", 5432);
    g_assert_cmpint(rig_verdict(f.rig, id), ==, BNS_WIRE_ACCEPT);
    f.origin = rig_accept(f.listener);
    g_assert_cmpuint(rig_reload(f.rig, "allow: [web.test]\n"), ==, 1);
    g_assert_false(rig_wait_closed(f.rig, id));
    g_assert_cmpstr(rig_record(f.rig, BNS_EVENT_FLOW_REFUSED)->reason, ==,
                    BNS_RELOAD_ERROR);
    front_clear(&f);
}

static void
test_dialled(void)
{
    Rig *rig = rig_new("allow: [tcp://silent.test:5432]\n", NULL, NULL);
    uint64_t id = rig_offer(rig, "silent.test", 5432);

    rig_sync(rig);
    g_assert_cmpuint(rig_reload(rig, "allow: [web.test]\n"), ==, 1);
    g_assert_cmpint(rig_verdict(rig, id), ==, BNS_WIRE_REFUSE);
    rig_free(rig);
}

/* --- WebSockets --- */

static const After websocket_cases[] = {
    { "same-rule", "allow: [web.test]\n", false },
    { "its-path", "allow: [\"GET web.test/ws\"]\n", false },
    { "another-path", "allow: [\"GET web.test/x\"]\n", true },
    { "no-rule", "allow: [db.test]\n", true },
    { "deny", "allow: [web.test]\ndeny: [web.test/ws]\n", true },
    { "deny-of-its-address", "allow: [web.test]\ndeny: [ { cidr: 127.0.0.0/8 } ]\n",
      true },
};

static void
test_websocket(gconstpointer data)
{
    const After *after = data;
    Front f;

    fixture_init(&f, policy);
    f.flow = rig_open(f.rig, "web.test", 80);
    rig_say(&f.flow, UPGRADE);
    f.origin = rig_accept(f.listener);
    g_free(rig_hear(&f.origin, "\r\n\r\n"));
    rig_say(&f.origin, SWITCH);
    g_free(rig_hear(&f.flow, "\r\n\r\n"));
    assert_passes(&f.flow, &f.origin, "before");
    g_assert_cmpuint(rig_reload(f.rig, after->yaml), ==, after->is_reset);
    if (after->is_reset)
        assert_reset(&f, BNS_EVENT_HTTP_RESPONSE);
    else
        assert_passes(&f.origin, &f.flow, "after");
    front_clear(&f);
}

/* Its 101 would open what the new policy does not allow. */
static void
test_websocket_asked(void)
{
    Front f;

    fixture_init(&f, policy);
    f.flow = rig_open(f.rig, "web.test", 80);
    rig_say(&f.flow, UPGRADE);
    f.origin = rig_accept(f.listener);
    g_free(rig_hear(&f.origin, "\r\n\r\n"));
    g_assert_cmpuint(rig_reload(f.rig, "allow: [db.test]\n"), ==, 1);
    assert_reset(&f, BNS_EVENT_HTTP_RESPONSE);
    front_clear(&f);
}

/* --- sealed flows --- */

static const After sealed_cases[] = {
    { "same-rule", "allow: [ { domain: sealed.test, inspect: false } ]\n", false },
    { "no-rule", "allow: [web.test]\n", true },
    { "inspected-now", "allow: [sealed.test]\n", true },
    { "deny",
      "allow: [ { domain: sealed.test, inspect: false } ]\ndeny: [sealed.test]\n",
      true },
};

static void
test_sealed(gconstpointer data)
{
    char name[] = "sealed.test"; /* OpenSSL's macro drops a const */
    const After *after = data;
    BnsTestCertSpec spec = { .names = "DNS:sealed.test" };
    BnsTestCert *authority = bns_test_cert_authority("Nobody's Authority");
    BnsTestCert *cert;
    BnsOrigin *origin;
    SSL_CTX *server, *client;
    g_autofree char *resolves = NULL;
    g_autofree char *before = NULL;
    Rig *rig;
    RigFlow flow;

    spec.issuer = authority;
    cert = bns_test_cert_new(&spec);
    server = bns_test_cert_server(cert, NULL);
    origin = bns_origin_new(server);
    resolves = g_strdup_printf("sealed.test:443:%u", bns_origin_port(origin));
    rig = rig_new(policy, resolves, NULL);
    flow = rig_open(rig, "sealed.test", 443);
    client = SSL_CTX_new(TLS_client_method());
    flow.ssl = SSL_new(client);
    SSL_set_tlsext_host_name(flow.ssl, name);
    SSL_set_fd(flow.ssl, flow.fd);
    g_assert_cmpint(SSL_connect(flow.ssl), ==, 1);
    before = rig_ask(&flow, "GET /hello HTTP/1.1\r\nHost: sealed.test\r\n\r\n");
    g_assert_cmpuint(rig_reload(rig, after->yaml), ==, after->is_reset);
    if (after->is_reset) {
        g_assert_true(rig_wait_closed(rig, flow.id));
        g_assert_cmpstr(rig_record(rig, BNS_EVENT_TCP_CLOSE)->error, ==,
                        BNS_RELOAD_ERROR);
    } else {
        g_free(rig_ask(&flow, "GET /hello HTTP/1.1\r\nHost: sealed.test\r\n\r\n"));
    }
    rig_close(rig, &flow);
    rig_free(rig);
    bns_origin_free(origin);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    bns_test_cert_free(cert);
    bns_test_cert_free(authority);
}

/* --- the process --- */

/* Locked down it may read no file, and makes a policy of what it is given. */
static void
test_locked_down(void)
{
    Rig *rig = rig_new_process(policy, NULL, NULL);
    g_autoptr(GString) large = g_string_new("allow:\n");
    g_autofree char *answer = NULL;
    RigFlow flow;

    while (large->len < 1000 * 1000)
        g_string_append_printf(large, "  - host-%zu.test/some/path/*\n", large->len);
    g_assert_cmpuint(rig_reload(rig, large->str), ==, 0);
    g_assert_cmpuint(rig_reload(rig, "extends: [preset:npm]\n"), ==, 0);
    g_assert_cmpuint(
        rig_reload(rig, "deny: [ { domain: web.test, reason: \"not today\" } ]\n"), ==,
        0);
    flow = rig_open(rig, "web.test", 80);
    answer = rig_ask(&flow, GET);
    g_assert_nonnull(strstr(answer, "not today"));
    rig_close(rig, &flow);
    rig_free(rig);
}

/* What is no policy ends the gateway: the supervisor has seen that it is one. */
static void
test_broken(void)
{
    Rig *rig = rig_new(policy, NULL, NULL);

    rig_reload_bytes(rig, "no policy", strlen("no policy"));
    rig_free_failed(rig);
}

static void
add(const char *group, const After *cases, size_t n, void (*func)(gconstpointer))
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *path =
            g_strconcat("/gateway/reload/", group, "/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], func);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/reload/decides-the-next-request", test_next_request);
    bns_test_add("/gateway/reload/allows-the-next-request", test_wider);
    bns_test_add("/gateway/reload/a-thousand-times", test_many);
    add("tcp", tcp_cases, G_N_ELEMENTS(tcp_cases), test_tcp);
    bns_test_add("/gateway/reload/tcp/a-hundred-flows", test_many_flows);
    bns_test_add("/gateway/reload/tcp/not-yet-streamed", test_accepted);
    bns_test_add("/gateway/reload/tcp/being-dialled", test_dialled);
    add("websocket", websocket_cases, G_N_ELEMENTS(websocket_cases), test_websocket);
    bns_test_add("/gateway/reload/websocket/not-yet-answered", test_websocket_asked);
    add("sealed", sealed_cases, G_N_ELEMENTS(sealed_cases), test_sealed);
    bns_test_add("/gateway/reload/locked-down", test_locked_down);
    bns_test_add("/gateway/reload/what-is-no-policy", test_broken);
    return g_test_run();
}
