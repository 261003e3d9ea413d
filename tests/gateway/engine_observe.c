/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway of a policy that observes: what the rules refuse passes, is recorded before
 * it leaves, and is what it is, whoever speaks first; and what is still refused.
 */
#include "base/fd.h"
#include "netstack/gateway/engine.h"
#include "tests/gateway/engine_front.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char policy[] = "mode: observe\n"
                             "allow:\n"
                             "  - GET web.test/ok\n"
                             "  - tcp://db.test:5432\n"
                             "deny:\n"
                             "  - { domain: web.test, path: /denied, reason: ours }\n"
                             "  - tcp://db.test:5432\n";

static void
fixture_init_with(Front *f, const char *yaml)
{
    front_init_hosts(f, yaml,
                     "web.test:80 plain.test:80 plain.test:443 db.test:5432 "
                     "any.test:2222");
}

static void
fixture_init(Front *f)
{
    fixture_init_with(f, policy);
}

/* What the record says of an opaque connection to @host that passed. */
static void
expect_open(Front *f, const char *host, uint16_t port)
{
    const BnsRecord *record = rig_expect(f->rig, BNS_EVENT_TCP_OPEN, "would 0 - -");

    g_assert_cmpstr(record->host, ==, host);
    g_assert_cmpuint(record->port, ==, port);
    g_assert_cmpstr(record->scheme, ==, "tcp");
    g_assert_cmpstr(record->addr, ==, "127.0.0.1");
    g_assert_cmpstr(record->reason, ==, "no tcp rule allows this host and port");
    g_assert_null(record->rule);
}

/* --- requests --- */

typedef struct {
    const char *name;
    const char *host;
    uint16_t port;
    const char *request; /* "GET /path" */
    const char *record;
    const char *reason;
    const char *rule_end; /* NULL: none */
} Request;

static const Request requests[] = {
    { "allowed", "web.test", 80, "GET /ok", "allow 0 GET /ok", "an allow rule matches",
      ":3" },
    { "another-path", "web.test", 80, "GET /no", "would 0 GET /no",
      "no rule for this host allows this path", NULL },
    { "another-method", "web.test", 80, "PUT /ok", "would 0 PUT /ok",
      "no rule for this host allows this method", NULL },
    { "denied", "web.test", 80, "GET /denied", "would 0 GET /denied", "ours", ":6" },
    { "another-host", "any.test", 2222, "GET /x", "would 0 GET /x",
      "no rule allows this host", NULL },
};

static void
test_request(gconstpointer data)
{
    const Request *row = data;
    Front f;
    const BnsRecord *record;
    g_autofree char *heard = NULL;
    g_autofree char *begin = g_strconcat(row->request, " HTTP/1.1\r\n", NULL);
    g_autofree char *port =
        row->port == 80 ? g_strdup("") : g_strdup_printf(":%u", row->port);
    g_autofree char *request =
        g_strdup_printf("%sHost: %s%s\r\n\r\n", begin, row->host, port);

    fixture_init(&f);
    f.flow = rig_open(f.rig, row->host, row->port);
    rig_hold_recorder(f.rig);
    rig_say(&f.flow, request);
    /* The record comes first. */
    rig_wait_held(f.rig);
    f.origin = rig_accept(f.listener);
    g_assert_cmpint(recv(f.origin.fd, (char[1]){ 0 }, 1, MSG_DONTWAIT), ==, -1);
    rig_release_recorder(f.rig);
    heard = rig_hear(&f.origin, "\r\n\r\n");
    g_assert_true(g_str_has_prefix(heard, begin));
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, row->record);
    g_assert_cmpstr(record->host, ==, row->host);
    g_assert_cmpuint(record->port, ==, row->port);
    g_assert_cmpstr(record->scheme, ==, "http");
    g_assert_cmpstr(record->reason, ==, row->reason);
    if (row->rule_end != NULL)
        g_assert_true(g_str_has_suffix(record->rule, row->rule_end));
    else
        g_assert_null(record->rule);
    rig_say(&f.origin, "HTTP/1.1 204 No Content\r\n\r\n");
    g_free(rig_hear_response(&f.flow, false));
    g_assert_nonnull(rig_record(f.rig, BNS_EVENT_HTTP_RESPONSE));
    front_clear(&f);
}

/* --- neither TLS nor HTTP --- */

