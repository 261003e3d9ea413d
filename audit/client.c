/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/client.h"

#include "audit/protocol.h"
#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

/* Returns: whether @fd became ready for @events (or an error is there to be read) before
 * @deadline_us on g_get_monotonic_time(). */
static bool
wait_for(int fd, short events, int64_t deadline_us)
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

static bool
send_record(int fd, BnsProtocol type, const BnsRecord *record, int64_t deadline_us)
{
    static uint8_t message[BNS_PROTOCOL_MESSAGE_MAX];
    size_t len = 1 + bns_record_write(record, message + 1);

    message[0] = (uint8_t)type;
    while (send(fd, message, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN || !wait_for(fd, POLLOUT, deadline_us))
            return false;
    }
    return true;
}

static bool
receive_written(int fd, int64_t deadline_us, uint64_t *out_seq)
{
    BnsProtocolAnswer answer;
    ssize_t n;

    do {
        if (!wait_for(fd, POLLIN, deadline_us))
            return false;
        n = bns_fd_receive(fd, &answer, sizeof(answer), NULL);
    } while (n == -EAGAIN);
    *out_seq = answer.seq;
    return n == sizeof(answer) && answer.type == BNS_PROTOCOL_WRITTEN;
}

static int64_t
deadline(void)
{
    return g_get_monotonic_time() + BNS_CLIENT_TIMEOUT_S * G_USEC_PER_SEC;
}

bool
bns_client_record(int recorder_fd, const BnsRecord *record)
{
    uint64_t seq;

    return bns_client_record_numbered(recorder_fd, record, &seq);
}

bool
bns_client_record_numbered(int recorder_fd, const BnsRecord *record, uint64_t *out_seq)
{
    int64_t deadline_us = deadline();

    if (send_record(recorder_fd, BNS_PROTOCOL_RECORD, record, deadline_us) &&
        receive_written(recorder_fd, deadline_us, out_seq))
        return true;
    shutdown(recorder_fd, SHUT_RDWR);
    return false;
}

bool
bns_client_note(int recorder_fd, const BnsRecord *record)
{
    if (send_record(recorder_fd, BNS_PROTOCOL_NOTE, record, deadline()))
        return true;
    shutdown(recorder_fd, SHUT_RDWR);
    return false;
}
