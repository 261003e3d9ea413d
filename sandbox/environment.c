/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/environment.h"

#include "base/text.h"
#include "sandbox/trust_variables.h"
#include "sandbox/variables.h"

#include <stdbool.h>
#include <string.h>

/* A line that a person still reads; `check` has them all. */
#define NOTICE_NAMES_MAX 20

/* What sandbox/mounts.c makes private. */
static const char *const private_roots[] = { "/tmp/", "/run/", "/var/tmp/", "/var/run/",
                                             "/dev/shm/" };

/* What becomes of a variable that no entry names. */
typedef enum {
    FATE_KEPT,
    FATE_REMOVED,
    FATE_SECRET,  /* hidden */
    FATE_SERVICE, /* hidden */
} Fate;

typedef struct {
    bool is_clean;
    GHashTable *seen;    /* owned set of owned names */
    GPtrArray *kept;     /* owned, of owned NAME=VALUE */
    GPtrArray *secrets;  /* owned, of owned names */
    GPtrArray *services; /* owned, of owned names */
} Sorting;

static bool
is_trust(const char *name)
{
    size_t n;
    const BnsTrustVariable *variables = bns_trust_variables(&n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(variables[i].name, name) == 0)
            return true;
    return false;
}

static bool
is_private(const char *directory)
{
    for (size_t i = 0; i < G_N_ELEMENTS(private_roots); i++)
        if (g_str_has_prefix(directory, private_roots[i]))
            return true;
    return false;
}

/* A socket by its path, or by a URL of one. */
static bool
is_local(const char *value)
{
    return g_str_has_prefix(value, "unix:") || strstr(value, "://") == NULL;
}

static Fate
judge_value(const char *value, bool is_clean)
{
    if (bns_variables_find_secret(value) != NULL)
        return FATE_SECRET;
    return is_clean ? FATE_REMOVED : FATE_KEPT;
}

/* An empty one tells nothing and leads nowhere: it is there to turn something off. */
static Fate
judge_hidden(const char *value, Fate fate, bool is_clean)
{
    return *value != '\0' ? fate : judge_value(value, is_clean);
}

static Fate
judge(const char *name, const char *value, bool is_clean)
{
    const BnsVariableDefault *entry = bns_variables_find(name);

    if (is_trust(name))
        return FATE_REMOVED;
    if (entry == NULL)
        return judge_value(value, is_clean);
    switch (entry->kind) {
    case BNS_VARIABLE_PASS:
        return is_clean ? FATE_REMOVED : FATE_KEPT;
    case BNS_VARIABLE_BASE:
        return FATE_KEPT;
    case BNS_VARIABLE_TEMPORARY:
        return is_private(value) ? FATE_REMOVED : FATE_KEPT;
    case BNS_VARIABLE_SECRET:
        return judge_hidden(value, FATE_SECRET, is_clean);
    case BNS_VARIABLE_SERVICE:
        return judge_hidden(value, FATE_SERVICE, is_clean);
    case BNS_VARIABLE_SOCKET:
        return is_local(value) ? judge_hidden(value, FATE_SERVICE, is_clean)
                               : judge_value(value, is_clean);
    case BNS_VARIABLE_VOID:
        return FATE_REMOVED;
    }
    g_assert_not_reached();
}

static void
keep(Sorting *sorting, const char *name, const char *value)
{
    g_autofree char *options = bns_trust_variables_java_options(name, value);

    g_ptr_array_add(sorting->kept,
                    g_strconcat(name, "=", options != NULL ? options : value, NULL));
}

static void
sort_variable(Sorting *sorting, const char *name, const char *value)
{
    switch (judge(name, value, sorting->is_clean)) {
    case FATE_KEPT:
        keep(sorting, name, value);
        break;
    case FATE_REMOVED:
        break;
    case FATE_SECRET:
        g_ptr_array_add(sorting->secrets, g_strdup(name));
        break;
    case FATE_SERVICE:
        g_ptr_array_add(sorting->services, g_strdup(name));
        break;
    }
}

