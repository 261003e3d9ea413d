/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the files and the environment make us believe.
 */
#include "base/text.h"
#include "netstack/gateway/ca.h"
#include "netstack/gateway/trust.h"

#include "tests/gateway/trust_origin.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>

/* Our own CA among the trusted, by mistake or by malice. */
static void
test_own_ca(void)
{
    g_autoptr(BnsCa) ca = bns_ca_new(NULL);
    g_autofree char *pem = bns_ca_pem(ca);
    g_autofree char *path = g_build_filename(trust_directory, "own.pem", NULL);
    BnsTestCert leaf = { .certificate = bns_ca_leaf(ca, "origin.test", NULL),
                         .key = bns_ca_leaf_key(ca) };
    g_autoptr(BnsTrust) with_own = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    g_assert_true(g_file_set_contents(path, pem, -1, NULL));
    with_own = trust_in_files(path, NULL);
    before = trust_visit_cert(with_own, "origin.test", &leaf, NULL);
    g_assert_null(before);
    bns_trust_exclude(with_own, bns_ca_certificate(ca));
    after = trust_visit_cert(with_own, "origin.test", &leaf, NULL);
    g_assert_cmpstr(after, ==,
                    "upstream certificate was issued by this session's own CA");
    g_unlink(path);
}

static void
test_extra_certificates(void)
{
    BnsTestCertSpec self = { .names = "DNS:origin.test",
                             .common_name = "dev",
                             .is_ca = true };
    g_autoptr(BnsTestCert) dev = bns_test_cert_new(&self);
    BnsTestCertSpec spec = { .issuer = trust_root,
                             .common_name = "Intermediate",
                             .is_ca = true };
    g_autoptr(BnsTestCert) intermediate = bns_test_cert_new(&spec);
    BnsTestCertSpec leaf_spec = { .issuer = intermediate, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&leaf_spec);
    g_autofree char *dev_path = bns_test_cert_write(dev, trust_directory, "dev.pem");
    g_autofree char *mid_path =
        bns_test_cert_write(intermediate, trust_directory, "mid.pem");
    g_autoptr(BnsTrust) both = trust_in_files(dev_path, mid_path);
    g_autofree char *first = trust_visit_cert(both, "origin.test", dev, NULL);
    g_autofree char *second = trust_visit_cert(both, "origin.test", leaf, NULL);
    g_autofree char *third = trust_visit_cert(both, "other.test", dev, NULL);

    g_assert_null(first);
    g_assert_null(second);
    g_assert_cmpstr(third, ==, OTHER_NAMES "(origin.test)");
    g_unlink(dev_path);
    g_unlink(mid_path);
}

static void
expect_unreadable(const char *path, const char *expected)
{
    const char *const files[] = { path, NULL };
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) parts = g_strsplit(expected, "PATH", 2);
    g_autofree char *message = g_strjoinv(path, parts);

    g_assert_null(bns_trust_read(files, &error));
    g_assert_error(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_TRUST);
    g_assert_cmpstr(error->message, ==, message);
}

static void
test_bad_files(void)
{
    g_autofree char *path = g_build_filename(trust_directory, "bad.pem", NULL);
    g_autofree char *fifo = g_build_filename(trust_directory, "fifo", NULL);
    g_autofree char *good = bns_test_cert_pem(trust_root);
    g_autofree char *broken = g_strconcat(good, good, NULL);
    g_autofree char *key = bns_test_cert_key_pem(trust_root);

    expect_unreadable(path,
                      "Could not open CA file \"PATH\": No such file or directory");
    g_assert_true(g_file_set_contents(path, "", -1, NULL));
    expect_unreadable(path, "CA file \"PATH\" holds no certificate in PEM form");
    g_assert_true(g_file_set_contents(path, key, -1, NULL));
    expect_unreadable(path, "CA file \"PATH\" holds no certificate in PEM form");
    memcpy(strchr(broken + strlen(good), '\n') + 1, "AAAA", 4);
    g_assert_true(g_file_set_contents(path, broken, -1, NULL));
    expect_unreadable(path, "CA file \"PATH\" holds a broken certificate");
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    expect_unreadable(fifo, "CA file \"PATH\" is no regular file");
    expect_unreadable("/dev/zero", "CA file \"PATH\" is no regular file");
    expect_unreadable("/", "CA file \"PATH\" is no regular file");
    g_unlink(path);
    g_unlink(fifo);
}

