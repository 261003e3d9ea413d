/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows: offers and verdicts, opaque TCP, first bytes, and resets in every state.
 */
#include "base/fd.h"
#include "netstack/gateway/engine.h"
#include "tests/gateway/engine_front.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char policy[] = "allow:\n"
                             "  - web.test\n"
                             "  - silent.test\n"
                             "  - tcp://db.test:5432\n"
                             "  - tcp://nowhere.test:5432\n"
                             "  - tcp://silent.test:5432\n"
                             "  - tcp://private.test:5432\n"
                             "  - tcp://169.254.169.254:5432\n"
                             "  - domain=any.test\n"
                             "limits: { flows: 8 }\n";

static void
fixture_init(Front *f)
{
    front_init_hosts(f, policy, "web.test:80 db.test:5432 any.test:2222");
}

/* --- offers --- */

typedef struct {
    const char *name;
    const char *host;
    uint16_t port;
    BnsWireVerdict verdict;
    BnsEvent event;  /* that is recorded */
    const char *why; /* in its reason or error */
} Offer;

static const Offer offers[] = {
    { "no-rule", "other.test", 443, BNS_WIRE_ACCEPT, BNS_N_EVENTS, NULL },
    { "no-rule-on-another-port", "other.test", 22, BNS_WIRE_REFUSE,
      BNS_EVENT_FLOW_REFUSED, "rule" },
    { "address-on-another-port", "93.184.216.34", 22, BNS_WIRE_REFUSE,
      BNS_EVENT_FLOW_REFUSED, "rule" },
    { "localhost", "localhost", 80, BNS_WIRE_REFUSE, BNS_EVENT_FLOW_REFUSED,
      "reserved" },
    { "ours", "host.boundary.internal", 80, BNS_WIRE_REFUSE, BNS_EVENT_FLOW_REFUSED,
      "reserved" },
    { "tcp-guarded-name", "private.test", 5432, BNS_WIRE_REFUSE, BNS_EVENT_FLOW_REFUSED,
      "private network" },
    { "tcp-guarded-address", "169.254.169.254", 5432, BNS_WIRE_REFUSE,
      BNS_EVENT_FLOW_REFUSED, "link-local" },
    { "tcp-unknown-name", "nowhere.test", 5432, BNS_WIRE_UNREACHABLE,
      BNS_EVENT_UPSTREAM_ERROR, "could not be resolved" },
};

static void
test_offer(gconstpointer data)
{
    const Offer *offer = data;
    Front f;
    uint64_t id;

    fixture_init(&f);
    id = rig_offer(f.rig, offer->host, offer->port);
    g_assert_cmpint(rig_verdict(f.rig, id), ==, offer->verdict);
    if (offer->event != BNS_N_EVENTS) {
        const BnsRecord *record = rig_record(f.rig, offer->event);
        const char *why = record->error != NULL ? record->error : record->reason;

        g_assert_cmpstr(record->host, ==, offer->host);
        g_assert_cmpuint(record->port, ==, offer->port);
        g_assert_cmpuint(record->flow, ==, id);
        if (strstr(why, offer->why) == NULL)
            g_error("the reason is: %s", why);
    }
    if (offer->verdict == BNS_WIRE_ACCEPT)
        f.flow = rig_stream(f.rig, id);
    front_clear(&f);
}

static void
test_tcp_timeout(void)
{
    Front f;
    uint64_t id;

    fixture_init(&f);
    id = rig_offer(f.rig, "silent.test", 5432);
    rig_advance(f.rig, 31);
    g_assert_cmpint(rig_verdict(f.rig, id), ==, BNS_WIRE_TIMEOUT);
    front_clear(&f);
}

