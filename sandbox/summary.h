/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Summary: what the person reads when the command has ended.
 */
#pragma once

#include "policy/policy.h"
#include "sandbox/cgroup_plan.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * bns_summary_text:
 * @summary: (nullable): the recorder's SUMMARY (audit/recorder.h); %NULL: it gave none
 * @policy: the session's, asked once more about each destination
 * @audit_path: of the audit file
 *
 * One line of totals, a line for each of the most refused destinations with the rule
 * that would allow it or the reason why none would, and the path. Pure.
 *
 * Returns: (transfer full): lines that end in a newline, printable ASCII
 */
char *
bns_summary_text(const char *summary, const BnsPolicy *policy, const char *audit_path);

/**
 * bns_summary_changed:
 * @changed: paths (bns_file_protect_changed())
 * @is_complete: whether there can be no others
 *
 * Returns: (transfer full): a line, or "" if there is nothing to say
 */
char *bns_summary_changed(const GPtrArray *changed, bool is_complete);

/**
 * bns_summary_limits:
 * @met: how often: processes that the kernel killed for limits.memory, and those that could
 *       not be made for limits.processes
 *
 * Returns: (transfer full): lines, or "" if no limit was met
 */
char *bns_summary_limits(const uint64_t met[BNS_N_CGROUP_LIMITS]);

/* The same of what is not kept. @left: (nullable): the text of BNS_READY_LEFT. */
char *bns_summary_left(const char *left);

/* Of owned paths. */
typedef struct {
    GPtrArray *moved;    /* beside the audit */
    GPtrArray *restored; /* of these and the next, where the start's is back */
    GPtrArray *renamed;  /* the new names of what stayed in its directory */
    GPtrArray *stuck;    /* what is where it was */
} BnsSummaryQuarantine;

/* Returns: (transfer full): lines, or "" if there is nothing to say. @dir: where they were
 * moved to. */
char *bns_summary_quarantined(const BnsSummaryQuarantine *quarantine, const char *dir);

/**
 * bns_summary_not_written_back:
 * @why: printable
 * @kept: (nullable): where the command's version of @path lies
 *
 * Returns: (transfer full): a line
 */
char *bns_summary_not_written_back(const char *path, const char *why, const char *kept);
