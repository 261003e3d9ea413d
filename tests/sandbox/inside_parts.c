/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the set-up on their own, in namespaces that the test makes. */
#include "base/fd.h"
#include "netstack/tap/tap.h"
#include "sandbox/mount_api.h"
#include "sandbox/rebuild.h"
#include "sandbox/tap_link.h"
#include "tests/sandbox/inside_fixture.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* In a child whose exit status is all that counts: says where it went wrong. */
#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            g_printerr("%s:%d: %s (%s)\n", __func__, __LINE__, #condition,             \
                       g_strerror(errno));                                             \
            return false;                                                              \
        }                                                                              \
    } while (0)

static bool
is_read_only(const char *path)
{
    int r = access(path, W_OK);

    return r < 0 && errno == EROFS;
}

/* Where mount_setattr(2) is missing, and a name needs decoding. */
static bool
read_only_each(void)
{
    inside_old_kernel();
    CHECK(mount("t", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, NULL) == 0);
    CHECK(mkdir("/tmp/a", 0755) == 0);
    CHECK(mkdir("/tmp/ab", 0755) == 0);
    CHECK(mount("t", "/tmp/a", "tmpfs", MS_NOEXEC, NULL) == 0);
    CHECK(mkdir("/tmp/a/b c", 0755) == 0);
    CHECK(mount("t", "/tmp/a/b c", "tmpfs", 0, NULL) == 0);
    CHECK(mount("t", "/tmp/ab", "tmpfs", 0, NULL) == 0);
    CHECK(bns_mount_set_read_only("/tmp/a", true) == 0);
    CHECK(is_read_only("/tmp/a") && is_read_only("/tmp/a/b c"));
    CHECK(access("/tmp/ab", W_OK) == 0 && access("/tmp", W_OK) == 0);
    CHECK(bns_mount_set_read_only("/tmp", false) == 0);
    CHECK(is_read_only("/tmp") && access("/tmp/ab", W_OK) == 0);
    return true;
}

static bool
write_text(const char *path, const char *text)
{
    return g_file_set_contents(path, text, -1, NULL);
}

static bool
reads(const char *path, const char *expected)
{
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) && strcmp(text, expected) == 0;
}

static bool
make_source(void)
{
    CHECK(mount("t", "/tmp", "tmpfs", 0, NULL) == 0);
    CHECK(mkdir("/tmp/d", 0750) == 0 && mkdir("/tmp/d/sub", 0700) == 0);
    CHECK(mkdir("/tmp/d/sub/deep", 0755) == 0 && mkdir("/tmp/d/other", 0755) == 0);
    CHECK(write_text("/tmp/d/plain", "plain") && write_text("/tmp/d/secret", "secret"));
    CHECK(write_text("/tmp/d/sub/secret", "s2") && write_text("/tmp/d/sub/x", "x"));
    CHECK(symlink("plain", "/tmp/d/link") == 0 && mkfifo("/tmp/d/fifo", 0600) == 0);
    CHECK(symlink("/nowhere", "/tmp/d/broken") == 0);
    return true;
}

/* The host saves the hidden file as editors do: a new one, renamed over it. */
static bool
rebuild_hides(void)
{
    const char *ours[] = { "/tmp/d/secret", "/tmp/d/sub/secret", "/tmp/d/absent/x",
                           NULL };
    bns_autofd host = -1;
    bns_autofd fd = -1;
    BnsFault fault;
    char target[16] = "";

    CHECK(make_source());
    host = open("/tmp/d", O_PATH | O_CLOEXEC);
    CHECK(bns_rebuild_mount("/tmp/d", ours, &fd, &fault));
    CHECK(access("/tmp/d/secret", F_OK) < 0 && access("/tmp/d/sub/secret", F_OK) < 0);
    CHECK(reads("/tmp/d/plain", "plain") && reads("/tmp/d/sub/x", "x"));
    CHECK(readlink("/tmp/d/link", target, sizeof(target) - 1) == 5);
    CHECK(strcmp(target, "plain") == 0);
    CHECK(readlink("/tmp/d/broken", target, sizeof(target) - 1) == 8);
    CHECK(access("/tmp/d/sub/deep", F_OK) == 0 && access("/tmp/d/fifo", F_OK) == 0);
    CHECK(access("/tmp/d/absent", F_OK) < 0);
    CHECK(symlinkat("new", host, "n") == 0 && renameat(host, "n", host, "secret") == 0);
    CHECK(renameat(host, "secret", host, "plain") == 0);
    CHECK(access("/tmp/d/secret", F_OK) < 0 && reads("/tmp/d/plain", "plain"));
    return true;
}

static bool
rebuild_seals(void)
{
    const char *ours[] = { "/tmp/d/secret", "/tmp/d/sub/secret", NULL };
    bns_autofd fd = -1;
    BnsFault fault;

    CHECK(make_source());
    CHECK(bns_rebuild_mount("/tmp/d", ours, &fd, &fault));
    CHECK(write_text("/tmp/d/ours", "ours"));
    CHECK(bns_rebuild_seal("/tmp/d", &fault));
    CHECK(is_read_only("/tmp/d") && is_read_only("/tmp/d/sub"));
    CHECK(reads("/tmp/d/ours", "ours"));
    CHECK(access("/tmp/d/other", W_OK) == 0 && access("/tmp/d/plain", W_OK) == 0);
    return true;
}

