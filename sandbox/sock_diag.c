/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sock_diag.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel's device numbers, which are not those of stat(2). */
#define DEVICE_MINOR_BITS 20

typedef struct {
    struct nlmsghdr header;
    struct unix_diag_req body;
} Request;
_Static_assert(sizeof(Request) == BNS_SOCK_DIAG_REQUEST_BYTES, "no padding");

void
bns_sock_diag_request(bool with_connected,
                      uint8_t out_request[BNS_SOCK_DIAG_REQUEST_BYTES])
{
    const Request request = {
        .header = { .nlmsg_len = sizeof(request),
                    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
        /* CLOSE: bound, not connected: a datagram socket, or a stream that will listen.
         * ESTABLISHED is a datagram socket, too, since somebody has connected to it. */
        .body = { .sdiag_family = AF_UNIX,
                  .udiag_states = 1u << TCP_LISTEN | 1u << TCP_CLOSE |
                                  (with_connected ? 1u << TCP_ESTABLISHED : 0),
                  .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS },
    };

    memcpy(out_request, &request, sizeof(request));
}

/* Of an abstract name nothing is taken: it begins with a NUL. */
static void
take_name(const uint8_t *bytes, size_t len, BnsHostSocket *found)
{
    size_t n = strnlen((const char *)bytes, len);

    if (n > BNS_SOCK_DIAG_NAME_MAX)
        n = 0;
    memcpy(found->name, bytes, n);
    found->name[n] = '\0';
}

static bool
take_place(const uint8_t *bytes, size_t len, BnsHostSocket *found)
{
    struct unix_diag_vfs vfs;

    if (len < sizeof(vfs))
        return false;
    memcpy(&vfs, bytes, sizeof(vfs));
    found->inode = vfs.udiag_vfs_ino;
    found->major = vfs.udiag_vfs_dev >> DEVICE_MINOR_BITS;
    found->minor = vfs.udiag_vfs_dev & ((1u << DEVICE_MINOR_BITS) - 1);
    return true;
}

/* Returns: whether @bytes are whole attributes. */
static bool
parse_attributes(const uint8_t *bytes,
                 size_t len,
                 BnsHostSocket *found,
                 bool *has_place)
{
    while (len >= sizeof(struct nlattr)) {
        struct nlattr attribute;
        size_t step;

        memcpy(&attribute, bytes, sizeof(attribute));
        if (attribute.nla_len < sizeof(attribute) || attribute.nla_len > len)
            return false;
        if (attribute.nla_type == UNIX_DIAG_NAME)
            take_name(bytes + NLA_HDRLEN, attribute.nla_len - (size_t)NLA_HDRLEN,
                      found);
        if (attribute.nla_type == UNIX_DIAG_VFS)
            *has_place = take_place(bytes + NLA_HDRLEN,
                                    attribute.nla_len - (size_t)NLA_HDRLEN, found);
        step = NLA_ALIGN((size_t)attribute.nla_len);
        if (step > len)
            step = len;
        bytes += step;
        len -= step;
    }
    return len == 0;
}

/* Whether somebody else could connect to it, or send to it. */
static bool
is_open(const struct unix_diag_msg *message)
{
    return message->udiag_state != TCP_ESTABLISHED || message->udiag_type == SOCK_DGRAM;
}

/* @out_found: of a socket that lies nowhere, as most do, or is not open, @out_has_place is
 * false. */
static bool
parse_socket(const uint8_t *bytes,
             size_t len,
             BnsHostSocket *out_found,
             bool *out_has_place)
{
    struct unix_diag_msg message;

    *out_found = (BnsHostSocket){ 0 };
    *out_has_place = false;
    if (len < sizeof(message))
        return false;
    memcpy(&message, bytes, sizeof(message));
    out_found->cookie =
        (uint64_t)message.udiag_cookie[1] << 32 | message.udiag_cookie[0];
    if (message.udiag_family != AF_UNIX ||
        !parse_attributes(bytes + sizeof(message), len - sizeof(message), out_found,
                          out_has_place))
        return false;
    *out_has_place = *out_has_place && is_open(&message);
    return true;
}

int64_t
bns_sock_diag_key(unsigned major_number, unsigned minor_number, uint32_t inode)
{
    return (int64_t)((uint64_t)major_number << 52 |
                     ((uint64_t)minor_number & 0xfffff) << 32 | inode);
}

static BnsSockDiag
parse_error(const uint8_t *bytes, size_t len, int *out_error)
{
    int32_t error;

    if (len < sizeof(error))
        return BNS_SOCK_DIAG_BAD;
    memcpy(&error, bytes, sizeof(error));
    if (error > 0 || error < -4095)
        return BNS_SOCK_DIAG_BAD;
    *out_error = -error;
    return BNS_SOCK_DIAG_DONE;
}

BnsSockDiag
bns_sock_diag_parse(const uint8_t *answer,
                    size_t len,
                    void (*func)(void *data, const BnsHostSocket *found),
                    void *data,
                    int *out_error)
{
    *out_error = 0;
    while (len > 0) {
        struct nlmsghdr header;
        BnsHostSocket found;
        bool has_place;
        size_t step;

        if (len < sizeof(header))
            return BNS_SOCK_DIAG_BAD;
        memcpy(&header, answer, sizeof(header));
        if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > len)
            return BNS_SOCK_DIAG_BAD;
        if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR)
            return parse_error(answer + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN,
                               out_error);
        if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
            !parse_socket(answer + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN,
                          &found, &has_place))
            return BNS_SOCK_DIAG_BAD;
        if (has_place)
            func(data, &found);
        step = NLMSG_ALIGN((size_t)header.nlmsg_len);
        if (step > len)
            step = len;
        answer += step;
        len -= step;
    }
    return BNS_SOCK_DIAG_MORE;
}