static void
test_tcp_refused(void)
{
    Front f;

    fixture_init(&f);
    rig_stop_listening(&f.listener);
    g_assert_cmpint(rig_verdict(f.rig, rig_offer(f.rig, "db.test", 5432)), ==,
                    BNS_WIRE_REFUSE);
    rig_record(f.rig, BNS_EVENT_UPSTREAM_ERROR);
    g_assert_cmpuint(rig_count(f.rig, BNS_EVENT_TCP_OPEN, 0), ==, 0);
    front_clear(&f);
}

static void
test_too_many(void)
{
    Front f;
    uint64_t ids[8];

    fixture_init(&f);
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        ids[i] = rig_offer(f.rig, "web.test", 80);
        g_assert_cmpint(rig_verdict(f.rig, ids[i]), ==, BNS_WIRE_ACCEPT);
    }
    g_assert_cmpint(rig_verdict(f.rig, rig_offer(f.rig, "web.test", 80)), ==,
                    BNS_WIRE_REFUSE);
    g_assert_nonnull(
        strstr(rig_record(f.rig, BNS_EVENT_FLOW_REFUSED)->reason, "limits.flows"));
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        rig_reset(f.rig, ids[i]);
        rig_wait_closed(f.rig, ids[i]);
    }
    front_clear(&f);
}

/* --- opaque TCP --- */

static void
open_tcp(Front *f)
{
    fixture_init(f);
    f->flow = rig_open(f->rig, "db.test", 5432);
    f->origin = rig_accept(f->listener);
}

static void
test_tcp(void)
{
    Front f;
    const BnsRecord *record;
    bool is_broken;

    open_tcp(&f);
    record = rig_expect(f.rig, BNS_EVENT_TCP_OPEN, "allow 0 - -");
    g_assert_cmpstr(record->scheme, ==, "tcp");
    g_assert_cmpstr(record->addr, ==, "127.0.0.1");
    rig_say(&f.origin, "220 hello\r\n");
    g_free(rig_hear(&f.flow, "220 hello\r\n"));
    rig_say_bytes(&f.flow, "\0\1\2question", 11);
    g_free(rig_hear(&f.origin, "question"));
    rig_say_end(&f.flow);
    g_free(rig_hear_end(&f.origin, &is_broken));
    g_assert_false(is_broken);
    /* The other direction goes on. */
    rig_say(&f.origin, "answer");
    g_free(rig_hear(&f.flow, "answer"));
    rig_say_end(&f.origin);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_false(is_broken);
    g_assert_false(rig_wait_closed(f.rig, f.flow.id));
    record = rig_record(f.rig, BNS_EVENT_TCP_CLOSE);
    g_assert_cmpuint(record->bytes_sent, ==, 11);
    g_assert_cmpuint(record->bytes_received, ==, 11 + 6);
    g_assert_cmpstr(record->error, ==, NULL);
    front_clear(&f);
}

static void
test_tcp_broken_upstream(void)
{
    Front f;
    bool is_broken;

    open_tcp(&f);
    rig_say(&f.origin, "abc");
    g_free(rig_hear(&f.flow, "abc"));
    front_end_origin(&f, true);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_true(is_broken);
    g_assert_true(rig_wait_closed(f.rig, f.flow.id));
    g_assert_nonnull(rig_record(f.rig, BNS_EVENT_TCP_CLOSE)->error);
    front_clear(&f);
}

static void
test_tcp_reset(void)
{
    Front f;
    bool is_broken;

    open_tcp(&f);
    rig_say(&f.flow, "abc");
    g_free(rig_hear(&f.origin, "abc"));
    rig_reset(f.rig, f.flow.id);
    g_free(rig_hear_end(&f.origin, &is_broken));
    g_assert_true(is_broken);
    g_assert_nonnull(rig_record(f.rig, BNS_EVENT_TCP_CLOSE)->error);
    front_clear(&f);
}

