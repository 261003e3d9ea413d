/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/sniff.h"

#include "base/token.h"
#include "netstack/gateway/http1_private.h"

#include <string.h>

/* RFC 9113 3.4 */
static const char http2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/* RFC 4253 4.2: "SSH-2.0-OpenSSH_9.2p1 Debian" would pass for a method and a space. */
static const char ssh_banner[] = "SSH-";

G_STATIC_ASSERT(BNS_SNIFF_BYTES >= BNS_HTTP_METHOD_MAX + 1);
G_STATIC_ASSERT(BNS_SNIFF_BYTES >= sizeof http2_preface - 1);

/* Type handshake, legacy version 3.0 to 3.4 (RFC 8446 5.1; 3.4 is never sent, yet no
 * other protocol's beginning either). */
static BnsSniff
sniff_tls(const uint8_t *bytes, size_t len)
{
    if (len >= 2 && bytes[1] != 0x03)
        return BNS_SNIFF_UNKNOWN;
    if (len < 3)
        return BNS_SNIFF_MORE;
    return bytes[2] <= 0x04 ? BNS_SNIFF_TLS : BNS_SNIFF_UNKNOWN;
}

static BnsSniff
sniff_method(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && bytes[i] == ' ')
            return BNS_SNIFF_HTTP;
        if (i == BNS_HTTP_METHOD_MAX || !bns_token_has_byte(bytes[i]))
            return BNS_SNIFF_UNKNOWN;
    }
    return BNS_SNIFF_MORE;
}

/* Whether both are the same as far as both go. */
static bool
agrees(const uint8_t *bytes, size_t len, const char *text)
{
    return memcmp(bytes, text, MIN(len, strlen(text))) == 0;
}

BnsSniff
bns_sniff(const uint8_t *bytes, size_t len)
{
    if (len == 0)
        return BNS_SNIFF_MORE;
    if (bytes[0] == 0x16)
        return sniff_tls(bytes, len);
    if (agrees(bytes, len, http2_preface))
        return len < strlen(http2_preface) ? BNS_SNIFF_MORE : BNS_SNIFF_HTTP2;
    if (len >= strlen(ssh_banner) && agrees(bytes, len, ssh_banner))
        return BNS_SNIFF_UNKNOWN;
    return sniff_method(bytes, len);
}
