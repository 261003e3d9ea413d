/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/recorder.h"

#include "audit/serve.h"
#include "base/lockdown.h"

#include <signal.h>

static bool
lock_down(GError **error)
{
    return bns_lockdown_isolate(BNS_ROLE_RECORDER, error) &&
           bns_lockdown_enter(BNS_ROLE_RECORDER, error);
}

int
bns_recorder_run(const BnsRecorderConfig *config)
{
    /* A file that may not grow (RLIMIT_FSIZE) is to be an error of write(2), which is
     * reported, and not the end of this process. */
    signal(SIGXFSZ, SIG_IGN);
    return bns_serve(config, lock_down);
}
