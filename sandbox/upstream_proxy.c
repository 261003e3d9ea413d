/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/upstream_proxy.h"

#include "sandbox/policy_source.h"

#include <stdlib.h>
#include <string.h>

static const char *const plain_names[] = { "http_proxy", "HTTP_PROXY", "all_proxy",
                                           "ALL_PROXY", NULL };
static const char *const other_names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
                                           "ALL_PROXY", NULL };
static const char *const except_names[] = { "no_proxy", "NO_PROXY", NULL };

typedef struct {
    const char *name; /* NULL: there is none */
    const char *url;  /* borrowed from the environment */
} Source;

static bool
is_set(const char *name)
{
    const char *value = getenv(name);

    if (strcmp(name, "HTTP_PROXY") == 0 && getenv("REQUEST_METHOD") != NULL)
        return false;
    return value != NULL && *value != '\0';
}

static Source
find(const char *const *names)
{
    for (; *names != NULL; names++)
        if (is_set(*names))
            return (Source){ *names, getenv(*names) };
    return (Source){ 0 };
}

/* Returns: whether there is no error. */
static bool
parse(const Source *source, BnsProxy **out_proxy, GError **error)
{
    if (source->name == NULL)
        return true;
    *out_proxy = bns_proxy_parse(source->url, error);
    if (*out_proxy == NULL)
        g_prefix_error(error, "%s: ", source->name);
    return *out_proxy != NULL;
}

BnsProxies *
bns_upstream_proxy_read(const char *url, GError **error)
{
    g_autoptr(BnsProxies) proxies = g_new0(BnsProxies, 1);
    Source given = { url != NULL ? "--upstream-proxy" : NULL, url };
    Source plain = url != NULL ? given : find(plain_names);
    Source other = url != NULL ? given : find(other_names);

    proxies->except = bns_no_proxy_new(find(except_names).url);
    if (!parse(&plain, &proxies->plain, error))
        return NULL;
    if (g_strcmp0(plain.url, other.url) == 0)
        proxies->other = proxies->plain;
    else if (!parse(&other, &proxies->other, error))
        return NULL;
    return g_steal_pointer(&proxies);
}

char *
bns_upstream_proxy_text(const BnsProxies *proxies)
{
    g_autofree char *plain =
        proxies->plain != NULL ? bns_proxy_text(proxies->plain) : g_strdup("direct");
    g_autofree char *other =
        proxies->other != NULL ? bns_proxy_text(proxies->other) : g_strdup("direct");

    if (proxies->plain == NULL && proxies->other == NULL)
        return NULL;
    if (strcmp(plain, other) == 0)
        return g_steal_pointer(&plain);
    return g_strdup_printf("%s for HTTP, %s for HTTPS and TCP", plain, other);
}

static void
forget(const char *const *names)
{
    for (; *names != NULL; names++) {
        char *value = getenv(*names);

        if (value != NULL)
            explicit_bzero(value, strlen(value));
    }
}

BnsProxies *
bns_upstream_proxy_take(char *url, const BnsPolicy *policy, GError **error)
{
    g_autoptr(BnsProxies) proxies = bns_upstream_proxy_read(url, error);
    g_autofree char *text = NULL;

    /* What was read is read: processes that are forked from here need not have it. */
    forget(plain_names);
    forget(other_names);
    if (url != NULL)
        explicit_bzero(url, strlen(url));
    if (proxies == NULL)
        return NULL;
    text = bns_upstream_proxy_text(proxies);
    if (text != NULL && !bns_policy_source_permit(policy, BNS_PERMIT_UPSTREAM_PROXY,
                                                  "a proxy in the environment", error))
        return NULL;
    if (text != NULL)
        g_info("upstream proxy: %s", text);
    return g_steal_pointer(&proxies);
}
