/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What trust.c (whom to believe) and trust_failure.c (why not) share.
 */
#pragma once

#include "netstack/gateway/trust.h"

#include <stdbool.h>

/* Whether @certificate holds the excluded key (bns_trust_exclude()). */
bool bns_trust_is_excluded(SSL *ssl, X509 *certificate);
/* Whether there is any root to trust; without one the reason for a failure is ours. */
bool bns_trust_has_roots(SSL *ssl);

/* OpenSSL's verify callback: only ever turns yes into no, and notes why. */
int bns_trust_on_verify(int is_ok, X509_STORE_CTX *context);

/* What was offered on @ssl by ALPN. */
BnsProtocols bns_trust_offers(const SSL *ssl);