/* Reads the trust with an environment, asks once, and puts the environment back. */
static char *
visit_with_environment(const char *variable, const char *value, const BnsTestCert *leaf)
{
    g_autofree char *saved = g_strdup(g_getenv(variable));
    g_autoptr(BnsTrust) system = NULL;

    g_setenv(variable, value, TRUE);
    system = trust_in_files(NULL, NULL);
    if (saved != NULL)
        g_setenv(variable, saved, TRUE);
    else
        g_unsetenv(variable);
    g_assert_nonnull(system);
    return trust_visit_cert(system, "origin.test", leaf, NULL);
}

static void
test_environment(void)
{
    BnsTestCertSpec spec = { .issuer = trust_root, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    g_autofree char *roots = g_build_filename(trust_directory, "roots", NULL);
    g_autofree char *path = NULL;
    g_autofree char *by_file = NULL;
    g_autofree char *by_directory = NULL;
    g_autofree char *paths = g_strconcat("/nonexistent:", roots, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_mkdir(roots, 0700), ==, 0);
    path = bns_test_cert_write(trust_root, roots, "root.pem");
    g_unsetenv("SSL_CERT_FILE");
    by_file = visit_with_environment("NIX_SSL_CERT_FILE", path, leaf);
    g_assert_null(by_file);
    by_directory = visit_with_environment("SSL_CERT_DIR", paths, leaf);
    g_assert_null(by_directory);
    g_assert_null(visit_with_environment("SSL_CERT_FILE", path, leaf));

    g_setenv("SSL_CERT_FILE", "/nonexistent", TRUE);
    g_assert_null(bns_trust_read(NULL, &error));
    g_assert_error(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_TRUST);
    g_setenv("SSL_CERT_FILE", trust_no_roots, TRUE);
    g_unlink(path);
    g_rmdir(roots);
}

/* A bundle as RHEL has it: comments, TRUSTED CERTIFICATE, one that is distrusted for
 * servers, and rubbish that must cost only itself. */
static void
test_trusted_bundle(void)
{
    g_autoptr(BnsTestCert) distrusted = bns_test_cert_authority("Distrusted");
    BnsTestCertSpec good_spec = { .issuer = trust_root, .names = "DNS:origin.test" };
    BnsTestCertSpec bad_spec = { .issuer = distrusted, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) good = bns_test_cert_new(&good_spec);
    g_autoptr(BnsTestCert) bad = bns_test_cert_new(&bad_spec);
    g_autofree char *path = g_build_filename(trust_directory, "bundle.pem", NULL);
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    BIO *bio = BIO_new_file(path, "w");
    X509 *copy;

    BIO_puts(bio, "# A comment\n-----BEGIN CERTIFICATE-----\nAAAA\n"
                  "-----END CERTIFICATE-----\n");
    copy = X509_dup(trust_root->certificate);
    X509_add1_trust_object(copy, OBJ_nid2obj(NID_server_auth));
    PEM_write_bio_X509_AUX(bio, copy);
    X509_free(copy);
    copy = X509_dup(distrusted->certificate);
    X509_add1_reject_object(copy, OBJ_nid2obj(NID_server_auth));
    PEM_write_bio_X509_AUX(bio, copy);
    X509_free(copy);
    BIO_free(bio);
    first = visit_with_environment("SSL_CERT_FILE", path, good);
    second = visit_with_environment("SSL_CERT_FILE", path, bad);
    g_assert_null(first);
    g_assert_cmpstr(second, ==,
                    "upstream certificate leads to a root that this machine "
                    "distrusts for servers");
    g_unlink(path);
}

static void
test_no_roots(void)
{
    BnsTestCertSpec spec = { .issuer = trust_root, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    g_autoptr(BnsTrust) empty = trust_in_files(NULL, NULL);
    g_autofree char *failure = trust_visit_cert(empty, "origin.test", leaf, NULL);

    g_assert_cmpstr(failure, ==,
                    "upstream certificate cannot be verified: this machine has no CA "
                    "bundle");
}

/* The bundle of this machine, if there is one: parsed whole, and not before it is needed. */
static void
test_system_bundle(void)
{
    g_autoptr(BnsTrust) system = NULL;
    int64_t start_us;
    SSL *ssl;

    g_unsetenv("SSL_CERT_FILE");
    system = trust_in_files(NULL, NULL);
    g_setenv("SSL_CERT_FILE", trust_no_roots, TRUE);
    start_us = g_get_monotonic_time();
    bns_trust_prepare(system);
    bns_trust_prepare(system);
    ssl = bns_trust_client(system, "origin.test", BNS_PROTOCOL_HTTP1);
    g_test_message("%d roots in %" G_GINT64_FORMAT " us",
                   sk_X509_OBJECT_num(X509_STORE_get0_objects(
                       SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)))),
                   g_get_monotonic_time() - start_us);
    SSL_free(ssl);
}

