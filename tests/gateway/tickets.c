/* SPDX-License-Identifier: Apache-2.0 */
/* Who may resume whose TLS session with an origin. */
#include "netstack/gateway/tickets.h"
#include "tests/gateway/tls_pair.h"
#include "tests/gateway/trust_origin.h"
#include "tests/support/test.h"

#include <string.h>

#define HOUR_S INT64_C(3600)
#define DAY_S  (24 * HOUR_S)

/* --- the clock --- */

static gint64 offset_s;

/* In place of GLib's: the age of a ticket is measured by this clock. */
gint64
g_get_real_time(void)
{
    return (time(NULL) + offset_s) * G_USEC_PER_SEC;
}

/* --- an origin --- */

typedef struct {
    BnsTrust *trust;
    SSL_CTX *server;
} Fixture;

/* @names: of its certificate, which is valid for @valid_s */
static void
fixture_init_valid(Fixture *f, const char *names, int version, int64_t valid_s)
{
    const BnsTestCertSpec spec = { .issuer = trust_root,
                                   .names = names,
                                   .not_after_s = valid_s };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    g_autofree char *root = bns_test_cert_write(trust_root, trust_directory, "t.pem");

    offset_s = 0;
    f->trust = trust_in_files(root, NULL);
    f->server = bns_test_cert_server(leaf, NULL);
    SSL_CTX_set_max_proto_version(f->server, version);
    g_assert_cmpint(remove(root), ==, 0);
}

static void
fixture_init(Fixture *f, const char *names, int version)
{
    fixture_init_valid(f, names, version, DAY_S);
}

static void
fixture_clear(Fixture *f)
{
    SSL_CTX_free(f->server);
    bns_trust_free(f->trust);
    offset_s = 0;
}

typedef enum {
    FULL,
    RESUMED,
    FAILED,
} Outcome;

static Outcome
visit(Fixture *f, const char *host, uint16_t port, const BnsIdentity *identity)
{
    TlsPair pair;
    SSL *ssl = bns_trust_client(f->trust, host, BNS_PROTOCOL_HTTP1);
    SSL *server = SSL_new(f->server);
    Outcome outcome = FAILED;
    g_autofree char *failure = NULL;

    bns_trust_resume(f->trust, ssl, host, port, identity);
    SSL_set_accept_state(server);
    tls_pair_init(&pair, ssl, server);
    tls_pair_handshake(&pair);
    failure = bns_trust_failure(ssl);
    if (pair.client.result == 1 && pair.server.result == 1) {
        g_assert_null(failure);
        tls_pair_take_tickets(&pair);
        outcome = SSL_session_reused(ssl) ? RESUMED : FULL;
    } else {
        bns_tickets_forget(ssl);
    }
    tls_pair_clear(&pair);
    return outcome;
}

static Outcome
visit_a(Fixture *f)
{
    return visit(f, "a.test", 443, NULL);
}

/* --- tests --- */

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* Again and again: TLS 1.3 by a new ticket each time, TLS 1.2 by the same. */
static void
test_resumed(gconstpointer data)
{
    Fixture f;

    fixture_init(&f, "DNS:a.test", *(const int *)data);
    g_assert_cmpint(visit_a(&f), ==, FULL);
    for (int i = 0; i < 10; i++)
        g_assert_cmpint(visit_a(&f), ==, RESUMED);
    fixture_clear(&f);
}

static void
test_whose(void)
{
    static char cert[] = "/a.pem", key[] = "/a.key", other[] = "/b.pem";
    const BnsIdentity identity = { .cert_file = cert, .key_file = key };
    const BnsIdentity stranger = { .cert_file = other, .key_file = key };
    Fixture f;

    fixture_init(&f, "DNS:a.test,DNS:b.test,IP:192.0.2.1", TLS1_3_VERSION);
    g_assert_cmpint(visit_a(&f), ==, FULL);
    g_assert_cmpint(visit(&f, "b.test", 443, NULL), ==, FULL);
    g_assert_cmpint(visit(&f, "a.test", 8443, NULL), ==, FULL);
    g_assert_cmpint(visit(&f, "192.0.2.1", 443, NULL), ==, FULL);
    g_assert_cmpint(visit(&f, "a.test", 443, &identity), ==, FULL);
    g_assert_cmpint(visit(&f, "a.test", 443, &stranger), ==, FULL);
    g_assert_cmpint(visit_a(&f), ==, RESUMED);
    g_assert_cmpint(visit(&f, "b.test", 443, NULL), ==, RESUMED);
    g_assert_cmpint(visit(&f, "192.0.2.1", 443, NULL), ==, RESUMED);
    g_assert_cmpint(visit(&f, "a.test", 443, &identity), ==, RESUMED);
    fixture_clear(&f);
}

