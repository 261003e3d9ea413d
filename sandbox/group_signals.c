/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/group_signals.h"

#include "base/clock.h"

#include <glib.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Copies of one signal, sent to a group, are delivered within microseconds; the message
 * that tells of one takes as long as the scheduler of a loaded machine. */
#define GROUP_SIGNAL_US G_USEC_PER_SEC
/* Two to the group that come so close may reach us as one, as pending signals do. */
#define GROUP_MERGE_US (50 * 1000)
/* Our own copy of a signal to the group comes within microseconds of the supervisor's. */
#define GROUP_WALK_MS 5

static int64_t
now_us(void)
{
    return bns_clock_us(CLOCK_MONOTONIC);
}

void
bns_group_signals_read(BnsGroupSignals *signals)
{
    struct signalfd_siginfo info;

    while (read(signals->fd, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_code <= 0 && info.ssi_signo < NSIG)
            signals->came_us[info.ssi_signo] = now_us();
}

static bool
is_recent(const BnsGroupSignals *signals, int number)
{
    return now_us() - signals->came_us[number] < GROUP_SIGNAL_US;
}

bool
bns_group_signals_has_come(BnsGroupSignals *signals, int number, pid_t command)
{
    struct pollfd own = { .fd = signals->fd, .events = POLLIN };
    bool has_come;

    bns_group_signals_read(signals);
    /* The supervisor may be quicker than the kernel's walk through the group. */
    if (!is_recent(signals, number) && poll(&own, 1, GROUP_WALK_MS) > 0)
        bns_group_signals_read(signals);
    has_come = is_recent(signals, number);
    if (has_come)
        signals->came_us[number] = now_us() - GROUP_SIGNAL_US + GROUP_MERGE_US;
    return has_come && getpgid(command) == getpgrp();
}
