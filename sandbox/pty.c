/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/pty.h"

#include "base/fd.h"
#include "base/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int
open_pair(int *out_master, int *out_slave)
{
    static const int unlocked = 0;
    bns_autofd master =
        open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0)
        return -errno;
    *out_slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*out_slave < 0)
        return -errno;
    *out_master = g_steal_fd(&master);
    return 0;
}

bool
bns_pty_make(BnsPty *pty,
             const BnsStreamsInside *streams,
             int control_fd,
             BnsFault *fault)
{
    bns_autofd master = -1;
    bns_autofd slave = -1;
    int r;

    if (!streams->has_terminal)
        return true;
    r = open_pair(&master, &slave);
    if (r == 0 && (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0))
        r = -errno;
    for (int fd = 0; fd < BNS_STREAMS && r == 0; fd++)
        if (streams->kinds[fd] == BNS_STREAM_TERMINAL && dup2(slave, fd) < 0)
            r = -errno;
    if (r == 0)
        r = bns_ready_send(control_fd, BNS_READY_TERMINAL, NULL, master);
    if (r < 0)
        return bns_fault_set(fault, "Could not make the command's terminal: %s",
                             strerror(-r));
    pty->fd = g_steal_fd(&slave);
    pty->foreground = 0;
    return true;
}

static bool
is_alive(pid_t group)
{
    return group > 0 && kill(-group, 0) == 0;
}

pid_t
bns_pty_group(const BnsPty *pty, pid_t command)
{
    pid_t group = pty->fd >= 0 ? tcgetpgrp(pty->fd) : -1;

    if (group == getpgrp() || !is_alive(group))
        group = pty->foreground;
    return group != getpgrp() && is_alive(group) ? group : command;
}

void
bns_pty_set_foreground(BnsPty *pty, pid_t command, bool is_foreground)
{
    if (pty->fd < 0)
        return;
    pty->foreground = bns_pty_group(pty, command);
    tcsetpgrp(pty->fd, is_foreground ? pty->foreground : getpgrp());
}

static bool
is_for_job(int number)
{
    return number == SIGHUP || number == SIGINT || number == SIGQUIT ||
           number == SIGTERM || number == SIGCONT || number == SIGTSTP ||
           number == SIGTTIN || number == SIGTTOU || number == SIGWINCH;
}

void
bns_pty_signal(pid_t command, int number)
{
    kill(is_for_job(number) ? -command : command, number);
}
