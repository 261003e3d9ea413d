/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Origins that ask for a client certificate: a rule's is shown for its own requests, and a
 * connection on which it was shown serves no others.
 */
#include "tests/gateway/engine_rig.h"
#include "tests/support/certs.h"
#include "tests/support/origin.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: origin.test\r\n\r\n"

typedef struct {
    char *dir;
    BnsTestCert *authority;
    BnsTestCert *server;
    BnsTestCert *me;
    BnsTestCert *other;
    BnsOrigin *origin;
    Rig *rig;
    RigFlow flow;
} Fixture;

static void
write_identity(const Fixture *f, const BnsTestCert *cert, const char *name)
{
    g_autofree char *path = g_build_filename(f->dir, name, NULL);
    g_autofree char *pem = bns_test_cert_pem(cert);
    g_autofree char *key = bns_test_cert_key_pem(cert);
    g_autofree char *both = g_strconcat(key, pem, NULL);

    g_assert_true(g_file_set_contents(path, both, -1, NULL));
}

static void
remove_file(const Fixture *f, const char *name)
{
    g_autofree char *path = g_build_filename(f->dir, name, NULL);

    g_assert_cmpint(g_unlink(path), ==, 0);
}

/* @mode: of SSL_CTX_set_verify(). */
static void
fixture_init(Fixture *f, int mode, int version)
{
    BnsTestCertSpec server = { .names = "DNS:origin.test" };
    BnsTestCertSpec me = { .common_name = "me" };
    BnsTestCertSpec other = { .common_name = "other" };
    g_autofree char *resolves = NULL;
    g_autofree char *yaml = NULL;
    g_autofree char *ca_file = NULL;
    SSL_CTX *ctx;

    *f = (Fixture){ .flow.fd = -1 };
    f->dir = g_dir_make_tmp("identity-XXXXXX", NULL);
    f->authority = bns_test_cert_authority("Test Authority");
    server.issuer = me.issuer = f->authority;
    f->server = bns_test_cert_new(&server);
    f->me = bns_test_cert_new(&me);
    f->other = bns_test_cert_new(&other);
    ca_file = bns_test_cert_write(f->authority, f->dir, "ca.pem");
    write_identity(f, f->me, "me.pem");
    write_identity(f, f->other, "other.pem");

    ctx = bns_test_cert_server(f->server, NULL);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), f->authority->certificate);
    SSL_CTX_set_verify(ctx, mode, NULL);
    SSL_CTX_set_max_proto_version(ctx, version);
    /* Or sessions could not be resumed by a server that verifies clients. */
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"test", 4);
    f->origin = bns_origin_new(ctx);
    SSL_CTX_free(ctx);
    resolves = g_strdup_printf("origin.test:443:%u", bns_origin_port(f->origin));
    yaml = g_strdup_printf(
        "allow:\n"
        "  - { domain: origin.test, path: /hello, client_cert: %s/me.pem }\n"
        "  - { domain: origin.test, path: /bytes/*, client_cert: %s/other.pem }\n"
        "  - { domain: origin.test, path: /echo }\n",
        f->dir, f->dir);
    f->rig = rig_new(yaml, resolves, ca_file);
    f->flow = rig_open(f->rig, "origin.test", 443);
    g_assert_true(rig_start_tls(f->rig, &f->flow, "origin.test", "http/1.1"));
}

static void
fixture_clear(Fixture *f)
{
    rig_close(f->rig, &f->flow);
    rig_free(f->rig);
    bns_origin_free(f->origin);
    bns_test_cert_free(f->me);
    bns_test_cert_free(f->other);
    bns_test_cert_free(f->server);
    bns_test_cert_free(f->authority);
    remove_file(f, "ca.pem");
    remove_file(f, "me.pem");
    remove_file(f, "other.pem");
    g_assert_cmpint(g_rmdir(f->dir), ==, 0);
    g_free(f->dir);
}

static void
assert_status(Fixture *f, const char *request, const char *status, const char *text)
{
    g_autofree char *response = rig_ask(&f->flow, request);
    g_autofree char *start = g_strconcat("HTTP/1.1 ", status, " ", NULL);

    g_assert_true(g_str_has_prefix(response, start));
    if (strstr(response, text) == NULL)
        g_error("no \"%s\" in %s", text, response);
}

#define MUST (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)

/* Shown for the request of its rule; a request of another rule is told why not. */
static void
check_required(int version, const char *without, const char *stranger)
{
    Fixture f;

    fixture_init(&f, MUST, version);
    assert_status(&f, GET("/hello"), "200", "hello\n");
    assert_status(&f, GET("/echo"), "502", without);
    assert_status(&f, GET("/bytes/1"), "502", stranger);
    assert_status(&f, GET("/hello"), "200", "hello\n");
    fixture_clear(&f);
}

static void
test_required(void)
{
    check_required(TLS1_3_VERSION,
                   "upstream asks for a client certificate (client_cert: of a rule)",
                   "upstream does not accept the client certificate");
}

static void
test_required_1_2(void)
{
    check_required(TLS1_2_VERSION, "it asks for a client certificate", "unknown ca");
}

/* An origin that is content without. */
static void
test_not_shared(void)
{
    Fixture f;

    fixture_init(&f, SSL_VERIFY_PEER, TLS1_3_VERSION);
    for (int i = 0; i < 3; i++) {
        assert_status(&f, GET("/hello"), "200", "hello\n");
        assert_status(&f, GET("/echo"), "200", "GET /echo");
    }
    g_assert_cmpuint(bns_origin_connections(f.origin), ==, 2);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/identity/shown-for-its-rule", test_required);
    bns_test_add("/gateway/identity/shown-for-its-rule-in-tls-1.2", test_required_1_2);
    bns_test_add("/gateway/identity/connections-are-not-shared", test_not_shared);
    return g_test_run();
}
