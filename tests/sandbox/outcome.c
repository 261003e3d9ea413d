/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/outcome.h"

#include "tests/support/test.h"

#include <signal.h>

typedef struct {
    const char *name;
    const char *text; /* wait status, as init sends it */
    BnsOutcomeKind kind;
    int number;
    const char *end;
} Case;

static const Case cases[] = {
    { "exit-zero", "0", BNS_OUTCOME_EXITED, 0, "exit 0" },
    { "exit-status-is-the-high-byte", "256", BNS_OUTCOME_EXITED, 1, "exit 1" },
    { "exit-255", "65280", BNS_OUTCOME_EXITED, 255, "exit 255" },
    { "signal", "15", BNS_OUTCOME_SIGNALED, SIGTERM, "signal SIGTERM" },
    { "signal-with-core", "139", BNS_OUTCOME_SIGNALED, SIGSEGV, "signal SIGSEGV" },
    { "real-time-signal", "40", BNS_OUTCOME_SIGNALED, 40, "signal 40" },
    { "stopped-is-no-end", "4991", BNS_OUTCOME_NONE, 0, "failed" },
    { "continued-is-no-end", "65535", BNS_OUTCOME_NONE, 0, "failed" },
    { "not-a-number", "x", BNS_OUTCOME_NONE, 0, "failed" },
    { "empty", "", BNS_OUTCOME_NONE, 0, "failed" },
    { "negative", "-1", BNS_OUTCOME_NONE, 0, "failed" },
    { "too-large", "65536", BNS_OUTCOME_NONE, 0, "failed" },
};

static void
test_status(gconstpointer data)
{
    const Case *test = data;
    BnsOutcome outcome = { 0 };
    g_autofree char *end = NULL;

    g_assert_cmpint(bns_outcome_set_status(&outcome, test->text), ==,
                    test->kind != BNS_OUTCOME_NONE);
    g_assert_cmpint(outcome.kind, ==, test->kind);
    g_assert_cmpint(outcome.number, ==, test->number);
    end = bns_outcome_end_text(&outcome);
    g_assert_cmpstr(end, ==, test->end);
}

static void
test_first_counts(void)
{
    BnsOutcome outcome = { 0 };

    bns_outcome_fail_died(&outcome, "gateway", SIGKILL);
    bns_outcome_fail(&outcome, "init died");
    bns_outcome_set_signal(&outcome, SIGTERM);
    g_assert_true(bns_outcome_set_status(&outcome, "0"));
    g_assert_cmpint(outcome.kind, ==, BNS_OUTCOME_FAILED);
    g_assert_cmpstr(outcome.why, ==, "gateway died (signal 9): session ended");
    bns_outcome_clear(&outcome);
}

static void
test_death_explains_report(void)
{
    BnsOutcome outcome = { 0 };

    bns_outcome_fail_died(&outcome, "resolver", 0);
    g_assert_cmpstr(outcome.why, ==, "resolver ended (status 0): session ended");
    bns_outcome_report(&outcome, "the gateway is gone");
    g_assert_cmpstr(outcome.why, ==, "the gateway is gone");
    bns_outcome_fail_died(&outcome, "recorder", 1 << 8);
    g_assert_cmpstr(outcome.why, ==, "the gateway is gone");
    bns_outcome_fail_died(&outcome, "gateway", SIGKILL);
    g_assert_cmpstr(outcome.why, ==, "gateway died (signal 9): session ended");
    bns_outcome_report(&outcome, "another");
    g_assert_cmpstr(outcome.why, ==, "gateway died (signal 9): session ended");
    bns_outcome_clear(&outcome);
}

static void
test_command_ends_first(void)
{
    BnsOutcome outcome = { 0 };

    g_assert_true(bns_outcome_set_status(&outcome, "256"));
    bns_outcome_report(&outcome, "the gateway is gone");
    bns_outcome_fail_died(&outcome, "gateway", SIGKILL);
    g_assert_cmpint(outcome.kind, ==, BNS_OUTCOME_EXITED);
    g_assert_cmpint(outcome.number, ==, 1);
}

static void
test_died_by_exit(void)
{
    BnsOutcome outcome = { 0 };

    bns_outcome_fail_died(&outcome, "recorder", 3 << 8);
    g_assert_cmpstr(outcome.why, ==, "recorder ended (status 3): session ended");
    bns_outcome_clear(&outcome);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sandbox/outcome/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_status);
    }
    bns_test_add("/sandbox/outcome/the-first-one-counts", test_first_counts);
    bns_test_add("/sandbox/outcome/a-death-explains-what-others-report",
                 test_death_explains_report);
    bns_test_add("/sandbox/outcome/what-follows-the-commands-end-does-not-count",
                 test_command_ends_first);
    bns_test_add("/sandbox/outcome/a-helper-may-exit-too", test_died_by_exit);
    return g_test_run();
}
