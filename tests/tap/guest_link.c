/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap/guest_link.h"

#include "netstack/tap/packet_gate.h"
#include "netstack/tap/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/ethernet.h>
#include <net/route.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_NAME "peer0"

static int
write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = write(fd, text, strlen(text));
    close(fd);
    return n < 0 ? -errno : 0;
}

int
guest_link_unshare(void)
{
    char uid[64];
    char gid[64];
    int r;

    snprintf(uid, sizeof(uid), "0 %u 1", getuid());
    snprintf(gid, sizeof(gid), "0 %u 1", getgid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return -errno;
    r = write_file("/proc/self/setgroups", "deny");
    if (r == 0)
        r = write_file("/proc/self/uid_map", uid);
    return r == 0 ? write_file("/proc/self/gid_map", gid) : r;
}

/* --- configuration by ioctl --- */

static struct ifreq
request_for(const char *name)
{
    struct ifreq request;

    memset(&request, 0, sizeof(request));
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    return request;
}

static struct sockaddr
address(const char *dotted)
{
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_addr.s_addr = inet_addr(dotted) };
    struct sockaddr out;

    memcpy(&out, &in, sizeof(out));
    return out;
}

static int
bring_up(int sock, const char *name)
{
    struct ifreq request = request_for(name);

    request.ifr_mtu = BNS_TAP_MTU;
    if (ioctl(sock, SIOCSIFMTU, &request) < 0)
        return -errno;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ioctl(sock, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

static int
configure(int sock)
{
    struct ifreq request = request_for(BNS_TAP_NAME);
    struct rtentry route = { .rt_dst = address("0.0.0.0"),
                             .rt_gateway = address(BNS_TAP_ROUTER),
                             .rt_genmask = address("0.0.0.0"),
                             .rt_flags = RTF_UP | RTF_GATEWAY };
    int r = bring_up(sock, BNS_TAP_NAME);

    if (r < 0)
        return r;
    request.ifr_addr = address(BNS_TAP_GUEST);
    if (ioctl(sock, SIOCSIFADDR, &request) < 0)
        return -errno;
    request.ifr_netmask = address("255.255.255.248");
    if (ioctl(sock, SIOCSIFNETMASK, &request) < 0 || ioctl(sock, SIOCADDRT, &route) < 0)
        return -errno;
    return 0;
}

static int
configure_all(void)
{
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int r = sock < 0 ? -errno : configure(sock);

    if (sock >= 0)
        close(sock);
    return r;
}

int
guest_link_tap(void)
{
    struct ifreq request = request_for(BNS_TAP_NAME);
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    int r;

    if (fd < 0)
        return -errno;
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    r = ioctl(fd, TUNSETIFF, &request) < 0 ? -errno : configure_all();
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

/* --- veth --- */

typedef struct {
    struct nlmsghdr head;
    struct ifinfomsg info;
    char attributes[256];
} LinkRequest;

static struct rtattr *
add_attribute(LinkRequest *request, unsigned short type, const void *data, size_t len)
{
    struct rtattr *attribute =
        (void *)((char *)request + NLMSG_ALIGN(request->head.nlmsg_len));

    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(len);
    if (len > 0)
        memcpy(RTA_DATA(attribute), data, len);
    request->head.nlmsg_len =
        NLMSG_ALIGN(request->head.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
    return attribute;
}

static void
end_nest(const LinkRequest *request, struct rtattr *nest)
{
    nest->rta_len = (unsigned short)((const char *)request + request->head.nlmsg_len -
                                     (const char *)nest);
}

static int
add_veth(void)
{
    LinkRequest request = { .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(request.info)),
                                      .nlmsg_type = RTM_NEWLINK,
                                      .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE |
                                                     NLM_F_EXCL | NLM_F_ACK } };
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
    } answer;
    const struct ifinfomsg peer_info = { 0 };
    int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct rtattr *info;
    struct rtattr *data;
    struct rtattr *peer;
    ssize_t n = -1;

    if (sock < 0)
        return -errno;
    add_attribute(&request, IFLA_IFNAME, BNS_TAP_NAME, sizeof(BNS_TAP_NAME));
    info = add_attribute(&request, IFLA_LINKINFO, NULL, 0);
    add_attribute(&request, IFLA_INFO_KIND, "veth", 4);
    data = add_attribute(&request, IFLA_INFO_DATA, NULL, 0);
    peer = add_attribute(&request, VETH_INFO_PEER, &peer_info, sizeof(peer_info));
    add_attribute(&request, IFLA_IFNAME, PEER_NAME, sizeof(PEER_NAME));
    end_nest(&request, peer);
    end_nest(&request, data);
    end_nest(&request, info);
    if (send(sock, &request, request.head.nlmsg_len, 0) >= 0)
        n = recv(sock, &answer, sizeof(answer), 0);
    close(sock);
    return n < (ssize_t)sizeof(answer.head) + (ssize_t)sizeof(int) ? -EIO
                                                                   : answer.error.error;
}

/* Whole segments and partial checksums would not survive the far end. */
static int
stop_offloads(int sock, const char *name)
{
    static const unsigned commands[] = { ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO };

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        struct ethtool_value value = { .cmd = commands[i] };
        struct ifreq request = request_for(name);

        request.ifr_data = (void *)&value;
        if (ioctl(sock, SIOCETHTOOL, &request) < 0)
            return -errno;
    }
    return 0;
}

static int
open_packet_socket(bool is_shut)
{
    const int yes = 1;
    struct ifreq request = request_for(PEER_NAME);
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    struct sockaddr_ll bound = { .sll_family = AF_PACKET,
                                 .sll_protocol = htons(ETH_P_ALL) };

    if (fd < 0)
        return -errno;
    if (ioctl(fd, SIOCGIFINDEX, &request) == 0 &&
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) == 0 &&
        (!is_shut || bns_packet_gate_shut(fd) == 0)) {
        bound.sll_ifindex = request.ifr_ifindex;
        if (bind(fd, (const struct sockaddr *)&bound, sizeof(bound)) == 0)
            return fd;
    }
    close(fd);
    return -errno;
}

int
guest_link_packet(int *out_wide_fd)
{
    int r = add_veth();
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (r == 0)
        r = stop_offloads(sock, BNS_TAP_NAME);
    if (r == 0)
        r = bring_up(sock, PEER_NAME);
    if (r == 0)
        r = configure_all();
    close(sock);
    if (r == 0)
        r = *out_wide_fd = open_packet_socket(true);
    return r < 0 ? r : open_packet_socket(false);
}
