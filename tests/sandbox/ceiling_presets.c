/* SPDX-License-Identifier: Apache-2.0 */
/* No preset opens what a system policy does not. */
#include "policy/preset.h"
#include "tests/sandbox/ceiling_machine.h"
#include "tests/support/test.h"

static bool
preset_allows(const BnsPolicy *policy, const BnsRule *rule)
{
    const BnsHostPattern *host = &g_array_index(rule->hosts, BnsHostPattern, 0);
    bool is_below = host->kind == BNS_HOST_PATTERN_BELOW;
    g_autofree char *name = g_strconcat(
        is_below ? "x." : "", host->name != NULL ? host->name : "a.org", NULL);

    for (BnsScheme scheme = 0; scheme < BNS_N_SCHEMES; scheme++) {
        uint16_t port =
            rule->ports->len > 0 ? g_array_index(rule->ports, uint16_t, 0) : 443;

        if (bns_policy_could_allow(policy, scheme, name, port).verdict ==
            BNS_VERDICT_ALLOW)
            return true;
    }
    return false;
}

/* Returns: how many of its rules open something. */
static guint
count_open(const BnsPolicy *policy)
{
    guint n = 0;

    for (guint i = 0; i < policy->rules->len; i++) {
        const BnsRule *rule = policy->rules->pdata[i];

        n += rule->verdict == BNS_VERDICT_ALLOW && preset_allows(policy, rule);
    }
    return n;
}

/* Returns: (transfer full): the policy of @preset alone, below @system, which may be
 * %NULL */
static BnsPolicy *
load_preset(const char *preset, const char *system)
{
    g_auto(GStrv) presets = g_strsplit(preset, ",", -1);
    BnsPolicySource source = { .presets = presets };
    GError *error = NULL;
    BnsPolicy *policy = bns_policy_load(&source, NULL, &error);

    g_assert_no_error(error);
    if (system != NULL)
        bns_policy_set_ceiling(
            policy, bns_policy_parse("/s.yaml", system, strlen(system), NULL), &error);
    g_assert_no_error(error);
    return policy;
}

static guint
count_passed(const BnsPolicy *policy)
{
    const BnsEnv *env = bns_policy_env(policy);
    guint n = 0;

    for (guint i = 0; i < env->entries->len; i++) {
        const BnsEnvEntry *entry = env->entries->pdata[i];

        n += entry->kind == BNS_ENV_PASS && bns_env_may_pass(env, entry->name);
    }
    return n;
}

/* Under a system policy that opens nothing of a preset's. */
static void
check_closed(const Machine *machine, const char *preset, const char *system)
{
    g_autofree char *at = machine_path(machine, "home/src/project");
    g_autofree char *secret = machine_path(machine, "home/.ssh/id_ed25519");
    g_autoptr(BnsPolicy) policy = load_preset(preset, system);
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsFilePlan) plan =
        bns_file_plan_new(policy, machine->places, at, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(count_open(policy), ==, 0);
    g_assert_cmpuint(count_passed(policy), ==, 0);
    g_assert_cmpint(bns_policy_nested(policy), ==, BNS_NESTED_NONE);
    g_assert_false(bns_policy_clipboard(policy));
    g_assert_null(plan->persisted->pdata[0]);
    g_assert_null(plan->sockets->pdata[0]);
    g_assert_false(machine_can_write(plan, at));
    g_assert_true(bns_file_view_hides(&plan->view, secret));
}

/* None opens what a system policy does not allow, or denies. */
static void
test_presets(void)
{
    static const char rest[] = "env: {pass: []}\nfiles: {write: []}\nnested: none\n"
                               "sockets: []\ntty: {clipboard: false}\n";
    static const char *const rules[] = {
        "required: true\n",
        "allow: [own.example]\n",
        "allow: ['*', 'tcp://*:22']\ndeny: ['*']\n",
    };
    g_auto(Machine) machine = { 0 };
    guint n_open = 0, n_passed = 0;

    machine_init(&machine);
    for (size_t i = 0; i < bns_n_presets; i++) {
        g_autoptr(BnsPolicy) alone = load_preset(bns_presets[i].name, NULL);

        g_test_message("%s", bns_presets[i].name);
        g_assert_true(alone->rules->len == 0 || count_open(alone) > 0);
        n_open += count_open(alone);
        n_passed += count_passed(alone);
        for (size_t j = 0; j < G_N_ELEMENTS(rules); j++) {
            g_autofree char *system = g_strconcat(rules[j], rest, NULL);

            check_closed(&machine, bns_presets[i].name, system);
        }
    }
    g_assert_cmpuint(n_open, >, bns_n_presets);
    g_assert_cmpuint(n_passed, >, 0);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/sandbox/ceiling/presets-open-nothing-under-it", test_presets);
    return g_test_run();
}
