/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of two layers, of several files of one, and of many rules. */
#include "tests/policy/generate.h"
#include "tests/support/test.h"

#include <stdio.h>

#define ROUNDS    400
#define QUESTIONS 40
#define RULES_MAX 5

static bool
is_allowed(const BnsPolicy *policy, const BnsRequest *request)
{
    return bns_policy_decide(policy, request).verdict == BNS_VERDICT_ALLOW;
}

static bool
could(const BnsPolicy *policy, const BnsRequest *request)
{
    return bns_policy_could_allow(policy, request->scheme, request->host, request->port)
               .verdict == BNS_VERDICT_ALLOW;
}

static bool
is_refused(const BnsPolicy *policy, const BnsRequest *request)
{
    return bns_policy_flow_kind(policy, request->host, request->port, NULL) ==
           BNS_FLOW_REFUSE;
}

/* --- layers --- */

/* Returns: (transfer full): the policy of @rules below the one of @ceiling_rules; %NULL if
 * either makes none. */
static BnsPolicy *
try_below(const GPtrArray *ceiling_rules, const GPtrArray *rules)
{
    g_autoptr(BnsPolicy) ceiling = generate_policy(ceiling_rules);
    g_autoptr(BnsPolicy) policy = generate_policy(rules);
    GError *error = NULL;

    if (ceiling == NULL || policy == NULL)
        return NULL;
    bns_policy_set_ceiling(policy, g_steal_pointer(&ceiling), &error);
    g_assert_no_error(error);
    return g_steal_pointer(&policy);
}

/* Whether @both does nothing that @alone would not. */
static bool
is_within(const BnsPolicy *both, const BnsPolicy *alone, const BnsRequest *request)
{
    return (!is_allowed(both, request) || is_allowed(alone, request)) &&
           (!could(both, request) || could(alone, request)) &&
           (is_refused(both, request) || !is_refused(alone, request));
}

static bool
decide_alike(const BnsPolicy *a, const BnsPolicy *b, const BnsRequest *request)
{
    return is_allowed(a, request) == is_allowed(b, request) &&
           could(a, request) == could(b, request) &&
           bns_policy_flow_kind(a, request->host, request->port, NULL) ==
               bns_policy_flow_kind(b, request->host, request->port, NULL) &&
           bns_policy_is_sealed(a, request->host, request->port) ==
               bns_policy_is_sealed(b, request->host, request->port);
}

static bool
check_layers(const BnsPolicy *both,
             const BnsPolicy *swapped,
             const BnsPolicy *above,
             const BnsPolicy *alone,
             const BnsRequest *request)
{
    bool is_joint = is_allowed(above, request) && is_allowed(alone, request);
    BnsDecision decision = bns_policy_decide(both, request);

    return is_within(both, above, request) && is_within(both, alone, request) &&
           is_allowed(both, request) == is_joint &&
           decide_alike(both, swapped, request) && decision.reason != NULL &&
           decision.is_ceiling == !is_allowed(above, request);
}

/* What both allow each allows, whichever is above; nothing below helps against a refusal
 * above. */
static void
test_layers(void)
{
    unsigned n_allowed = 0;

    for (int round = 0; round < ROUNDS * 4; round++) {
        g_autoptr(GPtrArray) above_rules = generate_layer(RULES_MAX);
        g_autoptr(GPtrArray) rules = generate_layer(RULES_MAX);
        g_autoptr(BnsPolicy) above = generate_policy(above_rules);
        g_autoptr(BnsPolicy) alone = generate_policy(rules);
        g_autoptr(BnsPolicy) both = try_below(above_rules, rules);
        g_autoptr(BnsPolicy) swapped = try_below(rules, above_rules);

        for (int i = 0; both != NULL && i < QUESTIONS; i++) {
            g_auto(Question) q = { 0 };

            generate_question(&q);
            if (!check_layers(both, swapped, above, alone, &q.request))
                g_error("does not hold: %s above %s", generate_show(above_rules, &q),
                        generate_show(rules, &q));
            n_allowed += is_allowed(both, &q.request);
        }
    }
    g_assert_cmpuint(n_allowed, >, ROUNDS);
}

/* --- files --- */

#define FILES 3

static void
shuffle(guint *order, guint n)
{
    for (guint i = 0; i < n; i++)
        order[i] = i;
    for (guint i = n; i > 1; i--) {
        guint j = (guint)g_test_rand_int_range(0, (gint32)i);
        guint last = order[i - 1];

        order[i - 1] = order[j];
        order[j] = last;
    }
}

/* Without waiting for a disk, as g_file_set_contents() does. */
static void
write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    g_assert_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Returns: (transfer full) (nullable): the policy of a file that extends those of
 * @yamls, written to @folder, in @order. */
static BnsPolicy *
load_extending(const char *folder, char *const *yamls, const guint *order)
{
    g_autoptr(GString) main_yaml = g_string_new("extends:\n");
    g_autofree char *path = g_build_filename(folder, "main.yaml", NULL);
    BnsPolicySource source = { .config_path = path };

    for (guint i = 0; i < FILES; i++) {
        g_autofree char *name = g_strdup_printf("%u.yaml", order[i]);
        g_autofree char *file = g_build_filename(folder, name, NULL);

        write_file(file, yamls[order[i]]);
        g_string_append_printf(main_yaml, "  - %s\n", name);
    }
    write_file(path, main_yaml->str);
    return bns_policy_load(&source, NULL, NULL);
}

