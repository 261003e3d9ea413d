/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/summary.h"

#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *summary;
    const char *text;
} Case;

#define AUDIT     "boundary-ns: audit: /a\n"
#define BLOCKED_1 "boundary-ns: 0 allowed, 1 blocked\nboundary-ns: blocked "

static const Case cases[] = {
    { "nothing-happened", "0 0 0\n", "boundary-ns: 0 allowed, 0 blocked\n" AUDIT },
    { "totals", "12 3 0\n", "boundary-ns: 12 allowed, 3 blocked\n" AUDIT },
    { "no-summary-came", NULL, AUDIT },
    { "empty-summary", "", AUDIT },
    { "not-a-summary", "12\nx\ty\n", AUDIT },
    { "missing-rule",
      "0 2 0\n2\thttps\tapi.test\t443\tGET\t/v1/x\trefused\tno rule allows this host\n",
      "boundary-ns: 0 allowed, 2 blocked\n"
      "boundary-ns: blocked GET https://api.test/v1/x (2 times); would allow it: "
      "--allow 'GET api.test/v1/x'\n" AUDIT },
    { "another-port-is-shown",
      "0 1 0\n1\thttp\tapi.test\t8080\tPUT\t/\trefused\tno rule allows this host\n",
      BLOCKED_1 "PUT http://api.test:8080/; would allow it: "
                "--allow 'PUT api.test:8080/'\n" AUDIT },
    { "deny-rule-decides",
      "0 1 0\n1\thttps\tdenied.test\t443\tGET\t/\trefused\ta deny rule matches\n",
      BLOCKED_1 "GET https://denied.test/: a deny rule matches (--deny#1)\n" AUDIT },
    { "missing-tcp-rule",
      "0 1 0\n1\ttcp\tdb.test\t5432\t-\t-\trefused\tno rule allows it\n",
      BLOCKED_1
      "tcp://db.test:5432; would allow it: --allow 'tcp://db.test:5432'\n" AUDIT },
    { "flow-of-no-known-kind",
      "0 1 0\n1\t-\tdb.test\t22\t-\t-\trefused\tno rule allows it\n",
      BLOCKED_1 "db.test:22; would allow it: --allow 'tcp://db.test:22'\n" AUDIT },
    { "port-of-the-host",
      "0 1 0\n1\t-\thost.boundary.internal\t5432\t-\t-\trefused\tno rule allows it\n",
      BLOCKED_1 "host.boundary.internal:5432; would allow it: --allow "
                "'tcp://host.boundary.internal:5432'\n" AUDIT },
    { "port-of-the-host-that-is-not-offered",
      "0 1 0\n1\t-\thost.boundary.internal\t5433\t-\t-\trefused\tthe name is "
      "reserved\n",
      BLOCKED_1 "host.boundary.internal:5433: the name is reserved\n" AUDIT },
    { "flow-beyond-a-limit",
      "0 9 0\n9\t-\tapi.test\t443\t-\t-\trefused\ttoo many connections are open "
      "(limits.flows)\n",
      "boundary-ns: 0 allowed, 9 blocked\n"
      "boundary-ns: blocked api.test:443 (9 times): too many connections are open "
      "(limits.flows)\n" AUDIT },
    { "guarded-address-needs-more",
      "0 1 0\n1\thttp\t10.0.0.1\t80\tGET\t/\trefused\tno rule allows this host\n",
      BLOCKED_1 "GET http://10.0.0.1/: no rule allows this host\n" AUDIT },
    { "v6-literal",
      "0 1 0\n1\thttp\t2606:4700::1\t80\tGET\t/\trefused\tno rule allows this host\n",
      BLOCKED_1 "GET http://[2606:4700::1]/; would allow it: "
                "--allow 'GET [2606:4700::1]:80/'\n" AUDIT },
    { "path-that-no-rule-allows",
      "0 1 0\n1\thttps\tapi.test\t443\tGET\t/%00\tmalformed\tthe path has an encoded "
      "control byte\n",
      BLOCKED_1
      "GET https://api.test/%00: the path has an encoded control byte\n" AUDIT },
    { "malformed-gets-no-rule",
      "0 1 0\n1\thttp\tapi.test\t80\tGET\t/\tmalformed\ta field value is bad\n",
      BLOCKED_1 "GET http://api.test/: a field value is bad\n" AUDIT },
    { "guarded-name-says-so",
      "0 1 0\n1\thttp\tother.test\t80\tGET\t/\trefused\tthe address is private\n",
      BLOCKED_1 "GET http://other.test/: the address is private\n" AUDIT },
    { "cut-path-gets-no-rule",
      "0 1 0\n1\thttps\tapi.test\t443\tGET\t/abc*\trefused\tno rule allows this host\n",
      BLOCKED_1 "GET https://api.test/abc*: no rule allows this host\n" AUDIT },
    { "a-host-that-is-none-gets-no-rule",
      "0 1 0\n1\thttps\ta\\x1b.test\t443\tGET\t/\tmalformed\ta bad host\n",
      BLOCKED_1 "GET https://a\\x1b.test/: a bad host\n" AUDIT },
    { "five-at-most",
      "0 6 0\n"
      "1\t-\ta_\t0\t-\t-\trefused\t-\n1\t-\tb_\t0\t-\t-\trefused\t-\n1\t-\tc_\t0\t-"
      "\t-\trefused\t-\n"
      "1\t-\td_\t0\t-\t-\trefused\t-\n1\t-\te_\t0\t-\t-\trefused\t-\n1\t-\tf_\t0\t-\t-"
      "\trefused\t-\n",
      "boundary-ns: 0 allowed, 6 blocked\n"
      "boundary-ns: blocked a_:0\nboundary-ns: blocked b_:0\n"
      "boundary-ns: blocked c_:0\nboundary-ns: blocked d_:0\n"
      "boundary-ns: blocked e_:0\n"
      "boundary-ns: blocked 1 more: boundary-ns log --decision deny\n" AUDIT },
};

