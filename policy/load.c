/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading: the system layer (load_system.c); then presets, the file, what it extends
 * (load_file.c), and the rules of the command line, in the order in which they are
 * numbered: presets, what is extended, the file itself, what a profile is built on, the
 * profile, --allow, $BOUNDARY_ALLOW, what was added to the session, --deny; then --write and
 * the like, and --env. Presets come first, wherever they are named, so that what a person
 * wrote has the last word.
 *
 * Names are made absolute without looking at symbolic links, so that the name in an
 * error, the file that is opened and the file that is protected inside are the same.
 */
#include "policy/load_private.h"
#include "policy/profile.h"

void
bns_loader_init(BnsLoader *loader)
{
    loader->done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    loader->configs = g_ptr_array_new_with_free_func((GDestroyNotify)bns_config_free);
    bns_preset_list_init(&loader->presets);
}

void
bns_loader_clear(BnsLoader *loader)
{
    g_hash_table_unref(loader->done);
    g_ptr_array_unref(loader->configs);
    bns_preset_list_clear(&loader->presets);
}

static bool
stops_auto_preset(const BnsLoader *loader)
{
    for (guint i = 0; i < loader->configs->len; i++) {
        const BnsConfig *config = loader->configs->pdata[i];

        if (config->stops_auto_preset)
            return true;
    }
    return loader->stops_auto_preset;
}

void
bns_loader_apply(BnsLoader *loader)
{
    loader->policy->stops_auto_preset = stops_auto_preset(loader);
    bns_preset_list_apply(&loader->presets, loader->policy);
    for (guint i = 0; i < loader->configs->len; i++)
        bns_policy_add_config(loader->policy, loader->configs->pdata[i],
                              loader->notices);
    if (loader->profile != NULL)
        bns_policy_add_config(loader->policy, loader->profile, loader->notices);
}

static bool
load_presets(BnsLoader *loader, char *const *names, GError **error)
{
    for (unsigned i = 0; names != NULL && names[i] != NULL; i++) {
        g_autofree char *place = g_strdup_printf("--preset#%u: ", i + 1);

        if (!bns_preset_list_add(&loader->presets, names[i], place, error))
            return false;
    }
    return true;
}

/* The profile and what it is built on, of the files alone that were read before. */
static bool
take_profile(BnsLoader *loader,
             BnsConfig *profile,
             const BnsConfig *config,
             GError **error)
{
    loader->profile = profile;
    loader->policy->profile = g_strdup(profile->name);
    return bns_loader_add_extends(loader, config->file, profile, error);
}

static bool
load_profile(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    const BnsConfig *config = NULL;
    BnsConfig *profile = NULL;
    g_autofree char *program = NULL;

    if (source->profile != NULL) {
        profile = bns_profile_find(loader->configs, source->profile, &config, error);
        g_prefix_error(error, "--profile: ");
        return profile != NULL && take_profile(loader, profile, config, error);
    }
    if (source->command != NULL)
        profile = bns_profile_for_command(loader->configs, source->command, &config);
    if (profile == NULL)
        return true;
    program = g_path_get_basename(source->command);
    g_ptr_array_add(loader->notices, g_strdup_printf("policy: profile %s, for %s",
                                                     profile->name, program));
    return take_profile(loader, profile, config, error);
}

/* The command's own, unless somebody has named it. */
static bool
load_auto_preset(BnsLoader *loader, const char *command, GError **error)
{
    const BnsPreset *preset = command != NULL ? bns_preset_for_command(command) : NULL;
    g_autofree char *program = NULL;

    if (preset == NULL || bns_preset_list_has(&loader->presets, preset) ||
        stops_auto_preset(loader))
        return true;
    program = g_path_get_basename(command);
    g_ptr_array_add(loader->notices,
                    g_strdup_printf("policy: preset %s, for %s; auto_preset: false "
                                    "in a policy stops it",
                                    preset->name, program));
    return bns_preset_list_add(&loader->presets, preset->name, "", error);
}

static bool
load_files(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    if (!load_presets(loader, source->presets, error))
        return false;
    if (source->config_path != NULL &&
        !bns_loader_add_file(loader, source->config_path, error))
        return false;
    if (!load_profile(loader, source, error))
        return false;
    if (!load_auto_preset(loader, source->command, error))
        return false;
    bns_loader_apply(loader);
    return true;
}

static bool
add_option(BnsLoader *loader,
           BnsVerdict verdict,
           const char *origin,
           const char *text,
           GError **error)
{
    BnsRule *rule = bns_rule_parse(verdict, origin, text, loader->notices, error);

    if (rule == NULL) {
        g_prefix_error(error, "%s: ", origin);
        return false;
    }
    bns_policy_add_rule(loader->policy, rule);
    return true;
}

