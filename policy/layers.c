/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: what a system policy does to the policy below it.
 *
 * It grants nothing. Its rules decide by themselves (decide.c); of each setting that it
 * makes the narrower of both is in force; of what it does not name the policy below is
 * free, but for what permit: and required: are about.
 */
#include "base/text.h"
#include "policy/policy_private.h"

bool
bns_policy_has_system(const BnsPolicy *policy)
{
    return policy->ceiling != NULL;
}

const char *
bns_policy_forbid(const BnsPolicy *policy, BnsPermit permit)
{
    return policy->ceiling != NULL
               ? bns_permits_forbid(&policy->ceiling->permits, permit)
               : NULL;
}

const char *
bns_policy_origin(const BnsPolicy *policy, const char *key)
{
    return g_hash_table_lookup(policy->origins, key);
}

/* --- rules --- */

static bool
refuse_rule(const BnsRule *rule, const char *what, const char *origin, GError **error)
{
    g_autofree char *place = bns_rule_place(rule);
    g_autofree char *shown = bns_text_escape(origin, -1);

    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "%s: %s is not permitted by %s", place, what, shown);
    return false;
}

static bool
check_rule(const BnsPolicy *policy, const BnsRule *rule, GError **error)
{
    const char *sealed = bns_policy_forbid(policy, BNS_PERMIT_SEALED);
    const char *unguarded = bns_policy_forbid(policy, BNS_PERMIT_PRIVATE);

    if (rule->verdict != BNS_VERDICT_ALLOW)
        return true;
    if (sealed != NULL && (rule->schemes & BNS_SCHEME_BIT(BNS_SCHEME_TLS)) != 0)
        return refuse_rule(rule, "inspect: false", sealed, error);
    return unguarded == NULL || !rule->is_private ||
           refuse_rule(rule, "private: true", unguarded, error);
}

static bool
check_rules(const BnsPolicy *policy, GError **error)
{
    for (guint i = 0; i < policy->rules->len; i++)
        if (!check_rule(policy, policy->rules->pdata[i], error))
            return false;
    return true;
}

/* --- settings --- */

static bool
is_set(const BnsPolicy *layer, const char *key)
{
    return g_hash_table_contains(layer->origins, key);
}

/* What is in force of @key is what the system layer says, there below @by. */
static void
take_origin_of(BnsPolicy *policy, const char *key, const char *by)
{
    const char *origin = bns_policy_origin(policy->ceiling, by);

    g_hash_table_replace(policy->origins, g_strdup(key), g_strdup(origin));
}

static void
take_origin(BnsPolicy *policy, const char *key)
{
    take_origin_of(policy, key, key);
}

/* The lower of two limits, of which 0 is none. */
static uint64_t
lower(BnsPolicy *policy, const char *key, uint64_t value, uint64_t ceiling)
{
    if (!is_set(policy->ceiling, key) || ceiling == 0 ||
        (value != 0 && value <= ceiling))
        return value;
    take_origin(policy, key);
    return ceiling;
}

static void
narrow_limits(BnsPolicy *policy)
{
    BnsPolicyLimits *limits = &policy->limits;
    const BnsPolicyLimits *ceiling = &policy->ceiling->limits;
    uint64_t *values = policy->process_limits.values;

    limits->names = (guint)lower(policy, "limits.names", limits->names, ceiling->names);
    limits->flows = (guint)lower(policy, "limits.flows", limits->flows, ceiling->flows);
    limits->flow_rate =
        (guint)lower(policy, "limits.flow_rate", limits->flow_rate, ceiling->flow_rate);
    limits->idle_s =
        (guint)lower(policy, "limits.idle", limits->idle_s, ceiling->idle_s);
    limits->audit_bytes =
        lower(policy, "limits.audit_size", limits->audit_bytes, ceiling->audit_bytes);
    for (BnsProcessLimit i = 0; i < BNS_N_PROCESS_LIMITS; i++) {
        g_autofree char *key = g_strconcat("limits.", bns_limits_name(i), NULL);

        values[i] =
            lower(policy, key, values[i], policy->ceiling->process_limits.values[i]);
    }
}

static void
narrow_nested(BnsPolicy *policy)
{
    BnsPolicy *ceiling = policy->ceiling;

    if (ceiling->nested_origin == NULL || ceiling->nested >= policy->nested)
        return;
    policy->nested = ceiling->nested;
    g_free(policy->nested_origin);
    policy->nested_origin = g_strdup(ceiling->nested_origin);
}

static void
narrow_clipboard(BnsPolicy *policy)
{
    if (!policy->clipboard || !is_set(policy->ceiling, "tty.clipboard") ||
        policy->ceiling->clipboard)
        return;
    policy->clipboard = false;
    take_origin(policy, "tty.clipboard");
}

