/* SPDX-License-Identifier: Apache-2.0 */
/* Of what is no rule, what is in force under a system policy, and whose it is. */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

static BnsPolicy *
below(const char *system, const char *yaml)
{
    GError *error = NULL;
    BnsPolicy *policy = policy_below(system, yaml, &error);

    g_assert_no_error(error);
    return policy;
}

/* --- settings: key × (system, below) → what is in force, and whose it is --- */

typedef struct {
    const char *key;
    const char *system; /* values; NULL: nothing is said */
    const char *yaml;
    const char *value;
    char origin; /* 's', 'p', or '-': the default */
} SettingRow;

static const SettingRow setting_rows[] = {
    { "limits.names", "10", "20", "10", 's' },
    { "limits.names", "20", "10", "10", 'p' },
    { "limits.names", "10", NULL, "10", 's' },
    { "limits.names", NULL, "10", "10", 'p' },
    { "limits.names", "100000", NULL, "16384", '-' },
    { "limits.names", "100000", "20000", "20000", 'p' },
    { "limits.flows", "10", "20", "10", 's' },
    { "limits.flows", "20", "10", "10", 'p' },
    { "limits.flows", "20", NULL, "20", 's' },
    { "limits.flow_rate", "10", "20", "10", 's' },
    { "limits.flow_rate", "20", "10", "10", 'p' },
    { "limits.flow_rate", "20", NULL, "20", 's' },
    { "limits.flow_rate", NULL, "20", "20", 'p' },
    { "limits.idle", "10", "20", "10", 's' },
    { "limits.idle", "20", "10", "10", 'p' },
    { "limits.idle", "20", "0", "20", 's' },
    { "limits.idle", "0", "20", "20", 'p' },
    { "limits.idle", "0", NULL, "7440", '-' },
    { "limits.audit_size", "8192", "16384", "8192", 's' },
    { "limits.audit_size", "16384", "8192", "8192", 'p' },
    { "limits.audit_size", "8192", NULL, "8192", 's' },
    { "limits.processes", "10", "20", "10", 's' },
    { "limits.processes", "20", "10", "10", 'p' },
    { "limits.processes", "20", NULL, "20", 's' },
    { "limits.processes", NULL, NULL, "0", '-' },
    { "limits.cpu", "60", "61", "60", 's' },
    { "limits.cpu", "60", "60", "60", 'p' },
    { "nested", "none", "full", "none", 's' },
    { "nested", "chromium", "full", "chromium", 's' },
    { "nested", "full", "chromium", "chromium", 'p' },
    { "nested", "full", NULL, "none", '-' },
    { "nested", NULL, "full", "full", 'p' },
    { "tty.clipboard", "false", "true", "false", 's' },
    { "tty.clipboard", "true", "true", "true", 'p' },
    { "tty.clipboard", "true", "false", "false", 'p' },
    { "tty.clipboard", "true", NULL, "false", '-' },
    { "tty.clipboard", NULL, "true", "true", 'p' },
    { "files.mode", "workspace", "shared", "workspace", 's' },
    { "files.mode", "shared", "shared", "shared", 'p' },
    { "files.mode", "shared", "workspace", "workspace", 'p' },
    { "files.mode", "shared", NULL, "workspace", '-' },
    { "files.mode", NULL, "shared", "shared", 'p' },
    { "files.on_protected", "quarantine", "report", "quarantine", 's' },
    { "files.on_protected", "report", "quarantine", "quarantine", 'p' },
    { "files.on_protected", "quarantine", NULL, "quarantine", 's' },
    { "files.on_protected", NULL, "quarantine", "quarantine", 'p' },
    { "files.review", "true", "false", "true", 's' },
    { "files.review", "false", "true", "true", 'p' },
    { "files.review", "true", NULL, "true", 's' },
    { "files.review", NULL, "true", "true", 'p' },
    { "env.mode", "clean", "inherit", "clean", 's' },
    { "env.mode", "inherit", "clean", "clean", 'p' },
    { "env.mode", "clean", NULL, "clean", 's' },
    { "env.mode", "inherit", NULL, "inherit", '-' },
    { "log_level", "debug", "error", "error", 'p' },
    { "log_level", "debug", NULL, "debug", 's' },
};

static char *
yaml_of(const char *key, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(key, ".", 2);

    if (value == NULL)
        return g_strdup("");
    return parts[1] != NULL
               ? g_strdup_printf("%s: {%s: %s}\n", parts[0], parts[1], value)
               : g_strdup_printf("%s: %s\n", parts[0], value);
}

/* Returns: (transfer full): what is in force of @key, as a file would say it. */
static char *
value_of(const BnsPolicy *policy, const char *key)
{
    BnsPolicyLimits limits = bns_policy_limits(policy);
    const uint64_t *values = bns_policy_process_limits(policy)->values;
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {
        { "limits.names", limits.names },
        { "limits.flows", limits.flows },
        { "limits.flow_rate", limits.flow_rate },
        { "limits.idle", limits.idle_s },
        { "limits.audit_size", limits.audit_bytes },
        { "limits.processes", values[BNS_LIMIT_PROCESSES] },
        { "limits.cpu", values[BNS_LIMIT_CPU] },
    };
    const BnsFiles *files = bns_policy_file_policy(policy);
    const char *text = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (strcmp(key, numbers[i].key) == 0)
            return g_strdup_printf("%" G_GUINT64_FORMAT, numbers[i].value);
    if (strcmp(key, "nested") == 0)
        text = bns_nested_name(bns_policy_nested(policy));
    else if (strcmp(key, "tty.clipboard") == 0)
        text = bns_policy_clipboard(policy) ? "true" : "false";
    else if (strcmp(key, "files.mode") == 0)
        text = files->mode == BNS_FILE_MODE_SHARED ? "shared" : "workspace";
    else if (strcmp(key, "files.on_protected") == 0)
        text = files->on_protected == BNS_ON_PROTECTED_QUARANTINE ? "quarantine"
                                                                  : "report";
    else if (strcmp(key, "files.review") == 0)
        text = files->review == BNS_FILES_REVIEW_ON ? "true" : "false";
    else if (strcmp(key, "env.mode") == 0)
        text = bns_policy_env(policy)->mode == BNS_ENV_MODE_CLEAN ? "clean" : "inherit";
    else if (strcmp(key, "log_level") == 0)
        text = bns_policy_log_level(policy);
    return g_strdup(text);
}