static BnsPolicy *
policy_new(void)
{
    const char *const deny[] = { "denied.test", NULL };
    const char *const allow[] = { "other.test", NULL };
    BnsPolicySource source = { .deny = (GStrv)(uintptr_t)deny,
                               .allow = (GStrv)(uintptr_t)allow };
    g_autoptr(GError) error = NULL;
    BnsPolicy *policy = bns_policy_load(&source, NULL, &error);

    g_assert_no_error(error);
    bns_policy_offer_host_port(policy, 5432);
    return policy;
}

static void
test_text(gconstpointer data)
{
    const Case *test = data;
    g_autoptr(BnsPolicy) policy = policy_new();
    g_autofree char *text = bns_summary_text(test->summary, policy, "/a");

    g_assert_cmpstr(text, ==, test->text);
}

/* What passed is counted, and what makes rules of it is named. */
static void
test_observed(void)
{
    const BnsPolicySource source = { .observe = true };
    g_autoptr(BnsPolicy) observing = bns_policy_load(&source, NULL, NULL);
    g_autoptr(BnsPolicy) enforcing = policy_new();
    g_autofree char *some = bns_summary_text("5 0 7\n", observing, "/a b");
    g_autofree char *none = bns_summary_text("5 0 0\n", observing, "/a");
    /* It was observing before a reload. */
    g_autofree char *reloaded = bns_summary_text("5 0 1\n", enforcing, "/a");

    g_assert_cmpstr(some, ==,
                    "boundary-ns: 5 allowed, 0 blocked, 7 passed that would have been "
                    "denied (mode: observe)\n"
                    "boundary-ns: rules that would allow them: boundary-ns suggest "
                    "'/a b'\nboundary-ns: audit: /a b\n");
    g_assert_cmpstr(none, ==,
                    "boundary-ns: 5 allowed, 0 blocked, 0 passed that would have been "
                    "denied (mode: observe)\nboundary-ns: audit: /a\n");
    g_assert_nonnull(strstr(reloaded, "1 passed that would have been denied"));
}

static void
test_path_is_escaped(void)
{
    g_autoptr(BnsPolicy) policy = policy_new();
    g_autofree char *text = bns_summary_text("0 0 0\n", policy, "/a\n\033b");

    g_assert_cmpstr(
        text, ==,
        "boundary-ns: 0 allowed, 0 blocked\nboundary-ns: audit: /a\\x0a\\x1bb\n");
}

