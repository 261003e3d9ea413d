/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/netlink.h"

#include "base/fd.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Two names of at most 16 bytes and a handful of headers. */
#define MESSAGE_MAX 512

typedef union {
    struct nlmsghdr header;
    char bytes[MESSAGE_MAX];
} Message;

/* Appends @len bytes; what is longer than the message was never asked for. */
static void *
append(Message *message, const void *data, size_t len)
{
    char *at = message->bytes + NLMSG_ALIGN(message->header.nlmsg_len);

    memcpy(at, data, len);
    message->header.nlmsg_len =
        (uint32_t)(NLMSG_ALIGN(message->header.nlmsg_len) + NLMSG_ALIGN(len));
    return at;
}

/* Returns the offset of the attribute, for end_attribute(). */
static size_t
begin_attribute(Message *message, uint16_t type)
{
    struct rtattr attribute = { .rta_type = type, .rta_len = sizeof(attribute) };
    size_t offset = NLMSG_ALIGN(message->header.nlmsg_len);

    append(message, &attribute, sizeof(attribute));
    return offset;
}

static void
end_attribute(Message *message, size_t offset)
{
    uint16_t len = (uint16_t)(message->header.nlmsg_len - offset);

    memcpy(message->bytes + offset + offsetof(struct rtattr, rta_len), &len,
           sizeof(len));
}

static void
add_attribute(Message *message, uint16_t type, const void *data, size_t len)
{
    struct rtattr attribute = { .rta_type = type,
                                .rta_len = (uint16_t)RTA_LENGTH(len) };

    append(message, &attribute, sizeof(attribute));
    append(message, data, len);
}

static void
add_names(Message *message, const char *name, uint32_t mtu)
{
    add_attribute(message, IFLA_IFNAME, name, strlen(name) + 1);
    add_attribute(message, IFLA_MTU, &mtu, sizeof(mtu));
}

static void
begin_link(Message *message, uint16_t flags)
{
    struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

    message->header = (struct nlmsghdr){
        .nlmsg_len = NLMSG_HDRLEN,
        .nlmsg_type = RTM_NEWLINK,
        .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
    };
    append(message, &info, sizeof(info));
}

static void
build_veth(Message *message,
           const char *name,
           const char *far_name,
           int far_namespace_fd,
           uint32_t mtu)
{
    struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
    size_t link, data, peer;

    begin_link(message, NLM_F_CREATE | NLM_F_EXCL);
    add_names(message, name, mtu);
    link = begin_attribute(message, IFLA_LINKINFO);
    add_attribute(message, IFLA_INFO_KIND, "veth", strlen("veth") + 1);
    data = begin_attribute(message, IFLA_INFO_DATA);
    peer = begin_attribute(message, VETH_INFO_PEER);
    append(message, &info, sizeof(info));
    add_names(message, far_name, mtu);
    add_attribute(message, IFLA_NET_NS_FD, &far_namespace_fd, sizeof(far_namespace_fd));
    end_attribute(message, peer);
    end_attribute(message, data);
    end_attribute(message, link);
}

/* The kernel answers within sendmsg(2): the receive does not block. */
static int
receive_answer(int fd)
{
    union {
        struct nlmsghdr header;
        char bytes[NLMSG_SPACE(sizeof(struct nlmsgerr)) + MESSAGE_MAX];
    } answer;
    struct nlmsgerr error;
    ssize_t n = recv(fd, &answer, sizeof(answer), 0);

    if (n < 0)
        return -errno;
    if ((size_t)n < NLMSG_LENGTH(sizeof(error)) ||
        answer.header.nlmsg_type != NLMSG_ERROR)
        return -EPROTO;
    memcpy(&error, NLMSG_DATA(&answer.header), sizeof(error));
    return error.error;
}

static int
ask(const Message *message)
{
    bns_autofd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0 || send(fd, message, message->header.nlmsg_len, 0) < 0)
        return -errno;
    return receive_answer(fd);
}

int
bns_netlink_add_veth(const char *name,
                     const char *far_name,
                     int far_namespace_fd,
                     uint32_t mtu)
{
    Message message = { 0 };

    build_veth(&message, name, far_name, far_namespace_fd, mtu);
    return ask(&message);
}

int
bns_netlink_set_queue(const char *name, uint32_t frames)
{
    Message message = { 0 };

    begin_link(&message, 0);
    add_attribute(&message, IFLA_IFNAME, name, strlen(name) + 1);
    add_attribute(&message, IFLA_TXQLEN, &frames, sizeof(frames));
    return ask(&message);
}
