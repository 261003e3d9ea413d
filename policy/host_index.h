/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a host to the rules about it, so that thousands of rules for other hosts cost a
 * request nothing.
 */
#pragma once

#include "policy/rule.h"

typedef struct BnsHostIndex BnsHostIndex;

BnsHostIndex *bns_host_index_new(void);
void bns_host_index_free(BnsHostIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsHostIndex, bns_host_index_free)

/* Rules must be added in the order of their numbers, and outlive the index. */
void bns_host_index_add(BnsHostIndex *index, BnsRule *rule);

/* Returns: whether the rest of the list can be skipped. */
typedef bool (*BnsHostIndexFunc)(void *data, const BnsRule *rule);

/**
 * bns_host_index_search:
 * @host: canonical
 * @address: of @host if it is an IP literal, else %NULL
 *
 * Calls @func for the rules about @host, in several lists, each in the order of rules. A
 * rule may come twice. Allocates nothing.
 */
void bns_host_index_search(const BnsHostIndex *index,
                           const char *host,
                           const BnsAddress *address,
                           BnsHostIndexFunc func,
                           void *data);

/* The same for the rules with a network around @address, or with it as a literal. */
void bns_host_index_search_address(const BnsHostIndex *index,
                                   const BnsAddress *address,
                                   BnsHostIndexFunc func,
                                   void *data);
