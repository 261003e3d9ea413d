/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

void
bns_fd_clear(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

int
bns_fd_pair(int out_pair[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out_pair) < 0 ? -errno
                                                                               : 0;
}

int
bns_fd_set_nonblocking(int fd, bool nonblocking)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0)
        return -errno;
    flags = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

int
bns_fd_keep_on_exec(int fd)
{
    return fcntl(fd, F_SETFD, 0) < 0 ? -errno : 0;
}

int
bns_fd_send(int sock, const void *message, size_t len, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { .iov_base = (void *)(uintptr_t)message, .iov_len = len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t n;

    if (fd >= 0) {
        struct cmsghdr *header = &control.header;

        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof(int));
    }
    do
        n = sendmsg(sock, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

ssize_t
bns_fd_receive(int sock, void *buffer, size_t size, int *out_fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { .iov_base = buffer, .iov_len = size };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof(control.bytes) };
    int fd = -1;
    ssize_t n;

    if (out_fd != NULL)
        *out_fd = -1;
    /* ECONNRESET comes once, before what is still queued: the peer ended and had not
     * read all. Its last words are behind it. */
    do
        n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n < 0)
        return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&msg); header != NULL;
         header = CMSG_NXTHDR(&msg, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
            header->cmsg_len == CMSG_LEN(sizeof(int)))
            memcpy(&fd, CMSG_DATA(header), sizeof(int));
    if (msg.msg_flags & MSG_TRUNC || out_fd == NULL)
        bns_fd_clear(&fd);
    if (msg.msg_flags & MSG_TRUNC)
        return -EMSGSIZE;
    if (out_fd != NULL)
        *out_fd = fd;
    return n;
}

int
bns_fd_write_all(int fd, const void *buffer, size_t len)
{
    const char *at = buffer;

    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int
bns_fd_copy(int from, int to, size_t max)
{
    char block[16 * 1024];
    ssize_t n;

    while ((n = read(from, block, sizeof(block))) > 0) {
        int r = (size_t)n <= max ? bns_fd_write_all(to, block, (size_t)n) : -EFBIG;

        if (r < 0)
            return r;
        max -= (size_t)n;
    }
    return n < 0 ? -errno : 0;
}

void
bns_fd_close_from(int first)
{
    struct rlimit limit = { 0 };

    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0)
        return;
    /* Before Linux 5.9: every number that the limit allows. */
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        limit.rlim_cur = 1 << 20;
    for (int fd = first; (rlim_t)fd < limit.rlim_cur; fd++)
        close(fd);
}