/* The server has spoken and gone before the command's handshake ended. */
static void
test_tcp_short(void)
{
    Front f;
    uint64_t id;
    bool is_broken;
    g_autofree char *heard = NULL;

    fixture_init(&f);
    id = rig_offer(f.rig, "db.test", 5432);
    rig_verdict(f.rig, id);
    f.origin = rig_accept(f.listener);
    rig_say(&f.origin, "bye");
    bns_fd_clear(&f.origin.fd);
    rig_sync(f.rig);
    f.flow = rig_stream(f.rig, id);
    heard = rig_hear_end(&f.flow, &is_broken);
    g_assert_cmpstr(heard, ==, "bye");
    g_assert_false(is_broken);
    front_clear(&f);
}

static void
test_tcp_dead(void)
{
    Front f;
    uint64_t id;
    bool is_broken;

    fixture_init(&f);
    id = rig_offer(f.rig, "db.test", 5432);
    rig_verdict(f.rig, id);
    f.origin = rig_accept(f.listener);
    front_end_origin(&f, true);
    rig_sync(f.rig);
    f.flow = rig_stream(f.rig, id);
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_true(is_broken);
    front_clear(&f);
}

/* --- first bytes --- */

typedef struct {
    const char *name;
    const char *bytes;
    bool is_refused; /* else it is silence that ends the flow */
} First;

static const First firsts[] = {
    { "ssh", "SSH-2.0-OpenSSH_9.2p1\r\n", true },
    { "smtp", "\r\n", true },
    { "binary", "\x03\x01\x02", true },
    { "silence", "", false },
    { "half-a-method", "GE", false },
    { "half-a-tls-record", "\x16\x03", false },
};

static void
test_first_bytes(gconstpointer data)
{
    const First *first = data;
    Front f;
    bool is_broken;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "web.test", 80);
    rig_say(&f.flow, first->bytes);
    if (first->is_refused) {
        const BnsRecord *record = rig_record(f.rig, BNS_EVENT_FLOW_REFUSED);

        g_assert_cmpstr(record->error, ==, "neither TLS nor HTTP");
        g_assert_cmpint(record->decision, ==, BNS_DECIDED_DENY);
    } else {
        rig_advance(f.rig, 61);
    }
    g_free(rig_hear_end(&f.flow, &is_broken));
    g_assert_cmpint(is_broken, ==, first->is_refused);
    rig_say_end(&f.flow);
    g_assert_cmpint(rig_wait_closed(f.rig, f.flow.id), ==, first->is_refused);
    g_assert_true(rig_nobody_came(f.listener));
    front_clear(&f);
}

/* A rule without a port: the upstream is dialled before the client speaks. */
static void
test_dialled_ahead(void)
{
    Front f;
    g_autofree char *request = NULL;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    rig_say(&f.flow, "GET / HTTP/1.1\r\nHost: any.test:2222\r\n\r\n");
    request = rig_hear(&f.origin, "\r\n\r\n");
    g_assert_nonnull(strstr(request, "Host: any.test:2222\r\n"));
    g_assert_true(rig_nobody_came(f.listener));
    front_clear(&f);
}

static void
test_server_first(void)
{
    Front f;
    bool is_broken;
    g_autofree char *heard = NULL;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    rig_say(&f.origin, "SSH-2.0-OpenSSH_9.2p1\r\n");
    heard = rig_hear_end(&f.flow, &is_broken);
    g_assert_cmpstr(heard, ==, "");
    g_assert_true(is_broken);
    g_assert_nonnull(
        strstr(rig_record(f.rig, BNS_EVENT_FLOW_REFUSED)->error, "speaks first"));
    front_clear(&f);
}

/* A server that closes while the client thinks is dialled again. */
static void
test_ahead_closed(void)
{
    Front f;

    fixture_init(&f);
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    bns_fd_clear(&f.origin.fd);
    rig_sync(f.rig);
    rig_say(&f.flow, "GET / HTTP/1.1\r\nHost: any.test:2222\r\n\r\n");
    f.origin = rig_accept(f.listener);
    g_free(rig_hear(&f.origin, "\r\n\r\n"));
    front_clear(&f);
}

