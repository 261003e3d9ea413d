/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/helps.h"

#include "base/text.h"
#include "policy/host.h"
#include "policy/rule_view.h"

#include <string.h>

/* One host of the rule, with one scheme and port of it. */
typedef struct {
    const BnsPolicy *policy;
    const BnsRuleView *rule;
    BnsRequest request;
} Try;

static bool
is_allowed(const Try *try, BnsDecision *out_denied)
{
    BnsDecision decision = bns_policy_decide(try->policy, &try->request);

    if (decision.verdict != BNS_VERDICT_ALLOW)
        *out_denied = decision;
    return decision.verdict == BNS_VERDICT_ALLOW;
}

static bool
some_path_is_allowed(Try *try, BnsDecision *out_denied)
{
    if (try->rule->paths[0] == NULL)
        return true;
    for (char **path = try->rule->paths; *path != NULL; path++) {
        try->request.path = *path;
        if (strchr(*path, '*') != NULL || is_allowed(try, out_denied))
            return true;
    }
    return false;
}

static bool
some_request_is_allowed(Try *try, BnsDecision *out_denied)
{
    const GPtrArray *methods = try->rule->methods;
    BnsDecision decision = bns_policy_could_allow(try->policy, try->request.scheme,
                                                  try->request.host, try->request.port);

    if (decision.verdict != BNS_VERDICT_ALLOW) {
        *out_denied = decision;
        return false;
    }
    if (try->request.scheme == BNS_SCHEME_TCP || try->request.scheme == BNS_SCHEME_TLS)
        return true;
    try->request.method = "GET";
    if (methods->len == 0)
        return some_path_is_allowed(try, out_denied);
    for (guint i = 0; i < methods->len; i++) {
        try->request.method = methods->pdata[i];
        if (some_path_is_allowed(try, out_denied))
            return true;
    }
    return false;
}

static bool
some_port_is_allowed(Try *try, BnsDecision *out_denied)
{
    const GArray *ports = try->rule->ports;

    if (ports->len == 0)
        return true;
    for (guint i = 0; i < ports->len; i++) {
        try->request.port = g_array_index(ports, uint16_t, i);
        if (some_request_is_allowed(try, out_denied))
            return true;
    }
    return false;
}

static bool
helps(const BnsPolicy *policy, const BnsRuleView *rule, BnsDecision *out_denied)
{
    if (rule->is_network)
        return true;
    for (char **name = rule->hosts; *name != NULL; name++) {
        BnsHost host;

        if (!bns_host_canonical(*name, strlen(*name), &host))
            return true;
        for (BnsScheme scheme = 0; scheme < BNS_N_SCHEMES; scheme++) {
            Try try = { .policy = policy,
                        .rule = rule,
                        .request = { .scheme = scheme, .host = host.text } };

            if (rule->schemes[scheme] && some_port_is_allowed(&try, out_denied))
                return true;
        }
    }
    return false;
}

/* What nothing denies has no rule; what the system layer does not allow, none either. */
static void
explain(const BnsDecision *denied, GError **error)
{
    g_autofree char *rule = bns_text_escape(denied->rule, -1);

    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "the rule would allow nothing: %s%s%s%s",
                denied->is_ceiling && rule == NULL ? "the system policy denies it: "
                                                   : "",
                denied->reason != NULL ? denied->reason : "it is denied",
                rule != NULL ? ", at " : "", rule != NULL ? rule : "");
}

bool
bns_policy_check_helps(const BnsPolicy *policy, const char *origin, GError **error)
{
    BnsDecision denied = { .verdict = BNS_VERDICT_DENY };

    for (guint i = bns_policy_n_rules(policy); i > 0; i--) {
        g_auto(BnsRuleView) rule = { 0 };

        bns_rule_view_init(&rule, policy, i - 1);
        if (rule.is_system || strcmp(rule.origin, origin) != 0)
            continue;
        if (helps(policy, &rule, &denied))
            return true;
        explain(&denied, error);
        return false;
    }
    return true;
}
