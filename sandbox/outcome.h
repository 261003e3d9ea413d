/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcome: how a session ended, as a value. The first one counts: what follows from an
 * end is not its cause. Only a failure may turn out to have been a consequence: when a
 * helper dies, those that it talked to end too, and may be heard first.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * BnsOutcomeKind:
 * @BNS_OUTCOME_NONE: it has not ended
 * @BNS_OUTCOME_EXITED: the command exited with @number
 * @BNS_OUTCOME_SIGNALED: signal @number ended the command, or us before it started
 * @BNS_OUTCOME_FAILED: we had to end it; @why says it in one line
 */
typedef enum {
    BNS_OUTCOME_NONE,
    BNS_OUTCOME_EXITED,
    BNS_OUTCOME_SIGNALED,
    BNS_OUTCOME_FAILED,
} BnsOutcomeKind;

/* How sure a failure is the cause; a surer one replaces it. */
typedef enum {
    BNS_CERTAINTY_ENDED,    /* a helper exited */
    BNS_CERTAINTY_REPORTED, /* a helper said that it cannot go on */
    BNS_CERTAINTY_SURE,     /* a signal killed a helper, or we saw it ourselves */
} BnsCertainty;

typedef struct {
    BnsOutcomeKind kind;
    int number;
    char *why; /* owned; FAILED only */
    BnsCertainty certainty;
} BnsOutcome;

void bns_outcome_clear(BnsOutcome *outcome);

/* From wait(2)'s status of the command, in decimal. Returns: whether @text was one. */
bool bns_outcome_set_status(BnsOutcome *outcome, const char *text);
void bns_outcome_set_signal(BnsOutcome *outcome, int signal_number);
void bns_outcome_fail(BnsOutcome *outcome, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A helper says that it cannot go on, or does not answer. */
void bns_outcome_report(BnsOutcome *outcome, const char *why);
/* One of our processes ended with @status before its time. */
void bns_outcome_fail_died(BnsOutcome *outcome, const char *helper, int status);

/* Returns: (transfer full): the text of END (base/ready.h). */
char *bns_outcome_end_text(const BnsOutcome *outcome);
