/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/commands.h"

#include "sandbox/explain_target.h"
#include "sandbox/judge.h"
#include "sandbox/policy_source.h"

#include <stdio.h>

/* What the gateway would ask: in sealed TLS there is no request. */
static BnsRequest
question(const BnsPolicy *policy, const BnsExplainTarget *target)
{
    BnsRequest request = { .scheme = target->scheme,
                           .host = target->host.text,
                           .port = target->port };

    if (request.scheme == BNS_SCHEME_HTTPS &&
        bns_policy_is_sealed(policy, request.host, request.port)) {
        request.scheme = BNS_SCHEME_TLS;
        return request;
    }
    request.method = target->method;
    request.path = target->path;
    return request;
}

static int
explain_target(const BnsPolicy *policy, const BnsExplainTarget *target)
{
    BnsRequest request = question(policy, target);
    g_auto(BnsJudgement) judgement = bns_judge(policy, &request);
    const BnsDecision *decision = &judgement.decision;
    g_autofree char *prose = bns_policy_explain(policy, &request);

    printf("%s\t%s\t%s\n%s", bns_verdict_name(decision->verdict),
           decision->rule != NULL ? decision->rule : "-", decision->reason, prose);
    return decision->verdict == BNS_VERDICT_ALLOW ? 0 : 1;
}

int
bns_explain(const BnsOptions *options)
{
    char *const *words = options->arguments;
    const char *method = words[1] != NULL ? words[0] : NULL;
    const char *text = words[1] != NULL ? words[1] : words[0];
    g_autoptr(GError) error = NULL;
    g_auto(BnsExplainTarget) target = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;

    if (bns_explain_target_parse(method, text, &target, &error))
        policy = bns_policy_source_load(options, NULL, &error);
    if (policy == NULL) {
        fprintf(stderr, "boundary-ns: %s\n", error->message);
        return 2;
    }
    return explain_target(policy, &target);
}
