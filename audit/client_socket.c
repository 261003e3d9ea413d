/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/client_socket.h"

#include "audit/client.h"
#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

int64_t
bns_client_deadline_us(void)
{
    return g_get_monotonic_time() + BNS_CLIENT_TIMEOUT_S * G_USEC_PER_SEC;
}

bool
bns_client_wait(int fd, short events, int64_t deadline_us)
{
    struct pollfd pollfd = { .fd = fd, .events = events };
    int64_t left_us;
    int r;

    do {
        left_us = deadline_us - g_get_monotonic_time();
        if (left_us <= 0)
            return false;
        r = poll(&pollfd, 1, (int)(left_us / 1000) + 1);
    } while (r == 0 || (r < 0 && errno == EINTR));
    return r > 0;
}

size_t
bns_client_write(BnsProtocol type,
                 const BnsRecord *record,
                 uint8_t out_part[BNS_PROTOCOL_MESSAGE_MAX])
{
    out_part[0] = (uint8_t)type;
    return 1 + bns_record_write(record, out_part + 1);
}

bool
bns_client_send(int fd, const uint8_t *message, size_t len, int64_t deadline_us)
{
    while (send(fd, message, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN || !bns_client_wait(fd, POLLOUT, deadline_us))
            return false;
    }
    return true;
}

static bool
are_answers(const BnsProtocolAnswer *answers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (answers[i].type != BNS_PROTOCOL_WRITTEN)
            return false;
    return true;
}

ssize_t
bns_client_receive(int fd, BnsProtocolAnswer out_answers[BNS_PROTOCOL_ANSWERS_MAX])
{
    size_t size = BNS_PROTOCOL_ANSWERS_MAX * sizeof(*out_answers);
    ssize_t n = bns_fd_receive(fd, out_answers, size, NULL);

    if (n == -EAGAIN)
        return 0;
    if (n <= 0 || (size_t)n % sizeof(*out_answers) != 0 ||
        !are_answers(out_answers, (size_t)n / sizeof(*out_answers)))
        return -1;
    return (ssize_t)((size_t)n / sizeof(*out_answers));
}
