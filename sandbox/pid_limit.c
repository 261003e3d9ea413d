/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/pid_limit.h"

#include "base/fd.h"
#include "sandbox/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool
bns_pid_limit_is_possible(void)
{
    return bns_kernel_is_since(6, 14);
}

bool
bns_pid_limit_set(uint64_t processes, BnsFault *fault)
{
    bns_autofd fd = open("/proc/sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);
    char text[24];
    /* Numbers below the setting, without 0 and pid 1. */
    int len = snprintf(text, sizeof(text), "%" PRIu64, processes + 2);
    int r = fd < 0 ? -errno : bns_fd_write_all(fd, text, (size_t)len);

    return r >= 0 ? true
                  : bns_fault_set(fault, "Could not set limits.processes: %s",
                                  strerror(-r));
}
