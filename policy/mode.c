/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/mode.h"

#include "base/text.h"
#include "policy/policy_private.h"
#include "policy/value.h"

#include <string.h>

const char *
bns_mode_name(BnsMode mode)
{
    static const char *const names[] = {
        [BNS_MODE_ENFORCE] = "enforce",
        [BNS_MODE_OBSERVE] = "observe",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_MODES);

    return names[mode];
}

bool
bns_mode_read(const char *file, const BnsYaml *value, BnsMode *out_mode, GError **error)
{
    for (BnsMode mode = 0; mode < BNS_N_MODES; mode++)
        if (strcmp(bns_value_word(value), bns_mode_name(mode)) == 0) {
            *out_mode = mode;
            return true;
        }
    return bns_yaml_fail(error, file, value, "mode: must be enforce or observe");
}

BnsMode
bns_policy_mode(const BnsPolicy *policy)
{
    return policy->mode;
}

BnsMode
bns_policy_system_mode(const BnsPolicy *policy)
{
    return policy->ceiling != NULL ? policy->ceiling->mode : BNS_MODE_ENFORCE;
}

const char *
bns_policy_system_mode_origin(const BnsPolicy *policy)
{
    return policy->ceiling != NULL ? bns_policy_origin(policy->ceiling, "mode") : NULL;
}

bool
bns_policy_has_modes_of(const BnsPolicy *policy, const BnsPolicy *other)
{
    return bns_policy_mode(policy) == bns_policy_mode(other) &&
           bns_policy_system_mode(policy) == bns_policy_system_mode(other);
}

bool
bns_policy_observes(const BnsPolicy *policy)
{
    return policy->mode == BNS_MODE_OBSERVE ||
           bns_policy_system_mode(policy) == BNS_MODE_OBSERVE;
}

void
bns_policy_observe(BnsPolicy *policy)
{
    policy->mode = BNS_MODE_OBSERVE;
    g_hash_table_replace(policy->origins, g_strdup("mode"), g_strdup("--observe"));
}

BnsDecision
bns_policy_soften(const BnsPolicy *layer, BnsDecision decision)
{
    if (layer->mode == BNS_MODE_OBSERVE && decision.verdict == BNS_VERDICT_DENY)
        decision.verdict = BNS_VERDICT_WOULD_DENY;
    return decision;
}

static bool
refuse_mode(const BnsPolicy *policy, const char *by, const char *why, GError **error)
{
    g_autofree char *place = bns_text_escape(bns_policy_origin(policy, "mode"), -1);
    g_autofree char *shown = bns_text_escape(by, -1);

    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "%s: to observe is not permitted by %s, which %s", place, shown, why);
    return false;
}

/* A system policy that says `mode: enforce` means it, unless it permits the other by
 * name. */
bool
bns_policy_check_mode(const BnsPolicy *policy, GError **error)
{
    const BnsPolicy *ceiling = policy->ceiling;
    const char *forbidden = bns_policy_forbid(policy, BNS_PERMIT_OBSERVE);
    const char *enforced =
        ceiling->mode == BNS_MODE_ENFORCE ? bns_policy_origin(ceiling, "mode") : NULL;

    if (policy->mode == BNS_MODE_ENFORCE)
        return true;
    if (forbidden != NULL)
        return refuse_mode(policy, forbidden, "does not name observe", error);
    if (enforced != NULL && ceiling->permits.named_origins[BNS_PERMIT_OBSERVE] == NULL)
        return refuse_mode(policy, enforced, "says mode: enforce", error);
    return true;
}
