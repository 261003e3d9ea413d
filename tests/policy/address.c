/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/address.h"
#include "policy/guard.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <string.h>
#include <sys/resource.h>

typedef struct {
    const char *name;
    const char *address;
    const char *what; /* the refusal has this in it; NULL: globally reachable */
} GuardCase;

/* Both sides of each border. */
static const GuardCase guard_cases[] = {
    { "this-host-first", "0.0.0.0", "loopback" },
    { "this-host-last", "0.255.255.255", "loopback" },
    { "after-this-host", "1.0.0.0", NULL },
    { "before-10", "9.255.255.255", NULL },
    { "10-first", "10.0.0.0", "private" },
    { "10-last", "10.255.255.255", "private" },
    { "after-10", "11.0.0.0", NULL },
    { "before-carrier-nat", "100.63.255.255", NULL },
    { "carrier-nat-first", "100.64.0.0", "private" },
    { "carrier-nat-last", "100.127.255.255", "private" },
    { "after-carrier-nat", "100.128.0.0", NULL },
    { "before-127", "126.255.255.255", NULL },
    { "127-first", "127.0.0.0", "loopback" },
    { "127-last", "127.255.255.255", "loopback" },
    { "after-127", "128.0.0.0", NULL },
    { "before-link-local", "169.253.255.255", NULL },
    { "the-metadata-service", "169.254.169.254", "metadata" },
    { "after-link-local", "169.255.0.0", NULL },
    { "before-172", "172.15.255.255", NULL },
    { "172-first", "172.16.0.0", "private" },
    { "172-last", "172.31.255.255", "private" },
    { "after-172", "172.32.0.0", NULL },
    { "before-192-0-0", "191.255.255.255", NULL },
    { "192-0-0-first", "192.0.0.0", "special" },
    { "192-0-0-8", "192.0.0.8", "special" },
    { "192-0-0-9-is-global", "192.0.0.9", NULL },
    { "192-0-0-10-is-global", "192.0.0.10", NULL },
    { "192-0-0-11", "192.0.0.11", "special" },
    { "192-0-0-last", "192.0.0.255", "special" },
    { "after-192-0-0", "192.0.1.0", NULL },
    { "documentation-1", "192.0.2.1", "special" },
    { "after-documentation-1", "192.0.3.0", NULL },
    { "as112-is-global", "192.31.196.1", NULL },
    { "amt-is-global", "192.52.193.1", NULL },
    { "before-6to4-relays", "192.88.98.255", NULL },
    { "6to4-relays", "192.88.99.1", "special" },
    { "after-6to4-relays", "192.88.100.0", NULL },
    { "before-192-168", "192.167.255.255", NULL },
    { "192-168-first", "192.168.0.0", "private" },
    { "192-168-last", "192.168.255.255", "private" },
    { "after-192-168", "192.169.0.0", NULL },
    { "direct-delegation-as112-is-global", "192.175.48.1", NULL },
    { "synthetic-addresses-first", "198.18.0.0", NULL },
    { "synthetic-addresses-last", "198.19.255.255", NULL },
    { "documentation-2", "198.51.100.7", "special" },
    { "after-documentation-2", "198.51.101.0", NULL },
    { "documentation-3", "203.0.113.255", "special" },
    { "after-documentation-3", "203.0.114.0", NULL },
    { "before-multicast", "223.255.255.255", NULL },
    { "multicast-first", "224.0.0.0", "multicast" },
    { "multicast-last", "239.255.255.255", "multicast" },
    { "reserved-first", "240.0.0.0", "special" },
    { "broadcast", "255.255.255.255", "special" },

    { "v6-unspecified", "::", "loopback" },
    { "v6-loopback", "::1", "loopback" },
    { "v6-after-loopback", "::2", "special" },
    { "v6-ipv4-compatible", "::10.0.0.1", "special" },
    { "v6-mapped-private", "::ffff:10.0.0.1", "private" },
    { "v6-mapped-loopback", "::ffff:127.0.0.1", "loopback" },
    { "v6-mapped-global", "::ffff:1.1.1.1", NULL },
    { "v6-nat64-private", "64:ff9b::10.0.0.1", "private" },
    { "v6-nat64-metadata", "64:ff9b::169.254.169.254", "metadata" },
    { "v6-nat64-global", "64:ff9b::1.1.1.1", NULL },
    { "v6-nat64-beyond-its-prefix", "64:ff9b:0:0:0:1:101:101", "special" },
    { "v6-local-nat64", "64:ff9b:1::1.1.1.1", "special" },
    { "v6-discard", "100::1", "special" },
    { "v6-before-global-unicast", "1fff:ffff::1", "special" },
    { "v6-protocols-first", "2001::", "special" },
    { "v6-teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "special" },
    { "v6-port-control-anycast-is-global", "2001:1::1", NULL },
    { "v6-turn-anycast-is-global", "2001:1::2", NULL },
    { "v6-dns-sd-anycast-is-global", "2001:1::3", NULL },
    { "v6-after-the-anycasts", "2001:1::4", "special" },
    { "v6-benchmarking", "2001:2::1", "special" },
    { "v6-amt-is-global", "2001:3::1", NULL },
    { "v6-as112-is-global", "2001:4:112::1", NULL },
    { "v6-orchid-is-special", "2001:10::1", "special" },
    { "v6-orchid2-is-global", "2001:20::1", NULL },
    { "v6-drones-are-global", "2001:3f:ffff::1", NULL },
    { "v6-after-drones", "2001:40::1", "special" },
    { "v6-protocols-last", "2001:1ff:ffff::1", "special" },
    { "v6-after-protocols", "2001:200::1", NULL },
    { "v6-before-documentation", "2001:db7:ffff::1", NULL },
    { "v6-documentation", "2001:db8::1", "special" },
    { "v6-after-documentation", "2001:db9::1", NULL },
    { "v6-6to4-private", "2002:a00:1::1", "private" },
    { "v6-6to4-global", "2002:101:101::1", NULL },
    { "v6-direct-delegation-as112-is-global", "2620:4f:8000::1", NULL },
    { "v6-documentation-2", "3fff:fff::1", "special" },
    { "v6-after-documentation-2", "3fff:1000::1", NULL },
    { "v6-after-global-unicast", "4000::1", "special" },
    { "v6-segment-routing", "5f00::1", "special" },
    { "v6-before-unique-local", "fbff::1", "special" },
    { "v6-unique-local-first", "fc00::", "private" },
    { "v6-unique-local-last", "fdff:ffff::1", "private" },
    { "v6-link-local", "fe80::1", "link-local" },
    { "v6-site-local", "fec0::1", "special" },
    { "v6-multicast", "ff02::1", "multicast" },
};

static void
test_guard(gconstpointer data)
{
    const GuardCase *c = data;
    g_autoptr(BnsGuard) guard = bns_guard_new();
    const char *refusal;
    BnsAddress address;

    g_assert_true(bns_address_parse(c->address, &address));
    refusal = bns_guard_check(guard, &address);
    if (c->what == NULL)
        g_assert_cmpstr(refusal, ==, NULL);
    else if (refusal == NULL || strstr(refusal, c->what) == NULL)
        g_error("%s: \"%s\" is not about %s", c->address, refusal, c->what);
}

static void
test_interfaces(void)
{
    g_autoptr(BnsGuard) guard = bns_guard_new();
    struct ifaddrs *list;
    unsigned n = 0;

    g_assert_true(bns_guard_read_interfaces(guard));
    g_assert_cmpint(getifaddrs(&list), ==, 0);
    for (const struct ifaddrs *entry = list; entry != NULL; entry = entry->ifa_next) {
        BnsAddress address;

        if (entry->ifa_addr == NULL ||
            !bns_address_from_sockaddr(entry->ifa_addr, &address))
            continue;
        g_assert_cmpstr(bns_guard_check(guard, &address), !=, NULL);
        n++;
    }
    freeifaddrs(list);
    if (n == 0)
        bns_test_skip("this host has no interface with an address");
}

/* Without a descriptor for its socket, getifaddrs(3) fails. */
static void
test_unknown_interfaces(void)
{
    g_autoptr(BnsGuard) guard = bns_guard_new();
    struct rlimit limit;
    struct rlimit none;
    BnsAddress address;
    bool is_read;

    g_assert_true(bns_address_parse("1.1.1.1", &address));
    g_assert_cmpstr(bns_guard_check(guard, &address), ==, NULL);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    none = (struct rlimit){ 0, limit.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    is_read = bns_guard_read_interfaces(guard);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    g_assert_false(is_read);
    g_assert_cmpstr(bns_guard_check(guard, &address), ==,
                    "the addresses of the host's interfaces are not known");
    g_assert_true(bns_guard_read_interfaces(guard));
    g_assert_cmpstr(bns_guard_check(guard, &address), ==, NULL);
}

typedef struct {
    const char *name;
    const char *text;
    const char *error; /* NULL: valid, and printed the same */
} NetworkCase;

static const NetworkCase network_cases[] = {
    { "ipv4", "10.0.0.0/8", NULL },
    { "everything", "0.0.0.0/0", NULL },
    { "one-address", "10.0.0.1/32", NULL },
    { "odd-prefix", "10.20.48.0/20", NULL },
    { "ipv6", "fd00::/8", NULL },
    { "one-ipv6-address", "2001:db8::1/128", NULL },
    { "no-prefix", "10.0.0.1",
      "\"10.0.0.1\" has no valid prefix length: for one address write "
      "\"10.0.0.1/32\"" },
    { "no-ipv6-prefix", "::1",
      "\"::1\" has no valid prefix length: for one address write \"::1/128\"" },
    { "prefix-too-long", "10.0.0.0/33",
      "\"10.0.0.0/33\" has no valid prefix length: for one address write "
      "\"10.0.0.0/32\"" },
    { "prefix-with-leading-zero", "10.0.0.0/08",
      "\"10.0.0.0/08\" has no valid prefix length: for one address write "
      "\"10.0.0.0/32\"" },
    { "empty-prefix", "10.0.0.0/",
      "\"10.0.0.0/\" has no valid prefix length: for one address write "
      "\"10.0.0.0/32\"" },
    { "signed-prefix", "10.0.0.0/+8",
      "\"10.0.0.0/+8\" has no valid prefix length: for one address write "
      "\"10.0.0.0/32\"" },
    { "host-bits", "10.20.0.1/16",
      "\"10.20.0.1/16\" has bits set below its prefix: write 10.20.0.0/16" },
    { "ipv6-host-bits", "fd00::1/8",
      "\"fd00::1/8\" has bits set below its prefix: write fd00::/8" },
    { "mapped", "::ffff:10.0.0.0/104",
      "\"::ffff:10.0.0.0/104\" is no network: write 10.0.0.0/8 or fd00::/8" },
    { "a-name", "x.org/8", "\"x.org/8\" is no network: write 10.0.0.0/8 or fd00::/8" },
    { "octal", "010.0.0.0/8",
      "\"010.0.0.0/8\" is no network: write 10.0.0.0/8 or fd00::/8" },
    { "nothing", "", "\"\" is no network: write 10.0.0.0/8 or fd00::/8" },
};

static void
test_network(gconstpointer data)
{
    const NetworkCase *c = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    BnsNetwork network;
    bool is_valid = bns_network_parse(c->text, &network, &error);

    g_assert_cmpstr(error != NULL ? error->message : NULL, ==, c->error);
    if (!is_valid)
        return;
    text = bns_network_to_string(&network);
    g_assert_cmpstr(text, ==, c->text);
}

static bool
contains(const char *network_text, const char *address_text)
{
    BnsNetwork network;
    BnsAddress address;

    g_assert_true(bns_network_parse(network_text, &network, NULL));
    g_assert_true(bns_address_parse(address_text, &address));
    return bns_network_contains(&network, &address);
}

static void
test_contains(void)
{
    g_assert_true(contains("10.20.48.0/20", "10.20.48.0"));
    g_assert_true(contains("10.20.48.0/20", "10.20.63.255"));
    g_assert_false(contains("10.20.48.0/20", "10.20.47.255"));
    g_assert_false(contains("10.20.48.0/20", "10.20.64.0"));
    g_assert_true(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
    g_assert_true(contains("0.0.0.0/0", "1.2.3.4"));
    g_assert_false(contains("0.0.0.0/0", "::1"));
    g_assert_false(contains("::/0", "1.2.3.4"));
    g_assert_false(contains("::/0", "::ffff:1.2.3.4"));
    g_assert_true(contains("::/0", "2001:db8::1"));
    g_assert_true(contains("10.0.0.1/32", "10.0.0.1"));
    g_assert_false(contains("10.0.0.1/32", "10.0.0.0"));
    g_assert_true(contains("2001:db8::1/128", "2001:db8::1"));
    g_assert_false(contains("2001:db8::1/128", "2001:db8::2"));
}

static void
test_sockaddr(void)
{
    struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };
    struct sockaddr_in ipv4 = { .sin_family = AF_INET };
    struct sockaddr other = { .sa_family = AF_UNIX };
    BnsAddress a;
    BnsAddress b;

    inet_pton(AF_INET6, "::ffff:10.0.0.1", &mapped.sin6_addr);
    inet_pton(AF_INET, "10.0.0.1", &ipv4.sin_addr);
    g_assert_true(bns_address_from_sockaddr((struct sockaddr *)&mapped, &a));
    g_assert_true(bns_address_from_sockaddr((struct sockaddr *)&ipv4, &b));
    g_assert_true(bns_address_equal(&a, &b));
    g_assert_false(bns_address_from_sockaddr(&other, &a));
}

#define ADD(prefix, table, func)                                                       \
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {                                 \
        g_autofree char *path = g_strconcat(prefix, table[i].name, NULL);              \
        bns_test_add_data(path, &table[i], func);                                      \
    }

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    ADD("/policy/address/guard/", guard_cases, test_guard);
    ADD("/policy/address/network/", network_cases, test_network);
    bns_test_add("/policy/address/guard/interfaces-are-refused", test_interfaces);
    bns_test_add("/policy/address/guard/unknown-interfaces-refuse-everything",
                 test_unknown_interfaces);
    bns_test_add("/policy/address/a-network-contains-its-own-family", test_contains);
    bns_test_add("/policy/address/a-mapped-address-is-the-ipv4-in-it", test_sockaddr);
    return g_test_run();
}
