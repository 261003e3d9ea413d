/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/resolve.h"

#include "base/text.h"
#include "sandbox/endpoint.h"

#include <string.h>

G_DEFINE_QUARK(bns_resolve_error, bns_resolve_error)

static void
resolve_free(void *data)
{
    BnsResolve *resolve = data;

    g_free(resolve->host);
    g_free(resolve);
}

static bool
parse_one(const char *value, BnsResolve *resolve)
{
    BnsHost name, address;
    const char *at = value;
    uint16_t port;

    if (!bns_endpoint_take_host(&at, &name) || !bns_endpoint_take_byte(&at, ':') ||
        !bns_endpoint_take_port(&at, false, &resolve->port) ||
        !bns_endpoint_take_byte(&at, ':') || !bns_endpoint_take_host(&at, &address))
        return false;
    port = resolve->port;
    if (bns_endpoint_take_byte(&at, ':') && !bns_endpoint_take_port(&at, false, &port))
        return false;
    resolve->host = g_strdup(name.text);
    return *at == '\0' && bns_endpoint_set(&resolve->address, &address, port);
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
