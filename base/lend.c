/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lend.h"

#include "base/fd.h"

#include <errno.h>
#include <sys/socket.h>

int
bns_lend_ask(int sock, BnsLendFamily family)
{
    const char question = (char)family;

    return bns_fd_send(sock, &question, sizeof(question), -1);
}

int
bns_lend_receive(int sock, int *out_fd)
{
    char answer;

    return (int)bns_fd_receive(sock, &answer, sizeof(answer), out_fd);
}

static int
make_socket(char family)
{
    return socket(family == BNS_LEND_IPV4 ? AF_INET : AF_INET6,
                  SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

bool
bns_lend_answer(int sock)
{
    bns_autofd lent = -1;
    char family;
    ssize_t n = bns_fd_receive(sock, &family, sizeof(family), NULL);

    if (n == -EAGAIN)
        return true;
    if (n != 1 || (family != BNS_LEND_IPV4 && family != BNS_LEND_IPV6))
        return false;
    lent = make_socket(family);
    /* The kernel counts descriptors on their way for all processes of a user, and may
     * refuse one more (ETOOMANYREFS). */
    return bns_fd_send(sock, &family, sizeof(family), lent) == 0 ||
           (lent >= 0 && bns_fd_send(sock, &family, sizeof(family), -1) == 0);
}
