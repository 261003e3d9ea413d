/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `explain` can be asked about, each as a BnsExplainFunc: @subject is what the
 * comment says. Each asks the very plan that a session would be made from.
 */
#pragma once

#include "sandbox/explanation.h"
#include "sandbox/file_plan.h"

/* A BnsExplainTarget. */
bool bns_explain_request(const BnsExplainSource *source,
                         const void *subject,
                         BnsExplanation *out_explanation,
                         GError **error);

typedef struct {
    const char
        *path; /* as of a policy: "/…", "~/…" or relative to the working directory */
    bool is_write; /* whether it is asked for writing */
} BnsExplainPath;

/* A BnsExplainPath. */
bool bns_explain_file(const BnsExplainSource *source,
                      const void *subject,
                      BnsExplanation *out_explanation,
                      GError **error);

/* A command line: strings, at least one, NULL-terminated. */
bool bns_explain_command(const BnsExplainSource *source,
                         const void *subject,
                         BnsExplanation *out_explanation,
                         GError **error);

/* The name of a variable. */
bool bns_explain_variable(const BnsExplainSource *source,
                          const void *subject,
                          BnsExplanation *out_explanation,
                          GError **error);

/* explain_near.c: what in @plan almost says something of @path, which says nothing of it. */
void bns_explain_near_files(BnsExplanation *explanation,
                            const BnsFilePlan *plan,
                            const char *path);
