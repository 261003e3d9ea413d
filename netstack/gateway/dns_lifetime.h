/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS lifetime: how long a name's addresses may be kept, as a name server's response
 * says. Pure: bytes in, value out.
 */
#pragma once

#include "netstack/gateway/resolver.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * bns_dns_lifetime:
 * @message: a response to a question for A or AAAA (RFC 1035), of any bytes
 * @answer: the addresses that are about to be kept
 * @family: AF_INET or AF_INET6: those of them that the response should hold
 * @io_lifetime_s: becomes the least TTL of the whole chain, if that is less
 *
 * Returns: whether @message holds all those addresses. When not, they came from somewhere
 * else, and its TTLs mean nothing for them.
 */
bool bns_dns_lifetime(const uint8_t *message,
                      size_t len,
                      const BnsResolverAnswer *answer,
                      uint16_t family,
                      uint32_t *io_lifetime_s);
