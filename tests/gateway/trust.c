/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an origin may show, and what it may not: each row is a whole handshake.
 */
#include "netstack/gateway/trust.h"

#include "netstack/gateway/ca.h"
#include "tests/gateway/tls_pair.h"
#include "tests/support/certs.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S (24 * 3600)

static char *directory; /* of this program's files */
static char *no_roots;  /* an empty bundle */
static BnsTestCert *root;
static BnsTrust *trust; /* in @root alone */

/* A handshake with @server (taken). Returns: (transfer full): trust's sentence or %NULL. */
static char *
visit(BnsTrust *who, const char *host, SSL *server)
{
    TlsPair pair;
    char *failure;

    tls_pair_init(&pair, bns_trust_client(who, host), server);
    SSL_set_accept_state(server);
    tls_pair_handshake(&pair);
    failure = bns_trust_failure(bns_stream_ssl(pair.client.stream));
    /* No byte of a request can go to an origin that is not believed, except where only
     * the finished handshake shows it. */
    if (pair.client.result != 1)
        g_assert_nonnull(failure);
    tls_pair_clear(&pair);
    return failure;
}

static char *
visit_cert(BnsTrust *who,
           const char *host,
           const BnsTestCert *cert,
           const BnsTestCert *intermediate)
{
    SSL_CTX *context = bns_test_cert_server(cert, intermediate);
    char *failure = visit(who, host, SSL_new(context));

    SSL_CTX_free(context);
    return failure;
}

/* --- one certificate under the root --- */

typedef struct {
    const char *what;
    const char *host; /* NULL: "origin.test" */
    BnsTestCertSpec spec;
    const char *failure; /* NULL: believed */
} LeafCase;

#define NAMED(text) .names = text, .common_name = "origin.test"
#define OTHER_NAMES "upstream certificate is for other names "

