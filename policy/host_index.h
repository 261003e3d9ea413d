/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a host to the rules about it, so that thousands of rules for other hosts cost a
 * request nothing.
 */
#pragma once

#include "policy/rule_list.h"

typedef struct BnsHostIndex BnsHostIndex;

BnsHostIndex *bns_host_index_new(void);
void bns_host_index_free(BnsHostIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsHostIndex, bns_host_index_free)

/* Rules must be added in the order of their numbers, and outlive the index. */
void bns_host_index_add(BnsHostIndex *index, BnsRule *rule);

/**
 * bns_host_index_search:
 * @host: canonical
 * @address: of @host if it is an IP literal, else %NULL
 * @readings: (nullable): of the path that is asked about
 *
 * Visits the rules about @host, as bns_rule_list_visit() does, in several lists. Allocates
 * nothing.
 */
void bns_host_index_search(const BnsHostIndex *index,
                           const char *host,
                           const BnsAddress *address,
                           const BnsReadings *readings,
                           BnsVisitFunc func,
                           void *data);

/* The same for the rules with a network around @address, or with it as a literal. */
void bns_host_index_search_address(const BnsHostIndex *index,
                                   const BnsAddress *address,
                                   const BnsReadings *readings,
                                   BnsVisitFunc func,
                                   void *data);
