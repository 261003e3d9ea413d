/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/resolve.h"

#include "base/text.h"
#include "policy/host.h"

#include <netinet/in.h>
#include <string.h>

G_DEFINE_QUARK(bns_resolve_error, bns_resolve_error)

static void
resolve_free(void *data)
{
    BnsResolve *resolve = data;

    g_free(resolve->host);
    g_free(resolve);
}

/* Takes a host, in brackets or up to the next colon, from *@at. */
static bool
take_host(const char **at, BnsHost *out_host)
{
    const char *close = **at == '[' ? strchr(*at, ']') : NULL;
    size_t len = close != NULL ? (size_t)(close + 1 - *at) : strcspn(*at, ":");
    bool is_host = bns_host_canonical(*at, len, out_host);

    *at += len;
    return is_host;
}

/* Takes ":PORT" from *@at. */
static bool
take_port(const char **at, uint16_t *out_port)
{
    size_t len;
    guint64 port;

    if (*(*at)++ != ':')
        return false;
    len = strspn(*at, "0123456789");
    if (len == 0 || len > 5 || **at == '0')
        return false;
    port = g_ascii_strtoull(*at, NULL, 10);
    *at += len;
    *out_port = (uint16_t)port;
    return port <= G_MAXUINT16;
}

static bool
set_address(BnsResolve *resolve, const BnsHost *host, uint16_t port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&resolve->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&resolve->address;

    switch (host->kind) {
    case BNS_HOST_IPV4:
        v4->sin_family = AF_INET;
        v4->sin_addr = host->v4;
        v4->sin_port = htons(port);
        return true;
    case BNS_HOST_IPV6:
        v6->sin6_family = AF_INET6;
        v6->sin6_addr = host->v6;
        v6->sin6_port = htons(port);
        return true;
    case BNS_HOST_NAME:
        break;
    }
    return false;
}

static bool
parse_one(const char *value, BnsResolve *resolve)
{
    BnsHost name, address;
    const char *at = value;
    uint16_t port;

    if (!take_host(&at, &name) || !take_port(&at, &resolve->port) || *at++ != ':' ||
        !take_host(&at, &address))
        return false;
    port = resolve->port;
    if (*at != '\0' && (!take_port(&at, &port) || *at != '\0'))
        return false;
    resolve->host = g_strdup(name.text);
    return set_address(resolve, &address, port);
}

static bool
is_known(const GPtrArray *resolves, const BnsResolve *resolve)
{
    for (guint i = 0; i < resolves->len; i++) {
        const BnsResolve *other = g_ptr_array_index(resolves, i);

        if (other->port == resolve->port && strcmp(other->host, resolve->host) == 0)
            return true;
    }
    return false;
}

GPtrArray *
bns_resolve_parse(char **values, GError **error)
{
    g_autoptr(GPtrArray) resolves = g_ptr_array_new_with_free_func(resolve_free);

    for (char **value = values; *value != NULL; value++) {
        g_autofree char *shown = bns_text_escape(*value, -1);
        BnsResolve *resolve = g_new0(BnsResolve, 1);
        bool is_good = parse_one(*value, resolve);

        if (!is_good || is_known(resolves, resolve)) {
            g_set_error(error, BNS_RESOLVE_ERROR, 0, "--resolve %s: %s", shown,
                        is_good ? "this name and port are given twice"
                                : "expected NAME:PORT:ADDR[:PORT], IPv6 in brackets");
            resolve_free(resolve);
            return NULL;
        }
        g_ptr_array_add(resolves, resolve);
    }
    return g_steal_pointer(&resolves);
}