/* Resuming does not make the verification younger. */
static void
test_age(gconstpointer data)
{
    Fixture f;

    fixture_init(&f, "DNS:a.test", *(const int *)data);
    g_assert_cmpint(visit_a(&f), ==, FULL);
    offset_s = HOUR_S / 2;
    g_assert_cmpint(visit_a(&f), ==, RESUMED);
    offset_s = HOUR_S + 1;
    g_assert_cmpint(visit_a(&f), ==, FULL);
    g_assert_cmpint(visit_a(&f), ==, RESUMED);
    /* nor does a clock that was set back */
    offset_s = 0;
    g_assert_cmpint(visit_a(&f), ==, FULL);
    fixture_clear(&f);
}

/* The session ends with the certificate that it rests on. */
static void
test_expired(void)
{
    Fixture f;

    fixture_init_valid(&f, "DNS:a.test", TLS1_3_VERSION, HOUR_S / 2);
    g_assert_cmpint(visit_a(&f), ==, FULL);
    offset_s = HOUR_S / 2 - 60;
    g_assert_cmpint(visit_a(&f), ==, RESUMED);
    offset_s = HOUR_S / 2 + 60;
    g_assert_cmpint(visit_a(&f), ==, FULL);
    fixture_clear(&f);
}

/* Whoever answers now has another certificate, and no right to the old sessions. */
static void
test_another_server(void)
{
    Fixture f;
    Fixture other;
    SSL_CTX *server;

    fixture_init(&f, "DNS:a.test", TLS1_3_VERSION);
    fixture_init(&other, "DNS:evil.test", TLS1_3_VERSION);
    g_assert_cmpint(visit_a(&f), ==, FULL);
    server = f.server;
    f.server = other.server;
    g_assert_cmpint(visit_a(&f), ==, FAILED);
    /* what was kept is forgotten with it */
    f.server = server;
    g_assert_cmpint(visit_a(&f), ==, FULL);
    fixture_clear(&f);
    fixture_clear(&other);
}

/* A server that was never believed leaves nothing. */
static void
test_unbelieved(gconstpointer data)
{
    Fixture f;

    fixture_init(&f, "DNS:other.test", *(const int *)data);
    for (int i = 0; i < 2; i++)
        g_assert_cmpint(visit_a(&f), ==, FAILED);
    fixture_clear(&f);
}

/* Origins beyond the limit take the place of the one that was used longest ago. */
static void
test_bounded(void)
{
    Fixture f;

    fixture_init(&f, "DNS:a.test", TLS1_3_VERSION);
    for (uint16_t i = 0; i <= BNS_TICKETS_ORIGINS_MAX; i++)
        g_assert_cmpint(visit(&f, "a.test", (uint16_t)(1000 + i), NULL), ==, FULL);
    g_assert_cmpint(visit(&f, "a.test", 1000, NULL), ==, FULL);
    g_assert_cmpint(visit(&f, "a.test", 1002, NULL), ==, RESUMED);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 60);
    trust_origin_init();
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        const char *name = versions[i] == TLS1_2_VERSION ? "tls-1.2" : "tls-1.3";
        g_autofree char *resumed = g_strdup_printf("/gateway/tickets/resumed/%s", name);
        g_autofree char *age =
            g_strdup_printf("/gateway/tickets/an-hour-at-most/%s", name);
        g_autofree char *unbelieved =
            g_strdup_printf("/gateway/tickets/unbelieved-leaves-none/%s", name);

        bns_test_add_data(resumed, &versions[i], test_resumed);
        bns_test_add_data(age, &versions[i], test_age);
        bns_test_add_data(unbelieved, &versions[i], test_unbelieved);
    }
    bns_test_add("/gateway/tickets/host-port-and-identity", test_whose);
    bns_test_add("/gateway/tickets/not-beyond-the-certificate", test_expired);
    bns_test_add("/gateway/tickets/another-server-is-verified", test_another_server);
    bns_test_add("/gateway/tickets/bounded", test_bounded);
    status = g_test_run();
    trust_origin_clear();
    return status;
}
