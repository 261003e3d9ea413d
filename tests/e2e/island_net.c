/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/island_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union {
    struct nlmsghdr header;
    char bytes[512];
} Message;

typedef struct {
    int family;
    unsigned len;
    uint8_t bytes[16];
} Address;

static void
append(Message *message, const void *data, size_t len)
{
    memcpy(message->bytes + NLMSG_ALIGN(message->header.nlmsg_len), data, len);
    message->header.nlmsg_len =
        (uint32_t)(NLMSG_ALIGN(message->header.nlmsg_len) + NLMSG_ALIGN(len));
}

static void
append_attribute(Message *message, uint16_t type, const void *data, size_t len)
{
    struct rtattr attribute = { .rta_type = type,
                                .rta_len = (uint16_t)RTA_LENGTH(len) };

    append(message, &attribute, sizeof(attribute));
    append(message, data, len);
}

static Message
begin(uint16_t type)
{
    return (Message){ .header = { .nlmsg_len = NLMSG_HDRLEN,
                                  .nlmsg_type = type,
                                  .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE |
                                                 NLM_F_EXCL | NLM_F_ACK } };
}

static void
ask(const Message *message, const char *what)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    char buffer[1024];
    struct nlmsgerr answer = { .error = -EPROTO };

    if (send(fd, message, message->header.nlmsg_len, 0) < 0 ||
        recv(fd, buffer, sizeof(buffer), 0) < (ssize_t)NLMSG_LENGTH(sizeof(answer)))
        g_error("rtnetlink, %s: %s", what, g_strerror(errno));
    memcpy(&answer, buffer + NLMSG_HDRLEN, sizeof(answer));
    if (answer.error != 0)
        g_error("rtnetlink, %s: %s", what, g_strerror(-answer.error));
    close(fd);
}

static Address
parse(const char *text)
{
    Address address = { .family = AF_INET, .len = 4 };

    if (strchr(text, ':') != NULL)
        address.family = AF_INET6, address.len = 16;
    g_assert_cmpint(inet_pton(address.family, text, address.bytes), ==, 1);
    return address;
}

void
island_net_up(const char *device)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = { .ifr_flags = IFF_UP };

    g_strlcpy(request.ifr_name, device, sizeof(request.ifr_name));
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        g_error("%s up: %s", device, g_strerror(errno));
    close(fd);
}

void
island_net_add_address(const char *device, const char *text, unsigned prefix)
{
    Address address = parse(text);
    struct ifaddrmsg head = { .ifa_family = (uint8_t)address.family,
                              .ifa_prefixlen = (uint8_t)prefix,
                              .ifa_flags = IFA_F_NODAD,
                              .ifa_index = if_nametoindex(device) };
    Message message = begin(RTM_NEWADDR);

    append(&message, &head, sizeof(head));
    append_attribute(&message, IFA_LOCAL, address.bytes, address.len);
    append_attribute(&message, IFA_ADDRESS, address.bytes, address.len);
    ask(&message, text);
}

void
island_net_add_default(const char *device, const char *gateway)
{
    Address address = parse(gateway);
    struct rtmsg head = { .rtm_family = (uint8_t)address.family,
                          .rtm_table = RT_TABLE_MAIN,
                          .rtm_protocol = RTPROT_BOOT,
                          .rtm_scope = RT_SCOPE_UNIVERSE,
                          .rtm_type = RTN_UNICAST };
    Message message = begin(RTM_NEWROUTE);
    uint32_t index = if_nametoindex(device);

    append(&message, &head, sizeof(head));
    append_attribute(&message, RTA_GATEWAY, address.bytes, address.len);
    append_attribute(&message, RTA_OIF, &index, sizeof(index));
    ask(&message, gateway);
}

/* In the main table, which is asked after the one of the real local addresses. */
void
island_net_be_everywhere(int family)
{
    struct rtmsg head = { .rtm_family = (uint8_t)family,
                          .rtm_table = RT_TABLE_MAIN,
                          .rtm_protocol = RTPROT_BOOT,
                          .rtm_scope = RT_SCOPE_HOST,
                          .rtm_type = RTN_LOCAL };
    Message message = begin(RTM_NEWROUTE);
    uint32_t index = if_nametoindex("lo");

    append(&message, &head, sizeof(head));
    append_attribute(&message, RTA_OIF, &index, sizeof(index));
    ask(&message, "every address");
}

bool
island_net_has_ipv6(void)
{
    return g_file_test("/proc/sys/net/ipv6", G_FILE_TEST_IS_DIR);
}