/* It spoke before netstack had the stream to pass: there is nothing to reset. */
static void
test_server_first_before_stream(void)
{
    Front f;
    uint64_t id;
    int pair[2];
    BnsWire message = { .type = BNS_WIRE_STREAM };
    char byte;

    fixture_init(&f);
    id = rig_offer(f.rig, "any.test", 2222);
    rig_verdict(f.rig, id);
    f.origin = rig_accept(f.listener);
    rig_say(&f.origin, "SSH-2.0-OpenSSH_9.2p1\r\n");
    g_assert_false(rig_wait_closed(f.rig, id));
    /* The stream crosses CLOSED, and is closed. */
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    message.flow = id;
    rig_send(f.rig, &message, pair[1]);
    close(pair[1]);
    g_assert_cmpint(read(pair[0], &byte, 1), ==, 0);
    close(pair[0]);
    front_clear(&f);
}

/* Its descriptor found no room on the way: that flow ends, and no other. */
static void
test_stream_lost(void)
{
    Front f;
    RigFlow lost;
    uint64_t id;

    fixture_init(&f);
    id = rig_offer(f.rig, "web.test", 80);
    g_assert_cmpint(rig_verdict(f.rig, id), ==, BNS_WIRE_ACCEPT);
    lost = rig_lost_stream(f.rig, id);
    g_assert_true(rig_wait_closed(f.rig, id));
    close(lost.fd);
    g_assert_nonnull(
        strstr(rig_record(f.rig, BNS_EVENT_FLOW_REFUSED)->reason, "descriptor"));
    f.flow = rig_open(f.rig, "any.test", 2222);
    f.origin = rig_accept(f.listener);
    front_clear(&f);
}

/* --- resets --- */

/* Brings a flow into a state. */
static void
reach_dial(Front *f)
{
    f->flow = rig_open(f->rig, "web.test", 80);
    rig_say(&f->flow, "GET / HTTP/1.1\r\nHost: silent.test\r\n\r\n");
}

static void
reach_hello(Front *f)
{
    /* The beginning of a ClientHello is enough for HANDSHAKE. */
    f->flow = rig_open(f->rig, "silent.test", 443);
    rig_say_bytes(&f->flow, "\x16\x03\x01\x02\x00\x01", 6);
}

static void
reach_accepted(Front *f)
{
    f->flow.id = rig_offer(f->rig, "web.test", 80);
    rig_verdict(f->rig, f->flow.id);
}

static void
reach_sniff(Front *f)
{
    f->flow = rig_open(f->rig, "web.test", 80);
    rig_say(&f->flow, "GE");
}

static void
reach_head(Front *f)
{
    f->flow = rig_open(f->rig, "web.test", 80);
    rig_say(&f->flow, "GET / HTTP/1.1\r\n");
}

static void
reach_relay(Front *f)
{
    f->flow = rig_open(f->rig, "web.test", 80);
    rig_say(&f->flow, "GET / HTTP/1.1\r\nHost: web.test\r\n\r\n");
    f->origin = rig_accept(f->listener);
    g_free(rig_hear(&f->origin, "\r\n\r\n"));
}

static void
reach_rest(Front *f)
{
    f->flow = rig_open(f->rig, "web.test", 80);
    g_free(rig_ask(&f->flow, "POST / HTTP/1.1\r\nHost: other.test\r\n"
                             "Content-Length: 9\r\n\r\nabc"));
}

static void
reach_linger(Front *f)
{
    f->flow = rig_open(f->rig, "web.test", 80);
    g_free(rig_ask(&f->flow, "GET / HTTP/1.0\r\n\r\n"));
}

static void
reach_tunnel(Front *f)
{
    f->flow = rig_open(f->rig, "db.test", 5432);
    f->origin = rig_accept(f->listener);
}

typedef struct {
    const char *name;
    void (*reach)(Front *f);
} Reach;

