/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every policy and request, tried on generated ones: small alphabets, so
 * that rules and requests meet often. GTest prints the seed; --seed repeats a run.
 */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#define ROUNDS    400
#define QUESTIONS 40
#define RULES_MAX 6

static const char *const hosts[] = {
    "x.org", "*.x.org", ".x.org", "a.x.org", "*", "b.a.x.org", "10.0.0.1", "[::1]",
};
static const char *const methods[] = { "GET", "PUT", "GET,HEAD", "" };
static const char *const paths[] = {
    "", "/", "/a", "/a/*", "/a/**", "/*/b", "/**/b", "/A", "/a%2Fb", "/a*/b", "/%61/",
};
static const char *const ports[] = { "", ":80", ":443", ":8080", ":80,8080" };

static const char *const conditions[] = {
    "query: { a: true }",
    "query: { a: '1*', b: false }",
    "query: { a: '1', '*': false }",
    "query: false",
    "headers: { x-a: true }",
    "headers: { x-a: '1*' }",
    "headers: { x-a: false }",
    "content_type: [a/b, 'c/*']",
    "query: { b: ['1', 'x*'] }, headers: { x-b: false }",
};
static const char *const caps[] = {
    "",
    ", max_request_bytes: 10",
    ", max_request_bytes: 20, max_session_bytes: 30",
    ", max_session_bytes: 20",
};

static const char *const asked_queries[] = {
    "",      "a",   "a=1", "A=1",     "a=12&b", "a=1;b=2", "a=1&a=2",
    "b=x+y", "b=1", "a=%", "%61=1&c", "a[]=1",  "b=1;a=1", "a=1&a=1",
};
static const BnsRequestField asked_fields[] = {
    { "x-a", 3, "1", 1 },
    { "X-A", 3, "12", 2 },
    { "x_a", 3, "1", 1 },
    { "x-a", 3, "2, 1", 4 },
    { "x-b", 3, "", 0 },
    { "x-c", 3, "1", 1 },
    { "content-type", 12, "a/b", 3 },
    { "content-type", 12, "c/d;x", 5 },
    { "content_type", 12, "e/f", 3 },
    { "content-type", 12, "nonsense", 8 },
};

static const char *const asked_hosts[] = {
    "x.org", "a.x.org", "b.a.x.org", "y.org", "10.0.0.1", "::1",
};
static const char *const asked_methods[] = { "GET", "PUT", "HEAD", "get" };
static const char *const pieces[] = {
    "/",   "a",   "b",   "A",     "..", ".",  ";x", "%2f",
    "%2e", "%61", "%5c", "%252e", "//", "/a", "/b",
};
static const uint16_t asked_ports[] = { 80, 443, 8080 };

#define PICK(table) ((table)[g_test_rand_int_range(0, G_N_ELEMENTS(table))])

/* In an allow list sealed; in a deny list, where nothing can be, for the same flows. */
static char *
random_sealed(void)
{
    return g_strdup_printf("{ domain: \"%s\", ports: [%d]%s, inspect: false }",
                           PICK(hosts), g_test_rand_int_range(0, 2) ? 443 : 8080,
                           g_test_rand_int_range(0, 4) ? "" : ", methods: [GET]");
}

static char *
random_mapping(const char *method)
{
    bool has_condition = g_test_rand_int_range(0, 4) > 0;

    return g_strdup_printf("{ domain: \"%s\"%s%s%s%s%s%s }", PICK(hosts),
                           *method != '\0' ? ", methods: [" : "", method,
                           *method != '\0' ? "]" : "", has_condition ? ", " : "",
                           has_condition ? PICK(conditions) : "", PICK(caps));
}

static char *
random_rule(void)
{
    const char *method = PICK(methods);

    switch (g_test_rand_int_range(0, 12)) {
    case 0:
        return g_strdup_printf("tcp://%s:%d", PICK(hosts),
                               g_test_rand_int_range(0, 2) ? 80 : 22);
    case 1:
        return random_sealed();
    case 2:
    case 3:
    case 4:
    case 5:
        return random_mapping(method);
    default:
        break;
    }
    return g_strdup_printf("%s%s%s%s%s", method, *method != '\0' ? " " : "",
                           PICK(hosts), PICK(ports), PICK(paths));
}

static char *
random_path(void)
{
    GString *path = g_string_new("/");
    int n = g_test_rand_int_range(0, 6);

    for (int i = 0; i < n; i++)
        g_string_append(path, PICK(pieces));
    return g_string_free(path, FALSE);
}

