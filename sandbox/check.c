/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/commands.h"

#include "netstack/gateway/credentials.h"
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

static char *
describe_environment(const BnsPolicy *policy)
{
    const BnsEnv *env = bns_policy_env(policy);
    g_autoptr(BnsEnvironment) environment = bns_environment_new(environ, env);

    return bns_environment_describe(environment, env);
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
    g_autofree char *lines = NULL;
    g_autofree char *environment = NULL;

    if (policy == NULL)
        return fail(
            error,
            g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID) ? 1 : 2);
    /* What a run would read besides the policy. */
    credentials = bns_credentials_read(policy, &error);
    files = credentials != NULL ? plan_files(policy, &error) : NULL;
    if (files == NULL)
        return fail(error, 1);
    lines = bns_policy_describe(policy);
    environment = describe_environment(policy);
    printf("ok: %u rules\n%s%s%s", bns_policy_n_rules(policy), lines, files->lines->str,
           environment);
    return 0;
}
