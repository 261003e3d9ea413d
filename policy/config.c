/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config.h"
#include "base/text.h"
#include "policy/config_private.h"
#include "policy/origins.h"
#include "policy/rule_mapping.h"

#include <string.h>

typedef BnsConfigReader Reader;

static void
config_extend_free(void *extend)
{
    BnsConfigExtend *self = extend;

    g_free(self->name);
    g_free(self);
}

void
bns_config_free(BnsConfig *config)
{
    if (config == NULL)
        return;
    g_ptr_array_unref(config->extends);
    g_ptr_array_unref(config->rules);
    g_ptr_array_unref(config->profiles);
    g_ptr_array_unref(config->commands_for);
    g_clear_pointer(&config->notices, g_ptr_array_unref);
    bns_files_free(config->files);
    bns_env_free(config->env);
    bns_commands_free(config->commands);
    g_free(config->log_level);
    g_free(config->nested_origin);
    bns_permits_clear(&config->permits);
    bns_correlation_clear(&config->correlation);
    g_hash_table_unref(config->origins);
    g_free(config->name);
    g_free(config->file);
    g_free(config);
}

static bool
read_version(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *digits;

    if (!bns_value_digits(reader->file, value, "version", &digits, error))
        return false;
    if (strcmp(digits, "1") != 0)
        return bns_yaml_fail(error, reader->file, value,
                             "version: this build knows version 1 only: write that");
    return true;
}

static bool
read_extends(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    if (!bns_value_list(reader->file, value, "extends", error))
        return false;
    for (guint i = 0; value->children != NULL && i < value->children->len; i++) {
        const BnsYaml *item = value->children->pdata[i];
        BnsConfigExtend *extend;
        const char *name;

        if (!bns_value_string(reader->file, item, "extends", &name, error))
            return false;
        if (*name == '\0')
            return bns_yaml_fail(error, reader->file, item,
                                 "extends: an empty name: name a file");
        extend = g_new0(BnsConfigExtend, 1);
        extend->name = g_strdup(name);
        extend->line = item->line;
        extend->column = item->column;
        g_ptr_array_add(reader->config->extends, extend);
    }
    return true;
}

static bool
read_rules(Reader *reader,
           BnsVerdict verdict,
           const char *key,
           const BnsYaml *value,
           GError **error)
{
    if (!bns_value_list(reader->file, value, key, error))
        return false;
    for (guint i = 0; value->children != NULL && i < value->children->len; i++) {
        BnsRule *rule =
            bns_rule_from_yaml(verdict, reader->file, value->children->pdata[i],
                               reader->config->notices, error);

        if (rule == NULL)
            return false;
        g_ptr_array_add(reader->config->rules, rule);
    }
    return true;
}

static bool
read_allow(void *data, const BnsYaml *value, GError **error)
{
    return read_rules(data, BNS_VERDICT_ALLOW, "allow", value, error);
}

static bool
read_deny(void *data, const BnsYaml *value, GError **error)
{
    return read_rules(data, BNS_VERDICT_DENY, "deny", value, error);
}

/* coder/boundary's key for allow:, which has strings only. */
static bool
read_allowlist(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    for (guint i = 0; value->children != NULL && i < value->children->len; i++) {
        const BnsYaml *item = value->children->pdata[i];

        if (value->kind == BNS_YAML_SEQUENCE && item->kind != BNS_YAML_SCALAR)
            return bns_yaml_fail(error, reader->file, item,
                                 "allowlist: has strings only: write it under allow:");
    }
    return read_rules(reader, BNS_VERDICT_ALLOW, "allowlist", value, error);
}

static bool
read_enabled(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    reader->config->has_enabled = true;
    return bns_value_boolean(reader->file, value, "enabled", &reader->config->enabled,
                             error);
}

static bool
read_mode(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    reader->config->has_mode = true;
    return bns_mode_read(reader->file, value, &reader->config->mode, error);
}

static bool
read_required(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_permits_read_required(&reader->config->permits, reader->file, value,
                                     error);
}

static bool
read_permit(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_permits_read_list(&reader->config->permits, reader->file, value, error);
}

