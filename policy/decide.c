/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions: deny rules first, then allow rules; the first rule in the order of the
 * policy that decides is named. Where several allow, one that lifts the address guard is
 * preferred, then one with a client certificate, so that one more allow rule never takes
 * something away; the widest of their caps counts, whichever is named.
 *
 * Each layer decides by itself, and all must allow. The system layer is asked first: what
 * it refuses no rule below it can help.
 */
#include "policy/policy_private.h"

#include <string.h>

#define REASON_ALLOWED   "an allow rule matches"
#define REASON_DENIED    "a deny rule matches"
#define REASON_LOCALHOST "localhost is the sandbox's own loopback, never the host's"
#define REASON_INTERNAL                                                                \
    "nothing of the host is offered here: --host-port offers a port of it"
#define REASON_TCP            "no tcp rule allows this host and port"
#define REASON_NO_PATH        "the request has no method or no path"
#define REASON_CEILING_DENIED "a deny rule of the system policy matches"
#define REASON_CEILING_TCP    "no tcp rule of the system policy allows this host and port"
#define REASON_KINDS                                                                   \
    "the system policy and the policy below it differ in the kind of this flow: "      \
    "requests, sealed TLS or opaque tcp"

/* A walk through the rules about one host. */
typedef struct {
    const BnsRequest *request;
    const BnsReadings *readings; /* NULL: method and path are not known yet */
    bool has_identities;         /* some rule has one */
    bool has_caps;               /* some rule has one */
    BnsCap caps[BNS_N_CAPS];     /* the widest so far; of no meaning without found */
    const BnsRule *found;        /* the best so far */
    BnsMiss best;
    const BnsRule *near;        /* the first that came so far */
    const BnsRule *conditional; /* the last that the request's conditions decide on */
    bool is_certain;            /* one without conditions matches */
} Search;

const char *
bns_verdict_name(BnsVerdict verdict)
{
    static const char *const names[] = {
        [BNS_VERDICT_DENY] = "deny",
        [BNS_VERDICT_WOULD_DENY] = "would_deny",
        [BNS_VERDICT_ALLOW] = "allow",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_VERDICTS);

    return names[verdict];
}

const char *
bns_scheme_name(BnsScheme scheme)
{
    static const char *const names[] = {
        [BNS_SCHEME_HTTP] = "http",
        [BNS_SCHEME_HTTPS] = "https",
        [BNS_SCHEME_TLS] = "tls",
        [BNS_SCHEME_TCP] = "tcp",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_SCHEMES);

    return names[scheme];
}

static BnsDecision
decision_deny(const char *reason)
{
    return (BnsDecision){ .verdict = BNS_VERDICT_DENY, .reason = reason };
}

static BnsDecision
decision_by(const BnsPolicy *layer, const BnsRule *rule)
{
    bool is_allow = rule->verdict == BNS_VERDICT_ALLOW;
    const char *denied = layer->is_ceiling ? REASON_CEILING_DENIED : REASON_DENIED;
    const char *reason = is_allow ? REASON_ALLOWED : denied;
    unsigned lifted = layer->is_ceiling ? BNS_LIFTED_CEILING : BNS_LIFTED_BELOW;

    return (BnsDecision){
        .verdict = rule->verdict,
        .rule = rule->origin,
        .reason = rule->reason != NULL ? rule->reason : reason,
        .lifts_guard = is_allow && bns_rule_lifts_guard(rule) ? lifted : 0,
        .identity = is_allow ? rule->identity : NULL,
    };
}

static bool
is_earlier(const BnsRule *rule, const BnsRule *found)
{
    return found == NULL || rule->number < found->number;
}

/* @rule fits the request but, perhaps, for its conditions. */
static void
note_condition(Search *search, const BnsRule *rule, BnsMiss miss)
{
    if (rule->conditions != NULL && miss >= BNS_MISS_QUERY)
        search->conditional = rule;
    search->is_certain |= rule->conditions == NULL && miss == BNS_MISS_NOTHING;
}