static const LeafCase leaf_cases[] = {
    { "good", NULL, { NAMED("DNS:origin.test") }, NULL },
    { "upper-case-name", NULL, { NAMED("DNS:ORIGIN.Test") }, NULL },
    { "second-name", NULL, { NAMED("DNS:a.test,DNS:origin.test") }, NULL },
    { "rsa2048",
      NULL,
      { NAMED("DNS:origin.test"), .key = BNS_TEST_KEY_RSA2048 },
      NULL },
    { "expired-days",
      NULL,
      { NAMED("DNS:origin.test"), .not_before_s = -9 * DAY_S,
        .not_after_s = -3 * DAY_S - 60 },
      "upstream certificate expired 3 days ago" },
    { "expired-a-day",
      NULL,
      { NAMED("DNS:origin.test"), .not_before_s = -9 * DAY_S,
        .not_after_s = -DAY_S - 60 },
      "upstream certificate expired 1 day ago" },
    { "expired-hours",
      NULL,
      { NAMED("DNS:origin.test"), .not_before_s = -DAY_S,
        .not_after_s = -2 * 3600 - 60 },
      "upstream certificate expired 2 hours ago" },
    { "expired-now",
      NULL,
      { NAMED("DNS:origin.test"), .not_before_s = -DAY_S, .not_after_s = -60 },
      "upstream certificate expired less than an hour ago" },
    { "not-yet-valid",
      NULL,
      { NAMED("DNS:origin.test"), .not_before_s = 2 * DAY_S + 600,
        .not_after_s = 9 * DAY_S },
      "upstream certificate is not valid for another 2 days" },
    { "wrong-name", NULL, { NAMED("DNS:other.test") }, OTHER_NAMES "(other.test)" },
    { "four-wrong-names",
      NULL,
      { NAMED("DNS:a.test,DNS:b.test,IP:192.0.2.1,DNS:d.test,DNS:e.test") },
      OTHER_NAMES "(a.test, b.test, 192.0.2.1, 2 more)" },
    { "common-name-is-no-name",
      NULL,
      { .common_name = "origin.test" },
      "upstream certificate names no host (it has no subject alternative name)" },
    { "email-is-no-name",
      NULL,
      { NAMED("email:a@origin.test") },
      "upstream certificate names no host (it has no subject alternative name)" },
    { "wildcard", "a.origin.test", { NAMED("DNS:*.origin.test") }, NULL },
    { "wildcard-is-not-the-name-itself",
      NULL,
      { NAMED("DNS:*.origin.test") },
      OTHER_NAMES "(*.origin.test)" },
    { "wildcard-is-one-label",
      "a.b.origin.test",
      { NAMED("DNS:*.origin.test") },
      OTHER_NAMES "(*.origin.test)" },
    { "wildcard-of-a-top-level",
      NULL,
      { NAMED("DNS:*.test") },
      OTHER_NAMES "(*.test)" },
    { "partial-wildcard",
      "origin.a.test",
      { NAMED("DNS:o*.a.test") },
      OTHER_NAMES "(o*.a.test)" },
    { "inner-wildcard",
      "a.origin.test",
      { NAMED("DNS:a.*.test") },
      OTHER_NAMES "(a.*.test)" },
    { "lonely-wildcard", NULL, { NAMED("DNS:*") }, OTHER_NAMES "(*)" },
    { "trailing-dot",
      NULL,
      { NAMED("DNS:origin.test.") },
      OTHER_NAMES "(origin.test.)" },
    { "leading-dot",
      "a.origin.test",
      { NAMED("DNS:.origin.test") },
      OTHER_NAMES "(.origin.test)" },
    { "nul-in-name",
      NULL,
      { .common_name = "origin.test",
        .raw_dns_name = "origin.test\0.evil.test",
        .raw_dns_len = 22 },
      OTHER_NAMES "(origin.test\\x00.evil.test)" },
    { "escape-in-name",
      NULL,
      { .common_name = "origin.test", .raw_dns_name = "\033[2J", .raw_dns_len = 4 },
      OTHER_NAMES "(\\x1b[2J)" },
    { "a-label", "xn--bcher-kva.test", { NAMED("DNS:xn--bcher-kva.test") }, NULL },
    { "u-label-is-not-an-a-label",
      "xn--bcher-kva.test",
      { .common_name = "x",
        .raw_dns_name = "b\xc3\xbc"
                        "cher.test",
        .raw_dns_len = 12 },
      OTHER_NAMES "(b\\xc3\\xbccher.test)" },
    { "ipv4", "192.0.2.7", { NAMED("IP:192.0.2.7") }, NULL },
    { "ipv6", "2001:db8::7", { NAMED("IP:2001:db8::7") }, NULL },
    { "other-ipv4", "192.0.2.7", { NAMED("IP:192.0.2.8") }, OTHER_NAMES "(192.0.2.8)" },
    { "ipv4-as-dns-name",
      "192.0.2.7",
      { NAMED("DNS:192.0.2.7") },
      OTHER_NAMES "(192.0.2.7)" },
    { "ipv4-as-common-name",
      "192.0.2.7",
      { .common_name = "192.0.2.7" },
      "upstream certificate names no host (it has no subject alternative name)" },
    { "name-for-an-ip-certificate",
      NULL,
      { NAMED("IP:192.0.2.7") },
      OTHER_NAMES "(192.0.2.7)" },
    { "client-only",
      NULL,
      { NAMED("DNS:origin.test"),
        .extensions = { { NID_ext_key_usage, "clientAuth" } } },
      "upstream certificate is not meant for servers (key usage)" },
    { "server-and-client",
      NULL,
      { NAMED("DNS:origin.test"),
        .extensions = { { NID_ext_key_usage, "serverAuth,clientAuth" } } },
      NULL },
    { "key-usage-signs-nothing",
      NULL,
      { NAMED("DNS:origin.test"), .extensions = { { NID_key_usage, "cRLSign" } } },
      "upstream certificate is not meant for servers (key usage)" },
    { "key-usage-encrypts-only",
      NULL,
      { NAMED("DNS:origin.test"),
        .extensions = { { NID_key_usage, "keyEncipherment" } } },
      "upstream certificate's key usage does not permit signing" },
    { "ca-as-server",
      NULL,
      { NAMED("DNS:origin.test"), .is_ca = true },
      "upstream certificate is a CA's, not a server's" },
    { "sha1",
      NULL,
      { NAMED("DNS:origin.test"), .digest = "SHA1" },
      "upstream certificate has a signature algorithm that is too weak" },
    { "rsa1024",
      NULL,
      { NAMED("DNS:origin.test"), .key = BNS_TEST_KEY_RSA1024 },
      "upstream certificate has a key that is too weak" },
    { "unknown-critical-extension",
      NULL,
      { NAMED("DNS:origin.test"),
        .extensions = { { NID_netscape_comment, "critical,DER:0500" } } },
      "upstream certificate is not acceptable (unhandled critical extension)" },
};