static void
sort_all(Sorting *sorting, char **host_environ)
{
    for (char **entry = host_environ; *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        g_autofree char *name = NULL;

        if (equals == NULL || equals == *entry)
            continue;
        name = g_strndup(*entry, (gsize)(equals - *entry));
        if (!g_hash_table_contains(sorting->seen, name)) {
            sort_variable(sorting, name, equals + 1);
            g_hash_table_add(sorting->seen, g_steal_pointer(&name));
        }
    }
}

static void
add_trust(GPtrArray *kept, char **host_environ)
{
    size_t n;
    const BnsTrustVariable *variables = bns_trust_variables(&n);

    for (size_t i = 0; i < n; i++) {
        const char *name = variables[i].name;
        const char *value = bns_trust_variables_value(
            &variables[i], g_environ_getenv(host_environ, name));

        if (value != NULL)
            g_ptr_array_add(kept, g_strconcat(name, "=", value, NULL));
    }
}

static bool
is_git_setting(const char *name)
{
    return g_str_has_prefix(name, "GIT_CONFIG_KEY_") ||
           g_str_has_prefix(name, "GIT_CONFIG_VALUE_");
}

/* git(1) ends if one that it counts is missing. */
static GStrv
uncount_git_settings(GStrv variables, const GPtrArray *secrets)
{
    for (guint i = 0; i < secrets->len; i++)
        if (is_git_setting(secrets->pdata[i]))
            return g_environ_unsetenv(variables, "GIT_CONFIG_COUNT");
    return variables;
}

/* --- what the policy says --- */

/* Its PASS entry is @entry. */
static bool
is_passed(const BnsEnv *env, const BnsEnvEntry *entry, const char *name)
{
    return *name != '\0' && bns_env_entry_matches(entry, name) &&
           bns_env_may_pass(env, name);
}

static GStrv
pass(GStrv variables, char **host_environ, const BnsEnv *env, const BnsEnvEntry *entry)
{
    for (char **variable = host_environ; *variable != NULL; variable++) {
        g_autofree char *name = g_strndup(*variable, strcspn(*variable, "="));

        if (is_passed(env, entry, name) && g_environ_getenv(host_environ, name) != NULL)
            variables = g_environ_setenv(variables, name,
                                         g_environ_getenv(host_environ, name), TRUE);
    }
    return variables;
}

static GStrv
hide(GStrv variables, const BnsEnvEntry *entry)
{
    g_auto(GStrv) before = g_strdupv(variables);

    for (char **variable = before; *variable != NULL; variable++) {
        g_autofree char *name = g_strndup(*variable, strcspn(*variable, "="));

        if (bns_env_entry_matches(entry, name))
            variables = g_environ_unsetenv(variables, name);
    }
    return variables;
}

static GStrv
apply(GStrv variables, char **host_environ, const BnsEnv *env)
{
    for (guint i = 0; i < env->entries->len; i++) {
        const BnsEnvEntry *entry = env->entries->pdata[i];

        switch (entry->kind) {
        case BNS_ENV_PASS:
            variables = pass(variables, host_environ, env, entry);
            break;
        case BNS_ENV_SET:
            variables = g_environ_setenv(variables, entry->name, entry->value, TRUE);
            break;
        case BNS_ENV_HIDE:
            variables = hide(variables, entry);
            break;
        case BNS_N_ENV_KINDS:
        default:
            g_assert_not_reached();
        }
    }
    return variables;
}

/* --- what is hidden --- */

/* Moves what did not come in by an entry to @hidden. */
static void
take_hidden(GPtrArray *hidden, GPtrArray *names, char **variables)
{
    g_ptr_array_sort(names, bns_text_compare);
    for (guint i = 0; i < names->len; i++)
        if (g_environ_getenv(variables, names->pdata[i]) == NULL)
            g_ptr_array_add(hidden, g_strdup(names->pdata[i]));
}

static void
sorting_clear(Sorting *sorting)
{
    g_hash_table_unref(sorting->seen);
    g_ptr_array_unref(sorting->secrets);
    g_ptr_array_unref(sorting->services);
}

