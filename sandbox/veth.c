/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/veth.h"

#include "base/fd.h"
#include "netstack/tap/packet_gate.h"
#include "netstack/tap/tap.h"
#include "sandbox/netlink.h"
#include "sandbox/tap_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The far end's name, in a namespace that nobody else sees. */
#define FAR_NAME "far0"

static int
set_socket_options(int fd)
{
    static const int one = 1;

    /* The far end comes up first, without carrier, and gets its queue only when the
     * kernel's link watcher comes round. A frame that is sent before would be dropped,
     * and a lost ARP reply costs the command a second. */
    (void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
    return setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0
               ? -errno
               : 0;
}

static int
open_packet_socket(bool is_shut)
{
    /* Protocol 0 until it is bound: no frame of another device is ever queued. */
    bns_autofd fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    struct sockaddr_ll address = { .sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_ALL),
                                   .sll_ifindex = (int)if_nametoindex(FAR_NAME) };
    int r;

    if (fd < 0 || address.sll_ifindex == 0)
        return -errno;
    r = set_socket_options(fd);
    if (r == 0 && is_shut)
        r = bns_packet_gate_shut(fd);
    if (r < 0)
        return r;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    return g_steal_fd(&fd);
}

/* In the far namespace. 0 or -errno. */
static int
make_pair(int sandbox_namespace_fd, int *out_fd, int *out_wide_fd)
{
    int r =
        bns_netlink_add_veth(FAR_NAME, BNS_TAP_NAME, sandbox_namespace_fd, BNS_TAP_MTU);

    if (r < 0)
        return r;
    bns_tap_link_no_ipv6(FAR_NAME);
    r = bns_tap_link_up(FAR_NAME);
    if (r == 0)
        r = *out_fd = open_packet_socket(false);
    if (r >= 0)
        r = *out_wide_fd = open_packet_socket(true);
    return MIN(r, 0);
}

/* A veth leaves checksums and segmentation to a device behind it; there is none. Off on
 * the sending end. Receiving stays as it is: what netstack sends is whole. */
static int
switch_offloads_off(void)
{
    static const uint32_t commands[] = { ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO,
                                         ETHTOOL_SGRO };
    bns_autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        struct ethtool_value value = { .cmd = commands[i], .data = 0 };
        struct ifreq request = { .ifr_data = (char *)&value };

        g_strlcpy(request.ifr_name, BNS_TAP_NAME, sizeof(request.ifr_name));
        if (ioctl(fd, SIOCETHTOOL, &request) < 0)
            return -errno;
    }
    return 0;
}

bool
bns_veth_make(int *out_fd, int *out_wide_fd, BnsFault *fault)
{
    bns_autofd home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    bns_autofd fd = -1;
    bns_autofd wide = -1;
    int r;

    if (home < 0 || unshare(CLONE_NEWNET) < 0)
        return bns_fault_set(fault, "Could not make a second network namespace: %s",
                             strerror(errno));
    r = make_pair(home, &fd, &wide);
    if (setns(home, CLONE_NEWNET) < 0)
        return bns_fault_set(fault, "Could not return to the sandbox's network: %s",
                             strerror(errno));
    if (r < 0)
        return bns_fault_set(fault,
                             "/dev/net/tun is not usable, and neither is a veth pair "
                             "with a packet socket: %s; give the user access to "
                             "/dev/net/tun (modprobe tun; mode 0666)",
                             strerror(-r));
    r = switch_offloads_off();
    if (r < 0)
        return bns_fault_set(fault, "Could not switch offloads off on %s: %s",
                             BNS_TAP_NAME, strerror(-r));
    *out_fd = g_steal_fd(&fd);
    *out_wide_fd = g_steal_fd(&wide);
    return true;
}