static void
narrow_files(BnsPolicy *policy)
{
    const char *mode;
    const char *on_protected;
    const char *review;

    bns_files_narrow(policy->file_policy,
                     g_steal_pointer(&policy->ceiling->file_policy), &mode,
                     &on_protected, &review);
    if (mode != NULL)
        take_origin_of(policy, "files.mode", mode);
    if (on_protected != NULL)
        take_origin(policy, on_protected);
    if (review != NULL)
        take_origin(policy, review);
}

static void
narrow(BnsPolicy *policy)
{
    BnsPolicy *ceiling = policy->ceiling;

    narrow_limits(policy);
    narrow_nested(policy);
    narrow_clipboard(policy);
    narrow_files(policy);
    if (bns_env_narrow(policy->env, ceiling->env))
        take_origin(policy, "env.mode");
    /* The later of two for a program gives the reason. */
    bns_commands_narrow(policy->commands, ceiling->commands);
    if (policy->log_level == NULL && ceiling->log_level != NULL) {
        policy->log_level = g_strdup(ceiling->log_level);
        take_origin(policy, "log_level");
    }
}

/* --- the whole --- */

static void
prepend_files(BnsPolicy *policy)
{
    const GPtrArray *files = policy->ceiling->files;

    for (guint i = 0; i < files->len; i++)
        g_ptr_array_insert(policy->files, (gint)i, g_strdup(files->pdata[i]));
}

/* Keys are hidden and certificates read whichever layer names them. */
static void
join_identities(BnsPolicy *policy)
{
    const GPtrArray *identities = policy->ceiling->identities;

    for (guint i = 0; i < identities->len; i++)
        g_ptr_array_add(policy->identities, identities->pdata[i]);
}

static void
join_fixed_digests(BnsPolicy *policy)
{
    char *joined =
        g_strconcat(policy->ceiling->fixed_digest, policy->fixed_digest, NULL);

    g_free(policy->fixed_digest);
    policy->fixed_digest = joined;
}

static void
join_digests(BnsPolicy *policy)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    const BnsPermits *permits = &policy->ceiling->permits;

    for (BnsPermit i = 0; i < BNS_N_PERMITS; i++)
        if (bns_permits_forbid(permits, i) != NULL)
            g_checksum_update(checksum, (const guchar *)bns_permit_name(i), -1);
    g_checksum_update(checksum, (const guchar *)policy->ceiling->digest, -1);
    g_checksum_update(checksum, (const guchar *)policy->digest, -1);
    g_free(policy->digest);
    policy->digest = g_strdup(g_checksum_get_string(checksum));
    join_fixed_digests(policy);
}

bool
bns_policy_set_ceiling(BnsPolicy *policy, BnsPolicy *take_ceiling, GError **error)
{
    policy->ceiling = take_ceiling;
    take_ceiling->is_ceiling = true;
    if (!check_rules(policy, error) || !bns_policy_check_mode(policy, error))
        return false;
    narrow(policy);
    if (!bns_commands_check(policy->commands, policy->nested, error))
        return false;
    prepend_files(policy);
    join_identities(policy);
    join_digests(policy);
    return true;
}

/* --- check --- */

guint
bns_policy_n_rules(const BnsPolicy *policy)
{
    return policy->rules->len +
           (policy->ceiling != NULL ? policy->ceiling->rules->len : 0);
}

static void
describe_rules(GString *text, const BnsPolicy *layer)
{
    for (guint i = 0; i < layer->rules->len; i++) {
        const BnsRule *rule = layer->rules->pdata[i];
        g_autofree char *origin = bns_text_escape(rule->origin, -1);
        g_autofree char *form = bns_rule_to_string(rule);

        g_string_append_printf(text, "%s\t%s\t%s\n", origin,
                               bns_verdict_name(rule->verdict), form);
    }
}

static void
describe_permits(GString *text, const BnsPermits *permits)
{
    for (BnsPermit i = 0; i < BNS_N_PERMITS; i++) {
        const char *forbidden = bns_permits_forbid(permits, i);
        const char *origin = forbidden != NULL ? forbidden : permits->named_origins[i];
        g_autofree char *from =
            bns_text_escape(origin != NULL ? origin : "default", -1);

        g_string_append_printf(text, "%s\tpermit\t%s\t%s\n", from, bns_permit_name(i),
                               forbidden != NULL ? "no" : "yes");
    }
}

char *
bns_policy_describe(const BnsPolicy *policy)
{
    GString *text = g_string_new(NULL);

    if (policy->ceiling != NULL)
        describe_rules(text, policy->ceiling);
    describe_rules(text, policy);
    if (policy->ceiling != NULL)
        describe_permits(text, &policy->ceiling->permits);
    return g_string_free(text, FALSE);
}
