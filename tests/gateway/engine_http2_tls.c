/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ALPN: the origin is offered what the client offers, and the client gets what the origin
 * chose.
 */
#include "base/fd.h"
#include "netstack/gateway/http2_server.h"
#include "tests/gateway/http2_peer.h"
#include "tests/support/certs.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
    char *directory;
    char *ca_file;
    BnsTestCert *authority;
    BnsTestCert *cert;
    SSL_CTX *context;    /* the origin's */
    const char *chooses; /* the origin; NULL: it knows no ALPN */
    char offered[64];    /* what it was offered, names separated by ',' */
    int listener;
    Rig *rig;
    RigFlow flow;
    RigFlow origin_flow;
    const char *offers; /* the client */
    const char *name;
    bool is_started;
} Fixture;

static int
on_choose(SSL *ssl,
          const unsigned char **out,
          unsigned char *out_len,
          const unsigned char *in,
          unsigned in_len,
          void *data)
{
    Fixture *f = data;
    g_autoptr(GString) offered = g_string_new(NULL);

    for (unsigned at = 0; at < in_len; at += 1U + in[at])
        g_string_append_printf(offered, "%s%.*s", at == 0 ? "" : ",", in[at],
                               (const char *)in + at + 1);
    g_strlcpy(f->offered, offered->str, sizeof(f->offered));
    if (f->chooses == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    *out = (const unsigned char *)f->chooses;
    *out_len = (unsigned char)strlen(f->chooses);
    return SSL_TLSEXT_ERR_OK;
}

static void
fixture_init(Fixture *f)
{
    BnsTestCertSpec spec = { .names = "DNS:origin.test" };
    g_autofree char *resolves = NULL;
    uint16_t port;

    *f = (Fixture){ .origin_flow.fd = -1, .name = "origin.test" };
    f->directory = g_dir_make_tmp("engine-XXXXXX", NULL);
    f->authority = bns_test_cert_authority("Test Authority");
    f->ca_file = bns_test_cert_write(f->authority, f->directory, "ca.pem");
    spec.issuer = f->authority;
    f->cert = bns_test_cert_new(&spec);
    f->context = bns_test_cert_server(f->cert, NULL);
    SSL_CTX_set_alpn_select_cb(f->context, on_choose, f);
    f->listener = rig_listen(&port);
    resolves = g_strdup_printf("origin.test:443:%u", port);
    f->rig = rig_new("allow: [origin.test]\n", resolves, f->ca_file);
}

static void
fixture_clear(Fixture *f)
{
    rig_close(f->rig, &f->flow);
    SSL_free(f->origin_flow.ssl);
    bns_fd_clear(&f->origin_flow.fd);
    rig_free(f->rig);
    bns_fd_clear(&f->listener);
    SSL_CTX_free(f->context);
    bns_test_cert_free(f->cert);
    bns_test_cert_free(f->authority);
    g_unlink(f->ca_file);
    g_rmdir(f->directory);
    g_free(f->ca_file);
    g_free(f->directory);
}

static gpointer
run_client(gpointer data)
{
    Fixture *f = data;

    f->is_started = rig_start_tls(f->rig, &f->flow, f->name, f->offers);
    return NULL;
}

/* The client's handshake, while the origin, if it is dialled, makes the other. Returns:
 * (transfer full): what the client got by ALPN. */
static char *
start(Fixture *f, const char *offers, bool is_dialled)
{
    const unsigned char *name;
    unsigned len;
    GThread *thread;

    f->offers = offers;
    f->flow = rig_open(f->rig, f->name, 443);
    thread = g_thread_new("client", run_client, f);
    if (is_dialled) {
        f->origin_flow = rig_accept(f->listener);
        f->origin_flow.ssl = SSL_new(f->context);
        SSL_set_fd(f->origin_flow.ssl, f->origin_flow.fd);
        SSL_accept(f->origin_flow.ssl);
    }
    g_thread_join(thread);
    g_assert_true(f->is_started);
    SSL_get0_alpn_selected(f->flow.ssl, &name, &len);
    return len == 0 ? g_strdup("") : g_strndup((const char *)name, len);
}

typedef struct {
    const char *name;
    const char *offers;
    const char *offered; /* to the origin, always h2 first */
    const char *chooses;
    const char *gets;
} Choice;

static const Choice choices[] = {
    { "h2-of-both", "h2,http/1.1", "h2,http/1.1", "h2", "h2" },
    { "http11-of-both", "h2,http/1.1", "h2,http/1.1", "http/1.1", "http/1.1" },
    { "no-alpn-is-http11", "h2,http/1.1", "h2,http/1.1", NULL, "http/1.1" },
    { "order-is-ours", "http/1.1,h2", "h2,http/1.1", "h2", "h2" },
    { "h2-only", "h2", "h2", "h2", "h2" },
    { "http11-only", "http/1.1", "http/1.1", "http/1.1", "http/1.1" },
    { "unknown-is-left-out", "spdy/3,h2", "h2", "h2", "h2" },
    { "none-is-http11", NULL, "http/1.1", "http/1.1", "" },
};

static void
test_choice(gconstpointer data)
{
    const Choice *c = data;
    g_autofree char *got = NULL;
    Fixture f;

    fixture_init(&f);
    f.chooses = c->chooses;
    got = start(&f, c->offers, true);
    g_assert_cmpstr(f.offered, ==, c->offered);
    g_assert_cmpstr(got, ==, c->gets);
    fixture_clear(&f);
}

static void
test_passed(void)
{
    g_autofree char *got = NULL;
    g_autofree char *status = NULL;
    Peer client, origin;
    Fixture f;
    int32_t id;

    fixture_init(&f);
    f.chooses = "h2";
    got = start(&f, "h2,http/1.1", true);
    peer_init(&client, &f.flow, false);
    peer_init(&origin, &f.origin_flow, true);
    id = peer_get(&client, "https", "origin.test", "/x");
    peer_until(&origin, peer_has_streams, 1);
    peer_respond(&origin, 1, ":status: 200\n", true);
    peer_until(&client, peer_is_ended, id);
    status = peer_field(&client, id, ":status");
    g_assert_cmpstr(status, ==, "200");
    g_assert_cmpstr(rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "allow 0 GET /x")->scheme,
                    ==, "https");
    peer_clear(&client);
    peer_clear(&origin);
    fixture_clear(&f);
}