static Question
random_question(void)
{
    Question q = { 0 };

    q.host = g_strdup(PICK(asked_hosts));
    q.method = g_strdup(PICK(asked_methods));
    q.path = random_path();
    q.header.has_body = g_test_rand_int_range(0, 2) != 0;
    q.header.n_fields = (size_t)g_test_rand_int_range(0, G_N_ELEMENTS(q.fields) + 1);
    for (size_t i = 0; i < q.header.n_fields; i++)
        q.fields[i] = PICK(asked_fields);
    q.request = (BnsRequest){
        .scheme = (BnsScheme)g_test_rand_int_range(0, BNS_N_SCHEMES),
        .host = q.host,
        .port = PICK(asked_ports),
        .method = q.method,
        .path = q.path,
        .query = PICK(asked_queries),
    };
    return q;
}

static void
append_rules(GString *yaml, const char *key, GPtrArray *rules, bool is_deny)
{
    g_string_append_printf(yaml, "%s:\n", key);
    for (guint i = 0; i < rules->len; i++) {
        const char *rule = rules->pdata[i];
        const char *text = *rule == '!' ? rule + 1 : rule;

        if ((*rule == '!') == is_deny)
            g_string_append_printf(yaml, *text == '{' ? "  - %s\n" : "  - '%s'\n",
                                   text);
    }
}

/* Returns: (transfer full): the policy of @rules, strings or mappings, or %NULL if they
 * make none; "!" before a rule makes it a deny. */
static BnsPolicy *
try_policy(GPtrArray *rules)
{
    g_autoptr(GString) yaml = g_string_new(NULL);

    append_rules(yaml, "allow", rules, false);
    append_rules(yaml, "deny", rules, true);
    return bns_policy_parse("/p.yaml", yaml->str, yaml->len, NULL);
}

/* A deny rule cannot be sealed or capped: it is then one without these keys. */
static void
add_rule(GPtrArray *rules, const char *sign, const char *rule)
{
    g_autoptr(GString) text = g_string_new(rule);

    if (*sign == '!')
        g_string_replace(text, ", inspect: false", "", 0);
    for (size_t i = G_N_ELEMENTS(caps) - 1; *sign == '!' && i > 0; i--)
        g_string_replace(text, caps[i], "", 0);
    g_ptr_array_add(rules, g_strconcat(sign, text->str, NULL));
}

static GPtrArray *
random_rules(void)
{
    GPtrArray *rules = g_ptr_array_new_with_free_func(g_free);
    int n = g_test_rand_int_range(0, RULES_MAX);

    for (int i = 0; i < n; i++) {
        g_autofree char *rule = random_rule();

        add_rule(rules, g_test_rand_int_range(0, 3) == 0 ? "!" : "", rule);
    }
    return rules;
}

static char *
show(GPtrArray *rules, const Question *q)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < rules->len; i++)
        g_string_append_printf(text, "%s | ", (const char *)rules->pdata[i]);
    g_string_append_printf(text, "%s %s %s:%u %s?%s body %d", q->method,
                           bns_scheme_name(q->request.scheme), q->host, q->request.port,
                           q->path, q->request.query, q->header.has_body);
    for (size_t i = 0; i < q->header.n_fields; i++)
        g_string_append_printf(text, " [%s: %s]", q->fields[i].name,
                               q->fields[i].value);
    return g_string_free(text, FALSE);
}

typedef bool (*CheckFunc)(const BnsPolicy *before,
                          const BnsPolicy *after,
                          const BnsRequest *);

/* Adds a rule, prefixed by @sign, to random policies, and checks before against after. */
static void
check_addition(const char *sign, CheckFunc check)
{
    unsigned n_checked = 0;

    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(GPtrArray) rules = random_rules();
        g_autoptr(BnsPolicy) before = try_policy(rules);
        g_autoptr(BnsPolicy) after = NULL;
        g_autofree char *rule = random_rule();

        add_rule(rules, sign, rule);
        after = try_policy(rules);
        /* A tcp rule beside an HTTP rule for the port makes no policy. */
        for (int i = 0; before != NULL && after != NULL && i < QUESTIONS; i++) {
            g_auto(Question) q = random_question();
            g_autofree char *shown = show(rules, &q);

            question_point(&q);
            if (!check(before, after, &q.request))
                g_error("does not hold: %s", shown);
            n_checked++;
        }
    }
    g_assert_cmpuint(n_checked, >, ROUNDS * QUESTIONS / 8);
}

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

