/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/ca.h"

#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define HOUR_S 3600

static BnsCa *
make_ca(void)
{
    g_autoptr(GError) error = NULL;
    BnsCa *ca = bns_ca_new(&error);

    g_assert_no_error(error);
    return ca;
}

static X509 *
make_leaf(BnsCa *ca, const char *host)
{
    g_autoptr(GError) error = NULL;
    X509 *leaf = bns_ca_leaf(ca, host, &error);

    g_assert_no_error(error);
    return leaf;
}

/* OpenSSL's strictest reading, as Python 3.13 asks for it. 0 or an X509_V_ERR. */
static int
verify(BnsCa *ca, X509 *leaf, const char *host)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    int error;

    X509_STORE_add_cert(store, bns_ca_certificate(ca));
    X509_STORE_CTX_init(context, store, leaf, NULL);
    X509_STORE_CTX_set_default(context, "ssl_server");
    param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1)
        X509_VERIFY_PARAM_set1_host(param, host, 0);
    X509_verify_cert(context);
    error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return error;
}

static void
test_hosts(void)
{
    static const char *const hosts[] = {
        "a.example",
        "xn--bcher-kva.example",
        "_service.under_score.example",
        "192.0.2.7",
        "2001:db8::7",
        "single",
        "a-label-of-sixty-four-characters-in-all-is-still-a-common-name.x",
        "a-label-of-sixty-five-characters-in-all-is-no-longer-a-common-na.x",
        "a.very.long.name.of.many.labels.a.very.long.name.of.many.labels."
        "a.very.long.name.of.many.labels.a.very.long.name.of.many.labels."
        "a.very.long.name.of.many.labels.a.very.long.name.of.many.labels.example",
    };
    g_autoptr(BnsCa) ca = make_ca();

    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        X509 *leaf = make_leaf(ca, hosts[i]);
        int critical = -2;
        GENERAL_NAMES *names =
            X509_get_ext_d2i(leaf, NID_subject_alt_name, &critical, NULL);
        int n_subject = X509_NAME_entry_count(X509_get_subject_name(leaf));

        g_test_message("%s", hosts[i]);
        g_assert_cmpint(verify(ca, leaf, hosts[i]), ==, X509_V_OK);
        g_assert_cmpint(verify(ca, leaf, "other.example"), !=, X509_V_OK);
        g_assert_cmpint(sk_GENERAL_NAME_num(names), ==, 1);
        g_assert_cmpint(n_subject, ==, strlen(hosts[i]) <= 64 ? 1 : 0);
        g_assert_cmpint(critical, ==, n_subject == 0 ? 1 : 0);
        GENERAL_NAMES_free(names);
    }
}

static void
test_keys(void)
{
    g_autoptr(BnsCa) ca = make_ca();
    EVP_PKEY *ca_key = X509_get0_pubkey(bns_ca_certificate(ca));
    X509 *leaf = make_leaf(ca, "a.example");

    g_assert_cmpint(EVP_PKEY_eq(X509_get0_pubkey(leaf), bns_ca_leaf_key(ca)), ==, 1);
    g_assert_cmpint(EVP_PKEY_eq(X509_get0_pubkey(leaf), ca_key), ==, 0);
    g_assert_cmpint(X509_check_ca(leaf), ==, 0);
    g_assert_cmpint(X509_get_pathlen(bns_ca_certificate(ca)), ==, 0);
    g_assert_cmpuint(X509_get_key_usage(leaf), ==, KU_DIGITAL_SIGNATURE);
    g_assert_cmpuint(X509_get_extended_key_usage(leaf), ==, XKU_SSL_SERVER);
}

static void
test_runs_differ(void)
{
    g_autoptr(BnsCa) one = make_ca();
    g_autoptr(BnsCa) two = make_ca();

    g_assert_cmpuint(bns_ca_subject_hash(one), !=, bns_ca_subject_hash(two));
    g_assert_cmpint(verify(two, make_leaf(one, "a.example"), "a.example"), !=,
                    X509_V_OK);
    g_assert_cmpint(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(make_leaf(one, "a.example")),
                         X509_get0_serialNumber(make_leaf(one, "b.example"))),
        !=, 0);
}

static void
test_pem(void)
{
    g_autoptr(BnsCa) ca = make_ca();
    g_autofree char *pem = bns_ca_pem(ca);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *read = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    g_assert_cmpint(X509_cmp(read, bns_ca_certificate(ca)), ==, 0);
    g_assert_cmpuint(X509_subject_name_hash(read), ==, bns_ca_subject_hash(ca));
    g_assert_null(strstr(pem, "PRIVATE"));
    X509_free(read);
    BIO_free(bio);
}