/* What is for another connection, on one that serves on. */
static void
test_misdirected(void)
{
    static const char *const heads[] = {
        ":method: GET\n:scheme: https\n:authority: other.test\n:path: /\n",
        ":method: GET\n:scheme: https\n:authority: origin.test:8443\n:path: /\n",
        ":method: GET\n:scheme: http\n:authority: origin.test\n:path: /\n",
        ":method: GET\n:scheme: https\n:authority: 127.0.0.1\n:path: /\n",
    };
    g_autofree char *got = NULL;
    Peer client;
    Fixture f;

    fixture_init(&f);
    f.chooses = "h2";
    got = start(&f, "h2", true);
    peer_init(&client, &f.flow, false);
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
        int32_t id = peer_ask(&client, heads[i], NULL);
        g_autofree char *status = NULL;

        peer_until(&client, peer_is_ended, id);
        status = peer_field(&client, id, ":status");
        g_assert_cmpstr(status, ==, "421");
        rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 421 GET /");
    }
    peer_clear(&client);
    fixture_clear(&f);
}

/* --- extended CONNECT is offered as the origin does --- */

typedef struct {
    Fixture tls;
    Peer client;
    Peer origin;
} Pair;

static void
pair_init(Pair *pair, bool is_offering)
{
    g_autofree char *got = NULL;

    fixture_init(&pair->tls);
    pair->tls.chooses = "h2";
    got = start(&pair->tls, "h2", true);
    peer_init(&pair->client, &pair->tls.flow, false);
    if (is_offering)
        peer_init_offering(&pair->origin, &pair->tls.origin_flow);
    else
        peer_init(&pair->origin, &pair->tls.origin_flow, true);
}

static void
pair_clear(Pair *pair)
{
    peer_clear(&pair->client);
    peer_clear(&pair->origin);
    fixture_clear(&pair->tls);
}

static void
test_mirrored(gconstpointer data)
{
    bool is_offering = GPOINTER_TO_INT(data) != 0;
    Pair pair;

    pair_init(&pair, is_offering);
    peer_flush(&pair.origin);
    peer_until(&pair.client, peer_has_settings, 1);
    peer_ping(&pair.client);
    g_assert_cmpint(peer_is_offered_tunnels(&pair.client, 0), ==, is_offering);
    g_assert_cmpuint(pair.client.n_settings, ==, 1);
    pair_clear(&pair);
}

/* Requests do not wait for the greeting, and it goes in any case. */
static void
test_settings_late(void)
{
    Pair pair;
    int32_t id;

    pair_init(&pair, true);
    id = peer_get(&pair.client, "https", "origin.test", "/x");
    rig_record(pair.tls.rig, BNS_EVENT_HTTP_REQUEST);
    g_assert_cmpuint(pair.client.n_settings, ==, 0);
    rig_advance(pair.tls.rig, BNS_HTTP2_GREETING_MS / 1000);
    peer_until(&pair.client, peer_has_settings, 1);
    g_assert_false(peer_is_offered_tunnels(&pair.client, 0));

    peer_until(&pair.origin, peer_has_streams, 1);
    peer_respond(&pair.origin, 1, ":status: 204\n", true);
    peer_until(&pair.client, peer_is_ended, id);
    peer_until(&pair.client, peer_has_settings, 2);
    g_assert_true(peer_is_offered_tunnels(&pair.client, 0));
    pair_clear(&pair);
}

