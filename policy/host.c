/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/host.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

/* RFC 1035, 2.3.4. */
#define LABEL_MAX 63
/* The longest dotted quad, "255.255.255.255". */
#define IPV4_TEXT_MAX 15

static bool
is_label_byte(char c)
{
    return g_ascii_isalnum(c) || c == '-' || c == '_';
}

/* One label: LDH and '_', no '-' at either end (RFC 5890, 2.3.1). */
static bool
is_label(const char *label, size_t len)
{
    if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_label_byte(label[i]))
            return false;
    return true;
}

/* Whether inet_aton(3), and so some client or server, would take a host that ends in
 * @label for an address. */
static bool
is_numeric_label(const char *label)
{
    if (label[0] == '0' && label[1] == 'x')
        return true;
    for (; *label != '\0'; label++)
        if (!g_ascii_isdigit(*label))
            return false;
    return true;
}

static bool
canonical_ipv4(BnsHost *host)
{
    /* inet_pton(3) takes four decimal numbers; glibc's allows no leading zero, musl's
     * does: the text is made anew, and must come out the same. */
    char text[INET_ADDRSTRLEN];

    if (strlen(host->text) > IPV4_TEXT_MAX ||
        inet_pton(AF_INET, host->text, &host->v4) != 1 ||
        inet_ntop(AF_INET, &host->v4, text, sizeof text) == NULL)
        return false;
    host->kind = BNS_HOST_IPV4;
    return strcmp(text, host->text) == 0;
}

static bool
canonical_ipv6(const char *bytes, size_t len, BnsHost *host)
{
    char text[INET6_ADDRSTRLEN];

    if (len >= sizeof text || memchr(bytes, '\0', len) != NULL)
        return false;
    memcpy(text, bytes, len);
    text[len] = '\0';
    host->kind = BNS_HOST_IPV6;
    return inet_pton(AF_INET6, text, &host->v6) == 1 &&
           inet_ntop(AF_INET6, &host->v6, host->text, sizeof host->text) != NULL;
}

static bool
canonical_name(const char *bytes, size_t len, BnsHost *host)
{
    const char *last = host->text;
    size_t start = 0;

    if (len > 0 && bytes[len - 1] == '.')
        len--;
    if (len == 0 || len > BNS_HOST_MAX)
        return false;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && bytes[i] != '.') {
            host->text[i] = g_ascii_tolower(bytes[i]);
            continue;
        }
        if (!is_label(bytes + start, i - start))
            return false;
        host->text[i] = i < len ? '.' : '\0';
        last = host->text + start;
        start = i + 1;
    }
    host->kind = BNS_HOST_NAME;
    return !is_numeric_label(last) || canonical_ipv4(host);
}

bool
bns_host_canonical(const char *bytes, size_t len, BnsHost *out_host)
{
    memset(out_host, 0, sizeof *out_host);
    if (len > 2 && bytes[0] == '[' && bytes[len - 1] == ']')
        return canonical_ipv6(bytes + 1, len - 2, out_host);
    return canonical_name(bytes, len, out_host);
}

static bool
parse_port(const char *bytes, size_t len, uint16_t *out_port)
{
    unsigned value = 0;

    if (len == 0 || len > 5 || bytes[0] == '0')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isdigit(bytes[i]))
            return false;
        value = value * 10 + (unsigned)(bytes[i] - '0');
    }
    *out_port = (uint16_t)value;
    return value <= UINT16_MAX;
}

bool
bns_host_split_port(const char *bytes,
                    size_t len,
                    BnsHost *out_host,
                    uint16_t *out_port)
{
    const char *bracket = NULL;
    const char *colon;
    size_t host_len;

    *out_port = 0;
    if (len > 0 && bytes[0] == '[') {
        bracket = memchr(bytes, ']', len);
        if (bracket == NULL)
            return false;
    }
    host_len = bracket != NULL ? (size_t)(bracket - bytes) + 1 : 0;
    colon = host_len < len ? memchr(bytes + host_len, ':', len - host_len) : NULL;
    if (colon == NULL)
        return bns_host_canonical(bytes, len, out_host);
    host_len = (size_t)(colon - bytes);
    return parse_port(colon + 1, len - host_len - 1, out_port) &&
           bns_host_canonical(bytes, host_len, out_host);
}

char *
bns_host_bracket(const char *canonical)
{
    return g_strdup_printf(strchr(canonical, ':') != NULL ? "[%s]" : "%s", canonical);
}

static bool
is_at_or_below(const char *canonical, const char *name)
{
    size_t len = strlen(canonical);
    size_t name_len = strlen(name);

    return len >= name_len && strcmp(canonical + len - name_len, name) == 0 &&
           (len == name_len || canonical[len - name_len - 1] == '.');
}

bool
bns_host_is_localhost(const char *canonical)
{
    return is_at_or_below(canonical, "localhost");
}

bool
bns_host_is_internal(const char *canonical)
{
    return is_at_or_below(canonical, "boundary.internal");
}