static bool
is_valid_at(X509 *certificate, int64_t when_s)
{
    time_t when = (time_t)when_s;

    return X509_cmp_time(X509_get0_notBefore(certificate), &when) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &when) > 0;
}

static void
test_renewal(void)
{
    g_autoptr(BnsCa) ca = make_ca();
    int64_t now_s = g_get_real_time() / G_USEC_PER_SEC;
    X509 *first = bns_ca_leaf_at(ca, "a.example", now_s, NULL);
    X509 *later;

    X509_up_ref(first);
    g_assert_true(is_valid_at(first, now_s));
    /* A client whose clock lags half a day. */
    g_assert_true(is_valid_at(first, now_s - 12 * HOUR_S));
    g_assert_true(bns_ca_leaf_at(ca, "a.example", now_s + 22 * HOUR_S, NULL) == first);
    later = bns_ca_leaf_at(ca, "a.example", now_s + 23 * HOUR_S, NULL);
    g_assert_true(later != first);
    g_assert_true(is_valid_at(later, now_s + 46 * HOUR_S));
    /* Our own clock was set back. */
    later = bns_ca_leaf_at(ca, "a.example", now_s - 48 * HOUR_S, NULL);
    g_assert_true(is_valid_at(later, now_s - 48 * HOUR_S));
    X509_free(first);
}

/* More hosts than the cache holds: every answer is still right. */
static void
test_many_hosts(void)
{
    g_autoptr(BnsCa) ca = make_ca();
    int64_t start_us = g_get_monotonic_time();
    const int n = 1500;

    for (int i = 0; i < n; i++) {
        g_autofree char *host = g_strdup_printf("host-%d.example", i);
        X509 *leaf = make_leaf(ca, host);

        g_assert_cmpint(X509_check_host(leaf, host, 0, 0, NULL), ==, 1);
        g_assert_true(make_leaf(ca, host) == leaf);
    }
    g_test_message("minting: %.0f us each",
                   (double)(g_get_monotonic_time() - start_us) / n);
}

/* The openssl program has the last word, if it is there. */
static void
test_openssl_program(void)
{
    g_autoptr(BnsCa) ca = make_ca();
    g_autofree char *directory = g_dir_make_tmp("bns-ca-XXXXXX", NULL);
    g_autofree char *ca_file = g_build_filename(directory, "ca.pem", NULL);
    g_autofree char *leaf_file = g_build_filename(directory, "leaf.pem", NULL);
    g_autofree char *ca_pem = bns_ca_pem(ca);
    g_autofree char *output = NULL;
    g_autofree char *errors = NULL;
    const char *argv[] = { "openssl",   "verify",    "-x509_strict",
                           "-purpose",  "sslserver", "-verify_hostname",
                           "a.example", "-CAfile",   ca_file,
                           leaf_file,   NULL };
    char *arguments[G_N_ELEMENTS(argv)];
    BIO *bio = BIO_new_file(leaf_file, "w");
    int status = -1;
    bool ran;

    PEM_write_bio_X509(bio, make_leaf(ca, "a.example"));
    BIO_free(bio);
    g_assert_true(g_file_set_contents(ca_file, ca_pem, -1, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(argv); i++)
        arguments[i] = g_strdup(argv[i]);
    ran = g_spawn_sync(NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output,
                       &errors, &status, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(argv); i++)
        g_free(arguments[i]);
    g_unlink(ca_file);
    g_unlink(leaf_file);
    g_rmdir(directory);
    if (!ran) {
        bns_test_skip("no openssl program here");
        return;
    }
    g_test_message("%s%s", output, errors);
    g_assert_cmpint(status, ==, 0);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/ca/leaf-is-for-its-host-and-strictly-valid", test_hosts);
    bns_test_add("/gateway/ca/leaf-key-is-not-the-authority's", test_keys);
    bns_test_add("/gateway/ca/two-runs-share-nothing", test_runs_differ);
    bns_test_add("/gateway/ca/pem-is-the-certificate-alone", test_pem);
    bns_test_add("/gateway/ca/leaf-is-renewed-in-time", test_renewal);
    bns_test_add("/gateway/ca/more-hosts-than-the-cache-holds", test_many_hosts);
    bns_test_add("/gateway/ca/openssl-verifies-strictly", test_openssl_program);
    return g_test_run();
}
