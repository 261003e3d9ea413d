/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/certs.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

static EVP_PKEY *
make_key(BnsTestKey kind)
{
    switch (kind) {
    case BNS_TEST_KEY_RSA1024:
        return EVP_RSA_gen(1024);
    case BNS_TEST_KEY_RSA2048:
        return EVP_RSA_gen(2048);
    case BNS_TEST_KEY_P256:
    default:
        return EVP_EC_gen("P-256");
    }
}

static void
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL || X509_add_ext(certificate, extension, -1) != 1)
        g_error("extension %s: %s", OBJ_nid2sn(nid), value);
    X509_EXTENSION_free(extension);
}

static void
add_raw_name(X509 *certificate, const char *bytes, size_t len)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    ASN1_STRING_set(text, bytes, (int)len);
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    sk_GENERAL_NAME_push(names, name);
    if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) != 1)
        g_error("raw name");
    GENERAL_NAMES_free(names);
}

static void
set_identity(X509 *certificate, const BnsTestCertSpec *spec, X509 *issuer)
{
    int64_t now_s = g_get_real_time() / G_USEC_PER_SEC;
    int64_t before_s = spec->not_before_s != 0 ? spec->not_before_s : -3600;
    int64_t after_s = spec->not_after_s != 0 ? spec->not_after_s : 24 * 3600;
    unsigned char serial[8];
    BIGNUM *number;

    RAND_bytes(serial, sizeof(serial));
    serial[0] = (serial[0] & 0x7f) | 0x40;
    number = BN_bin2bn(serial, sizeof(serial), NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_TIME_set(X509_getm_notBefore(certificate), now_s + before_s);
    ASN1_TIME_set(X509_getm_notAfter(certificate), now_s + after_s);
    if (spec->common_name != NULL)
        X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                   MBSTRING_UTF8,
                                   (const unsigned char *)spec->common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
}

BnsTestCert *
bns_test_cert_new(const BnsTestCertSpec *spec)
{
    BnsTestCert *cert = g_new0(BnsTestCert, 1);
    const BnsTestCert *issuer = spec->issuer != NULL ? spec->issuer : cert;
    const char *digest = spec->digest != NULL ? spec->digest : "SHA256";

    cert->certificate = X509_new();
    cert->key = make_key(spec->key);
    set_identity(cert->certificate, spec, issuer->certificate);
    X509_set_pubkey(cert->certificate, cert->key);
    if (spec->is_ca)
        add_extension(cert->certificate, issuer->certificate, NID_basic_constraints,
                      "critical,CA:TRUE");
    if (spec->names != NULL)
        add_extension(cert->certificate, issuer->certificate, NID_subject_alt_name,
                      spec->names);
    if (spec->raw_dns_name != NULL)
        add_raw_name(cert->certificate, spec->raw_dns_name, spec->raw_dns_len);
    for (size_t i = 0; i < G_N_ELEMENTS(spec->extensions); i++)
        if (spec->extensions[i].nid != 0)
            add_extension(cert->certificate, issuer->certificate,
                          spec->extensions[i].nid, spec->extensions[i].value);
    if (X509_sign(cert->certificate, issuer->key, EVP_get_digestbyname(digest)) <= 0)
        g_error("could not sign with %s", digest);
    return cert;
}

void
bns_test_cert_free(BnsTestCert *cert)
{
    if (cert == NULL)
        return;
    X509_free(cert->certificate);
    EVP_PKEY_free(cert->key);
    g_free(cert);
}

BnsTestCert *
bns_test_cert_authority(const char *common_name)
{
    BnsTestCertSpec spec = {
        .common_name = common_name,
        .is_ca = true,
        .extensions = { { NID_key_usage, "critical,keyCertSign,cRLSign" },
                        { NID_subject_key_identifier, "hash" } },
    };

    return bns_test_cert_new(&spec);
}

/* Takes @bio. */
static char *
bio_text(BIO *bio)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = g_strndup(bytes, (gsize)len);

    BIO_free(bio);
    return text;
}

char *
bns_test_cert_pem(const BnsTestCert *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());

    PEM_write_bio_X509(bio, cert->certificate);
    return bio_text(bio);
}

char *
bns_test_cert_key_pem(const BnsTestCert *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());

    PEM_write_bio_PKCS8PrivateKey(bio, cert->key, NULL, NULL, 0, NULL, NULL);
    return bio_text(bio);
}

char *
bns_test_cert_write(const BnsTestCert *cert, const char *directory, const char *file)
{
    g_autofree char *pem = bns_test_cert_pem(cert);
    char *path = g_build_filename(directory, file, NULL);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, pem, -1, &error);
    g_assert_no_error(error);
    return path;
}

SSL_CTX *
bns_test_cert_server(const BnsTestCert *cert, const BnsTestCert *intermediate)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    SSL_CTX_set_security_level(context, 0);
    if (SSL_CTX_use_certificate(context, cert->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, cert->key) != 1 ||
        (intermediate != NULL &&
         SSL_CTX_add1_chain_cert(context, intermediate->certificate) != 1))
        g_error("could not set up the test's server: %s",
                ERR_reason_error_string(ERR_peek_error()));
    return context;
}
