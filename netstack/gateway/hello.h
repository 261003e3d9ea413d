/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hello: the gateway as a TLS server to the command.
 *
 * The handshake stops at the ClientHello: bns_stream_handshake() returns HELLO, and the
 * owner has all the time it needs to judge the name, to dial, and to verify the origin
 * before it answers. Only then is a certificate shown. What cannot be served is refused
 * by an alert without asking the owner: a name that is no host name, more than one name,
 * an ALPN list with neither h2 nor http/1.1, a version below TLS 1.2.
 *
 * Sessions are resumed by tickets of this run, and only for the host that they were
 * issued for. No renegotiation, no early data, no compression.
 */
#pragma once

#include "netstack/gateway/ca.h"
#include "netstack/gateway/protocol.h"

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>

typedef struct BnsHello BnsHello;

/* @ca: borrowed, outlives the returned. Returns: (transfer full), or %NULL with @error. */
BnsHello *bns_hello_new(BnsCa *ca, GError **error);
/* Connections that are still open stay valid. */
void bns_hello_free(BnsHello *hello);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsHello, bns_hello_free)

/* Returns: (transfer full): a server SSL for one connection, for bns_stream_start_tls(). */
SSL *bns_hello_server(BnsHello *hello);

/* The ClientHello's name, canonical (policy/host.h), never an address; %NULL if it has
 * none or was not seen. (transfer none), lives as long as @ssl. */
const char *bns_hello_name(const SSL *ssl);

/* What the client offers by ALPN; one without ALPN offers BNS_PROTOCOL_HTTP1. */
BnsProtocols bns_hello_protocols(const SSL *ssl);

/**
 * bns_hello_answer:
 * @host: canonical: the name, or for a client without one the host behind its address
 * @protocol: one of those that the client offers
 *
 * Shows a certificate for @host when bns_stream_handshake() is called again. If none can
 * be minted that call fails. Once per connection, after HELLO.
 */
void bns_hello_answer(SSL *ssl, const char *host, BnsProtocols protocol);
/* Instead: the next bns_stream_handshake() sends the alert access_denied and fails. */
void bns_hello_refuse(SSL *ssl);

/**
 * bns_hello_failure:
 *
 * Why the handshake of this server SSL failed, one sentence about the client for the
 * audit: "client does not trust the certificate (unknown CA)", "client offers neither
 * h2 nor http/1.1 (ALPN)", ... Returns: (transfer full), or %NULL if it did not.
 */
char *bns_hello_failure(const SSL *ssl);