static void
test_settings(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(setting_rows); i++) {
        const SettingRow *row = &setting_rows[i];
        g_autofree char *system = yaml_of(row->key, row->system);
        g_autofree char *yaml = yaml_of(row->key, row->yaml);
        g_autoptr(BnsPolicy) policy = below(system, yaml);
        g_autofree char *value = value_of(policy, row->key);
        const char *origin = strcmp(row->key, "nested") == 0
                                 ? bns_policy_nested_origin(policy)
                                 : bns_policy_origin(policy, row->key);

        g_test_message("%s: %s over %s", row->key, row->system, row->yaml);
        g_assert_cmpstr(value, ==, row->value);
        if (row->origin == '-')
            g_assert_null(origin);
        else
            g_assert_cmpint(origin[1], ==, row->origin);
    }
}

static void
test_write_list_is_no_shared_tree(void)
{
    g_autoptr(BnsPolicy) policy =
        below("files: {mode: shared, write: []}\n", "files: {mode: shared}\n");

    g_assert_cmpint(bns_policy_file_policy(policy)->mode, ==, BNS_FILE_MODE_WORKSPACE);
    g_assert_cmpstr(bns_policy_origin(policy, "files.mode"), ==, "/s.yaml:1");
}

static void
count_allowed(const char *system, const char *yaml, guint allow, guint ceiling)
{
    g_autoptr(BnsPolicy) policy = below(system, yaml);
    const BnsCommands *commands = bns_policy_commands(policy);

    g_assert_cmpuint(commands->allow->len, ==, allow);
    g_assert_cmpuint(commands->ceiling->len, ==, ceiling);
}

/* A list that one of them has alone is the list. */
static void
test_allowed_commands(void)
{
    count_allowed("{}", "{}", 0, 0);
    count_allowed("{}", "commands: {allow: [a, b]}", 2, 0);
    count_allowed("commands: {allow: [c]}", "{}", 1, 0);
    count_allowed("commands: {allow: [c]}", "commands: {allow: [a, b]}", 2, 1);
}

static void
test_allowed_is_not_nested(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(policy_below("commands: {allow: [c]}\n", "nested: full\n", &error));
    g_assert_cmpstr(error->message, ==,
                    "/s.yaml:1:20: commands.allow: cannot hold with nested: full, "
                    "where the command mounts what it likes: leave one of them out");
}

static void
test_commands(void)
{
    g_autoptr(BnsPolicy) policy =
        below("commands: {deny: [curl, 'git push*'], exec: record}\n",
              "commands: {deny: [wget]}\n");
    const BnsCommands *commands = bns_policy_commands(policy);
    const BnsCommandRule *last = commands->deny->pdata[2];

    g_assert_cmpuint(commands->deny->len, ==, 3);
    g_assert_cmpstr(last->program, ==, "git");
    g_assert_cmpstr(last->origin, ==, "/s.yaml:1");
    g_assert_cmpstr(commands->record_origin, ==, "/s.yaml:1");
}

static void
test_env(void)
{
    g_autoptr(BnsPolicy) policy = below(
        "env: {pass: ['OK_*', ONE], set: {FIXED: '1'}, hide: [SECRET]}\n",
        "env: {pass: ['*'], set: {FIXED: '2', SECRET: x, MINE: y}, hide: [ONE]}\n");
    g_autoptr(BnsPolicy) closed = below("env: {pass: []}\n", "env: {pass: [A]}\n");
    g_autoptr(BnsPolicy) silent = below("", "env: {pass: [A]}\n");
    const BnsEnv *env = bns_policy_env(policy);
    const char *const order[] = { "*",   "FIXED", "SECRET", "MINE",
                                  "ONE", "FIXED", "SECRET" };

    g_assert_true(bns_env_may_pass(env, "OK_1"));
    g_assert_true(bns_env_may_pass(env, "ONE"));
    g_assert_false(bns_env_may_pass(env, "TWO"));
    g_assert_false(bns_env_may_pass(bns_policy_env(closed), "A"));
    g_assert_true(bns_env_may_pass(bns_policy_env(silent), "A"));
    /* What the system policy sets and hides has the last word. */
    g_assert_cmpuint(env->entries->len, ==, G_N_ELEMENTS(order));
    for (guint i = 0; i < env->entries->len; i++)
        g_assert_cmpstr(((BnsEnvEntry *)env->entries->pdata[i])->name, ==, order[i]);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/policy/layer-settings/of-settings-the-narrower-is-in-force",
                 test_settings);
    bns_test_add("/policy/layer-settings/a-list-to-write-is-no-shared-tree",
                 test_write_list_is_no_shared_tree);
    bns_test_add("/policy/layer-settings/commands-are-denied-by-either", test_commands);
    bns_test_add("/policy/layer-settings/commands-are-allowed-by-both",
                 test_allowed_commands);
    bns_test_add("/policy/layer-settings/allowed-commands-are-not-nested",
                 test_allowed_is_not_nested);
    bns_test_add("/policy/layer-settings/variables-are-what-both-pass", test_env);
    return g_test_run();
}
