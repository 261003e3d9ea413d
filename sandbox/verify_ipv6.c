/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv6, which the sandbox has none of, and IPv4 by its sockets. What only a packet could
 * tell is not tried: to connect a datagram socket asks for a route alone.
 */
#include "sandbox/verify_probes.h"

#include <errno.h>
#include <glib.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* Documentation (RFC 3849), the local network's, and its routers. */
static const struct in6_addr nobody = { { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } };
static const struct in6_addr neighbour = { { { 0xfe, 0x80, [15] = 1 } } };
static const struct in6_addr routers = { { { 0xff, 0x02, [15] = 2 } } };
static const struct in6_addr mapped_loopback = {
    { { [10] = 0xff, 0xff, 127, 0, 0, 1 } }
};

/* Outside a machine may have no IPv6 at all. */
static BnsVerified
absent(const BnsVerifyWorld *world)
{
    return world->is_outside ? BNS_VERIFIED_UNTESTABLE : BNS_VERIFIED_HELD;
}

static bool
has_route(const struct in6_addr *to, unsigned interface)
{
    const struct sockaddr_in6 address = { .sin6_family = AF_INET6,
                                          .sin6_addr = *to,
                                          .sin6_scope_id = interface,
                                          .sin6_port = htons(9) };
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    return fd >= 0 &&
           connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static BnsVerified
run_route(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    return has_route(&nobody, 0) ? BNS_VERIFIED_OPEN : absent(world);
}

static BnsVerified
run_scoped(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    const struct in6_addr *to = row->number != 0 ? &routers : &neighbour;
    struct if_nameindex *all = if_nameindex();
    BnsVerified verified = absent(world);

    for (struct if_nameindex *one = all; one != NULL && one->if_index != 0; one++)
        if (strcmp(one->if_name, "lo") != 0 && has_route(to, one->if_index))
            verified = BNS_VERIFIED_OPEN;
    if_freenameindex(all);
    return verified;
}

static bool
is_address(const struct sockaddr *address)
{
    return address != NULL && address->sa_family == AF_INET6 &&
           !IN6_IS_ADDR_LOOPBACK(
               &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static BnsVerified
run_address(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    struct ifaddrs *all = NULL;
    BnsVerified verified = absent(world);

    if (getifaddrs(&all) < 0)
        return BNS_VERIFIED_UNTESTABLE;
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next)
        if (is_address(one->ifa_addr))
            verified = BNS_VERIFIED_OPEN;
    freeifaddrs(all);
    return verified;
}

/* Whether one may is a setting of the machine's (net.ipv4.ping_group_range). */
static BnsVerified
run_ping(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    return socket((int)row->number, SOCK_DGRAM, (int)row->arguments[0]) >= 0
               ? BNS_VERIFIED_OPEN
               : absent(world);
}

static BnsVerified
run_host_port6(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    bool is_stream = row->number == SOCK_STREAM;
    bool is_mapped = row->arguments[0] != 0;
    uint16_t port = is_mapped ? (is_stream ? world->tcp_port : world->udp_port)
                              : (is_stream ? world->tcp6_port : world->udp6_port);
    const struct sockaddr_in6 address = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(port),
        .sin6_addr = is_mapped ? mapped_loopback : in6addr_loopback,
    };
    int fd = socket(AF_INET6, (int)row->number, 0);

    if (port == 0 || (fd < 0 && world->is_outside))
        return BNS_VERIFIED_UNTESTABLE;
    return bns_verify_ask(fd, &address, sizeof(address));
}

const BnsVerifyRow bns_verify_ipv6[] = {
    { "IPv6", "a route", run_route, 0, { 0 }, NULL, false },
    { "IPv6", "an address", run_address, 0, { 0 }, NULL, false },
    { "IPv6", "link-local neighbours", run_scoped, 0, { 0 }, NULL, false },
    { "IPv6", "routers of the link", run_scoped, 1, { 0 }, NULL, false },
    { "IPv6", "ping", run_ping, AF_INET6, { IPPROTO_ICMPV6 }, NULL, false },
    { "IPv6", "TCP on ::1", run_host_port6, SOCK_STREAM, { 0 }, NULL, false },
    { "IPv6", "UDP on ::1", run_host_port6, SOCK_DGRAM, { 0 }, NULL, false },
    { "IPv6",
      "TCP on ::ffff:127.0.0.1",
      run_host_port6,
      SOCK_STREAM,
      { 1 },
      NULL,
      false },
    { "IPv6",
      "UDP on ::ffff:127.0.0.1",
      run_host_port6,
      SOCK_DGRAM,
      { 1 },
      NULL,
      false },
};
const size_t bns_n_verify_ipv6 = G_N_ELEMENTS(bns_verify_ipv6);