static void
converse(Front *f)
{
    g_autofree char *heard = NULL;
    g_autofree char *answer = NULL;

    rig_say(&f->flow, "ping");
    heard = rig_hear(&f->origin, "ping");
    rig_say(&f->origin, "pong");
    answer = rig_hear(&f->flow, "pong");
    rig_say_end(&f->flow);
    g_free(rig_hear_end(&f->origin, NULL));
    bns_fd_clear(&f->origin.fd);
    g_free(rig_hear_end(&f->flow, NULL));
}

static void
expect_close(Front *f, uint64_t sent, uint64_t received)
{
    const BnsRecord *record;

    g_assert_true(f->flow.fd < 0 || (rig_close(f->rig, &f->flow), true));
    f->flow.fd = -1;
    record = rig_record(f->rig, BNS_EVENT_TCP_CLOSE);
    g_assert_cmpuint(record->bytes_sent, ==, sent);
    g_assert_cmpuint(record->bytes_received, ==, received);
}

static void
test_server_first(void)
{
    Front f;
    g_autofree char *banner = NULL;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    rig_say(&f.origin, "220 mail ready\r\n");
    banner = rig_hear(&f.flow, "\r\n");
    g_assert_cmpstr(banner, ==, "220 mail ready\r\n");
    expect_open(&f, "any.test", 2222);
    converse(&f);
    g_assert_true(rig_nobody_came(f.listener));
    expect_close(&f, 4, strlen("220 mail ready\r\npong"));
    front_clear(&f);
}

static void
test_server_first_before_stream(void)
{
    Front f;
    uint64_t id;
    g_autofree char *banner = NULL;

    fixture_init(&f);
    id = rig_offer(f.rig, "any.test", 2222);
    g_assert_cmpint(rig_verdict(f.rig, id), ==, BNS_WIRE_ACCEPT);
    f.origin = rig_accept(f.listener);
    rig_say(&f.origin, "hello\n");
    rig_sync(f.rig);
    f.flow = rig_stream(f.rig, id);
    banner = rig_hear(&f.flow, "hello\n");
    expect_open(&f, "any.test", 2222);
    converse(&f);
    front_clear(&f);
}

/* @host's @port, what the client says, and whether it takes time to be told from HTTP. */
typedef struct {
    const char *name;
    const char *host;
    uint16_t port;
    const char *bytes;
    bool is_begun;
} First;

static const First firsts[] = {
    { "binary", "any.test", 2222, "\x03\x01\x02", false },
    { "ssh", "any.test", 2222, "SSH-2.0-x\r\n", false },
    { "a-word", "any.test", 2222, "HELLO", true },
    { "one-byte-of-tls", "any.test", 2222, "\x16", true },
    { "binary-on-80", "plain.test", 80, "\x03\x01\x02", false },
    { "binary-on-443", "plain.test", 443, "\x03\x01\x02", false },
    { "a-word-on-80", "plain.test", 80, "HELLO", true },
};

static void
test_client_first(gconstpointer data)
{
    const First *first = data;
    Front f;
    g_autofree char *heard = NULL;

    fixture_init(&f);
    f.flow = rig_open(f.rig, first->host, first->port);
    rig_say(&f.flow, first->bytes);
    if (first->is_begun) {
        rig_sync(f.rig);
        rig_advance(f.rig, 4);
    }
    f.origin = rig_accept(f.listener);
    heard = rig_hear(&f.origin, first->bytes);
    expect_open(&f, first->host, first->port);
    converse(&f);
    g_assert_true(rig_nobody_came(f.listener));
    expect_close(&f, strlen(first->bytes) + 4, 4);
    front_clear(&f);
}

/* A request in two parts is no other protocol. */
static void
test_slow_method(void)
{
    Front f;
    g_autofree char *heard = NULL;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    rig_say(&f.flow, "GE");
    rig_sync(f.rig);
    rig_advance(f.rig, 2);
    rig_say(&f.flow, "T /x HTTP/1.1\r\nHost: any.test:2222\r\n\r\n");
    f.origin = rig_accept(f.listener);
    heard = rig_hear(&f.origin, "\r\n\r\n");
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "would 0 GET /x");
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_TCP_OPEN, 0), ==, 0);
    front_clear(&f);
}

/* A client that looks whether somebody listens, and goes. */
static void
test_nothing_said(void)
{
    Front f;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    rig_say_end(&f.flow);
    expect_open(&f, "any.test", 2222);
    g_free(rig_hear_end(&f.origin, NULL));
    bns_fd_clear(&f.origin.fd);
    expect_close(&f, 0, 0);
    front_clear(&f);
}