static bool
read_auto_preset(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    bool is_wanted;

    if (!bns_value_boolean(reader->file, value, "auto_preset", &is_wanted, error))
        return false;
    reader->config->stops_auto_preset = !is_wanted;
    return true;
}

static bool
read_log_level(void *data, const BnsYaml *value, GError **error)
{
    static const char *const levels[] = { "error", "warn", "info", "debug", NULL };
    Reader *reader = data;
    g_autofree char *level = NULL;
    const char *text;

    if (!bns_value_string(reader->file, value, "log_level", &text, error))
        return false;
    level = g_ascii_strdown(text, -1);
    if (!g_strv_contains(levels, level))
        return bns_yaml_fail(error, reader->file, value,
                             "log_level: must be error, warn, info or debug");
    reader->config->log_level = g_steal_pointer(&level);
    return true;
}

static bool
read_tty_clipboard(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    reader->config->has_clipboard = true;
    return bns_value_boolean(reader->file, value, "tty.clipboard",
                             &reader->config->clipboard, error);
}

static bool
read_tty(void *data, const BnsYaml *value, GError **error)
{
    static const BnsValueKey keys[] = {
        { "clipboard", read_tty_clipboard },
        { NULL, NULL },
    };
    Reader *reader = data;

    if (value->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, reader->file, value,
                             "tty: must be a mapping with clipboard");
    return bns_value_mapping(reader->file, value, keys, data, error);
}

static bool
read_files(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_files_read(reader->config->files, reader->file, value, error);
}

static bool
read_sockets(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_files_read_sockets(reader->config->files, reader->file, value, error);
}

static bool
read_env(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_env_read(reader->config->env, reader->file, value, error);
}

static bool
read_nested(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text = bns_value_word(value);

    for (int level = 0; level < BNS_N_NESTED; level++)
        if (strcmp(text, bns_nested_name((BnsNested)level)) == 0) {
            reader->config->nested = (BnsNested)level;
            reader->config->nested_origin =
                g_strdup_printf("%s:%u", reader->file, value->line);
            return true;
        }
    return bns_yaml_fail(error, reader->file, value,
                         "nested: must be none, chromium or full");
}

static bool
read_commands(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_commands_read(reader->config->commands, reader->file, value, error);
}

/* A key of coder/boundary that has no meaning here: its value was checked. */
static bool
notice(Reader *reader, const BnsYaml *value, const char *key, bool is_valid)
{
    g_autofree char *file = bns_text_escape(reader->file, -1);

    if (is_valid)
        g_ptr_array_add(reader->config->notices,
                        g_strdup_printf("%s:%u: %s: is accepted and has no effect here",
                                        file, value->line, key));
    return is_valid;
}

static bool
read_unused_boolean(Reader *reader,
                    const BnsYaml *value,
                    const char *key,
                    GError **error)
{
    bool unused;

    return notice(reader, value, key,
                  bns_value_boolean(reader->file, value, key, &unused, error));
}

static bool
read_unused_port(Reader *reader, const BnsYaml *value, const char *key, GError **error)
{
    guint unused;

    return notice(
        reader, value, key,
        bns_value_integer(reader->file, value, key, 0, UINT16_MAX, &unused, error));
}

static bool
read_log_dir(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *unused;

    return notice(reader, value, "log_dir",
                  bns_value_string(reader->file, value, "log_dir", &unused, error));
}

static bool
read_jail_type(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *type;

    if (!bns_value_string(reader->file, value, "jail_type", &type, error))
        return false;
    if (strcmp(type, "nsjail") != 0 && strcmp(type, "landjail") != 0)
        return bns_yaml_fail(error, reader->file, value,
                             "jail_type: must be nsjail or landjail");
    return notice(reader, value, "jail_type", true);
}

#define UNUSED_KEY(name, type)                                                         \
    static bool read_##name(void *data, const BnsYaml *value, GError **error)          \
    {                                                                                  \
        return read_unused_##type(data, value, #name, error);                          \
    }

