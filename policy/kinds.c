/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds: a flow is read, sealed or opaque, so no two allow rules may name one port of a
 * host for different ones.
 *
 * Two rules meet where the host of one is, or contains, that of the other. So each rule
 * claims its ports at the places of its own hosts, and is then compared with what others
 * claim there and at all places around: of many rules for many hosts each meets few.
 * Ports that only one kind names anywhere cannot meet, and are not looked at.
 */
#include "base/text.h"
#include "policy/network_table.h"
#include "policy/policy_private.h"

#include <string.h>

#define PORTS (UINT16_MAX + 1)

typedef enum {
    KIND_REQUESTS,
    KIND_SEALED,
    KIND_OPAQUE,
    N_KINDS,
} Kind;

/* What one may want of a flow. */
static const struct {
    const char *purpose;
    unsigned schemes;
} kinds[] = {
    [KIND_REQUESTS] = { "requests", BNS_SCHEMES_HTTP },
    [KIND_SEALED] = { "sealed TLS", BNS_SCHEME_BIT(BNS_SCHEME_TLS) },
    [KIND_OPAQUE] = { "opaque tcp", BNS_SCHEME_BIT(BNS_SCHEME_TCP) },
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == N_KINDS);

/* Claims are GHashTable of port and kind to the first rule that has both. Rules are
 * borrowed, and so are the names and networks that are keys. */
typedef struct {
    const BnsPolicy *policy;
    uint8_t *kinds_of_port;    /* owned; a bit per kind that names the port somewhere */
    GHashTable *exact;         /* of a name: `name`, `.name` */
    GHashTable *below;         /* of all names below one: `*.name`, `.name` */
    BnsNetworkTable *networks; /* literals too */
    GHashTable *all;           /* of any host at all, which is what `*` meets */
    const BnsRule *one;        /* the two that meet; NULL: none so far */
    const BnsRule *other;
} Check;

/* A rule that looks for others. */
typedef struct {
    Check *check;
    const BnsRule *rule;
} Walk;

static bool
has_kind(const BnsRule *rule, Kind kind)
{
    return rule->verdict == BNS_VERDICT_ALLOW &&
           (rule->schemes & kinds[kind].schemes) != 0;
}

static void *
claim_key(uint16_t port, Kind kind)
{
    return GUINT_TO_POINTER(port | (guint)kind << 16);
}

/* Whether rules of several kinds name it. */
static bool
is_contended(const Check *check, uint16_t port)
{
    uint8_t named = check->kinds_of_port[port];

    return (named & (named - 1)) != 0;
}

static void
note_ports(Check *check, const BnsRule *rule)
{
    for (Kind kind = 0; kind < N_KINDS; kind++)
        for (guint i = 0; has_kind(rule, kind) && i < rule->ports->len; i++)
            check->kinds_of_port[g_array_index(rule->ports, uint16_t, i)] |=
                (uint8_t)(1u << kind);
}

/* --- claiming --- */

static void
claim_in(const Check *check, GHashTable *claims, const BnsRule *rule)
{
    for (guint i = 0; i < rule->ports->len; i++) {
        uint16_t port = g_array_index(rule->ports, uint16_t, i);

        for (Kind kind = 0; kind < N_KINDS; kind++) {
            void *key = claim_key(port, kind);

            if (has_kind(rule, kind) && is_contended(check, port) &&
                !g_hash_table_contains(claims, key))
                g_hash_table_insert(claims, key, (void *)(guintptr)rule);
        }
    }
}

static void
claim_name(const Check *check, GHashTable *names, const char *name, const BnsRule *rule)
{
    GHashTable *claims = g_hash_table_lookup(names, name);

    if (claims == NULL) {
        claims = g_hash_table_new(NULL, NULL);
        g_hash_table_insert(names, (void *)(guintptr)name, claims);
    }
    claim_in(check, claims, rule);
}

static void
claim_network(const Check *check, const BnsNetwork *network, const BnsRule *rule)
{
    GHashTable *claims = bns_network_table_lookup(check->networks, network);

    if (claims == NULL) {
        claims = g_hash_table_new(NULL, NULL);
        bns_network_table_insert(check->networks, network, claims);
    }
    claim_in(check, claims, rule);
}

static void
claim(Check *check, const BnsRule *rule, const BnsHostPattern *host)
{
    claim_in(check, check->all, rule);
    if (host->kind == BNS_HOST_PATTERN_NETWORK || host->is_literal)
        claim_network(check, &host->network, rule);
    if (bns_host_pattern_has_name(host))
        claim_name(check, check->exact, host->name, rule);
    if (bns_host_pattern_has_below(host))
        claim_name(check, check->below, host->name, rule);
}

/* --- comparing --- */

