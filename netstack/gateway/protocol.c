/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/protocol.h"

#include <glib.h>
#include <string.h>

BnsProtocols
bns_protocol_find(const unsigned char *name, size_t len)
{
    if (len == 0)
        return BNS_PROTOCOL_NONE;
    if (len == 2 && memcmp(name, "h2", 2) == 0)
        return BNS_PROTOCOL_HTTP2;
    if (len == 8 && memcmp(name, "http/1.1", 8) == 0)
        return BNS_PROTOCOL_HTTP1;
    return BNS_PROTOCOL_NONE;
}

const unsigned char *
bns_protocol_wire(BnsProtocols protocols, size_t *out_len)
{
    static const unsigned char both[] = "\x02h2\x08http/1.1";
    static const size_t h2_len = 3;

    if (protocols == BNS_PROTOCOL_HTTP2) {
        *out_len = h2_len;
        return both;
    }
    if (protocols == BNS_PROTOCOL_HTTP1) {
        *out_len = sizeof(both) - 1 - h2_len;
        return both + h2_len;
    }
    g_return_val_if_fail(protocols == BNS_PROTOCOL_BOTH, NULL);
    *out_len = sizeof(both) - 1;
    return both;
}
