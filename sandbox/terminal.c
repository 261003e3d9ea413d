/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/terminal.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void
bns_terminal_open(BnsTerminal *terminal)
{
    *terminal = (BnsTerminal){ .fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) };
    if (terminal->fd >= 0)
        terminal->has_modes = tcgetattr(terminal->fd, &terminal->modes) == 0;
}

void
bns_terminal_close(BnsTerminal *terminal)
{
    bns_fd_clear(&terminal->fd);
}

static bool
is_ours(const BnsTerminal *terminal)
{
    return terminal->fd >= 0 && tcgetpgrp(terminal->fd) == getpgrp();
}

/* Whether @group is led by a process of the sandbox: of a pid namespace that is not
 * ours. */
static bool
is_inside(pid_t group)
{
    struct stat own, other;
    char link[64];

    snprintf(link, sizeof(link), "/proc/%d/ns/pid", (int)group);
    return stat(link, &other) == 0 && stat("/proc/self/ns/pid", &own) == 0 &&
           other.st_ino != own.st_ino;
}

void
bns_terminal_before_stop(BnsTerminal *terminal)
{
    pid_t group = terminal->fd >= 0 ? tcgetpgrp(terminal->fd) : -1;

    /* In the background it is the shell's. */
    terminal->lent_to = group > 0 && is_inside(group) ? group : 0;
}

void
bns_terminal_after_stop(BnsTerminal *terminal)
{
    if (terminal->lent_to > 0 && is_ours(terminal))
        tcsetpgrp(terminal->fd, terminal->lent_to);
    terminal->lent_to = 0;
}

/* The foreground group has no process left. Its number stays readable until another
 * group takes the terminal. */
static bool
is_abandoned(const BnsTerminal *terminal)
{
    pid_t group = terminal->fd >= 0 ? tcgetpgrp(terminal->fd) : -1;

    return group > 0 && group != getpgrp() && kill(-group, 0) < 0 && errno == ESRCH;
}

void
bns_terminal_restore(BnsTerminal *terminal, bool with_modes)
{
    if (is_abandoned(terminal))
        tcsetpgrp(terminal->fd, getpgrp());
    if (with_modes && terminal->has_modes && is_ours(terminal))
        tcsetattr(terminal->fd, TCSADRAIN, &terminal->modes);
}
