/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How one rule fits a request or a flow, and what is said where none does.
 */
#include "policy/policy_private.h"

#define REASON_ALLOWED "an allow rule matches"
#define REASON_UNSEEN                                                                  \
    "the rule has methods or a path, which cannot be seen in a flow that is not "      \
    "inspected"
#define REASON_CONDITION(key) "no rule for this host allows a request with this " key
#define REASON_CEILING_CONDITION(key)                                                  \
    "no rule of the system policy for this host allows a request with this " key

static const char *const miss_reasons[] = {
    [BNS_MISS_HOST] = "no rule allows this host",
    [BNS_MISS_SCHEME] = "no rule for this host allows this scheme",
    [BNS_MISS_PORT] = "no rule for this host allows this port",
    [BNS_MISS_UNSEEN] = REASON_UNSEEN,
    [BNS_MISS_METHOD] = "no rule for this host allows this method",
    [BNS_MISS_PATH] = "no rule for this host allows this path",
    [BNS_MISS_QUERY] = REASON_CONDITION("query"),
    [BNS_MISS_HEADERS] = REASON_CONDITION("header"),
    [BNS_MISS_CONTENT_TYPE] = REASON_CONDITION("content type"),
    [BNS_MISS_NOTHING] = REASON_ALLOWED,
};

/* The same of the system layer, which the person may not be able to change. */
static const char *const ceiling_reasons[] = {
    [BNS_MISS_HOST] = "no rule of the system policy allows this host",
    [BNS_MISS_SCHEME] = "no rule of the system policy for this host allows this scheme",
    [BNS_MISS_PORT] = "no rule of the system policy for this host allows this port",
    [BNS_MISS_UNSEEN] = REASON_UNSEEN,
    [BNS_MISS_METHOD] = "no rule of the system policy for this host allows this method",
    [BNS_MISS_PATH] = "no rule of the system policy for this host allows this path",
    [BNS_MISS_QUERY] = REASON_CEILING_CONDITION("query"),
    [BNS_MISS_HEADERS] = REASON_CEILING_CONDITION("header"),
    [BNS_MISS_CONTENT_TYPE] = REASON_CEILING_CONDITION("content type"),
    [BNS_MISS_NOTHING] = REASON_ALLOWED,
};

G_STATIC_ASSERT(G_N_ELEMENTS(miss_reasons) == BNS_MISS_NOTHING + 1);
G_STATIC_ASSERT(G_N_ELEMENTS(ceiling_reasons) == BNS_MISS_NOTHING + 1);

const char *
bns_miss_reason(BnsMiss best, bool is_ceiling)
{
    return (is_ceiling ? ceiling_reasons : miss_reasons)[best];
}

bool
bns_scheme_is_flow(BnsScheme scheme)
{
    return scheme == BNS_SCHEME_TLS || scheme == BNS_SCHEME_TCP;
}

bool
bns_rule_matches_reading(const BnsRule *rule, const char *reading)
{
    /* Many servers do not tell /Admin from /admin: a deny means both. */
    bool fold_case = rule->verdict == BNS_VERDICT_DENY;

    for (guint i = 0; i < rule->paths->len; i++)
        if (bns_pattern_matches(rule->paths->pdata[i], reading, fold_case))
            return true;
    return rule->paths->len == 0;
}

/* An allow rule must match however the path is read, a deny rule in one way. */
static bool
matches_path(const BnsRule *rule, const BnsReadings *readings)
{
    bool is_deny = rule->verdict == BNS_VERDICT_DENY;

    for (guint i = 0; i < bns_readings_count(readings); i++)
        if (bns_rule_matches_reading(rule, bns_readings_get(readings, i)) == is_deny)
            return is_deny;
    return !is_deny;
}

/* A sealed rule's methods and paths are conditions that nobody can check, so what has
 * them allows nothing. */
BnsMiss
bns_rule_compare_flow(const BnsRule *rule, BnsScheme scheme, uint16_t port)
{
    if ((rule->schemes & BNS_SCHEME_BIT(scheme)) == 0)
        return BNS_MISS_SCHEME;
    if (!bns_rule_has_port(rule, port))
        return BNS_MISS_PORT;
    if (bns_scheme_is_flow(scheme) && bns_rule_is_about_requests(rule))
        return BNS_MISS_UNSEEN;
    return BNS_MISS_NOTHING;
}

static BnsMiss
compare_conditions(const BnsRule *rule, const BnsRequest *request)
{
    BnsCondition missed = bns_conditions_compare(
        rule->conditions, (BnsConditionFacts){ request->query, request->header },
        rule->verdict == BNS_VERDICT_DENY);

    return missed == BNS_N_CONDITIONS ? BNS_MISS_NOTHING : BNS_MISS_QUERY + missed;
}

BnsMiss
bns_rule_compare(const BnsRule *rule,
                 const BnsRequest *request,
                 const BnsReadings *readings)
{
    BnsMiss miss = bns_rule_compare_flow(rule, request->scheme, request->port);

    if (miss != BNS_MISS_NOTHING || bns_scheme_is_flow(request->scheme))
        return miss;
    if (!bns_rule_has_method(rule, request->method))
        return BNS_MISS_METHOD;
    if (!matches_path(rule, readings))
        return BNS_MISS_PATH;
    return rule->conditions != NULL ? compare_conditions(rule, request)
                                    : BNS_MISS_NOTHING;
}
