/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "policy/origins.h"
#include "policy/policy_private.h"

#include <inttypes.h>
#include <string.h>

/* As many names as a session has ever been seen to need, and some. */
#define DEFAULT_NAMES 16384
/* A browser opens a few hundred flows; descriptors and memory are kept within reason. */
#define DEFAULT_FLOWS 4096
/* RFC 5382, REQ-5: no less than 2 h 4 min for an established connection; an idle ssh
 * lives through every other NAT too. */
#define DEFAULT_IDLE_S (124 * 60)

G_DEFINE_QUARK(bns_policy_error, bns_policy_error)

BnsPolicy *
bns_policy_new(void)
{
    BnsPolicy *policy = g_new0(BnsPolicy, 1);

    policy->rules = g_ptr_array_new_with_free_func((GDestroyNotify)bns_rule_free);
    policy->allow = bns_host_index_new();
    policy->deny = bns_host_index_new();
    policy->guard = bns_guard_new();
    policy->files = g_ptr_array_new_with_free_func(g_free);
    policy->presets = g_ptr_array_new_with_free_func(g_free);
    policy->identities = g_ptr_array_new();
    policy->read_ports = g_malloc0((UINT16_MAX + 1) / 8);
    policy->file_policy = bns_files_new();
    policy->env = bns_env_new();
    bns_correlation_init(&policy->correlation);
    policy->commands = bns_commands_new();
    policy->origins = bns_origins_new();
    policy->limits = (BnsPolicyLimits){ .names = DEFAULT_NAMES,
                                        .flows = DEFAULT_FLOWS,
                                        .idle_s = DEFAULT_IDLE_S };
    return policy;
}

void
bns_policy_free(BnsPolicy *policy)
{
    if (policy == NULL)
        return;
    bns_policy_free(policy->ceiling);
    bns_permits_clear(&policy->permits);
    g_hash_table_unref(policy->origins);
    bns_host_index_free(policy->allow);
    bns_host_index_free(policy->deny);
    g_ptr_array_unref(policy->rules);
    bns_guard_free(policy->guard);
    g_ptr_array_unref(policy->files);
    g_ptr_array_unref(policy->presets);
    g_free(policy->profile);
    g_ptr_array_unref(policy->identities);
    g_clear_pointer(&policy->host_ports, g_hash_table_unref);
    g_free(policy->read_ports);
    bns_files_free(policy->file_policy);
    bns_env_free(policy->env);
    bns_commands_free(policy->commands);
    bns_correlation_clear(&policy->correlation);
    g_free(policy->nested_origin);
    g_free(policy->log_level);
    g_free(policy->digest);
    g_free(policy->fixed_digest);
    g_free(policy);
}

static void
note_read_ports(BnsPolicy *policy, const BnsRule *rule)
{
    if (rule->schemes == BNS_SCHEME_BIT(BNS_SCHEME_TCP))
        return;
    for (guint i = 0; i < rule->ports->len; i++) {
        uint16_t port = g_array_index(rule->ports, uint16_t, i);

        policy->read_ports[port / 8] |= (uint8_t)(1u << port % 8);
    }
}

static gboolean
is_same_identity(const void *a, const void *b)
{
    return bns_identity_equal(a, b);
}

static void
note_identity(BnsPolicy *policy, const BnsRule *rule)
{
    if (rule->identity != NULL &&
        !g_ptr_array_find_with_equal_func(policy->identities, rule->identity,
                                          is_same_identity, NULL))
        g_ptr_array_add(policy->identities, rule->identity);
}

void
bns_policy_add_rule(BnsPolicy *policy, BnsRule *take_rule)
{
    take_rule->number = policy->rules->len;
    g_ptr_array_add(policy->rules, take_rule);
    if (take_rule->verdict == BNS_VERDICT_ALLOW) {
        bns_host_index_add(policy->allow, take_rule);
        note_read_ports(policy, take_rule);
        note_identity(policy, take_rule);
    } else {
        bns_host_index_add(policy->deny, take_rule);
    }
}

void
bns_policy_add_config(BnsPolicy *policy, BnsConfig *config, GPtrArray *notices)
{
    gsize n_rules;
    g_autofree gpointer *rules = g_ptr_array_steal(config->rules, &n_rules);

    for (gsize i = 0; i < n_rules; i++)
        bns_policy_add_rule(policy, rules[i]);
    if (notices != NULL)
        g_ptr_array_extend_and_steal(notices, g_steal_pointer(&config->notices));
    bns_files_merge(policy->file_policy, config->files);
    bns_env_merge(policy->env, config->env);
    bns_commands_merge(policy->commands, config->commands);
    bns_correlation_merge(&policy->correlation, &config->correlation);
    if (config->nested_origin != NULL) {
        g_free(policy->nested_origin);
        policy->nested_origin = g_steal_pointer(&config->nested_origin);
        policy->nested = config->nested;
    }
    bns_permits_merge(&policy->permits, &config->permits);
    bns_origins_merge(policy->origins, config->origins);
    if (config->has_mode)
        policy->mode = config->mode;
    if (config->has_enabled)
        policy->is_disabled = !config->enabled;
    if (config->has_clipboard)
        policy->clipboard = config->clipboard;
    if (config->log_level != NULL) {
        g_free(policy->log_level);
        policy->log_level = g_steal_pointer(&config->log_level);
    }
    if (config->names > 0)
        policy->limits.names = config->names;
    if (config->flows > 0)
        policy->limits.flows = config->flows;
    if (config->flow_rate > 0)
        policy->limits.flow_rate = config->flow_rate;
    if (config->audit_bytes > 0)
        policy->limits.audit_bytes = config->audit_bytes;
    bns_limits_merge(&policy->process_limits, &config->process_limits);
    if (config->has_idle)
        policy->limits.idle_s = config->idle_s;
}

