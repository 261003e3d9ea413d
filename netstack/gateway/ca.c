/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CA: certificates that strict verifiers accept (RFC 5280; OpenSSL's -x509_strict, which
 * Python 3.13 turns on by default).
 *
 * Minting costs 0.08 ms; the cache saves it for the hosts that a session visits again and
 * again.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* EC_KEY, see make_key() */

#include "netstack/gateway/ca.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#define HOUR_S INT64_C(3600)
#define DAY_S  (24 * HOUR_S)

/* Clocks inside virtual machines lag; browsers' and mitmproxy's custom is a day. */
#define BACKDATED_S DAY_S
/* Longer than any session: nothing renews it. The key dies with the process. */
#define CA_LIFETIME_S   (365 * DAY_S)
#define LEAF_LIFETIME_S DAY_S
/* A client that got a leaf just before its renewal has this long to use it. */
#define LEAF_RENEW_S HOUR_S
/* About 2 KiB each. A command that visits more hosts than this makes us mint again. */
#define LEAVES_MAX 1024
/* RFC 5280, A.1: ub-common-name. */
#define COMMON_NAME_MAX 64
/* RFC 5280 4.1.2.2 allows 20 octets; 16 random ones never meet. */
#define SERIAL_BYTES 16

struct BnsCa {
    X509 *certificate;
    EVP_PKEY *key;
    EVP_PKEY *leaf_key;
    GHashTable *leaves; /* owned, of owned host to owned Leaf */
};

typedef struct {
    X509 *certificate; /* owned */
    int64_t made_s;
} Leaf;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)

/* clang-format off */
G_DEFINE_QUARK(bns_gateway_error, bns_gateway_error)
/* clang-format on */

static void
leaf_free(void *data)
{
    Leaf *leaf = data;

    X509_free(leaf->certificate);
    g_free(leaf);
}

/* Turns the oldest error in OpenSSL's queue into @error. Returns: false. */
static bool
fail(GError **error, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    g_set_error(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_CRYPTO, "Could not %s: %s",
                what, reason != NULL ? reason : "unknown error");
    ERR_clear_error();
    return false;
}

/* --- the parts of a certificate --- */

static bool
set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    BIGNUM *number;
    bool ok;

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    /* Positive, and never zero. */
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    ok = number != NULL &&
         BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return ok;
}

static bool
set_validity(X509 *certificate, int64_t now_s, int64_t lifetime_s)
{
    return ASN1_TIME_set(X509_getm_notBefore(certificate), now_s - BACKDATED_S) !=
               NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), now_s + lifetime_s) != NULL;
}

static bool
set_common_name(X509 *certificate, const char *name)
{
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate),
                                      NID_commonName, MBSTRING_ASC,
                                      (const unsigned char *)name, -1, -1, 0) == 1;
}

/* @value: OpenSSL's configuration syntax; never made of foreign text */
static bool
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;
    bool ok;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static GENERAL_NAME *
host_name(const char *host)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    ASN1_IA5STRING *text;

    if (address != NULL) {
        GENERAL_NAME_set0_value(name, GEN_IPADD, address);
        return name;
    }
    ERR_clear_error();
    text = ASN1_IA5STRING_new();
    if (ASN1_STRING_set(text, host, -1) != 1) {
        ASN1_IA5STRING_free(text);
        GENERAL_NAME_free(name);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    return name;
}

static bool
add_alternative_name(X509 *certificate, const char *host, bool critical)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = host_name(host);
    bool ok = false;

    if (name != NULL && sk_GENERAL_NAME_push(names, name) > 0)
        ok = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names,
                               critical ? 1 : 0, 0) == 1;
    else
        GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return ok;
}

/* --- the authority --- */

/* A key of the kind that OpenSSL had before 3.0. X509_set_pubkey() writes the public half of
 * one down; of the new kind's it looks for an encoder and for a decoder, which takes three
 * times as long as all the rest of a certificate, and 1 ms for the first. Returns: (transfer
 * full) (nullable) */
static EVP_PKEY *
make_key(void)
{
    EC_KEY *numbers = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EVP_PKEY *key = EVP_PKEY_new();

    if (numbers != NULL && EC_KEY_generate_key(numbers) == 1 &&
        EVP_PKEY_assign_EC_KEY(key, numbers) == 1)
        return key;
    EC_KEY_free(numbers);
    EVP_PKEY_free(key);
    return NULL;
}

static bool
make_authority(BnsCa *ca, int64_t now_s)
{
    X509 *certificate = ca->certificate;
    g_autofree char *name = NULL;
    unsigned char suffix[4];

    if (RAND_bytes(suffix, sizeof(suffix)) != 1)
        return false;
    /* Two runs' authorities must not be taken for one another by their names. */
    name = g_strdup_printf("boundary-ns session CA %02x%02x%02x%02x", suffix[0],
                           suffix[1], suffix[2], suffix[3]);
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           set_serial(certificate) && set_validity(certificate, now_s, CA_LIFETIME_S) &&
           set_common_name(certificate, name) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
           X509_set_pubkey(certificate, ca->key) == 1 &&
           add_extension(certificate, certificate, NID_basic_constraints,
                         "critical,CA:TRUE,pathlen:0") &&
           add_extension(certificate, certificate, NID_key_usage,
                         "critical,keyCertSign,cRLSign") &&
           add_extension(certificate, certificate, NID_subject_key_identifier,
                         "hash") &&
           add_extension(certificate, certificate, NID_authority_key_identifier,
                         "keyid:always") &&
           X509_sign(certificate, ca->key, EVP_sha256()) > 0;
}