static const Reach reaches[] = {
    { "accepted", reach_accepted }, { "sniff", reach_sniff },
    { "handshake", reach_hello },   { "head", reach_head },
    { "dial", reach_dial },         { "relay", reach_relay },
    { "tunnel", reach_tunnel },     { "rest", reach_rest },
    { "linger", reach_linger },
};

static void
test_reset(gconstpointer data)
{
    const Reach *row = data;
    Front f;

    fixture_init(&f);
    row->reach(&f);
    /* netstack's RESET, twice: the second meets no flow any more. */
    rig_reset(f.rig, f.flow.id);
    rig_wait_closed(f.rig, f.flow.id);
    rig_reset(f.rig, f.flow.id);
    if (f.flow.fd == 0)
        f.flow.fd = -1;
    front_clear(&f);
}

/* The engine ends while flows are in that state: all is let go of. */
static void
test_end(gconstpointer data)
{
    const Reach *row = data;
    Front f;

    fixture_init(&f);
    row->reach(&f);
    rig_free_early(f.rig);
    if (f.flow.fd > 0)
        close(f.flow.fd);
    bns_fd_clear(&f.origin.fd);
    bns_fd_clear(&f.listener);
}

static void
test_accepted_for_ever(void)
{
    Front f;

    fixture_init(&f);
    reach_accepted(&f);
    rig_advance(f.rig, 91);
    g_assert_false(rig_wait_closed(f.rig, f.flow.id));
    f.flow.fd = -1;
    front_clear(&f);
}

/* --- neighbours that are gone --- */

static void
test_neighbour_gone(gconstpointer data)
{
    void (*const *gone)(Rig *) = data;
    Rig *rig = rig_new(policy, NULL, NULL);

    (*gone)(rig);
    rig_free_failed(rig);
}

static void (*const netstack_gone)(Rig *) = rig_break_netstack;
static void (*const resolver_gone)(Rig *) = rig_break_resolver;

/* At the end of a session netstack may be the first to go. */
static void
test_last_record(void)
{
    Front f;
    const BnsRecord *record;

    open_tcp(&f);
    rig_say(&f.flow, "abc");
    g_free(rig_hear(&f.origin, "abc"));
    rig_break_netstack(f.rig);
    record = rig_record(f.rig, BNS_EVENT_TCP_CLOSE);
    g_assert_cmpuint(record->bytes_sent, ==, 3);
    rig_free_failed(f.rig);
    close(f.flow.fd);
    bns_fd_clear(&f.origin.fd);
    bns_fd_clear(&f.listener);
}

/* A flow that cannot be recorded is not opened. */
static void
test_tcp_unrecorded(void)
{
    Front f;
    uint64_t id;

    fixture_init(&f);
    rig_break_recorder(f.rig);
    id = rig_offer(f.rig, "db.test", 5432);
    g_assert_cmpint(rig_verdict(f.rig, id), ==, BNS_WIRE_REFUSE);
    rig_free_failed(f.rig);
    bns_fd_clear(&f.listener);
}

/* --- what netstack may not say --- */

static void
break_twice(Rig *rig)
{
    BnsWire offer = {
        .type = BNS_WIRE_OFFER, .flow = 77, .port = 80, .name = "web.test"
    };

    rig_send(rig, &offer, -1);
    rig_send(rig, &offer, -1);
}

static void
break_name(Rig *rig)
{
    BnsWire offer = {
        .type = BNS_WIRE_OFFER, .flow = 77, .port = 80, .name = "WEB.test"
    };

    rig_send(rig, &offer, -1);
}

static void
break_port(Rig *rig)
{
    BnsWire offer = { .type = BNS_WIRE_OFFER, .flow = 77, .name = "web.test" };

    rig_send(rig, &offer, -1);
}

static void
break_verdict(Rig *rig)
{
    BnsWire verdict = { .type = BNS_WIRE_VERDICT, .flow = 77 };

    rig_send(rig, &verdict, -1);
}