static void
test_nothing_said_and_reset(void)
{
    Front f;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    rig_sync(f.rig);
    rig_reset(f.rig, f.flow.id);
    expect_open(&f, "any.test", 2222);
    expect_close(&f, 0, 0);
    front_clear(&f);
}

/* Both wait: neither is cut off. */
static void
test_both_silent(void)
{
    Front f;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    rig_sync(f.rig);
    rig_advance(f.rig, 61);
    expect_open(&f, "any.test", 2222);
    converse(&f);
    front_clear(&f);
}

/* A server that ends without a word: its client sees that. */
static void
test_server_ends(void)
{
    Front f;
    bool is_broken;
    g_autofree char *heard = NULL;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    bns_fd_clear(&f.origin.fd);
    heard = rig_hear_end(&f.flow, &is_broken);
    g_assert_cmpstr(heard, ==, "");
    g_assert_false(is_broken);
    expect_open(&f, "any.test", 2222);
    front_clear(&f);
}

/* A tcp rule makes it opaque before its first byte, though a deny rule would refuse it. */
static void
test_denied_tcp(void)
{
    Front f;
    const BnsRecord *record;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "db.test", 5432);
    f.origin = rig_accept(f.listener);
    record = rig_expect(f.rig, BNS_EVENT_TCP_OPEN, "would 0 - -");
    g_assert_true(g_str_has_suffix(record->rule, ":7"));
    rig_say(&f.flow, "GET / HTTP/1.1\r\nHost: db.test:5432\r\n\r\n");
    g_free(rig_hear(&f.origin, "\r\n\r\n"));
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_HTTP_REQUEST, 0), ==, 0);
    front_clear(&f);
}

static void
test_unrecorded(void)
{
    Front f;
    bool is_broken;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    rig_break_recorder(f.rig);
    rig_say(&f.flow, "\x01\x02");
    g_free(rig_hear_end(&f.origin, &is_broken));
    rig_free_failed(f.rig);
    bns_fd_clear(&f.origin.fd);
    bns_fd_clear(&f.flow.fd);
    bns_fd_clear(&f.listener);
}

/* --- what is refused --- */

typedef struct {
    const char *name;
    const char *host;
    uint16_t port;
    BnsWireVerdict verdict;
    const char *reason; /* in it, or in its error */
} Refused;

static const Refused refused[] = {
    { "a-private-address-behind-a-name", "private.test", 22, BNS_WIRE_REFUSE,
      "private network" },
    { "the-host", "loop.test", 22, BNS_WIRE_REFUSE, "loopback" },
    { "a-metadata-service", "169.254.169.254", 8080, BNS_WIRE_REFUSE, "link-local" },
    { "a-reserved-name", "host.boundary.internal", 22, BNS_WIRE_REFUSE, "reserved" },
};

static void
test_refused(gconstpointer data)
{
    const Refused *row = data;
    Front f;
    uint64_t id;
    const BnsRecord *record;

    fixture_init(&f);
    id = rig_offer(f.rig, row->host, row->port);
    g_assert_cmpint(rig_verdict(f.rig, id), ==, row->verdict);
    record = rig_record(f.rig, BNS_EVENT_FLOW_REFUSED);
    g_assert_cmpint(record->decision, ==, BNS_DECIDED_DENY);
    g_assert_nonnull(strstr(record->reason, row->reason));
    front_clear(&f);
}

static void
test_unknown_name(void)
{
    Front f;
    uint64_t id;

    fixture_init(&f);
    id = rig_offer(f.rig, "nowhere.test", 22);
    g_assert_cmpint(rig_verdict(f.rig, id), ==, BNS_WIRE_UNREACHABLE);
    g_assert_nonnull(rig_record(f.rig, BNS_EVENT_UPSTREAM_ERROR));
    front_clear(&f);
}

typedef struct {
    const char *name;
    const char *host;
    const char *request;
    const char *record;
    const char *status;
} Answered;

static const Answered answered[] = {
    { "a-private-address", "private.test",
      "GET / HTTP/1.1\r\nHost: private.test\r\n\r\n", "deny 403 GET /",
      "HTTP/1.1 403 " },
    { "malformed", "web.test", "GET /%00 HTTP/1.1\r\nHost: web.test\r\n\r\n",
      "deny 400 GET /%00", "HTTP/1.1 400 " },
    { "another-port-in-its-host", "web.test",
      "GET / HTTP/1.1\r\nHost: web.test:8080\r\n\r\n", "deny 400 GET /",
      "HTTP/1.1 400 " },
    { "a-reserved-name", "web.test", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "deny 403 GET /", "HTTP/1.1 403 " },
};