static void
test_leaf(gconstpointer data)
{
    const LeafCase *c = data;
    BnsTestCertSpec spec = c->spec;
    g_autoptr(BnsTestCert) leaf = NULL;
    g_autofree char *failure = NULL;

    spec.issuer = root;
    leaf = bns_test_cert_new(&spec);
    failure = visit_cert(trust, c->host != NULL ? c->host : "origin.test", leaf, NULL);
    g_assert_cmpstr(failure, ==, c->failure);
}

/* --- chains --- */

typedef struct {
    const char *what;
    const char *host;
    BnsTestCertSpec intermediate;
    bool is_sent;
    const char *failure;
} ChainCase;

#define UNKNOWN_ISSUER(name)                                                           \
    "upstream certificate has the unknown issuer \"" name "\" (an untrusted root, or " \
    "the server does not send its intermediate certificate)"
#define INTERMEDIATE .common_name = "Intermediate"

static const ChainCase chain_cases[] = {
    { "good", "origin.test", { INTERMEDIATE, .is_ca = true }, true, NULL },
    { "missing-intermediate",
      "origin.test",
      { INTERMEDIATE, .is_ca = true },
      false,
      UNKNOWN_ISSUER("Intermediate") },
    { "no-ca",
      "origin.test",
      { INTERMEDIATE, .names = "DNS:i.test",
        .extensions = { { NID_basic_constraints, "critical,CA:FALSE" } } },
      true,
      "upstream certificate was issued by a certificate that may not "
      "issue any" },
    { "expired",
      "origin.test",
      { INTERMEDIATE, .is_ca = true, .not_before_s = -9 * DAY_S,
        .not_after_s = -5 * DAY_S - 60 },
      true,
      "the issuer of the upstream certificate expired 5 days ago" },
    { "sha1",
      "origin.test",
      { INTERMEDIATE, .is_ca = true, .digest = "SHA1" },
      true,
      "the issuer of the upstream certificate has a signature algorithm that is too "
      "weak" },
    { "may-not-sign-certificates",
      "origin.test",
      { INTERMEDIATE, .is_ca = true,
        .extensions = { { NID_key_usage, "critical,digitalSignature" } } },
      true,
      "upstream certificate was issued by a certificate that may not "
      "issue any" },
    { "permitted-name",
      "origin.test",
      { INTERMEDIATE, .is_ca = true,
        .extensions = { { NID_name_constraints,
                          "critical,permitted;DNS:origin.test" } } },
      true,
      NULL },
    { "name-not-permitted",
      "origin.test",
      { INTERMEDIATE, .is_ca = true,
        .extensions = { { NID_name_constraints,
                          "critical,permitted;DNS:other.test" } } },
      true,
      "upstream certificate violates the name constraints of its issuer" },
    { "name-excluded",
      "origin.test",
      { INTERMEDIATE, .is_ca = true,
        .extensions = { { NID_name_constraints, "critical,excluded;DNS:test" } } },
      true,
      "upstream certificate violates the name constraints of its issuer" },
    { "address-excluded",
      "192.0.2.7",
      { INTERMEDIATE, .is_ca = true,
        .extensions = { { NID_name_constraints,
                          "critical,excluded;IP:192.0.2.0/255.255.255.0" } } },
      true,
      "upstream certificate violates the name constraints of its issuer" },
    { "address-not-permitted",
      "192.0.2.7",
      { INTERMEDIATE, .is_ca = true,
        .extensions = { { NID_name_constraints,
                          "critical,permitted;IP:10.0.0.0/255.0.0.0" } } },
      true,
      "upstream certificate violates the name constraints of its issuer" },
};

