/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host_port.h"

#include "base/text.h"
#include "netstack/gateway/gateway.h"
#include "sandbox/endpoint.h"

#include <netinet/in.h>

G_DEFINE_QUARK(bns_host_port_error, bns_host_port_error)

/* @out_address: AF_UNSPEC: both loopback addresses. */
static bool
parse(const char *value, struct sockaddr_storage *out_address, uint16_t *out_port)
{
    return bns_endpoint_take_address(&value, out_address) &&
           bns_endpoint_take_port(&value, false, out_port) && *value == '\0';
}

static const char *
check(const BnsPolicy *policy, const char *value, uint16_t *out_port)
{
    struct sockaddr_storage address;

    if (!parse(value, &address, out_port))
        return "expected [ADDR:]PORT, IPv6 in brackets";
    if (address.ss_family != AF_UNSPEC && !bns_endpoint_is_loopback(&address))
        return "the address is not one of the host's loopback; use --resolve for "
               "others";
    if (bns_policy_offers_host_port(policy, *out_port))
        return "this port is given twice";
    return NULL;
}

bool
bns_host_port_offer(BnsPolicy *policy, char **values, GError **error)
{
    for (char **value = values; *value != NULL; value++) {
        uint16_t port = 0;
        const char *what = check(policy, *value, &port);
        g_autofree char *shown = NULL;

        if (what == NULL) {
            bns_policy_offer_host_port(policy, port);
            continue;
        }
        shown = bns_text_escape(*value, -1);
        g_set_error(error, BNS_HOST_PORT_ERROR, 0, "--host-port %s: %s", shown, what);
        return false;
    }
    return true;
}

static void
add(GPtrArray *resolves, const struct sockaddr_storage *address, uint16_t port)
{
    BnsResolve *resolve = g_new0(BnsResolve, 1);

    resolve->host = g_strdup(BNS_POLICY_HOST_NAME);
    resolve->port = port;
    resolve->address = *address;
    bns_endpoint_set_port(&resolve->address, port);
    g_ptr_array_add(resolves, resolve);
}

void
bns_host_port_resolve(char **values, GPtrArray *resolves)
{
    struct sockaddr_storage v4 = { 0 }, v6 = { 0 };

    ((struct sockaddr_in *)&v4)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4.ss_family = AF_INET;
    ((struct sockaddr_in6 *)&v6)->sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
    v6.ss_family = AF_INET6;
    for (char **value = values; *value != NULL; value++) {
        struct sockaddr_storage address;
        uint16_t port;

        if (!parse(*value, &address, &port))
            continue;
        if (address.ss_family != AF_UNSPEC) {
            add(resolves, &address, port);
            continue;
        }
        add(resolves, &v4, port);
        add(resolves, &v6, port);
    }
}
