/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lookup: one question to the resolver process, on the loop.
 */
#pragma once

#include "base/loop.h"
#include "netstack/gateway/resolver.h"

#include <glib.h>

/* All questions of a gateway. */
typedef struct BnsLookups BnsLookups;
/* One of them. */
typedef struct BnsLookup BnsLookup;

typedef void (*BnsLookupFunc)(const BnsResolverAnswer *answer, void *data);
/* The resolver is gone or talks nonsense. */
typedef void (*BnsLookupsLostFunc)(void *data);

/* @resolver_fd: borrowed, non-blocking. */
BnsLookups *
bns_lookups_new(BnsLoop *loop, int resolver_fd, BnsLookupsLostFunc on_lost, void *data);
/* All lookups must have ended or been cancelled. */
void bns_lookups_free(BnsLookups *lookups);

/* Asks for @canonical_name. Returns: (transfer none): the question, until @func was
 * called (never from within this call) or it is cancelled. */
BnsLookup *bns_lookup_start(BnsLookups *lookups,
                            const char *canonical_name,
                            BnsLookupFunc func,
                            void *data);
void bns_lookup_cancel(BnsLookup *lookup);
