/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/judge.h"

#include "policy/path.h"

#include <string.h>

static BnsDecision
decide(const BnsPolicy *policy, const BnsRequest *request)
{
    const char *refused = request->path != NULL
                              ? bns_path_check(request->path, strlen(request->path))
                              : NULL;
    BnsDecision decision;

    if (refused != NULL)
        return (BnsDecision){ .verdict = BNS_VERDICT_DENY, .reason = refused };
    decision = bns_policy_decide(policy, request);
    return bns_policy_decide_literal(policy, &decision, request);
}

/* Whether nothing but an allow rule is missing: no deny rule, no reserved name, and not
 * an address that the guard refuses to plain rules. */
static bool
would_help(const BnsPolicy *policy,
           const BnsRequest *request,
           const BnsDecision *denied,
           const char *suggestion)
{
    const char *const allow[] = { suggestion, NULL };
    BnsPolicySource source = { .allow = (GStrv)(uintptr_t)allow };
    g_autoptr(BnsPolicy) alone = bns_policy_load(&source, NULL, NULL);
    BnsDecision decision;

    if (alone == NULL)
        return false;
    if (bns_policy_offers_host_port(policy, request->port))
        bns_policy_offer_host_port(alone, request->port);
    decision = decide(alone, request);
    if (decision.verdict != BNS_VERDICT_ALLOW)
        return false;
    /* The system layer has allowed it, perhaps with that. */
    decision.lifts_guard |= denied->lifts_guard;
    return bns_policy_decide_literal(policy, &decision, request).verdict ==
           BNS_VERDICT_ALLOW;
}

BnsJudgement
bns_judge(const BnsPolicy *policy, const BnsRequest *request)
{
    BnsJudgement judgement = { .decision = decide(policy, request) };
    g_autofree char *suggestion = NULL;

    /* A sealed flow that no rule allows has met one that allows nothing (--allow has no
     * form for another). */
    if (judgement.decision.verdict == BNS_VERDICT_ALLOW ||
        judgement.decision.rule != NULL || judgement.decision.is_ceiling ||
        judgement.decision.is_conditional || request->scheme == BNS_SCHEME_TLS)
        return judgement;
    suggestion = bns_policy_suggest(request->scheme, request->host, request->port,
                                    request->method, request->path);
    if (would_help(policy, request, &judgement.decision, suggestion))
        judgement.suggestion = g_steal_pointer(&suggestion);
    return judgement;
}

void
bns_judgement_clear(BnsJudgement *judgement)
{
    g_clear_pointer(&judgement->suggestion, g_free);
}
