/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/tap_link.h"

#include "base/fd.h"
#include "base/ready.h"
#include "netstack/tap/tap.h"
#include "sandbox/netlink.h"
#include "sandbox/veth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The tap drops what its queue does not hold. libslirp's window is four frames at most, and
 * 4096 connections (limits.flows, unless it is set) may send theirs at once; the kernel
 * needs a pointer for each. */
#define QUEUE_FRAMES (4 * 4096)

static void
write_sysctl(const char *path, const char *text)
{
    bns_autofd fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0)
        (void)bns_fd_write_all(fd, text, strlen(text));
}

void
bns_tap_link_no_ipv6(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
    write_sysctl(path, "1");
}

static struct ifreq
request_for(const char *name)
{
    struct ifreq request = { 0 };

    g_strlcpy(request.ifr_name, name, sizeof(request.ifr_name));
    return request;
}

static int
control(unsigned long code, void *request)
{
    bns_autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return fd < 0 || ioctl(fd, code, request) < 0 ? -errno : 0;
}

int
bns_tap_link_up(const char *name)
{
    struct ifreq request = request_for(name);

    request.ifr_flags = IFF_UP;
    return control(SIOCSIFFLAGS, &request);
}

static void
set_address(struct sockaddr *address, uint32_t ipv4)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = ipv4 };

    memcpy(address, &in, sizeof(in));
}

static int
set_mtu(void)
{
    struct ifreq request = request_for(BNS_TAP_NAME);

    request.ifr_mtu = BNS_TAP_MTU;
    return control(SIOCSIFMTU, &request);
}

static int
add_address(void)
{
    struct ifreq request = request_for(BNS_TAP_NAME);
    int r;

    set_address(&request.ifr_addr, inet_addr(BNS_TAP_GUEST));
    r = control(SIOCSIFADDR, &request);
    if (r < 0)
        return r;
    set_address(&request.ifr_netmask, htonl(~0u << (32 - BNS_TAP_PREFIX_LEN)));
    return control(SIOCSIFNETMASK, &request);
}

static int
add_default_route(void)
{
    char device[] = BNS_TAP_NAME;
    struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = device };

    set_address(&route.rt_gateway, inet_addr(BNS_TAP_ROUTER));
    set_address(&route.rt_dst, INADDR_ANY);
    set_address(&route.rt_genmask, INADDR_ANY);
    return control(SIOCADDRT, &route);
}

static int
open_tap(void)
{
    bns_autofd fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    struct ifreq request = request_for(BNS_TAP_NAME);

    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        return -errno;
    /* So that it goes with its namespace, in the background. Otherwise netstack's last
     * close removes it, and the kernel takes tens of milliseconds for that. */
    ioctl(fd, TUNSETPERSIST, 1);
    return g_steal_fd(&fd);
}

/* What a missing module, a missing or closed device node and a device filter say. */
static bool
is_tap_absent(int r)
{
    return r == -ENOENT || r == -EACCES || r == -EPERM || r == -ENODEV || r == -ENXIO;
}

static int
bring_up(void)
{
    return bns_tap_link_up(BNS_TAP_NAME);
}

static bool
configure(BnsFault *fault)
{
    static const struct {
        int (*run)(void);
        const char *what;
    } steps[] = {
        { set_mtu, "set its MTU" },
        { bring_up, "bring it up" },
        { add_address, "give it an address" },
        { add_default_route, "set the default route" },
    };

    bns_tap_link_no_ipv6(BNS_TAP_NAME);
    /* Not an error: then frames are lost, but only when very many come at once. */
    (void)bns_netlink_set_queue(BNS_TAP_NAME, QUEUE_FRAMES);
    /* The far end's window is at most 64 KiB: pacing would only slow it down. */
    write_sysctl("/proc/sys/net/ipv4/tcp_congestion_control", "reno");
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        int r = steps[i].run();

        if (r < 0)
            return bns_fault_set(fault, "Could not configure the device %s (%s): %s",
                                 BNS_TAP_NAME, steps[i].what, strerror(-r));
    }
    return true;
}

bool
bns_tap_link_make(int *out_fd, int *out_wide_fd, BnsFault *fault)
{
    bns_autofd fd = -1;
    bns_autofd wide = -1;
    int r = bns_tap_link_up("lo");

    if (r < 0)
        return bns_fault_set(fault, "Could not bring up the sandbox's loopback: %s",
                             strerror(-r));
    fd = open_tap();
    if (fd < 0) {
        if (!is_tap_absent(fd))
            return bns_fault_set(fault, "Could not make a tap with /dev/net/tun: %s",
                                 strerror(-fd));
        if (!bns_veth_make(&fd, &wide, fault))
            return false;
    }
    if (!configure(fault))
        return false;
    *out_fd = g_steal_fd(&fd);
    *out_wide_fd = g_steal_fd(&wide);
    return true;
}

bool
bns_tap_link_send(int control_fd, BnsFault *fault)
{
    bns_autofd fd = -1;
    bns_autofd wide = -1;
    int r = 0;

    if (!bns_tap_link_make(&fd, &wide, fault))
        return false;
    if (wide >= 0)
        r = bns_ready_send(control_fd, BNS_READY_WIDE, NULL, wide);
    if (r == 0)
        r = bns_ready_send(control_fd, wide >= 0 ? BNS_READY_PACKET : BNS_READY_TAP,
                           NULL, fd);
    return r == 0
               ? true
               : bns_fault_set(fault, "Could not hand over the link: %s", strerror(-r));
}