/* Returns: whether somebody claims there what @rule names for another kind. */
static bool
meets(Check *check, const BnsRule *rule, GHashTable *claims)
{
    for (guint i = 0; claims != NULL && i < rule->ports->len; i++) {
        uint16_t port = g_array_index(rule->ports, uint16_t, i);

        for (Kind kind = 0; is_contended(check, port) && kind < N_KINDS; kind++) {
            const BnsRule *claimant =
                g_hash_table_lookup(claims, claim_key(port, kind));

            if (claimant == NULL || has_kind(rule, kind))
                continue;
            check->one = rule;
            check->other = claimant;
            return true;
        }
    }
    return false;
}

static bool
meets_around_name(Check *check, const BnsRule *rule, const BnsHostPattern *host)
{
    if (bns_host_pattern_has_name(host) &&
        meets(check, rule, g_hash_table_lookup(check->exact, host->name)))
        return true;
    if (bns_host_pattern_has_below(host) &&
        meets(check, rule, g_hash_table_lookup(check->below, host->name)))
        return true;
    for (const char *dot = strchr(host->name, '.'); dot != NULL;
         dot = strchr(dot + 1, '.'))
        if (meets(check, rule, g_hash_table_lookup(check->below, dot + 1)))
            return true;
    return false;
}

static bool
on_network(void *data, void *claims)
{
    const Walk *walk = data;

    return meets(walk->check, walk->rule, claims);
}

static bool
meets_others(Check *check, const BnsRule *rule, const BnsHostPattern *host)
{
    Walk walk = { check, rule };

    if (host->kind == BNS_HOST_PATTERN_ANY)
        return meets(check, rule, check->all);
    if (host->kind == BNS_HOST_PATTERN_NETWORK || host->is_literal)
        return bns_network_table_search(check->networks, &host->network, on_network,
                                        &walk);
    return meets_around_name(check, rule, host);
}

/* Calls @func for each host of the rules that name a port for which others might wish
 * something else, until it returns true. Returns: whether it did. */
static bool
visit(Check *check, bool (*func)(Check *, const BnsRule *, const BnsHostPattern *))
{
    for (guint i = 0; i < check->policy->rules->len; i++) {
        const BnsRule *rule = check->policy->rules->pdata[i];
        bool may_meet = false;

        for (guint j = 0; j < rule->ports->len && !may_meet; j++)
            may_meet = rule->verdict == BNS_VERDICT_ALLOW &&
                       is_contended(check, g_array_index(rule->ports, uint16_t, j));
        for (guint j = 0; j < rule->hosts->len && may_meet; j++)
            if (func(check, rule, &g_array_index(rule->hosts, BnsHostPattern, j)))
                return true;
    }
    return false;
}

/* --- the whole --- */

static void
check_init(Check *check, const BnsPolicy *policy)
{
    GDestroyNotify free_claims = (GDestroyNotify)g_hash_table_unref;

    *check = (Check){ .policy = policy };
    check->kinds_of_port = g_malloc0(PORTS);
    check->exact = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_claims);
    check->below = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_claims);
    check->networks = bns_network_table_new(free_claims);
    check->all = g_hash_table_new(NULL, NULL);
}

static void
check_clear(Check *check)
{
    g_free(check->kinds_of_port);
    g_hash_table_unref(check->exact);
    g_hash_table_unref(check->below);
    bns_network_table_free(check->networks);
    g_hash_table_unref(check->all);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

static Kind
kind_of(const BnsRule *rule)
{
    Kind kind = 0;

    while (!has_kind(rule, kind))
        kind++;
    return kind;
}

static uint16_t
common_port(const BnsRule *a, const BnsRule *b)
{
    guint i = 0;

    while (!bns_rule_has_port(b, g_array_index(a->ports, uint16_t, i)))
        i++;
    return g_array_index(a->ports, uint16_t, i);
}

static bool
refuse(const BnsRule *a, const BnsRule *b, GError **error)
{
    const BnsRule *later = a->number > b->number ? a : b;
    const BnsRule *earlier = later == a ? b : a;
    Kind first = MIN(kind_of(a), kind_of(b)), second = MAX(kind_of(a), kind_of(b));
    g_autofree char *place = bns_rule_place(later);
    g_autofree char *other = bns_text_escape(earlier->origin, -1);
    g_autofree char *form = bns_rule_to_string(earlier);

    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "%s: this rule and %s (%s) both name port %u of a host, one for %s and "
                "one for %s: a flow is either, so remove one or name another port",
                place, other, form, common_port(a, b), kinds[first].purpose,
                kinds[second].purpose);
    return false;
}

static bool
claim_next(Check *check, const BnsRule *rule, const BnsHostPattern *host)
{
    claim(check, rule, host);
    return false;
}

bool
bns_policy_check_kinds(const BnsPolicy *policy, GError **error)
{
    g_auto(Check) check;

    check_init(&check, policy);
    for (guint i = 0; i < policy->rules->len; i++)
        note_ports(&check, policy->rules->pdata[i]);
    visit(&check, claim_next);
    return !visit(&check, meets_others) || refuse(check.one, check.other, error);
}
