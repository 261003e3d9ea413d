/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ready.h"

#include "base/fd.h"

#include <errno.h>
#include <string.h>

int
bns_ready_send(int control_fd, BnsReadyType type, const char *text, int fd)
{
    char message[1 + BNS_READY_TEXT_MAX];
    size_t len = text != NULL ? strnlen(text, BNS_READY_TEXT_MAX + 1) : 0;

    if (len > BNS_READY_TEXT_MAX)
        return -EMSGSIZE;
    message[0] = (char)type;
    if (len > 0)
        memcpy(message + 1, text, len);
    return bns_fd_send(control_fd, message, 1 + len, fd);
}

int
bns_ready_receive(int control_fd, char *out_text, int *out_fd)
{
    char message[1 + BNS_READY_TEXT_MAX];
    ssize_t n = bns_fd_receive(control_fd, message, sizeof(message), out_fd);

    if (n <= 0)
        return (int)n;
    memcpy(out_text, message + 1, (size_t)n - 1);
    out_text[n - 1] = '\0';
    return (unsigned char)message[0];
}
