/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libslirp's entries: which address and port leads to our unix socket, and for how long.
 *
 * libslirp walks them one by one, and leaks the path of each that is removed (about 32
 * bytes). So an entry that nobody holds stays, for the next flow to the same address,
 * until there are BNS_SLIRP_IDLE_MAX of them.
 */
#pragma once

#include <glib.h>
#include <slirp/libslirp.h>
#include <stdbool.h>
#include <stdint.h>

#define BNS_SLIRP_IDLE_MAX 64

typedef struct BnsSlirpEntries BnsSlirpEntries;

/* @slirp: borrowed, outlives the entries. */
BnsSlirpEntries *bns_slirp_entries_new(Slirp *slirp, const char *socket_path);
void bns_slirp_entries_free(BnsSlirpEntries *entries);

/* As bns_slirp_hold() and bns_slirp_release(): @addr in network order, @port in host order. */
bool bns_slirp_entries_hold(BnsSlirpEntries *entries, uint32_t addr, uint16_t port);
void bns_slirp_entries_release(BnsSlirpEntries *entries, uint32_t addr, uint16_t port);

size_t bns_slirp_entries_count(const BnsSlirpEntries *entries);
