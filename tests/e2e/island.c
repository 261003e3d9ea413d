/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/island.h"

#include "base/fd.h"
#include "sandbox/netlink.h"
#include "tests/e2e/island_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define HOST_DEVICE  "host0"
#define WORLD_DEVICE "world0"
#define WORLD        "9.9.9.1"
#define WORLD_V6     "2a00:9::1"
#define MTU          1500

/* Ends what island_seen() reads. */
#define MARK      "everything before this was sent"
#define MARK_PORT 9

static int host_fd = -1; /* the network namespaces */
static int world_fd = -1;
static int packet_fd = -1; /* all that arrives at WORLD_DEVICE */

/* --- namespaces --- */

static bool
write_text(const char *path, const char *text)
{
    bns_autofd fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool
enter_user_namespace(bool as_root)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    g_autofree char *uid_map = g_strdup_printf("%u %u 1", as_root ? 0 : uid, uid);
    g_autofree char *gid_map = g_strdup_printf("%u %u 1", as_root ? 0 : gid, gid);

    return unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == 0 &&
           write_text("/proc/self/setgroups", "deny") &&
           write_text("/proc/self/uid_map", uid_map) &&
           write_text("/proc/self/gid_map", gid_map);
}

static int
open_network(void)
{
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static void
enter_network(int fd)
{
    g_assert_cmpint(setns(fd, CLONE_NEWNET), ==, 0);
}

/* --- the two networks --- */

static void
open_packets(void)
{
    struct sockaddr_ll address = { .sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_ALL),
                                   .sll_ifindex = (int)if_nametoindex(WORLD_DEVICE) };

    packet_fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
    if (packet_fd < 0 ||
        bind(packet_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        g_error("no packets of the world: %s", g_strerror(errno));
}

static void
build_world(void)
{
    island_net_up("lo");
    island_net_up(WORLD_DEVICE);
    open_packets();
    island_net_add_address(WORLD_DEVICE, WORLD, 24);
    island_net_be_everywhere(AF_INET);
    if (!island_net_has_ipv6())
        return;
    island_net_add_address(WORLD_DEVICE, WORLD_V6, 64);
    island_net_be_everywhere(AF_INET6);
}

static void
build_host(void)
{
    island_net_up("lo");
    island_net_up(HOST_DEVICE);
    island_net_add_address(HOST_DEVICE, ISLAND_HOST, 24);
    island_net_add_default(HOST_DEVICE, WORLD);
    if (!island_net_has_ipv6())
        return;
    island_net_add_address(HOST_DEVICE, ISLAND_HOST_V6, 64);
    island_net_add_default(HOST_DEVICE, WORLD_V6);
}

static void
build_networks(void)
{
    world_fd = open_network();
    g_assert_cmpint(unshare(CLONE_NEWNET), ==, 0);
    host_fd = open_network();
    g_assert_cmpint(bns_netlink_add_veth(HOST_DEVICE, WORLD_DEVICE, world_fd, MTU), ==,
                    0);
    enter_network(world_fd);
    build_world();
    enter_network(host_fd);
    build_host();
}

void
island_in_world(void (*func)(void *data), void *data)
{
    enter_network(world_fd);
    func(data);
    enter_network(host_fd);
}

/* --- files --- */

/* A file of ours over @path, if there is one. It has no name of its own afterwards. */
void
island_cover(const char *path, const char *text)
{
    g_autofree char *ours = g_strdup("island-XXXXXX");
    bns_autofd fd = g_mkstemp(ours);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fchmod(fd, 0644), ==, 0);
    g_assert_cmpint(bns_fd_write_all(fd, text, strlen(text)), ==, 0);
    /* One of ours from before; the system's own are locked. */
    umount2(path, MNT_DETACH);
    if (mount(ours, path, NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
        g_error("mount over %s: %s", path, g_strerror(errno));
    g_unlink(ours);
}

void
island_set_hosts(const char *text)
{
    bns_autofd fd = open("/etc/hosts", O_WRONLY | O_TRUNC | O_CLOEXEC);

    g_assert_cmpint(bns_fd_write_all(fd, text, strlen(text)), ==, 0);
}

void
island_make_read_only(const char *path)
{
    struct statvfs info;

    g_assert_cmpint(statvfs(path, &info), ==, 0);
    g_assert_cmpint(mount(path, path, NULL, MS_BIND, NULL), ==, 0);
    /* Flags of the mount below are locked here, and have to be repeated. */
    g_assert_cmpint(mount(NULL, path, NULL,
                          MS_REMOUNT | MS_BIND | MS_RDONLY |
                              (info.f_flag & (ST_NOSUID | ST_NODEV | ST_NOEXEC |
                                              ST_NOATIME | ST_RELATIME)),
                          NULL),
                    ==, 0);
}

void
island_let_go(const char *path)
{
    g_assert_cmpint(umount2(path, MNT_DETACH), ==, 0);
}

void
island_mount_small(const char *path, unsigned bytes)
{
    g_autofree char *options = g_strdup_printf("size=%u", bytes);

    g_assert_cmpint(mount("small", path, "tmpfs", 0, options), ==, 0);
}

bool
island_enter(bool as_root)
{
    if (!enter_user_namespace(as_root))
        return false;
    /* As a desktop has it: what a sandbox mounts must not come back here. */
    if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
        return false;
    build_networks();
    island_cover("/etc/hosts", "127.0.0.1 localhost\n");
    island_cover("/etc/resolv.conf", "nameserver " ISLAND_RESOLVER "\n"
                                     "options timeout:1 attempts:1\n");
    island_cover("/etc/nsswitch.conf", "passwd: files\ngroup: files\n"
                                       "hosts: files dns\n");
    return true;
}

/* --- packets --- */

static void
send_mark(void)
{
    bns_autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(MARK_PORT) };

    inet_pton(AF_INET, WORLD, &address.sin_addr);
    g_assert_cmpint(
        sendto(fd, MARK, strlen(MARK), 0, (struct sockaddr *)&address, sizeof(address)),
        ==, (ssize_t)strlen(MARK));
}

static const char *
protocol_name(uint8_t protocol, char out_number[8])
{
    switch (protocol) {
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_UDP:
        return "udp";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        return "icmp";
    default:
        g_snprintf(out_number, 8, "%u", protocol);
        return out_number;
    }
}

/* Whether a TCP segment belongs to a connection that was seen to begin, maybe by an
 * earlier test: it may come when its programs have ended. */
static bool
is_of_known(const char *address, const uint8_t *tcp, size_t len)
{
    static GHashTable *begun; /* owned; of text */
    g_autofree char *ends = NULL;

    if (len < sizeof(struct tcphdr))
        return false;
    if (begun == NULL)
        begun = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    ends = g_strdup_printf("%u %s %u", tcp[0] * 256u + tcp[1], address,
                           tcp[2] * 256u + tcp[3]);
    if ((tcp[offsetof(struct tcphdr, th_flags)] & TH_SYN) == 0)
        return g_hash_table_contains(begun, ends);
    g_hash_table_add(begun, g_steal_pointer(&ends));
    return false;
}

/* @payload: what follows the IP header; the destination port is its third and fourth
 * byte in TCP and UDP alike. */
static void
describe(GString *seen,
         uint8_t protocol,
         int family,
         const void *destination,
         const uint8_t *payload,
         size_t len)
{
    char address[INET6_ADDRSTRLEN] = "";
    char number[8];

    inet_ntop(family, destination, address, sizeof(address));
    if (protocol == IPPROTO_TCP && is_of_known(address, payload, len))
        return;
    g_string_append_printf(seen, "%s %s", protocol_name(protocol, number), address);
    if ((protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) && len >= 4)
        g_string_append_printf(seen, " %u", payload[2] * 256u + payload[3]);
    g_string_append_c(seen, '\n');
}

/* Groups and neighbours are the kernel's own talk (RFC 4861, 2710, 3810). */
static bool
is_kernels(uint8_t protocol, const uint8_t *payload, size_t len)
{
    return protocol == IPPROTO_HOPOPTS ||
           (protocol == IPPROTO_ICMPV6 && len > 0 && payload[0] >= MLD_LISTENER_QUERY &&
            payload[0] <= 143);
}

static void
add_packet(GString *seen, uint16_t type, const uint8_t *packet, size_t len)
{
    struct iphdr v4;
    struct ip6_hdr v6;

    if (type == ETH_P_IP && len >= sizeof(v4)) {
        size_t head_len = (size_t)(packet[0] & 0xf) * 4;

        memcpy(&v4, packet, sizeof(v4));
        describe(seen, v4.protocol, AF_INET, &v4.daddr, packet + head_len,
                 len - MIN(head_len, len));
    } else if (type == ETH_P_IPV6 && len >= sizeof(v6)) {
        memcpy(&v6, packet, sizeof(v6));
        if (!is_kernels(v6.ip6_nxt, packet + sizeof(v6), len - sizeof(v6)))
            describe(seen, v6.ip6_nxt, AF_INET6, &v6.ip6_dst, packet + sizeof(v6),
                     len - sizeof(v6));
    } else if (type != ETH_P_ARP) {
        g_string_append_printf(seen, "type %04x\n", type);
    }
}

static bool
is_mark(const uint8_t *packet, size_t len)
{
    return len >= strlen(MARK) &&
           memcmp(packet + len - strlen(MARK), MARK, strlen(MARK)) == 0;
}

char *
island_seen(void)
{
    GString *seen = g_string_new(NULL);
    uint8_t packet[65536];

    send_mark();
    for (;;) {
        struct sockaddr_ll from = { 0 };
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(packet_fd, packet, sizeof(packet), 0,
                             (struct sockaddr *)&from, &from_len);

        g_assert_cmpint(n, >=, 0);
        if (from.sll_pkttype == PACKET_OUTGOING)
            continue;
        if (is_mark(packet, (size_t)n))
            break;
        add_packet(seen, ntohs(from.sll_protocol), packet, (size_t)n);
    }
    return g_string_free(seen, FALSE);
}
