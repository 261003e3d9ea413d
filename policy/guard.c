/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/guard.h"

#include <ifaddrs.h>
#include <string.h>

#define LIFTS         ": that needs private: true on the rule, or a cidr rule"
#define REFUSAL(what) "the address is " what LIFTS

static const char private_network[] = REFUSAL("in a private network");
static const char loopback[] = REFUSAL("the host's own loopback");
static const char link_local[] = REFUSAL("link-local, where metadata services are");
static const char special[] = REFUSAL("reserved for a special purpose");
static const char multicast[] = REFUSAL("a multicast group");
static const char interface[] = REFUSAL("one of the host's own interfaces");
static const char unknown[] = "the addresses of the host's interfaces are not known";

/*
 * IANA's IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates):
 * what they do not mark "Globally Reachable: True", multicast and 240.0.0.0/4. The first
 * block that contains an address decides, so what is globally reachable (NULL) comes
 * before the block that it is cut out of.
 *
 * 198.18.0.0/15 (benchmarking) is absent on purpose: inside another sandbox of this kind
 * every name has an address there.
 */
static const struct {
    const char *network;
    const char *refusal;
} blocks[] = {
    { "192.0.0.9/32", NULL },  /* Port Control Protocol anycast */
    { "192.0.0.10/32", NULL }, /* TURN anycast */
    { "0.0.0.0/8", loopback }, /* Linux takes 0.0.0.0 for itself */
    { "10.0.0.0/8", private_network },
    { "100.64.0.0/10", private_network }, /* carrier-grade NAT */
    { "127.0.0.0/8", loopback },
    { "169.254.0.0/16", link_local },
    { "172.16.0.0/12", private_network },
    { "192.0.0.0/24", special },
    { "192.0.2.0/24", special },   /* documentation */
    { "192.88.99.0/24", special }, /* 6to4 relays, deprecated */
    { "192.168.0.0/16", private_network },
    { "198.51.100.0/24", special }, /* documentation */
    { "203.0.113.0/24", special },  /* documentation */
    { "224.0.0.0/4", multicast },
    { "240.0.0.0/4", special }, /* 255.255.255.255 too */

    { "64:ff9b::/96", NULL },     /* NAT64: judged by the IPv4 address in it */
    { "2002::/16", NULL },        /* 6to4: the same */
    { "2001:1::1/128", NULL },    /* Port Control Protocol anycast */
    { "2001:1::2/128", NULL },    /* TURN anycast */
    { "2001:1::3/128", NULL },    /* DNS-SD service registration anycast */
    { "2001:3::/32", NULL },      /* AMT */
    { "2001:4:112::/48", NULL },  /* AS112 */
    { "2001:20::/28", NULL },     /* ORCHIDv2 */
    { "2001:30::/28", NULL },     /* drone remote identification */
    { "2001::/23", special },     /* IETF protocols, Teredo among them */
    { "2001:db8::/32", special }, /* documentation */
    { "3fff::/20", special },     /* documentation */
    { "2000::/3", NULL },         /* global unicast */
    { "::/127", loopback },       /* Linux takes :: for itself too */
    { "fc00::/7", private_network },
    { "fe80::/10", link_local },
    { "ff00::/8", multicast },
    /* What is left is special (100::/64, 64:ff9b:1::/48, 5f00::/16), deprecated or not
     * assigned: none of it is global unicast. */
    { "::/0", special },
};

struct BnsGuard {
    BnsNetwork networks[G_N_ELEMENTS(blocks)]; /* of blocks */
    GArray *interfaces;                        /* owned, of BnsAddress */
    bool is_blind;                             /* the interfaces could not be read */
};

BnsGuard *
bns_guard_new(void)
{
    BnsGuard *guard = g_new0(BnsGuard, 1);

    for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++)
        if (!bns_network_parse(blocks[i].network, &guard->networks[i], NULL))
            g_assert_not_reached();
    guard->interfaces = g_array_new(FALSE, FALSE, sizeof(BnsAddress));
    return guard;
}

void
bns_guard_free(BnsGuard *guard)
{
    if (guard == NULL)
        return;
    g_array_unref(guard->interfaces);
    g_free(guard);
}

bool
bns_guard_read_interfaces(BnsGuard *guard)
{
    struct ifaddrs *list;

    guard->is_blind = getifaddrs(&list) < 0;
    if (guard->is_blind)
        return false;
    g_array_set_size(guard->interfaces, 0);
    for (const struct ifaddrs *entry = list; entry != NULL; entry = entry->ifa_next) {
        BnsAddress address;

        if (entry->ifa_addr != NULL &&
            bns_address_from_sockaddr(entry->ifa_addr, &address))
            g_array_append_val(guard->interfaces, address);
    }
    freeifaddrs(list);
    return true;
}

void
bns_guard_copy_interfaces(BnsGuard *guard, const BnsGuard *from)
{
    guard->is_blind = from->is_blind;
    g_array_set_size(guard->interfaces, 0);
    g_array_append_vals(guard->interfaces, from->interfaces->data,
                        from->interfaces->len);
}

static bool
is_interface(const BnsGuard *guard, const BnsAddress *address)
{
    for (guint i = 0; i < guard->interfaces->len; i++)
        if (bns_address_equal(&g_array_index(guard->interfaces, BnsAddress, i),
                              address))
            return true;
    return false;
}

const char *
bns_guard_check(const BnsGuard *guard, const BnsAddress *address)
{
    BnsAddress embedded;

    if (guard->is_blind)
        return unknown;
    if (bns_address_get_embedded(address, &embedded)) {
        const char *refusal = bns_guard_check(guard, &embedded);

        if (refusal != NULL)
            return refusal;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
        if (!bns_network_contains(&guard->networks[i], address))
            continue;
        if (blocks[i].refusal != NULL)
            return blocks[i].refusal;
        break;
    }
    return is_interface(guard, address) ? interface : NULL;
}

bool
bns_guard_is_reason(const char *reason)
{
    return reason != NULL &&
           (g_str_has_suffix(reason, LIFTS) || strcmp(reason, unknown) == 0);
}
