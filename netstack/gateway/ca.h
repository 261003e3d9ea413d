/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CA: the per-run authority that signs one leaf per host.
 *
 * EC P-256, made when the gateway starts, lives only in its memory; leaves have a key of
 * their own (one for the run, never the CA's), a validity of hours, backdated for clock
 * skew, and the extensions that strict verifiers ask for (RFC 5280: AKI, SKI,
 * critical basicConstraints, keyUsage, serverAuth, one SAN: dNSName or iPAddress).
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>
#include <stdint.h>

#define BNS_GATEWAY_ERROR (bns_gateway_error_quark())
GQuark bns_gateway_error_quark(void);

typedef enum {
    BNS_GATEWAY_ERROR_CRYPTO,
    BNS_GATEWAY_ERROR_TRUST,
    BNS_GATEWAY_ERROR_CREDENTIAL,
} BnsGatewayError;

typedef struct BnsCa BnsCa;

BnsCa *bns_ca_new(GError **error);
void bns_ca_free(BnsCa *ca);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsCa, bns_ca_free)

/* (transfer none) The certificate, for trust exclusion and for the sandbox. */
X509 *bns_ca_certificate(const BnsCa *ca);
/* Returns: (transfer full): PEM text. */
char *bns_ca_pem(const BnsCa *ca);
/* OpenSSL's subject name hash, for /etc/ssl/certs/HASH.0. */
unsigned long bns_ca_subject_hash(const BnsCa *ca);

/**
 * bns_ca_leaf:
 * @host: canonical host (policy/host.h): name or IP literal
 *
 * Minted on first use, cached; renewed when less than an hour is left. Returns:
 * (transfer none): valid until the next call, or %NULL with @error set.
 */
X509 *bns_ca_leaf(BnsCa *ca, const char *host, GError **error);
/* The same at @now_s, seconds since 1970. */
X509 *bns_ca_leaf_at(BnsCa *ca, const char *host, int64_t now_s, GError **error);
/* (transfer none) The private key of every leaf. */
EVP_PKEY *bns_ca_leaf_key(const BnsCa *ca);
