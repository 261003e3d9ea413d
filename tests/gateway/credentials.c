/* SPDX-License-Identifier: Apache-2.0 */
/* Files of client certificates and keys: which are taken, and what is said of others. */
#include "netstack/gateway/credentials.h"

#include "policy/policy_private.h"
#include "tests/support/certs.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    char *dir;
    BnsTestCert *authority;
    BnsTestCert *cert;
} Fixture;

static void
fixture_init(Fixture *f)
{
    BnsTestCertSpec spec = { .common_name = "me" };

    f->dir = g_dir_make_tmp("credentials-XXXXXX", NULL);
    f->authority = bns_test_cert_authority("Clients");
    spec.issuer = f->authority;
    f->cert = bns_test_cert_new(&spec);
}

static void
fixture_clear(Fixture *f)
{
    GDir *dir = g_dir_open(f->dir, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(f->dir, name, NULL);

        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_dir_close(dir);
    g_assert_cmpint(g_rmdir(f->dir), ==, 0);
    bns_test_cert_free(f->cert);
    bns_test_cert_free(f->authority);
    g_free(f->dir);
}

static void
write_file(const Fixture *f, const char *name, const char *one, const char *two)
{
    g_autofree char *path = g_build_filename(f->dir, name, NULL);
    g_autofree char *text = g_strconcat(one, two, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Returns: (transfer full): the message, less the folder's name, or %NULL if all is well. */
static char *
read_rule(const Fixture *f, const char *keys)
{
    g_autofree char *file = g_build_filename(f->dir, "p.yaml", NULL);
    g_autofree char *yaml =
        g_strdup_printf("allow:\n  - { domain: a.org, %s }\n", keys);
    g_autoptr(BnsPolicy) policy = bns_policy_parse(file, yaml, strlen(yaml), NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsCredentials) credentials = NULL;
    g_autoptr(GString) message = NULL;

    g_assert_nonnull(policy);
    credentials = bns_credentials_read(policy, &error);
    g_assert_cmpint(credentials == NULL, ==, error != NULL);
    if (error == NULL)
        return NULL;
    message = g_string_new(error->message);
    g_string_replace(message, f->dir, "DIR", 0);
    return g_string_free(g_steal_pointer(&message), FALSE);
}

static void
assert_read(const Fixture *f, const char *keys, const char *expected)
{
    g_autofree char *message = read_rule(f, keys);

    g_assert_cmpstr(message, ==, expected);
}

static void
test_taken(void)
{
    Fixture f;
    g_autofree char *cert = NULL;
    g_autofree char *key = NULL;
    g_autofree char *issuer = NULL;

    fixture_init(&f);
    cert = bns_test_cert_pem(f.cert);
    key = bns_test_cert_key_pem(f.cert);
    issuer = bns_test_cert_pem(f.authority);
    write_file(&f, "cert", cert, NULL);
    write_file(&f, "key", key, NULL);
    write_file(&f, "both", cert, key);
    write_file(&f, "reversed", key, cert);
    write_file(&f, "chain", cert, issuer);
    assert_read(&f, "client_cert: cert, client_key: key", NULL);
    assert_read(&f, "client_cert: both", NULL);
    assert_read(&f, "client_cert: reversed", NULL);
    assert_read(&f, "client_cert: chain, client_key: both", NULL);
    fixture_clear(&f);
}

static void
test_not_taken(void)
{
    BnsTestCertSpec weak_spec = { .common_name = "weak", .key = BNS_TEST_KEY_RSA1024 };
    Fixture f;
    g_autoptr(BnsTestCert) weak = bns_test_cert_new(&weak_spec);
    g_autofree char *weak_cert = bns_test_cert_pem(weak);
    g_autofree char *weak_key = bns_test_cert_key_pem(weak);
    g_autofree char *cert = NULL;
    g_autofree char *key = NULL;

    fixture_init(&f);
    cert = bns_test_cert_pem(f.cert);
    key = bns_test_cert_key_pem(f.cert);
    write_file(&f, "cert", cert, NULL);
    write_file(&f, "key", key, NULL);
    write_file(&f, "empty", "", NULL);
    write_file(&f, "broken-chain", cert, "-----BEGIN CERTIFICATE-----\nMII!\n");
    write_file(&f, "other-key", weak_key, NULL);
    write_file(&f, "weak", weak_cert, weak_key);
    assert_read(&f, "client_cert: none",
                "DIR/p.yaml:2:35: client_cert: file \"DIR/none\" could not be read: No "
                "such file or directory");
    assert_read(&f, "client_cert: cert, client_key: none",
                "DIR/p.yaml:2:53: client_key: file \"DIR/none\" could not be read: No "
                "such file or directory");
    assert_read(&f, "client_cert: empty",
                "DIR/p.yaml:2:35: client_cert: file \"DIR/empty\" holds no certificate "
                "in PEM form");
    assert_read(&f, "client_cert: key",
                "DIR/p.yaml:2:35: client_cert: file \"DIR/key\" holds no certificate "
                "in PEM form");
    assert_read(
        &f, "client_cert: broken-chain",
        "DIR/p.yaml:2:35: client_cert: file \"DIR/broken-chain\" holds a broken "
        "certificate");
    assert_read(&f, "client_cert: cert",
                "DIR/p.yaml:2:35: client_cert: file \"DIR/cert\" holds no private key "
                "in PEM form");
    assert_read(&f, "client_cert: cert, client_key: other-key",
                "DIR/p.yaml:2:53: client_key: file \"DIR/other-key\" holds another key "
                "than the certificate's");
    assert_read(
        &f, "client_cert: weak",
        "DIR/p.yaml:2:35: client_cert: file \"DIR/weak\" cannot be used: ee key "
        "too small");
    fixture_clear(&f);
}

/* Neither waits for a person. */
static void
test_passphrase(void)
{
    Fixture f;
    g_autofree char *cert = NULL;
    g_autofree char *path = NULL;
    FILE *file;

    fixture_init(&f);
    cert = bns_test_cert_pem(f.cert);
    write_file(&f, "cert", cert, NULL);
    path = g_build_filename(f.dir, "key", NULL);
    file = fopen(path, "we");
    g_assert_cmpint(PEM_write_PKCS8PrivateKey(file, f.cert->key, EVP_aes_128_cbc(),
                                              "secret", 6, NULL, NULL),
                    ==, 1);
    fclose(file);
    assert_read(
        &f, "client_cert: cert, client_key: key",
        "DIR/p.yaml:2:53: client_key: file \"DIR/key\" holds a key with a "
        "passphrase, which nobody can be asked for: \"openssl pkey\" writes one "
        "without");
    fixture_clear(&f);
}

/* ... nor for a writer, nor without end. */
static void
test_no_regular_file(void)
{
    Fixture f;
    g_autofree char *fifo = NULL;
    g_autofree char *large = NULL;

    fixture_init(&f);
    fifo = g_build_filename(f.dir, "fifo", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    large = g_strnfill(1024 * 1024 + 1, '\n');
    write_file(&f, "large", large, NULL);
    assert_read(&f, "client_cert: fifo",
                "DIR/p.yaml:2:35: client_cert: file \"DIR/fifo\" is no regular file");
    assert_read(&f, "client_cert: /dev/zero",
                "DIR/p.yaml:2:35: client_cert: file \"/dev/zero\" is no regular file");
    assert_read(&f, "client_cert: .",
                "DIR/p.yaml:2:35: client_cert: file \"DIR\" is no regular file");
    assert_read(
        &f, "client_cert: large",
        "DIR/p.yaml:2:35: client_cert: file \"DIR/large\" is larger than 1 MiB");
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/gateway/credentials/taken", test_taken);
    bns_test_add("/gateway/credentials/not-taken", test_not_taken);
    bns_test_add("/gateway/credentials/a-passphrase-is-not-asked-for", test_passphrase);
    bns_test_add("/gateway/credentials/only-regular-files", test_no_regular_file);
    return g_test_run();
}
