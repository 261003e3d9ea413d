/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/resolver_lifetime.h"

#include "netstack/gateway/dns_lifetime.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>

/* Name servers of whom nobody has heard in that time will not be waited for: there is an
 * answer already. */
#define QUERY_TIMEOUT_S 2
/* An answer over TCP may be longer; then it has no TTL for us. */
#define RESPONSE_BYTES_MAX 8192
/* A block list in /etc/hosts may be large; beyond this nothing is looked for in it. */
#define HOSTS_BYTES_MAX (8 * 1024 * 1024)

/* --- sources --- */

bool
bns_resolver_uses_dns(void)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    /* Without the file, or without the line, glibc asks the DNS. */
    if (!g_file_get_contents("/etc/nsswitch.conf", &text, NULL, NULL))
        return true;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) words = NULL;
        const char *sources = g_strchug(*line);

        if (!g_str_has_prefix(sources, "hosts:"))
            continue;
        words = g_strsplit_set(sources + strlen("hosts:"), " \t[]", -1);
        return g_strv_contains((const char *const *)words, "dns") ||
               g_strv_contains((const char *const *)words, "resolve");
    }
    return true;
}

/* --- lifetimes --- */

uint32_t
bns_resolver_default_lifetime_ms(int error)
{
    if (error == 0)
        return BNS_RESOLVER_LIFETIME_MS;
    return error == EAI_NONAME || error == EAI_NODATA ? BNS_RESOLVER_ABSENT_LIFETIME_MS
                                                      : BNS_RESOLVER_FAILED_LIFETIME_MS;
}

#ifdef __GLIBC__

/* Whether the hosts file has it: then no name server need hear of it. */
static bool
is_in_hosts(const char *name)
{
    g_autofree char *text = NULL;
    gsize len;
    const char *at;

    if (!g_file_get_contents("/etc/hosts", &text, &len, NULL) || len > HOSTS_BYTES_MAX)
        return text != NULL;
    for (at = text; (at = strcasestr(at, name)) != NULL; at++) {
        char before = at == text ? '\n' : at[-1];
        char after = at[strlen(name)];

        if ((before == ' ' || before == '\t') &&
            (after == '\0' || g_ascii_isspace(after) || after == '#' || after == '.'))
            return true;
    }
    return false;
}

/* Other sources than the DNS answer for these: mDNS (RFC 6762), LLMNR, search domains. */
static bool
is_local(const char *name)
{
    return strchr(name, '.') == NULL || g_str_has_suffix(name, ".local");
}

static bool
has_family(const BnsResolverAnswer *answer, uint16_t family)
{
    for (uint32_t i = 0; i < answer->n_addresses; i++)
        if (answer->addresses[i].family == family)
            return true;
    return false;
}

static bool
ask_family(res_state state,
           const char *name,
           const BnsResolverAnswer *answer,
           uint16_t family,
           uint32_t *io_lifetime_s)
{
    uint8_t response[RESPONSE_BYTES_MAX];
    int len;

    if (!has_family(answer, family))
        return true;
    len = res_nquery(state, name, ns_c_in, family == AF_INET ? ns_t_a : ns_t_aaaa,
                     response, sizeof(response));
    return len > 0 && (size_t)len <= sizeof(response) &&
           bns_dns_lifetime(response, (size_t)len, answer, family, io_lifetime_s);
}

bool
bns_resolver_ask_lifetime(const char *name,
                          const BnsResolverAnswer *answer,
                          uint32_t *out_lifetime_ms)
{
    uint32_t lifetime_s = BNS_RESOLVER_LIFETIME_MAX_MS / 1000;
    struct __res_state state;
    bool is_known;

    if (is_local(name) || is_in_hosts(name))
        return false;
    memset(&state, 0, sizeof(state));
    if (res_ninit(&state) != 0)
        return false;
    state.retrans = QUERY_TIMEOUT_S;
    state.retry = 1;
    is_known = ask_family(&state, name, answer, AF_INET, &lifetime_s) &&
               ask_family(&state, name, answer, AF_INET6, &lifetime_s);
    res_nclose(&state);
    *out_lifetime_ms = lifetime_s * 1000;
    return is_known;
}

#else

/* res_ninit(3) is glibc's and the BSDs': elsewhere no answer has a TTL. */
bool
bns_resolver_ask_lifetime(const char *name,
                          const BnsResolverAnswer *answer,
                          uint32_t *out_lifetime_ms)
{
    return false;
}

#endif
