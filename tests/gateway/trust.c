/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an origin may show, and what it may not: each row is a whole handshake.
 */
#include "netstack/gateway/trust.h"

#include "tests/gateway/trust_origin.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <openssl/x509v3.h>

#define DAY_S (24 * 3600)

/* --- one certificate under the root --- */

typedef struct {
    const char *what;
    const char *host; /* NULL: "origin.test" */
    BnsTestCertSpec spec;
    const char *failure; /* NULL: believed */
} LeafCase;

#define NAMED(text) .names = text, .common_name = "origin.test"

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

    spec.issuer = trust_root;
    leaf = bns_test_cert_new(&spec);
    failure = trust_visit_cert(trust_default, c->host != NULL ? c->host : "origin.test",
                               leaf, NULL);
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

    spec.issuer = trust_root;
    intermediate = bns_test_cert_new(&spec);
    leaf_spec.issuer = intermediate;
    leaf = bns_test_cert_new(&leaf_spec);
    failure = trust_visit_cert(trust_default, c->host, leaf,
                               c->is_sent ? intermediate : NULL);
    g_assert_cmpstr(failure, ==, c->failure);
}

static void
test_path_length(void)
{
    BnsTestCertSpec first_spec = { .issuer = trust_root,
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
    failure = trust_visit(trust_default, "origin.test", SSL_new(context));
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
    g_autofree char *first =
        trust_visit_cert(trust_default, "origin.test", self_signed, NULL);
    g_autofree char *second =
        trust_visit_cert(trust_default, "origin.test", leaf, NULL);
    g_autofree char *third =
        trust_visit_cert(trust_default, "origin.test", leaf, other);

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
    g_autofree char *failure =
        trust_visit_cert(trust_default, "origin.test", leaf, NULL);

    g_assert_cmpstr(failure, ==, "upstream certificate has a wrong signature");
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
    g_autofree char *path = bns_test_cert_write(rsa_root, trust_directory, "rsa.pem");
    g_autoptr(BnsTrust) rsa_trust = trust_in_files(path, NULL);
    g_autofree char *failure = trust_visit_cert(rsa_trust, "origin.test", leaf, NULL);

    g_assert_cmpstr(failure, ==,
                    "upstream certificate has a signature algorithm that is too weak");
    g_unlink(path);
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

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 60);
    trust_origin_init();
    add_tables();
    bns_test_add("/gateway/trust/chain/path-length-exceeded", test_path_length);
    bns_test_add("/gateway/trust/untrusted-roots-are-told-apart", test_untrusted);
    bns_test_add("/gateway/trust/same-name-is-not-the-same-root", test_impostor);
    bns_test_add("/gateway/trust/leaf/md5", test_md5);
    status = g_test_run();
    trust_origin_clear();
    return status;
}
