/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explanation: the answer of `explain`, whatever it was asked about: one line for
 * programs, prose for a person, or both as one JSON object (boundary.1, JSON).
 */
#pragma once

#include "policy/policy.h"
#include "sandbox/places.h"

#include <glib.h>
#include <stdbool.h>

/* What a change that is no addition would raise. */
#define BNS_EXPLANATION_FORMAT 1

typedef struct {
    const char *kind;   /* static: "request", "flow", "file", "command", "variable" */
    BnsVerdict verdict; /* the safe one to begin with */
    char *rule;         /* owned; where it was said; NULL: nowhere */
    char *reason;       /* owned; one sentence without its final dot */
    char
        *suggestion; /* owned; what would allow it, to be copied; NULL: nothing alone */
    GString *prose;  /* owned; lines; foreign text is escaped */
} BnsExplanation;

/* Who is asked. Borrowed. */
typedef struct {
    const BnsPolicy *policy;
    const BnsPolicy *system; /* (nullable): the system layer alone, and */
    const BnsPolicy *below;  /* what there would be without it; both, or neither */
    const BnsPlaces *places;
    const char *workdir; /* real */
    char **environ;      /* of the person */
} BnsExplainSource;

void bns_explanation_init(BnsExplanation *explanation);
void bns_explanation_clear(BnsExplanation *explanation);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsExplanation, bns_explanation_clear)

/* Sets what the first line says. @rule: (nullable) */
void bns_explanation_decide(BnsExplanation *explanation,
                            BnsVerdict verdict,
                            const char *rule,
                            const char *reason);

/* Adds a line to the prose, in which every %s is escaped. */
void G_GNUC_PRINTF(2, 3)
    bns_explanation_say(BnsExplanation *explanation, const char *format, ...);

/* Adds what each layer says by itself, "NAME: VERDICT, REASON (RULE)", where there are two.
 * @explain asks one of them; what it says else is left out. @out_system: the system
 * layer's; untouched if there is none. */
typedef bool (*BnsExplainFunc)(const BnsExplainSource *source,
                               const void *subject,
                               BnsExplanation *out_explanation,
                               GError **error);
bool bns_explanation_add_layers(BnsExplanation *explanation,
                                const BnsExplainSource *source,
                                BnsExplainFunc explain,
                                const void *subject,
                                BnsExplanation *out_system,
                                GError **error);

/* Returns: (transfer full): what is printed. */
char *bns_explanation_text(const BnsExplanation *explanation);
char *bns_explanation_json(const BnsExplanation *explanation);
