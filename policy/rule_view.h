/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule of a policy as it is shown: for `check --format json`.
 */
#pragma once

#include "policy/conditions.h"
#include "policy/policy.h"

typedef struct {
    const char *origin; /* borrowed from the policy, as all without "owned" */
    BnsVerdict verdict;
    bool is_system;                  /* of the system layer */
    char *form;                      /* owned; canonical */
    GStrv hosts;                     /* owned; of a network its cidr */
    bool is_network;                 /* the hosts are one cidr */
    bool schemes[BNS_N_SCHEMES];     /* what it is about */
    GArray *ports;                   /* uint16_t, sorted; empty: any */
    GPtrArray *methods;              /* of strings; empty: any */
    GStrv paths;                     /* owned; empty: any */
    const BnsConditions *conditions; /* NULL: none */
    BnsCap caps[BNS_N_CAPS];
    bool is_private;
    const char *reason;          /* NULL: none */
    const BnsIdentity *identity; /* NULL: none */
} BnsRuleView;

/* @i: in the order of bns_policy_describe(), below bns_policy_n_rules() */
void bns_rule_view_init(BnsRuleView *view, const BnsPolicy *policy, guint i);
void bns_rule_view_clear(BnsRuleView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsRuleView, bns_rule_view_clear)
