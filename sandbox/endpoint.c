/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/endpoint.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

bool
bns_endpoint_take_host(const char **at, BnsHost *out_host)
{
    const char *close = **at == '[' ? strchr(*at, ']') : NULL;
    size_t len = close != NULL ? (size_t)(close + 1 - *at) : strcspn(*at, ":");
    bool is_host = bns_host_canonical(*at, len, out_host);

    *at += len;
    return is_host;
}

bool
bns_endpoint_take_byte(const char **at, char byte)
{
    if (**at != byte)
        return false;
    (*at)++;
    return true;
}

bool
bns_endpoint_take_port(const char **at, bool may_be_zero, uint16_t *out_port)
{
    size_t len = strspn(*at, "0123456789");
    bool is_zero = len == 1 && **at == '0';
    guint64 port;

    if (len == 0 || len > 5 || (**at == '0' && !(is_zero && may_be_zero)))
        return false;
    port = g_ascii_strtoull(*at, NULL, 10);
    *at += len;
    *out_port = (uint16_t)port;
    return port <= G_MAXUINT16;
}

bool
bns_endpoint_take_address(const char **at, struct sockaddr_storage *out_address)
{
    BnsHost host;

    *out_address = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
    if (strspn(*at, "0123456789") == strcspn(*at, ":"))
        return true;
    return bns_endpoint_take_host(at, &host) &&
           bns_endpoint_set(out_address, &host, 0) && bns_endpoint_take_byte(at, ':');
}

bool
bns_endpoint_set(struct sockaddr_storage *address, const BnsHost *host, uint16_t port)
{
    *address = (struct sockaddr_storage){ 0 };
    switch (host->kind) {
    case BNS_HOST_IPV4:
        address->ss_family = AF_INET;
        ((struct sockaddr_in *)address)->sin_addr = host->v4;
        break;
    case BNS_HOST_IPV6:
        address->ss_family = AF_INET6;
        ((struct sockaddr_in6 *)address)->sin6_addr = host->v6;
        break;
    case BNS_HOST_NAME:
        return false;
    }
    bns_endpoint_set_port(address, port);
    return true;
}

void
bns_endpoint_set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)address)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

uint16_t
bns_endpoint_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET
                     ? ((const struct sockaddr_in *)address)->sin_port
                     : ((const struct sockaddr_in6 *)address)->sin6_port);
}

socklen_t
bns_endpoint_len(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                         : sizeof(struct sockaddr_in6);
}

bool
bns_endpoint_is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 ==
               IN_LOOPBACKNET;
    return address->ss_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

char *
bns_endpoint_text(const struct sockaddr_storage *address)
{
    char text[INET6_ADDRSTRLEN];

    if (address->ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text,
                  sizeof(text));
        return g_strdup(text);
    }
    inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text,
              sizeof(text));
    return g_strdup_printf("[%s]", text);
}
