/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/address.h"
#include "base/text.h"
#include "policy/policy.h"

#include <arpa/inet.h>
#include <string.h>

#define IPV4_BYTES 4

static void
set_ipv4(BnsAddress *address, const void *bytes)
{
    memset(address, 0, sizeof *address);
    address->is_ipv4 = true;
    memcpy(address->bytes, bytes, IPV4_BYTES);
}

static void
set_ipv6(BnsAddress *address, const struct in6_addr *ipv6)
{
    if (IN6_IS_ADDR_V4MAPPED(ipv6)) {
        set_ipv4(address, ipv6->s6_addr + 12);
        return;
    }
    address->is_ipv4 = false;
    memcpy(address->bytes, ipv6->s6_addr, sizeof address->bytes);
}

bool
bns_address_parse(const char *text, BnsAddress *out_address)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (inet_pton(AF_INET, text, &ipv4) == 1) {
        set_ipv4(out_address, &ipv4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &ipv6) == 1) {
        set_ipv6(out_address, &ipv6);
        return true;
    }
    return false;
}

bool
bns_address_from_sockaddr(const struct sockaddr *sockaddr, BnsAddress *out_address)
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;

    if (sockaddr->sa_family == AF_INET) {
        memcpy(&ipv4, sockaddr, sizeof ipv4);
        set_ipv4(out_address, &ipv4.sin_addr);
        return true;
    }
    if (sockaddr->sa_family == AF_INET6) {
        memcpy(&ipv6, sockaddr, sizeof ipv6);
        set_ipv6(out_address, &ipv6.sin6_addr);
        return true;
    }
    return false;
}

bool
bns_address_equal(const BnsAddress *a, const BnsAddress *b)
{
    return a->is_ipv4 == b->is_ipv4 && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool
bns_address_get_embedded(const BnsAddress *address, BnsAddress *out_ipv4)
{
    static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
    static const uint8_t six_to_four[2] = { 0x20, 0x02 };

    if (address->is_ipv4)
        return false;
    if (memcmp(address->bytes, nat64, sizeof nat64) == 0) {
        set_ipv4(out_ipv4, address->bytes + sizeof nat64);
        return true;
    }
    if (memcmp(address->bytes, six_to_four, sizeof six_to_four) == 0) {
        set_ipv4(out_ipv4, address->bytes + sizeof six_to_four);
        return true;
    }
    return false;
}

BnsNetwork
bns_network_around(const BnsAddress *address, unsigned prefix)
{
    BnsNetwork network = { .address = { .is_ipv4 = address->is_ipv4 },
                           .prefix = prefix };
    unsigned bytes = prefix / 8;

    memcpy(network.address.bytes, address->bytes, bytes);
    if (prefix % 8 != 0)
        network.address.bytes[bytes] =
            address->bytes[bytes] & (uint8_t)(0xff00u >> prefix % 8);
    return network;
}

static bool
parse_prefix(const char *text, unsigned max, unsigned *out_prefix)
{
    guint64 value;

    if (!g_ascii_string_to_unsigned(text, 10, 0, max, &value, NULL) ||
        (text[0] == '0' && text[1] != '\0'))
        return false;
    *out_prefix = (unsigned)value;
    return true;
}

bool
bns_network_parse(const char *text, BnsNetwork *out_network, GError **error)
{
    g_autofree char *shown = bns_text_escape(text, -1);
    const char *slash = strchr(text, '/');
    g_autofree char *start =
        g_strndup(text, slash != NULL ? (size_t)(slash - text) : strlen(text));
    BnsNetwork network = { 0 };
    struct in6_addr ipv6;
    bool is_mapped =
        inet_pton(AF_INET6, start, &ipv6) == 1 && IN6_IS_ADDR_V4MAPPED(&ipv6);

    if (!bns_address_parse(start, &network.address) || is_mapped) {
        g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                    "\"%s\" is no network: write 10.0.0.0/8 or fd00::/8", shown);
        return false;
    }
    if (slash == NULL ||
        !parse_prefix(slash + 1, network.address.is_ipv4 ? 32 : 128, &network.prefix)) {
        g_set_error(
            error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
            "\"%s\" has no valid prefix length: for one address write \"%s/%d\"", shown,
            start, network.address.is_ipv4 ? 32 : 128);
        return false;
    }
    *out_network = bns_network_around(&network.address, network.prefix);
    if (!bns_address_equal(&out_network->address, &network.address)) {
        g_autofree char *whole = bns_network_to_string(out_network);

        g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                    "\"%s\" has bits set below its prefix: write %s", shown, whole);
        return false;
    }
    return true;
}

bool
bns_network_contains(const BnsNetwork *network, const BnsAddress *address)
{
    unsigned bytes = network->prefix / 8;
    unsigned bits = network->prefix % 8;
    uint8_t mask = (uint8_t)(0xff00u >> bits);

    return network->address.is_ipv4 == address->is_ipv4 &&
           memcmp(network->address.bytes, address->bytes, bytes) == 0 &&
           (bits == 0 ||
            (address->bytes[bytes] & mask) == network->address.bytes[bytes]);
}

char *
bns_network_to_string(const BnsNetwork *network)
{
    char text[INET6_ADDRSTRLEN];
    int family = network->address.is_ipv4 ? AF_INET : AF_INET6;

    inet_ntop(family, network->address.bytes, text, sizeof text);
    return g_strdup_printf("%s/%u", text, network->prefix);
}
