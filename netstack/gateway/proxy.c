/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/proxy.h"

#include <string.h>

G_DEFINE_QUARK(bns_proxy_error, bns_proxy_error)

/* --- secrets --- */

static void
secret_free(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    g_free(secret);
}

static BnsProxy *
fail(BnsProxy *proxy, const char *why, GError **error)
{
    bns_proxy_free(proxy);
    g_set_error_literal(error, BNS_PROXY_ERROR, 0, why);
    return NULL;
}

/* Percent-decodes the @len bytes at @text. Returns: (transfer full) (nullable): a string
 * without control bytes. */
static char *
decode(const char *text, size_t len)
{
    char *decoded = g_malloc0(len + 1);
    char *end = decoded;

    for (size_t i = 0; i < len; i++) {
        int byte = (unsigned char)text[i];

        if (byte == '%') {
            int high = i + 2 < len ? g_ascii_xdigit_value(text[i + 1]) : -1;
            int low = high >= 0 ? g_ascii_xdigit_value(text[i + 2]) : -1;

            byte = low < 0 ? 0 : high * 16 + low;
            i += 2;
        }
        if (byte < 0x20 || byte == 0x7f) {
            secret_free(decoded);
            return NULL;
        }
        *end++ = (char)byte;
    }
    return decoded;
}

/* "USER:PASSWORD" as RFC 7617 wants it. Returns: whether @userinfo is well-formed. */
static bool
set_authorization(BnsProxy *proxy, const char *userinfo, size_t len)
{
    const char *colon = memchr(userinfo, ':', len);
    size_t user_len = colon != NULL ? (size_t)(colon - userinfo) : len;
    char *user = decode(userinfo, user_len);
    char *password =
        colon != NULL ? decode(colon + 1, len - user_len - 1) : g_strdup("");
    /* A colon in the user's name would become a part of the password. */
    bool is_good = user != NULL && password != NULL && strchr(user, ':') == NULL;

    if (is_good) {
        char *pair = g_strconcat(user, ":", password, NULL);
        char *base64 = g_base64_encode((const guchar *)pair, strlen(pair));

        proxy->authorization = g_strconcat("Basic ", base64, NULL);
        secret_free(pair);
        secret_free(base64);
    }
    secret_free(user);
    secret_free(password);
    return is_good;
}

/* --- a URL --- */

/* Takes "SCHEME://" from *@at. Returns: NULL, or why it cannot be. */
static const char *
take_scheme(const char **at, BnsProxy *proxy)
{
    const char *end = strstr(*at, "://");
    g_autofree char *scheme =
        end != NULL ? g_ascii_strdown(*at, end - *at) : g_strdup("http");

    if (g_str_has_prefix(scheme, "socks"))
        return "SOCKS proxies are not supported; name an http:// or https:// proxy";
    proxy->is_tls = strcmp(scheme, "https") == 0;
    if (!proxy->is_tls && strcmp(scheme, "http") != 0)
        return "the proxy's URL must begin with http:// or https://";
    if (end != NULL)
        *at = end + strlen("://");
    return NULL;
}

BnsProxy *
bns_proxy_parse(const char *url, GError **error)
{
    BnsProxy *proxy = g_new0(BnsProxy, 1);
    const char *at = url;
    const char *why = take_scheme(&at, proxy);
    size_t len;
    const char *userinfo_end;

    if (why != NULL)
        return fail(proxy, why, error);
    /* Where the authority ends (RFC 3986, 3.2). */
    len = strcspn(at, "/?#");
    if (at[len] != '\0' && strcmp(at + len, "/") != 0)
        return fail(proxy, "the proxy's URL must end after its host and port", error);
    userinfo_end = memrchr(at, '@', len);
    if (userinfo_end != NULL) {
        size_t userinfo_len = (size_t)(userinfo_end - at);

        if (!set_authorization(proxy, at, userinfo_len))
            return fail(proxy, "the proxy's user or password is not percent-encoded",
                        error);
        at += userinfo_len + 1;
        len -= userinfo_len + 1;
    }
    if (!bns_host_split_port(at, len, &proxy->host, &proxy->port))
        return fail(proxy, "the proxy's host or port is invalid", error);
    if (proxy->port == 0)
        proxy->port = proxy->is_tls ? 443 : 80;
    return proxy;
}

void
bns_proxy_free(BnsProxy *proxy)
{
    if (proxy == NULL)
        return;
    secret_free(proxy->authorization);
    g_free(proxy);
}

char *
bns_proxy_text(const BnsProxy *proxy)
{
    g_autofree char *host = bns_host_bracket(proxy->host.text);

    return g_strdup_printf("%s://%s:%u", proxy->is_tls ? "https" : "http", host,
                           proxy->port);
}

/* --- all of them --- */

void
bns_proxies_free(BnsProxies *proxies)
{
    if (proxies == NULL)
        return;
    if (proxies->other != proxies->plain)
        bns_proxy_free(proxies->other);
    bns_proxy_free(proxies->plain);
    bns_no_proxy_free(proxies->except);
    g_free(proxies);
}

static void
wipe(BnsProxy *proxy)
{
    if (proxy == NULL)
        return;
    secret_free(proxy->authorization);
    proxy->authorization = NULL;
}

void
bns_proxies_wipe(BnsProxies *proxies)
{
    if (proxies == NULL)
        return;
    wipe(proxies->plain);
    wipe(proxies->other);
}

const BnsProxy *
bns_proxies_find(const BnsProxies *proxies,
                 BnsScheme scheme,
                 const BnsHost *host,
                 uint16_t port)
{
    const BnsProxy *proxy;

    if (proxies == NULL)
        return NULL;
    proxy = scheme == BNS_SCHEME_HTTP ? proxies->plain : proxies->other;
    if (proxy == NULL || bns_no_proxy_matches(proxies->except, host, port))
        return NULL;
    return proxy;
}
