/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/outcome.h"

#include <string.h>
#include <sys/wait.h>

void
bns_outcome_clear(BnsOutcome *outcome)
{
    g_clear_pointer(&outcome->why, g_free);
    outcome->kind = BNS_OUTCOME_NONE;
}

static bool
set(BnsOutcome *outcome, BnsOutcomeKind kind, int number)
{
    if (outcome->kind != BNS_OUTCOME_NONE)
        return false;
    outcome->kind = kind;
    outcome->number = number;
    return true;
}

/* @why: (transfer full) */
static void
set_failed(BnsOutcome *outcome, BnsCertainty certainty, char *why)
{
    if (outcome->kind == BNS_OUTCOME_FAILED && certainty > outcome->certainty)
        bns_outcome_clear(outcome);
    if (!set(outcome, BNS_OUTCOME_FAILED, 0)) {
        g_free(why);
        return;
    }
    outcome->why = why;
    outcome->certainty = certainty;
}

bool
bns_outcome_set_status(BnsOutcome *outcome, const char *text)
{
    guint64 value = 0;
    int status;

    if (!g_ascii_string_to_unsigned(text, 10, 0, 0xffff, &value, NULL))
        return false;
    status = (int)value;
    if (WIFEXITED(status))
        set(outcome, BNS_OUTCOME_EXITED, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        set(outcome, BNS_OUTCOME_SIGNALED, WTERMSIG(status));
    else
        return false;
    return true;
}

void
bns_outcome_set_signal(BnsOutcome *outcome, int signal_number)
{
    set(outcome, BNS_OUTCOME_SIGNALED, signal_number);
}

void
bns_outcome_fail(BnsOutcome *outcome, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_failed(outcome, BNS_CERTAINTY_SURE, g_strdup_vprintf(format, args));
    va_end(args);
}

void
bns_outcome_report(BnsOutcome *outcome, const char *why)
{
    set_failed(outcome, BNS_CERTAINTY_REPORTED, g_strdup(why));
}

void
bns_outcome_fail_died(BnsOutcome *outcome, const char *helper, int status)
{
    if (WIFSIGNALED(status))
        bns_outcome_fail(outcome, "%s died (signal %d): session ended", helper,
                         WTERMSIG(status));
    else
        set_failed(outcome, BNS_CERTAINTY_ENDED,
                   g_strdup_printf("%s ended (status %d): session ended", helper,
                                   WEXITSTATUS(status)));
}

char *
bns_outcome_end_text(const BnsOutcome *outcome)
{
    const char *name;

    switch (outcome->kind) {
    case BNS_OUTCOME_EXITED:
        return g_strdup_printf("exit %d", outcome->number);
    case BNS_OUTCOME_SIGNALED:
        name = sigabbrev_np(outcome->number);
        if (name == NULL)
            return g_strdup_printf("signal %d", outcome->number);
        return g_strdup_printf("signal SIG%s", name);
    case BNS_OUTCOME_NONE:
    case BNS_OUTCOME_FAILED:
        break;
    }
    return g_strdup("failed");
}
