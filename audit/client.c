/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/client.h"

#include "audit/client_socket.h"

#include <poll.h>
#include <sys/socket.h>

/* One record was sent: one answer comes. */
static bool
receive_written(int fd, int64_t deadline_us)
{
    BnsProtocolAnswer answers[BNS_PROTOCOL_ANSWERS_MAX];
    ssize_t n;

    do {
        if (!bns_client_wait(fd, POLLIN, deadline_us))
            return false;
        n = bns_client_receive(fd, answers);
    } while (n == 0);
    return n == 1;
}

static bool
send_record(int fd, BnsProtocol type, const BnsRecord *record, int64_t deadline_us)
{
    static uint8_t message[BNS_PROTOCOL_MESSAGE_MAX];

    return bns_client_send(fd, message, bns_client_write(type, record, message),
                           deadline_us);
}

bool
bns_client_record(int recorder_fd, const BnsRecord *record)
{
    int64_t deadline_us = bns_client_deadline_us();

    if (send_record(recorder_fd, BNS_PROTOCOL_RECORD, record, deadline_us) &&
        receive_written(recorder_fd, deadline_us))
        return true;
    shutdown(recorder_fd, SHUT_RDWR);
    return false;
}

bool
bns_client_note(int recorder_fd, const BnsRecord *record)
{
    if (send_record(recorder_fd, BNS_PROTOCOL_NOTE, record, bns_client_deadline_us()))
        return true;
    shutdown(recorder_fd, SHUT_RDWR);
    return false;
}
