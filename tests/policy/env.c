/* SPDX-License-Identifier: Apache-2.0 */
/* env: and --env. */
#include "policy/env.h"
#include "policy/policy.h"
#include "policy/policy_private.h"
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#include <string.h>

static void
test_entries(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("env:\n"
                                              "  mode: clean\n"
                                              "  pass: [GH_TOKEN, 'AWS_*']\n"
                                              "  set:\n"
                                              "    CI: true\n"
                                              "    PORT: 8080\n"
                                              "    EMPTY: ''\n"
                                              "    \"npm_config_//x/:a\": a=b c\n");
    const BnsEnv *env = bns_policy_env(policy);
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_cmpint(env->mode, ==, BNS_ENV_MODE_CLEAN);
    for (guint i = 0; i < env->entries->len; i++) {
        const BnsEnvEntry *entry = env->entries->pdata[i];

        g_string_append_printf(text, "%s %s %s=%s\n", entry->origin,
                               bns_env_kind_name(entry->kind), entry->name,
                               entry->value != NULL ? entry->value : "-");
    }
    g_assert_cmpstr(text->str, ==,
                    "/p.yaml:3 pass GH_TOKEN=-\n"
                    "/p.yaml:3 pass AWS_*=-\n"
                    "/p.yaml:5 set CI=true\n"
                    "/p.yaml:6 set PORT=8080\n"
                    "/p.yaml:7 set EMPTY=\n"
                    "/p.yaml:8 set npm_config_//x/:a=a=b c\n");
}

static void
test_nothing(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("env: {}\n");
    g_autoptr(BnsPolicy) empty = policy_from("env: {pass: , set: {}}\n");

    g_assert_cmpint(bns_policy_env(policy)->mode, ==, BNS_ENV_MODE_NONE);
    g_assert_cmpuint(bns_policy_env(empty)->entries->len, ==, 0);
}

static void
test_merge(void)
{
    g_autoptr(BnsEnv) base = bns_env_new();
    g_autoptr(BnsEnv) more = bns_env_new();
    const BnsEnvEntry *last;

    base->mode = BNS_ENV_MODE_CLEAN;
    g_assert_true(bns_env_add(base, "A=1", "x", NULL));
    g_assert_true(bns_env_add(more, "A", "y", NULL));
    bns_env_merge(base, more);
    g_assert_cmpint(base->mode, ==, BNS_ENV_MODE_CLEAN);
    g_assert_cmpuint(base->entries->len, ==, 2);
    last = base->entries->pdata[1];
    g_assert_cmpint(last->kind, ==, BNS_ENV_PASS);
    more->mode = BNS_ENV_MODE_INHERIT;
    bns_env_merge(base, more);
    g_assert_cmpint(base->mode, ==, BNS_ENV_MODE_INHERIT);
    g_assert_cmpuint(base->entries->len, ==, 2);
}

static void
test_options(void)
{
    char *given[] = { (char *)(uintptr_t) "A=b=c", (char *)(uintptr_t) "B",
                      (char *)(uintptr_t) "C=\xff\n", NULL };
    char *bad[] = { (char *)(uintptr_t) "A", (char *)(uintptr_t) "=secret", NULL };
    const BnsPolicySource source = { .env = given };
    const BnsPolicySource wrong = { .env = bad };
    g_autoptr(BnsPolicy) policy = bns_policy_load(&source, NULL, NULL);
    g_autoptr(GError) error = NULL;
    const BnsEnvEntry *entry;

    g_assert_nonnull(policy);
    entry = bns_policy_env(policy)->entries->pdata[0];
    g_assert_cmpstr(entry->value, ==, "b=c");
    entry = bns_policy_env(policy)->entries->pdata[1];
    g_assert_cmpstr(entry->origin, ==, "--env#2");
    g_assert_null(entry->value);
    entry = bns_policy_env(policy)->entries->pdata[2];
    g_assert_cmpstr(entry->value, ==, "\xff\n");
    g_assert_null(bns_policy_load(&wrong, NULL, &error));
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    g_assert_cmpstr(error->message, ==, "--env#2: a name is missing: write one");
}

static void
test_limits(void)
{
    g_autoptr(BnsEnv) env = bns_env_new();
    g_autoptr(GError) many = NULL;
    g_autoptr(GError) big = NULL;
    g_autofree char *fits = g_strnfill(BNS_ENV_VARIABLE_MAX - 1, 'v');
    g_autofree char *too_long = g_strnfill(BNS_ENV_VARIABLE_MAX, 'v');

    fits[1] = too_long[1] = '=';
    g_assert_true(bns_env_add(env, fits, "--env#1", NULL));
    g_assert_false(bns_env_add(env, too_long, "--env#2", &big));
    g_assert_cmpstr(big->message, ==, "--env#2: longer than 128 KiB");
    for (guint i = 1; i < BNS_ENV_ENTRIES_MAX; i++)
        g_assert_true(bns_env_add(env, "A", "--env#3", NULL));
    g_assert_false(bns_env_add(env, "A", "--env#257", &many));
    g_assert_cmpstr(many->message, ==, "--env#257: more entries than 256: name fewer");
}