/* The second flow needs no second connection, not even for the choice. */
static void
test_remembered(void)
{
    g_autofree char *got = NULL;
    RigFlow flow;
    Fixture f;

    fixture_init(&f);
    f.chooses = "h2";
    got = start(&f, "h2,http/1.1", true);
    flow = rig_open(f.rig, "origin.test", 443);
    g_assert_true(rig_start_tls(f.rig, &flow, "origin.test", "h2,http/1.1"));
    g_assert_true(rig_nobody_came(f.listener));
    rig_close(f.rig, &flow);
    fixture_clear(&f);
}

/* Of an origin that was offered http/1.1 only nobody knows what else it speaks. */
static void
test_not_remembered(void)
{
    static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
    g_autofree char *got = NULL;
    g_autofree char *again = NULL;
    g_autofree char *request = NULL;
    g_autofree char *response = NULL;
    Fixture f;
    RigFlow first, first_origin;

    fixture_init(&f);
    f.chooses = "http/1.1";
    got = start(&f, "http/1.1", true);
    rig_say(&f.flow, "GET / HTTP/1.1\r\nHost: origin.test\r\n\r\n");
    request = rig_hear(&f.origin_flow, "\r\n\r\n");
    rig_say(&f.origin_flow, answer);
    response = rig_hear(&f.flow, "\r\n\r\n");
    first = f.flow;
    first_origin = f.origin_flow;
    f.chooses = "h2";
    again = start(&f, "h2,http/1.1", true);
    g_assert_cmpstr(again, ==, "h2");
    rig_close(f.rig, &first);
    SSL_free(first_origin.ssl);
    bns_fd_clear(&first_origin.fd);
    fixture_clear(&f);
}

static void
expect_answer(Fixture *f, const char *host, const char *expected)
{
    g_autofree char *status = NULL;
    Peer client;
    int32_t id;

    peer_init(&client, &f->flow, false);
    id = peer_get(&client, "https", host, "/");
    peer_until(&client, peer_is_ended, id);
    status = peer_field(&client, id, ":status");
    g_assert_cmpstr(status, ==, expected);
    peer_clear(&client);
}

/* A client that speaks nothing else is told within HTTP/2. */
static void
test_refused_h2_only(void)
{
    g_autofree char *got = NULL;
    Fixture f;

    fixture_init(&f);
    f.name = "other.test";
    got = start(&f, "h2", false);
    g_assert_cmpstr(got, ==, "h2");
    expect_answer(&f, "other.test", "403");
    g_assert_true(rig_nobody_came(f.listener));
    fixture_clear(&f);
}

static void
test_refused_both(void)
{
    g_autofree char *got = NULL;
    Fixture f;

    fixture_init(&f);
    f.name = "other.test";
    got = start(&f, "h2,http/1.1", false);
    g_assert_cmpstr(got, ==, "http/1.1");
    fixture_clear(&f);
}

static void
test_no_common_version(void)
{
    g_autofree char *got = NULL;
    Fixture f;

    fixture_init(&f);
    got = start(&f, "h2", true);
    g_assert_cmpstr(got, ==, "h2");
    g_assert_cmpstr(rig_record(f.rig, BNS_EVENT_UPSTREAM_ERROR)->error, ==,
                    "upstream does not speak HTTP/2, and the client nothing else");
    expect_answer(&f, "origin.test", "502");
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
        g_autofree char *path = g_strconcat("/gateway/alpn/", choices[i].name, NULL);

        bns_test_add_data(path, &choices[i], test_choice);
    }
    bns_test_add("/gateway/alpn/request-passes", test_passed);
    bns_test_add("/gateway/alpn/misdirected-is-421", test_misdirected);
    bns_test_add_data("/gateway/alpn/offered-tunnels-are-offered", GINT_TO_POINTER(1),
                      test_mirrored);
    bns_test_add_data("/gateway/alpn/no-tunnels-are-not-offered", GINT_TO_POINTER(0),
                      test_mirrored);
    bns_test_add("/gateway/alpn/late-settings-hold-nobody-up", test_settings_late);
    bns_test_add("/gateway/alpn/choice-is-remembered", test_remembered);
    bns_test_add("/gateway/alpn/what-was-not-asked-is-not-remembered",
                 test_not_remembered);
    bns_test_add("/gateway/alpn/refused-host-answers-in-h2", test_refused_h2_only);
    bns_test_add("/gateway/alpn/refused-host-prefers-http11", test_refused_both);
    bns_test_add("/gateway/alpn/no-common-version-is-502", test_no_common_version);
    return g_test_run();
}
