/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Added rules: those that a person has given a session that runs, each with a number for
 * life and the time of its end.
 */
#pragma once

#include "policy/policy.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Of a rule that never ends. */
#define BNS_ADDED_NEVER_US INT64_MAX

typedef struct BnsAddedRules BnsAddedRules;

BnsAddedRules *bns_added_rules_new(void);
void bns_added_rules_free(BnsAddedRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsAddedRules, bns_added_rules_free)

/* (transfer none): of BnsPolicyAdded, oldest first. It is the same array for life. */
GPtrArray *bns_added_rules_list(const BnsAddedRules *rules);

/**
 * bns_added_rules_put:
 * @rule: in string form
 * @expires_us, @now_us: on the same clock; the former may be %BNS_ADDED_NEVER_US
 *
 * Returns: (transfer none): the last of the list now, with its number and its end as
 * origin; or %NULL with @error: a session has no more of them
 */
const BnsPolicyAdded *bns_added_rules_put(BnsAddedRules *rules,
                                          const char *rule,
                                          int64_t expires_us,
                                          int64_t now_us,
                                          GError **error);
/* Undoes the last put: its number is free again. */
void bns_added_rules_take_back(BnsAddedRules *rules);
/* Removes the rule at place @i of the list. */
void bns_added_rules_remove(BnsAddedRules *rules, guint i);

/* Returns: whether there is "allow#@number"; @out_i: its place. */
bool bns_added_rules_find(const BnsAddedRules *rules, unsigned number, guint *out_i);
/* Returns: whether one has ended by @now_us; @out_i: the place of the first such. */
bool
bns_added_rules_find_expired(const BnsAddedRules *rules, int64_t now_us, guint *out_i);
/* When the first of them ends; %BNS_ADDED_NEVER_US: none does. */
int64_t bns_added_rules_first_end_us(const BnsAddedRules *rules);
