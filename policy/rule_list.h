/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules about one host, so that thousands of them cost a request little.
 *
 * Rules that differ in nothing but their paths, or in what is looked at after the path,
 * are a class. Where no path is known the first of a class answers for all of it; where
 * one is, those are found whose paths begin as it does.
 */
#pragma once

#include "policy/reading.h"
#include "policy/rule.h"

/**
 * BnsVisit: what a visitor says of the rule that it was shown.
 * @BNS_VISIT_NEXT: go on
 * @BNS_VISIT_NO_CLASS: no rule with the same schemes, ports and methods is of interest
 * @BNS_VISIT_END: nor is any later one that is found in the same way
 */
typedef enum {
    BNS_VISIT_NEXT,
    BNS_VISIT_NO_CLASS,
    BNS_VISIT_END,
} BnsVisit;

typedef BnsVisit (*BnsVisitFunc)(void *data, const BnsRule *rule);

typedef struct BnsRuleList BnsRuleList;

BnsRuleList *bns_rule_list_new(void);
void bns_rule_list_free(BnsRuleList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsRuleList, bns_rule_list_free)

/* Rules, borrowed, must be added in the order of their numbers, and be of one verdict. */
void bns_rule_list_add(BnsRuleList *list, const BnsRule *rule);

/**
 * bns_rule_list_visit:
 * @readings: (nullable): of the path that is asked about; %NULL: none is known
 *
 * Shows @func the rules that may match, in several runs, each in the order of rules. A
 * rule may come twice; of each class some rule comes. Allocates nothing.
 */
void bns_rule_list_visit(const BnsRuleList *list,
                         const BnsReadings *readings,
                         BnsVisitFunc func,
                         void *data);
