/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of files when the command and all that it started is dead, and before the
 * audit is closed.
 */
#include "sandbox/supervisor_private.h"

#include "audit/client.h"
#include "sandbox/summary.h"

static void
on_persisted(void *data, const char *path, const char *why, const char *kept)
{
    BnsSupervisor *supervisor = data;
    const BnsRecord record = {
        .event = BNS_EVENT_FILE_PERSIST, .path = path, .error = why, .kept = kept
    };

    /* If it cannot, the recorder says so itself. */
    (void)bns_client_record(supervisor->spawn.records_fd, &record);
    if (why != NULL) {
        g_autofree char *line = bns_summary_not_written_back(path, why, kept);

        g_string_append(supervisor->warnings, line);
    }
}

void
bns_supervisor_settle_files(BnsSupervisor *supervisor)
{
    if (!supervisor->was_running)
        return;
    bns_persist_finish(supervisor->persist,
                       supervisor->outcome.kind != BNS_OUTCOME_FAILED, supervisor->keep,
                       on_persisted, supervisor);
}