static void
test_chain(gconstpointer data)
{
    const ChainCase *c = data;
    BnsTestCertSpec spec = c->intermediate;
    BnsTestCertSpec leaf_spec = { .names = "DNS:origin.test,IP:192.0.2.7",
                                  .common_name = "leaf" };
    g_autoptr(BnsTestCert) intermediate = NULL;
    g_autoptr(BnsTestCert) leaf = NULL;
    g_autofree char *failure = NULL;

    spec.issuer = root;
    intermediate = bns_test_cert_new(&spec);
    leaf_spec.issuer = intermediate;
    leaf = bns_test_cert_new(&leaf_spec);
    failure = visit_cert(trust, c->host, leaf, c->is_sent ? intermediate : NULL);
    g_assert_cmpstr(failure, ==, c->failure);
}

static void
test_path_length(void)
{
    BnsTestCertSpec first_spec = { .issuer = root,
                                   .common_name = "First",
                                   .extensions = { { NID_basic_constraints,
                                                     "critical,CA:TRUE,pathlen:0" } } };
    g_autoptr(BnsTestCert) first = bns_test_cert_new(&first_spec);
    BnsTestCertSpec second_spec = { .issuer = first,
                                    .common_name = "Second",
                                    .is_ca = true };
    g_autoptr(BnsTestCert) second = bns_test_cert_new(&second_spec);
    BnsTestCertSpec leaf_spec = { .issuer = second, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&leaf_spec);
    SSL_CTX *context = bns_test_cert_server(leaf, second);
    g_autofree char *failure = NULL;

    SSL_CTX_add1_chain_cert(context, first->certificate);
    failure = visit(trust, "origin.test", SSL_new(context));
    g_assert_cmpstr(failure, ==,
                    "upstream certificate has more issuers than one of them permits");
    SSL_CTX_free(context);
}

static void
test_untrusted(void)
{
    BnsTestCertSpec self = { .names = "DNS:origin.test", .common_name = "origin.test" };
    g_autoptr(BnsTestCert) other = bns_test_cert_authority("Other \033[2J Root");
    BnsTestCertSpec spec = { .issuer = other, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) self_signed = bns_test_cert_new(&self);
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    g_autofree char *first = visit_cert(trust, "origin.test", self_signed, NULL);
    g_autofree char *second = visit_cert(trust, "origin.test", leaf, NULL);
    g_autofree char *third = visit_cert(trust, "origin.test", leaf, other);

    g_assert_cmpstr(first, ==, "upstream certificate is self-signed");
    g_assert_cmpstr(second, ==, UNKNOWN_ISSUER("Other \\x1b[2J Root"));
    g_assert_cmpstr(third, ==,
                    "upstream certificate leads to the untrusted root "
                    "\"Other \\x1b[2J Root\"");
}

