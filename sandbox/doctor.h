/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doctor: what a machine has and lacks, one line each, with one fix for what is missing.
 */
#pragma once

#include "sandbox/options.h"
#include "sandbox/probe.h"

typedef enum {
    BNS_FINDING_OK,
    BNS_FINDING_REDUCED, /* works, with less */
    BNS_FINDING_MISSING,
    BNS_N_FINDINGS,
} BnsFindingState;

typedef struct {
    const char *name;
    BnsFindingState state;
    char *text;      /* owned */
    const char *fix; /* static; "" where there is none to give */
} BnsFinding;

/* Of what a probe and the machine's files say. Pure. Returns: (transfer full): of owned
 * BnsFinding. */
GPtrArray *bns_doctor_findings(const BnsProbe *probe, const BnsFacts *facts);

/* Returns: (transfer full): the findings as a table, or as a JSON array. */
char *bns_doctor_text(const GPtrArray *findings);
char *bns_doctor_json(const GPtrArray *findings);

/* The subcommand. Returns: 0, or 1 if something that is needed is missing. */
int bns_doctor(const BnsOptions *options);