static void
forget_nested(BnsConfig *config)
{
    g_clear_pointer(&config->nested_origin, g_free);
    g_hash_table_remove(config->origins, "nested");
}

void
bns_policy_add_preset(BnsPolicy *policy, const char *name, BnsConfig *config)
{
    g_ptr_array_add(policy->presets, g_strdup(name));
    config->files->has_write = false;
    if (policy->nested_origin != NULL && config->nested <= policy->nested)
        forget_nested(config);
    bns_policy_add_config(policy, config, NULL);
}

static void
digest_files(GChecksum *checksum, const BnsFiles *files)
{
    if (files->mode == BNS_FILE_MODE_SHARED)
        g_checksum_update(checksum, (const guchar *)"shared\n", -1);
    if (files->on_protected == BNS_ON_PROTECTED_QUARANTINE)
        g_checksum_update(checksum, (const guchar *)"quarantine\n", -1);
    if (files->review == BNS_FILES_REVIEW_ON)
        g_checksum_update(checksum, (const guchar *)"review\n", -1);
    if (files->has_write)
        g_checksum_update(checksum, (const guchar *)"write\n", -1);
    for (guint i = 0; i < files->entries->len; i++) {
        const BnsFileEntry *entry = files->entries->pdata[i];
        g_autofree char *line =
            g_strdup_printf("%s\t%s\n", bns_file_kind_name(entry->kind), entry->path);

        g_checksum_update(checksum, (const guchar *)line, -1);
    }
}

static void
digest_env(GChecksum *checksum, const BnsEnv *env)
{
    if (env->mode == BNS_ENV_MODE_CLEAN)
        g_checksum_update(checksum, (const guchar *)"clean\n", -1);
    for (guint i = 0; i < env->entries->len; i++) {
        const BnsEnvEntry *entry = env->entries->pdata[i];
        g_autofree char *line =
            g_strdup_printf("%s\t%s\n", bns_env_kind_name(entry->kind), entry->name);

        g_checksum_update(checksum, (const guchar *)line, -1);
    }
}

static void
digest_commands(GChecksum *checksum, const BnsCommands *commands)
{
    if (commands->record_origin != NULL)
        g_checksum_update(checksum, (const guchar *)"exec\n", -1);
    for (guint i = 0; i < commands->deny->len; i++) {
        const BnsCommandRule *rule = commands->deny->pdata[i];
        g_autofree char *line =
            g_strdup_printf("command\t%s\t%s\n", rule->program,
                            rule->arguments != NULL ? rule->arguments : "");

        g_checksum_update(checksum, (const guchar *)line, -1);
    }
    for (guint i = 0; i < commands->allow->len; i++) {
        const BnsCommandRule *rule = commands->allow->pdata[i];
        g_autofree char *line = g_strdup_printf("allowed\t%s\n", rule->program);

        g_checksum_update(checksum, (const guchar *)line, -1);
    }
}

static void
digest_limits(GChecksum *checksum, const BnsPolicy *policy)
{
    const BnsPolicyLimits *limits = &policy->limits;
    g_autofree char *line = g_strdup_printf(
        "limits\t%u\t%u\t%u\t%u\t%" PRIu64 "\n", limits->names, limits->flows,
        limits->flow_rate, limits->idle_s, limits->audit_bytes);

    g_checksum_update(checksum, (const guchar *)line, -1);
    for (size_t i = 0; i < G_N_ELEMENTS(policy->process_limits.values); i++) {
        g_autofree char *value = g_strdup_printf(
            "%" PRIu64 "\n", (uint64_t)policy->process_limits.values[i]);

        g_checksum_update(checksum, (const guchar *)value, -1);
    }
}

static void
digest_correlation(GChecksum *checksum, const BnsPolicy *policy)
{
    const GPtrArray *targets = policy->correlation.targets;

    for (guint i = 0; policy->correlation.is_enabled && i < targets->len; i++) {
        g_autofree char *form = bns_rule_to_string(targets->pdata[i]);
        g_autofree char *line = g_strdup_printf("correlate\t%s\n", form);

        g_checksum_update(checksum, (const guchar *)line, -1);
    }
}

