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
#define REASON_CEILING                                                                 \
    "a deny rule of the system policy matches the address of the host"
#define REASON_CEILING_GUARD                                                           \
    "the address is a private or special one, and no rule of the system policy opens " \
    "it (private: true, cidr)"

static bool
is_read_port(const BnsPolicy *policy, uint16_t port)
{
    return port == 80 || port == 443 ||
           (policy->read_ports[port / 8] >> port % 8 & 1) != 0;
}

/* Whether some request of @scheme could be allowed. */
static BnsDecision
could_allow(const BnsPolicy *layer, BnsScheme scheme, const char *host, uint16_t port)
{
    BnsRequest request = { .scheme = scheme, .host = host, .port = port };

    return bns_policy_decide_layer(layer, &request, NULL);
}

static BnsFlowKind
layer_kind(const BnsPolicy *layer,
           const char *host,
           uint16_t port,
           BnsDecision *out_decision)
{
    static const BnsScheme readable[] = { BNS_SCHEME_HTTPS, BNS_SCHEME_HTTP };

    *out_decision = could_allow(layer, BNS_SCHEME_TCP, host, port);
    out_decision->is_ceiling = layer->is_ceiling;
    /* A tcp rule decides the kind even where a deny rule then refuses the flow. */
    if (bns_policy_layer_has_kind(layer, BNS_SCHEME_TCP, host, port))
        return out_decision->verdict == BNS_VERDICT_ALLOW ? BNS_FLOW_TCP
                                                          : BNS_FLOW_REFUSE;
    if (is_read_port(layer, port)) {
        *out_decision =
            (BnsDecision){ .verdict = BNS_VERDICT_ALLOW, .reason = REASON_READ };
        return BNS_FLOW_READ;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(readable); i++) {
        BnsDecision http = could_allow(layer, readable[i], host, port);

        if (http.verdict == BNS_VERDICT_ALLOW) {
            *out_decision = http;
            return BNS_FLOW_READ_AFTER_DIAL;
        }
    }
    return BNS_FLOW_REFUSE;
}

/* What the layer below would do, @kind, under what the system layer would. */
static BnsFlowKind
join_kinds(const BnsPolicy *policy,
           BnsFlowKind ceiling_kind,
           const BnsDecision *ceiling,
           BnsFlowKind kind,
           BnsDecision *io_decision)
{
    if (ceiling_kind == BNS_FLOW_REFUSE)
        *io_decision = *ceiling;
    if (ceiling_kind == BNS_FLOW_REFUSE || kind == BNS_FLOW_REFUSE)
        return BNS_FLOW_REFUSE;
    if ((ceiling_kind == BNS_FLOW_TCP) != (kind == BNS_FLOW_TCP)) {
        *io_decision = bns_policy_deny_kinds(policy, kind == BNS_FLOW_TCP);
        return BNS_FLOW_REFUSE;
    }
    /* One of them knows what is spoken there. */
    return ceiling_kind == BNS_FLOW_READ ? BNS_FLOW_READ : kind;
}

/* By the rules of both layers, whatever their mode. */
static BnsFlowKind
find_kind(const BnsPolicy *policy,
          const char *host,
          uint16_t port,
          BnsDecision *out_decision)
{
    BnsFlowKind kind = layer_kind(policy, host, port, out_decision);
    BnsFlowKind ceiling_kind;
    BnsDecision ceiling;

    if (policy->ceiling == NULL)
        return kind;
    ceiling_kind = layer_kind(policy->ceiling, host, port, &ceiling);
    return join_kinds(policy, ceiling_kind, &ceiling, kind, out_decision);
}

/* What lets some request there pass, the more the better. */
static BnsDecision
could_request(const BnsPolicy *policy, const char *host, uint16_t port)
{
    BnsDecision http = bns_policy_could_allow(policy, BNS_SCHEME_HTTP, host, port);
    BnsDecision https = bns_policy_could_allow(policy, BNS_SCHEME_HTTPS, host, port);

    return https.verdict > http.verdict ? https : http;
}

/* Whether it is read because of a rule about another host that names the port. */
static bool
is_read_for_others(const BnsPolicy *policy, const char *host, uint16_t port)
{
    return port != 80 && port != 443 &&
           could_request(policy, host, port).verdict != BNS_VERDICT_ALLOW;
}

/* What the rules refuse, or read for others, may be anything: it is dialled, so that
 * whoever speaks first shows what it is. */
static BnsFlowKind
observe_kind(const BnsPolicy *policy,
             const char *host,
             uint16_t port,
             BnsFlowKind kind,
             BnsDecision *io_decision)
{
    BnsDecision tcp = bns_policy_decide_tcp(policy, host, port);
    BnsDecision request = could_request(policy, host, port);

    if (kind == BNS_FLOW_READ && !is_read_for_others(policy, host, port))
        return kind;
    if (bns_decision_passes(&request) &&
        !bns_policy_has_kind(policy, BNS_SCHEME_TCP, host, port)) {
        *io_decision = request;
        return BNS_FLOW_READ_AFTER_DIAL;
    }
    if (bns_decision_passes(&tcp))
        kind = BNS_FLOW_TCP;
    /* Of two layers one may refuse it for good. */
    if (bns_decision_passes(&tcp) || bns_decision_passes(io_decision))
        *io_decision = tcp;
    return kind;
}

