/* SPDX-License-Identifier: Apache-2.0 */
/* What the person reads at the end. */
#include "sandbox/supervisor_private.h"

#include "sandbox/log.h"
#include "sandbox/probe.h"
#include "sandbox/summary.h"

#include <stdio.h>

/* A start that failed is explained by what this machine lacks, if that is known. */
static void
print_failure(const BnsSupervisor *supervisor)
{
    g_autofree char *cause = supervisor->was_running ? NULL : bns_probe_explain();

    bns_log_print("%s", cause != NULL ? cause : supervisor->outcome.why);
}

void
bns_supervisor_print_end(const BnsSupervisor *supervisor)
{
    g_autofree char *text = NULL;
    g_autofree char *limits = bns_summary_limits(supervisor->met);
    g_autofree char *left = NULL;
    g_autofree char *changed = NULL;
    const BnsPolicy *policy = supervisor->policy != NULL
                                  ? bns_policy_reload_policy(supervisor->policy)
                                  : supervisor->session->policy;

    if (supervisor->outcome.kind == BNS_OUTCOME_FAILED)
        print_failure(supervisor);
    fputs(supervisor->warnings->str, stderr);
    if (!supervisor->was_running || supervisor->session->options->quiet)
        return;
    text =
        bns_summary_text(supervisor->summary, policy, supervisor->session->audit->path);
    fputs(text, stderr);
    fputs(limits, stderr);
    left = bns_summary_left(supervisor->left);
    fputs(left, stderr);
    changed = bns_summary_changed(supervisor->changed, supervisor->has_seen_all);
    fputs(changed, stderr);
}
