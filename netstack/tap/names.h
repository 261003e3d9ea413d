/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: each gets one address of 198.18.0.0/15 and keeps it for the whole session.
 *
 * An address is never given to a second name: programs cache addresses for ever, and a
 * flow to a recycled one would be taken for the wrong name. The first candidate is a
 * fixed hash of the name, so that a name mostly has the same address next time; the next
 * free one is taken when it is not free.
 */
#pragma once

#include "netstack/wire.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct BnsNames BnsNames;

/* @max: names in one session, at most the size of the pool (BNS_TAP_POOL_FIRST to
 * LAST). */
BnsNames *bns_names_new(size_t max);
void bns_names_free(BnsNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsNames, bns_names_free)

/**
 * bns_names_address:
 * @name: lower-case, no trailing dot, at most BNS_WIRE_NAME_MAX bytes
 * @out_addr: host order
 * @out_is_new: whether this is the first time
 *
 * Returns: false if the name has no address and there are @max already.
 */
bool bns_names_address(BnsNames *names,
                       const char *name,
                       uint32_t *out_addr,
                       bool *out_is_new);

/* Whether @name has an address. */
bool bns_names_has(const BnsNames *names, const char *name);

/* @addr: host order. Returns: (transfer none) (nullable): the name that it stands for. */
const char *bns_names_name(const BnsNames *names, uint32_t addr);

/* The first candidate, host order. */
uint32_t bns_names_candidate(const char *name);