static bool
add_options(BnsLoader *loader,
            BnsVerdict verdict,
            const char *option,
            char *const *rules,
            GError **error)
{
    for (unsigned i = 0; rules != NULL && rules[i] != NULL; i++) {
        g_autofree char *origin = g_strdup_printf("%s#%u", option, i + 1);

        if (!add_option(loader, verdict, origin, rules[i], error))
            return false;
    }
    return true;
}

static bool
add_added(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    const GPtrArray *list =
        source->texts != NULL ? source->texts->added : source->added;

    for (guint i = 0; list != NULL && i < list->len; i++) {
        const BnsPolicyAdded *added = list->pdata[i];

        if (source->out_texts != NULL)
            g_ptr_array_add(source->out_texts->added,
                            bns_policy_added_new(added->origin, added->rule));
        if (!add_option(loader, BNS_VERDICT_ALLOW, added->origin, added->rule, error))
            return false;
    }
    return true;
}

static bool
add_paths(BnsLoader *loader,
          BnsFileKind kind,
          const char *option,
          char *const *paths,
          GError **error)
{
    for (unsigned i = 0; paths != NULL && paths[i] != NULL; i++) {
        g_autofree char *origin = g_strdup_printf("%s#%u", option, i + 1);

        if (!bns_files_add(loader->policy->file_policy, kind, paths[i], origin, error))
            return false;
    }
    return true;
}

static bool
add_files(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    if (source->review)
        loader->policy->file_policy->review = BNS_FILES_REVIEW_ON;
    return add_paths(loader, BNS_FILE_WRITE, "--write", source->write, error) &&
           add_paths(loader, BNS_FILE_READ_ONLY, "--read-only", source->read_only,
                     error) &&
           add_paths(loader, BNS_FILE_HIDE, "--hide", source->hide, error);
}

static bool
add_env(BnsLoader *loader, char *const *options, GError **error)
{
    for (unsigned i = 0; options != NULL && options[i] != NULL; i++) {
        g_autofree char *origin = g_strdup_printf("--env#%u", i + 1);

        if (!bns_env_add(loader->policy->env, options[i], origin, error))
            return false;
    }
    return true;
}

static bool
load(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    const char *env_allow = source->env_allow != NULL ? source->env_allow : "";

    if (!load_files(loader, source, error))
        return false;
    if (!add_options(loader, BNS_VERDICT_ALLOW, "--allow", source->allow, error))
        return false;
    if (*env_allow != '\0' &&
        !add_option(loader, BNS_VERDICT_ALLOW, "$BOUNDARY_ALLOW", env_allow, error))
        return false;
    if (!add_added(loader, source, error) ||
        !add_options(loader, BNS_VERDICT_DENY, "--deny", source->deny, error) ||
        !add_files(loader, source, error) || !add_env(loader, source->env, error) ||
        !bns_correlation_finish(&loader->policy->correlation, &source->correlation,
                                loader->notices, error))
        return false;
    if (source->observe)
        bns_policy_observe(loader->policy);
    return bns_policy_complete(loader->policy, error);
}

/* The system layer first: what is wrong with it no person below can mend. */
static bool
load_layers(BnsLoader *loader, const BnsPolicySource *source, GError **error)
{
    g_autoptr(BnsPolicy) system = NULL;

    if (source->system_dir != NULL &&
        !bns_loader_read_system(source, loader->notices, &system, error))
        return false;
    loader->stops_auto_preset = system != NULL && system->stops_auto_preset;
    if (!load(loader, source, error))
        return false;
    return system == NULL ||
           bns_policy_set_ceiling(loader->policy, g_steal_pointer(&system), error);
}

BnsPolicy *
bns_policy_load(const BnsPolicySource *source, GStrv *out_notices, GError **error)
{
    g_autoptr(BnsPolicy) policy = bns_policy_new();
    g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
    g_auto(BnsLoader) loader = { .source = source,
                                 .policy = policy,
                                 .notices = notices };

    bns_loader_init(&loader);
    if (out_notices != NULL)
        *out_notices = NULL;
    if (!load_layers(&loader, source, error))
        return NULL;
    if (out_notices != NULL) {
        g_ptr_array_add(notices, NULL);
        *out_notices = (GStrv)g_ptr_array_steal(notices, NULL);
    }
    return g_steal_pointer(&policy);
}

BnsPolicy *
bns_policy_parse(const char *file, const char *bytes, size_t len, GError **error)
{
    g_autoptr(BnsPolicy) policy = bns_policy_new();
    g_autoptr(BnsConfig) config = bns_config_parse(file, bytes, len, error);

    if (config == NULL)
        return NULL;
    bns_policy_add_config(policy, config, NULL);
    return bns_policy_complete(policy, error) ? g_steal_pointer(&policy) : NULL;
}