static void
test_changed(void)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GPtrArray) some = g_ptr_array_new();
    g_autofree char *nothing = bns_summary_changed(none, true);
    g_autofree char *unsure = bns_summary_changed(none, false);
    g_autofree char *two = NULL;
    g_autofree char *many = NULL;

    g_assert_cmpstr(nothing, ==, "");
    g_assert_true(g_str_has_prefix(unsure, "boundary-ns: there are too many files"));
    g_ptr_array_add(some, (gpointer)(uintptr_t) "/a\n/b");
    g_ptr_array_add(some, (gpointer)(uintptr_t) "/c");
    two = bns_summary_changed(some, true);
    g_assert_cmpstr(two, ==,
                    "boundary-ns: changed, and run or obeyed outside: /a\\x0a/b, /c\n");
    for (int i = 0; i < 8; i++)
        g_ptr_array_add(some, (gpointer)(uintptr_t) "/d");
    many = bns_summary_changed(some, true);
    g_assert_true(g_str_has_suffix(many, ", /d and 2 more\n"));
}

static void
test_left(void)
{
    g_autofree char *nothing = bns_summary_left(NULL);
    g_autofree char *some = bns_summary_left("3\n/h/a\n/h/\tb");
    g_autofree char *odd = bns_summary_left("x");

    g_assert_cmpstr(nothing, ==, "");
    g_assert_cmpstr(some, ==,
                    "boundary-ns: not kept (--write DIR keeps what is made in DIR): "
                    "/h/a, /h/\\x09b and "
                    "1 more\n");
    g_assert_cmpstr(odd, ==,
                    "boundary-ns: not kept (--write DIR keeps what is made in DIR):\n");
}

static void
test_quarantined(void)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GPtrArray) some = g_ptr_array_new();
    const BnsSummaryQuarantine nothing = { none, none, none, none };
    const BnsSummaryQuarantine all = { some, some, some, some };
    g_autofree char *silent = bns_summary_quarantined(&nothing, "/s.kept");
    g_autofree char *text = NULL;

    g_ptr_array_add(some, (gpointer)(uintptr_t) "/p/\n");
    text = bns_summary_quarantined(&all, "/s\t.kept");
    g_assert_cmpstr(silent, ==, "");
    g_assert_cmpstr(
        text, ==,
        "boundary-ns: run or obeyed outside, so moved to /s\\x09.kept: /p/\\x0a\n"
        "boundary-ns: of these, what was there before is back: /p/\\x0a\n"
        "boundary-ns: run or obeyed outside, so now named: /p/\\x0a\n"
        "boundary-ns: run or obeyed outside, and could not be moved: /p/\\x0a\n");
}

static void
test_not_written_back(void)
{
    g_autofree char *lost = bns_summary_not_written_back("/h/\n", "why", NULL);
    g_autofree char *kept = bns_summary_not_written_back("/h/a", "why", "/s/\t");

    g_assert_cmpstr(lost, ==, "boundary-ns: /h/\\x0a was not written back: why\n");
    g_assert_cmpstr(
        kept, ==,
        "boundary-ns: /h/a was not written back: why; the command's version "
        "is /s/\\x09\n");
}

static void
test_limits(void)
{
    static const struct {
        uint64_t met[BNS_N_CGROUP_LIMITS];
        const char *text;
    } rows[] = {
        { { 0, 0 }, "" },
        { { 1, 0 }, "boundary-ns: limits.memory was reached: 1 process killed\n" },
        { { 2, 0 }, "boundary-ns: limits.memory was reached: 2 processes killed\n" },
        { { 0, 1 },
          "boundary-ns: limits.processes was reached: 1 process not started\n" },
        { { 3, 9 },
          "boundary-ns: limits.memory was reached: 3 processes killed\n"
          "boundary-ns: limits.processes was reached: 9 processes not started\n" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = bns_summary_limits(rows[i].met);

        g_assert_cmpstr(text, ==, rows[i].text);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sandbox/summary/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_text);
    }
    bns_test_add("/sandbox/summary/observed", test_observed);
    bns_test_add("/sandbox/summary/path-is-escaped", test_path_is_escaped);
    bns_test_add("/sandbox/summary/what-was-changed-is-one-line", test_changed);
    bns_test_add("/sandbox/summary/what-is-not-kept-is-one-line", test_left);
    bns_test_add("/sandbox/summary/what-was-moved", test_quarantined);
    bns_test_add("/sandbox/summary/what-is-not-written-back", test_not_written_back);
    g_test_add_func("/sandbox/summary/limits-that-were-met", test_limits);
    return g_test_run();
}