/* In whatever order files are read that one extends. */
static void
test_files(void)
{
    g_autofree char *folder = g_dir_make_tmp("bns-files-XXXXXX", NULL);
    unsigned n_valid = 0;

    g_assert_nonnull(folder);
    for (int round = 0; round < ROUNDS / 8; round++) {
        g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
        g_auto(GStrv) yamls = g_new0(char *, FILES + 1);
        g_autoptr(BnsPolicy) one = NULL, other = NULL;
        guint order[FILES], again[FILES];

        for (guint i = 0; i < FILES; i++) {
            GPtrArray *rules = generate_rules(2);

            yamls[i] = generate_yaml(rules);
            g_ptr_array_extend_and_steal(all, rules);
        }
        shuffle(order, FILES);
        shuffle(again, FILES);
        one = load_extending(folder, yamls, order);
        other = load_extending(folder, yamls, again);
        g_assert_cmpint(one == NULL, ==, other == NULL);
        n_valid += one != NULL;
        for (int i = 0; one != NULL && i < QUESTIONS; i++) {
            g_auto(Question) q = { 0 };

            generate_question(&q);
            if (!decide_alike(one, other, &q.request))
                g_error("files differ by their order: %s", generate_show(all, &q));
        }
    }
    g_assert_cmpuint(n_valid, >, ROUNDS / 16);
    bns_test_remove_tree(folder);
}

/* --- many rules --- */

#define MANY 80

static const char *const many_paths[] = {
    "/a",  "/A/*", "/a/b", "/b/*/a", "/**/b", "/a%2Fb/*", "/%61/b", "/%61/b/",
    "/a*", "/",    "/b",   "/a/b/a", "/b/a/", "/a/b/**",  "/b/b/b", "/a%252Fb",
};

/* Rules of few hosts with paths of a kind, as whoever writes many rules does. */
static GPtrArray *
many_rules(const char *sign)
{
    static const char *const hosts[] = { "x.org", "x.org", ".x.org", "*" };
    GPtrArray *rules = g_ptr_array_new_with_free_func(g_free);

    for (int i = 0; i < MANY; i++) {
        g_autoptr(GString) rule = g_string_new(NULL);

        g_string_append_printf(rule, "{ domain: \"%s\"", PICK(hosts));
        if (g_test_rand_int_range(0, 8) == 0)
            g_string_append(rule, ", methods: [PUT]");
        if (g_test_rand_int_range(0, 2 * MANY) != 0)
            g_string_append_printf(rule, ", path: \"%s\"", PICK(many_paths));
        g_string_append(rule, " }");
        generate_add(rules, i % 2 == 0 ? sign : "", rule->str);
    }
    return rules;
}

static bool
has_host(const BnsRule *rule, const char *host)
{
    BnsAddress address;
    const BnsAddress *literal = bns_address_parse(host, &address) ? &address : NULL;

    for (guint i = 0; i < rule->hosts->len; i++)
        if (bns_host_pattern_matches(&g_array_index(rule->hosts, BnsHostPattern, i),
                                     host, literal))
            return true;
    return false;
}

/* Returns: the first rule of @verdict that matches, asking each; of those that allow
 * @out_best gets how near one came. */
static const BnsRule *
walk(const BnsPolicy *policy,
     BnsVerdict verdict,
     const BnsRequest *request,
     const BnsReadings *readings,
     BnsMiss *out_best)
{
    *out_best = BNS_MISS_HOST;
    for (guint i = 0; i < policy->rules->len; i++) {
        const BnsRule *rule = policy->rules->pdata[i];
        BnsMiss miss;

        if (rule->verdict != verdict || !has_host(rule, request->host))
            continue;
        miss = bns_rule_compare(rule, request, readings);
        if (miss == BNS_MISS_NOTHING)
            return rule;
        *out_best = MAX(*out_best, miss);
    }
    return NULL;
}

static void
check_walk(const BnsPolicy *policy, const GPtrArray *rules, const Question *q)
{
    g_auto(BnsReadings) readings = { 0 };
    BnsDecision decision = bns_policy_decide(policy, &q->request);
    const BnsRule *rule;
    BnsMiss best;

    bns_readings_init(&readings, q->path);
    rule = walk(policy, BNS_VERDICT_DENY, &q->request, &readings, &best);
    if (rule == NULL)
        rule = walk(policy, BNS_VERDICT_ALLOW, &q->request, &readings, &best);
    if (decision.rule != (rule != NULL ? rule->origin : NULL))
        g_error("%s, not %s: %s", decision.rule, rule != NULL ? rule->origin : "none",
                generate_show(rules, q));
    if (rule == NULL &&
        (strstr(decision.reason, "path") != NULL) != (best == BNS_MISS_PATH))
        g_error("%s: %s", decision.reason, generate_show(rules, q));
}

/* The index finds what asking every rule finds. */
static void
test_many(void)
{
    unsigned n_asked = 0, n_allowed = 0;

    for (int round = 0; round < ROUNDS; round++) {
        /* Where many deny there is little to allow. */
        g_autoptr(GPtrArray) rules = many_rules(round % 2 == 0 ? "!" : "");
        g_autoptr(BnsPolicy) policy = generate_policy(rules);

        for (int i = 0; i < QUESTIONS; i++) {
            g_auto(Question) q = { 0 };

            generate_question(&q);
            if (q.request.scheme != BNS_SCHEME_HTTP &&
                q.request.scheme != BNS_SCHEME_HTTPS)
                continue;
            if (g_test_rand_int_range(0, 4) == 0) {
                g_free(q.path);
                q.request.path = q.path = g_strdup(PICK(many_paths));
            }
            check_walk(policy, rules, &q);
            n_asked++;
            n_allowed += is_allowed(policy, &q.request);
        }
    }
    g_assert_cmpuint(n_allowed, >, n_asked / 20);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/policy/property/layers-never-widen-each-other", test_layers);
    bns_test_add("/policy/property/files-decide-alike-in-any-order", test_files);
    bns_test_add("/policy/property/many-rules-are-found-as-by-a-walk", test_many);
    return g_test_run();
}
