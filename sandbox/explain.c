/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/commands.h"

#include "base/text.h"
#include "policy/path.h"
#include "sandbox/explain_target.h"
#include "sandbox/policy_source.h"

#include <stdio.h>
#include <string.h>

static BnsDecision
decide_address(const BnsPolicy *policy,
               const BnsExplainTarget *target,
               const BnsDecision *decision)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr = target->host.v4 };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = target->host.v6 };
    const struct sockaddr *address = target->host.kind == BNS_HOST_IPV4
                                         ? (const struct sockaddr *)&v4
                                         : (const struct sockaddr *)&v6;

    return bns_policy_decide_address(policy, decision, target->scheme, address,
                                     target->port, false);
}

/* What the gateway would answer, as far as that is known without the network.
 * @out_is_missing: it is denied only because no rule matches. */
static BnsDecision
decide(const BnsPolicy *policy,
       const BnsExplainTarget *target,
       const BnsRequest *request,
       bool *out_is_missing)
{
    BnsDecision decision;
    const char *refused = request->path != NULL
                              ? bns_path_check(request->path, strlen(request->path))
                              : NULL;

    *out_is_missing = false;
    if (refused != NULL)
        return (BnsDecision){ .verdict = BNS_VERDICT_DENY, .reason = refused };
    decision = target->scheme == BNS_SCHEME_TCP
                   ? bns_policy_decide_tcp(policy, request->host, request->port)
                   : bns_policy_decide(policy, request);
    if (decision.verdict == BNS_VERDICT_ALLOW && target->host.kind != BNS_HOST_NAME) {
        BnsDecision guard = decide_address(policy, target, &decision);

        return guard.verdict == BNS_VERDICT_DENY ? guard : decision;
    }
    *out_is_missing = decision.verdict == BNS_VERDICT_DENY && decision.rule == NULL;
    return decision;
}

static void
print_suggestion(const BnsRequest *request)
{
    g_autofree char *rule = bns_policy_suggest(
        request->scheme, request->host, request->port, request->method, request->path);
    g_autofree char *quoted = bns_text_shell_quote(rule);

    printf("Would allow it: --allow %s\n", quoted);
}

static int
explain_target(const BnsPolicy *policy, const BnsExplainTarget *target)
{
    BnsRequest request = { .scheme = target->scheme,
                           .host = target->host.text,
                           .port = target->port,
                           .method = target->method,
                           .path = target->path };
    bool is_missing;
    BnsDecision decision = decide(policy, target, &request, &is_missing);
    g_autofree char *prose = bns_policy_explain(policy, &request);

    printf("%s\t%s\t%s\n%s", bns_verdict_name(decision.verdict),
           decision.rule != NULL ? decision.rule : "-", decision.reason, prose);
    if (is_missing)
        print_suggestion(&request);
    return decision.verdict == BNS_VERDICT_ALLOW ? 0 : 1;
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
