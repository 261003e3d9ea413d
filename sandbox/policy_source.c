/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/policy_source.h"

#include "base/text.h"
#include "sandbox/host_port.h"
#include "sandbox/log.h"
#include "sandbox/places.h"

static void
print_notices(char **notices)
{
    for (char **notice = notices; notice != NULL && *notice != NULL; notice++)
        bns_log_print("%s", *notice);
}

bool
bns_policy_source_permit(const BnsPolicy *policy,
                         BnsPermit permit,
                         const char *what,
                         GError **error)
{
    const char *origin = bns_policy_forbid(policy, permit);
    g_autofree char *shown = bns_text_escape(origin, -1);

    if (origin == NULL)
        return true;
    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_READ,
                "%s: not permitted by %s, which does not name %s", what, shown,
                bns_permit_name(permit));
    return false;
}

static bool
check_options(const BnsPolicy *policy, const BnsOptions *options, GError **error)
{
    const struct {
        const char *name;
        BnsPermit permit;
        bool is_given;
    } rows[] = {
        { "--resolve", BNS_PERMIT_RESOLVE, options->resolve[0] != NULL },
        { "--host-port", BNS_PERMIT_HOST_PORT, options->host_port[0] != NULL },
        { "--publish", BNS_PERMIT_PUBLISH, options->publish[0] != NULL },
        { "--upstream-ca", BNS_PERMIT_UPSTREAM_CA, options->upstream_ca[0] != NULL },
        { "--upstream-proxy", BNS_PERMIT_UPSTREAM_PROXY,
          options->upstream_proxy != NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].is_given &&
            !bns_policy_source_permit(policy, rows[i].permit, rows[i].name, error))
            return false;
    return true;
}

/* (nullable): what is, or would be, run by that policy. */
static const char *
command_of(const BnsOptions *options)
{
    if (options->command == BNS_COMMAND_RUN)
        return options->arguments[0];
    return options->as != NULL ? options->as : options->command_line[0];
}

static BnsCorrelationSource
correlation_of(const BnsOptions *options)
{
    return (BnsCorrelationSource){
        .enabled = options->correlation,
        .env_enabled = g_getenv("BOUNDARY_SESSION_CORRELATION_ENABLED"),
        .targets = options->inject_targets,
        .env_target = g_getenv("BOUNDARY_SESSION_ID_INJECT_TARGET"),
        .agent_url = g_getenv("CODER_AGENT_URL"),
    };
}

char *
bns_policy_source_config(const BnsOptions *options)
{
    g_autoptr(BnsPlaces) places = bns_places_new();

    if (options->config_path == NULL)
        return bns_places_find_config(places);
    return g_strdup(options->config_path);
}

BnsPolicySource
bns_policy_source_of(const BnsOptions *options, const char *config)
{
    return (BnsPolicySource){ .system_dir = BNS_POLICY_SYSTEM_DIR,
                              .config_path = config,
                              .command = command_of(options),
                              .presets = options->preset,
                              .profile = options->profile,
                              .allow = options->allow,
                              .deny = options->deny,
                              .env_allow = g_getenv("BOUNDARY_ALLOW"),
                              .write = options->write,
                              .read_only = options->read_only,
                              .hide = options->hide,
                              .review = options->review,
                              .observe = options->observe,
                              .env = options->env,
                              .correlation = correlation_of(options) };
}

BnsPolicy *
bns_policy_source_read(const BnsPolicySource *source,
                       const BnsOptions *options,
                       GStrv *out_notices,
                       GError **error)
{
    g_autoptr(BnsPolicy) policy = bns_policy_load(source, out_notices, error);

    if (policy == NULL || !check_options(policy, options, error) ||
        !bns_host_port_offer(policy, options->host_port, error))
        return NULL;
    return g_steal_pointer(&policy);
}

BnsPolicy *
bns_policy_source_begin(const BnsPolicySource *source,
                        const BnsOptions *options,
                        GError **error)
{
    g_auto(GStrv) notices = NULL;
    BnsPolicy *policy;

    if (!options->quiet)
        print_notices(options->notices);
    policy = bns_policy_source_read(source, options, &notices, error);
    if (policy != NULL && !options->quiet)
        print_notices(notices);
    return policy;
}

BnsPolicy *
bns_policy_source_load(const BnsOptions *options, char **out_config, GError **error)
{
    g_autofree char *config = bns_policy_source_config(options);
    const BnsPolicySource source = bns_policy_source_of(options, config);
    BnsPolicy *policy = bns_policy_source_begin(&source, options, error);

    if (policy != NULL && out_config != NULL)
        *out_config = g_steal_pointer(&config);
    return policy;
}

BnsPolicy *
bns_policy_source_load_layer(const BnsOptions *options,
                             BnsPolicyLayer layer,
                             GError **error)
{
    g_autofree char *config = bns_policy_source_config(options);
    BnsPolicySource source = bns_policy_source_of(options, config);

    if (layer == BNS_POLICY_LAYER_SYSTEM)
        source = (BnsPolicySource){ .system_dir = BNS_POLICY_SYSTEM_DIR };
    else
        source.system_dir = NULL;
    return bns_policy_load(&source, NULL, error);
}

void
bns_policy_source_announce(const BnsPolicy *policy)
{
    g_autofree char *origin = bns_text_escape(bns_policy_origin(policy, "mode"), -1);
    g_autofree char *above = bns_text_escape(bns_policy_system_mode_origin(policy), -1);

    if (bns_policy_mode(policy) == BNS_MODE_OBSERVE)
        bns_log_print(
            "observing (%s): what the rules would deny is let through, and only "
            "recorded",
            origin);
    if (bns_policy_system_mode(policy) == BNS_MODE_OBSERVE)
        bns_log_print(
            "the system policy observes (%s): what its rules would deny is only "
            "recorded",
            above);
}

const char *
bns_policy_source_system_mode(const BnsPolicy *policy)
{
    return bns_policy_has_system(policy) ? bns_mode_name(bns_policy_system_mode(policy))
                                         : NULL;
}

GStrv
bns_policy_source_layers(const BnsPolicy *policy, const BnsOptions *options)
{
    GPtrArray *layers = g_ptr_array_new();
    const GPtrArray *files = bns_policy_files(policy);
    const GPtrArray *presets = bns_policy_presets(policy);
    const char *env_allow = g_getenv("BOUNDARY_ALLOW");

    for (guint i = 0; i < presets->len; i++)
        g_ptr_array_add(layers, g_strconcat("preset:", presets->pdata[i], NULL));
    for (guint i = 0; i < files->len; i++)
        g_ptr_array_add(layers, g_strdup(g_ptr_array_index(files, i)));
    if (bns_policy_profile(policy) != NULL)
        g_ptr_array_add(layers,
                        g_strconcat("profile:", bns_policy_profile(policy), NULL));
    if (env_allow != NULL)
        g_ptr_array_add(layers, g_strconcat("$BOUNDARY_ALLOW ", env_allow, NULL));
    for (char **rule = options->allow; *rule != NULL; rule++)
        g_ptr_array_add(layers, g_strconcat("--allow ", *rule, NULL));
    for (char **rule = options->deny; *rule != NULL; rule++)
        g_ptr_array_add(layers, g_strconcat("--deny ", *rule, NULL));
    g_ptr_array_add(layers, NULL);
    return (GStrv)g_ptr_array_free(layers, FALSE);
}