static bool
is_denied_by(Search *search, const BnsRule *rule)
{
    const BnsRequest *request = search->request;

    if (bns_scheme_is_flow(request->scheme))
        return bns_rule_denies_scheme(rule, request->scheme) &&
               bns_rule_has_port(rule, request->port);
    if (search->readings != NULL) {
        BnsMiss miss = bns_rule_compare(rule, request, search->readings);

        note_condition(search, rule, miss);
        return miss == BNS_MISS_NOTHING;
    }
    return !bns_rule_is_about_requests(rule) &&
           bns_rule_compare_flow(rule, request->scheme, request->port) ==
               BNS_MISS_NOTHING;
}

static BnsVisit
on_deny(void *data, const BnsRule *rule)
{
    Search *search = data;

    if (!is_denied_by(search, rule))
        return BNS_VISIT_NEXT;
    if (is_earlier(rule, search->found))
        search->found = rule;
    return BNS_VISIT_END;
}

/* A certificate is preferred to none, but one for some requests only is not shown before
 * there is such a request, unless nothing else could be allowed. */
static int
rank_identity(const Search *search, const BnsRule *rule)
{
    if (rule->identity == NULL)
        return 1;
    return search->readings == NULL && bns_rule_is_about_requests(rule) ? 0 : 2;
}

static bool
is_better(const Search *search, const BnsRule *rule)
{
    const BnsRule *found = search->found;

    if (found != NULL && bns_rule_lifts_guard(rule) != bns_rule_lifts_guard(found))
        return bns_rule_lifts_guard(rule);
    if (found != NULL && rank_identity(search, rule) != rank_identity(search, found))
        return rank_identity(search, rule) > rank_identity(search, found);
    return is_earlier(rule, found);
}

static void
widen_caps(Search *search, const BnsRule *rule)
{
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++)
        if (search->found == NULL ||
            bns_cap_is_wider(&rule->caps[kind], &search->caps[kind]))
            search->caps[kind] = rule->caps[kind];
}

static BnsVisit
on_allow(void *data, const BnsRule *rule)
{
    Search *search = data;
    const BnsRequest *request = search->request;
    BnsMiss miss = search->readings != NULL
                       ? bns_rule_compare(rule, request, search->readings)
                       : bns_rule_compare_flow(rule, request->scheme, request->port);

    if (search->near == NULL || miss > search->best ||
        (miss == search->best && is_earlier(rule, search->near)))
        search->near = rule;
    search->best = MAX(search->best, miss);
    if (search->readings != NULL)
        note_condition(search, rule, miss);
    if (miss != BNS_MISS_NOTHING)
        return miss < BNS_MISS_PATH ? BNS_VISIT_NO_CLASS : BNS_VISIT_NEXT;
    if (search->has_caps)
        widen_caps(search, rule);
    if (is_better(search, rule))
        search->found = rule;
    /* Could anything later be better? */
    return bns_rule_lifts_guard(rule) && !search->has_caps &&
                   (rank_identity(search, rule) == 2 || !search->has_identities)
               ? BNS_VISIT_END
               : BNS_VISIT_NEXT;
}

/* Deny rules mean an address in whatever form it is written. */
static const BnsRule *
find_deny(const BnsPolicy *policy, Search *search, const BnsAddress *address)
{
    BnsAddress embedded;

    bns_host_index_search(policy->deny, search->request->host, address,
                          search->readings, on_deny, search);
    if (address == NULL)
        return search->found;
    bns_host_index_search_address(policy->deny, address, search->readings, on_deny,
                                  search);
    if (bns_address_get_embedded(address, &embedded))
        bns_host_index_search_address(policy->deny, &embedded, search->readings,
                                      on_deny, search);
    return search->found;
}

const char *
bns_policy_refuse_own_name(const BnsPolicy *policy, const char *host, uint16_t port)
{
    if (bns_host_is_localhost(host))
        return REASON_LOCALHOST;
    return bns_policy_is_reserved(policy, host, port) ? REASON_INTERNAL : NULL;
}

void
bns_policy_offer_host_port(BnsPolicy *policy, uint16_t port)
{
    if (policy->host_ports == NULL)
        policy->host_ports = g_hash_table_new(NULL, NULL);
    g_hash_table_add(policy->host_ports, GUINT_TO_POINTER(port));
}

