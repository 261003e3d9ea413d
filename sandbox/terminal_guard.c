/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/terminal_guard.h"

#include "base/fd.h"
#include "sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the guard: its descriptors. */
enum {
    SOCKET_FD,
    TERMINAL_FD,
    N_FDS,
};

/* Whoever has set other modes by now, as many shells do, keeps them. */
static void
put_back(const BnsTerminalModes *modes)
{
    struct termios now;

    if (modes->is_raw && tcgetattr(TERMINAL_FD, &now) == 0 &&
        bns_terminal_modes_equal(&now, &modes->raw))
        tcsetattr(TERMINAL_FD, TCSANOW, &modes->found);
}

/* The descriptors are moved out of each other's way first. Returns: whether it has them. */
static bool
take_descriptors(int socket_fd, int terminal_fd)
{
    int socket_copy = fcntl(socket_fd, F_DUPFD, N_FDS);
    int terminal_copy = fcntl(terminal_fd, F_DUPFD, N_FDS);

    if (socket_copy < 0 || terminal_copy < 0 || dup2(socket_copy, SOCKET_FD) < 0 ||
        dup2(terminal_copy, TERMINAL_FD) < 0)
        return false;
    bns_fd_close_from(N_FDS);
    return true;
}

/* With SIGTTOU blocked a process of the background may set modes. */
static void
take_no_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void __attribute__((noreturn)) guard_main(int socket_fd, int terminal_fd)
{
    BnsTerminalModes modes = { .is_raw = false };
    BnsTerminalModes told;
    ssize_t n;

    take_no_signals();
    setpgid(0, 0);
    prctl(PR_SET_NAME, "boundary-tty");
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!take_descriptors(socket_fd, terminal_fd))
        _exit(1);
    while ((n = recv(SOCKET_FD, &told, sizeof(told), 0)) != 0)
        if (n == (ssize_t)sizeof(told))
            modes = told;
        else if (n < 0 && errno != EINTR)
            break;
    put_back(&modes);
    _exit(0);
}

void
bns_terminal_guard_start(BnsTerminalGuard *guard, int terminal_fd)
{
    int ends[2];
    pid_t pid;

    if (guard->pid > 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return;
    pid = fork();
    if (pid == 0)
        guard_main(ends[0], terminal_fd);
    close(ends[0]);
    if (pid < 0)
        close(ends[1]);
    else
        *guard = (BnsTerminalGuard){ pid, ends[1] };
}

void
bns_terminal_guard_tell(const BnsTerminalGuard *guard, const BnsTerminalModes *modes)
{
    /* One that does not listen any more cannot help. */
    if (guard->pid > 0)
        (void)!send(guard->fd, modes, sizeof(*modes), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
bns_terminal_guard_end(BnsTerminalGuard *guard)
{
    if (guard->pid <= 0)
        return;
    kill(guard->pid, SIGKILL);
    while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close(guard->fd);
    *guard = (BnsTerminalGuard){ 0 };
}
