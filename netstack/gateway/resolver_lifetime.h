/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolver lifetime: how long the resolver's answers may be used again.
 *
 * getaddrinfo(3) asks all that nsswitch.conf names and says nothing of lifetimes. So the
 * answer goes out first, to be kept for a moment; then, if the addresses may have come
 * from the DNS, the name servers of resolv.conf are asked once more, who have just heard
 * the question and know the answer. Where their response holds the same addresses, its
 * TTLs count. Names that are not theirs (in /etc/hosts, below .local, of one label) are
 * not told to them.
 */
#pragma once

#include "netstack/gateway/resolver.h"

#include <stdbool.h>

/* What came from elsewhere than the DNS, or until its TTL is known: long enough for the
 * burst of connections that a program begins with, short enough for an edited
 * /etc/hosts. */
#define BNS_RESOLVER_LIFETIME_MS (10 * 1000)
/* A name that does not exist; one whose servers failed just now. */
#define BNS_RESOLVER_ABSENT_LIFETIME_MS 5000
#define BNS_RESOLVER_FAILED_LIFETIME_MS 1000
/* No TTL counts for more: the host's own resolver keeps names longer, and who changes the
 * network waits no longer than for a browser. */
#define BNS_RESOLVER_LIFETIME_MAX_MS (60 * 1000)

/* Whether nsswitch.conf has the DNS among the sources of hosts. Reads the file. */
bool bns_resolver_uses_dns(void);

/* Of an answer without a TTL. */
uint32_t bns_resolver_default_lifetime_ms(int error);

/**
 * bns_resolver_ask_lifetime:
 * @name: canonical
 * @answer: what getaddrinfo(3) found for it
 *
 * Blocks for a few seconds at most. Returns: whether the DNS says how long @answer lasts.
 */
bool bns_resolver_ask_lifetime(const char *name,
                               const BnsResolverAnswer *answer,
                               uint32_t *out_lifetime_ms);
