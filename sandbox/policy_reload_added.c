/* SPDX-License-Identifier: Apache-2.0 */
/* Policy reload: the rules that are added while a session runs. */
#include "sandbox/policy_reload_private.h"

#include "policy/helps.h"

const GPtrArray *
bns_policy_reload_added(const BnsPolicyReload *reload)
{
    return bns_added_rules_list(reload->added);
}

static void
set_expiry(BnsPolicyReload *reload)
{
    bns_timer_set(reload->expiry, bns_added_rules_first_end_us(reload->added));
}

/* The files as they are in force, with the rules that are added now. */
static BnsPolicy *
make_with_added(BnsPolicyReload *reload, GError **error)
{
    const GPtrArray *list = bns_added_rules_list(reload->added);

    g_ptr_array_set_size(reload->texts->added, 0);
    for (guint i = 0; i < list->len; i++) {
        const BnsPolicyAdded *one = list->pdata[i];

        g_ptr_array_add(reload->texts->added,
                        bns_policy_added_new(one->origin, one->rule));
    }
    return bns_policy_reload_make(reload, reload->texts, NULL, error);
}

/* Adds it to the list. Returns: (transfer full): the policy with it, or %NULL with @error:
 * it is not in the list then. */
static BnsPolicy *
make_with(BnsPolicyReload *reload,
          const char *rule,
          int64_t expires_us,
          const BnsPolicyAdded **out_rule,
          GError **error)
{
    g_autoptr(BnsPolicy) policy = NULL;

    *out_rule = bns_added_rules_put(reload->added, rule, expires_us,
                                    bns_loop_now_us(reload->loop), error);
    if (*out_rule == NULL)
        return NULL;
    policy = make_with_added(reload, error);
    if (policy != NULL && bns_policy_check_helps(policy, (*out_rule)->origin, error))
        return g_steal_pointer(&policy);
    bns_added_rules_take_back(reload->added);
    return NULL;
}

bool
bns_policy_reload_try(BnsPolicyReload *reload, const char *rule, GError **error)
{
    const BnsPolicyAdded *added;
    g_autoptr(BnsPolicy) policy =
        make_with(reload, rule, BNS_ADDED_NEVER_US, &added, error);

    if (policy != NULL)
        bns_added_rules_take_back(reload->added);
    return policy != NULL;
}

bool
bns_policy_reload_add(BnsPolicyReload *reload,
                      const char *rule,
                      int64_t expires_us,
                      bool (*record)(void *data, const BnsPolicyAdded *rule),
                      const BnsPolicyAdded **out_rule,
                      GError **error)
{
    g_autoptr(BnsPolicy) policy = make_with(reload, rule, expires_us, out_rule, error);

    if (policy == NULL)
        return false;
    if (record != NULL && !record(reload->data, *out_rule)) {
        bns_added_rules_take_back(reload->added);
        return bns_policy_reload_fail(error, "it could not be recorded");
    }
    set_expiry(reload);
    return bns_policy_reload_put(reload, g_steal_pointer(&policy), reload->texts,
                                 (*out_rule)->origin) ||
           bns_policy_reload_fail(error, "the gateway is gone");
}

/* Fewer allow rules make a policy, too. */
static bool
apply_removed(BnsPolicyReload *reload, const char *reason)
{
    BnsPolicy *policy = make_with_added(reload, NULL);

    set_expiry(reload);
    return policy != NULL &&
           bns_policy_reload_put(reload, policy, reload->texts, reason);
}

bool
bns_policy_reload_remove(BnsPolicyReload *reload,
                         unsigned number,
                         bool (*record)(void *data, const BnsPolicyAdded *rule),
                         GError **error)
{
    g_autofree char *reason = g_strdup_printf("allow#%u was removed", number);
    guint i;

    if (!bns_added_rules_find(reload->added, number, &i))
        return bns_policy_reload_fail(error, "this session has no rule allow#%u",
                                      number);
    if (record != NULL &&
        !record(reload->data, bns_added_rules_list(reload->added)->pdata[i]))
        return bns_policy_reload_fail(error, "it could not be recorded");
    bns_added_rules_remove(reload->added, i);
    return apply_removed(reload, reason) ||
           bns_policy_reload_fail(error, "the gateway is gone");
}

void
bns_policy_reload_on_expiry(void *data)
{
    BnsPolicyReload *reload = data;
    int64_t now_us = bns_loop_now_us(reload->loop);
    bool has_expired = false;
    guint i;

    while (bns_added_rules_find_expired(reload->added, now_us, &i)) {
        reload->events->expire(reload->data,
                               bns_added_rules_list(reload->added)->pdata[i]);
        bns_added_rules_remove(reload->added, i);
        has_expired = true;
    }
    if (has_expired)
        (void)apply_removed(reload, "a rule that was added has expired");
    else
        set_expiry(reload);
}
