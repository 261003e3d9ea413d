/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows: what kind one is before its bytes are seen, and which address may be dialled
 * for it.
 */
#include "policy/policy_private.h"

#include <string.h>

#define REASON_READ    "read to be decided request by request"
#define REASON_ADDRESS "not an IPv4 or IPv6 address"
#define REASON_DENIED  "a deny rule matches the address of the host"

static bool
is_read_port(const BnsPolicy *policy, uint16_t port)
{
    return port == 80 || port == 443 ||
           (policy->read_ports[port / 8] >> port % 8 & 1) != 0;
}

BnsFlowKind
bns_policy_flow_kind(const BnsPolicy *policy,
                     const char *host,
                     uint16_t port,
                     BnsDecision *out_decision)
{
    static const BnsScheme readable[] = { BNS_SCHEME_HTTPS, BNS_SCHEME_HTTP };
    BnsDecision decision = bns_policy_decide_tcp(policy, host, port);
    BnsFlowKind kind = BNS_FLOW_REFUSE;

    /* A tcp rule decides the kind even where a deny rule then refuses the flow. */
    if (bns_policy_has_kind(policy, BNS_SCHEME_TCP, host, port)) {
        if (decision.verdict == BNS_VERDICT_ALLOW)
            kind = BNS_FLOW_TCP;
    } else if (is_read_port(policy, port)) {
        kind = BNS_FLOW_READ;
        decision = (BnsDecision){ .verdict = BNS_VERDICT_ALLOW, .reason = REASON_READ };
    } else {
        for (size_t i = 0; i < G_N_ELEMENTS(readable) && kind == BNS_FLOW_REFUSE; i++) {
            BnsDecision http = bns_policy_could_allow(policy, readable[i], host, port);

            if (http.verdict == BNS_VERDICT_ALLOW) {
                kind = BNS_FLOW_READ_AFTER_DIAL;
                decision = http;
            }
        }
    }
    if (out_decision != NULL)
        *out_decision = decision;
    return kind;
}

/* A flow to an address, whose host's name no longer matters. */
typedef struct {
    BnsScheme scheme;
    uint16_t port;
    const BnsRule *found; /* the first in the order of rules */
} Dial;

static bool
is_found(Dial *dial, const BnsRule *rule, bool matches)
{
    if (matches && (dial->found == NULL || rule->number < dial->found->number))
        dial->found = rule;
    return matches;
}

/* Methods and paths are no excuse: a connection that is dialled for one request carries
 * others. */
static bool
on_deny(void *data, const BnsRule *rule)
{
    Dial *dial = data;

    return is_found(dial, rule,
                    bns_rule_has_port(rule, dial->port) &&
                        bns_rule_denies_scheme(rule, dial->scheme));
}

/* For the same reason a cidr rule with methods or a path lifts the guard for nobody but
 * itself. */
static bool
on_allow(void *data, const BnsRule *rule)
{
    Dial *dial = data;

    return is_found(dial, rule,
                    bns_rule_has_port(rule, dial->port) &&
                        (rule->schemes & BNS_SCHEME_BIT(dial->scheme)) != 0 &&
                        !bns_rule_is_about_requests(rule) && bns_rule_is_network(rule));
}

static const BnsRule *
find_deny(const BnsPolicy *policy, const BnsAddress *address, Dial dial)
{
    BnsAddress embedded;

    bns_host_index_search_address(policy->deny, address, on_deny, &dial);
    if (bns_address_get_embedded(address, &embedded))
        bns_host_index_search_address(policy->deny, &embedded, on_deny, &dial);
    return dial.found;
}

static BnsDecision
refuse(const BnsRule *rule, const char *reason)
{
    return (BnsDecision){
        .verdict = BNS_VERDICT_DENY,
        .rule = rule != NULL ? rule->origin : NULL,
        .reason = rule != NULL && rule->reason != NULL ? rule->reason : reason,
    };
}

static BnsDecision
decide_address(const BnsPolicy *policy,
               const BnsDecision *decision,
               const BnsAddress *address,
               Dial dial,
               bool is_given)
{
    const BnsRule *deny = find_deny(policy, address, dial);
    const char *refusal;

    if (deny != NULL)
        return refuse(deny, REASON_DENIED);
    if (is_given || decision->lifts_guard)
        return *decision;
    refusal = bns_guard_check(policy->guard, address);
    if (refusal == NULL)
        return *decision;
    bns_host_index_search_address(policy->allow, address, on_allow, &dial);
    return dial.found != NULL ? *decision : refuse(NULL, refusal);
}

BnsDecision
bns_policy_decide_address(const BnsPolicy *policy,
                          const BnsDecision *decision,
                          BnsScheme scheme,
                          const struct sockaddr *address,
                          uint16_t port,
                          bool is_given)
{
    Dial dial = { .scheme = scheme, .port = port };
    BnsAddress dialled;

    if (decision->verdict != BNS_VERDICT_ALLOW)
        return *decision;
    if (!bns_address_from_sockaddr(address, &dialled))
        return refuse(NULL, REASON_ADDRESS);
    return decide_address(policy, decision, &dialled, dial, is_given);
}

BnsDecision
bns_policy_decide_literal(const BnsPolicy *policy,
                          const BnsDecision *decision,
                          const BnsRequest *request)
{
    Dial dial = { .scheme = request->scheme, .port = request->port };
    BnsAddress address;

    if (decision->verdict != BNS_VERDICT_ALLOW ||
        !bns_address_parse(request->host, &address))
        return *decision;
    return decide_address(policy, decision, &address, dial, false);
}

bool
bns_policy_read_interfaces(BnsPolicy *policy)
{
    return bns_guard_read_interfaces(policy->guard);
}
