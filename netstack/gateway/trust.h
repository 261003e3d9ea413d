/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust: whom the gateway believes upstream.
 *
 * The system's roots (the first readable of the paths that distributions use, or
 * SSL_CERT_FILE, SSL_CERT_DIR and NIX_SSL_CERT_FILE of the host) plus --upstream-ca;
 * never our own CA. The files are read before the lock-down, --upstream-ca is parsed
 * then too (a bad file stops the start). What needs no file waits until others can go on
 * meanwhile: TLS itself is set up after ready, and the system's bundle, 35 ms of parsing,
 * is parsed at first use or in idle time.
 *
 * Revocation is not checked (neither curl, Go nor Node do), missing intermediates are
 * not fetched, the subject's CN is never a name.
 */
#pragma once

#include "netstack/gateway/protocol.h"

#include "policy/identity.h"

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BnsTrust BnsTrust;

/* @upstream_ca: NULL-terminated, or NULL. */
BnsTrust *bns_trust_read(const char *const *upstream_ca, GError **error);
void bns_trust_free(BnsTrust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsTrust, bns_trust_free)

/* Sets up TLS, which takes 1-2 ms. Once, before the first bns_trust_client(). Returns: false
 * with @error set. */
bool bns_trust_open(BnsTrust *trust, GError **error);

/* Never trust a chain that holds @certificate's key, whatever the files say: our own CA
 * (bns_ca_certificate()). Call it before the first bns_trust_client(). */
void bns_trust_exclude(BnsTrust *trust, X509 *certificate);

/* Parses the system's bundle if that was not done yet. Call it when idle. */
void bns_trust_prepare(BnsTrust *trust);

/**
 * bns_trust_client:
 * @host: canonical host that the certificate must be for
 * @offers: by ALPN
 *
 * Returns: (transfer full): a client SSL for one upstream connection: TLS >= 1.2, the
 *          chain and the name verified (no partial wildcards, no CN), SNI for names,
 *          ALPN; no descriptor yet. The handshake fails if the origin is not
 *          verified. @trust must outlive it.
 */
SSL *bns_trust_client(BnsTrust *trust, const char *host, BnsProtocols offers);

/**
 * bns_trust_resume:
 * @ssl: of bns_trust_client() for @host, before its handshake
 * @identity: (nullable): the client certificate that it may show
 *
 * Lets @ssl resume an earlier session with the same origin (tickets.h), and keeps what it
 * gets for later ones.
 */
void bns_trust_resume(BnsTrust *trust,
                      SSL *ssl,
                      const char *host,
                      uint16_t port,
                      const BnsIdentity *identity);

/* What the peer of a finished handshake chose: one without ALPN speaks HTTP/1.1; NONE for
 * what we do not know. */
BnsProtocols bns_trust_protocol(const SSL *ssl);

/* Why the origin broke @ssl off after the handshake, if it is one of the reasons that it
 * has for the handshake's sake (TLS 1.3 tells them late), or %NULL. Static. */
const char *bns_trust_alert(const SSL *ssl);

/**
 * bns_trust_failure:
 * @ssl: of a stream whose handshake is finished or has failed
 *
 * Returns: %NULL if the peer is verified, else (transfer full) one sentence for the
 *          person: "upstream certificate expired 3 days ago", "... is self-signed",
 *          "... is for other names (a.example, b.example)", "upstream closed the
 *          connection during the TLS handshake", ... Foreign text in it is escaped.
 */
char *bns_trust_failure(SSL *ssl);
