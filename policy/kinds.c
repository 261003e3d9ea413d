/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "policy/policy_private.h"

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
check_pair(const BnsRule *tcp, const BnsRule *http, GError **error)
{
    const BnsRule *later = tcp->number > http->number ? tcp : http;
    const BnsRule *earlier = later == tcp ? http : tcp;
    uint16_t port = common_port(tcp, http);
    g_autofree char *place = NULL;
    g_autofree char *other = NULL;
    g_autofree char *form = NULL;

    if (port == 0 || !hosts_overlap(tcp, http))
        return true;
    place = bns_rule_place(later);
    other = bns_text_escape(earlier->origin, -1);
    form = bns_rule_to_string(earlier);
    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "%s: this rule and %s (%s) both name port %u of a host, one for "
                "requests and one for opaque tcp: a flow is either",
                place, other, form, port);
    return false;
}

bool
bns_policy_check_kinds(const BnsPolicy *policy, GError **error)
{
    g_autoptr(GPtrArray) tcp = g_ptr_array_new();
    g_autoptr(GPtrArray) http = g_ptr_array_new();

    for (guint i = 0; i < policy->rules->len; i++) {
        BnsRule *rule = policy->rules->pdata[i];

        if (rule->verdict == BNS_VERDICT_ALLOW)
            g_ptr_array_add((rule->schemes & BNS_SCHEMES_HTTP) != 0 ? http : tcp, rule);
    }
    for (guint i = 0; i < tcp->len; i++)
        for (guint j = 0; j < http->len; j++)
            if (!check_pair(tcp->pdata[i], http->pdata[j], error))
                return false;
    return true;
}
