/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lookup: questions to the resolver process, on the loop, and what is known of their
 * answers.
 *
 * A name is asked once for all who want it at the same time. Its answer, also that there
 * is none, is used again for as long as the resolver says (resolver_lifetime.h), a minute
 * at most. Whoever finds that the addresses lead nowhere makes it be forgotten.
 *
 * The addresses are not judged here: each dial asks the address guard anew.
 */
#pragma once

#include "base/loop.h"
#include "netstack/gateway/resolver.h"

#include <glib.h>

/* Names that are known or being asked at a time: of a session that asks for more in a
 * minute the oldest are asked again. About 0.5 KiB each. */
#define BNS_LOOKUP_NAMES_MAX 1024

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

/* (transfer none) (nullable) An answer that is known and still good. Valid until the
 * turn's end. */
const BnsResolverAnswer *
bns_lookups_known(BnsLookups *lookups, const char *canonical_name);
/* What is known of @canonical_name is of no use: the next one asks. */
void bns_lookups_forget(BnsLookups *lookups, const char *canonical_name);

/* Asks for @canonical_name. Returns: (transfer none): the question, until @func was
 * called (never from within this call) or it is cancelled. */
BnsLookup *bns_lookup_start(BnsLookups *lookups,
                            const char *canonical_name,
                            BnsLookupFunc func,
                            void *data);
void bns_lookup_cancel(BnsLookup *lookup);
