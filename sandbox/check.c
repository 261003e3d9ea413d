/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/commands.h"

#include "base/text.h"
#include "netstack/gateway/credentials.h"
#include "sandbox/cgroup_plan.h"
#include "sandbox/check_json.h"
#include "sandbox/command_plan.h"
#include "sandbox/environment.h"
#include "sandbox/file_plan.h"
#include "sandbox/policy_source.h"

#include <stdio.h>
#include <unistd.h>

/* Of memory where no cgroup counts it. */
#define OF_EACH " (of each process: there is no cgroup here for all together)"

/* As from here. */
static BnsFilePlan *
plan_files(const BnsPolicy *policy, GError **error)
{
    g_autoptr(BnsPlaces) places = bns_places_new();
    g_autofree char *workdir = g_get_current_dir();

    return bns_file_plan_new(policy, places, workdir, error);
}

static BnsCommandPlan *
plan_commands(const BnsPolicy *policy,
              const BnsEnvironment *environment,
              GError **error)
{
    g_autoptr(BnsPlaces) places = bns_places_new();

    return bns_command_plan_new(bns_policy_commands(policy), places,
                                g_environ_getenv(environment->variables, "PATH"),
                                error);
}

static void
append_nested(GString *lines, const BnsPolicy *policy)
{
    const char *origin = bns_policy_nested_origin(policy);
    g_autofree char *from = bns_text_escape(origin != NULL ? origin : "default", -1);
    BnsNested nested = bns_policy_nested(policy);

    g_string_append_printf(
        lines, "%s\tnested\t%s%s\n", from, bns_nested_name(nested),
        nested == BNS_NESTED_FULL
            ? " (a sandbox inside can move what is pinned, and is noticed at the end)"
            : "");
}

/* A line of a setting, whose origin is @section if nothing was said. */
static void
append_setting(GString *lines,
               const BnsPolicy *policy,
               const char *section,
               const char *key,
               const char *value)
{
    const char *origin = bns_policy_origin(policy, key);
    g_autofree char *from = bns_text_escape(origin != NULL ? origin : section, -1);

    g_string_append_printf(lines, "%s\t%s\t%s\n", from, key, value);
}

/* @value: 0: not limited. */
static void
append_limit(GString *lines,
             const BnsPolicy *policy,
             const char *name,
             uint64_t value,
             const char *remark)
{
    g_autofree char *key = g_strconcat("limits.", name, NULL);
    g_autofree char *text =
        value == 0 ? g_strdup("none")
                   : g_strdup_printf("%" G_GUINT64_FORMAT "%s", value, remark);

    append_setting(lines, policy, "limits", key, text);
}

/* What holds for each process by itself says so. */
static void
append_process_limits(GString *lines, const BnsPolicy *policy)
{
    const BnsProcessLimits *limits = bns_policy_process_limits(policy);
    g_auto(BnsCgroupPlan) plan = { 0 };

    bns_cgroup_plan_find(limits, &plan);
    for (BnsProcessLimit i = 0; i < BNS_N_PROCESS_LIMITS; i++) {
        bool is_each =
            i == BNS_LIMIT_MEMORY && bns_cgroup_plan_notice(&plan, limits) != NULL;

        append_limit(lines, policy, bns_limits_name(i), limits->values[i],
                     is_each ? OF_EACH : "");
    }
}

static void
append_limits(GString *lines, const BnsPolicy *policy)
{
    BnsPolicyLimits session = bns_policy_limits(policy);

    append_limit(lines, policy, "names", session.names, "");
    append_limit(lines, policy, "flows", session.flows, "");
    append_limit(lines, policy, "flow_rate", session.flow_rate, "");
    append_limit(lines, policy, "idle", session.idle_s, "");
    append_limit(lines, policy, "audit_size", session.audit_bytes, "");
    append_process_limits(lines, policy);
}

/* "mode" alone is that of files. */
static void
append_mode(GString *lines, const char *origin, const char *word, BnsMode mode)
{
    g_autofree char *from = bns_text_escape(origin != NULL ? origin : "default", -1);

    g_string_append_printf(lines, "%s\t%s\t%s\n", from, word, bns_mode_name(mode));
}

static void
append_modes(GString *lines, const BnsPolicy *policy)
{
    append_mode(lines, bns_policy_origin(policy, "mode"), "network-mode",
                bns_policy_mode(policy));
    if (bns_policy_has_system(policy))
        append_mode(lines, bns_policy_system_mode_origin(policy), "system-network-mode",
                    bns_policy_system_mode(policy));
}

static void
append_profile(GString *lines, const BnsPolicy *policy)
{
    const char *profile = bns_policy_profile(policy);

    if (profile != NULL)
        g_string_append_printf(lines, "--profile\tprofile\t%s\n", profile);
}

/* Returns: (transfer full): the lines that are no rules, or %NULL with @error. */
static char *
describe_settings(const BnsPolicy *policy, GError **error)
{
    /* What a run would read besides the policy. */
    g_autoptr(BnsCredentials) credentials = bns_credentials_read(policy, error);
    g_autoptr(BnsFilePlan) files =
        credentials != NULL ? plan_files(policy, error) : NULL;
    g_autoptr(BnsEnvironment) environment =
        bns_environment_new(environ, bns_policy_env(policy));
    g_autoptr(BnsCommandPlan) commands =
        files != NULL ? plan_commands(policy, environment, error) : NULL;
    g_autofree char *variables = NULL;
    g_autofree char *correlation = bns_policy_describe_correlation(policy);
    GString *lines;

    if (commands == NULL)
        return NULL;
    variables = bns_environment_describe(environment, bns_policy_env(policy),
                                         bns_policy_origin(policy, "env.mode"));
    lines = g_string_new(NULL);
    g_string_append_printf(lines, "%s%s%s", files->lines->str, commands->lines->str,
                           variables);
    append_setting(lines, policy, "tty", "tty.clipboard",
                   bns_policy_clipboard(policy) ? "true" : "false");
    append_modes(lines, policy);
    append_profile(lines, policy);
    g_string_append(lines, correlation);
    append_limits(lines, policy);
    append_nested(lines, policy);
    return g_string_free(lines, FALSE);
}

static int
fail(const GError *error, bool is_json, int status)
{
    g_autofree char *line = is_json ? bns_check_json_error(error->message) : NULL;

    if (line != NULL)
        fputs(line, stdout);
    fprintf(stderr, "boundary-ns: %s\n", error->message);
    return status;
}

int
bns_check(const BnsOptions *options)
{
    bool is_json = g_strcmp0(options->format, "json") == 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = bns_policy_source_load(options, NULL, &error);
    g_autofree char *settings = NULL;
    g_autofree char *text = NULL;

    if (policy == NULL)
        return fail(
            error, is_json,
            g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID) ? 1 : 2);
    settings = describe_settings(policy, &error);
    if (settings == NULL)
        return fail(error, is_json, 1);
    text = is_json ? bns_check_json(policy, settings) : bns_policy_describe(policy);
    if (is_json)
        fputs(text, stdout);
    else
        printf("ok: %u rules\n%s%s", bns_policy_n_rules(policy), text, settings);
    return 0;
}