bool
bns_policy_offers_host_port(const BnsPolicy *policy, uint16_t port)
{
    return policy->host_ports != NULL &&
           g_hash_table_contains(policy->host_ports, GUINT_TO_POINTER(port));
}

bool
bns_policy_is_reserved(const BnsPolicy *policy, const char *host, uint16_t port)
{
    if (strcmp(host, BNS_POLICY_HOST_NAME) == 0)
        return !bns_policy_offers_host_port(policy, port);
    return bns_host_is_localhost(host) || bns_host_is_internal(host);
}

static const BnsAddress *
parse_literal(const char *host, BnsAddress *address)
{
    return bns_address_parse(host, address) ? address : NULL;
}

/* Methods and paths do not matter: the kind is what the rule says it is. */
static BnsVisit
on_kind(void *data, const BnsRule *rule)
{
    Search *search = data;

    if ((rule->schemes & BNS_SCHEME_BIT(search->request->scheme)) != 0 &&
        bns_rule_has_port(rule, search->request->port))
        search->found = rule;
    return search->found != NULL ? BNS_VISIT_END : BNS_VISIT_NEXT;
}

bool
bns_policy_layer_has_kind(const BnsPolicy *layer,
                          BnsScheme kind,
                          const char *host,
                          uint16_t port)
{
    BnsRequest request = { .scheme = kind, .host = host, .port = port };
    Search search = { .request = &request };
    BnsAddress address;

    bns_host_index_search(layer->allow, host, parse_literal(host, &address), NULL,
                          on_kind, &search);
    return search.found != NULL;
}

/* In one layer is enough: the other must then allow a flow of that kind, too. */
bool
bns_policy_has_kind(const BnsPolicy *policy,
                    BnsScheme kind,
                    const char *host,
                    uint16_t port)
{
    return bns_policy_layer_has_kind(policy, kind, host, port) ||
           (policy->ceiling != NULL &&
            bns_policy_layer_has_kind(policy->ceiling, kind, host, port));
}

bool
bns_policy_is_sealed(const BnsPolicy *policy, const char *host, uint16_t port)
{
    return bns_policy_has_kind(policy, BNS_SCHEME_TLS, host, port);
}

static const char *
condition_of(const Search *search)
{
    return search->conditional != NULL && !search->is_certain
               ? search->conditional->origin
               : NULL;
}

static BnsDecision
deny_miss(const BnsPolicy *layer, const Search *allows)
{
    BnsDecision decision =
        decision_deny(bns_miss_reason(allows->best, layer->is_ceiling));

    if (allows->request->scheme == BNS_SCHEME_TCP)
        decision.reason = layer->is_ceiling ? REASON_CEILING_TCP : REASON_TCP;
    decision.is_conditional =
        allows->best >= BNS_MISS_QUERY && allows->best < BNS_MISS_NOTHING;
    decision.near = allows->near != NULL ? allows->near->origin : NULL;
    decision.condition = condition_of(allows);
    return decision;
}

BnsDecision
bns_policy_decide_layer(const BnsPolicy *layer,
                        const BnsRequest *request,
                        const BnsReadings *readings)
{
    Search denies = { .request = request, .readings = readings };
    Search allows = { .request = request,
                      .readings = readings,
                      .has_identities = layer->identities->len > 0,
                      .has_caps = layer->has_caps };
    BnsDecision decision;
    BnsAddress address;
    const BnsAddress *literal = parse_literal(request->host, &address);

    if (find_deny(layer, &denies, literal) != NULL) {
        decision = decision_by(layer, denies.found);
        decision.condition = condition_of(&denies);
        return bns_policy_soften(layer, decision);
    }
    bns_host_index_search(layer->allow, request->host, literal, readings, on_allow,
                          &allows);
    if (allows.found == NULL)
        return bns_policy_soften(layer, deny_miss(layer, &allows));
    decision = decision_by(layer, allows.found);
    decision.condition =
        denies.conditional != NULL ? denies.conditional->origin : condition_of(&allows);
    memcpy(decision.caps, allows.caps, sizeof(decision.caps));
    return decision;
}

/* A layer that refuses in any case is enough to know. */
static const char *
join_conditions(const BnsDecision *ceiling, const BnsDecision *below)
{
    if ((ceiling->verdict != BNS_VERDICT_ALLOW && ceiling->condition == NULL) ||
        (below->verdict != BNS_VERDICT_ALLOW && below->condition == NULL))
        return NULL;
    return ceiling->condition != NULL ? ceiling->condition : below->condition;
}

