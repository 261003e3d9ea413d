/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/commands.h"

#include "netstack/gateway/credentials.h"
#include "sandbox/policy_source.h"

#include <stdio.h>

/* What a run would read besides the policy. */
static bool
check_credentials(const BnsPolicy *policy)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsCredentials) credentials = bns_credentials_read(policy, &error);

    if (credentials == NULL)
        fprintf(stderr, "boundary-ns: %s\n", error->message);
    return credentials != NULL;
}

int
bns_check(const BnsOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = bns_policy_source_load(options, NULL, &error);
    g_autofree char *lines = NULL;

    if (policy == NULL) {
        fprintf(stderr, "boundary-ns: %s\n", error->message);
        return g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID) ? 1
                                                                                  : 2;
    }
    if (!check_credentials(policy))
        return 1;
    lines = bns_policy_describe(policy);
    printf("ok: %u rules\n%s", bns_policy_n_rules(policy), lines);
    return 0;
}
