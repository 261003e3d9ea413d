/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule_view.h"
#include "policy/policy_private.h"

#include <string.h>

static GStrv
list_hosts(const BnsRule *rule)
{
    GStrv hosts = g_new0(char *, rule->hosts->len + 1);

    for (guint i = 0; i < rule->hosts->len; i++)
        hosts[i] =
            bns_host_pattern_to_string(&g_array_index(rule->hosts, BnsHostPattern, i));
    return hosts;
}

static GStrv
list_paths(const BnsRule *rule)
{
    GStrv paths = g_new0(char *, rule->paths->len + 1);

    for (guint i = 0; i < rule->paths->len; i++)
        paths[i] = g_strdup(bns_pattern_text(rule->paths->pdata[i]));
    return paths;
}

void
bns_rule_view_init(BnsRuleView *view, const BnsPolicy *policy, guint i)
{
    const BnsPolicy *ceiling = policy->ceiling;
    guint n_above = ceiling != NULL ? ceiling->rules->len : 0;
    const BnsRule *rule =
        i < n_above ? ceiling->rules->pdata[i] : policy->rules->pdata[i - n_above];

    *view = (BnsRuleView){ .origin = rule->origin,
                           .verdict = rule->verdict,
                           .is_system = i < n_above,
                           .form = bns_rule_to_string(rule),
                           .hosts = list_hosts(rule),
                           .is_network = bns_rule_is_network(rule),
                           .ports = rule->ports,
                           .methods = rule->methods,
                           .paths = list_paths(rule),
                           .conditions = rule->conditions,
                           .is_private = rule->is_private,
                           .reason = rule->reason,
                           .identity = rule->identity };
    memcpy(view->caps, rule->caps, sizeof(view->caps));
    for (BnsScheme scheme = 0; scheme < BNS_N_SCHEMES; scheme++)
        view->schemes[scheme] = rule->verdict == BNS_VERDICT_DENY
                                    ? bns_rule_denies_scheme(rule, scheme)
                                    : (rule->schemes & BNS_SCHEME_BIT(scheme)) != 0;
}

void
bns_rule_view_clear(BnsRuleView *view)
{
    g_clear_pointer(&view->form, g_free);
    g_clear_pointer(&view->hosts, g_strfreev);
    g_clear_pointer(&view->paths, g_strfreev);
}
