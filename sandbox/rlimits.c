/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/rlimits.h"

#include "sandbox/kernel.h"
#include "sandbox/pid_limit.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* From SIGXCPU, which a process may catch, to SIGKILL. */
#define CPU_GRACE_S 1

/* Memory: RLIMIT_AS would count what runtimes only reserve, some 10 GiB of it. */
static const struct {
    __rlimit_resource_t resource;
    const char *name;
} rows[] = {
    [BNS_LIMIT_PROCESSES] = { RLIMIT_NPROC, "processes" },
    [BNS_LIMIT_MEMORY] = { RLIMIT_DATA, "memory" },
    [BNS_LIMIT_OPEN_FILES] = { RLIMIT_NOFILE, "open_files" },
    [BNS_LIMIT_FILE_SIZE] = { RLIMIT_FSIZE, "file_size" },
    [BNS_LIMIT_CPU] = { RLIMIT_CPU, "cpu" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(rows) == BNS_N_PROCESS_LIMITS);

static bool
apply(BnsProcessLimit which, rlim_t value)
{
    rlim_t grace = which == BNS_LIMIT_CPU ? CPU_GRACE_S : 0;
    struct rlimit limit;

    if (getrlimit(rows[which].resource, &limit) < 0)
        return false;
    if (limit.rlim_max > value + grace)
        limit.rlim_max = value + grace;
    if (limit.rlim_cur > value)
        limit.rlim_cur = value;
    return setrlimit(rows[which].resource, &limit) == 0;
}

bool
bns_rlimits_apply(const BnsProcessLimits *limits, BnsFault *fault)
{
    for (int i = 0; i < BNS_N_PROCESS_LIMITS; i++)
        if (limits->values[i] != 0 && !apply((BnsProcessLimit)i, limits->values[i]))
            return bns_fault_set(fault, "Could not set limits.%s: %s", rows[i].name,
                                 strerror(errno));
    return true;
}

bool
bns_rlimits_hold_processes(uint64_t processes)
{
    if (getuid() == 0)
        return bns_pid_limit_is_possible() && processes >= BNS_PID_LIMIT_MIN;
    return bns_kernel_is_since(5, 14);
}
