/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Odd but honest ClientHellos in flows that are inspected: whatever pieces they come in
 * and whatever else is in them, the client is served.
 */
#include "tests/gateway/engine_rig.h"
#include "tests/gateway/hello_bytes.h"
#include "tests/support/certs.h"
#include "tests/support/origin.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: origin.test\r\n\r\n"

typedef struct {
    char *dir;
    char *ca_file;
    BnsTestCert *authority;
    BnsTestCert *cert;
    BnsOrigin *origin;
    Rig *rig;
    RigFlow flow;
} Fixture;

static void
fixture_init(Fixture *f)
{
    BnsTestCertSpec spec = { .names = "DNS:origin.test" };
    g_autofree char *resolves = NULL;
    SSL_CTX *ctx;

    *f = (Fixture){ .flow.fd = -1 };
    f->dir = g_dir_make_tmp("hello-XXXXXX", NULL);
    f->authority = bns_test_cert_authority("Test Authority");
    f->ca_file = bns_test_cert_write(f->authority, f->dir, "ca.pem");
    spec.issuer = f->authority;
    f->cert = bns_test_cert_new(&spec);
    ctx = bns_test_cert_server(f->cert, NULL);
    f->origin = bns_origin_new(ctx);
    SSL_CTX_free(ctx);
    resolves = g_strdup_printf("origin.test:443:%u", bns_origin_port(f->origin));
    f->rig = rig_new("allow: [origin.test]\n", resolves, f->ca_file);
    f->flow = rig_open(f->rig, "origin.test", 443);
}

static void
fixture_clear(Fixture *f)
{
    rig_close(f->rig, &f->flow);
    rig_free(f->rig);
    bns_origin_free(f->origin);
    bns_test_cert_free(f->cert);
    bns_test_cert_free(f->authority);
    g_unlink(f->ca_file);
    g_rmdir(f->dir);
    g_free(f->ca_file);
    g_free(f->dir);
}

static SSL_CTX *
client_new(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    return ctx;
}

static void
set_ssl(Fixture *f, SSL_CTX *ctx)
{
    f->flow.ssl = SSL_new(ctx);
    hello_set_name(f->flow.ssl, "origin.test");
    SSL_set_fd(f->flow.ssl, f->flow.fd);
}

static void
assert_served(Fixture *f)
{
    g_autofree char *response = rig_ask(&f->flow, GET("/hello"));

    g_assert_true(g_str_has_suffix(response, "\r\n\r\nhello\n"));
}

/* --- pieces --- */

/* Says what the client has to say: its first record anew in records of @piece bytes, and
 * all in writes of @step. */
static void
say_in_pieces(Fixture *f, BIO *out, size_t piece, size_t step)
{
    g_autoptr(GByteArray) message = g_byte_array_new();
    g_autoptr(GByteArray) bytes = NULL;
    char *data;
    long len = BIO_get_mem_data(out, &data);

    g_byte_array_append(message, (guint8 *)data + 5, (guint)len - 5);
    bytes = hello_in_records(message, piece);
    BIO_reset(out);
    for (size_t at = 0; at < bytes->len; at += step) {
        rig_say_bytes(&f->flow, bytes->data + at, MIN(step, bytes->len - at));
        rig_sync(f->rig);
    }
}

static void
check_pieces(size_t piece, size_t step)
{
    Fixture f;
    SSL_CTX *ctx = client_new();
    BIO *out = BIO_new(BIO_s_mem());
    SSL *ssl = SSL_new(ctx);

    fixture_init(&f);
    hello_set_name(ssl, "origin.test");
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    g_assert_cmpint(SSL_connect(ssl), ==, -1);
    say_in_pieces(&f, out, piece, step);
    /* The rest as ever. */
    SSL_set_fd(ssl, f.flow.fd);
    f.flow.ssl = ssl;
    g_assert_cmpint(SSL_connect(f.flow.ssl), ==, 1);
    assert_served(&f);
    SSL_CTX_free(ctx);
    fixture_clear(&f);
}

static void
test_pieces(void)
{
    check_pieces(100, 1000);
    check_pieces(1, 100);
    check_pieces(10, 3);
}

/* --- extensions --- */

static int
on_add_extension(SSL *ssl,
                 unsigned type,
                 unsigned context,
                 const unsigned char **out,
                 size_t *out_len,
                 X509 *certificate,
                 size_t chain_index,
                 int *out_alert,
                 void *data)
{
    static const unsigned char content[200] = { 0, 0, 1, 0, 1 };

    *out = content;
    *out_len = sizeof(content);
    return 1;
}

/* Browsers always send one (GREASE). We have no key for it, as if it were not there. */
static void
test_ech(void)
{
    Fixture f;
    SSL_CTX *ctx = client_new();

    SSL_CTX_add_custom_ext(ctx, HELLO_EXTENSION_ECH, SSL_EXT_CLIENT_HELLO,
                           on_add_extension, NULL, NULL, NULL, NULL);
    fixture_init(&f);
    set_ssl(&f, ctx);
    g_assert_cmpint(SSL_connect(f.flow.ssl), ==, 1);
    assert_served(&f);
    SSL_CTX_free(ctx);
    fixture_clear(&f);
}

/* --- early data --- */

/* Makes a connection and returns its session, with a ticket. */
static SSL_SESSION *
get_session(Fixture *f, SSL_CTX *ctx)
{
    SSL_SESSION *session;

    set_ssl(f, ctx);
    g_assert_cmpint(SSL_connect(f->flow.ssl), ==, 1);
    assert_served(f);
    session = SSL_get1_session(f->flow.ssl);
    g_assert_true(SSL_SESSION_has_ticket(session));
    rig_close(f->rig, &f->flow);
    return session;
}

/* A client that sends it though the ticket does not permit any: nothing of it counts. */
static void
test_early_data(void)
{
    static const char early[] = GET("/early");
    Fixture f;
    SSL_CTX *ctx = client_new();
    g_auto(GStrv) requests = NULL;
    SSL_SESSION *session;
    size_t n;

    fixture_init(&f);
    session = get_session(&f, ctx);
    g_assert_cmpuint(SSL_SESSION_get_max_early_data(session), ==, 0);
    SSL_SESSION_set_max_early_data(session, 1000);
    f.flow = rig_open(f.rig, "origin.test", 443);
    set_ssl(&f, ctx);
    SSL_set_session(f.flow.ssl, session);
    g_assert_cmpint(SSL_write_early_data(f.flow.ssl, early, strlen(early), &n), ==, 1);
    g_assert_cmpint(SSL_connect(f.flow.ssl), ==, 1);
    g_assert_cmpint(SSL_get_early_data_status(f.flow.ssl), ==, SSL_EARLY_DATA_REJECTED);
    assert_served(&f);
    requests = bns_origin_requests(f.origin);
    g_assert_cmpuint(g_strv_length(requests), ==, 2);
    SSL_SESSION_free(session);
    SSL_CTX_free(ctx);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/hello/any-pieces-are-served", test_pieces);
    bns_test_add("/gateway/hello/an-encrypted-hello-is-not-there", test_ech);
    bns_test_add("/gateway/hello/early-data-does-not-count", test_early_data);
    return g_test_run();
}
