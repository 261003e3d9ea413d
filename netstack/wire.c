/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/wire.h"

#include "base/fd.h"

#include <errno.h>
#include <string.h>

/* A message is sent without the unused tail of its name. */
#define HEAD_BYTES offsetof(BnsWire, name)

int
bns_wire_send(int sock, const BnsWire *message, int fd)
{
    size_t len = HEAD_BYTES + strnlen(message->name, BNS_WIRE_NAME_MAX) + 1;

    return bns_fd_send(sock, message, len, fd);
}

static bool
is_well_formed(const BnsWire *message, size_t len, int fd)
{
    if (len <= HEAD_BYTES || message->name[len - HEAD_BYTES - 1] != '\0' ||
        strlen(message->name) != len - HEAD_BYTES - 1)
        return false;
    if (message->type == 0 || message->type >= BNS_N_WIRE_TYPES ||
        message->verdict >= BNS_N_WIRE_VERDICTS || message->flow == 0)
        return false;
    if (message->type != BNS_WIRE_OFFER && message->name[0] != '\0')
        return false;
    return fd < 0 || message->type == BNS_WIRE_STREAM;
}

int
bns_wire_receive(int sock, BnsWire *out_message, int *out_fd)
{
    ssize_t n;

    memset(out_message, 0, sizeof(*out_message));
    n = bns_fd_receive(sock, out_message, sizeof(*out_message), out_fd);
    if (n <= 0)
        return n == -EMSGSIZE ? -EBADMSG : (int)n;
    if (!is_well_formed(out_message, (size_t)n, *out_fd)) {
        bns_fd_clear(out_fd);
        return -EBADMSG;
    }
    return 1;
}
