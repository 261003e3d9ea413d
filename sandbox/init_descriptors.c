/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init_descriptors.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static bool
take_pipes(const BnsStreamsInside *streams)
{
    for (int fd = 0; fd < BNS_STREAMS; fd++)
        if (streams->kinds[fd] == BNS_STREAM_PIPE && dup2(streams->pipes[fd], fd) < 0)
            return false;
    return true;
}

/* By way of high numbers, so that none lands on another. */
bool
bns_init_take_descriptors(BnsInitConfig *config, BnsFault *fault)
{
    int *const fds[] = { &config->control_fd, &config->life_fd, &config->owner_fd,
                         &config->lend_fd, &config->recorder_fd };
    int next = STDERR_FILENO + 1;
    /* They may have the numbers that the others get. */
    bool is_good = take_pipes(&config->streams);

    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        if (*fds[i] >= 0)
            is_good &= (*fds[i] = fcntl(*fds[i], F_DUPFD_CLOEXEC, 10)) >= 0;
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        if (*fds[i] >= 0)
            is_good &= (*fds[i] = dup3(*fds[i], next++, O_CLOEXEC)) >= 0;
    if (!is_good)
        return bns_fault_set(fault, "Could not take over descriptors: %s",
                             strerror(errno));
    bns_fd_close_from(next);
    return true;
}
