/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: families that do not end at the gateway, and what listens on the host.
 */
#include "sandbox/verify_probes.h"

#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Whoever is reached answers at once. */
#define ANSWER_MS 2000

/* Three seconds: several times what a session needs to notice a socket. */
#define LATE_TURNS   60
#define LATE_TURN_US 50000

static BnsVerified
run_socket(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    int fd = socket((int)row->number, (int)row->arguments[0], (int)row->arguments[1]);

    if (fd >= 0)
        return BNS_VERIFIED_OPEN;
    return world->is_outside && errno != EPERM && errno != EACCES
               ? BNS_VERIFIED_UNTESTABLE
               : BNS_VERIFIED_HELD;
}

static BnsVerified
await_answer(int fd)
{
    struct pollfd answer = { .fd = fd, .events = POLLIN };
    char byte;

    return poll(&answer, 1, ANSWER_MS) == 1 && read(fd, &byte, 1) == 1
               ? BNS_VERIFIED_OPEN
               : BNS_VERIFIED_HELD;
}

BnsVerified
bns_verify_ask(int fd, const void *address, size_t len)
{
    if (fd < 0 || connect(fd, address, (socklen_t)len) < 0)
        return BNS_VERIFIED_HELD;
    (void)!send(fd, "?", 1, MSG_NOSIGNAL);
    return await_answer(fd);
}

static BnsVerified
run_host_port(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    bool is_stream = row->number == SOCK_STREAM;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(is_stream ? world->tcp_port : world->udp_port),
        .sin_addr.s_addr = htonl((uint32_t)row->arguments[0]),
    };

    return bns_verify_ask(socket(AF_INET, (int)row->number, 0), &address,
                          sizeof(address));
}

static BnsVerified
ask_unix(const char *name, bool is_abstract)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = strlen(name);

    if (len + 1 >= sizeof(address.sun_path))
        return BNS_VERIFIED_UNTESTABLE;
    memcpy(address.sun_path + is_abstract, name, len);
    return bns_verify_ask(socket(AF_UNIX, SOCK_STREAM, 0), &address,
                          offsetof(struct sockaddr_un, sun_path) + is_abstract + len);
}

static BnsVerified
run_abstract(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    return ask_unix(world->abstract, true);
}

static BnsVerified
run_unix(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    return ask_unix(world->path, false);
}

/* One that is there and was made before must be out of reach at once. */
static BnsVerified
run_work(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    return access(world->work, F_OK) < 0 ? BNS_VERIFIED_UNTESTABLE
                                         : ask_unix(world->work, false);
}

static bool
await_name(const char *name)
{
    for (int i = 0; i < LATE_TURNS; i++) {
        if (access(name, F_OK) == 0)
            return true;
        usleep(LATE_TURN_US);
    }
    return false;
}

/* One that is made during the session may be reached until it is masked. */
static BnsVerified
run_late(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    BnsVerified verified = BNS_VERIFIED_OPEN;

    if (strcmp(world->late, "-") == 0 || !await_name(world->late))
        return BNS_VERIFIED_UNTESTABLE;
    for (int i = 0; i < LATE_TURNS && verified == BNS_VERIFIED_OPEN; i++) {
        verified = ask_unix(world->late, false);
        usleep(LATE_TURN_US);
    }
    return verified;
}

#define FAMILY(name, family, type)                                                     \
    {                                                                                  \
        "socket", name, run_socket, family, { type, 0 }, NULL, false                   \
    }
#define ROOT_FAMILY(name, family, type, protocol)                                      \
    {                                                                                  \
        "socket", name, run_socket, family, { type, protocol }, NULL, true             \
    }
#define NETLINK(name, protocol)                                                        \
    {                                                                                  \
        "netlink", name, run_socket, AF_NETLINK, { SOCK_RAW, protocol }, NULL, false   \
    }

const BnsVerifyRow bns_verify_sockets[] = {
    FAMILY("virtual machine (vsock)", 40, SOCK_STREAM),
    FAMILY("kernel's ciphers (alg)", 38, SOCK_SEQPACKET),
    FAMILY("Bluetooth", 31, SOCK_RAW),
    FAMILY("CAN bus", 29, SOCK_DGRAM),
    FAMILY("TIPC", 30, SOCK_STREAM),
    FAMILY("RDS", 21, SOCK_SEQPACKET),
    FAMILY("KCM", 41, SOCK_DGRAM),
    FAMILY("Qualcomm IPC router", 42, SOCK_DGRAM),
    FAMILY("SMC", 43, SOCK_STREAM),
    FAMILY("NFC", 39, SOCK_SEQPACKET),
    FAMILY("PPP over X", 24, SOCK_STREAM),
    FAMILY("LLC", 26, SOCK_STREAM),
    FAMILY("Phonet", 35, SOCK_DGRAM),
    FAMILY("X.25", 9, SOCK_SEQPACKET),
    FAMILY("AppleTalk", 5, SOCK_DGRAM),
    FAMILY("MCTP", 45, SOCK_DGRAM),
    ROOT_FAMILY("frames (packet)", AF_PACKET, SOCK_RAW, 0),
    ROOT_FAMILY("frames without heads", AF_PACKET, SOCK_DGRAM, 0),
    ROOT_FAMILY("IPsec keys", 15, SOCK_RAW, 2),
    ROOT_FAMILY("XDP", 44, SOCK_RAW, 0),
    ROOT_FAMILY("raw ICMP", AF_INET, SOCK_RAW, IPPROTO_ICMP),
    ROOT_FAMILY("raw IPv4", AF_INET, SOCK_RAW, IPPROTO_RAW),
    ROOT_FAMILY("raw ICMPv6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6),
    ROOT_FAMILY("raw IPv6", AF_INET6, SOCK_RAW, IPPROTO_RAW),
    NETLINK("user sockets", 2),
    NETLINK("socket diagnosis", 4),
    NETLINK("IPsec", 6),
    NETLINK("SELinux", 7),
    NETLINK("iSCSI", 8),
    NETLINK("audit", 9),
    NETLINK("forwarding table", 10),
    NETLINK("connector", 11),
    NETLINK("netfilter", 12),
    NETLINK("device events", 15),
    NETLINK("generic", 16),
    NETLINK("SCSI transport", 18),
    NETLINK("RDMA", 20),
    NETLINK("ciphers", 21),
    { "host",
      "TCP on 127.0.0.1",
      run_host_port,
      SOCK_STREAM,
      { INADDR_LOOPBACK },
      NULL,
      false },
    { "host",
      "UDP on 127.0.0.1",
      run_host_port,
      SOCK_DGRAM,
      { INADDR_LOOPBACK },
      NULL,
      false },
    { "host", "abstract Unix socket", run_abstract, 0, { 0 }, NULL, false },
    { "host", "Unix socket in /tmp", run_unix, 0, { 0 }, NULL, false },
    { "host", "Unix socket in the working directory", run_work, 0, { 0 }, NULL, false },
    { "host",
      "Unix socket that appears in the working directory",
      run_late,
      0,
      { 0 },
      NULL,
      false },
};
const size_t bns_n_verify_sockets = G_N_ELEMENTS(bns_verify_sockets);
