/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/direct.h"

#include "base/text.h"
#include "sandbox/log.h"
#include "sandbox/policy_source.h"
#include "sandbox/supervisor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The words that coder/boundary accepts. */
static bool
is_word(const char *value, bool truth)
{
    static const char *const words[2][6] = {
        { "false", "False", "FALSE", "f", "F", "0" },
        { "true", "True", "TRUE", "t", "T", "1" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(words[truth]); i++)
        if (strcmp(value, words[truth][i]) == 0)
            return true;
    return false;
}

/* What says that the command is to run directly, or %NULL. */
static const char *
find_reason(const BnsPolicy *policy, GError **error)
{
    const char *value = g_getenv("BOUNDARY_ENABLED");

    if (value == NULL || *value == '\0')
        return bns_policy_is_disabled(policy) ? "enabled: false" : NULL;
    if (is_word(value, false))
        return "BOUNDARY_ENABLED=false";
    if (!is_word(value, true))
        g_set_error(error, BNS_OPTIONS_ERROR, BNS_OPTIONS_ERROR_RUN,
                    "BOUNDARY_ENABLED: use true or false");
    return NULL;
}

bool
bns_direct_is_wanted(const BnsPolicy *policy, const char **out_why, GError **error)
{
    *out_why = find_reason(policy, error);
    return *out_why != NULL &&
           bns_policy_source_permit(policy, BNS_PERMIT_DISABLE, *out_why, error);
}

int
bns_direct_run(const BnsOptions *options, const char *why)
{
    char **argv = options->arguments;
    g_autofree char *name = bns_text_escape(argv[0], -1);
    int error;

    bns_log_print("disabled (%s): %s runs without a sandbox", why, name);
    if (options->workdir != NULL && chdir(options->workdir) < 0) {
        bns_log_print("%s: %s", options->workdir, g_strerror(errno));
        return BNS_EXIT_FAILED;
    }
    for (char **env = options->env; *env != NULL; env++)
        if (strchr(*env, '=') != NULL)
            putenv(*env);
    execvp(argv[0], argv);
    error = errno;
    bns_log_print("%s: %s", name, g_strerror(error));
    return error == ENOENT ? BNS_EXIT_NOT_FOUND : BNS_EXIT_NOT_EXECUTABLE;
}
