/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "policy/policy_private.h"

/* What one may want of a flow. */
typedef struct {
    const char *purpose;
    unsigned schemes;
    GPtrArray *rules; /* owned, of borrowed BnsRule */
} Kind;

/* A port that both name, or 0. A rule that names none leaves the kind to others. */
static uint16_t
common_port(const BnsRule *a, const BnsRule *b)
{
    for (guint i = 0; i < a->ports->len; i++) {
        uint16_t port = g_array_index(a->ports, uint16_t, i);

        if (b->ports->len > 0 && bns_rule_has_port(b, port))
            return port;
    }
    return 0;
}

static bool
hosts_overlap(const BnsRule *a, const BnsRule *b)
{
    for (guint i = 0; i < a->hosts->len; i++)
        for (guint j = 0; j < b->hosts->len; j++)
            if (bns_host_pattern_overlaps(&g_array_index(a->hosts, BnsHostPattern, i),
                                          &g_array_index(b->hosts, BnsHostPattern, j)))
                return true;
    return false;
}

static bool
check_pair(const BnsRule *a, const BnsRule *b, const char *purposes, GError **error)
{
    const BnsRule *later = a->number > b->number ? a : b;
    const BnsRule *earlier = later == a ? b : a;
    uint16_t port = common_port(a, b);
    g_autofree char *place = NULL;
    g_autofree char *other = NULL;
    g_autofree char *form = NULL;

    if (port == 0 || !hosts_overlap(a, b))
        return true;
    place = bns_rule_place(later);
    other = bns_text_escape(earlier->origin, -1);
    form = bns_rule_to_string(earlier);
    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "%s: this rule and %s (%s) both name port %u of a host, one for "
                "%s: a flow is either, so remove one or name another port",
                place, other, form, port, purposes);
    return false;
}

static bool
check_kinds(const Kind *one, const Kind *other, GError **error)
{
    g_autofree char *purposes =
        g_strdup_printf("%s and one for %s", one->purpose, other->purpose);

    for (guint i = 0; i < one->rules->len; i++)
        for (guint j = 0; j < other->rules->len; j++)
            if (!check_pair(one->rules->pdata[i], other->rules->pdata[j], purposes,
                            error))
                return false;
    return true;
}

static void
collect(Kind *kind, const BnsPolicy *policy)
{
    kind->rules = g_ptr_array_new();
    for (guint i = 0; i < policy->rules->len; i++) {
        BnsRule *rule = policy->rules->pdata[i];

        if (rule->verdict == BNS_VERDICT_ALLOW && (rule->schemes & kind->schemes) != 0)
            g_ptr_array_add(kind->rules, rule);
    }
}

bool
bns_policy_check_kinds(const BnsPolicy *policy, GError **error)
{
    Kind kinds[] = {
        { "requests", BNS_SCHEMES_HTTP, NULL },
        { "sealed TLS", BNS_SCHEME_BIT(BNS_SCHEME_TLS), NULL },
        { "opaque tcp", BNS_SCHEME_BIT(BNS_SCHEME_TCP), NULL },
    };
    bool are_fine = true;

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        collect(&kinds[i], policy);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        for (size_t j = i + 1; j < G_N_ELEMENTS(kinds); j++)
            are_fine = are_fine && check_kinds(&kinds[i], &kinds[j], error);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        g_ptr_array_unref(kinds[i].rules);
    return are_fine;
}