/* Whether as much may leave by @narrow as by @wide, at most. */
static bool
is_capped(const BnsPolicy *wide, const BnsPolicy *narrow, const BnsRequest *request)
{
    BnsDecision by_wide = bns_policy_decide(wide, request);
    BnsDecision by_narrow = bns_policy_decide(narrow, request);

    if (by_narrow.verdict != BNS_VERDICT_ALLOW)
        return true;
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++)
        if (bns_cap_is_wider(&by_narrow.caps[kind], &by_wide.caps[kind]))
            return false;
    return true;
}

static bool
is_narrower(const BnsPolicy *before, const BnsPolicy *after, const BnsRequest *request)
{
    return is_capped(before, after, request) &&
           (is_allowed(before, request) || !is_allowed(after, request)) &&
           (could(before, request) || !could(after, request));
}

static bool
is_wider(const BnsPolicy *before, const BnsPolicy *after, const BnsRequest *request)
{
    return is_narrower(after, before, request);
}

static void
test_deny_narrows(void)
{
    check_addition("!", is_narrower);
}

static void
test_allow_widens(void)
{
    check_addition("", is_wider);
}

/* What is allowed could be allowed, and without a rule nothing is. */
static void
test_could_is_wider(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(GPtrArray) rules = random_rules();
        g_autoptr(BnsPolicy) policy = try_policy(rules);

        for (int i = 0; policy != NULL && i < QUESTIONS; i++) {
            g_auto(Question) q = random_question();
            BnsDecision decision = bns_policy_decide(policy, &q.request);

            question_point(&q);
            if (is_allowed(policy, &q.request) && !could(policy, &q.request))
                g_error("allowed, but could not be: %s", show(rules, &q));
            g_assert_true(decision.rule != NULL ||
                          decision.verdict == BNS_VERDICT_DENY);
            g_assert_nonnull(decision.reason);
        }
    }
}

/* The same rule as a string, as a mapping, in coder/boundary's form and in the form that
 * `check` prints decides alike. coder's has any port, so it is asked on 80 and 443. */
static void
test_forms(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        const char *host = hosts[g_test_rand_int_range(0, 2)];
        const char *method = PICK(methods);
        const char *path = paths[g_test_rand_int_range(0, 4)];
        g_autofree char *string = g_strdup_printf(
            "allow: ['%s%s%s%s']", method, *method != '\0' ? " " : "", host, path);
        g_autofree char *mapping = g_strdup_printf(
            "allow: [{ domain: '%s'%s%s%s%s%s }]", host,
            *method != '\0' ? ", methods: [" : "", method, *method != '\0' ? "]" : "",
            *path != '\0' ? ", path: " : "", path);
        g_autofree char *coder = g_strdup_printf(
            "allow: ['domain=%s%s%s%s%s']", host, *method != '\0' ? " method=" : "",
            method, *path != '\0' ? " path=" : "", path);
        g_autoptr(BnsPolicy) by_string = policy_from(string);
        g_autoptr(BnsPolicy) by_mapping = policy_from(mapping);
        g_autoptr(BnsPolicy) by_coder = policy_from(coder);

        for (int i = 0; i < QUESTIONS; i++) {
            g_auto(Question) q = random_question();
            bool expected;

            question_point(&q);
            if (q.request.port == 8080)
                continue;
            expected = is_allowed(by_string, &q.request);
            if (is_allowed(by_mapping, &q.request) != expected ||
                is_allowed(by_coder, &q.request) != expected)
                g_error("%s, %s and %s differ: %s %s", string, mapping, coder, q.host,
                        q.path);
        }
    }
}

static void
test_canonical(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(GPtrArray) rules = random_rules();
        g_autoptr(GPtrArray) again = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(BnsPolicy) policy = try_policy(rules);
        g_autoptr(BnsPolicy) second = NULL;

        if (policy == NULL)
            continue;
        for (guint i = 0; i < policy->rules->len; i++) {
            const BnsRule *rule = policy->rules->pdata[i];
            g_autofree char *form = bns_rule_to_string(rule);
            bool is_deny = rule->verdict == BNS_VERDICT_DENY;

            g_ptr_array_add(again, g_strconcat(is_deny ? "!" : "", form, NULL));
        }
        second = try_policy(again);
        g_assert_nonnull(second);
        g_assert_cmpstr(bns_policy_digest(policy), ==, bns_policy_digest(second));
        for (int i = 0; i < QUESTIONS; i++) {
            g_auto(Question) q = random_question();

            question_point(&q);
            g_assert_cmpint(is_allowed(policy, &q.request), ==,
                            is_allowed(second, &q.request));
        }
    }
}