static void
break_early(Rig *rig)
{
    rig_reset(rig, rig_offer(rig, "silent.test", 5432));
}

static void
break_stream(Rig *rig)
{
    RigFlow flow = rig_open(rig, "web.test", 80);
    BnsWire stream = { .type = BNS_WIRE_STREAM, .flow = flow.id };

    rig_send(rig, &stream, flow.fd);
    close(flow.fd);
}

typedef struct {
    const char *name;
    void (*say)(Rig *rig);
} Nonsense;

static const Nonsense nonsenses[] = {
    { "an-offer-twice", break_twice },   { "a-name-in-capitals", break_name },
    { "no-port", break_port },           { "a-verdict", break_verdict },
    { "a-second-stream", break_stream }, { "a-reset-before-the-verdict", break_early },
};

static void
test_nonsense(gconstpointer data)
{
    const Nonsense *row = data;
    Rig *rig = rig_new(policy, NULL, NULL);

    rig_let_unknown(rig);
    row->say(rig);
    rig_free_failed(rig);
}

static void
add_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(offers); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/flow/offer/%s", offers[i].name);

        bns_test_add_data(path, &offers[i], test_offer);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(firsts); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/flow/first-bytes/%s", firsts[i].name);

        bns_test_add_data(path, &firsts[i], test_first_bytes);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(reaches); i++) {
        g_autofree char *reset =
            g_strdup_printf("/gateway/flow/reset-in/%s", reaches[i].name);
        g_autofree char *end =
            g_strdup_printf("/gateway/flow/end-in/%s", reaches[i].name);

        bns_test_add_data(reset, &reaches[i], test_reset);
        bns_test_add_data(end, &reaches[i], test_end);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(nonsenses); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/flow/nonsense-ends-it/%s", nonsenses[i].name);

        bns_test_add_data(path, &nonsenses[i], test_nonsense);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/flow/tcp-dial-that-times-out-is-silent", test_tcp_timeout);
    bns_test_add("/gateway/flow/tcp-refusal-is-passed-on", test_tcp_refused);
    bns_test_add("/gateway/flow/too-many-are-refused", test_too_many);
    bns_test_add("/gateway/flow/tcp-both-ways-and-half-closed", test_tcp);
    bns_test_add("/gateway/flow/tcp-reset-by-origin-resets", test_tcp_broken_upstream);
    bns_test_add("/gateway/flow/tcp-reset-by-command-resets", test_tcp_reset);
    bns_test_add("/gateway/flow/tcp-server-gone-before-the-stream", test_tcp_short);
    bns_test_add("/gateway/flow/tcp-server-reset-before-the-stream", test_tcp_dead);
    bns_test_add("/gateway/flow/dialled-ahead-is-used", test_dialled_ahead);
    bns_test_add("/gateway/flow/server-that-speaks-first-is-ended", test_server_first);
    bns_test_add("/gateway/flow/stream-lost-on-the-way-is-reset", test_stream_lost);
    bns_test_add("/gateway/flow/server-speaks-before-the-stream",
                 test_server_first_before_stream);
    bns_test_add("/gateway/flow/accepted-without-stream-ends", test_accepted_for_ever);
    bns_test_add("/gateway/flow/ahead-that-closed-is-dialled-again", test_ahead_closed);
    bns_test_add("/gateway/flow/tcp-is-recorded-to-its-end-without-netstack",
                 test_last_record);
    bns_test_add("/gateway/flow/tcp-unrecorded-is-refused", test_tcp_unrecorded);
    bns_test_add_data("/gateway/flow/netstack-gone-ends-it", &netstack_gone,
                      test_neighbour_gone);
    bns_test_add_data("/gateway/flow/resolver-gone-ends-it", &resolver_gone,
                      test_neighbour_gone);
    add_rows();
    return g_test_run();
}
