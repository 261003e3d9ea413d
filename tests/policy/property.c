/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every policy of one layer and every request. */
#include "tests/policy/generate.h"
#include "tests/support/test.h"

#include <arpa/inet.h>

#define ROUNDS    400
#define QUESTIONS 40
#define RULES_MAX 5

/* --- one more rule --- */

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

/* Whether what is asked is allowed, and the address may be dialled for it. */
static bool
reaches(const BnsPolicy *policy,
        const BnsRequest *request,
        const char *text,
        bool is_given)
{
    BnsDecision decision = bns_policy_decide(policy, request);
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    bool is_ipv4 = inet_pton(AF_INET, text, &in.sin_addr) == 1;
    const struct sockaddr *address =
        is_ipv4 ? (const struct sockaddr *)&in : (const struct sockaddr *)&in6;

    if (!is_ipv4)
        g_assert_cmpint(inet_pton(AF_INET6, text, &in6.sin6_addr), ==, 1);
    return bns_policy_decide_address(policy, &decision, request->scheme, address,
                                     request->port, is_given)
               .verdict == BNS_VERDICT_ALLOW;
}

static bool
reaches_literal(const BnsPolicy *policy, const BnsRequest *request)
{
    BnsDecision decision = bns_policy_decide(policy, request);

    return bns_policy_decide_literal(policy, &decision, request).verdict ==
           BNS_VERDICT_ALLOW;
}

static bool
is_let_in(const BnsPolicy *policy, const BnsRequest *request)
{
    return bns_policy_flow_kind(policy, request->host, request->port, NULL) !=
           BNS_FLOW_REFUSE;
}

/* Whether a tcp or sealed rule decides what kind the flow is. */
static bool
is_unread(const BnsPolicy *policy, const BnsRequest *request)
{
    return bns_policy_has_kind(policy, BNS_SCHEME_TCP, request->host, request->port) ||
           bns_policy_is_sealed(policy, request->host, request->port);
}

static const char *const addresses[] = {
    "8.8.8.8", "10.0.0.1", "127.0.0.1", "fd00::1", "64:ff9b::a00:1", "::ffff:10.0.0.1",
};

/* Whether more may leave by @after than by @before. */
static bool
is_uncapped(const BnsPolicy *before, const BnsPolicy *after, const BnsRequest *request)
{
    BnsDecision first = bns_policy_decide(before, request);
    BnsDecision then = bns_policy_decide(after, request);

    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++)
        if (then.verdict == BNS_VERDICT_ALLOW &&
            bns_cap_is_wider(&then.caps[kind], &first.caps[kind]))
            return true;
    return false;
}

/* Returns: %NULL, or what @after does and @before does not. */
static const char *
find_widened(const BnsPolicy *before, const BnsPolicy *after, const BnsRequest *request)
{
    const char *address = PICK(addresses);
    bool is_given = g_test_rand_int_range(0, 4) == 0;

    if (is_allowed(after, request) && !is_allowed(before, request))
        return "allowed";
    if (is_uncapped(before, after, request))
        return "the caps";
    if (could(after, request) && !could(before, request))
        return "could be allowed";
    if (reaches(after, request, address, is_given) &&
        !reaches(before, request, address, is_given))
        return address;
    if (reaches_literal(after, request) && !reaches_literal(before, request))
        return "the literal";
    return NULL;
}

static const char *
find_widened_by_deny(const BnsPolicy *before,
                     const BnsPolicy *after,
                     const BnsRequest *request)
{
    if (is_let_in(after, request) && !is_let_in(before, request))
        return "let in";
    return find_widened(before, after, request);
}

static const char *
find_narrowed_by_allow(const BnsPolicy *before,
                       const BnsPolicy *after,
                       const BnsRequest *request)
{
    /* A flow of which nothing is read falls under denials of what could be in it. */
    bool changes_kind = is_unread(after, request) && !is_unread(before, request);

    if (!changes_kind && is_let_in(before, request) && !is_let_in(after, request))
        return "not let in";
    return find_widened(after, before, request);
}

typedef const char *(*CheckFunc)(const BnsPolicy *before,
                                 const BnsPolicy *after,
                                 const BnsRequest *);

