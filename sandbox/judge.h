/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judge: what the gateway would answer to a request, as far as that is known without the
 * network, and which rule would help. For `explain` and for the summary at the end.
 */
#pragma once

#include "policy/policy.h"

typedef struct {
    BnsDecision decision;
    char *suggestion; /* owned; a rule, unquoted, that alone would allow it; NULL: it is
                       * allowed, or a rule, the address guard or its path forbids it */
} BnsJudgement;

/* @request: its host canonical, its path as received. Pure. */
BnsJudgement bns_judge(const BnsPolicy *policy, const BnsRequest *request);
void bns_judgement_clear(BnsJudgement *judgement);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsJudgement, bns_judgement_clear)
