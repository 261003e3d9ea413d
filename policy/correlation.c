/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/correlation.h"

#include "base/text.h"
#include "policy/policy_private.h"

#include <string.h>

/* What coder's workspaces send through their proxy of models, if nothing else is named. */
#define AGENT_PATH "/api/v2/aibridge/*"

void
bns_correlation_init(BnsCorrelation *correlation)
{
    *correlation = (BnsCorrelation){ .targets = g_ptr_array_new_with_free_func(
                                         (GDestroyNotify)bns_rule_free) };
}

void
bns_correlation_clear(BnsCorrelation *correlation)
{
    g_clear_pointer(&correlation->targets, g_ptr_array_unref);
}

/* Without it a rule is for every host. */
static bool
names_domain(const char *text)
{
    g_auto(GStrv) pairs = g_strsplit_set(text, " \t\n", -1);

    for (char **pair = pairs; *pair != NULL; pair++)
        if (g_str_has_prefix(*pair, "domain="))
            return true;
    return false;
}

bool
bns_correlation_add(BnsCorrelation *correlation,
                    const char *origin,
                    const char *text,
                    GPtrArray *notices,
                    GError **error)
{
    g_autoptr(BnsRule) target = bns_rule_new(BNS_VERDICT_DENY, origin);

    if (!names_domain(text)) {
        g_set_error_literal(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                            "a target names a host: write domain=HOST, and path=/PATH "
                            "behind it where not every path is meant");
        return false;
    }
    if (!bns_rule_parse_coder(target, text, notices, error))
        return false;
    g_ptr_array_add(correlation->targets, g_steal_pointer(&target));
    return true;
}

void
bns_correlation_merge(BnsCorrelation *correlation, BnsCorrelation *more)
{
    g_ptr_array_extend_and_steal(correlation->targets, g_ptr_array_ref(more->targets));
    if (!more->is_given)
        return;
    correlation->is_given = true;
    correlation->is_enabled = more->is_enabled;
}

/* --- the command line and the environment --- */

/* As coder/boundary reads it. */
static bool
read_boolean(const char *origin, const char *text, bool *out_value, GError **error)
{
    static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True", NULL };
    static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False", NULL };

    *out_value = g_strv_contains(yes, text);
    if (*out_value || g_strv_contains(no, text))
        return true;
    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "%s: must be true or false", origin);
    return false;
}

static bool
read_enabled(BnsCorrelation *correlation,
             const BnsCorrelationSource *source,
             GError **error)
{
    const char *text = source->enabled;
    const char *origin = "--enable-session-correlation";

    if (text == NULL) {
        text = source->env_enabled;
        origin = "$BOUNDARY_SESSION_CORRELATION_ENABLED";
    }
    if (text == NULL || *text == '\0')
        return true;
    correlation->is_given = true;
    return read_boolean(origin, text, &correlation->is_enabled, error);
}

static bool
add_named(BnsCorrelation *correlation,
          const char *origin,
          const char *text,
          GPtrArray *notices,
          GError **error)
{
    if (bns_correlation_add(correlation, origin, text, notices, error))
        return true;
    g_prefix_error(error, "%s: ", origin);
    return false;
}

static bool
add_targets(BnsCorrelation *correlation,
            const BnsCorrelationSource *source,
            GPtrArray *notices,
            GError **error)
{
    for (unsigned i = 0; source->targets != NULL && source->targets[i] != NULL; i++) {
        g_autofree char *origin =
            g_strdup_printf("--session-id-inject-target#%u", i + 1);

        if (!add_named(correlation, origin, source->targets[i], notices, error))
            return false;
    }
    return source->env_target == NULL || *source->env_target == '\0' ||
           add_named(correlation, "$BOUNDARY_SESSION_ID_INJECT_TARGET",
                     source->env_target, notices, error);
}

/* What is no URL, or has a host that a rule cannot name, makes no target. */
static void
add_agent(BnsCorrelation *correlation, const char *url)
{
    g_autoptr(GUri) uri = url != NULL ? g_uri_parse(url, G_URI_FLAGS_NONE, NULL) : NULL;
    const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;
    g_autofree char *text = NULL;

    if (host == NULL || *host == '\0')
        return;
    text = g_strconcat("domain=", host, " path=" AGENT_PATH, NULL);
    bns_correlation_add(correlation, "$CODER_AGENT_URL", text, NULL, NULL);
}

bool
bns_correlation_finish(BnsCorrelation *correlation,
                       const BnsCorrelationSource *source,
                       GPtrArray *notices,
                       GError **error)
{
    if (!read_enabled(correlation, source, error) ||
        !add_targets(correlation, source, notices, error))
        return false;
    if (correlation->targets->len == 0)
        add_agent(correlation, source->agent_url);
    if (!correlation->is_enabled || correlation->targets->len > 0)
        return true;
    g_set_error_literal(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                        "session correlation: no target: name one by "
                        "--session-id-inject-target 'domain=HOST path=/PATH', or in "
                        "session_id_inject_targets");
    return false;
}

/* --- requests --- */

static bool
is_target(const BnsRule *target, const BnsRequest *request, const BnsReadings *readings)
{
    BnsAddress address;
    const BnsAddress *literal =
        bns_address_parse(request->host, &address) ? &address : NULL;

    for (guint i = 0; i < target->hosts->len; i++)
        if (bns_host_pattern_matches(&g_array_index(target->hosts, BnsHostPattern, i),
                                     request->host, literal))
            return bns_rule_compare(target, request, readings) == BNS_MISS_NOTHING;
    return false;
}

static bool
layer_correlates(const BnsPolicy *layer,
                 const BnsRequest *request,
                 const BnsReadings *readings)
{
    const GPtrArray *targets = layer->correlation.targets;

    for (guint i = 0; layer->correlation.is_enabled && i < targets->len; i++)
        if (is_target(targets->pdata[i], request, readings))
            return true;
    return false;
}

bool
bns_policy_correlates(const BnsPolicy *policy, const BnsRequest *request)
{
    const BnsPolicy *ceiling = policy->ceiling;
    g_auto(BnsReadings) readings = { 0 };

    if ((!policy->correlation.is_enabled &&
         (ceiling == NULL || !ceiling->correlation.is_enabled)) ||
        request->method == NULL || request->path == NULL)
        return false;
    bns_readings_init(&readings, request->path);
    return layer_correlates(policy, request, &readings) ||
           (ceiling != NULL && layer_correlates(ceiling, request, &readings));
}

char *
bns_policy_describe_correlation(const BnsPolicy *policy)
{
    GString *lines = g_string_new(NULL);
    const BnsPolicy *layers[] = { policy->ceiling, policy };

    for (size_t i = 0; i < G_N_ELEMENTS(layers); i++) {
        const GPtrArray *targets =
            layers[i] != NULL && layers[i]->correlation.is_enabled
                ? layers[i]->correlation.targets
                : NULL;

        for (guint j = 0; targets != NULL && j < targets->len; j++) {
            const BnsRule *target = targets->pdata[j];
            g_autofree char *form = bns_rule_to_string(target);
            g_autofree char *from = bns_text_escape(target->origin, -1);

            g_string_append_printf(lines, "%s\tsession_id_inject_target\t%s\n", from,
                                   form);
        }
    }
    return g_string_free(lines, FALSE);
}
