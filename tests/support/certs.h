/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for tests: an authority, a leaf, and a leaf with any fault.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    BNS_TEST_KEY_P256,
    BNS_TEST_KEY_RSA1024,
    BNS_TEST_KEY_RSA2048,
} BnsTestKey;

typedef struct {
    X509 *certificate;
    EVP_PKEY *key;
} BnsTestCert;

/* One X.509 extension in OpenSSL's configuration syntax. */
typedef struct {
    int nid;
    const char *value;
} BnsTestExtension;

/* What a certificate says. All zero is a self-signed leaf for nobody. */
typedef struct {
    const BnsTestCert *issuer; /* NULL: itself */
    const char *common_name;   /* NULL: an empty subject */
    const char *names;         /* "DNS:a.test,IP:127.0.0.1", or NULL */
    const char *raw_dns_name;  /* a dNSName of any bytes, instead of @names */
    size_t raw_dns_len;
    bool is_ca;
    int64_t not_before_s; /* from now; 0: an hour ago */
    int64_t not_after_s;  /* from now; 0: a day ahead */
    BnsTestKey key;
    const char *digest;             /* NULL: "SHA256" */
    BnsTestExtension extensions[3]; /* as many as have a nid */
} BnsTestCertSpec;

/* Aborts if it cannot be made. */
BnsTestCert *bns_test_cert_new(const BnsTestCertSpec *spec);
void bns_test_cert_free(BnsTestCert *cert);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsTestCert, bns_test_cert_free)

/* A root named @common_name. */
BnsTestCert *bns_test_cert_authority(const char *common_name);

/* (transfer full) PEM text. */
char *bns_test_cert_pem(const BnsTestCert *cert);
char *bns_test_cert_key_pem(const BnsTestCert *cert);
/* Writes the certificate's PEM to a file in @directory. Returns: (transfer full): its path. */
char *
bns_test_cert_write(const BnsTestCert *cert, const char *directory, const char *file);

/* A server that shows @cert and, if not %NULL, @intermediate, whatever their faults. */
SSL_CTX *bns_test_cert_server(const BnsTestCert *cert, const BnsTestCert *intermediate);