/* --- what is offered --- */

/* (transfer container): the names of all suites, in this order. */
static GPtrArray *
suites_of(SSL *ssl)
{
    STACK_OF(SSL_CIPHER) *suites = SSL_get_ciphers(ssl);
    GPtrArray *names = g_ptr_array_new();

    for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++)
        g_ptr_array_add(names, (gpointer)(guintptr)SSL_CIPHER_get_name(
                                   sk_SSL_CIPHER_value(suites, i)));
    return names;
}

/* All that OpenSSL would offer, in another order. */
static void
test_suites(void)
{
    static const char first[] = "TLS_AES_128_GCM_SHA256";
    g_autoptr(BnsTrust) trust = trust_in_files(NULL, NULL);
    SSL_CTX *plain = SSL_CTX_new(TLS_client_method());
    SSL *ours = bns_trust_client(trust, "origin.test", BNS_PROTOCOL_HTTP1);
    SSL *usual = SSL_new(plain);
    g_autoptr(GPtrArray) offered = suites_of(ours);
    g_autoptr(GPtrArray) expected = suites_of(usual);

    /* A system may have none of it. */
    if (g_ptr_array_find_with_equal_func(expected, first, g_str_equal, NULL))
        g_assert_cmpstr(g_ptr_array_index(offered, 0), ==, first);
    g_assert_cmpuint(offered->len, ==, expected->len);
    g_ptr_array_sort(offered, bns_text_compare);
    g_ptr_array_sort(expected, bns_text_compare);
    for (guint i = 0; i < offered->len; i++)
        g_assert_cmpstr(g_ptr_array_index(offered, i), ==,
                        g_ptr_array_index(expected, i));
    SSL_free(ours);
    SSL_free(usual);
    SSL_CTX_free(plain);
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 60);
    trust_origin_init();
    bns_test_add("/gateway/trust/own-ca-is-never-believed", test_own_ca);
    bns_test_add("/gateway/trust/the-cheapest-suite-is-offered-first", test_suites);
    bns_test_add("/gateway/trust/extra-certificates-may-be-no-roots",
                 test_extra_certificates);
    bns_test_add("/gateway/trust/bad-ca-file-stops-the-start", test_bad_files);
    bns_test_add("/gateway/trust/environment-names-the-roots", test_environment);
    bns_test_add("/gateway/trust/bundle-may-restrict-a-root", test_trusted_bundle);
    bns_test_add("/gateway/trust/no-bundle-is-told", test_no_roots);
    bns_test_add("/gateway/trust/system-bundle-is-parsed-once", test_system_bundle);
    status = g_test_run();
    trust_origin_clear();
    return status;
}
