/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of a running session: their numbers, their ends, and how many there may be. */
#include "sandbox/added_rules.h"

#include "tests/support/test.h"

static const BnsPolicyAdded *
put(BnsAddedRules *rules, const char *rule, int64_t expires_us)
{
    g_autoptr(GError) error = NULL;
    const BnsPolicyAdded *added =
        bns_added_rules_put(rules, rule, expires_us, 1000, &error);

    g_assert_no_error(error);
    return added;
}

static void
test_numbers(void)
{
    g_autoptr(BnsAddedRules) rules = bns_added_rules_new();
    guint i;

    g_assert_cmpstr(put(rules, "a.test", BNS_ADDED_NEVER_US)->origin, ==, "allow#1");
    g_assert_cmpstr(put(rules, "b.test", BNS_ADDED_NEVER_US)->origin, ==, "allow#2");
    bns_added_rules_take_back(rules);
    g_assert_cmpstr(put(rules, "c.test", BNS_ADDED_NEVER_US)->origin, ==, "allow#2");
    bns_added_rules_remove(rules, 0);
    g_assert_cmpstr(put(rules, "d.test", BNS_ADDED_NEVER_US)->origin, ==, "allow#3");
    g_assert_false(bns_added_rules_find(rules, 1, &i));
    g_assert_true(bns_added_rules_find(rules, 3, &i));
    g_assert_cmpuint(i, ==, 1);
}

static void
test_ends(void)
{
    g_autoptr(BnsAddedRules) rules = bns_added_rules_new();
    guint i;

    g_assert_cmpint(bns_added_rules_first_end_us(rules), ==, BNS_ADDED_NEVER_US);
    put(rules, "a.test", BNS_ADDED_NEVER_US);
    g_assert_false(bns_added_rules_find_expired(rules, G_MAXINT64 - 1, &i));
    g_assert_true(
        g_str_has_prefix(put(rules, "b.test", 3000)->origin, "allow#2 (expires "));
    put(rules, "c.test", 2000);
    g_assert_cmpint(bns_added_rules_first_end_us(rules), ==, 2000);
    g_assert_false(bns_added_rules_find_expired(rules, 1999, &i));
    g_assert_true(bns_added_rules_find_expired(rules, 2000, &i));
    g_assert_cmpuint(i, ==, 2);
}

static void
test_limit(void)
{
    g_autoptr(BnsAddedRules) rules = bns_added_rules_new();
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < 1000; i++)
        put(rules, "a.test", BNS_ADDED_NEVER_US);
    g_assert_null(
        bns_added_rules_put(rules, "b.test", BNS_ADDED_NEVER_US, 1000, &error));
    g_assert_cmpstr(error->message, ==,
                    "1000 rules were added to this session already");
    bns_added_rules_remove(rules, 0);
    g_assert_cmpstr(put(rules, "b.test", BNS_ADDED_NEVER_US)->origin, ==, "allow#1001");
}

int
main(int argc, char *argv[])
{
    bns_test_init(&argc, &argv, 30);
    g_test_add_func("/sandbox/added_rules/a-number-is-for-life", test_numbers);
    g_test_add_func("/sandbox/added_rules/each-ends-when-it-was-said", test_ends);
    g_test_add_func("/sandbox/added_rules/there-is-a-limit", test_limit);
    return g_test_run();
}