BnsDecision
bns_policy_join(const BnsDecision *ceiling, const BnsDecision *below)
{
    bool is_ceiling =
        ceiling->verdict != BNS_VERDICT_ALLOW && ceiling->verdict <= below->verdict;
    BnsDecision decision = is_ceiling ? *ceiling : *below;

    decision.is_ceiling = is_ceiling;
    decision.condition = join_conditions(ceiling, below);
    decision.lifts_guard = ceiling->lifts_guard | below->lifts_guard;
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++)
        decision.caps[kind] = bns_cap_is_wider(&below->caps[kind], &ceiling->caps[kind])
                                  ? ceiling->caps[kind]
                                  : below->caps[kind];
    /* What the system layer has to be shown is shown. */
    if (bns_decision_passes(&decision) && ceiling->identity != NULL)
        decision.identity = ceiling->identity;
    return decision;
}

BnsDecision
bns_policy_deny_kinds(const BnsPolicy *policy, bool is_ceiling)
{
    BnsDecision decision = decision_deny(REASON_KINDS);

    decision.is_ceiling = is_ceiling;
    return bns_policy_soften(is_ceiling ? policy->ceiling : policy, decision);
}

/* Whether @layer could allow something there that is not of @scheme. */
static bool
has_other_kind(const BnsPolicy *layer, const BnsRequest *request)
{
    for (BnsScheme scheme = 0; scheme < BNS_N_SCHEMES; scheme++) {
        BnsRequest other = { .scheme = scheme,
                             .host = request->host,
                             .port = request->port };

        if (scheme != request->scheme &&
            bns_policy_decide_layer(layer, &other, NULL).verdict == BNS_VERDICT_ALLOW)
            return true;
    }
    return false;
}

/* One layer has flows of that kind to the host and port, the other has others. */
static bool
differ_in_kind(const BnsPolicy *policy, const BnsRequest *request)
{
    const char *host = request->host;
    uint16_t port = request->port;
    bool is_below = bns_policy_layer_has_kind(policy, request->scheme, host, port);
    bool is_above =
        bns_policy_layer_has_kind(policy->ceiling, request->scheme, host, port);

    return is_below != is_above &&
           has_other_kind(is_below ? policy->ceiling : policy, request);
}

static BnsDecision
decide(const BnsPolicy *policy, const BnsRequest *request, const BnsReadings *readings)
{
    const char *refusal =
        bns_policy_refuse_own_name(policy, request->host, request->port);
    BnsDecision ceiling, below;

    if (refusal != NULL)
        return decision_deny(refusal);
    below = bns_policy_decide_layer(policy, request, readings);
    if (policy->ceiling == NULL)
        return below;
    ceiling = bns_policy_decide_layer(policy->ceiling, request, readings);
    below = bns_policy_join(&ceiling, &below);
    if (below.verdict != BNS_VERDICT_ALLOW && below.rule == NULL &&
        bns_scheme_is_flow(request->scheme) && differ_in_kind(policy, request))
        return bns_policy_deny_kinds(policy, below.is_ceiling);
    return below;
}

BnsDecision
bns_policy_decide(const BnsPolicy *policy, const BnsRequest *request)
{
    g_auto(BnsReadings) readings = { 0 };

    if (bns_scheme_is_flow(request->scheme))
        return decide(policy, request, NULL);
    if (request->method == NULL || request->path == NULL)
        return decision_deny(REASON_NO_PATH);
    bns_readings_init(&readings, request->path);
    return decide(policy, request, &readings);
}

BnsDecision
bns_policy_decide_tcp(const BnsPolicy *policy, const char *host, uint16_t port)
{
    return bns_policy_could_allow(policy, BNS_SCHEME_TCP, host, port);
}

BnsDecision
bns_policy_could_allow(const BnsPolicy *policy,
                       BnsScheme scheme,
                       const char *host,
                       uint16_t port)
{
    BnsRequest request = { .scheme = scheme, .host = host, .port = port };

    return decide(policy, &request, NULL);
}