/* No path below a prefix rule leads a server elsewhere, however it reads it. */
static void
test_prefix(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("allow: [x.org/public/**]");

    for (int round = 0; round < ROUNDS * 10; round++) {
        g_autofree char *tail = random_path();
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

/* A rule that is offered allows what it is offered for. */
static void
test_suggestion(void)
{
    for (int round = 0; round < ROUNDS * 4; round++) {
        g_auto(Question) q = random_question();
        /* For a sealed flow there is no form to suggest. */
        BnsScheme scheme =
            q.request.scheme == BNS_SCHEME_TLS ? BNS_SCHEME_HTTPS : q.request.scheme;
        g_autofree char *rule =
            bns_policy_suggest(scheme, q.host, q.request.port, q.method, q.path);
        const char *rules[] = { rule, NULL };
        g_autoptr(BnsPolicy) policy = policy_of(rules);

        question_point(&q);
        q.request.scheme = scheme;
        if (!is_allowed(policy, &q.request))
            g_error("%s does not allow %s %s %s", rule, q.method, q.host, q.path);
    }
}

/* --- layers --- */

/* Rules of which one is wide, or two layers would seldom allow the same. */
static GPtrArray *
random_layer(void)
{
    static const char *const wide[] = { "*", "domain=*", ".x.org:80,443,8080",
                                        "tcp://*:8080" };
    GPtrArray *rules = random_rules();

    add_rule(rules, "", PICK(wide));
    return rules;
}

/* Returns: (transfer full): the policy of @rules below the one of @ceiling_rules; %NULL if
 * either makes none. */
static BnsPolicy *
try_below(GPtrArray *ceiling_rules, GPtrArray *rules)
{
    g_autoptr(BnsPolicy) ceiling = try_policy(ceiling_rules);
    g_autoptr(BnsPolicy) policy = try_policy(rules);
    GError *error = NULL;

    if (ceiling == NULL || policy == NULL)
        return NULL;
    bns_policy_set_ceiling(policy, g_steal_pointer(&ceiling), &error);
    g_assert_no_error(error);
    return g_steal_pointer(&policy);
}

static bool
is_refused(const BnsPolicy *policy, const BnsRequest *request)
{
    return bns_policy_flow_kind(policy, request->host, request->port, NULL) ==
           BNS_FLOW_REFUSE;
}

/* @both: whether some policy in it would do what neither would alone. */
static bool
is_within(const BnsPolicy *both, const BnsPolicy *alone, const BnsRequest *request)
{
    return is_narrower(alone, both, request) &&
           (!is_refused(alone, request) || is_refused(both, request));
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
           is_allowed(both, request) == is_allowed(swapped, request) &&
           could(both, request) == could(swapped, request) &&
           is_refused(both, request) == is_refused(swapped, request) &&
           bns_policy_is_sealed(both, request->host, request->port) ==
               bns_policy_is_sealed(swapped, request->host, request->port) &&
           decision.reason != NULL &&
           decision.is_ceiling == !is_allowed(above, request);
}

/* What both allow each allows, whichever is above; nothing below helps against a refusal
 * above. */
static void
test_layers(void)
{
    unsigned n_allowed = 0;

    for (int round = 0; round < ROUNDS * 4; round++) {
        g_autoptr(GPtrArray) above_rules = random_layer();
        g_autoptr(GPtrArray) rules = random_layer();
        g_autoptr(BnsPolicy) above = try_policy(above_rules);
        g_autoptr(BnsPolicy) alone = try_policy(rules);
        g_autoptr(BnsPolicy) both = try_below(above_rules, rules);
        g_autoptr(BnsPolicy) swapped = try_below(rules, above_rules);

        for (int i = 0; both != NULL && i < QUESTIONS; i++) {
            g_auto(Question) q = random_question();

            question_point(&q);
            if (!check_layers(both, swapped, above, alone, &q.request))
                g_error("does not hold: %s above %s", show(above_rules, &q),
                        show(rules, &q));
            n_allowed += is_allowed(both, &q.request);
        }
    }
    g_assert_cmpuint(n_allowed, >, ROUNDS);
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
    bns_test_add("/policy/property/layers-never-widen-each-other", test_layers);
    return g_test_run();
}