BnsEnvironment *
bns_environment_new(char **host_environ, const BnsEnv *env)
{
    BnsEnvironment *environment = g_new0(BnsEnvironment, 1);
    GPtrArray *hidden = g_ptr_array_new();
    Sorting sorting = {
        .is_clean = env->mode == BNS_ENV_MODE_CLEAN,
        .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .kept = g_ptr_array_new(),
        .secrets = g_ptr_array_new_with_free_func(g_free),
        .services = g_ptr_array_new_with_free_func(g_free),
    };
    GStrv variables;

    sort_all(&sorting, host_environ);
    add_trust(sorting.kept, host_environ);
    g_ptr_array_add(sorting.kept, NULL);
    variables = (GStrv)g_ptr_array_free(sorting.kept, FALSE);
    variables = uncount_git_settings(variables, sorting.secrets);
    variables = apply(variables, host_environ, env);
    take_hidden(hidden, sorting.secrets, variables);
    take_hidden(hidden, sorting.services, variables);
    environment->variables = variables;
    g_ptr_array_add(hidden, NULL);
    environment->hidden = (GStrv)g_ptr_array_free(hidden, FALSE);
    sorting_clear(&sorting);
    return environment;
}

void
bns_environment_free(BnsEnvironment *environment)
{
    if (environment == NULL)
        return;
    g_strfreev(environment->variables);
    g_strfreev(environment->hidden);
    g_free(environment);
}

char *
bns_environment_notice(const BnsEnvironment *environment)
{
    guint n = g_strv_length(environment->hidden);
    GString *text;

    if (n == 0)
        return NULL;
    text = g_string_new("hidden from the command: ");
    for (guint i = 0; i < MIN(n, NOTICE_NAMES_MAX); i++) {
        g_autofree char *name = bns_text_escape(environment->hidden[i], -1);

        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", name);
    }
    if (n > NOTICE_NAMES_MAX)
        g_string_append_printf(text, " and %u more", n - NOTICE_NAMES_MAX);
    g_string_append(text, " (--env NAME passes one)");
    return g_string_free(text, FALSE);
}

/* --- check --- */

static void
describe(GString *text, const char *origin, const char *kind, const char *name)
{
    g_autofree char *from = bns_text_escape(origin, -1);
    g_autofree char *shown = bns_text_escape(name, -1);

    g_string_append_printf(text, "%s\tenv.%s\t%s\n", from, kind, shown);
}

static const char *
describe_kind(BnsVariableKind kind)
{
    switch (kind) {
    case BNS_VARIABLE_PASS:
    case BNS_VARIABLE_BASE:
    case BNS_VARIABLE_TEMPORARY:
        return "pass";
    case BNS_VARIABLE_SECRET:
    case BNS_VARIABLE_SERVICE:
    case BNS_VARIABLE_SOCKET:
    case BNS_VARIABLE_VOID:
        return "hide";
    }
    g_assert_not_reached();
}

char *
bns_environment_describe(const BnsEnvironment *environment,
                         const BnsEnv *env,
                         const char *mode_origin)
{
    bool is_clean = env->mode == BNS_ENV_MODE_CLEAN;
    GString *text = g_string_new(NULL);

    describe(text, mode_origin != NULL ? mode_origin : "env", "mode",
             is_clean ? "clean" : "inherit");
    for (size_t i = 0; i < bns_n_variable_defaults; i++) {
        const BnsVariableDefault *entry = &bns_variable_defaults[i];

        if (!is_clean || entry->kind == BNS_VARIABLE_BASE ||
            entry->kind == BNS_VARIABLE_TEMPORARY)
            describe(text, "default", describe_kind(entry->kind), entry->name);
    }
    for (guint i = 0; i < env->entries->len; i++) {
        const BnsEnvEntry *entry = env->entries->pdata[i];

        describe(text, entry->origin, bns_env_kind_name(entry->kind), entry->name);
    }
    for (guint i = 0; env->may_pass != NULL && i < env->may_pass->len; i++) {
        const BnsEnvEntry *entry = env->may_pass->pdata[i];

        describe(text, entry->origin, "may_pass", entry->name);
    }
    for (char **name = environment->hidden; *name != NULL; name++)
        describe(text, "-", "hidden", *name);
    return g_string_free(text, FALSE);
}
