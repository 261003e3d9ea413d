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

/* @value: 0: not limited. */
static void
print_limit(const char *name, uint64_t value)
{
    if (value == 0)
        printf("limits\tlimits.%s\tnone\n", name);
    else
        printf("limits\tlimits.%s\t%" G_GUINT64_FORMAT "\n", name, value);
}

/* What holds for each process by itself says so. */
static void
print_process_limits(const BnsProcessLimits *limits)
{
    g_auto(BnsCgroupPlan) plan = { 0 };

    bns_cgroup_plan_find(limits, &plan);
    for (BnsProcessLimit i = 0; i < BNS_N_PROCESS_LIMITS; i++)
        if (i == BNS_LIMIT_MEMORY && bns_cgroup_plan_notice(&plan, limits) != NULL)
            printf("limits\tlimits.%s\t%" G_GUINT64_FORMAT
                   " (of each process: there is no cgroup here for all together)\n",
                   bns_limits_name(i), limits->values[i]);
        else
            print_limit(bns_limits_name(i), limits->values[i]);
}

static void
print_limits(const BnsPolicy *policy)
{
    BnsPolicyLimits session = bns_policy_limits(policy);

    print_limit("names", session.names);
    print_limit("flows", session.flows);
    print_limit("flow_rate", session.flow_rate);
    print_limit("idle", session.idle_s);
    print_limit("audit_size", session.audit_bytes);
    print_process_limits(bns_policy_process_limits(policy));
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
    variables = bns_environment_describe(environment, bns_policy_env(policy));
    printf("ok: %u rules\n%s%s%s%stty\ttty.clipboard\t%s\n", bns_policy_n_rules(policy),
           lines, files->lines->str, commands->lines->str, variables,
           bns_policy_clipboard(policy) ? "true" : "false");
    print_limits(policy);
    print_nested(policy);
    return 0;
}