static void
test_digest(void)
{
    g_autoptr(BnsPolicy) nothing = policy_from("");
    g_autoptr(BnsPolicy) inherit = policy_from("env: {mode: inherit}\n");
    g_autoptr(BnsPolicy) clean = policy_from("env: {mode: clean}\n");
    g_autoptr(BnsPolicy) pass = policy_from("env: {pass: [A]}\n");
    g_autoptr(BnsPolicy) set = policy_from("env: {set: {A: 1}}\n");
    g_autoptr(BnsPolicy) other = policy_from("env: {set: {A: 2}}\n");

    g_assert_cmpstr(bns_policy_digest(nothing), ==, bns_policy_digest(inherit));
    g_assert_cmpstr(bns_policy_digest(nothing), !=, bns_policy_digest(clean));
    g_assert_cmpstr(bns_policy_digest(nothing), !=, bns_policy_digest(pass));
    g_assert_cmpstr(bns_policy_digest(pass), !=, bns_policy_digest(set));
    g_assert_cmpstr(bns_policy_digest(set), ==, bns_policy_digest(other));
}

typedef struct {
    const char *name;
    const char *yaml;
    const char *error; /* after the file's name */
} BadCase;

static const BadCase bad_cases[] = {
    { "no-mapping", "env: [A]\n",
      ":1:6: env: must be a mapping with mode, pass, set or hide" },
    { "an-unknown-key", "env:\n  passs: []\n",
      ":2:3: unknown key \"passs\": is it pass?" },
    { "an-unknown-mode", "env: {mode: none}\n",
      ":1:13: env.mode: must be inherit or clean" },
    { "a-scalar", "env: {pass: A}\n",
      ":1:13: env.pass: must be a list: begin each item with - in a line of its own" },
    { "a-number", "env: {pass: [1]}\n",
      ":1:14: env.pass: must be a string: put it in quotation marks" },
    { "a-value-to-pass", "env: {pass: ['A=b']}\n",
      ":1:14: env.pass: A=b: a name is of printable ASCII, without blanks and =" },
    { "no-name", "env: {pass: ['']}\n",
      ":1:14: env.pass: a name is missing: write one" },
    { "a-blank", "env: {pass: ['A B']}\n",
      ":1:14: env.pass: A B: a name is of printable ASCII, without blanks and =" },
    { "a-line", "env: {pass: [\"A\\nB\"]}\n",
      ":1:14: env.pass: A\\x0aB: a name is of printable ASCII, without blanks and =" },
    { "no-ascii", "env: {pass: [\"\xc3\xa9\"]}\n",
      ":1:14: env.pass: \\xc3\\xa9: a name is of printable ASCII, without blanks and "
      "=" },
    { "another-pattern", "env: {pass: ['A?']}\n",
      ":1:14: env.pass: A?: has no patterns but *: write that" },
    { "twice", "env: {pass: [A, B, A]}\n",
      ":1:20: env.pass: A: is named twice: remove one" },
    { "passed-and-set", "env:\n  pass: [A]\n  set: {A: x}\n",
      ":3:9: env.set: A: is named twice: remove one" },
    { "set-twice", "env:\n  set:\n    A: x\n    A: y\n",
      ":4:5: key \"A\" is given twice, first in line 3: write it once" },
    { "a-list-to-set", "env: {set: [A]}\n",
      ":1:12: env.set: must be a mapping of names to values" },
    { "a-pattern-to-set", "env: {set: {'A*': x}}\n",
      ":1:13: env.set: A*: is one name, without *: write each" },
    { "no-value", "env: {set: {A: }}\n",
      ":1:16: env.set: must be a value; write '' for an empty one" },
    { "a-mapping-as-value", "env: {set: {A: {}}}\n",
      ":1:16: env.set: must be a value: write text" },
    { "nul", "env: {set: {A: \"x\\0y\"}}\n", ":1:16: a NUL character: leave it out" },
};

static void
test_bad(gconstpointer data)
{
    const BadCase *row = data;
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_policy_parse("/p.yaml", row->yaml, strlen(row->yaml), &error));
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    g_assert_cmpstr(error->message + strlen("/p.yaml"), ==, row->error);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/policy/env/entries-keep-order-and-place", test_entries);
    bns_test_add("/policy/env/nothing-may-be-said", test_nothing);
    bns_test_add("/policy/env/a-file-adds-to-what-it-extends", test_merge);
    bns_test_add("/policy/env/options-are-entries", test_options);
    bns_test_add("/policy/env/there-are-limits", test_limits);
    bns_test_add("/policy/env/the-digest-has-names-and-no-values", test_digest);
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        g_autofree char *path =
            g_strconcat("/policy/env/refused/", bad_cases[i].name, NULL);

        bns_test_add_data(path, &bad_cases[i], test_bad);
    }
    return g_test_run();
}
