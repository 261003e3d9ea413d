/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/streams.h"

#include "base/fd.h"
#include "sandbox/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static const char *const names[BNS_STREAMS] = { "input", "output", "error" };

static bool
fail(GError **error, int fd, const char *why)
{
    g_set_error(error, BNS_SPAWN_ERROR, 0, "standard %s %s", names[fd], why);
    return false;
}

static int
socket_option(int fd, int option)
{
    int value = 0;
    socklen_t len = sizeof(value);

    getsockopt(fd, SOL_SOCKET, option, &value, &len);
    return value;
}

/* Messages would lose their borders in a pipe; who listens has no bytes. */
static bool
check_socket(int fd, GError **error)
{
    if (socket_option(fd, SO_ACCEPTCONN))
        return fail(error, fd, "is a listening socket; give the command a pipe");
    if (socket_option(fd, SO_TYPE) != SOCK_STREAM)
        return fail(error, fd, "is a socket of messages; give the command a pipe");
    return true;
}

/* Its flags are ours alone then. Not possible where it belongs to another user. */
static int
open_again(int fd)
{
    char path[32];
    int again;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    again = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return again >= 0 ? again : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static bool
is_same(int fd, int other)
{
    struct stat info, other_info;

    return fstat(fd, &info) == 0 && fstat(other, &other_info) == 0 &&
           info.st_dev == other_info.st_dev && info.st_ino == other_info.st_ino;
}

/* The caller's controlling terminal, of which /dev/tty is but another name; without one,
 * the first that a stream leads to. */
static void
find_terminal(BnsStreams *streams)
{
    int first = -1;

    streams->terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    for (int fd = 0; fd < BNS_STREAMS; fd++) {
        if (!isatty(fd))
            continue;
        if (streams->terminal < 0 && first < 0)
            first = fd;
        streams->inside.kinds[fd] =
            fd == first || tcgetsid(fd) >= 0 || (first >= 0 && is_same(fd, first))
                ? BNS_STREAM_TERMINAL
                : BNS_STREAM_PIPE;
    }
    if (first >= 0)
        streams->terminal = open_again(first);
    streams->inside.has_terminal = streams->terminal >= 0;
}

/* Output and error that are one (2>&1) stay one: their order is kept, and the socket is
 * not shut down for the one while the other is in use. */
static bool
shares_output(const BnsStreams *streams, int fd)
{
    return fd == STDERR_FILENO && streams->others[STDOUT_FILENO] >= 0 &&
           is_same(fd, STDOUT_FILENO);
}

static bool
make_pipe(BnsStreams *streams, int fd, GError **error)
{
    int pair[2];
    bool is_input = fd == STDIN_FILENO;

    if (shares_output(streams, fd)) {
        streams->inside.pipes[fd] = fcntl(streams->inside.pipes[STDOUT_FILENO],
                                          F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        return streams->inside.pipes[fd] >= 0 ||
               fail(error, fd, "could not be given a pipe");
    }
    if (pipe2(pair, O_CLOEXEC) < 0)
        return fail(error, fd, "could not be given a pipe");
    streams->inside.pipes[fd] = pair[is_input ? 0 : 1];
    streams->ends[fd] = pair[is_input ? 1 : 0];
    streams->others[fd] =
        isatty(fd) ? open_again(fd) : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (streams->others[fd] < 0 || bns_fd_set_nonblocking(streams->ends[fd], true) < 0)
        return fail(error, fd, "could not be given a pipe");
    return true;
}

bool
bns_streams_open(BnsStreams *out_streams, GError **error)
{
    find_terminal(out_streams);
    for (int fd = 0; fd < BNS_STREAMS; fd++) {
        struct stat info;
        bool is_socket = fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode);

        if (is_socket && !check_socket(fd, error))
            return false;
        if (is_socket)
            out_streams->inside.kinds[fd] = BNS_STREAM_PIPE;
        if (out_streams->inside.kinds[fd] == BNS_STREAM_PIPE &&
            !make_pipe(out_streams, fd, error))
            return false;
    }
    return true;
}

void
bns_streams_close_inside(BnsStreams *streams)
{
    for (int fd = 0; fd < BNS_STREAMS; fd++)
        bns_fd_clear(&streams->inside.pipes[fd]);
}

void
bns_streams_close(BnsStreams *streams)
{
    bns_streams_close_inside(streams);
    bns_fd_clear(&streams->terminal);
    for (int fd = 0; fd < BNS_STREAMS; fd++) {
        bns_fd_clear(&streams->ends[fd]);
        bns_fd_clear(&streams->others[fd]);
    }
}

void
bns_streams_leave_own(void)
{
    bns_autofd null = open("/dev/null", O_RDWR | O_CLOEXEC);

    fflush(stdout);
    if (null < 0)
        return;
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
}
