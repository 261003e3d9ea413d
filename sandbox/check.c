/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/commands.h"

#include "base/text.h"
#include "netstack/gateway/credentials.h"
#include "sandbox/cgroup_plan.h"
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
print_nested(const BnsPolicy *policy)
{
    const char *origin = bns_policy_nested_origin(policy);
    g_autofree char *from = bns_text_escape(origin != NULL ? origin : "default", -1);
    BnsNested nested = bns_policy_nested(policy);

    printf(
        "%s\tnested\t%s%s\n", from, bns_nested_name(nested),
        nested == BNS_NESTED_FULL
            ? " (a sandbox inside can move what is pinned, and is noticed at the end)"
            : "");
}

/* A line of a setting, whose origin is @section if nothing was said. */
static void
print_setting(const BnsPolicy *policy,
              const char *section,
              const char *key,
              const char *value)
{
    const char *origin = bns_policy_origin(policy, key);
    g_autofree char *from = bns_text_escape(origin != NULL ? origin : section, -1);

    printf("%s\t%s\t%s\n", from, key, value);
}

/* @value: 0: not limited. */
static void
print_limit(const BnsPolicy *policy,
            const char *name,
            uint64_t value,
            const char *remark)
{
    g_autofree char *key = g_strconcat("limits.", name, NULL);
    g_autofree char *text =
        value == 0 ? g_strdup("none")
                   : g_strdup_printf("%" G_GUINT64_FORMAT "%s", value, remark);

    print_setting(policy, "limits", key, text);
}

/* What holds for each process by itself says so. */
static void
print_process_limits(const BnsPolicy *policy)
{
    const BnsProcessLimits *limits = bns_policy_process_limits(policy);
    g_auto(BnsCgroupPlan) plan = { 0 };

    bns_cgroup_plan_find(limits, &plan);
    for (BnsProcessLimit i = 0; i < BNS_N_PROCESS_LIMITS; i++) {
        bool is_each =
            i == BNS_LIMIT_MEMORY && bns_cgroup_plan_notice(&plan, limits) != NULL;

        print_limit(policy, bns_limits_name(i), limits->values[i],
                    is_each ? OF_EACH : "");
    }
}

static void
print_limits(const BnsPolicy *policy)
{
    BnsPolicyLimits session = bns_policy_limits(policy);

    print_limit(policy, "names", session.names, "");
    print_limit(policy, "flows", session.flows, "");
    print_limit(policy, "flow_rate", session.flow_rate, "");
    print_limit(policy, "idle", session.idle_s, "");
    print_limit(policy, "audit_size", session.audit_bytes, "");
    print_process_limits(policy);
}

static void
print_profile(const BnsPolicy *policy)
{
    if (bns_policy_profile(policy) != NULL)
        printf("--profile\tprofile\t%s\n", bns_policy_profile(policy));
}

static int
fail(const GError *error, int status)
{
    fprintf(stderr, "boundary-ns: %s\n", error->message);
    return status;
}

int
bns_check(const BnsOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = bns_policy_source_load(options, NULL, &error);
    g_autoptr(BnsCredentials) credentials = NULL;
    g_autoptr(BnsFilePlan) files = NULL;
    g_autoptr(BnsEnvironment) environment = NULL;
    g_autoptr(BnsCommandPlan) commands = NULL;
    g_autofree char *lines = NULL;
    g_autofree char *variables = NULL;

    if (policy == NULL)
        return fail(
            error,
            g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID) ? 1 : 2);
    /* What a run would read besides the policy. */
    credentials = bns_credentials_read(policy, &error);
    files = credentials != NULL ? plan_files(policy, &error) : NULL;
    environment = bns_environment_new(environ, bns_policy_env(policy));
    commands = files != NULL ? plan_commands(policy, environment, &error) : NULL;
    if (commands == NULL)
        return fail(error, 1);
    lines = bns_policy_describe(policy);
    variables = bns_environment_describe(environment, bns_policy_env(policy),
                                         bns_policy_origin(policy, "env.mode"));
    printf("ok: %u rules\n%s%s%s%s", bns_policy_n_rules(policy), lines,
           files->lines->str, commands->lines->str, variables);
    print_setting(policy, "tty", "tty.clipboard",
                  bns_policy_clipboard(policy) ? "true" : "false");
    print_profile(policy);
    print_limits(policy);
    print_nested(policy);
    return 0;
}
