/* SPDX-License-Identifier: Apache-2.0 */
/* A variable of the environment: whether the command gets it. No value is ever shown. */
#include "base/star.h"
#include "policy/near.h"
#include "sandbox/environment.h"
#include "sandbox/explainers.h"
#include "sandbox/variables.h"

#include <string.h>

/* More than a few are no help. */
#define NEAR_MAX 5

/* The last entry that has a say: those that may not pass it have none. */
static const BnsEnvEntry *
find_entry(const BnsEnv *env, const char *name, bool is_set)
{
    const BnsEnvEntry *found = NULL;

    for (guint i = 0; i < env->entries->len; i++) {
        const BnsEnvEntry *entry = env->entries->pdata[i];
        bool may_pass = is_set && bns_env_may_pass(env, name);

        if (bns_env_entry_matches(entry, name) &&
            (entry->kind != BNS_ENV_PASS || may_pass))
            found = entry;
    }
    return found;
}

/* Of what no entry names. */
static const char *
find_reason(const BnsEnv *env, const char *name, const char *value, bool is_passed)
{
    const BnsVariableDefault *entry = bns_variables_find(name);

    if (value == NULL && !is_passed)
        return "it is not set";
    if (is_passed)
        return value == NULL ? "boundary-ns sets it" : "nothing hides it";
    if (bns_variables_find_secret(value) != NULL)
        return "its value is a secret";
    if (entry != NULL && entry->kind != BNS_VARIABLE_PASS)
        return entry->why;
    return env->mode == BNS_ENV_MODE_CLEAN ? "env.mode is clean"
                                           : "it is not for the "
                                             "command";
}

static void
decide(BnsExplanation *explanation,
       const BnsEnv *env,
       const char *name,
       const char *value,
       bool is_passed)
{
    static const char *const said[] = { [BNS_ENV_PASS] = "it is passed by name",
                                        [BNS_ENV_SET] = "it is set to a value",
                                        [BNS_ENV_HIDE] = "it is hidden by name" };
    const BnsEnvEntry *entry = find_entry(env, name, value != NULL);
    const char *reason =
        entry != NULL ? said[entry->kind] : find_reason(env, name, value, is_passed);
    bool is_default = entry == NULL && bns_variables_find(name) != NULL;

    bns_explanation_decide(explanation,
                           is_passed ? BNS_VERDICT_ALLOW : BNS_VERDICT_DENY,
                           entry != NULL ? entry->origin
                           : is_default  ? "default"
                                         : NULL,
                           reason);
    bns_explanation_say(explanation, "Inside: it is %s: %s",
                        is_passed ? "there" : "not there", reason);
}

/* Returns: what keeps @entry from the variable, or %NULL: it is not near, or matches. */
static const char *
find_miss(const BnsEnv *env, const BnsEnvEntry *entry, const char *name)
{
    g_autofree char *plain = g_strndup(entry->name, strcspn(entry->name, "*"));

    if (bns_env_entry_matches(entry, name))
        return entry->kind == BNS_ENV_PASS && !bns_env_may_pass(env, name)
                   ? "the system policy does not let it be passed"
                   : NULL;
    if (bns_star_matches(entry->name, strlen(entry->name), name, strlen(name), true))
        return "upper and lower case differ";
    return *plain != '\0' && bns_near_is_like(name, plain) ? "the name does not match"
                                                           : NULL;
}

static void
add_near(BnsExplanation *explanation, const BnsEnv *env, const char *name)
{
    guint n = 0;

    for (guint i = 0; i < env->entries->len && n < NEAR_MAX; i++) {
        const BnsEnvEntry *entry = env->entries->pdata[i];
        const char *why = find_miss(env, entry, name);

        if (why == NULL)
            continue;
        if (n++ == 0)
            bns_explanation_say(explanation, "Entries that come near:");
        bns_explanation_say(explanation, "  %s %s (%s): %s",
                            bns_env_kind_name(entry->kind), entry->name, entry->origin,
                            why);
    }
}

bool
bns_explain_variable(const BnsExplainSource *source,
                     const void *subject,
                     BnsExplanation *out_explanation,
                     GError **error)
{
    const char *name = subject;
    const BnsEnv *env = bns_policy_env(source->policy);
    g_autoptr(BnsEnvironment) environment = bns_environment_new(source->environ, env);
    const char *value = g_environ_getenv(source->environ, name);
    bool is_passed = g_environ_getenv(environment->variables, name) != NULL;

    out_explanation->kind = "variable";
    if (strchr(name, '=') != NULL) {
        g_set_error_literal(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_READ,
                            "--variable: name it alone, without = and a value");
        return false;
    }
    bns_explanation_say(out_explanation, "Asked: the variable %s", name);
    decide(out_explanation, env, name, value, is_passed);
    add_near(out_explanation, env, name);
    if (!is_passed && value != NULL)
        out_explanation->suggestion = g_strconcat("--env ", name, NULL);
    return true;
}