/* Adds a rule, prefixed by @sign, to random policies, and checks before against after. */
static void
check_addition(const char *sign, CheckFunc check)
{
    unsigned n_valid = 0, n_different = 0;

    for (int round = 0; round < ROUNDS; round++) {
        /* What nothing allows a deny does not change. */
        g_autoptr(GPtrArray) rules =
            *sign == '!' ? generate_layer(RULES_MAX) : generate_rules(RULES_MAX);
        g_autoptr(BnsPolicy) before = generate_policy(rules);
        g_autoptr(BnsPolicy) after = NULL;
        g_autofree char *rule = generate_rule();

        generate_add(rules, sign, rule);
        after = generate_policy(rules);
        n_valid += before != NULL && after != NULL;
        for (int i = 0; before != NULL && after != NULL && i < QUESTIONS; i++) {
            g_auto(Question) q = { 0 };
            const char *problem;

            generate_question(&q);
            problem = check(before, after, &q.request);
            if (problem != NULL)
                g_error("does not hold (%s): %s", problem, generate_show(rules, &q));
            n_different +=
                is_allowed(before, &q.request) != is_allowed(after, &q.request);
        }
    }
    g_test_message("%u of %d make policies, %u verdicts differ", n_valid, ROUNDS,
                   n_different);
    g_assert_cmpuint(n_valid, >, ROUNDS / 2);
    g_assert_cmpuint(n_different, >, ROUNDS / 4);
}

static void
test_deny_narrows(void)
{
    check_addition("!", find_widened_by_deny);
}

static void
test_allow_widens(void)
{
    check_addition("", find_narrowed_by_allow);
}

/* What is allowed could be allowed, and without a rule nothing is. */
static void
test_could_is_wider(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(GPtrArray) rules = generate_rules(RULES_MAX);
        g_autoptr(BnsPolicy) policy = generate_policy(rules);

        for (int i = 0; policy != NULL && i < QUESTIONS; i++) {
            g_auto(Question) q = { 0 };
            BnsDecision decision;

            generate_question(&q);
            decision = bns_policy_decide(policy, &q.request);
            if (is_allowed(policy, &q.request) && !could(policy, &q.request))
                g_error("allowed, but could not be: %s", generate_show(rules, &q));
            g_assert_true(decision.rule != NULL ||
                          decision.verdict == BNS_VERDICT_DENY);
            g_assert_nonnull(decision.reason);
        }
    }
}

/* --- forms --- */

static const char *const form_hosts[] = { "x.org", "*.x.org", "a.x.org", "*",
                                          "10.0.0.1" };
static const char *const form_methods[] = { "GET", "PUT", "GET,HEAD", "" };
static const char *const form_paths[] = { "", "/", "/a", "/a/*", "/a/b", "/*/b" };

/* The same rule as a string, as a mapping, in coder/boundary's form and in the form that
 * `check` prints decides alike. coder's has any port, so it is asked on 80 and 443. */
static void
test_forms(void)
{
    unsigned n_allowed = 0;

    for (int round = 0; round < ROUNDS; round++) {
        const char *host = PICK(form_hosts);
        const char *method = PICK(form_methods);
        const char *path = PICK(form_paths);
        const char *list = g_test_rand_int_range(0, 4) ? "" : "allow: ['*']\ndeny";
        g_autofree char *string =
            g_strdup_printf("%s: ['%s%s%s%s']", *list != '\0' ? list : "allow", method,
                            *method != '\0' ? " " : "", host, path);
        g_autofree char *mapping = g_strdup_printf(
            "%s: [{ domain: '%s'%s%s%s%s%s }]", *list != '\0' ? list : "allow", host,
            *method != '\0' ? ", methods: [" : "", method, *method != '\0' ? "]" : "",
            *path != '\0' ? ", path: " : "", path);
        g_autofree char *coder =
            g_strdup_printf("%s: ['domain=%s%s%s%s%s']", *list != '\0' ? list : "allow",
                            host, *method != '\0' ? " method=" : "", method,
                            *path != '\0' ? " path=" : "", path);
        g_autoptr(BnsPolicy) by_string = policy_from(string);
        g_autoptr(BnsPolicy) by_mapping = policy_from(mapping);
        g_autoptr(BnsPolicy) by_coder = policy_from(coder);

        for (int i = 0; i < QUESTIONS; i++) {
            g_auto(Question) q = { 0 };
            bool expected;

            generate_question(&q);
            if (q.request.port != 80 && q.request.port != 443)
                continue;
            expected = is_allowed(by_string, &q.request);
            if (is_allowed(by_mapping, &q.request) != expected ||
                is_allowed(by_coder, &q.request) != expected)
                g_error("%s, %s and %s differ: %s %s %s", string, mapping, coder,
                        q.method, q.host, q.path);
            n_allowed += expected;
        }
    }
    g_assert_cmpuint(n_allowed, >, ROUNDS);
}

