/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an address or a network to what is known of the networks around it, so that
 * thousands of other networks cost nothing.
 */
#pragma once

#include "policy/address.h"

typedef struct BnsNetworkTable BnsNetworkTable;

/* @free_value: (nullable) */
BnsNetworkTable *bns_network_table_new(GDestroyNotify free_value);
void bns_network_table_free(BnsNetworkTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsNetworkTable, bns_network_table_free)

/* @network: borrowed, must outlive the table; not in it yet. */
void bns_network_table_insert(BnsNetworkTable *table,
                              const BnsNetwork *network,
                              void *take_value);

/* Returns: (transfer none) (nullable): the value of that very network */
void *bns_network_table_lookup(const BnsNetworkTable *table, const BnsNetwork *network);

/* Returns: whether the search ends. */
typedef bool (*BnsNetworkTableFunc)(void *data, void *value);

/* Calls @func for the values of @network and of all in which it is contained, the widest
 * first. Allocates nothing. Returns: whether @func ended it. */
bool bns_network_table_search(const BnsNetworkTable *table,
                              const BnsNetwork *network,
                              BnsNetworkTableFunc func,
                              void *data);
