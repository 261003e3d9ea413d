/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host_sockets.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <sys/socket.h>

G_DEFINE_QUARK(bns_host_sockets_error, bns_host_sockets_error)

/* A kernel that has no such list, or a container that does not give it. */
static bool
fail(int number, GError **error)
{
    g_set_error(
        error, BNS_HOST_SOCKETS_ERROR, number,
        "Could not list this machine's unix sockets, which the command must not "
        "reach: %s%s",
        g_strerror(number),
        number == ENOENT || number == EPROTONOSUPPORT
            ? ": the kernel has no unix_diag (modprobe unix_diag)"
            : "");
    return false;
}

int
bns_host_sockets_open(GError **error)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (fd < 0)
        fail(errno, error);
    return fd;
}

static ssize_t
receive(int fd, uint8_t *buffer, size_t size)
{
    ssize_t n;

    do
        n = recv(fd, buffer, size, MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n > (ssize_t)size) {
        errno = EMSGSIZE;
        return -1;
    }
    return n;
}

bool
bns_host_sockets_read(int fd,
                      bool with_connected,
                      size_t answer_bytes,
                      void (*func)(void *data, const BnsHostSocket *found),
                      void *data,
                      GError **error)
{
    uint8_t request[BNS_SOCK_DIAG_REQUEST_BYTES];
    uint8_t answer[BNS_SOCK_DIAG_ANSWER_BYTES];
    BnsSockDiag state = BNS_SOCK_DIAG_MORE;
    int refused = 0;

    bns_sock_diag_request(with_connected, request);
    if (send(fd, request, sizeof(request), 0) < 0)
        return fail(errno, error);
    while (state == BNS_SOCK_DIAG_MORE) {
        ssize_t n = receive(fd, answer, answer_bytes);

        if (n < 0)
            return fail(errno, error);
        state = bns_sock_diag_parse(answer, (size_t)n, func, data, &refused);
    }
    if (state == BNS_SOCK_DIAG_BAD)
        return fail(EBADMSG, error);
    return refused == 0 || fail(refused, error);
}