static void
test_canonical(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(GPtrArray) rules = generate_rules(RULES_MAX);
        g_autoptr(GPtrArray) again = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(BnsPolicy) policy = generate_policy(rules);
        g_autoptr(BnsPolicy) second = NULL;

        if (policy == NULL)
            continue;
        for (guint i = 0; i < policy->rules->len; i++) {
            const BnsRule *rule = policy->rules->pdata[i];
            g_autofree char *form = bns_rule_to_string(rule);
            bool is_deny = rule->verdict == BNS_VERDICT_DENY;

            g_ptr_array_add(again, g_strconcat(is_deny ? "!" : "", form, NULL));
        }
        second = generate_policy(again);
        g_assert_nonnull(second);
        for (int i = 0; i < QUESTIONS; i++) {
            g_auto(Question) q = { 0 };

            generate_question(&q);
            if (find_widened(policy, second, &q.request) != NULL ||
                find_widened(second, policy, &q.request) != NULL)
                g_error("canonical forms differ: %s", generate_show(rules, &q));
        }
    }
}

/* --- paths --- */

/* No path below a prefix rule leads a server elsewhere, however it reads it. */
static void
test_prefix(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("allow: [x.org/public/**]");

    for (int round = 0; round < ROUNDS * 10; round++) {
        g_autofree char *tail = generate_path();
        g_autofree char *path = g_strconcat("/public", tail, NULL);
        BnsRequest request = { BNS_SCHEME_HTTPS, "x.org", 443, "GET", path };
        g_auto(BnsReadings) readings = { 0 };
        bool stays = true;

        g_assert_null(bns_path_check(path, strlen(path)));
        bns_readings_init(&readings, path);
        for (guint i = 0; i < bns_readings_count(&readings); i++) {
            const char *reading = bns_readings_get(&readings, i);

            stays &= g_str_equal(reading, "/public") ||
                     g_str_has_prefix(reading, "/public/");
        }
        g_assert_cmpint(is_allowed(policy, &request), ==, stays);
    }
}

/* --- suggestions --- */

/* A rule that is offered allows what it is offered for, where no rule denied it. */
static void
test_suggestion(void)
{
    unsigned n_denied = 0, n_valid = 0;

    for (int round = 0; round < ROUNDS * 4; round++) {
        g_auto(Question) q = { 0 };
        g_autoptr(GPtrArray) rules = generate_rules(RULES_MAX);
        g_autoptr(BnsPolicy) policy = generate_policy(rules);
        g_autoptr(BnsPolicy) after = NULL;
        g_autofree char *rule = NULL;
        BnsDecision decision;

        generate_question(&q);
        /* For a sealed flow there is no form to suggest. */
        if (q.request.scheme == BNS_SCHEME_TLS)
            q.request.scheme = BNS_SCHEME_HTTPS;
        rule = bns_policy_suggest(q.request.scheme, q.host, q.request.port, q.method,
                                  q.path);
        if (policy == NULL)
            continue;
        decision = bns_policy_decide(policy, &q.request);
        if (decision.verdict == BNS_VERDICT_ALLOW || decision.rule != NULL)
            continue;
        n_denied++;
        generate_add(rules, "", rule);
        after = generate_policy(rules);
        n_valid += after != NULL;
        if (after != NULL && !is_allowed(after, &q.request))
            g_error("%s does not allow %s", rule, generate_show(rules, &q));
    }
    g_assert_cmpuint(n_denied, >, ROUNDS);
    g_assert_cmpuint(n_valid, >, n_denied / 2);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/policy/property/one-more-deny-never-widens", test_deny_narrows);
    bns_test_add("/policy/property/one-more-allow-never-narrows", test_allow_widens);
    bns_test_add("/policy/property/what-is-allowed-could-be", test_could_is_wider);
    bns_test_add("/policy/property/forms-decide-alike", test_forms);
    bns_test_add("/policy/property/canonical-forms-decide-alike", test_canonical);
    bns_test_add("/policy/property/nothing-slips-under-a-prefix", test_prefix);
    bns_test_add("/policy/property/suggestions-allow", test_suggestion);
    return g_test_run();
}
