/* SPDX-License-Identifier: Apache-2.0 */
/* A request or an opaque flow, as the gateway would ask about it. */
#include "sandbox/explain_target.h"
#include "sandbox/explainers.h"
#include "sandbox/judge.h"

/* In sealed TLS there is no request. */
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
    request.query = target->query;
    request.header = &target->header;
    return request;
}

bool
bns_explain_request(const BnsExplainSource *source,
                    const void *subject,
                    BnsExplanation *out_explanation,
                    GError **error)
{
    BnsRequest request = question(source->policy, subject);
    g_auto(BnsJudgement) judgement = bns_judge(source->policy, &request);
    g_autofree char *prose = bns_policy_explain(source->policy, &request);

    out_explanation->kind = request.path != NULL ? "request" : "flow";
    bns_explanation_decide(out_explanation, judgement.decision.verdict,
                           judgement.decision.rule, judgement.decision.reason);
    out_explanation->suggestion = g_steal_pointer(&judgement.suggestion);
    g_string_append(out_explanation->prose, prose);
    return true;
}