static void
test_answered(gconstpointer data)
{
    const Answered *row = data;
    Front f;
    g_autofree char *response = NULL;

    fixture_init(&f);
    f.flow = rig_open(f.rig, row->host, 80);
    response = rig_ask(&f.flow, row->request);
    g_assert_true(g_str_has_prefix(response, row->status));
    rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, row->record);
    g_assert_true(rig_nobody_came(f.listener));
    front_clear(&f);
}

/* --- deny rules about addresses --- */

typedef struct {
    const char *name;
    const char *deny;
    const char *record;
    const char *addr;
} Address;

/* second.test is 127.0.0.2, where nobody listens, and 127.0.0.1. */
static const Address addresses[] = {
    { "the-other-one-is-dialled", "127.0.0.2/32", "allow 0 GET /", "127.0.0.1" },
    { "all-of-them", "127.0.0.0/8", "would 0 GET /", "127.0.0.1" },
};

static void
test_address(gconstpointer data)
{
    const Address *row = data;
    Front f = { .flow.fd = -1, .origin.fd = -1 };
    const BnsRecord *record;
    uint16_t port;
    g_autofree char *yaml = NULL;
    g_autofree char *request = NULL;

    f.listener = rig_listen(&port);
    yaml = g_strdup_printf(
        "mode: observe\nallow: [{ domain: second.test, private: true, port: %u }]\n"
        "deny: [{ cidr: %s }]\n",
        port, row->deny);
    request = g_strdup_printf("GET / HTTP/1.1\r\nHost: second.test:%u\r\n\r\n", port);
    f.rig = rig_new(yaml, NULL, NULL);
    f.flow = rig_open(f.rig, "second.test", port);
    rig_say(&f.flow, request);
    f.origin = rig_accept(f.listener);
    g_free(rig_hear(&f.origin, "\r\n\r\n"));
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, row->record);
    g_assert_cmpstr(record->addr, ==, row->addr);
    g_assert_true(g_str_has_suffix(
        record->rule, record->decision == BNS_DECIDED_ALLOW ? ":2" : ":3"));
    front_clear(&f);
}

/* --- reload --- */

static void
test_reload(void)
{
    Front f;
    bool is_broken;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    rig_say(&f.flow, "\x01\x02");
    g_free(rig_hear(&f.origin, "\x01\x02"));
    expect_open(&f, "any.test", 2222);
    g_assert_cmpuint(rig_reload(f.rig, "mode: observe\nallow: [web.test]\n"), ==, 0);
    rig_say(&f.origin, "still here");
    g_free(rig_hear(&f.flow, "still here"));
    g_assert_cmpuint(rig_reload(f.rig, "allow: [web.test]\n"), ==, 1);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_true(is_broken);
    front_clear(&f);
}

#define ADD(rows, path, test)                                                          \
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {                                  \
        g_autofree char *name = g_strconcat(path, rows[i].name, NULL);                 \
                                                                                       \
        bns_test_add_data(name, &rows[i], test);                                       \
    }

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    ADD(requests, "/gateway/observe/request/", test_request);
    bns_test_add("/gateway/observe/server-first", test_server_first);
    bns_test_add("/gateway/observe/server-first-before-the-stream",
                 test_server_first_before_stream);
    ADD(firsts, "/gateway/observe/client-first/", test_client_first);
    bns_test_add("/gateway/observe/a-method-in-two-parts", test_slow_method);
    bns_test_add("/gateway/observe/a-client-that-says-nothing", test_nothing_said);
    bns_test_add("/gateway/observe/a-client-that-resets", test_nothing_said_and_reset);
    bns_test_add("/gateway/observe/both-are-silent", test_both_silent);
    bns_test_add("/gateway/observe/a-server-that-says-nothing", test_server_ends);
    bns_test_add("/gateway/observe/tcp-that-is-denied", test_denied_tcp);
    bns_test_add("/gateway/observe/what-cannot-be-recorded-does-not-leave",
                 test_unrecorded);
    ADD(refused, "/gateway/observe/refused/", test_refused);
    bns_test_add("/gateway/observe/a-name-that-nobody-has", test_unknown_name);
    ADD(answered, "/gateway/observe/answered/", test_answered);
    ADD(addresses, "/gateway/observe/denied-address/", test_address);
    bns_test_add("/gateway/observe/reload", test_reload);
    return g_test_run();
}