BnsFlowKind
bns_policy_flow_kind(const BnsPolicy *policy,
                     const char *host,
                     uint16_t port,
                     BnsDecision *out_decision)
{
    const char *refusal = bns_policy_refuse_own_name(policy, host, port);
    BnsDecision decision = { .verdict = BNS_VERDICT_DENY, .reason = refusal };
    BnsFlowKind kind = BNS_FLOW_REFUSE;

    /* A request to such a name is refused by an answer. */
    if (refusal == NULL || is_read_port(policy, port))
        kind = find_kind(policy, host, port, &decision);
    if (refusal == NULL && bns_policy_observes(policy))
        kind = observe_kind(policy, host, port, kind, &decision);
    else if (kind == BNS_FLOW_TCP)
        decision = bns_policy_decide_tcp(policy, host, port);
    else if (kind == BNS_FLOW_READ_AFTER_DIAL)
        decision = could_request(policy, host, port);
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

static BnsVisit
visit(Dial *dial, const BnsRule *rule, bool matches)
{
    if (matches && (dial->found == NULL || rule->number < dial->found->number))
        dial->found = rule;
    return matches ? BNS_VISIT_END : BNS_VISIT_NEXT;
}

/* Methods and paths are no excuse: a connection that is dialled for one request carries
 * others. */
static BnsVisit
on_deny(void *data, const BnsRule *rule)
{
    Dial *dial = data;

    return visit(dial, rule,
                 bns_rule_has_port(rule, dial->port) &&
                     bns_rule_denies_scheme(rule, dial->scheme));
}

/* For the same reason a cidr rule with methods or a path lifts the guard for nobody but
 * itself. */
static BnsVisit
on_allow(void *data, const BnsRule *rule)
{
    Dial *dial = data;

    return visit(dial, rule,
                 bns_rule_has_port(rule, dial->port) &&
                     (rule->schemes & BNS_SCHEME_BIT(dial->scheme)) != 0 &&
                     !bns_rule_is_about_requests(rule) && bns_rule_is_network(rule));
}

static const BnsRule *
find_deny(const BnsPolicy *policy, const BnsAddress *address, Dial dial)
{
    BnsAddress embedded;

    bns_host_index_search_address(policy->deny, address, NULL, on_deny, &dial);
    if (bns_address_get_embedded(address, &embedded))
        bns_host_index_search_address(policy->deny, &embedded, NULL, on_deny, &dial);
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
refuse_above(const BnsRule *rule, const char *reason)
{
    BnsDecision decision = refuse(rule, reason);

    decision.is_ceiling = true;
    return decision;
}

/* Whether a rule of @layer about the address itself opens it for others, too. */
static bool
opens(const BnsPolicy *layer, const BnsAddress *address, Dial dial)
{
    bns_host_index_search_address(layer->allow, address, NULL, on_allow, &dial);
    return dial.found != NULL;
}

/* Leaves the guard to the policy below: if it does so by name. */
static bool
is_guard_permitted(const BnsPolicy *ceiling)
{
    return ceiling->permits.named_origins[BNS_PERMIT_PRIVATE] != NULL;
}

static BnsDecision
decide_guarded(const BnsPolicy *policy,
               const BnsDecision *decision,
               const BnsAddress *address,
               Dial dial)
{
    const BnsPolicy *ceiling = policy->ceiling;
    const char *refusal = bns_guard_check(policy->guard, address);

    if (refusal == NULL)
        return *decision;
    if (ceiling != NULL && (decision->lifts_guard & BNS_LIFTED_CEILING) == 0 &&
        !is_guard_permitted(ceiling) && !opens(ceiling, address, dial))
        return refuse_above(NULL, REASON_CEILING_GUARD);
    if ((decision->lifts_guard & BNS_LIFTED_BELOW) == 0 &&
        !opens(policy, address, dial))
        return refuse(NULL, refusal);
    return *decision;
}

/* What the deny rules of @layer make of @decision. Of two that would deny the first is
 * told. */
static BnsDecision
decide_denied(const BnsPolicy *layer,
              const BnsDecision *decision,
              const BnsAddress *address,
              Dial dial)
{
    const BnsRule *deny = find_deny(layer, address, dial);
    BnsDecision denied;

    if (deny == NULL || !bns_decision_passes(decision))
        return *decision;
    denied = layer->is_ceiling ? refuse_above(deny, REASON_CEILING)
                               : refuse(deny, REASON_DENIED);
    denied = bns_policy_soften(layer, denied);
    if (!bns_decision_passes(&denied))
        return denied;
    denied.lifts_guard = decision->lifts_guard;
    denied.identity = decision->identity;
    memcpy(denied.caps, decision->caps, sizeof(denied.caps));
    return decision->verdict == BNS_VERDICT_WOULD_DENY ? *decision : denied;
}

static BnsDecision
decide_address(const BnsPolicy *policy,
               const BnsDecision *decision,
               const BnsAddress *address,
               Dial dial,
               bool is_given)
{
    BnsDecision result = *decision;

    if (policy->ceiling != NULL)
        result = decide_denied(policy->ceiling, &result, address, dial);
    result = decide_denied(policy, &result, address, dial);
    if (is_given || !bns_decision_passes(&result))
        return result;
    return decide_guarded(policy, &result, address, dial);
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

    if (!bns_decision_passes(decision))
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

    if (!bns_decision_passes(decision) || !bns_address_parse(request->host, &address))
        return *decision;
    return decide_address(policy, decision, &address, dial, false);
}

bool
bns_policy_read_interfaces(BnsPolicy *policy)
{
    return bns_guard_read_interfaces(policy->guard);
}
