/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/policy_source.h"

#include "sandbox/host_port.h"
#include "sandbox/log.h"
#include "sandbox/places.h"

static void
print_notices(char **notices)
{
    for (char **notice = notices; notice != NULL && *notice != NULL; notice++)
        bns_log_print("%s", *notice);
}

BnsPolicy *
bns_policy_source_load(const BnsOptions *options, char **out_config, GError **error)
{
    g_autoptr(BnsPlaces) places = bns_places_new();
    g_autofree char *config = options->config_path != NULL
                                  ? g_strdup(options->config_path)
                                  : bns_places_find_config(places);
    const BnsPolicySource source = { .config_path = config,
                                     .allow = options->allow,
                                     .deny = options->deny,
                                     .env_allow = g_getenv("BOUNDARY_ALLOW"),
                                     .write = options->write,
                                     .read_only = options->read_only,
                                     .hide = options->hide,
                                     .env = options->env };
    g_auto(GStrv) notices = NULL;
    BnsPolicy *policy;

    if (bns_places_have_system_layer(BNS_SYSTEM_LAYER_DIR)) {
        g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_READ,
                    "%s holds a system policy; this build has no system layer",
                    BNS_SYSTEM_LAYER_DIR);
        return NULL;
    }
    if (!options->quiet)
        print_notices(options->notices);
    policy = bns_policy_load(&source, &notices, error);
    if (policy != NULL && !bns_host_port_offer(policy, options->host_port, error))
        g_clear_pointer(&policy, bns_policy_free);
    if (policy != NULL && !options->quiet)
        print_notices(notices);
    if (policy != NULL && out_config != NULL)
        *out_config = g_steal_pointer(&config);
    return policy;
}