/* What is no rule. */
static void
digest_settings(GChecksum *checksum, const BnsPolicy *policy)
{
    digest_files(checksum, policy->file_policy);
    digest_env(checksum, policy->env);
    digest_commands(checksum, policy->commands);
    if (policy->nested != BNS_NESTED_NONE)
        g_checksum_update(checksum, (const guchar *)bns_nested_name(policy->nested),
                          -1);
    if (policy->clipboard)
        g_checksum_update(checksum, (const guchar *)"clipboard\n", -1);
}

static char *
digest_rules(const BnsPolicy *policy)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    for (guint i = 0; i < policy->rules->len; i++) {
        const BnsRule *rule = policy->rules->pdata[i];
        g_autofree char *form = bns_rule_to_string(rule);
        g_autofree char *line =
            g_strdup_printf("%s\t%s\t%s\n", bns_verdict_name(rule->verdict), form,
                            rule->reason != NULL ? rule->reason : "");

        g_checksum_update(checksum, (const guchar *)line, -1);
    }
    digest_settings(checksum, policy);
    digest_correlation(checksum, policy);
    if (policy->mode == BNS_MODE_OBSERVE)
        g_checksum_update(checksum, (const guchar *)"observe\n", -1);
    return g_strdup(g_checksum_get_string(checksum));
}

/* Never shown, so values of variables are in it. */
static char *
digest_fixed(const BnsPolicy *policy)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    digest_settings(checksum, policy);
    for (guint i = 0; i < policy->env->entries->len; i++) {
        const BnsEnvEntry *entry = policy->env->entries->pdata[i];

        if (entry->value != NULL)
            g_checksum_update(checksum, (const guchar *)entry->value,
                              (gssize)strlen(entry->value) + 1);
    }
    for (guint i = 0; i < policy->identities->len; i++) {
        const BnsIdentity *identity = policy->identities->pdata[i];
        g_autofree char *line = g_strdup_printf(
            "identity\t%s\t%s\n", identity->cert_file, identity->key_file);

        g_checksum_update(checksum, (const guchar *)line, -1);
    }
    digest_limits(checksum, policy);
    if (policy->is_disabled)
        g_checksum_update(checksum, (const guchar *)"disabled\n", -1);
    return g_strdup(g_checksum_get_string(checksum));
}

static bool
has_caps(const BnsRule *rule)
{
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++)
        if (rule->caps[kind].is_set)
            return true;
    return false;
}

bool
bns_policy_complete(BnsPolicy *policy, GError **error)
{
    if (!bns_policy_check_kinds(policy, error) ||
        !bns_commands_check(policy->commands, policy->nested, error))
        return false;
    policy->digest = digest_rules(policy);
    policy->fixed_digest = digest_fixed(policy);
    for (guint i = 0; i < policy->rules->len; i++)
        policy->has_caps |= has_caps(policy->rules->pdata[i]);
    return true;
}

BnsPolicyLimits
bns_policy_limits(const BnsPolicy *policy)
{
    return policy->limits;
}

const BnsProcessLimits *
bns_policy_process_limits(const BnsPolicy *policy)
{
    return &policy->process_limits;
}

bool
bns_policy_is_disabled(const BnsPolicy *policy)
{
    return policy->is_disabled;
}

bool
bns_policy_clipboard(const BnsPolicy *policy)
{
    return policy->clipboard;
}

const char *
bns_policy_log_level(const BnsPolicy *policy)
{
    return policy->log_level;
}

const GPtrArray *
bns_policy_files(const BnsPolicy *policy)
{
    return policy->files;
}

const char *
bns_policy_profile(const BnsPolicy *policy)
{
    return policy->profile;
}

const GPtrArray *
bns_policy_presets(const BnsPolicy *policy)
{
    return policy->presets;
}

const GPtrArray *
bns_policy_identities(const BnsPolicy *policy)
{
    return policy->identities;
}

const BnsFiles *
bns_policy_file_policy(const BnsPolicy *policy)
{
    return policy->file_policy;
}

const BnsEnv *
bns_policy_env(const BnsPolicy *policy)
{
    return policy->env;
}

BnsNested
bns_policy_nested(const BnsPolicy *policy)
{
    return policy->nested;
}

const char *
bns_nested_name(BnsNested nested)
{
    static const char *const names[] = {
        [BNS_NESTED_NONE] = "none",
        [BNS_NESTED_CHROMIUM] = "chromium",
        [BNS_NESTED_FULL] = "full",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_NESTED);

    return names[nested];
}

const char *
bns_policy_nested_origin(const BnsPolicy *policy)
{
    return policy->nested_origin;
}

const BnsCommands *
bns_policy_commands(const BnsPolicy *policy)
{
    return policy->commands;
}

void
bns_policy_inherit(BnsPolicy *policy, const BnsPolicy *before)
{
    g_clear_pointer(&policy->host_ports, g_hash_table_unref);
    if (before->host_ports != NULL)
        policy->host_ports = g_hash_table_ref(before->host_ports);
    bns_guard_copy_interfaces(policy->guard, before->guard);
}

const char *
bns_policy_fixed_digest(const BnsPolicy *policy)
{
    return policy->fixed_digest;
}

const char *
bns_policy_digest(const BnsPolicy *policy)
{
    return policy->digest;
}