BnsCa *
bns_ca_new(GError **error)
{
    g_autoptr(BnsCa) ca = g_new0(BnsCa, 1);

    ca->leaves = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, leaf_free);
    ca->certificate = X509_new();
    ca->key = make_key();
    ca->leaf_key = make_key();
    if (ca->key == NULL || ca->leaf_key == NULL || ca->certificate == NULL ||
        !make_authority(ca, g_get_real_time() / G_USEC_PER_SEC)) {
        fail(error, "make the session's CA");
        return NULL;
    }
    return g_steal_pointer(&ca);
}

void
bns_ca_free(BnsCa *ca)
{
    if (ca == NULL)
        return;
    g_hash_table_unref(ca->leaves);
    X509_free(ca->certificate);
    EVP_PKEY_free(ca->key);
    EVP_PKEY_free(ca->leaf_key);
    g_free(ca);
}

X509 *
bns_ca_certificate(const BnsCa *ca)
{
    return ca->certificate;
}

char *
bns_ca_pem(const BnsCa *ca)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long len;
    char *pem;

    if (bio == NULL || PEM_write_bio_X509(bio, ca->certificate) != 1)
        g_error("Could not write the CA certificate as PEM");
    len = BIO_get_mem_data(bio, &text);
    pem = g_strndup(text, (gsize)len);
    BIO_free(bio);
    return pem;
}

unsigned long
bns_ca_subject_hash(const BnsCa *ca)
{
    return X509_subject_name_hash(ca->certificate);
}

EVP_PKEY *
bns_ca_leaf_key(const BnsCa *ca)
{
    return ca->leaf_key;
}

/* --- leaves --- */

static X509 *
mint(const BnsCa *ca, const char *host, int64_t now_s)
{
    g_autoptr(X509) leaf = X509_new();
    bool has_subject = strlen(host) <= COMMON_NAME_MAX;

    if (leaf == NULL || X509_set_version(leaf, X509_VERSION_3) != 1 ||
        !set_serial(leaf) || !set_validity(leaf, now_s, LEAF_LIFETIME_S) ||
        (has_subject && !set_common_name(leaf, host)) ||
        X509_set_issuer_name(leaf, X509_get_subject_name(ca->certificate)) != 1 ||
        X509_set_pubkey(leaf, ca->leaf_key) != 1)
        return NULL;
    if (!add_extension(leaf, ca->certificate, NID_basic_constraints,
                       "critical,CA:FALSE") ||
        !add_extension(leaf, ca->certificate, NID_key_usage,
                       "critical,digitalSignature") ||
        !add_extension(leaf, ca->certificate, NID_ext_key_usage, "serverAuth") ||
        !add_extension(leaf, ca->certificate, NID_subject_key_identifier, "hash") ||
        !add_extension(leaf, ca->certificate, NID_authority_key_identifier,
                       "keyid:always") ||
        /* RFC 5280 4.2.1.6: with an empty subject the name is critical. */
        !add_alternative_name(leaf, host, !has_subject) ||
        X509_sign(leaf, ca->key, EVP_sha256()) <= 0)
        return NULL;
    return g_steal_pointer(&leaf);
}

static bool
is_fresh(const Leaf *leaf, int64_t now_s)
{
    /* A clock that was set back counts as old: the leaf may not be valid yet. */
    return now_s >= leaf->made_s &&
           now_s < leaf->made_s + LEAF_LIFETIME_S - LEAF_RENEW_S;
}

X509 *
bns_ca_leaf_at(BnsCa *ca, const char *host, int64_t now_s, GError **error)
{
    Leaf *leaf = g_hash_table_lookup(ca->leaves, host);
    X509 *certificate;

    if (leaf != NULL && is_fresh(leaf, now_s))
        return leaf->certificate;
    certificate = mint(ca, host, now_s);
    if (certificate == NULL) {
        fail(error, "make a certificate");
        return NULL;
    }
    if (g_hash_table_size(ca->leaves) >= LEAVES_MAX)
        g_hash_table_remove_all(ca->leaves);
    leaf = g_new0(Leaf, 1);
    leaf->certificate = certificate;
    leaf->made_s = now_s;
    g_hash_table_replace(ca->leaves, g_strdup(host), leaf);
    return certificate;
}

X509 *
bns_ca_leaf(BnsCa *ca, const char *host, GError **error)
{
    return bns_ca_leaf_at(ca, host, g_get_real_time() / G_USEC_PER_SEC, error);
}
