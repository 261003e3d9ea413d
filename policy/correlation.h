/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Correlation: coder/boundary's session headers: which requests tell their host in which
 * session they were made, and by which record (netstack/gateway/correlation.h).
 *
 * `session_correlation_enabled`, `session_id_inject_targets` and the options and variables
 * of the same meaning. A target is a rule in coder/boundary's form, whose domain= must be
 * there. One that matches in any reading of the path is met, as a deny rule would be: the
 * headers are no secret, and a host that trusts them must get no others.
 */
#pragma once

#include "policy/rule.h"

typedef struct {
    bool is_given; /* whether it was said at all that it is enabled, or not */
    bool is_enabled;
    GPtrArray *targets; /* owned, of owned BnsRule */
} BnsCorrelation;

void bns_correlation_init(BnsCorrelation *correlation);
void bns_correlation_clear(BnsCorrelation *correlation);

/* Adds a target. @notices: as of bns_rule_parse(). @error: without the origin. */
bool bns_correlation_add(BnsCorrelation *correlation,
                         const char *origin,
                         const char *text,
                         GPtrArray *notices,
                         GError **error);

/* Adds what @more says, of a file that is built on the one of @correlation. Empties @more. */
void bns_correlation_merge(BnsCorrelation *correlation, BnsCorrelation *more);

/* Adds what the command line and the environment say; enabled without a target is an
 * error. @error: BNS_POLICY_ERROR_INVALID, "ORIGIN: ...". */
bool bns_correlation_finish(BnsCorrelation *correlation,
                            const BnsCorrelationSource *source,
                            GPtrArray *notices,
                            GError **error);