UNUSED_KEY(proxy_port, port)
UNUSED_KEY(pprof_enabled, boolean)
UNUSED_KEY(pprof_port, port)
UNUSED_KEY(use_real_dns, boolean)
UNUSED_KEY(no_user_namespace, boolean)
UNUSED_KEY(disable_audit_logs, boolean)

static bool
read_profiles(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_profiles_read(reader->config->profiles, reader->file, value, error);
}

static bool
read_for(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    return bns_profile_read_for(reader->config->commands_for, reader->file, value,
                                error);
}

static const BnsValueKey keys[] = {
    { "version", read_version },
    { "extends", read_extends },
    { "allow", read_allow },
    { "deny", read_deny },
    { "auto_preset", read_auto_preset },
    { "commands", read_commands },
    { "enabled", read_enabled },
    { "env", read_env },
    { "files", read_files },
    { "limits", bns_config_read_limits },
    { "log_level", read_log_level },
    { "mode", read_mode },
    { "nested", read_nested },
    { "permit", read_permit },
    { "profiles", read_profiles },
    { "required", read_required },
    { "sockets", read_sockets },
    { "tty", read_tty },
    /* coder/boundary's */
    { "allowlist", read_allowlist },
    { "log_dir", read_log_dir },
    { "proxy_port", read_proxy_port },
    { "pprof_enabled", read_pprof_enabled },
    { "pprof_port", read_pprof_port },
    { "jail_type", read_jail_type },
    { "use_real_dns", read_use_real_dns },
    { "no_user_namespace", read_no_user_namespace },
    { "disable_audit_logs", read_disable_audit_logs },
    { "session_correlation_enabled", bns_config_read_correlation },
    { "session_id_inject_targets", bns_config_read_inject_targets },
    { NULL, NULL },
};

/* What is the whole session's, or a file's, is not there. */
static const BnsValueKey profile_keys[] = {
    { "extends", read_extends },
    { "for", read_for },
    { "allow", read_allow },
    { "deny", read_deny },
    { "commands", read_commands },
    { "env", read_env },
    { "files", read_files },
    { "limits", bns_config_read_limits },
    { "mode", read_mode },
    { "nested", read_nested },
    { "sockets", read_sockets },
    { "tty", read_tty },
    { NULL, NULL },
};

static BnsConfig *
config_new(void)
{
    BnsConfig *config = g_new0(BnsConfig, 1);

    config->extends = g_ptr_array_new_with_free_func(config_extend_free);
    config->rules = g_ptr_array_new_with_free_func((GDestroyNotify)bns_rule_free);
    config->notices = g_ptr_array_new_with_free_func(g_free);
    config->profiles = g_ptr_array_new_with_free_func((GDestroyNotify)bns_config_free);
    config->commands_for = g_ptr_array_new_with_free_func(g_free);
    config->files = bns_files_new();
    config->env = bns_env_new();
    config->commands = bns_commands_new();
    bns_correlation_init(&config->correlation);
    config->origins = bns_origins_new();
    return config;
}

BnsConfig *
bns_config_read_profile(const char *file, const BnsYaml *node, GError **error)
{
    g_autoptr(BnsConfig) config = config_new();
    Reader reader = { .file = file, .config = config };

    if (!bns_value_mapping(file, node, profile_keys, &reader, error))
        return NULL;
    bns_origins_add(config->origins, file, node);
    return g_steal_pointer(&config);
}

BnsConfig *
bns_config_parse(const char *file, const char *bytes, size_t len, GError **error)
{
    g_autoptr(BnsYaml) root = bns_yaml_parse(file, bytes, len, error);
    g_autoptr(BnsConfig) config = config_new();
    Reader reader = { .file = file, .config = config };

    config->file = g_strdup(file);
    if (root == NULL)
        return NULL;
    if (root->kind != BNS_YAML_MAPPING) {
        bns_yaml_fail(error, file, root,
                      "a policy is a mapping of keys: begin with allow:, for example");
        return NULL;
    }
    if (!bns_value_mapping(file, root, keys, &reader, error))
        return NULL;
    bns_origins_add(config->origins, file, root);
    return g_steal_pointer(&config);
}