/* Same name as the trusted root, another key. */
static void
test_impostor(void)
{
    g_autoptr(BnsTestCert) impostor = bns_test_cert_authority("Root");
    BnsTestCertSpec spec = { .issuer = impostor, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    g_autofree char *failure = visit_cert(trust, "origin.test", leaf, NULL);

    g_assert_cmpstr(failure, ==, "upstream certificate has a wrong signature");
}

/* --- what is trusted --- */

static BnsTrust *
trust_files(const char *first, const char *second)
{
    const char *const files[] = { first, second, NULL };
    g_autoptr(GError) error = NULL;
    BnsTrust *read = bns_trust_read(files, &error);

    g_assert_no_error(error);
    return read;
}

/* ECDSA has no signature with MD5, RSA has. */
static void
test_md5(void)
{
    BnsTestCertSpec root_spec = { .common_name = "RSA Root",
                                  .is_ca = true,
                                  .key = BNS_TEST_KEY_RSA2048 };
    g_autoptr(BnsTestCert) rsa_root = bns_test_cert_new(&root_spec);
    BnsTestCertSpec spec = { .issuer = rsa_root,
                             .names = "DNS:origin.test",
                             .digest = "MD5" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    g_autofree char *path = bns_test_cert_write(rsa_root, directory, "rsa.pem");
    g_autoptr(BnsTrust) rsa_trust = trust_files(path, NULL);
    g_autofree char *failure = visit_cert(rsa_trust, "origin.test", leaf, NULL);

    g_assert_cmpstr(failure, ==,
                    "upstream certificate has a signature algorithm that is too weak");
    g_unlink(path);
}

/* Our own CA among the trusted, by mistake or by malice. */
static void
test_own_ca(void)
{
    g_autoptr(BnsCa) ca = bns_ca_new(NULL);
    g_autofree char *pem = bns_ca_pem(ca);
    g_autofree char *path = g_build_filename(directory, "own.pem", NULL);
    BnsTestCert leaf = { .certificate = bns_ca_leaf(ca, "origin.test", NULL),
                         .key = bns_ca_leaf_key(ca) };
    g_autoptr(BnsTrust) with_own = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    g_assert_true(g_file_set_contents(path, pem, -1, NULL));
    with_own = trust_files(path, NULL);
    before = visit_cert(with_own, "origin.test", &leaf, NULL);
    g_assert_null(before);
    bns_trust_exclude(with_own, bns_ca_certificate(ca));
    after = visit_cert(with_own, "origin.test", &leaf, NULL);
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
    BnsTestCertSpec spec = { .issuer = root,
                             .common_name = "Intermediate",
                             .is_ca = true };
    g_autoptr(BnsTestCert) intermediate = bns_test_cert_new(&spec);
    BnsTestCertSpec leaf_spec = { .issuer = intermediate, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&leaf_spec);
    g_autofree char *dev_path = bns_test_cert_write(dev, directory, "dev.pem");
    g_autofree char *mid_path = bns_test_cert_write(intermediate, directory, "mid.pem");
    g_autoptr(BnsTrust) both = trust_files(dev_path, mid_path);
    g_autofree char *first = visit_cert(both, "origin.test", dev, NULL);
    g_autofree char *second = visit_cert(both, "origin.test", leaf, NULL);
    g_autofree char *third = visit_cert(both, "other.test", dev, NULL);

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
    g_autofree char *path = g_build_filename(directory, "bad.pem", NULL);
    g_autofree char *fifo = g_build_filename(directory, "fifo", NULL);
    g_autofree char *good = bns_test_cert_pem(root);
    g_autofree char *broken = g_strconcat(good, good, NULL);
    g_autofree char *key = bns_test_cert_key_pem(root);

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
    system = bns_trust_read(NULL, NULL);
    if (saved != NULL)
        g_setenv(variable, saved, TRUE);
    else
        g_unsetenv(variable);
    g_assert_nonnull(system);
    return visit_cert(system, "origin.test", leaf, NULL);
}

static void
test_environment(void)
{
    BnsTestCertSpec spec = { .issuer = root, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    g_autofree char *roots = g_build_filename(directory, "roots", NULL);
    g_autofree char *path = NULL;
    g_autofree char *by_file = NULL;
    g_autofree char *by_directory = NULL;
    g_autofree char *paths = g_strconcat("/nonexistent:", roots, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_mkdir(roots, 0700), ==, 0);
    path = bns_test_cert_write(root, roots, "root.pem");
    g_unsetenv("SSL_CERT_FILE");
    by_file = visit_with_environment("NIX_SSL_CERT_FILE", path, leaf);
    g_assert_null(by_file);
    by_directory = visit_with_environment("SSL_CERT_DIR", paths, leaf);
    g_assert_null(by_directory);
    g_assert_null(visit_with_environment("SSL_CERT_FILE", path, leaf));

    g_setenv("SSL_CERT_FILE", "/nonexistent", TRUE);
    g_assert_null(bns_trust_read(NULL, &error));
    g_assert_error(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_TRUST);
    g_setenv("SSL_CERT_FILE", no_roots, TRUE);
    g_unlink(path);
    g_rmdir(roots);
}

/* A bundle as RHEL has it: comments, TRUSTED CERTIFICATE, one that is distrusted for
 * servers, and rubbish that must cost only itself. */
static void
test_trusted_bundle(void)
{
    g_autoptr(BnsTestCert) distrusted = bns_test_cert_authority("Distrusted");
    BnsTestCertSpec good_spec = { .issuer = root, .names = "DNS:origin.test" };
    BnsTestCertSpec bad_spec = { .issuer = distrusted, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) good = bns_test_cert_new(&good_spec);
    g_autoptr(BnsTestCert) bad = bns_test_cert_new(&bad_spec);
    g_autofree char *path = g_build_filename(directory, "bundle.pem", NULL);
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    BIO *bio = BIO_new_file(path, "w");
    X509 *copy;

    BIO_puts(bio, "# A comment\n-----BEGIN CERTIFICATE-----\nAAAA\n"
                  "-----END CERTIFICATE-----\n");
    copy = X509_dup(root->certificate);
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
    BnsTestCertSpec spec = { .issuer = root, .names = "DNS:origin.test" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    g_autoptr(BnsTrust) empty = bns_trust_read(NULL, NULL);
    g_autofree char *failure = visit_cert(empty, "origin.test", leaf, NULL);

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
    system = bns_trust_read(NULL, NULL);
    g_setenv("SSL_CERT_FILE", no_roots, TRUE);
    g_assert_nonnull(system);
    start_us = g_get_monotonic_time();
    bns_trust_prepare(system);
    bns_trust_prepare(system);
    ssl = bns_trust_client(system, "origin.test");
    g_test_message("%d roots in %" G_GINT64_FORMAT " us",
                   sk_X509_OBJECT_num(X509_STORE_get0_objects(
                       SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)))),
                   g_get_monotonic_time() - start_us);
    SSL_free(ssl);
}

/* --- handshakes that fail otherwise --- */

static BnsTestCert *good_leaf;

static SSL *
good_server(void)
{
    SSL_CTX *context = bns_test_cert_server(good_leaf, NULL);
    SSL *ssl = SSL_new(context);

    SSL_CTX_free(context);
    return ssl;
}

static void
test_old_tls(void)
{
    SSL *server = good_server();
    g_autofree char *failure = NULL;

    SSL_set_min_proto_version(server, TLS1_VERSION);
    SSL_set_max_proto_version(server, TLS1_1_VERSION);
    failure = visit(trust, "origin.test", server);
    g_assert_cmpstr(failure, ==, "upstream speaks no TLS version above 1.1");
}

static void
test_no_shared_cipher(void)
{
    SSL *server = good_server();
    g_autofree char *failure = NULL;

    SSL_set_max_proto_version(server, TLS1_2_VERSION);
    SSL_set_cipher_list(server, "aNULL:eNULL:@SECLEVEL=0");
    failure = visit(trust, "origin.test", server);
    g_assert_cmpstr(failure, ==,
                    "upstream refused the TLS handshake (handshake_failure: no common "
                    "cipher, or it asks for a client certificate)");
}

/* What the test's origin does with our ALPN list. */
typedef enum {
    CHOOSE_OURS,
    REFUSE_OURS,
    CHOOSE_ANOTHER,
    IGNORE_OURS,
} Choice;

static int
on_choose(SSL *ssl,
          const unsigned char **out,
          unsigned char *out_len,
          const unsigned char *in,
          unsigned in_len,
          void *data)
{
    static const unsigned char h2[] = "h2";

    g_assert_cmpmem(in, in_len, "\x08http/1.1", 9);
    switch ((Choice)GPOINTER_TO_INT(data)) {
    case CHOOSE_OURS:
        *out = in + 1;
        *out_len = in[0];
        return SSL_TLSEXT_ERR_OK;
    case CHOOSE_ANOTHER:
        *out = h2;
        *out_len = 2;
        return SSL_TLSEXT_ERR_OK;
    case REFUSE_OURS:
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    case IGNORE_OURS:
    default:
        return SSL_TLSEXT_ERR_NOACK;
    }
}

static void
test_alpn(void)
{
    static const char *const expected[] = {
        [CHOOSE_OURS] = NULL,
        [REFUSE_OURS] = "upstream does not speak HTTP/1.1 (it wants HTTP/2 only)",
        [CHOOSE_ANOTHER] = "upstream chose a protocol that was not offered (ALPN)",
        [IGNORE_OURS] = NULL,
    };

    for (int choice = CHOOSE_OURS; choice <= IGNORE_OURS; choice++) {
        SSL_CTX *context = bns_test_cert_server(good_leaf, NULL);
        g_autofree char *failure = NULL;

        SSL_CTX_set_alpn_select_cb(context, on_choose, GINT_TO_POINTER(choice));
        failure = visit(trust, "origin.test", SSL_new(context));
        SSL_CTX_free(context);
        /* Newer OpenSSL sees it itself, older leaves it to us. */
        if (choice == CHOOSE_ANOTHER && g_strrstr(failure, "bad extension") != NULL)
            continue;
        g_assert_cmpstr(failure, ==, expected[choice]);
    }
}

static void
test_client_certificate(gconstpointer data)
{
    int version = GPOINTER_TO_INT(data);
    SSL *server = good_server();
    g_autofree char *failure = NULL;

    SSL_set_max_proto_version(server, version);
    SSL_set_verify(server, SSL_VERIFY_PEER, NULL);
    failure = visit(trust, "origin.test", server);
    g_assert_null(failure);
}

static char *seen_name;

static int
on_name(SSL *ssl, int *alert, void *data)
{
    g_free(seen_name);
    seen_name = g_strdup(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    return SSL_TLSEXT_ERR_OK;
}

static void
test_sent_name(void)
{
    static const char *const hosts[] = { "origin.test", "192.0.2.7", "2001:db8::7" };
    SSL_CTX *context = bns_test_cert_server(good_leaf, NULL);

    SSL_CTX_set_tlsext_servername_callback(context, on_name);
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autofree char *failure = visit(trust, hosts[i], SSL_new(context));

        g_assert_null(failure);
        g_assert_cmpstr(seen_name, ==, i == 0 ? "origin.test" : NULL);
    }
    g_clear_pointer(&seen_name, g_free);
    SSL_CTX_free(context);
}

/* An origin that is no TLS server: it says @data, then ends. */
static char *
visit_plain(const char *says, bool resets)
{
    TlsPair pair;
    char *failure;
    char byte;

    tls_pair_init(&pair, bns_trust_client(trust, "origin.test"), NULL);
    g_assert_cmpint(bns_stream_handshake(pair.client.stream), ==, BNS_STREAM_AGAIN);
    failure = bns_trust_failure(bns_stream_ssl(pair.client.stream));
    g_assert_cmpstr(failure, ==, "upstream did not finish the TLS handshake");
    g_free(failure);
    if (*says != '\0')
        bns_stream_write(pair.server.stream, says, strlen(says));
    while (!resets && bns_stream_read(pair.server.stream, &byte, 1) > 0)
        continue;
    g_clear_pointer(&pair.server.stream, bns_stream_free);
    g_assert_cmpint(bns_stream_handshake(pair.client.stream), <, BNS_STREAM_AGAIN);
    failure = bns_trust_failure(bns_stream_ssl(pair.client.stream));
    tls_pair_clear(&pair);
    return failure;
}

static void
test_no_tls(void)
{
    g_autofree char *http = visit_plain("HTTP/1.1 400 Bad Request\r\n\r\n", false);
    g_autofree char *ssh = visit_plain("SSH-2.0-OpenSSH_9.2\r\n", false);
    g_autofree char *nothing = visit_plain("", false);
    g_autofree char *half = visit_plain("\x16\x03\x03", false);
    g_autofree char *reset = visit_plain("", true);

    g_assert_cmpstr(http, ==, "upstream does not speak TLS on this port");
    g_assert_cmpstr(ssh, ==, "upstream does not speak TLS on this port");
    g_assert_cmpstr(nothing, ==,
                    "upstream closed the connection during the TLS handshake");
    g_assert_cmpstr(half, ==,
                    "upstream closed the connection during the TLS handshake");
    g_assert_cmpstr(reset, ==,
                    "connection to upstream broke during the TLS handshake: Connection "
                    "reset by peer");
}

static void
add_tables(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(leaf_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/trust/leaf/%s", leaf_cases[i].what);

        bns_test_add_data(path, &leaf_cases[i], test_leaf);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(chain_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/trust/chain/%s", chain_cases[i].what);

        bns_test_add_data(path, &chain_cases[i], test_chain);
    }
}

static void
add_others(void)
{
    bns_test_add("/gateway/trust/chain/path-length-exceeded", test_path_length);
    bns_test_add("/gateway/trust/untrusted-roots-are-told-apart", test_untrusted);
    bns_test_add("/gateway/trust/same-name-is-not-the-same-root", test_impostor);
    bns_test_add("/gateway/trust/leaf/md5", test_md5);
    bns_test_add("/gateway/trust/own-ca-is-never-believed", test_own_ca);
    bns_test_add("/gateway/trust/extra-certificates-may-be-no-roots",
                 test_extra_certificates);
    bns_test_add("/gateway/trust/bad-ca-file-stops-the-start", test_bad_files);
    bns_test_add("/gateway/trust/environment-names-the-roots", test_environment);
    bns_test_add("/gateway/trust/bundle-may-restrict-a-root", test_trusted_bundle);
    bns_test_add("/gateway/trust/no-bundle-is-told", test_no_roots);
    bns_test_add("/gateway/trust/system-bundle-is-parsed-once", test_system_bundle);
    bns_test_add("/gateway/trust/tls11-is-too-old", test_old_tls);
    bns_test_add("/gateway/trust/no-shared-cipher-is-told", test_no_shared_cipher);
    bns_test_add("/gateway/trust/origin-must-speak-http11", test_alpn);
    bns_test_add_data("/gateway/trust/tls12-client-certificate-is-not-needed",
                      GINT_TO_POINTER(TLS1_2_VERSION), test_client_certificate);
    bns_test_add_data("/gateway/trust/tls13-client-certificate-is-not-needed",
                      GINT_TO_POINTER(TLS1_3_VERSION), test_client_certificate);
    bns_test_add("/gateway/trust/name-is-sent-address-is-not", test_sent_name);
    bns_test_add("/gateway/trust/no-tls-server-is-told", test_no_tls);
}

int
main(int argc, char **argv)
{
    BnsTestCertSpec spec = { .names = "DNS:origin.test,IP:192.0.2.7,IP:2001:db8::7" };
    g_autofree char *path = NULL;
    int status;

    bns_test_init(&argc, &argv, 60);
    directory = g_dir_make_tmp("bns-trust-XXXXXX", NULL);
    no_roots = g_build_filename(directory, "none.pem", NULL);
    g_file_set_contents(no_roots, "", -1, NULL);
    /* This machine's roots are none of the tests' business. */
    g_setenv("SSL_CERT_FILE", no_roots, TRUE);
    g_unsetenv("SSL_CERT_DIR");
    g_unsetenv("NIX_SSL_CERT_FILE");
    root = bns_test_cert_authority("Root");
    spec.issuer = root;
    good_leaf = bns_test_cert_new(&spec);
    path = bns_test_cert_write(root, directory, "root.pem");
    trust = trust_files(path, NULL);
    add_tables();
    add_others();
    status = g_test_run();
    bns_trust_free(trust);
    bns_test_cert_free(good_leaf);
    bns_test_cert_free(root);
    g_unlink(path);
    g_unlink(no_roots);
    g_rmdir(directory);
    g_free(no_roots);
    g_free(directory);
    return status;
}
