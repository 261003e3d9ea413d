/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address guard: which addresses no name may lead to unless a rule says so.
 *
 * A name is under somebody else's control, and so is the address behind it: a name that
 * a rule allows could otherwise lead into the user's network, to the host itself or to
 * a cloud's metadata service.
 */
#pragma once

#include "policy/address.h"

typedef struct BnsGuard BnsGuard;

/* Returns: (transfer full): a guard that knows IANA's registries, and no interface. */
BnsGuard *bns_guard_new(void);
void bns_guard_free(BnsGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsGuard, bns_guard_free)

/* Learns the addresses of this host's interfaces. Returns: false with errno set if they
 * cannot be read; every address is then refused. */
bool bns_guard_read_interfaces(BnsGuard *guard);

/* Knows the same interfaces as @from. */
void bns_guard_copy_interfaces(BnsGuard *guard, const BnsGuard *from);

/* Returns: %NULL if any name may lead to @address, or a static sentence (without final
 * dot) that says what it is and what would lift the guard. */
const char *bns_guard_check(const BnsGuard *guard, const BnsAddress *address);

/* Whether @reason (nullable) is one of those sentences: for those who read them in records. */
bool bns_guard_is_reason(const char *reason);