static bool
rebuild_refuses_links(void)
{
    const char *ours[] = { NULL };
    bns_autofd fd = -1;
    BnsFault fault;

    CHECK(make_source() && symlink("/tmp/d", "/tmp/l") == 0);
    CHECK(!bns_rebuild_mount("/tmp/l", ours, &fd, &fault));
    CHECK(!bns_rebuild_mount("/tmp/absent", ours, &fd, &fault));
    return true;
}

static void
test_namespaces(gconstpointer data)
{
    if (inside_is_possible())
        inside_namespaces(*(bool (*const *)(void))data);
}

/* --- the link without a tap --- */

static uint32_t
add_words(const uint8_t *bytes, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++)
        sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
    return sum;
}

static uint16_t
fold(uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Over the pseudo header and the segment: 0 if its checksum is right. */
static uint16_t
tcp_residue(const uint8_t *ip, size_t ip_len)
{
    size_t header = (size_t)(ip[0] & 0xf) * 4;
    uint32_t sum = add_words(ip + 12, 8, IPPROTO_TCP + (uint32_t)(ip_len - header));

    return fold(add_words(ip + header, ip_len - header, sum));
}

static bool
answer_arp(int fd, const uint8_t *frame)
{
    static const uint8_t router_mac[] = { 0x52, 0x55, 0x0a, 0, 2, 2 };
    struct ether_arp arp;
    uint8_t reply[ETH_HLEN + sizeof(arp)];
    struct in_addr asked;

    memcpy(&arp, frame + ETH_HLEN, sizeof(arp));
    memcpy(&asked, arp.arp_tpa, sizeof(asked));
    CHECK(strcmp(inet_ntoa(asked), BNS_TAP_ROUTER) == 0);
    memcpy(reply, frame + ETH_ALEN, ETH_ALEN);
    memcpy(reply + ETH_ALEN, router_mac, ETH_ALEN);
    memcpy(reply + 2 * ETH_ALEN, frame + 2 * ETH_ALEN, 2);
    arp.ea_hdr.ar_op = htons(ARPOP_REPLY);
    memcpy(arp.arp_tha, arp.arp_sha, ETH_ALEN);
    memcpy(arp.arp_tpa, arp.arp_spa, sizeof(arp.arp_tpa));
    memcpy(arp.arp_sha, router_mac, ETH_ALEN);
    memcpy(arp.arp_spa, &asked, sizeof(asked));
    memcpy(reply + ETH_HLEN, &arp, sizeof(arp));
    return write(fd, reply, sizeof(reply)) == sizeof(reply);
}

static int
start_connection(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(80) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, "93.184.216.34", &address.sin_addr);
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 &&
                   errno == EINPROGRESS
               ? fd
               : -1;
}

/* The first frames of a connection: nothing but ARP, then a SYN that is whole. */
static bool
check_syn(int fd)
{
    uint8_t frame[2048];
    const uint8_t *ip = frame + ETH_HLEN;
    ssize_t n = read(fd, frame, sizeof(frame));

    CHECK(n >= (ssize_t)(ETH_HLEN + sizeof(struct ether_arp)));
    CHECK(frame[12] == 0x08 && frame[13] == 0x06);
    CHECK(answer_arp(fd, frame));
    n = read(fd, frame, sizeof(frame));
    CHECK(n > (ssize_t)(ETH_HLEN + sizeof(struct iphdr)));
    CHECK(frame[12] == 0x08 && frame[13] == 0x00 && ip[9] == IPPROTO_TCP);
    CHECK(fold(add_words(ip, 20, 0)) == 0);
    CHECK(tcp_residue(ip, (size_t)n - ETH_HLEN) == 0);
    return true;
}

static bool
veth_speaks(void)
{
    bns_autofd fd = -1;
    bns_autofd wide = -1;
    bns_autofd connection = -1;
    BnsFault fault = { "" };

    /* Hides /dev/net/tun. */
    CHECK(mount("t", "/dev/net", "tmpfs", 0, NULL) == 0);
    if (!bns_tap_link_make(&fd, &wide, &fault)) {
        g_printerr("%s\n", fault.text);
        return false;
    }
    CHECK(wide >= 0 && if_nametoindex(BNS_TAP_NAME) > 0);
    connection = start_connection();
    CHECK(connection >= 0);
    return check_syn(fd);
}

static bool
tap_speaks(void)
{
    bns_autofd fd = -1;
    bns_autofd wide = -1;
    bns_autofd connection = -1;
    BnsFault fault = { "" };

    CHECK(bns_tap_link_make(&fd, &wide, &fault));
    CHECK(wide < 0);
    connection = start_connection();
    CHECK(connection >= 0);
    return check_syn(fd);
}

static void
test_tap(void)
{
    bns_autofd fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (!inside_is_possible())
        return;
    if (fd < 0) {
        g_test_skip("/dev/net/tun is not for this user");
        return;
    }
    inside_namespaces(tap_speaks);
}

static void
test_veth(void)
{
    if (!inside_is_possible())
        return;
    inside_namespaces(veth_speaks);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        bool (*run)(void);
    } parts[] = {
        { "/sandbox/rebuild/hides-for-good-and-shows-the-rest", rebuild_hides },
        { "/sandbox/rebuild/seals-what-it-made", rebuild_seals },
        { "/sandbox/rebuild/follows-no-link", rebuild_refuses_links },
        { "/sandbox/mount-api/read-only-on-an-old-kernel", read_only_each },
    };

    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        bns_test_add_data(parts[i].path, &parts[i].run, test_namespaces);
    bns_test_add("/sandbox/link/a-tap-carries-whole-frames", test_tap);
    bns_test_add("/sandbox/link/a-veth-carries-whole-frames", test_veth);
    return g_test_run();
}
