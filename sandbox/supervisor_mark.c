/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `ps` and `stop` find the session by.
 */
#include "sandbox/supervisor_private.h"

#include "sandbox/log.h"

#include <stdint.h>

void
bns_supervisor_mark(BnsSupervisor *supervisor)
{
    const BnsSession *session = supervisor->session;
    const BnsSessionRecord record = {
        .started_us = supervisor->started_at_us,
        .workdir = (char *)(uintptr_t)session->init.workdir,
        .command = session->options->arguments,
        .audit_path = session->audit->path,
        .mode = (char *)(uintptr_t)bns_mode_name(bns_policy_mode(session->policy)),
    };
    g_autoptr(GError) error = NULL;

    supervisor->mark = bns_session_mark(session->audit->session, &record, &error);
    if (supervisor->mark == NULL && !session->options->quiet)
        bns_log_print("this session cannot be listed or stopped: %s", error->message);
}
